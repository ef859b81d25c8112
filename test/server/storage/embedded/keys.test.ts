import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  Binary, BSONRegExp, BSONSymbol, Code, compareValues, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp, type Value,
} from "../../../../kernel/index.ts"
import { encodeKey, encodeParts } from "../../../../server/storage/embedded/keys.ts"

const decimalText = fc.tuple(fc.boolean(), fc.bigInt(0n, 10n ** 34n - 1n), fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -6176, max: 6111 })))
  .map(([negative, digits, exponent]) => `${negative ? "-" : ""}${digits}E${exponent}`)
const interesting = fc.constantFrom(0, -0, 1, -1, 0.1, 0.5, 2 ** 53, 2 ** 53 + 2, 2 ** 63, -(2 ** 63), Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, -Number.MIN_VALUE,
  Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e30, 1e22)
const double = fc.oneof(interesting, fc.double(), fc.integer())
/** One number in several kinds, so that equal numbers of different kinds meet. */
const number: fc.Arbitrary<Value> = fc.oneof(
  double,
  double.map((value) => new Double(value)),
  fc.integer().map((value) => new Int32(value)),
  fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-10n, 10n), fc.bigInt(2n ** 53n - 4n, 2n ** 53n + 4n)).map((value) => Long.fromBigInt(value)),
  decimalText.map((text) => Decimal128.fromString(text)),
  fc.constantFrom("NaN", "Infinity", "-Infinity", "0", "-0", "1", "1.0", "0.1", "0.5", "9007199254740993", "1E30", "1E400", "-1E400", "1E-400", "-1E-400", "1E6144", "1E-6176", "1E22")
    .map((text) => Decimal128.fromString(text)),
  fc.integer({ min: -5, max: 5 }).chain((value) => fc.constantFrom<Value>(value, new Double(value), Long.fromNumber(value), Decimal128.fromString(String(value)), Decimal128.fromString(`${value}.00`))),
)
const text = fc.oneof(fc.string({ unit: "binary", maxLength: 6 }), fc.constantFrom("", "\0", "a", "a\0", "a\0b", "ab", "\uffff", "\u{10000}", "\ue000"))
const scalar: fc.Arbitrary<Value> = fc.oneof(
  { weight: 4, arbitrary: number },
  { weight: 3, arbitrary: text },
  text.map((value) => new BSONSymbol(value)),
  fc.constantFrom<Value>(null, undefined, true, false, new MinKey(), new MaxKey()),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new ObjectId(bytes)),
  fc.tuple(fc.uint8Array({ maxLength: 4 }), fc.constantFrom(0, 4, 5)).map(([bytes, subtype]) => new Binary(bytes, subtype)),
  fc.tuple(fc.nat(), fc.nat()).map(([t, i]) => new Timestamp({ t, i })),
  fc.tuple(fc.constantFrom("a", "ab", ""), fc.constantFrom("", "i")).map(([pattern, options]) => new BSONRegExp(pattern, options)),
  fc.constantFrom("a", "b").map((code) => new Code(code)),
  fc.constantFrom("a", "b").map((code) => new Code(code, { x: 1 })),
)
const value = fc.letrec<{ any: Value }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "ab", "", "a\0"), tie("any"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).any

const sign = (order: number): number => Math.sign(order) + 0

describe("an index key", () => {
  test("orders numbers of all kinds by their exact value", () => {
    fc.assert(fc.property(number, number, (left, right) => {
      expect(sign(Buffer.compare(encodeKey(left), encodeKey(right)))).toBe(sign(compareValues(left, right)))
    }), { numRuns: 20_000 })
  })

  test("orders values as compareValues does", () => {
    fc.assert(fc.property(value, value, (left, right) => {
      expect(sign(Buffer.compare(encodeKey(left), encodeKey(right)))).toBe(sign(compareValues(left, right)))
    }), { numRuns: 20_000 })
  })

  test("of several fields orders by the first that differs, each in its own direction", () => {
    const parts = fc.tuple(value, value)
    fc.assert(fc.property(parts, parts, fc.boolean(), fc.boolean(), (left, right, first, second) => {
      const key = ([a, b]: [Value, Value]): Uint8Array => encodeParts([{ value: a, descending: first }, { value: b, descending: second }])
      const expected = compareValues(left[0], right[0]) * (first ? -1 : 1) || compareValues(left[1], right[1]) * (second ? -1 : 1)
      expect(sign(Buffer.compare(key(left), key(right)))).toBe(sign(expected))
    }), { numRuns: 10_000 })
  })

  test("begins with neither 00 nor FF, also inverted", () => {
    fc.assert(fc.property(value, fc.boolean(), (each, descending) => {
      const first = encodeParts([{ value: each, descending }])[0]
      expect(first === 0 || first === 0xff).toBe(false)
    }))
  })
})
