// Arithmetic that keeps the kinds of numbers: int and int give int or, when that is too small, long; with a double it is a
// double; with a decimal a decimal.
import { bsonTypeOf, Decimal128, fromDecimalText, isInt, Long, numberKind, toDouble, type Value } from "../../../kernel/index.ts"
import { isInt64, truncatedInteger } from "./integers.ts"

type Numeric = Parameters<typeof numberKind>[0]
export type NumberKind = "int" | "long" | "double" | "decimal"

/** The kind of a value that is a number. */
export function kindOf(value: Value): NumberKind {
  return numberKind(value as Numeric)
}

/** An integer of 64 bits as int where `kind` is int and it fits, else as long. */
export function integerValue(value: bigint, kind: "int" | "long"): Value {
  return kind === "int" && BigInt.asIntN(32, value) === value ? Number(value) : Long.fromBigInt(value)
}

/** The sum of two numbers; undefined when 64 bits are too few. */
export function addNumbers(left: Value, right: Value): Value {
  return combine(left, right, (a, b) => a + b, (a, b) => a + b, addDecimals)
}

/** The product of two numbers; undefined when 64 bits are too few. */
export function multiplyNumbers(left: Value, right: Value): Value {
  return combine(left, right, (a, b) => a * b, (a, b) => a * b, multiplyDecimals)
}

function combine(
  left: Value, right: Value, ofDoubles: (a: number, b: number) => number, ofIntegers: (a: bigint, b: bigint) => bigint,
  ofDecimals: (a: Finite, b: Finite) => Finite,
): Value {
  const kinds = [kindOf(left), kindOf(right)]
  if (kinds.includes("decimal")) return combineDecimals(left, right, ofDoubles, ofDecimals)
  if (kinds.includes("double")) return toDouble(ofDoubles(Number(String(left)), Number(String(right))))
  const isLong = kinds.includes("long")
  if (!isLong) {
    const quick = ofDoubles(Number(left), Number(right))
    if (isInt(quick)) return quick
  }
  const exact = ofIntegers(truncatedInteger(left) as bigint, truncatedInteger(right) as bigint)
  return isInt64(exact) ? integerValue(exact, isLong ? "long" : "int") : undefined
}

interface Finite { readonly digits: bigint; readonly ten: number }

function combineDecimals(left: Value, right: Value, ofDoubles: (a: number, b: number) => number, ofDecimals: (a: Finite, b: Finite) => Finite): Value {
  const a = decimalParts(left)
  const b = decimalParts(right)
  if (typeof a !== "number" && typeof b !== "number") return fromParts(ofDecimals(a, b))
  // NaN and the infinities follow the rules of doubles; a finite number is stood in for by its sign.
  const result = ofDoubles(typeof a === "number" ? a : sign(a), typeof b === "number" ? b : sign(b))
  return Decimal128.fromString(Number.isNaN(result) ? "NaN" : result > 0 ? "Infinity" : "-Infinity")
}

function sign(value: Finite): number {
  return value.digits === 0n ? 0 : value.digits < 0n ? -1 : 1
}

/** A number of any kind as digits and exponent; a double by its 15 leading digits, as MongoDB turns it into a decimal. */
export function decimalParts(value: Value): Finite | number {
  const kind = kindOf(value)
  if (kind !== "decimal" && kind !== "double") return { digits: truncatedInteger(value) as bigint, ten: 0 }
  const number = kind === "double" ? Number(String(value)) : undefined
  if (number !== undefined && !Number.isFinite(number)) return number
  const text = number === undefined ? String(value) : number.toPrecision(15)
  const match = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null) return fromDecimalText(text) as number
  const [, minus, whole, fraction = "", exponent = "0"] = match
  const digits = BigInt(`${whole}${fraction}`)
  return { digits: minus === "-" ? -digits : digits, ten: Number(exponent) - fraction.length }
}

function addDecimals(a: Finite, b: Finite): Finite {
  const [high, low] = a.ten >= b.ten ? [a, b] : [b, a]
  // So far apart, the smaller one cannot change the 34 digits of the result.
  if (high.digits !== 0n && high.ten - low.ten > 80) return { digits: high.digits * 10n ** 40n, ten: high.ten - 40 }
  const ten = low.ten
  return { digits: high.digits * 10n ** BigInt(high.digits === 0n ? 0 : high.ten - ten) + low.digits, ten }
}

function multiplyDecimals(a: Finite, b: Finite): Finite {
  return { digits: a.digits * b.digits, ten: a.ten + b.ten }
}

const leastExponent = -6176
const greatestExponent = 6111

/** A decimal of 34 digits, rounded half to even; infinite where it is too large, and zero where it is too small. */
export function fromParts(value: Finite): Decimal128 {
  const isNegative = value.digits < 0n
  let digits = isNegative ? -value.digits : value.digits
  let { ten } = value
  const excess = Math.max(digits.toString().length - 34, leastExponent - ten)
  if (excess > 0) {
    digits = roundedQuotient(digits, 10n ** BigInt(excess))
    ten += excess
  }
  if (digits === 10n ** 34n) {
    digits /= 10n
    ten += 1
  }
  if (digits === 0n) ten = Math.min(ten, greatestExponent)
  while (ten > greatestExponent && digits.toString().length < 34) {
    digits *= 10n
    ten -= 1
  }
  const minus = isNegative ? "-" : ""
  return Decimal128.fromString(ten > greatestExponent ? `${minus}Infinity` : `${minus}${digits}E${ten}`)
}

function roundedQuotient(digits: bigint, scale: bigint): bigint {
  const quotient = digits / scale
  const rest = (digits % scale) * 2n
  return rest > scale || (rest === scale && quotient % 2n === 1n) ? quotient + 1n : quotient
}

/** Whether a number is an integer kind, for `$bit`. */
export function isIntegerKind(value: Value): boolean {
  return typeof value === "number" ? isInt(value) : bsonTypeOf(value) === "Long" || bsonTypeOf(value) === "Int32"
}
