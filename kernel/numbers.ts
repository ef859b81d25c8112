// Exact comparison of BSON numbers of all kinds: int, double, long, decimal.
import { bsonTypeOf, type Decimal128, type Double, type Int32, type Long, type Value } from "./bson.ts"

/** Compares two numbers of any BSON kind by exact value; NaN equals NaN and is less than every other number. */
export function compareNumbers(left: Value, right: Value): number {
  const a = plainNumber(left)
  const b = plainNumber(right)
  if (a !== undefined && b !== undefined) return comparePlain(a, b)
  return compareExact(a ?? (left as Long | Decimal128), b ?? (right as Long | Decimal128))
}

/** The JavaScript number that holds an int or a double exactly; undefined for long and decimal. */
function plainNumber(value: Value): number | undefined {
  if (typeof value === "number") return value
  const name = bsonTypeOf(value)
  return name === "Double" || name === "Int32" ? (value as Double | Int32).value : undefined
}

function comparePlain(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return 0
  return (Number.isNaN(b) ? 1 : 0) - (Number.isNaN(a) ? 1 : 0)
}

function compareExact(left: number | Long | Decimal128, right: number | Long | Decimal128): number {
  const a = rational(left)
  const b = rational(right)
  // NaN and the infinities stand on their own side of every finite number, so 0 can stand for the finite one.
  if (typeof a === "number" || typeof b === "number") return comparePlain(typeof a === "number" ? a : 0, typeof b === "number" ? b : 0)
  // Both are numerator * 10^ten * 2^two; bring them to common exponents.
  const ten = Math.min(a.ten, b.ten)
  const two = Math.min(a.two, b.two)
  const x = a.digits * 10n ** BigInt(a.ten - ten) * 2n ** BigInt(a.two - two)
  const y = b.digits * 10n ** BigInt(b.ten - ten) * 2n ** BigInt(b.two - two)
  return x < y ? -1 : x > y ? 1 : 0
}

interface Rational { readonly digits: bigint; readonly ten: number; readonly two: number }

/** An exact rational, or the plain number when it is NaN or infinite. */
function rational(value: number | Long | Decimal128): Rational | number {
  if (typeof value === "number") return fromDouble(value)
  if (bsonTypeOf(value) === "Long") return { digits: (value as Long).toBigInt(), ten: 0, two: 0 }
  return fromDecimalText(value.toString())
}

function fromDouble(value: number): Rational | number {
  if (!Number.isFinite(value)) return value
  let digits = value
  let two = 0
  while (!Number.isInteger(digits)) {
    digits *= 2
    two -= 1
  }
  return { digits: BigInt(digits), ten: 0, two }
}

/** Reads what `Decimal128.toString()` writes. */
export function fromDecimalText(text: string): Rational | number {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null) return text === "NaN" ? Number.NaN : text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const [, sign, whole, fraction = "", exponent = "0"] = match
  const magnitude = BigInt(`${whole}${fraction}`)
  if (magnitude === 0n) return { digits: 0n, ten: 0, two: 0 }
  return { digits: sign === "-" ? -magnitude : magnitude, ten: Number(exponent) - fraction.length, two: 0 }
}
