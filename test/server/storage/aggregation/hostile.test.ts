// Pipelines that mean harm: they are refused in good time, and others get their turn meanwhile.
import { expect, test } from "vitest"
import { compileExpression, rootScope } from "../../../../server/storage/aggregation/index.ts"
import type { Document, Value } from "../../../../kernel/index.ts"
import { evaluate, refusal, run } from "./run.ts"

const range = (size: number): Document => ({ $range: [0, size] })

const costly: readonly (readonly [string, unknown])[] = [
  ["nested lists", { $map: { input: range(5000), in: { $map: { input: range(5000), in: 1 } } } }],
  ["a text that doubles", { $reduce: { input: range(100), initialValue: "ab", in: { $concat: ["$$value", "$$value"] } } }],
  ["a list that doubles", { $reduce: { input: range(100), initialValue: [1], in: { $concatArrays: ["$$value", "$$value"] } } }],
  ["a long list", range(100_000_000)],
  ["replacements that grow", { $replaceAll: { input: { $reduce: { input: range(20), initialValue: "a", in: { $concat: ["$$value", "$$value"] } } }, find: "a", replacement: { $reduce: { input: range(20), initialValue: "a", in: { $concat: ["$$value", "$$value"] } } } } }],
  ["a long text looked through often", { $map: { input: range(1_000_000), in: { $strLenCP: "$text" } } }],
  ["a long text searched often", { $map: { input: range(1_000_000), in: { $regexMatch: { input: "$text", regex: "(a*)*b" } } } }],
  ["a large document compared often", { $map: { input: range(1_000_000), in: { $eq: ["$nested", "$nested2"] } } }],
]

test.each(costly)("%s", { timeout: 20_000 }, async (_name, expression) => {
  const numbers = (): Value => [Array.from({ length: 100_000 }, (_, index) => index)]
  const document = { text: "a".repeat(200_000), nested: numbers(), nested2: numbers() }
  const begun = performance.now()
  expect(await refusal(() => evaluate(expression, document))).toMatch(/^bad-request/)
  expect(performance.now() - begun).toBeLessThan(10_000)
})

test("an expression is not nested without end", async () => {
  let expression: Value = 1
  for (let depth = 0; depth < 50_000; depth++) expression = { $abs: expression }
  expect(await refusal(() => evaluate(expression))).toBe("bad-request 15")
})

test("pipelines are not nested without end", async () => {
  let pipeline: Document[] = []
  for (let depth = 0; depth < 5000; depth++) pipeline = [{ $unionWith: { coll: "x", pipeline } }]
  expect(await refusal(() => run([], pipeline, { lookup: () => [] }))).toMatch(/^bad-request/)
})

test("names that every object inherits are no fields", async () => {
  for (const name of ["constructor", "__proto__", "valueOf", "length"]) {
    expect(await evaluate(`$${name}`, {})).toBeUndefined()
    expect(await evaluate(`$l.${name}`, { l: [1] })).toEqual([])
    expect(await evaluate({ $getField: { field: name, input: {} } })).toBeUndefined()
    expect(await refusal(() => evaluate({ [`$${name}`]: 1 }))).toBe("bad-request 168")
    expect(await refusal(() => run([], [{ [name]: {} }]))).toBe("bad-request 40324")
  }
})

test("others get their turn while many documents are worked on", async () => {
  const documents = Array.from({ length: 200_000 }, (_, index) => ({ _id: index, a: index % 1000, b: `${index * 7919 % 100_003}` }))
  let turns = 0
  const timer = setInterval(() => { turns += 1 }, 1)
  const begun = performance.now()
  await run(documents, [{ $set: { c: { $concat: ["$b", "x"] } } }, { $sort: { c: 1 } }, { $group: { _id: "$c", n: { $sum: 1 } } }, { $count: "n" }])
  clearInterval(timer)
  expect(turns).toBeGreaterThan((performance.now() - begun) / 200)
})

test("a stage holds no more than 100 MB", async () => {
  function* endless(): Generator<Document> {
    for (let index = 0; index < 1_000_000; index++) yield { _id: index, text: `${"x".repeat(2000)}${index}` }
  }
  expect(await refusal(() => run(endless(), [{ $sort: { text: 1 } }]))).toBe("bad-request 292")
  expect(await refusal(() => run(endless(), [{ $group: { _id: null, all: { $push: "$$ROOT" } } }]))).toBe("bad-request 146")
  expect(await run(endless(), [{ $limit: 150_000 }, { $sort: { _id: -1 } }, { $limit: 1 }, { $project: { text: 0 } }])).toEqual([{ _id: 149_999 }])
})

test("the same expression can be evaluated within itself", () => {
  const scope = rootScope({})
  const sum = compileExpression({ $reduce: { input: "$l", initialValue: 0, in: { $add: ["$$value", { $reduce: { input: "$l", initialValue: 0, in: { $add: ["$$value", "$$this"] } } }] } } }, scope)
  expect(sum({ l: [1, 2, 3] })).toBe(18)
})
