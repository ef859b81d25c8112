import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { BSONRegExp, compareValues, Double, equalValues, Long, MaxKey, rankOf, type Document, type Value } from "../../../../kernel/index.ts"
import { compileFilter, filterBounds, indexEntries } from "../../../../server/storage/language/index.ts"
import { anyScalar, anyValue } from "../../../kernel/arbitraries.ts"

describe("filterBounds()", () => {
  test("gives the conditions of each path", () => {
    expect(filterBounds({ a: 1, b: { $in: [1, "x"] }, "c.d": { $gt: 1, $lte: 5 }, $and: [{ e: { $eq: "y" } }, { $or: [{ f: 1 }] }] })).toEqual([
      { path: "a", equals: [1] },
      { path: "b", equals: [1, "x"] },
      { path: "c.d", lower: { value: 1, inclusive: false }, upper: { value: 5, inclusive: true } },
      { path: "e", equals: ["y"] },
      { path: "f", equals: [1] },
    ])
  })

  test("prefers one value to several", () => {
    expect(filterBounds({ $and: [{ a: { $in: [1, 2] } }, { a: 1 }] })).toEqual([{ path: "a", equals: [1] }])
    expect(filterBounds({ $and: [{ a: 1 }, { a: { $in: [1, 2] } }] })).toEqual([{ path: "a", equals: [1] }])
  })

  test.each<[string, Document]>([
    ["null", { a: null }], ["null among others", { a: { $in: [1, null] } }], ["a list", { a: [1] }], ["a regular expression", { a: new BSONRegExp("^x", "") }],
    ["a regular expression among others", { a: { $in: ["x", new BSONRegExp("^x", "")] } }], ["$regex", { a: { $regex: "^x" } }], ["$ne", { a: { $ne: 1 } }], ["$nin", { a: { $nin: [1] } }],
    ["$not", { a: { $not: { $gt: 1 } } }], ["$or", { $or: [{ a: 1 }, { b: 1 }] }], ["$nor", { $nor: [{ a: 1 }] }], ["$exists", { a: { $exists: true } }], ["MaxKey", { a: { $lt: new MaxKey() } }],
    ["NaN", { a: { $gte: Number.NaN } }], ["$gte null", { a: { $gte: null } }], ["a list as an end", { a: { $gt: [1] } }], ["$elemMatch", { a: { $elemMatch: { $gt: 1 } } }], ["nothing", {}],
  ])("is silent about %s", (_, filter) => expect(filterBounds(filter)).toEqual([]))

  test("says only what every matching document's entries satisfy", () => {
    // Few values, so that documents and filters meet.
    const operand = fc.oneof({ weight: 6, arbitrary: fc.constantFrom<Value>(null, 0, 1, 2, 1.5, new Double(1), Long.fromNumber(2), "", "x", true, [], [1], [1, 2], [null], {}, { b: 1 }, Number.NaN, new Date(1), new BSONRegExp("x", "")) }, anyScalar, anyValue)
    let matched = 0
    const condition: fc.Arbitrary<Value> = fc.oneof(
      operand,
      fc.tuple(fc.constantFrom("$eq", "$gt", "$gte", "$lt", "$lte"), operand).map(([operator, value]) => ({ [operator]: value })),
      fc.tuple(operand, operand).map(([low, high]) => ({ $gte: low, $lt: high })),
      fc.array(operand, { maxLength: 3 }).map((list) => ({ $in: list })),
    )
    const document = fc.record({ a: fc.oneof(operand, fc.array(operand, { maxLength: 3 }), fc.array(fc.record({ b: operand }), { maxLength: 2 })) })
    fc.assert(fc.property(document, fc.constantFrom("a", "a.b", "a.0"), condition, (each, path, wanted) => {
      const filter: Document = { [path]: wanted }
      let matches: (document: Document) => boolean
      try {
        matches = compileFilter(filter)
      } catch {
        return
      }
      if (!matches(each as Document)) return
      matched += 1
      const entries = indexEntries(each as Document, path)
      for (const { equals, lower, upper } of filterBounds(filter)) {
        if (equals !== undefined) expect(entries.some((entry) => equals.some((value) => equalValues(entry, value)))).toBe(true)
        if (lower !== undefined) expect(entries.some((entry) => rankOf(entry) === rankOf(lower.value) && compareValues(entry, lower.value) >= (lower.inclusive ? 0 : 1e-9))).toBe(true)
        if (upper !== undefined) expect(entries.some((entry) => rankOf(entry) === rankOf(upper.value) && compareValues(entry, upper.value) <= (upper.inclusive ? 0 : -1e-9))).toBe(true)
      }
    }), { numRuns: 10_000 })
    expect(matched).toBeGreaterThan(200)
  })
})

test("indexEntries() of a document that has nothing there is null", () => {
  expect(indexEntries({}, "a")).toEqual([null])
  expect(indexEntries({ a: [] }, "a.b")).toEqual([null])
  expect(indexEntries({ a: [1, [2]] }, "a")).toEqual([[1, [2]], 1, [2]])
})
