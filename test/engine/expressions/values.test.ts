// Orders, conversions and remainders over every kind of value (specification of rules, 5.1 and 5.2).
import { describe, expect, test } from "vitest"
import { bind, compile, parseExpressionOrThrow, type Ternary } from "../../../engine/expressions/index.ts"
import { Binary, BSONSymbol, Decimal128, Double, Long, ObjectId, UUID, type Value } from "../../../kernel/index.ts"

/** What a raw condition says of a value; `%%values.v` is another. */
const holds = (condition: unknown, a: Value, v: Value = null): Ternary => compile(bind(parseExpressionOrThrow({ a: condition }, { context: "role" }), { values: { v } }))({ root: { a } })
const long = (text: string): Long => Long.fromString(text)
const decimal = (text: string): Decimal128 => Decimal128.fromString(text)

/** Values in order, and those that are equal side by side. */
const kinds: Readonly<Record<string, readonly (readonly Value[])[]>> = {
  numbers: [
    [Number.NEGATIVE_INFINITY, decimal("-Infinity")], [long("-2"), new Double(-2), -2], [-1.5, decimal("-1.5")], [0, new Double(-0), decimal("0E+3")], [decimal("0.1")], [0.1], [1, Long.ONE, decimal("1.00")],
    [9007199254740992, long("9007199254740992")], [long("9007199254740993"), decimal("9007199254740993")], [decimal("9007199254740993.5")], [Number.POSITIVE_INFINITY],
  ],
  texts: [[""], ["A", new BSONSymbol("A")], ["a"], ["ab"], ["é"], ["\uff01"], ["😀"]],
  dates: [[new Date(-1)], [new Date(0), new Date(0)], [new Date("2024-01-01")]],
  booleans: [[false], [true]],
  ids: [[new ObjectId("000000000000000000000001")], [new ObjectId("64b1f0c2a7d93e5b8c214f06"), new ObjectId("64b1f0c2a7d93e5b8c214f06")]],
}
const accepts = { $gt: (order: number) => order > 0, $gte: (order: number) => order >= 0, $lt: (order: number) => order < 0, $lte: (order: number) => order <= 0, $eq: (order: number) => order === 0, $in: (order: number) => order === 0 } as const

describe.each(Object.entries(accepts))("%s", (operator, accept) => {
  const asked = (a: Value, v: Value): Ternary => holds({ [operator]: operator === "$in" ? ["%%values.v", "no such text"] : "%%values.v" }, a, v)

  test.each(Object.entries(kinds))("of %s", (_kind, ascending) => {
    for (const [left, ones] of ascending.entries()) {
      for (const [right, others] of ascending.entries()) {
        for (const a of ones) for (const v of others) expect([a, v, asked(a, v), asked([{}, [], a], v)]).toEqual([a, v, accept(left - right), accept(left - right)])
      }
    }
  })

  test("of different kinds", () => {
    const all = Object.entries(kinds).flatMap(([kind, ascending]) => ascending.flat().map((value) => [kind, value] as const))
    for (const [kind, a] of all) for (const [other, v] of all) if (kind !== other) expect([a, v, asked(a, v)]).toEqual([a, v, false])
    for (const a of [null, undefined, {}, [], new Binary(Buffer.from("a"))]) for (const [, v] of all) expect([a, v, asked(a, v)]).toEqual([a, v, false])
  })
})

test.each(["$gt", "$gte", "$lt", "$lte"])("%s is undetermined of what has no order", (operator) => {
  for (const v of [null, [1], { x: 1 }, new Binary(Buffer.from("a")), undefined]) for (const a of [v, 1, null]) expect(holds({ [operator]: "%%values.v" }, a, v)).toBeUndefined()
})

test.each<[unknown, Value, boolean]>([
  [{ $size: 1 }, [1], true], [{ $size: 1 }, [[1], [2]], false], [{ $size: 0 }, [], true], [{ $size: 0 }, undefined, false], [{ $size: 1 }, "a", false], [{ $exists: true }, [], true], [{ $exists: true }, null, true], [{ $type: "null" }, [null], true], [{ $type: "null" }, [[null]], false],
])("%j of %j", (condition, a, expected) => {
  expect(holds(condition, a)).toBe(expected)
})

test("of no value only `$exists: false` holds", () => {
  for (const condition of [{ $exists: true }, { $size: 0 }, { $type: ["null", "undefined"] }, { $mod: [1, 0] }]) expect(compile(bind(parseExpressionOrThrow({ a: condition }, { context: "role" }), {}))({ root: {} })).toBe(false)
  expect(compile(bind(parseExpressionOrThrow({ a: { $exists: false } }, { context: "role" }), {}))({ root: {} })).toBe(true)
})

describe("$mod", () => {
  test.each<[Value, bigint | undefined]>([
    [7, 7n], [-7.9, -7n], [0.5, 0n], [new Double(9), 9n], [2 ** 62, 2n ** 62n], [-(2 ** 63), -(2n ** 63n)], [2 ** 63, undefined], [1e300, undefined], [Number.POSITIVE_INFINITY, undefined], [Number.NaN, undefined],
    [long("9223372036854775807"), 2n ** 63n - 1n], [decimal("9007199254740993"), 9007199254740993n], [decimal("-12.9"), -12n], [decimal("12E+2"), 1200n], [decimal("5E-7"), 0n], [decimal("9223372036854775807.5"), 2n ** 63n - 1n], [decimal("1E+6000"), undefined], [decimal("-Infinity"), undefined], [decimal("NaN"), undefined],
  ])("of %s, as a whole number %s", (a, whole) => {
    for (const divisor of [1n, 3n, 7n, 1000n]) {
      for (const remainder of new Set([0n, 1n, (whole ?? 5n) % divisor])) expect([divisor, remainder, holds({ $mod: [{ $numberLong: `${divisor}` }, { $numberLong: `${remainder}` }] }, a)]).toEqual([divisor, remainder, whole !== undefined && whole % divisor === remainder])
    }
  })

  test("of what is no number", () => {
    for (const a of ["7", null, undefined, true, [], {}, new Date(7)]) expect(holds({ $mod: [7, 0] }, a)).toBe(false)
    expect(holds({ $mod: [7, 0] }, ["x", 7])).toBe(true)
  })
})

test.each<[string, Value, string | undefined]>([
  ["a UUID", new UUID("00000000-0000-4000-8000-00000000000A").toBinary(), "00000000-0000-4000-8000-00000000000a"], ["binary data of its subtype that is too short", new Binary(Buffer.from("abc"), 4), undefined], ["binary data of another subtype", new Binary(Buffer.alloc(16), 3), undefined], ["text", "00000000-0000-4000-8000-00000000000a", undefined], ["null", null, undefined],
])("%%uuidToString of %s", (_name, v, text) => {
  expect(holds({ "%uuidToString": "%%values.v" }, text ?? "x", v)).toBe(text === undefined ? undefined : true)
})
