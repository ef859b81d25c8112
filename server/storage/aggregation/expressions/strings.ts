// Operators that make strings of strings.
import { compareStrings, type Value } from "../../../../kernel/index.ts"
import { isNullish, mostElements } from "../evaluate.ts"
import { binary, binaryOrNull, named, unary, variadic, wrong, type Call, type Operator } from "../operands.ts"
import { coercedText, madeText, textOf } from "./text.ts"

function concat(values: readonly Value[], call: Call): Value {
  let result = ""
  for (const value of values) {
    if (isNullish(value)) return null
    const text = textOf(value)
    if (text === undefined) throw wrong(call.name, "it takes strings only", 16702)
    result += text
  }
  return madeText(result, call)
}

// SOURCE: MongoDB changes the case of ASCII letters only.
const upper = (text: string): string => text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase())
const lower = (text: string): string => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())

function split(text: Value, separator: Value, { name, meter }: Call): Value {
  const [whole, by] = [textOf(text), textOf(separator)]
  if (whole === undefined) throw wrong(name, "the first argument is no string", 40085)
  if (by === undefined) throw wrong(name, "the separator is no string", 40086)
  if (by === "") throw wrong(name, "the separator is empty", 40087)
  const parts = whole.split(by, mostElements + 1)
  if (parts.length > mostElements) throw wrong(name, "the list is too long", 17280)
  meter.spend(parts.length)
  return parts
}

type ReplaceArguments = { readonly [name in "input" | "find" | "replacement"]: Value }

function replace(isAll: boolean): Operator {
  return named(["input", "find", "replacement"], [], (values: ReplaceArguments, call) => {
    const codes = { input: 51746, find: 51745, replacement: 51744 } as const
    const texts = (["input", "find", "replacement"] as const).map((field) => {
      const text = textOf(values[field])
      if (text === undefined && !isNullish(values[field])) throw wrong(call.name, `\`${field}\` is no string`, codes[field])
      return text
    })
    const [input, find, replacement] = texts
    if (input === undefined || find === undefined || replacement === undefined) return null
    if (isAll) return replaceAll(input, find, replacement, call)
    const at = input.indexOf(find)
    return at < 0 ? input : madeText(input.slice(0, at) + replacement + input.slice(at + find.length), call)
  }, 51749)
}

function replaceAll(input: string, find: string, replacement: string, call: Call): string {
  const pieces = find === "" ? ["", ...input, ""] : input.split(find)
  // Before anything of that size is made.
  if (input.length + (pieces.length - 1) * (replacement.length - find.length) > 17_000_000) throw wrong(call.name, "the result is larger than 16 MB", 51746)
  return madeText(pieces.join(replacement), call)
}

// SOURCE: manual, "$trim": these characters are whitespace.
const whitespace = new Set("\0 \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a")

function trim(left: boolean, right: boolean): Operator {
  return named(["input"], ["chars"], (values: { readonly [name in "input" | "chars"]: Value }, call) => {
    const text = textOf(values.input)
    if (text === undefined && !isNullish(values.input)) throw wrong(call.name, "`input` is no string", 50699)
    const characters = call.has("chars") ? textOf(values.chars) : ""
    if (characters === undefined && !isNullish(values.chars)) throw wrong(call.name, "`chars` is no string", 50700)
    if (text === undefined || characters === undefined) return null
    return trimmed([...text], call.has("chars") ? new Set(characters) : whitespace, left, right)
  }, 50694)
}

function trimmed(characters: readonly string[], drop: ReadonlySet<string>, left: boolean, right: boolean): string {
  let from = 0
  let to = characters.length
  if (left) while (from < to && drop.has(characters[from] as string)) from += 1
  if (right) while (to > from && drop.has(characters[to - 1] as string)) to -= 1
  return characters.slice(from, to).join("")
}

export const stringOperators: Readonly<Record<string, Operator>> = {
  $concat:     variadic(concat),
  $toUpper:    unary((value, call) => upper(coercedText(value, call))),
  $toLower:    unary((value, call) => lower(coercedText(value, call))),
  $strcasecmp: binary((left, right, call) => Math.sign(compareStrings(upper(coercedText(left, call)), upper(coercedText(right, call))))),
  $split:      binaryOrNull(split),
  $replaceOne: replace(false),
  $replaceAll: replace(true),
  $trim:       trim(true, true),
  $ltrim:      trim(true, false),
  $rtrim:      trim(false, true),
}
