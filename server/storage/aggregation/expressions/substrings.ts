// Lengths, parts and places of strings, in code points and in UTF-8 bytes.
import { isNumeric, type Value } from "../../../../kernel/index.ts"
import { truncatedInteger } from "../../language/index.ts"
import { isNullish } from "../evaluate.ts"
import { asInt32, unary, variadic, wrong, type Call, type Operator } from "../operands.ts"
import { coercedText, codePoints, isAscii, textOf, unitOfCodePoint } from "./text.ts"

const strLenCP = unary((value, { name }) => {
  const text = textOf(value)
  if (text === undefined) throw wrong(name, "the argument is no string", 34471)
  return codePoints(text)
})

const strLenBytes = unary((value, { name }) => {
  const text = textOf(value)
  if (text === undefined) throw wrong(name, "the argument is no string", 34473)
  return Buffer.byteLength(text)
})

function substringCodePoints([value, from, count]: readonly Value[], call: Call): Value {
  const text = coercedText(value, call)
  const start = asInt32(from)
  const length = asInt32(count)
  if (start === undefined) throw wrong(call.name, "the start is no integer", isNumeric(from) ? 34451 : 34450)
  if (length === undefined) throw wrong(call.name, "the length is no integer", isNumeric(count) ? 34453 : 34452)
  if (start < 0) throw wrong(call.name, "the start is negative", 34455)
  if (length < 0) throw wrong(call.name, "the length is negative", 34454)
  if (isAscii(text)) return text.slice(start, start + length)
  const begin = unitOfCodePoint(text, start)
  return text.slice(begin, begin + unitOfCodePoint(text.slice(begin, begin + 2 * length), length))
}

function substringBytes([value, from, count]: readonly Value[], call: Call): Value {
  const text = coercedText(value, call)
  if (!isNumeric(from)) throw wrong(call.name, "the start is no number", 16034)
  if (!isNumeric(count)) throw wrong(call.name, "the length is no number", 16035)
  const start = Number(truncatedInteger(from) ?? 0n)
  const length = Number(truncatedInteger(count) ?? 0n)
  if (start < 0) throw wrong(call.name, "the start is negative", 50752)
  const bytes = Buffer.from(text)
  if (start >= bytes.length) return ""
  const end = length < 0 ? bytes.length : Math.min(bytes.length, start + length)
  if (isContinuation(bytes, start)) throw wrong(call.name, "the start is inside a character", 28656)
  if (isContinuation(bytes, end)) throw wrong(call.name, "the end is inside a character", 28657)
  return bytes.toString("utf8", start, end)
}

function isContinuation(bytes: Buffer, at: number): boolean {
  return at < bytes.length && ((bytes[at] as number) & 0xc0) === 0x80
}

interface SearchRange { readonly start: number; readonly end: number | undefined }

function searchRange(values: readonly Value[], name: string): SearchRange {
  const [start, end] = [2, 3].map((index) => {
    if (values.length <= index) return undefined
    const place = asInt32(values[index])
    if (place === undefined) throw wrong(name, "a place is no integer", 40096)
    if (place < 0) throw wrong(name, "a place is negative", 40097)
    return place
  })
  return { start: start ?? 0, end }
}

function searchedTexts(values: readonly Value[], name: string, code: number): [string, string] | null {
  const text = textOf(values[0])
  if (isNullish(values[0])) return null
  if (text === undefined) throw wrong(name, "the first argument is no string", code)
  const part = textOf(values[1])
  if (part === undefined) throw wrong(name, "the second argument is no string", code + 1)
  return [text, part]
}

function indexOfCodePoints(values: readonly Value[], { name }: Call): Value {
  const texts = searchedTexts(values, name, 40093)
  if (texts === null) return null
  const [text, part] = texts
  const { start, end } = searchRange(values, name)
  if (isAscii(text)) return indexWithin(text, part, start, Math.min(text.length, end ?? text.length))
  const length = codePoints(text)
  if (start > length || (end !== undefined && end < start)) return -1
  const from = unitOfCodePoint(text, start)
  const at = indexWithin(text, part, from, unitOfCodePoint(text, end ?? length))
  return at < 0 ? -1 : codePoints(text.slice(0, at))
}

function indexWithin(text: string, part: string, start: number, end: number): number {
  if (start > end) return -1
  const at = text.slice(0, end).indexOf(part, start)
  return at < start ? -1 : at
}

function indexOfBytes(values: readonly Value[], { name }: Call): Value {
  const texts = searchedTexts(values, name, 40091)
  if (texts === null) return null
  const bytes = Buffer.from(texts[0])
  const { start, end } = searchRange(values, name)
  const last = Math.min(bytes.length, end ?? bytes.length)
  if (start > last) return -1
  const at = bytes.subarray(start, last).indexOf(texts[1])
  return at < 0 ? -1 : at + start
}

export const substringOperators: Readonly<Record<string, Operator>> = {
  $strLenCP:     strLenCP,
  $strLenBytes:  strLenBytes,
  $substrCP:     variadic(substringCodePoints, 3, 3),
  $substrBytes:  variadic(substringBytes, 3, 3),
  $substr:       variadic(substringBytes, 3, 3),
  $indexOfCP:    variadic(indexOfCodePoints, 2, 4),
  $indexOfBytes: variadic(indexOfBytes, 2, 4),
  $binarySize:   unary((value, { name }) => {
    if (isNullish(value)) return null
    const text = textOf(value)
    if (text !== undefined) return Buffer.byteLength(text)
    const binary = value as { readonly _bsontype?: string; readonly position?: number }
    if (typeof value !== "object" || Object.hasOwn(value, "_bsontype") || binary._bsontype !== "Binary") throw wrong(name, "the argument is neither string nor binary", 51276)
    return binary.position as number
  }),
}

