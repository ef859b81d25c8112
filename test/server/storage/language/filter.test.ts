import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Double, Int32, Long, parseEjson, splitPath, walkPath, equalValues, type Document, type Value } from "../../../../kernel/index.ts"
import { StoreError } from "../../../../server/data/store.ts"
import { compileFilter } from "../../../../server/storage/language/index.ts"
import { anyDocument, anyName, anyScalar, anyValue } from "../../../kernel/arbitraries.ts"

const matches = (filter: Document, document: Document) => compileFilter(filter)(document)

describe("what cannot be served is refused by name", () => {
  test.each<[string, Document]>([
    ["$where", { $where: "true" }], ["$text", { $text: { $search: "x" } }], ["$near", { a: { $near: [0, 0] } }], ["$geoWithin", { a: { $geoWithin: {} } }],
    ["$geoIntersects", { $and: [{ a: { $geoIntersects: {} } }] }], ["$expr", { $expr: true }],
  ])("%s", (operator, filter) => {
    expect(() => compileFilter(filter)).toThrow(expect.objectContaining({ name: "StoreError", code: "unsupported", message: expect.stringContaining(operator) }))
  })
})

describe("what is malformed is refused before any document is seen", () => {
  test.each<Document>([
    { $and: [] }, { $or: {} }, { $nor: [1] }, { $nosuch: 1 }, { a: { $nosuch: 1 } }, { a: { $gt: 1, b: 2 } }, { a: { $in: 1 } }, { a: { $in: [{ $gt: 1 }] } }, { a: { $not: 1 } }, { a: { $not: {} } },
    { a: { $size: "x" } }, { a: { $size: -1 } }, { a: { $size: 1.5 } }, { a: { $mod: [1] } }, { a: { $mod: [0, 1] } }, { a: { $type: "nosuch" } }, { a: { $type: [] } }, { a: { $all: 1 } },
    { a: { $elemMatch: 1 } }, { a: { $options: "i" } }, { a: { $regex: 1 } }, { a: { $regex: "a", $options: 1 } }, { a: { $bitsAllSet: -1 } }, { a: { $bitsAllSet: [-1] } }, { a: { $elemMatch: { $nosuch: 1 } } },
    { a: { $all: [{ $gt: 1 }] } }, { a: { $all: [{ $elemMatch: { b: 1 } }, 1] } },
  ])("%j", (filter) => {
    expect(() => compileFilter(filter)).toThrow(expect.objectContaining({ name: "StoreError", code: "bad-request", serverCode: expect.any(Number) }))
  })

  test("nesting beyond what any client needs", () => {
    let filter: Document = { a: 1 }
    for (let depth = 0; depth < 150; depth++) filter = { $and: [filter] }
    expect(() => compileFilter(filter)).toThrow(StoreError)
  })
})

describe("what the fixtures do not show", () => {
  test("an expression hook decides `$expr` by MongoDB's truth", () => {
    const truths: [Value, boolean][] = [[1, true], [0, false], [-0, false], [null, false], [undefined, false], [false, false], ["", true], [[], true], [Long.fromNumber(0), false], [new Double(0), false], [Number.NaN, true]]
    for (const [value, expected] of truths) {
      const evaluate = { evaluateExpression: () => value, runUpdatePipeline: (_: unknown, document: Document) => document }
      expect(compileFilter({ $expr: "$a" }, { evaluate })({})).toBe(expected)
    }
  })

  test("operands may be objects of number classes", () => {
    for (const operand of [new Int32(5), new Double(5), Long.fromNumber(5), 5]) {
      for (const value of [5, new Double(5), Long.fromNumber(5), new Int32(5)]) {
        expect(matches({ a: operand }, { a: value })).toBe(true)
        expect(matches({ a: { $in: ["x", operand] } }, { a: [value] })).toBe(true)
        expect(matches({ a: { $gte: operand, $lte: operand } }, { a: value })).toBe(true)
      }
    }
  })

  test("references are values, not operators", () => {
    const reference = { $ref: "teams", $id: 1 }
    expect(matches({ a: reference }, { a: { ...reference } })).toBe(true)
  })

  test("keys beside `$and` count", () => {
    expect(matches({ $and: [{ a: 1 }], b: 2 }, { a: 1, b: 3 })).toBe(false)
  })
})

describe("hostile names", () => {
  test("inherited names match nothing", () => {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"]) {
      expect(matches({ [name]: { $exists: true } }, {})).toBe(false)
      expect(compileFilter(parseEjson(`{"${name}":{"$exists":true}}`) as Document)({})).toBe(false)
      expect(compileFilter(parseEjson(`{"a.${name}":{"$exists":true}}`) as Document)({ a: {} })).toBe(false)
      expect(compileFilter(parseEjson(`{"${name}":1}`) as Document)(parseEjson(`{"${name}":1}`) as Document)).toBe(true)
    }
    expect(matches({ "a.length": { $exists: true } }, { a: "text" })).toBe(false)
    expect(matches({ "a.low": 5 }, { a: Long.fromNumber(5) })).toBe(false)
    expect(matches({ "a._bsontype": { $exists: true } }, { a: Long.fromNumber(5) })).toBe(false)
  })
})

describe("properties", () => {
  const path = fc.oneof(anyName, fc.tuple(fc.constantFrom("a", "b"), anyName).map((parts) => parts.join("."))).filter((name) => !name.startsWith("$"))

  test("equality is what the plain walk finds", () => {
    fc.assert(fc.property(anyDocument, path, anyScalar, (document, field, operand) => {
      fc.pre(operand !== null && (operand as { _bsontype?: string })._bsontype !== "BSONRegExp")
      const expected = walkPath(document, splitPath(field), (value, present, isElement) => present &&
        (equalValues(value, operand) || (!isElement && Array.isArray(value) && (value as readonly Value[]).some((item) => equalValues(item, operand)))))
      expect(matches({ [field]: operand }, document)).toBe(expected)
      expect(matches({ [field]: { $in: [operand] } }, document)).toBe(expected)
      expect(matches({ [field]: { $ne: operand } }, document)).toBe(!expected)
    }), { numRuns: 2000 })
  })

  test("a value at a path is found by equality with it", () => {
    fc.assert(fc.property(anyDocument, anyValue, (document, value) => {
      fc.pre(!isOperatorLike(value))
      expect(matches({ zz: value }, { ...document, zz: value })).toBe(true)
    }), { numRuns: 1000 })
  })

  test("each range operator is the union of its two parts", () => {
    fc.assert(fc.property(anyScalar, anyScalar, (value, operand) => {
      fc.pre((operand as { _bsontype?: string } | null)?._bsontype !== "BSONRegExp")
      const holds = (operator: string) => matches({ a: { [operator]: operand } }, { a: value })
      expect(holds("$gte")).toBe(holds("$gt") || equalValues(value, operand))
      expect(holds("$lte")).toBe(holds("$lt") || equalValues(value, operand))
      expect(holds("$gt") && holds("$lt")).toBe(false)
    }), { numRuns: 2000 })
  })
})

function isOperatorLike(value: Value): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && (Object.keys(value)[0] ?? "").startsWith("$")
}
