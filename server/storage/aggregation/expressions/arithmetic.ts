// `$add`, `$subtract`, `$multiply`, `$divide`, `$mod`, `$abs` and `$pow`.
import { Decimal128, isNumeric, Long, ObjectId, toDouble, type Value } from "../../../../kernel/index.ts"
import { decimalParts, fromParts, kindOf } from "../../language/index.ts"
import { constant, isNullish, type Evaluate } from "../evaluate.ts"
import { add, divideParts, integer, multiply, negate, toDecimal, toInteger, toNumber, widestKind } from "../numbers.ts"
import { binaryOrNull, compileArguments, unaryOrNull, variadic, wrong, type Call, type Operator } from "../operands.ts"
import { decimalPower } from "./decimal-functions.ts"

/** A number as milliseconds to move a date by. */
function milliseconds(value: Value): number {
  const kind = kindOf(value)
  if (kind === "int" || kind === "long") return Number(toInteger(value))
  return Math.round(toNumber(value))
}

function movedDate(date: Date, by: number, name: string): Date {
  const moved = new Date(date.getTime() + by)
  if (Number.isNaN(moved.getTime())) throw wrong(name, "the date is out of range", 15)
  return moved
}

function addAll(values: readonly Value[], { name }: Call): Value {
  let sum: Value = 0
  let date: Date | undefined
  for (const value of values) {
    if (isNullish(value)) return null
    if (value instanceof Date) {
      if (date !== undefined) throw wrong(name, "only one date can be added", 16612)
      date = value
    } else if (isNumeric(value)) sum = add(sum, value)
    else throw wrong(name, "it takes numbers and dates only", 16554)
  }
  return date === undefined ? sum : movedDate(date, milliseconds(sum), name)
}

/** `$add` of two arguments is by far the most common; plain ints and doubles need none of the above. */
const addOperator: Operator = (operand, scope, name) => {
  const general = variadic(addAll)
  if (!Array.isArray(operand) || operand.length !== 2) return general(operand, scope, name)
  const parts = compileArguments(operand as Value, scope, name, 2, 2)
  const [left, right] = parts as [Evaluate, Evaluate]
  const call = { name, meter: scope.meter }
  return (root) => {
    const a = left(root)
    const b = right(root)
    return typeof a === "number" && typeof b === "number" ? add(a, b) : addAll([a, b], call)
  }
}

function subtract(left: Value, right: Value, { name }: Call): Value {
  if (left instanceof Date) {
    if (right instanceof Date) return Long.fromNumber(left.getTime() - right.getTime())
    if (isNumeric(right)) return movedDate(left, -milliseconds(right), name)
  } else if (isNumeric(left) && isNumeric(right)) return add(left, negate(right))
  throw wrong(name, "it takes two numbers, two dates, or a date and a number", 16556)
}

function multiplyAll(values: readonly Value[], { name }: Call): Value {
  let product: Value = 1
  for (const value of values) {
    if (isNullish(value)) return null
    if (!isNumeric(value)) throw wrong(name, "it takes numbers only", 16555)
    product = multiply(product, value)
  }
  return product
}

/** Refuses what is no number. */
export function requireNumber(value: Value, name: string, code: number): void {
  if (!isNumeric(value)) throw wrong(name, "it takes numbers only", code)
}

function divide(left: Value, right: Value, { name }: Call): Value {
  requireNumber(left, name, 16609)
  requireNumber(right, name, 16609)
  if (toNumber(right) === 0) throw wrong(name, "a division by zero", 2)
  return quotient(left, right)
}

/** The quotient of two numbers: a decimal when either is one, else a double. The divisor is not zero. */
export function quotient(left: Value, right: Value): Value {
  if (widestKind(left, right) !== "decimal") return toDouble(toNumber(left) / toNumber(right))
  const a = decimalParts(left)
  const b = decimalParts(right)
  if (typeof a !== "number" && typeof b !== "number") return fromParts(divideParts(a, b))
  return toDecimal(toDouble(toNumber(left) / toNumber(right)))
}

function modulo(left: Value, right: Value, { name }: Call): Value {
  requireNumber(left, name, 16611)
  requireNumber(right, name, 16611)
  if (toNumber(right) === 0) throw wrong(name, "a division by zero", 16610)
  switch (widestKind(left, right)) {
    case "int": return integer(toInteger(left) % toInteger(right), "int")
    case "long": return integer(toInteger(left) % toInteger(right), "long")
    case "double": return toDouble(toNumber(left) % toNumber(right))
    case "decimal": return decimalRemainder(left, right)
  }
}

function decimalRemainder(left: Value, right: Value): Value {
  const a = decimalParts(left)
  const b = decimalParts(right)
  if (typeof a === "number" || Number.isNaN(b)) return Decimal128.fromString("NaN")
  if (typeof b === "number") return toDecimal(left)
  const ten = Math.min(a.ten, b.ten)
  // Reduced step by step: the exponents of decimals may be 12,000 apart.
  const divisor = b.digits * 10n ** BigInt(b.ten - ten)
  return fromParts({ digits: remainderOfPower(a.digits, a.ten - ten, divisor), ten })
}

/** `digits × 10^zeros mod divisor`, with the sign of the digits. */
function remainderOfPower(digits: bigint, zeros: number, divisor: bigint): bigint {
  const modulus = divisor < 0n ? -divisor : divisor
  let rest = digits % modulus
  for (let left = zeros; left > 0; left -= 1000) rest = (rest * 10n ** BigInt(Math.min(left, 1000))) % modulus
  return rest
}

function absolute(value: Value, { name }: Call): Value {
  requireNumber(value, name, 28765)
  if (kindOf(value) === "long" && BigInt.asIntN(64, -toInteger(value)) === toInteger(value) && toInteger(value) < 0n) {
    throw wrong(name, "the least long has no absolute value", 28680)
  }
  if (kindOf(value) === "double") return toDouble(Math.abs(toNumber(value)))
  return kindOf(value) === "decimal" ? (String(value).startsWith("-") ? negate(value) : value) : toInteger(value) < 0n ? negate(value) : value
}

function power(base: Value, exponent: Value, { name }: Call): Value {
  if (!isNumeric(base)) throw wrong(name, "the base is no number", 28762)
  if (!isNumeric(exponent)) throw wrong(name, "the exponent is no number", 28763)
  if (toNumber(base) === 0 && toNumber(exponent) < 0) throw wrong(name, "zero has no negative powers", 28764)
  const kind = widestKind(base, exponent)
  if (kind === "decimal") return decimalPower(base, exponent)
  if (kind === "double") return toDouble(toNumber(base) ** toNumber(exponent))
  return integerPower(toInteger(base), toInteger(exponent), kind)
}

function integerPower(base: bigint, exponent: bigint, kind: "int" | "long"): Value {
  if (base === 1n || (base === -1n && exponent % 2n === 0n)) return integer(1n, kind)
  if (base === -1n) return integer(-1n, kind)
  if (exponent < 0n) return toDouble(Number(base) ** Number(exponent))
  if (base === 0n) return integer(exponent === 0n ? 1n : 0n, kind)
  if (exponent > 64n) return toDouble(Number(base) ** Number(exponent))
  return integer(base ** exponent, kind)
}

/** An operator without arguments, evaluated anew each time. */
function made(make: () => Value): Operator {
  return (operand, _scope, name) => {
    const isEmpty = Array.isArray(operand) ? operand.length === 0 : typeof operand === "object" && operand !== null && Object.keys(operand).length === 0
    if (!isEmpty) throw wrong(name, "it takes no arguments", 10065)
    return make
  }
}

export const arithmeticOperators: Readonly<Record<string, Operator>> = {
  $add:      addOperator,
  $subtract: binaryOrNull(subtract),
  $multiply: variadic(multiplyAll),
  $divide:   binaryOrNull(divide),
  $mod:      binaryOrNull(modulo),
  $abs:      unaryOrNull(absolute),
  $pow:      binaryOrNull(power),
  $rand:           made(() => toDouble(Math.random())),
  $createObjectId: made(() => new ObjectId()),
  $literal: (operand) => constant(operand),
  $const:   (operand) => constant(operand),
}

