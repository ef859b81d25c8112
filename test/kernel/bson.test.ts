import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  BSONRegExp, bsonSize, bsonTypeOf, cloneValue, DBRef, Double, identicalValues, Int32, isInt, Long, normalise, ObjectId, readBson, setField, toDouble, writeBson,
  type Document,
} from "../../kernel/index.ts"
import { anyDocument } from "./arbitraries.ts"

describe("BSON bytes", () => {
  test("bring back the same document, with kinds of numbers", () => {
    fc.assert(fc.property(anyDocument, (document) => {
      const bytes = writeBson(document)
      expect(identicalValues(readBson(bytes), document)).toBe(true)
      expect(bsonSize(document)).toBe(bytes.length)
    }), { numRuns: 1000 })
  })

  test("hold a field named `_bsontype`, which makes no object of a class", () => {
    for (const document of [{ _bsontype: "ObjectId" }, { a: [{ _bsontype: "Long", low: 1 }] }, { a: { _bsontype: 5 } }, { a: { b: new Double(2), _bsontype: "x" } }] as Document[]) {
      const bytes = writeBson(document)
      expect(identicalValues(readBson(bytes), document)).toBe(true)
      expect(bsonSize(document)).toBe(bytes.length)
    }
  })

  test("hold null where a field is undefined", () => {
    expect(readBson(writeBson({ a: undefined }))).toEqual({ a: null })
  })

  test("keep a field named `__proto__`", () => {
    const document: Document = {}
    setField(document, "__proto__", { admin: true })
    const back = readBson(writeBson(document))
    expect(Object.keys(back)).toEqual(["__proto__"])
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
  })
})

describe("normal form", () => {
  test("gives each kind of number its one shape", () => {
    expect(normalise(new Int32(5))).toBe(5)
    expect(normalise(new Double(2.5))).toBe(2.5)
    expect(bsonTypeOf(normalise(new Double(2)))).toBe("Double")
    expect(bsonTypeOf(normalise(Long.fromNumber(2)))).toBe("Long")
    expect(normalise(7n)).toEqual(Long.fromNumber(7))
    expect(bsonTypeOf(toDouble(3))).toBe("Double")
    expect(toDouble(-0)).toBe(-0)
    expect([0, 1, -1, 2 ** 31 - 1, -(2 ** 31)].every(isInt)).toBe(true)
    expect([-0, 0.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY].some(isInt)).toBe(false)
  })

  test("turns what JavaScript has of its own into BSON", () => {
    expect(normalise(/a/gi)).toEqual(new BSONRegExp("a", "i"))
    expect(bsonTypeOf(normalise(Buffer.from("x")))).toBe("Binary")
    const id = new ObjectId()
    expect(normalise(new DBRef("c", id))).toEqual({ $ref: "c", $id: id })
    expect(normalise({ a: [new Int32(1), { b: 5n }] })).toEqual({ a: [1, { b: Long.fromNumber(5) }] })
  })

  test("a copy shares no container", () => {
    const original = { a: [{ b: 1 }] }
    const copy = cloneValue(original)
    expect(copy).toEqual(original)
    expect(copy.a).not.toBe(original.a)
    expect(copy.a[0]).not.toBe(original.a[0])
  })
})
