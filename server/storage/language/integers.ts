// Reading numbers of any kind as integers, for the operands of `$size`, `$mod`, `$bits…`, `$slice` and `$pop`.
import { bsonTypeOf, fromDecimalText, isNumeric, type Long, type Value } from "../../../kernel/index.ts"

/** The integer a number of any kind is exactly; undefined for fractions, NaN, infinities and what is no number. */
export function exactInteger(value: Value): bigint | undefined {
  const whole = truncatedInteger(value)
  if (whole === undefined) return undefined
  if (bsonTypeOf(value) === "Decimal128") return fractionOf(String(value)) ? undefined : whole
  return typeof value !== "object" || bsonTypeOf(value) !== "Long" ? (Number.isInteger(Number(String(value))) ? whole : undefined) : whole
}

/** A number of any kind without its fraction; undefined for NaN, infinities and what is no number. */
export function truncatedInteger(value: Value): bigint | undefined {
  if (!isNumeric(value)) return undefined
  if (typeof value === "number") return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined
  const name = bsonTypeOf(value)
  if (name === "Long") return (value as Long).toBigInt()
  if (name !== "Decimal128") return truncatedInteger((value as { value: number }).value)
  const exact = fromDecimalText(String(value))
  if (typeof exact === "number") return undefined
  if (exact.ten >= 0) return exact.digits * 10n ** BigInt(exact.ten)
  return exact.digits / 10n ** BigInt(-exact.ten)
}

function fractionOf(text: string): boolean {
  const exact = fromDecimalText(text)
  return typeof exact === "number" || (exact.ten < 0 && exact.digits % 10n ** BigInt(-exact.ten) !== 0n)
}

/** Whether an integer fits into 64 bits with a sign. */
export function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value
}
