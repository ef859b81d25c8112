// Numbers and ids out of text, as `$convert` reads them.
import { Decimal128, ObjectId } from "../../../../kernel/index.ts"
import { fromParts } from "../../language/index.ts"

/** A decimal integer with an optional sign; undefined for anything else, such as a fraction or a space. */
export function parseInteger(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text) || text.length > 400) return undefined
  return BigInt(text.startsWith("+") ? text.slice(1) : text)
}

const decimalNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const infinity = /^([+-]?)inf(?:inity)?$/i

/** A number with an optional fraction and exponent, `Infinity` or `NaN`; undefined for anything else and where it is too large. */
export function parseDouble(text: string): number | undefined {
  const special = parseSpecial(text)
  if (special !== undefined) return special
  if (!decimalNumber.test(text)) return undefined
  const number = Number(text)
  return Number.isFinite(number) ? number : undefined
}

function parseSpecial(text: string): number | undefined {
  if (/^[+-]?nan$/i.test(text)) return Number.NaN
  const match = infinity.exec(text)
  return match === null ? undefined : match[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

/** The same as a decimal of up to 34 digits; more are rounded. */
export function parseDecimal(text: string): Decimal128 | undefined {
  const special = parseSpecial(text)
  if (special !== undefined) return Decimal128.fromString(Number.isNaN(special) ? "NaN" : special > 0 ? "Infinity" : "-Infinity")
  if (!decimalNumber.test(text) || text.length > 8000) return undefined
  const [, sign, whole = "", fraction = "", exponent = "0"] = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) as RegExpExecArray
  const digits = BigInt(`${whole}${fraction}`)
  if (digits === 0n) return Decimal128.fromString(sign === "-" ? "-0" : "0")
  const ten = Number(exponent) - fraction.length
  const result = fromParts({ digits: sign === "-" ? -digits : digits, ten: Math.max(-40_000, Math.min(40_000, ten)) })
  return /Infinity/.test(String(result)) ? undefined : result
}

/** An id of 24 hexadecimal digits. */
export function parseObjectId(text: string): ObjectId | undefined {
  return /^[0-9a-fA-F]{24}$/.test(text) ? ObjectId.createFromHexString(text) : undefined
}
