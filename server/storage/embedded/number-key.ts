// Keys of BSON numbers: bytes in the order of `compareValues`, equal exactly when the numbers are.
//
// Every number lies in one bucket [d, next(d)) of doubles. A key is the double d, in 8 bytes that sort as doubles do, and
// then either 0 (the number is d) or 1 and the number's decimal digits: only longs and decimals that no double holds get there.
import { bsonTypeOf, compareNumbers, Double, type Decimal128, type Int32, type Long, type Value } from "../../../kernel/index.ts"
import type { KeyWriter } from "./key-writer.ts"

const exact = 0
const between = 1
/** More than the exponent of any Decimal128, so that what is written is never negative. */
const exponentBias = 0x4000

/** Appends the key of a number of any kind. */
export function writeNumberKey(key: KeyWriter, value: Value): void {
  const plain = plainNumber(value)
  if (plain !== undefined) {
    key.orderedDouble(plain)
    key.byte(exact)
    return
  }
  const number = value as Decimal128 | Long
  const text = number.toString()
  const below = doubleBelow(number, Number(text))
  key.orderedDouble(below)
  if (compareNumbers(number, doubleValue(below)) === 0) key.byte(exact)
  else writeDigits(key, text)
}

function plainNumber(value: Value): number | undefined {
  if (typeof value === "number") return value
  const name = bsonTypeOf(value)
  return name === "Double" || name === "Int32" ? (value as Double | Int32).value : undefined
}

/** The greatest double that is not above the number, given the double nearest to it. */
function doubleBelow(value: Decimal128 | Long, nearest: number): number {
  return Number.isNaN(nearest) || compareNumbers(doubleValue(nearest), value) <= 0 ? nearest : nextDown(nearest)
}

function doubleValue(value: number): Value {
  return new Double(value)
}

const scratch = new DataView(new ArrayBuffer(8))

function nextDown(value: number): number {
  if (value === 0) return -Number.MIN_VALUE
  scratch.setFloat64(0, value)
  const bits = scratch.getBigInt64(0)
  scratch.setBigInt64(0, value > 0 ? bits - 1n : bits + 1n)
  return scratch.getFloat64(0)
}

/** Sign, exponent and digits such that 0.DIGITS × 10^exponent; a negative number has every byte inverted, for the greater magnitude is less. */
function writeDigits(key: KeyWriter, text: string): void {
  const match = /^(-?)\+?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null) throw new TypeError("Cannot make an index key of a number that is no number")
  const [, sign, whole = "", fraction = "", power = "0"] = match
  const all = `${whole}${fraction}`
  const digits = all.replace(/^0+/, "")
  const exponent = Number(power) + whole.length - (all.length - digits.length)
  const significant = digits.replace(/0+$/, "")
  const flip = sign === "-" ? 0xff : 0
  key.byte(between)
  key.byte(((exponent + exponentBias) >> 8) ^ flip)
  key.byte(((exponent + exponentBias) & 0xff) ^ flip)
  for (let index = 0; index < significant.length; index++) key.byte((significant.charCodeAt(index) - 47) ^ flip)
  key.byte(flip)
}
