import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Binary, BSONRegExp, BSONSymbol, Code, Decimal128, Double, Long, MaxKey, MinKey, ObjectId, readBson, Timestamp, writeBson, type Document, type Value } from "../../../kernel/index.ts"
import { decodeDocument } from "../../../server/storage/decode.ts"

const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }), fc.string(), fc.integer(), fc.double(), fc.integer({ min: -3, max: 3 }).map((value) => new Double(value)), fc.boolean(), fc.constantFrom<Value>(null, -0, new MinKey(), new MaxKey(), new Code("f"), new Code("f", { a: 1 })),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((value) => Long.fromBigInt(value)), fc.date({ noInvalidDate: true }), fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new ObjectId(bytes)),
  fc.tuple(fc.uint8Array(), fc.constantFrom(0, 2, 4, 128)).map(([bytes, subtype]) => new Binary(bytes, subtype)), fc.tuple(fc.nat(), fc.nat()).map(([t, i]) => new Timestamp({ t, i })),
  fc.constantFrom("1.10", "NaN", "-Infinity", "1E-6000").map((text) => Decimal128.fromString(text)), fc.constant(new BSONRegExp("a", "i")), fc.constant(new BSONSymbol("s")),
)
const document = fc.letrec<{ value: Value; document: Document }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, { weight: 4, arbitrary: scalar }, fc.array(tie("value"), { maxLength: 4 }), tie("document")),
  document: fc.dictionary(fc.oneof(fc.constantFrom("_id", "a", "__proto__", "constructor", "7", ""), fc.string({ maxLength: 30 }).map((name) => name.replaceAll("\0", ""))), tie("value"), { maxKeys: 6, noNullPrototype: true }),
})).document

describe("the decoder of stored documents", () => {
  test("gives what the kernel's gives", () => {
    fc.assert(fc.property(document, (each) => {
      const bytes = writeBson(each)
      const [decoded, expected] = [decodeDocument(bytes), readBson(bytes)]
      expect(decoded).toEqual(expected)
      expect(Object.keys(decoded)).toEqual(Object.keys(expected))
      expect(writeBson(decoded)).toEqual(bytes)
    }), { numRuns: 3000 })
  })

  test("takes and refuses the same bytes, broken in any place", () => {
    const attempt = (decode: (bytes: Uint8Array) => Document, bytes: Uint8Array): unknown => {
      try {
        return writeBson(decode(bytes))
      } catch {
        return "refused"
      }
    }
    fc.assert(fc.property(document, fc.nat(), fc.integer({ min: 0, max: 255 }), (each, place, value) => {
      const bytes = Uint8Array.from(writeBson(each))
      bytes[place % bytes.length] = value
      expect(attempt(decodeDocument, bytes)).toEqual(attempt(readBson, bytes))
    }), { numRuns: 3000 })
  })

  test("does not share memory with the bytes it was given", () => {
    const bytes = Uint8Array.from(writeBson({ id: new ObjectId("5f1a5f1a5f1a5f1a5f1a5f1a"), data: new Binary(Uint8Array.of(1, 2, 3)) }))
    const decoded = decodeDocument(bytes)
    bytes.fill(0)
    expect(String(decoded["id"])).toBe("5f1a5f1a5f1a5f1a5f1a5f1a")
  })
})
