// Random BSON values in normal form, for properties.
import fc from "fast-check"
import {
  Binary, BSONRegExp, BSONSymbol, Code, Decimal128, Long, MaxKey, MinKey, ObjectId, setField, Timestamp, toDouble, type Document, type Value,
} from "../../kernel/index.ts"

/** Numbers of every kind, close together often enough that equal values of different kinds meet. */
export const anyNumber: fc.Arbitrary<Value> = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  fc.double().map(toDouble),
  fc.integer({ min: -3, max: 3 }).map(toDouble),
  fc.constantFrom<Value>(-0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1, 2 ** 53, 2 ** 63, -(2 ** 63), 5e-324, 1.7e308),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => Long.fromBigInt(value)),
  fc.integer({ min: -3, max: 3 }).map((value) => Long.fromNumber(value)),
  fc.constantFrom("0", "-0", "1", "1.0", "0.1", "1E-6176", "9.999999999999999999999999999999999E6144", "NaN", "Infinity", "-Infinity", "9007199254740993", "1E+3").map((text) => Decimal128.fromString(text)),
)

/** Texts, with the ones whose order in UTF-8 is not that of their code units. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.array(fc.constantFrom("a", "b", "\ud83d\ude00", "\uffff", "\ue000", "\ud7ff", "é", "\0"), { maxLength: 4 }).map((parts) => parts.join("")),
)

/** Values that hold no other value. */
export const anyScalar: fc.Arbitrary<Value> = fc.oneof(
  anyNumber, anyText, fc.boolean(), fc.constant(null),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new ObjectId(bytes)),
  fc.tuple(fc.uint8Array({ maxLength: 6 }), fc.constantFrom(0, 4, 5, 128)).map(([bytes, type]) => new Binary(bytes, type)),
  fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff)).map(([t, i]) => new Timestamp({ t, i })),
  fc.tuple(fc.constantFrom("a", "b", "^x"), fc.constantFrom("", "i", "im")).map(([pattern, options]) => new BSONRegExp(pattern, options)),
  fc.constantFrom("a", "b").map((text) => new BSONSymbol(text)),
  fc.constantFrom("f()", "g()").map((text) => new Code(text)),
  fc.constantFrom("f()", "g()").map((text) => new Code(text, { x: 1 })),
  fc.constantFrom<Value>(new MinKey(), new MaxKey()),
)

/** Names of fields, the hostile ones among them. */
export const anyName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("a", "b", "c", "0", "1", "__proto__", "constructor", "hasOwnProperty", "toString", "_bsontype", "$a", "$numberInt", "", "a.b", "length"),
  fc.string({ maxLength: 4 }).filter((name) => !name.includes("\0")),
)

const { value } = fc.letrec<{ value: Value; list: Value; document: Value }>((tie) => ({
  value: fc.oneof({ depthSize: "small", withCrossShrink: true }, anyScalar, tie("list"), tie("document")),
  list: fc.array(tie("value"), { maxLength: 4 }),
  document: fc.array(fc.tuple(anyName, tie("value")), { maxLength: 4 }).map(toDocument),
}))

/** A value of any type. */
export const anyValue: fc.Arbitrary<Value> = value

/** A document of any fields. */
export const anyDocument: fc.Arbitrary<Document> = fc.array(fc.tuple(anyName, anyValue), { maxLength: 5 }).map(toDocument)

function toDocument(entries: readonly (readonly [string, Value])[]): Document {
  const document: Document = {}
  for (const [name, each] of entries) setField(document, name, each)
  return document
}
