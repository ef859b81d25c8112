import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { compareValues, Double, Long, type Document, type Value } from "../../../../kernel/index.ts"
import { DistinctValues } from "../../../../server/storage/aggregation/index.ts"
import { anyValue } from "../../../kernel/arbitraries.ts"

function distinct(documents: readonly Document[], field: string): Value[] {
  const found = new DistinctValues(field)
  for (const document of documents) found.add(document)
  return found.values
}

describe("DistinctValues", () => {
  test("opens lists, leaves missing out, and takes equal numbers for one", () => {
    expect(distinct([{ a: 1 }, { a: [2, new Double(1)] }, {}, { a: null }, { a: Long.fromNumber(2) }, { a: [[1]] }, { a: [] }], "a")).toEqual([1, 2, null, [1]])
    expect(distinct([{ a: [{ b: "x" }, { b: ["y", "x"] }] }, { a: { b: "z" } }], "a.b")).toEqual(["x", "y", "z"])
  })

  test("keeps the first of values that compare as equal, and no other", () => {
    fc.assert(fc.property(fc.array(anyValue.filter((value) => !Array.isArray(value) && value !== undefined), { maxLength: 12 }), (values) => {
      const first = values.filter((value, at) => values.findIndex((other) => compareValues(other, value) === 0) === at)
      expect(distinct(values.map((v) => ({ v })), "v")).toEqual(first)
    }), { numRuns: 2000 })
  })

  test("refuses more values than a reply may hold", () => {
    const found = new DistinctValues("a")
    const fill = (): void => {
      for (let at = 0; ; at++) found.add({ a: `${at}${"x".repeat(10_000)}` })
    }
    expect(fill).toThrow(expect.objectContaining({ serverCode: 17217 }))
  })
})
