// Keywords for numbers and strings, and those for every type.
import { compareNumbers, equalValues, fromDecimalText, rank, rankOf, type Value } from "../../kernel/index.ts"
import { typeNamesOf, typeTest } from "./bson-types.ts"
import { formatTest } from "./formats.ts"
import { readCount, readNumber, readPattern, readValue, refuse, warn, below } from "./place.ts"
import type { Check, SchemaPlace, SchemaProblemKind } from "./types.ts"

/** Reads one keyword with its neighbours at hand; undefined when it was refused or has nothing to check. */
export type ReadKeyword = (raw: unknown, place: SchemaPlace, all: Record<string, unknown>) => Check | undefined

export const scalarKeywords: Record<string, ReadKeyword> = {
  bsonType:  (raw, place) => readTypes("bsonType", raw, place),
  type:      (raw, place) => readTypes("type", raw, place),
  enum:      readEnum,
  const:     readConst,
  minimum:   (raw, place, all) => readBound(raw, place, all["exclusiveMinimum"] === true ? "number_gt" : "number_gte"),
  maximum:   (raw, place, all) => readBound(raw, place, all["exclusiveMaximum"] === true ? "number_lt" : "number_lte"),
  exclusiveMinimum: (raw, place, all) => readExclusive(raw, place, "minimum" in all, "number_gt"),
  exclusiveMaximum: (raw, place, all) => readExclusive(raw, place, "maximum" in all, "number_lt"),
  multipleOf: readMultipleOf,
  minLength: (raw, place) => readLength(raw, place, "string_gte"),
  maxLength: (raw, place) => readLength(raw, place, "string_lte"),
  pattern:   readPatternKeyword,
  format:    readFormat,
}

function readTypes(keyword: "bsonType" | "type", raw: unknown, place: SchemaPlace): Check | undefined {
  const names: unknown[] = Array.isArray(raw) ? raw : [raw]
  const tests = names.map((name, index) => {
    const at = Array.isArray(raw) ? below(place, index) : place
    const found = typeTest(keyword, name)
    if (found === undefined) refuse(at, `there is no type of that name; there are: ${typeNamesOf(keyword).join(", ")}`)
    if (found?.meant !== undefined) warn(at, "type-synonym", `\`${String(name)}\` is no type; it is read as \`${found.meant}\``)
    return found?.is
  }).filter((is) => is !== undefined)
  if (names.length === 0) return refuse(place, "at least one type is needed")
  const detail = `expected ${keyword} ${names.join(" or ")}`
  return tests.length < names.length ? undefined : (value, field, { problems }) => {
    if (!tests.some((is) => is(value))) problems.push({ field, kind: "invalid_type", detail })
  }
}

function readEnum(raw: unknown, place: SchemaPlace): Check | undefined {
  if (!Array.isArray(raw) || raw.length === 0) return refuse(place, "a list that is not empty is needed")
  const values = raw.map((item, index) => readValue(item, below(place, index)))
  return (value, field, { problems }) => {
    if (!values.some((each) => each !== undefined && equalValues(each.value, value))) problems.push({ field, kind: "enum", detail: "not one of the listed values" })
  }
}

function readConst(raw: unknown, place: SchemaPlace): Check | undefined {
  const wanted = readValue(raw, place)
  return wanted && ((value, field, { problems }) => {
    if (!equalValues(wanted.value, value)) problems.push({ field, kind: "const", detail: "not the required value" })
  })
}

type BoundKind = "number_gte" | "number_gt" | "number_lte" | "number_lt"

const within: Record<BoundKind, (order: number) => boolean> = {
  number_gte: (order) => order >= 0,
  number_gt:  (order) => order > 0,
  number_lte: (order) => order <= 0,
  number_lt:  (order) => order < 0,
}

const words: Record<BoundKind, string> = { number_gte: "at least", number_gt: "more than", number_lte: "at most", number_lt: "less than" }

function readBound(raw: unknown, place: SchemaPlace, kind: BoundKind): Check | undefined {
  const bound = readNumber(raw, place)
  if (bound === undefined) return undefined
  const detail = `must be ${words[kind]} ${String(bound)}`
  return onNumbers((value, field, { problems }) => {
    // NaN is on no side of a bound.
    const isInside = compareNumbers(value, Number.NaN) !== 0 && within[kind](compareNumbers(value, bound))
    if (!isInside) problems.push({ field, kind, detail })
  })
}

/** Draft 4 knows a boolean beside the bound; the number of later drafts is a bound by itself. */
function readExclusive(raw: unknown, place: SchemaPlace, hasBound: boolean, kind: BoundKind): Check | undefined {
  if (typeof raw !== "boolean") return readBound(raw, place, kind)
  if (!hasBound) warn(place, "no-bound", "there is no bound beside it; it has no effect")
  return undefined
}

function onNumbers(check: Check): Check {
  return (value, field, checking) => {
    if (rankOf(value) === rank.number) check(value, field, checking)
  }
}

function readMultipleOf(raw: unknown, place: SchemaPlace): Check | undefined {
  const divisor = readNumber(raw, place)
  if (divisor === undefined) return undefined
  const parts = fromDecimalText(String(divisor))
  if (typeof parts === "number" || parts.digits <= 0n) return refuse(place, "a number above 0 is needed")
  return onNumbers((value, field, { problems }) => {
    if (!isMultiple(value, parts)) problems.push({ field, kind: "multiple_of", detail: `must be a multiple of ${String(divisor)}` })
  })
}

/** By decimal digits, so that 0.3 is a multiple of 0.1. */
function isMultiple(value: Value, divisor: { readonly digits: bigint; readonly ten: number }): boolean {
  const parts = fromDecimalText(String(value))
  if (typeof parts === "number") return false
  const ten = Math.min(parts.ten, divisor.ten)
  return (parts.digits * 10n ** BigInt(parts.ten - ten)) % (divisor.digits * 10n ** BigInt(divisor.ten - ten)) === 0n
}

function onStrings(check: (text: string) => boolean, kind: SchemaProblemKind, detail: string): Check {
  return (value, field, { problems }) => {
    if (typeof value === "string" && !check(value)) problems.push({ field, kind, detail })
  }
}

function readLength(raw: unknown, place: SchemaPlace, kind: "string_gte" | "string_lte"): Check | undefined {
  const bound = readCount(raw, place)
  if (bound === undefined) return undefined
  return kind === "string_gte"
    ? onStrings((text) => characters(text) >= bound, kind, `must have at least ${bound} characters`)
    : onStrings((text) => characters(text) <= bound, kind, `must have at most ${bound} characters`)
}

/** Characters, not code units. */
function characters(text: string): number {
  let count = 0
  for (const _character of text) count += 1
  return count
}

function readPatternKeyword(raw: unknown, place: SchemaPlace): Check | undefined {
  const regex = readPattern(raw, place)
  return regex && onStrings((text) => regex.test(text) === true, "pattern", "does not match the pattern")
}

function readFormat(raw: unknown, place: SchemaPlace): Check | undefined {
  const test = typeof raw === "string" ? formatTest(raw) : undefined
  if (test === undefined) {
    warn(place, "unknown-format", "the format is not known; it is ignored")
    return undefined
  }
  return onStrings(test, "format", `is not of the format ${String(raw)}`)
}
