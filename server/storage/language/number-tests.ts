// `$mod`, `$size` and the `$bits…` operators.
import { bsonTypeOf, isNumeric, type Binary, type Value } from "../../../kernel/index.ts"
import { badRequest } from "./errors.ts"
import type { ValueTest } from "./filter-tree.ts"
import { exactInteger, isInt64, truncatedInteger } from "./integers.ts"

/** `$mod: [divisor, remainder]`; fractions are cut off on both sides. */
export function modTest(operand: Value): ValueTest {
  if (!Array.isArray(operand)) throw badRequest("Cannot use `$mod`: its operand is no list")
  const [divisorValue, remainderValue] = operand as readonly Value[]
  if (operand.length < 2) throw badRequest("Cannot use `$mod`: not enough elements")
  if (operand.length > 2) throw badRequest("Cannot use `$mod`: too many elements")
  const divisor = truncatedInteger(divisorValue)
  const remainder = truncatedInteger(remainderValue)
  if (divisor === undefined || remainder === undefined || !isInt64(divisor) || !isInt64(remainder)) throw badRequest("Cannot use `$mod`: divisor and remainder must be numbers")
  if (divisor === 0n) throw badRequest("Cannot use `$mod`: the divisor is 0")
  const [by, left] = [Number(divisor), Number(remainder)]
  const isSmall = Number.isSafeInteger(by) && Number.isSafeInteger(left)
  return (value) => {
    if (isSmall && typeof value === "number") return Number.isFinite(value) && Math.abs(value) < 2 ** 53 ? Math.trunc(value) % by === left : exactMod(value, divisor, remainder)
    return typeof value === "object" && exactMod(value, divisor, remainder)
  }
}

function exactMod(value: Value, divisor: bigint, remainder: bigint): boolean {
  const whole = truncatedInteger(value)
  return whole !== undefined && isInt64(whole) && whole % divisor === remainder
}

/** `$size`: the list has exactly this many elements. */
export function sizeTest(operand: Value): ValueTest {
  const size = exactInteger(operand)
  if (size === undefined) throw badRequest("Cannot use `$size`: its operand is no integer", isNumeric(operand) ? 2 : 9)
  if (size < 0n) throw badRequest("Cannot use `$size`: its operand is negative")
  return (value) => Array.isArray(value) && value.length === Number(size)
}

export type BitsOperator = "$bitsAllSet" | "$bitsAllClear" | "$bitsAnySet" | "$bitsAnyClear"

/** The `$bits…` operators: the operand is a mask, a list of positions or binary data; values are integers of 64 bits or binary data. */
export function bitsTest(operator: BitsOperator, operand: Value): ValueTest {
  const positions = bitPositions(operator, operand)
  const wantsSet = operator.endsWith("Set")
  const wantsAll = operator.startsWith("$bitsAll")
  return (value) => {
    const isSet = bitReader(value)
    if (isSet === undefined) return false
    return wantsAll ? positions.every((position) => isSet(position) === wantsSet) : positions.some((position) => isSet(position) === wantsSet)
  }
}

function bitPositions(operator: string, operand: Value): number[] {
  if (Array.isArray(operand)) {
    return (operand as readonly Value[]).map((item) => {
      const position = exactInteger(item)
      if (position === undefined || position < 0n || position > 0x7fffffffn) throw badRequest(`Cannot use \`${operator}\`: a bit position is no integer from 0`)
      return Number(position)
    })
  }
  if (bsonTypeOf(operand) === "Binary") return positionsOf((position) => binaryBit(operand as Binary, position), (operand as Binary).length() * 8)
  const mask = exactInteger(operand)
  if (mask === undefined) throw badRequest(`Cannot use \`${operator}\`: its operand is no number, list or binary data`, isNumeric(operand) ? 9 : 2)
  if (mask < 0n || !isInt64(mask)) throw badRequest(`Cannot use \`${operator}\`: the mask is negative or too large`, 9)
  return positionsOf((position) => ((mask >> BigInt(position)) & 1n) === 1n, 64)
}

function positionsOf(isSet: (position: number) => boolean, size: number): number[] {
  const positions: number[] = []
  for (let position = 0; position < size; position++) if (isSet(position)) positions.push(position)
  return positions
}

function bitReader(value: Value): ((position: number) => boolean) | undefined {
  if (bsonTypeOf(value) === "Binary") return (position) => binaryBit(value as Binary, position)
  const number = exactInteger(value)
  if (number === undefined || !isInt64(number)) return undefined
  // The sign goes on for ever, as MongoDB extends it.
  return (position) => ((number >> BigInt(Math.min(position, 63))) & 1n) === 1n
}

function binaryBit(binary: Binary, position: number): boolean {
  const byte = position >> 3
  return byte < binary.position && (((binary.buffer[byte] as number) >> (position & 7)) & 1) === 1
}
