// Powers, roots, logarithms, exponentials and angles of decimals, to 34 digits, on integers scaled by a power of ten.
import { Decimal128, type Value } from "../../../../kernel/index.ts"
import { decimalParts, fromParts, multiplyNumbers } from "../../language/index.ts"
import { divideParts, toDecimal, toNumber, type Parts } from "../numbers.ts"

/** Digits after the point that are reckoned with: more than any result shows. */
const scaleDigits = 60
const one = 10n ** BigInt(scaleDigits)

/** A decimal that JavaScript's number of the same special value stands for. */
function special(value: number): Decimal128 {
  return Decimal128.fromString(Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity")
}

function fixed({ digits, ten }: Parts): bigint {
  const shift = ten + scaleDigits
  return shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(Math.min(-shift, 20_000))
}

function multiplyFixed(a: bigint, b: bigint): bigint {
  return (a * b) / one
}

/** The square root of an integer, rounded down. */
function integerRoot(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** The square root of a decimal that is not negative. */
export function decimalRoot(value: Value): Decimal128 {
  const parts = decimalParts(value)
  if (typeof parts === "number") return special(parts)
  const shift = 80 + (parts.ten % 2 === 0 ? 0 : 1)
  const scaled = parts.digits * 10n ** BigInt(shift)
  const root = integerRoot(scaled)
  const ten = (parts.ten - shift) / 2
  return fromParts(root * root === scaled ? tidy(root, ten) : { digits: root * 10n + 1n, ten: ten - 1 })
}

function tidy(digits: bigint, ten: number): Parts {
  let [left, exponent] = [digits, ten]
  while (left !== 0n && left % 10n === 0n && exponent < 0) {
    left /= 10n
    exponent += 1
  }
  return { digits: left, ten: exponent }
}

/** ln 2 by the series of artanh 1/3. */
const lnTwo = 2n * artanhSeries(one / 3n)
const lnTen = 3n * lnTwo + 2n * artanhSeries(one / 9n)

/** artanh of a small number: x + x³/3 + x⁵/5 … */
function artanhSeries(x: bigint): bigint {
  const square = multiplyFixed(x, x)
  let term = x
  let sum = 0n
  for (let n = 1n; term !== 0n; n += 2n) {
    sum += term / n
    term = multiplyFixed(term, square)
  }
  return sum
}

/** The natural logarithm of a finite decimal above zero, scaled. */
function logarithm({ digits, ten }: Parts): bigint {
  // digits × 10^ten = m × 10^k with m between 1 and 10; then halved until it is near 1.
  const length = digits.toString().length
  let m = fixed({ digits, ten: 1 - length })
  let halvings = 0n
  while (m > (one * 4n) / 3n) {
    m /= 2n
    halvings += 1n
  }
  return 2n * artanhSeries(((m - one) * one) / (m + one)) + halvings * lnTwo + BigInt(ten + length - 1) * lnTen
}

/** e to the power of a scaled number. */
function exponential(x: bigint): Parts {
  const tens = x / lnTen
  const rest = x - tens * lnTen
  // e^rest by halving it sixteen times and squaring as often.
  const small = rest >> 16n
  let term = one
  let sum = 0n
  for (let n = 1n; term !== 0n; n += 1n) {
    sum += term
    term = multiplyFixed(term, small) / n
  }
  for (let n = 0; n < 16; n++) sum = multiplyFixed(sum, sum)
  return { digits: sum, ten: Number(tens) - scaleDigits }
}

/** e to the power of a decimal. */
export function decimalExponential(value: Value): Decimal128 {
  const parts = decimalParts(value)
  if (parts === Number.NEGATIVE_INFINITY) return Decimal128.fromString("0")
  if (typeof parts === "number") return special(parts)
  if (parts.digits === 0n) return Decimal128.fromString("1")
  if (toNumber(value) > 15_000) return special(Number.POSITIVE_INFINITY)
  if (toNumber(value) < -15_000) return Decimal128.fromString("0E-6176")
  return fromParts(exponential(fixed(parts)))
}

/** The logarithm of a decimal above zero to a base, natural without one. */
export function decimalLogarithm(value: Value, base?: Value): Decimal128 {
  const parts = decimalParts(value)
  const baseParts = base === undefined ? undefined : decimalParts(base)
  if (typeof parts === "number") return special(parts)
  if (typeof baseParts === "number") return special(Number.NaN)
  const numerator = logarithm(parts)
  if (baseParts === undefined) return shown({ digits: numerator, ten: -scaleDigits })
  return shown(divideParts({ digits: numerator, ten: -scaleDigits }, { digits: logarithm(baseParts), ten: -scaleDigits }))
}

/** A result whose last digits beyond 40 are rounding errors of ours: a whole number comes out whole. */
function shown({ digits, ten }: Parts): Decimal128 {
  const excess = digits.toString().replace("-", "").length - 45
  if (excess <= 0) return fromParts(tidyAll(digits, ten))
  const unit = 10n ** BigInt(excess)
  const half = digits < 0n ? -(unit / 2n) : unit / 2n
  return fromParts(tidyAll((digits + half) / unit, ten + excess))
}

function tidyAll(digits: bigint, ten: number): Parts {
  return digits === 0n ? { digits, ten: 0 } : tidy(digits, ten)
}

/** A power of which base or exponent is a decimal. */
export function decimalPower(base: Value, exponent: Value): Value {
  const raised = decimalParts(exponent)
  const parts = decimalParts(base)
  if (typeof raised === "number" || typeof parts === "number") return toDecimal(specialPower(toNumber(base), toNumber(exponent)))
  if (raised.digits === 0n) return Decimal128.fromString("1")
  if (parts.digits === 0n) return Decimal128.fromString("0")
  const whole = wholeNumber(raised)
  if (whole !== undefined && whole <= 512 && whole >= -512) return wholePower(toDecimal(base), whole)
  if (parts.digits < 0n && whole === undefined) return special(Number.NaN)
  const magnitude = { digits: parts.digits < 0n ? -parts.digits : parts.digits, ten: parts.ten }
  const x = (logarithm(magnitude) * raised.digits * 10n ** BigInt(Math.max(0, raised.ten))) / 10n ** BigInt(Math.max(0, -raised.ten))
  if (x / one > 15_000n) return special(Number.POSITIVE_INFINITY)
  if (x / one < -15_000n) return Decimal128.fromString("0")
  const result = exponential(x)
  return shown({ digits: parts.digits < 0n && whole !== undefined && whole % 2 !== 0 ? -result.digits : result.digits, ten: result.ten })
}

function specialPower(base: number, exponent: number): number {
  return base ** exponent
}

function wholeNumber({ digits, ten }: Parts): number | undefined {
  if (ten >= 0) return ten > 9 ? undefined : Number(digits * 10n ** BigInt(ten))
  const unit = 10n ** BigInt(-ten)
  return digits % unit === 0n ? Number(digits / unit) : undefined
}

function wholePower(base: Value, exponent: number): Value {
  let result: Value = Decimal128.fromString("1")
  let square: Value = base
  for (let left = Math.abs(exponent); left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiplyNumbers(result, square)
    square = multiplyNumbers(square, square)
  }
  if (exponent > 0) return result
  const parts = decimalParts(result)
  return typeof parts === "number" ? Decimal128.fromString("0") : fromParts(divideParts({ digits: 1n, ten: 0 }, parts))
}
