// `$setWindowFields`: windows by range and unit, and the functions that only windows have. SOURCE: the server's own tests of the stage.
import { expect, test } from "vitest"
import { Decimal128, Double, type Document, type Value } from "../../../../kernel/index.ts"
import { refusal, run } from "./run.ts"

const double = (value: number): Double => new Double(value)
const second = (count: number): Date => new Date(Date.UTC(2020, 0, 1) + count * 1000)

/** The value a function gives each document, sorted by `x`. */
async function fields(documents: readonly Document[], definition: unknown): Promise<Value[]> {
  const made = await run(documents, [{ $setWindowFields: { sortBy: { x: 1 }, output: { made: definition } } }])
  return made.map((document) => document["made"])
}

const points = [{ x: 0, y: 0 }, { x: 1, y: 42 }, { x: 3, y: 67 }, { x: 7, y: 99 }, { x: 10, y: 20 }]
const moments = [{ x: second(0), y: 0 }, { x: second(4), y: 2.4 }, { x: second(10), y: 5.6 }, { x: second(18), y: 6.8 }]
const ties = [{ x: 42, y: 1 }, { x: 42, y: 2 }, { x: 43, y: 3 }]
const gaps = [{ x: 0.5, y: 0 }, { x: 1, y: null }, { x: 4.384 }, { x: 9, y: null }, { x: 10.092_83, y: 11.283_74 }, { x: 11 }]
const prices = [{ x: 1, y: 13 }, { x: 2, y: 15.4 }, { x: 3, y: 12 }, { x: 4, y: "none" }, { x: 5, y: 11.7 }]
const odd = [{ x: 1, y: null }, { x: 2, y: 0 }, { x: 3 }, { x: 4, y: "text" }, { x: 5, y: null }]

test.each<[string, readonly Document[], unknown, Value[]]>([
  ["0 is all that tie", ties, { $push: "$y", window: { range: [0, 0] } }, [[1, 2], [1, 2], [3]]],
  ["current is the document itself", ties, { $push: "$y", window: { range: ["current", "current"] } }, [[1], [2], [3]]],
  ["current as an end", ties, { $push: "$y", window: { range: [-1, "current"] } }, [[1], [1, 2], [1, 2, 3]]],
  ["a range may grow", ties, { $push: "$y", window: { range: ["unbounded", "current"] } }, [[1], [1, 2], [1, 2, 3]]],
  ["a range in seconds", moments, { $push: "$y", window: { range: [-6, 0], unit: "second" } }, [[0], [0, 2.4], [2.4, 5.6], [6.8]]],
  ["a range that ends before", moments, { $push: "$y", window: { range: ["unbounded", -4], unit: "second" } }, [[], [0], [0, 2.4], [0, 2.4, 5.6]]],
  ["a range in months", moments, { $sum: 1, window: { range: [-1, 0], unit: "month" } }, [1, 2, 3, 4]],
  ["$derivative", points, { $derivative: { input: "$y" }, window: { documents: [-1, 0] } }, [null, double(42), 12.5, double(8), -79 / 3]],
  ["$derivative over a range", points, { $derivative: { input: "$y" }, window: { range: [-2, 0] } }, [null, double(42), 12.5, null, null]],
  ["$derivative by unit", moments, { $derivative: { input: "$y", unit: "minute" }, window: { documents: [-1, 0] } }, [null, double(36), ((5.6 - 2.4) / 6000) * 60_000, double(9)]],
  ["$derivative of nothing", odd, { $derivative: { input: "$none" }, window: { documents: [-1, 0] } }, [null, null, null, null, null]],
  ["$integral", points, { $integral: { input: "$y" } }, points.map(() => 640.5)],
  ["$integral of two", points, { $integral: { input: "$y" }, window: { documents: [-1, 0] } }, [0, double(21), double(109), double(332), 178.5]],
  ["$integral by unit", moments, { $integral: { input: "$y", unit: "second" }, window: { range: [-6, 6], unit: "second" } }, [4.8, 28.8, double(24), double(0)]],
  ["$integral of no document", moments, { $integral: { input: "$y", unit: "second" }, window: { range: [-1, -1], unit: "second" } }, [null, null, null, null]],
  ["$covariancePop", [{ x: 0, y: 0 }, { x: 2, y: 2 }, { x: 3, y: "none" }], { $covariancePop: ["$x", "$y"], window: { documents: ["unbounded", "current"] } }, [double(0), double(1), double(1)]],
  ["$covarianceSamp", [{ x: 0, y: 0 }, { x: 2, y: 2 }], { $covarianceSamp: ["$x", "$y"], window: { documents: ["unbounded", "current"] } }, [null, double(2)]],
  ["$expMovingAvg by N", prices, { $expMovingAvg: { input: "$y", N: 2 } }, [double(13), 14.6, 12.866_666_666_666_667, null, 12.088_888_888_888_889]],
  ["$expMovingAvg by alpha", prices, { $expMovingAvg: { input: "$y", alpha: 0.75 } }, [double(13), 14.8, 12.7, null, 11.95]],
  ["$expMovingAvg of decimals", [{ x: 1, y: Decimal128.fromString("1") }, { x: 2, y: 2 }], { $expMovingAvg: { input: "$y", N: 3 } }, [Decimal128.fromString("1"), Decimal128.fromString("1.5")]],
  ["$locf", odd, { $locf: "$y" }, [null, 0, 0, "text", "text"]],
  ["$linearFill", gaps, { $linearFill: "$y" }, [0, 0.588_134_054_288_463_4, 4.568_625_333_712_784_5, 9.998_278_922_903_879, 11.283_74, null]],
  ["$linearFill over dates", [{ x: second(0), y: 1 }, { x: second(1) }, { x: second(4), y: -1 }], { $linearFill: "$y" }, [1, 0.5, -1]],
])("%s", async (_what, documents, definition, expected) => {
  expect(await fields(documents, definition)).toEqual(expected)
})

const once = { documents: [-1, 0] }
test.each<[readonly Document[], unknown, string]>([
  [points, { $sum: 1, window: { range: [-1, 0], unit: "day" } }, "5429513"],
  [moments, { $sum: 1, window: { range: ["unbounded", "unbounded"] } }, "5429414"],
  [moments, { $sum: 1, window: { range: [-1.5, 0], unit: "day" } }, "9"],
  [moments, { $sum: 1, window: { ...once, unit: "day" } }, "9"],
  [points, { $derivative: { input: "$y" } }, "9"],
  [points, { $derivative: { input: "$y", unit: "month" }, window: once }, "5490710"],
  [points, { $derivative: { input: "$y", unit: "day" }, window: once }, "5624900"],
  [moments, { $derivative: { input: "$y" }, window: once }, "5624901"],
  [points, { $integral: { input: "$y", unit: "year" } }, "5490710"],
  [points, { $integral: { input: "$y", unit: "day" } }, "5423901"],
  [moments, { $integral: { input: "$y" } }, "5423902"],
  [points, { $covariancePop: "$y" }, "9"],
  [points, { $expMovingAvg: { input: "$y", N: 0.5 } }, "9"],
  [points, { $expMovingAvg: { input: "$y", alpha: 1 } }, "9"],
  [points, { $expMovingAvg: { input: "$y", N: 1, alpha: 0.5 } }, "9"],
  [points, { $locf: "$y", window: {} }, "9"],
  [ties, { $linearFill: "$y" }, "6050106"],
  [[{ x: null, y: 0 }], { $linearFill: "$y" }, "14"],
  [[{ x: 1, y: "text" }], { $linearFill: "$y" }, "14"],
  [[{ x: 1, y: 1 }, { x: second(0), y: 1 }], { $linearFill: "$y" }, "14"],
])("refused: %j %j with %s", async (documents, definition, code) => {
  expect(await refusal(() => fields(documents, definition))).toBe(`bad-request ${code}`)
})
