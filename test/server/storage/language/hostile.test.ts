// Whatever a client sends, it gets an answer or a StoreError, and nobody's prototype is touched.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Decimal128, Double, Long, MaxKey, MinKey, setField, type Document, type Value } from "../../../../kernel/index.ts"
import { DistinctValues } from "../../../../server/storage/aggregation/index.ts"
import {
  compileFilter, compileProjection, compileSort, compileUpdate, filterBounds, indexEntries, sortDocuments, upsertDocument, upsertSeed,
} from "../../../../server/storage/language/index.ts"
import { anyDocument, anyName, anyValue } from "../../../kernel/arbitraries.ts"

const now = new Date(0)
const evaluate = { evaluateExpression: (expression: Value) => expression, runUpdatePipeline: (_: unknown, document: Document) => document }

const path = fc.oneof(anyName, fc.array(fc.oneof(fc.constantFrom("a", "b", "0", "1", "$", "$[]", "$[x]", "__proto__"), anyName), { minLength: 1, maxLength: 3 }).map((parts) => parts.join(".")))
const operand: fc.Arbitrary<Value> = fc.oneof(
  anyValue, fc.constantFrom<Value>(new Double(1), Long.MAX_VALUE, Decimal128.fromString("1E+6144"), new MinKey(), new MaxKey(), undefined, Number.NaN, Number.POSITIVE_INFINITY, 1e300),
)
const operators = {
  filter: ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$type", "$regex", "$options", "$mod", "$size", "$all", "$elemMatch", "$not", "$bitsAllSet", "$bitsAnyClear", "$and", "$or", "$nor", "$expr", "$comment", "$jsonSchema"],
  update: ["$set", "$unset", "$inc", "$mul", "$min", "$max", "$bit", "$currentDate", "$push", "$addToSet", "$pop", "$pull", "$pullAll", "$rename", "$setOnInsert"],
  projection: ["$slice", "$elemMatch", "$meta", "$add"],
  push: ["$each", "$position", "$slice", "$sort"],
}

/** Documents whose keys are paths and operators, three levels deep. */
function requests(names: readonly string[], depth = 3): fc.Arbitrary<Document> {
  const value: fc.Arbitrary<Value> = depth === 0 ? operand : fc.oneof(operand, requests(names, depth - 1), fc.array(fc.oneof(operand, requests(names, depth - 1)), { maxLength: 3 }))
  const key = fc.oneof(fc.constantFrom(...names), path)
  return fc.array(fc.tuple(key, value), { maxLength: 3 }).map((entries) => {
    const document: Document = {}
    for (const [name, each] of entries) setField(document, name, each)
    return document
  })
}

/** Runs work; lets StoreErrors with a known code pass, and nothing else. Returns whether it had a result. */
function answered(work: () => unknown): boolean {
  try {
    work()
    return true
  } catch (error) {
    const { name, code, message } = error as { name: string; code?: string; message: string }
    if (name !== "StoreError" || (code !== "bad-request" && code !== "unsupported")) throw error
    expect(message).toMatch(/^(?:Cannot |unknown top level operator: \$)/)
    return false
  }
}

describe("hostile requests", () => {
  test("filters", () => {
    let answers = 0
    fc.assert(fc.property(requests(operators.filter), anyDocument, (filter, document) => {
      if (answered(() => compileFilter(filter, { evaluate })(document))) answers += 1
      answered(() => filterBounds(filter, { evaluate }))
      answered(() => upsertSeed(filter, { evaluate }))
    }), { numRuns: 4000 })
    expect(answers).toBeGreaterThan(400)
  })

  test("updates", () => {
    let answers = 0
    const fields = fc.array(fc.tuple(path, fc.oneof(operand, requests(operators.push, 1), requests(operators.filter, 1))), { minLength: 1, maxLength: 3 }).map((entries) => {
      const document: Document = {}
      for (const [name, each] of entries) setField(document, name, each)
      return document
    })
    const update = fc.oneof(fc.dictionary(fc.constantFrom(...operators.update), fields, { minKeys: 1, maxKeys: 2 }), requests(operators.update))
    const arrayFilters = fc.oneof(fc.constant<Document[]>([]), fc.array(requests([...operators.filter, "x", "x.a"], 1), { maxLength: 2 }))
    fc.assert(fc.property(update, arrayFilters, requests(operators.filter, 1), anyDocument, (change, filters, filter, document) => {
      const options = { now, evaluate, filter, arrayFilters: filters }
      if (answered(() => compileUpdate(change as Document, options)({ _id: 1, ...document }, false))) answers += 1
      answered(() => upsertDocument(filter, { kind: "update", update: change as Document, arrayFilters: filters }, options))
    }), { numRuns: 6000 })
    expect(answers).toBeGreaterThan(400)
  })

  test("projections, sorts and distinct", () => {
    fc.assert(fc.property(requests(operators.projection), requests(operators.filter, 1), path, anyDocument, anyDocument, (projection, filter, field, left, right) => {
      answered(() => compileProjection(projection, { evaluate, filter })(left))
      answered(() => compileSort({ [field]: 1, b: -1 })(left, right))
      answered(() => sortDocuments([left, right], projection))
      answered(() => new DistinctValues(field).add(left))
      answered(() => indexEntries(left, field))
    }), { numRuns: 3000 })
  })

  test("leave the prototypes of objects alone", () => {
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(({} as { a?: unknown }).a).toBeUndefined()
  })
})
