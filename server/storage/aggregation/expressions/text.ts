// What string operators share: values as text, and places counted in code points or UTF-8 bytes.
import { bsonTypeOf, isNumeric, type BSONSymbol, type Value } from "../../../../kernel/index.ts"
import { kindOf } from "../../language/index.ts"
import { isNullish, mostCharacters } from "../evaluate.ts"
import { toNumber } from "../numbers.ts"
import { wrong, type Call } from "../operands.ts"

/** The text of a string (or the deprecated symbol); undefined for anything else. */
export function textOf(value: Value): string | undefined {
  if (typeof value === "string") return value
  return bsonTypeOf(value) === "BSONSymbol" ? (value as BSONSymbol).value : undefined
}

/** A value as text, as `$toLower`, `$substr` and others take it: null as empty, numbers and dates written out. */
export function coercedText(value: Value, { name }: Call): string {
  if (isNullish(value)) return ""
  const text = textOf(value)
  if (text !== undefined) return text
  if (isNumeric(value)) return numberText(value)
  if (value instanceof Date) return dateText(value)
  if (bsonTypeOf(value) === "Timestamp" || bsonTypeOf(value) === "Code") return String(value)
  throw wrong(name, "the value cannot be read as text", 16007)
}

/** A number as MongoDB writes it. */
export function numberText(value: Value): string {
  if (kindOf(value) !== "double") return String(value)
  const number = toNumber(value)
  if (Object.is(number, -0)) return "-0"
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity"
  // As C++ writes it: the digits that tell it apart, with an exponent below 0.0001 and from 10^16.
  const [, digits, sign, exponent] = /^(.*)e([+-])(\d+)$/.exec(number.toExponential()) as unknown as [string, string, string, string]
  return sign === "+" ? (Number(exponent) < 16 ? String(number) : `${digits}e+${exponent}`) : Number(exponent) < 5 ? String(number) : `${digits}e-${exponent.padStart(2, "0")}`
}

/** A date as ISO 8601 text with milliseconds. */
export function dateText(value: Date): string {
  return value.toISOString()
}

/** Refuses a text that no document could hold, and counts the work of making it. */
export function madeText(text: string, { name, meter }: Call): string {
  if (text.length > mostCharacters) throw wrong(name, "the result is larger than 16 MB", 34471)
  meter.spend(text.length >> 5)
  return text
}

/** Whether a text has none but one-byte characters, so that code units, code points and bytes are the same. */
export function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) return false
  return true
}

/** How many code points a text has. */
export function codePoints(text: string): number {
  let count = 0
  for (let index = 0; index < text.length; index++) if ((text.charCodeAt(index) & 0xfc00) !== 0xdc00) count += 1
  return count
}

/** The place in code units of the code point with this number, or beyond the end. */
export function unitOfCodePoint(text: string, codePoint: number): number {
  let index = 0
  for (let left = codePoint; left > 0 && index < text.length; left--) index += (text.codePointAt(index) as number) > 0xffff ? 2 : 1
  return index
}
