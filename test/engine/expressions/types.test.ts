// `$type`: every kind of value against every name and number, by a table of its own.
import { expect, test } from "vitest"
import { bind, compile, noCalls, parseExpressionOrThrow } from "../../../engine/index.ts"
import { Binary, BSONRegExp, BSONSymbol, Code, DBRef, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp, type Value } from "../../../kernel/index.ts"

const kinds: readonly (readonly [name: string, number: number, value: Value])[] = [
  ["double", 1, 1.5], ["double", 1, new Double(1)], ["double", 1, Number.NaN], ["double", 1, 2 ** 31], ["string", 2, "1"], ["string", 2, ""], ["object", 3, {}], ["object", 3, { a: 1 }], ["binData", 5, new Binary(Buffer.from("a"))], ["objectId", 7, new ObjectId()],
  ["bool", 8, false], ["date", 9, new Date(0)], ["null", 10, null], ["regex", 11, new BSONRegExp("a", "")], ["dbPointer", 12, new DBRef("c", new ObjectId())], ["javascript", 13, new Code("a")], ["symbol", 14, new BSONSymbol("a")], ["javascriptWithScope", 15, new Code("a", { b: 1 })],
  ["int", 16, 1], ["int", 16, new Int32(1)], ["int", 16, -(2 ** 31)], ["timestamp", 17, new Timestamp({ t: 1, i: 1 })], ["long", 18, Long.ONE], ["decimal", 19, Decimal128.fromString("1")], ["minKey", -1, new MinKey()], ["maxKey", 127, new MaxKey()],
]
const names = [...new Map(kinds.map(([name, number]) => [name, number])), ["array", 4] as const, ["undefined", 6] as const]
const holds = (type: unknown, a: Value): boolean | undefined => compile(bind(parseExpressionOrThrow({ a: { $type: type } }, { context: "role" }), {}, noCalls))({ root: { a } })

test.each(names)("%s", (name, number) => {
  for (const [kind, , value] of kinds) {
    const expected = kind === name
    expect([kind, holds(name, value), holds(number, value), holds([name, "array"], value)]).toEqual([kind, expected, expected, expected])
    // A list is opened, one level deep, and is a list itself.
    expect([kind, holds(name, [value]), holds(name, [[value]])]).toEqual([kind, expected || name === "array", name === "array"])
  }
  expect([holds(name, []), holds(name, undefined)]).toEqual([name === "array", name === "undefined"])
})

test("number is every kind of number", () => {
  for (const [kind, , value] of kinds) expect([kind, holds("number", value)]).toEqual([kind, ["int", "long", "double", "decimal"].includes(kind)])
})
