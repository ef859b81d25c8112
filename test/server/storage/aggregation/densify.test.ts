// `$densify`. SOURCE: the server's own tests of the stage.
import { expect, test } from "vitest"
import { Double, type Document } from "../../../../kernel/index.ts"
import { refusal, run } from "./run.ts"

const day = (month: number, date: number): Date => new Date(Date.UTC(2021, month - 1, date))
const dense = (documents: readonly Document[], field: string, range: unknown, partitionByFields?: unknown): Promise<Document[]> =>
  run(documents, [{ $densify: { field, range, ...(partitionByFields === undefined ? {} : { partitionByFields }) } }])
const values = (first: number, last: number, step: number, p?: number): Document[] =>
  Array.from({ length: (last - first) / step + 1 }, (_, index) => ({ ...(p === undefined ? {} : { p }), v: first + index * step }))

test.each<[string, readonly Document[], unknown, unknown, Document[]]>([
  ["full", [{ v: 3 }, { v: 0 }], { step: 1, bounds: "full" }, undefined, values(0, 3, 1)],
  ["off the step, and null first", [{ v: 0 }, { v: 2.5 }, { v: null }, { v: 4 }], { step: 2, bounds: "full" }, undefined, [{ v: null }, { v: 0 }, { v: 2 }, { v: 2.5 }, { v: 4 }]],
  ["explicit bounds", [{ v: 0 }, { v: 10 }], { step: 2, bounds: [2, 5] }, undefined, [{ v: 0 }, { v: 2 }, { v: 4 }, { v: 10 }]],
  ["explicit bounds of nothing", [], { step: 1, bounds: [1, 3] }, undefined, [{ v: 1 }, { v: 2 }]],
  ["full of nothing", [], { step: 1, bounds: "full" }, undefined, []],
  ["each partition to the ends of all", [{ p: 0, v: -10 }, { p: 0, v: 11 }, { p: 1, v: -2 }], { step: 3, bounds: "full" }, ["p"], [...values(-10, 11, 3, 0), ...values(-10, -4, 3, 1), { p: 1, v: -2 }, ...values(-1, 11, 3, 1)]],
  ["each partition to its own ends", [{ p: 0, v: 0 }, { p: 0, v: 2 }, { p: 1, v: 7 }], { step: 1, bounds: "partition" }, ["p"], [...values(0, 2, 1, 0), { p: 1, v: 7 }]],
  ["each partition within bounds", [{ p: 0, v: 0 }, { p: 1, v: 5 }], { step: 2, bounds: [4, 8] }, ["p"], [{ p: 0, v: 0 }, { p: 0, v: 4 }, { p: 0, v: 6 }, { p: 1, v: 4 }, { p: 1, v: 5 }, { p: 1, v: 6 }]],
  ["dates", [{ v: day(1, 1) }, { v: day(3, 1) }], { step: 1, unit: "month", bounds: "full" }, undefined, [{ v: day(1, 1) }, { v: day(2, 1) }, { v: day(3, 1) }]],
])("%s", async (_what, documents, range, partitions, expected) => {
  expect(await dense(documents, "v", range, partitions)).toEqual(expected)
})

test("fields below others", async () => {
  expect(await dense([{ a: { b: 1 }, m: { k: "x" } }, { a: { b: 2 }, m: { k: "x" } }], "a.b", { step: 0.5, bounds: "full" }, ["m.k"])).toEqual([
    { a: { b: 1 }, m: { k: "x" } }, { m: { k: "x" }, a: { b: 1.5 } }, { a: { b: 2 }, m: { k: "x" } },
  ])
  expect(await dense([{ v: new Double(1) }, { v: 3 }], "v", { step: 1, bounds: "full" })).toEqual([{ v: new Double(1) }, { v: new Double(2) }, { v: 3 }])
})

test.each<[unknown, string]>([
  [{ range: { step: 1, bounds: "full" } }, "40414"], [{ field: "v", range: { bounds: "full" } }, "40414"], [{ field: 1, range: { step: 1, bounds: "full" } }, "14"],
  [{ field: "v", range: { step: "1", bounds: "full" } }, "14"], [{ field: "v", partitionByFields: "p", range: { step: 1, bounds: "full" } }, "14"],
  [{ field: "v", partitionByFields: ["v.w"], range: { step: 1, bounds: "full" } }, "8993000"], [{ field: "v.w", partitionByFields: ["v"], range: { step: 1, bounds: "full" } }, "9554500"],
  [{ field: "v", range: { step: 1, bounds: [1, 2, 3] } }, "5733403"], [{ field: "v", range: { step: -1, bounds: [0, 1] } }, "5733401"], [{ field: "$v", range: { step: 1, bounds: [0, 1] } }, "16410"],
  [{ field: "v", range: { step: 1, bounds: "partition" } }, "5733408"], [{ field: "v", range: { step: 1, bounds: [2, 1] } }, "5733402"], [{ field: "v", range: { step: 1, bounds: [1, 2], unit: "second" } }, "5733409"],
  [{ field: "v", range: { step: 1, bounds: [1, day(1, 1)] } }, "5733406"], [{ field: "v", range: { step: 1, unit: "day", bounds: [day(1, 1), 1] } }, "5733402"],
  [{ field: "v", range: { step: 1.5, unit: "day", bounds: "full" } }, "6586400"], [{ field: "v", range: { step: 1, unit: "day", bounds: "full" } }, "6053600"],
  [{ field: "v", range: { step: 1, bounds: [0, 1e9] } }, "5897900"], [{ field: "t", range: { step: 1, bounds: "full" } }, "5733201"],
])("%j is refused: %s", async (stage, code) => {
  expect(await refusal(() => run([{ v: 0, t: "text" }], [{ $densify: stage }]))).toBe(`bad-request ${code}`)
})
