// NaN of every kind is ordered before no number and after none, and is equal to itself.
import { expect, test } from "vitest"
import { bind, compile, noCalls, parseExpressionOrThrow } from "../../../engine/index.ts"
import { Decimal128, Double, Long, type Value } from "../../../kernel/index.ts"

const notNumbers: readonly (readonly [unknown, Value])[] = [[{ $numberDouble: "NaN" }, Number.NaN], [{ $numberDouble: "NaN" }, new Double(Number.NaN)], [{ $numberDecimal: "NaN" }, Decimal128.fromString("NaN")]]
const numbers: readonly (readonly [unknown, Value])[] = [[1, 1], [{ $numberDouble: "1.0" }, new Double(1)], [{ $numberLong: "1" }, Long.ONE], [{ $numberDecimal: "1" }, Decimal128.fromString("1")], [{ $numberDouble: "-Infinity" }, Number.NEGATIVE_INFINITY]]
const holds = (operator: string, written: unknown, a: Value): boolean | undefined => compile(bind(parseExpressionOrThrow({ a: { [operator]: written } }, { context: "role" }), {}, noCalls))({ root: { a } })

test.each(["$gt", "$gte", "$lt", "$lte", "$eq"])("%s", (operator) => {
  const withItself = operator !== "$gt" && operator !== "$lt"
  for (const [written] of notNumbers) {
    for (const [, value] of notNumbers) expect(holds(operator, written, value)).toBe(withItself)
    for (const [, value] of numbers) expect(holds(operator, written, value)).toBe(false)
    for (const value of ["NaN", null, undefined, true, [], {}, new Date(Number.NaN)]) expect(holds(operator, written, value)).toBe(false)
  }
  for (const [written] of numbers) for (const [, value] of notNumbers) expect(holds(operator, written, value)).toBe(false)
})
