import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  Binary, BSONRegExp, BSONSymbol, bsonTypeOf, Code, Decimal128, Double, ejsonText, EjsonError, fromEjson, getField, identicalValues, Long, maxDepth, MaxKey, MinKey, ObjectId,
  parseEjson, Timestamp, toEjson, type Document, type Json, type Value,
} from "../../kernel/index.ts"
import { anyValue } from "./arbitraries.ts"

const same = (left: Value, right: Value) => expect(identicalValues(left, right), `${ejsonText(left)} and ${ejsonText(right)}`).toBe(true)

// SOURCE: MongoDB Extended JSON v2, the table of canonical spellings.
const spellings: readonly [string, Json, Value][] = [
  ["int", { $numberInt: "-5" }, -5],
  ["double that looks like an int", { $numberDouble: "2.0" }, new Double(2)],
  ["double", { $numberDouble: "2.5" }, 2.5],
  ["negative zero", { $numberDouble: "-0.0" }, -0],
  ["large double", { $numberDouble: "1e+300" }, 1e300],
  ["NaN", { $numberDouble: "NaN" }, Number.NaN],
  ["infinity", { $numberDouble: "-Infinity" }, Number.NEGATIVE_INFINITY],
  ["long", { $numberLong: "9223372036854775807" }, Long.MAX_VALUE],
  ["small long", { $numberLong: "1" }, Long.fromNumber(1)],
  ["decimal", { $numberDecimal: "1.50" }, Decimal128.fromString("1.50")],
  ["string", "x", "x"],
  ["boolean", true, true],
  ["null", null, null],
  ["undefined", { $undefined: true }, undefined],
  ["object id", { $oid: "0123456789abcdef01234567" }, new ObjectId("0123456789abcdef01234567")],
  ["date", { $date: { $numberLong: "-1" } }, new Date(-1)],
  ["binary", { $binary: { base64: "AQI=", subType: "04" } }, new Binary(new Uint8Array([1, 2]), 4)],
  ["timestamp", { $timestamp: { t: 1, i: 4294967295 } }, new Timestamp({ t: 1, i: 0xffffffff })],
  ["regular expression", { $regularExpression: { pattern: "a", options: "im" } }, new BSONRegExp("a", "im")],
  ["symbol", { $symbol: "s" }, new BSONSymbol("s")],
  ["code", { $code: "f()" }, new Code("f()")],
  ["code with scope", { $code: "f()", $scope: { x: { $numberInt: "1" } } }, new Code("f()", { x: 1 })],
  ["least key", { $minKey: 1 }, new MinKey()],
  ["greatest key", { $maxKey: 1 }, new MaxKey()],
]

describe("canonical spelling", () => {
  test.each(spellings)("%s", (_, json, value) => {
    same(fromEjson(json), value)
    expect(toEjson(value)).toEqual(json)
  })

  test("survives decoding, with kinds of numbers", () => {
    fc.assert(fc.property(anyValue, (value) => {
      // A document that looks like a wrapper has no spelling of its own in Extended JSON.
      fc.pre(!holdsAmbiguity(value))
      same(parseEjson(JSON.stringify(toEjson(value))), value)
    }), { numRuns: 1500 })
  })
})

/** Whether some document within has a wrapper's name as its only key. */
function holdsAmbiguity(value: Value): boolean {
  if (Array.isArray(value)) return (value as readonly Value[]).some(holdsAmbiguity)
  if (typeof value !== "object" || value === null || value instanceof Date || bsonTypeOf(value) !== undefined) return false
  return Object.keys(value).includes("$numberInt") || Object.values(value as Document).some(holdsAmbiguity)
}

describe("other spellings", () => {
  test.each<[string, Json, Value]>([
    ["plain int", 5, 5],
    ["plain integer beyond 32 bits", 5_000_000_000, Long.fromNumber(5_000_000_000)],
    ["plain fraction", 1.5, 1.5],
    ["date as text", { $date: "2020-01-02T03:04:05.006Z" }, new Date(Date.UTC(2020, 0, 2, 3, 4, 5, 6))],
    ["date as number", { $date: 5 }, new Date(5)],
    ["UUID", { $uuid: "00112233-4455-6677-8899-aabbccddeeff" }, new Binary(Buffer.from("00112233445566778899aabbccddeeff", "hex"), 4)],
    ["timestamp with wrapped numbers", { $timestamp: { t: { $numberInt: "1" }, i: { $numberInt: "2" } } }, new Timestamp({ t: 1, i: 2 })],
    ["least key with wrapped number", { $minKey: { $numberInt: "1" } }, new MinKey()],
    ["long that does not fit, as realm-web sends 2**63", { $numberLong: "9223372036854776000" }, 2 ** 63],
  ])("%s", (_, json, value) => same(fromEjson(json), value))

  test("the query operator `$regex` stays a document, with what stands beside it", () => {
    expect(fromEjson({ $regex: "a", $options: "i" })).toEqual({ $regex: "a", $options: "i" })
    expect(fromEjson({ $regex: "a", $ne: "b" })).toEqual({ $regex: "a", $ne: "b" })
  })

  test("a wrapper's name beside another key is a field", () => {
    expect(fromEjson({ $oid: "x", other: 1 })).toEqual({ $oid: "x", other: 1 })
    expect(fromEjson({ $date: "x", $gt: 1 })).toEqual({ $date: "x", $gt: 1 })
  })

  test("relaxed numbers, dates and plain ids", () => {
    expect(toEjson({ i: 1, d: 1.5, l: Long.fromNumber(7), n: Number.NaN, at: new Date(0), far: new Date(-1) }, { relaxed: true })).toEqual({
      i: 1, d: 1.5, l: 7, n: { $numberDouble: "NaN" }, at: { $date: "1970-01-01T00:00:00.000Z" }, far: { $date: { $numberLong: "-1" } },
    })
    expect(toEjson(Long.MAX_VALUE, { relaxed: true })).toEqual({ $numberLong: "9223372036854775807" })
    expect(toEjson([new ObjectId("0123456789abcdef01234567")], { objectIdAsText: true })).toEqual(["0123456789abcdef01234567"])
  })
})

describe("refusals", () => {
  test.each<[Json, string]>([
    [{ $numberInt: "1.5" }, "/$numberInt"], [{ $numberInt: "2147483648" }, "/$numberInt"], [{ $numberInt: 1 }, "/$numberInt"], [{ $numberLong: "0x1" }, "/$numberLong"],
    [{ $numberDouble: "one" }, "/$numberDouble"], [{ $numberDouble: "" }, "/$numberDouble"], [{ $numberDecimal: "x" }, "/$numberDecimal"], [{ $oid: "0123" }, "/$oid"],
    [{ $oid: 5 }, "/$oid"], [{ $date: "soon" }, "/$date"], [{ $date: "7" }, "/$date"], [{ $date: { $numberLong: "9e99" } }, "/$date"], [{ $date: { $numberLong: "0x10" } }, "/$date"],
    [{ $binary: "AQI=" }, "/$binary"], [{ $binary: { base64: "!", subType: "00" } }, "/$binary"], [{ $binary: { base64: "AQI=", subType: "x" } }, "/$binary"],
    [{ $uuid: "x" }, "/$uuid"], [{ $regularExpression: { pattern: "a" } }, "/$regularExpression"], [{ $regularExpression: { pattern: "a", options: "q" } }, "/$regularExpression"],
    [{ $timestamp: { t: -1, i: 0 } }, "/$timestamp"], [{ $symbol: 1 }, "/$symbol"], [{ $code: 1, $scope: {} }, "/$code"], [{ $code: "f", $scope: 1 }, "/$code"],
    [{ $minKey: 2 }, "/$minKey"], [{ $undefined: false }, "/$undefined"],
  ])("%j", (json, path) => {
    expect.assertions(3)
    try {
      fromEjson({ a: [json] })
    } catch (error) {
      expect(error).toBeInstanceOf(EjsonError)
      expect((error as EjsonError).code).toBe("invalid-ejson")
      expect((error as EjsonError).path).toBe(`/a/0${path}`)
    }
  })

  test("text that is no JSON", () => expect(() => parseEjson("{")).toThrow(EjsonError))

  test("a message holds no value", () => {
    try {
      fromEjson({ $oid: "my-secret" })
      expect.unreachable()
    } catch (error) {
      expect((error as Error).message).not.toContain("my-secret")
    }
  })

  test("nesting beyond the limit, and none below it", () => {
    const nest = (depth: number): Json => (depth === 0 ? 1 : [nest(depth - 1)])
    expect(() => fromEjson(nest(maxDepth))).not.toThrow()
    expect(() => fromEjson(nest(maxDepth + 1))).toThrow(expect.objectContaining({ code: "too-deep" }))
    expect(() => parseEjson(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`)).toThrow(expect.objectContaining({ code: "too-deep" }))
  })
})

describe("hostile names", () => {
  test("`__proto__` is a field like any other, in both directions", () => {
    const text = '{"__proto__":{"admin":true},"constructor":{"prototype":1}}'
    const decoded = parseEjson(text) as Document
    expect(Object.keys(decoded)).toEqual(["__proto__", "constructor"])
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
    expect((decoded as { admin?: unknown }).admin).toBeUndefined()
    expect(getField(decoded, "__proto__")).toEqual({ admin: true })
    expect(ejsonText(decoded)).toBe('{"__proto__":{"admin":true},"constructor":{"prototype":{"$numberInt":"1"}}}')
  })

  test("inherited names are no fields", () => {
    expect(getField({}, "toString")).toBeUndefined()
    expect(getField({}, "__proto__")).toBeUndefined()
  })

  test("a field named `_bsontype` makes no object of a class", () => {
    expect(toEjson({ _bsontype: "ObjectId", id: "x" })).toEqual({ _bsontype: "ObjectId", id: "x" })
  })
})
