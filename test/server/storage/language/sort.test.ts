import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { compareValues, Double, Long, type Document, type Value } from "../../../../kernel/index.ts"
import { compileKeyOrder, compileSort, compileSortKey, sortDocuments } from "../../../../server/storage/language/index.ts"
import { anyScalar, anyValue } from "../../../kernel/arbitraries.ts"

const ids = (sort: Document, documents: readonly Document[]) => sortDocuments(documents, sort).map((document) => document["_id"])
const numbered = (...values: (Document | undefined)[]) => values.map((value, index) => ({ _id: index, ...value }))

describe("sorts", () => {
  test("take a list by its least element upwards and its greatest downwards", () => {
    const documents = numbered({ a: [5, 1] }, { a: 2 }, { a: [3, 4] }, { a: [] }, { a: null }, {})
    expect(ids({ a: 1 }, documents)).toEqual([3, 4, 5, 0, 1, 2])
    expect(ids({ a: -1 }, documents)).toEqual([0, 2, 1, 4, 5, 3])
  })

  test("take the best combination of several keys through one list", () => {
    const documents = numbered({ l: [{ a: 1, b: 9 }, { a: 2, b: 1 }] }, { l: [{ a: 1, b: 5 }] })
    // The least `a` is 1 in both; of those elements the least `b` decides, not the least `b` anywhere.
    expect(ids({ "l.a": 1, "l.b": 1 }, documents)).toEqual([1, 0])
  })

  test("look through lists in lists, past scalars, and at an index", () => {
    expect(ids({ "l.a": 1 }, numbered({ l: [{ a: [4, 2] }, 7] }, { l: [{ a: 3 }] }, { l: [{ a: 1 }] }))).toEqual([0, 2, 1])
    expect(ids({ "l.0": 1 }, numbered({ l: [3, 0] }, { l: [1, 9] }))).toEqual([1, 0])
  })

  test("refuse two lists side by side", () => {
    expect(() => ids({ a: 1, b: 1 }, numbered({ a: [1], b: [1] }, { a: 1 }))).toThrow(expect.objectContaining({ code: "bad-request", serverCode: 2 }))
  })

  test.each<Document>([{ a: 2 }, { a: 0 }, { a: "x" }, { a: { b: 1 } }, { "": 1 }, { "a.": 1 }, { $a: 1 }])("refuse %j", (sort) => {
    expect(() => compileSort(sort)).toThrow(expect.objectContaining({ code: "bad-request" }))
  })

  test("take 1 and -1 of any kind", () => {
    for (const one of [1, Long.fromNumber(1), new Double(1)]) expect(ids({ a: one }, numbered({ a: 2 }, { a: 1 }))).toEqual([1, 0])
  })

  test("keep the order of equal documents", () => {
    expect(ids({ a: 1 }, numbered({ a: 1 }, { a: 1 }, { a: 0 }, { a: 1 }))).toEqual([2, 0, 1, 3])
    expect(ids({}, numbered({ a: 2 }, { a: 1 }))).toEqual([0, 1])
  })

  test("know natural order", () => {
    expect(ids({ $natural: 1 }, numbered({}, {}, {}))).toEqual([0, 1, 2])
    expect(ids({ $natural: -1 }, numbered({}, {}, {}))).toEqual([2, 1, 0])
  })

  test("of one field follow the order of values; all three ways to sort agree", () => {
    const value: fc.Arbitrary<Value> = fc.oneof(anyScalar, anyValue.filter((each) => !Array.isArray(each)))
    fc.assert(fc.property(value, value, fc.constantFrom(1, -1), (left, right, direction) => {
      const documents: [Document, Document] = [{ _id: 0, a: left }, { _id: 1, a: right }]
      const expected = Math.sign(compareValues(left, right)) * direction
      expect(Math.sign(compileSort({ a: direction })(...documents)) + 0).toBe(expected + 0)
      const key = compileSortKey({ a: direction, _id: 1 })
      expect(Math.sign(compileKeyOrder({ a: direction, _id: 1 })(key(documents[0]), key(documents[1])))).toBe(expected === 0 ? -1 : expected)
      expect(ids({ a: direction }, documents)).toEqual(expected > 0 ? [1, 0] : [0, 1])
    }), { numRuns: 1000 })
  })
})
