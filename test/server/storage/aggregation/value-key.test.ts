// Keys of values stand for equality: the same exactly where the order of values finds no difference.
import fc from "fast-check"
import { expect, test } from "vitest"
import { Binary, BSONRegExp, Decimal128, Double, equalValues, Long, ObjectId, Timestamp, type Value } from "../../../../kernel/index.ts"
import { valueKey } from "../../../../server/storage/aggregation/value-key.ts"

const number = fc.oneof(
  fc.constantFrom<Value>(0, -0, 1, new Double(1), Long.fromNumber(1), Decimal128.fromString("1.00"), Decimal128.fromString("0.1"), 0.1, Decimal128.fromString("0.5"), 0.5, Number.NaN, Decimal128.fromString("NaN")),
  fc.constantFrom<Value>(2 ** 60, Long.fromString("1152921504606846976"), Decimal128.fromString("1152921504606846976"), Long.fromString("1152921504606846977"), 1e25, Decimal128.fromString("1E25"), Infinity, Decimal128.fromString("Infinity"), 1e300),
  fc.double().map((value): Value => value), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): Value => Long.fromBigInt(value)),
)
const leaf = fc.oneof(
  number, fc.constantFrom<Value>("", "a", "1", null, true, false, "n", new Date(0), new ObjectId("666666666666666666666661"), new Timestamp({ t: 1, i: 1 }), new BSONRegExp("a", "i"), new BSONRegExp("a/i", ""), new Binary(Buffer.from("a"))),
)
const value = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof({ depthSize: "small" }, leaf, fc.array(tie("value"), { maxLength: 3 }).map((list): Value => list), fc.dictionary(fc.constantFrom("a", "b", "a=1"), tie("value"), { maxKeys: 3 }).map((each): Value => ({ ...each }))),
})).value

test("for pairs of values of all kinds", () => {
  fc.assert(fc.property(value, value, (left, right) => {
    expect(valueKey(left) === valueKey(right)).toBe(equalValues(left, right))
  }), { numRuns: 4000 })
})

test("for every pair of numbers that are close to one another", () => {
  fc.assert(fc.property(number, number, (left, right) => {
    expect(valueKey(left) === valueKey(right)).toBe(equalValues(left, right))
  }), { numRuns: 4000 })
})
