// Numbers as aggregation reckons with them: by kind, the widest kind deciding what a result is.
import { Decimal128, isInt, isNumeric, Long, toDouble, type Value } from "../../../kernel/index.ts"
import { addNumbers, decimalParts, fromParts, kindOf, multiplyNumbers, truncatedInteger, type NumberKind } from "../language/index.ts"

/** A number of any kind as a JavaScript number; a long or decimal is rounded. */
export function toNumber(value: Value): number {
  return typeof value === "number" ? value : Number(String(value))
}

/** An integer kind's exact value. */
export function toInteger(value: Value): bigint {
  return truncatedInteger(value) ?? 0n
}

const width: Record<NumberKind, number> = { int: 0, long: 1, double: 2, decimal: 3 }

/** The wider of the kinds of two numbers. */
export function widestKind(left: Value, right: Value): NumberKind {
  const a = kindOf(left)
  const b = kindOf(right)
  return width[a] >= width[b] ? a : b
}

/** A number of any kind as a decimal; a double by its 15 leading digits, as MongoDB turns it into one. */
export function toDecimal(value: Value): Decimal128 {
  if (kindOf(value) === "decimal") return value as Decimal128
  const parts = decimalParts(value)
  if (typeof parts !== "number") return fromParts(parts)
  return Decimal128.fromString(Number.isNaN(parts) ? "NaN" : parts > 0 ? "Infinity" : "-Infinity")
}

/** The sum; where 64 bits are too few, a double. */
export function add(left: Value, right: Value): Value {
  if (typeof left === "number" && typeof right === "number") {
    const sum = left + right
    // Two ints give an int or, beyond 32 bits, a long; a double among them gives a double.
    if (isInt(left) && isInt(right)) return isInt(sum) ? sum : Long.fromNumber(sum)
    return toDouble(sum)
  }
  return addNumbers(left, right) ?? toDouble(toNumber(left) + toNumber(right))
}

/** The product; where 64 bits are too few, a double. */
export function multiply(left: Value, right: Value): Value {
  return multiplyNumbers(left, right) ?? toDouble(toNumber(left) * toNumber(right))
}

/** The number with the other sign, of the same kind; the least int becomes a long, the least long a double. */
export function negate(value: Value): Value {
  switch (kindOf(value)) {
    case "int": return integer(-toInteger(value), "int")
    case "long": return integer(-toInteger(value), "long")
    case "double": return toDouble(-toNumber(value))
    case "decimal": {
      const text = String(value)
      return Decimal128.fromString(text === "NaN" ? text : text.startsWith("-") ? text.slice(1) : `-${text}`)
    }
  }
}

/** An integer in its kind: of kind int where it fits 32 bits, else long, else double. */
export function integer(value: bigint, kind: "int" | "long"): Value {
  if (kind === "int" && BigInt.asIntN(32, value) === value) return Number(value)
  return BigInt.asIntN(64, value) === value ? Long.fromBigInt(value) : toDouble(Number(value))
}

/** An integer as int where it fits 32 bits, else as long. */
export function intOrLong(value: number): Value {
  return isInt(value) ? value : Long.fromNumber(value)
}

/** Whether a number is NaN, of either kind that has one. */
export function isNaNumber(value: Value): boolean {
  return typeof value === "number" ? Number.isNaN(value) : isNumeric(value) && kindOf(value) === "decimal" && String(value) === "NaN"
}

/** Digits and exponent of a decimal that is finite: its value is digits × 10^ten. */
export interface Parts { readonly digits: bigint; readonly ten: number }

/** The quotient of two finite decimals to 34 digits. */
export function divideParts(a: Parts, b: Parts): Parts {
  if (a.digits === 0n) return { digits: 0n, ten: a.ten - b.ten }
  // 36 digits and one more that says whether anything is left, so that rounding half to even sees a tie only where there is one.
  const shift = Math.max(0, 36 + b.digits.toString().length - a.digits.toString().length)
  const numerator = a.digits * 10n ** BigInt(shift)
  const quotient = numerator / b.digits
  const rest = numerator % b.digits
  if (rest !== 0n) return { digits: quotient * 10n + (quotient < 0n || (quotient === 0n && (a.digits < 0n) !== (b.digits < 0n)) ? -1n : 1n), ten: a.ten - b.ten - shift - 1 }
  return withoutZeros({ digits: quotient, ten: a.ten - b.ten - shift }, a.ten - b.ten)
}

function withoutZeros(value: Parts, ideal: number): Parts {
  let { digits, ten } = value
  while (ten < ideal && digits !== 0n && digits % 10n === 0n) {
    digits /= 10n
    ten += 1
  }
  return { digits, ten }
}

/** A sum that loses nothing to rounding until it is read: the high and the low half of a double of twice the precision. */
export class ExactSum {
  #high = 0
  #low = 0
  #special = 0

  add(value: number): void {
    if (!Number.isFinite(value)) {
      this.#special += value
      return
    }
    const sum = this.#high + value
    const part = sum - this.#high
    this.#low += this.#high - (sum - part) + (value - part)
    this.#high = sum
  }

  /** The sum as a double. */
  get value(): number {
    // NaN is unequal to zero too.
    return this.#special === 0 ? this.#high + this.#low : this.#special
  }
}
