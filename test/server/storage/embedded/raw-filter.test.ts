import fc from "fast-check"
import { expect, test } from "vitest"
import { Binary, BSONRegExp, BSONSymbol, Decimal128, Double, Long, MaxKey, MinKey, ObjectId, readBson, writeBson, type Document, type Value } from "../../../../kernel/index.ts"
import { compileRawFilter } from "../../../../server/storage/embedded/raw-filter.ts"
import { compileFilter, filterBounds } from "../../../../server/storage/language/index.ts"

const scalar = fc.constantFrom<Value>(0, 1, 2, new Double(1), Long.fromNumber(2), Decimal128.fromString("1.0"), 2.5, Number.NaN, "", "a", "ab", new BSONSymbol("a"), true, false, null, new Date(1), new ObjectId("5f1a5f1a5f1a5f1a5f1a5f1a"),
  new Binary(Uint8Array.of(1), 0), new BSONRegExp("a", ""), new MinKey(), new MaxKey())
const field = fc.constantFrom("a", "b", "0", "ab")
const { document, value } = fc.letrec<{ value: Value; document: Document }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, { weight: 3, arbitrary: scalar }, fc.array(tie("value"), { maxLength: 3 }), tie("document")),
  document: fc.dictionary(field, tie("value"), { maxKeys: 3, noNullPrototype: true }),
}))
const path = fc.array(field, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("."))
const condition = fc.oneof(
  value, value.map((each) => ({ $eq: each })), fc.array(value, { maxLength: 3 }).map((each) => ({ $in: each })),
  fc.tuple(fc.constantFrom("$gt", "$gte", "$lt", "$lte"), scalar).map(([operator, each]) => ({ [operator]: each })),
  fc.tuple(scalar, scalar).map(([low, high]) => ({ $gte: low, $lt: high })),
)
const filter = fc.oneof(fc.dictionary(path, condition, { minKeys: 1, maxKeys: 2, noNullPrototype: true }), fc.tuple(path, condition, condition).map(([each, left, right]) => ({ $and: [{ [each]: left }, { [each]: right }] })))

test("the first look at a document's bytes never passes over one that matches", () => {
  let [looked, passedOver] = [0, 0]
  fc.assert(fc.property(document, filter, (each, query) => {
    let matches: (document: Document) => boolean
    let bounds
    try {
      [matches, bounds] = [compileFilter(query as Document), filterBounds(query as Document)]
    } catch {
      return
    }
    const bytes = writeBson(each)
    const mayMatch = compileRawFilter(bounds)
    if (mayMatch === undefined) return
    looked += 1
    if (!mayMatch(bytes)) {
      passedOver += 1
      expect(matches(readBson(bytes))).toBe(false)
    }
  }), { numRuns: 30_000 })
  expect(looked).toBeGreaterThan(1000)
  expect(passedOver).toBeGreaterThan(looked / 4)
})
