// Reading one object of a configuration file: each key by its type, each problem a finding at its place.
import { childPointer, getField, type Document, type JsonPointer } from "../../kernel/index.ts"
import type { FindingCode, Report, Spot } from "./findings.ts"

/** A value inside a file. */
export interface Place { readonly file: string; readonly pointer: JsonPointer; readonly value: unknown }

/** The keys of one object. Absent and `null` are the same; a value of the wrong type is reported and then counts as absent. */
export interface Fields {
  readonly at: Spot
  readonly report: Report
  has(key: string): boolean
  spot(key: string): Spot
  text(key: string): string | undefined
  flag(key: string): boolean | undefined
  number(key: string): number | undefined
  /** The places of a list's items; an absent list has none. */
  list(key: string): readonly Place[]
  texts(key: string): readonly string[]
  object(key: string): Place | undefined
  any(key: string): Place | undefined
  /** One of the given words, or undefined after a finding. */
  word<Word extends string>(key: string, words: readonly Word[]): Word | undefined
}

/** Opens an object. Undefined after a finding when it is none. Keys not in `known` give one line each. */
export function openFields(place: Place, report: Report, known: readonly string[] | undefined): Fields | undefined {
  const { value } = place
  if (!isRecord(value)) {
    report.error("wrong-type", place, `expected an object, found ${nameOfType(value)}`)
    return undefined
  }
  if (known !== undefined) {
    for (const key of Object.keys(value)) {
      if (!known.includes(key)) report.info("unknown-key", within(place, key), `nothing reads the key \`${key}\`; it is kept`)
    }
  }
  return fieldsOf(place, value, report)
}

function fieldsOf(place: Place, value: Document, report: Report): Fields {
  const spot = (key: string): Spot => within(place, key)
  const typed = <T>(key: string, test: (found: unknown) => found is T, expected: string): T | undefined => {
    const found: unknown = getField(value, key) ?? undefined
    if (found === undefined || test(found)) return found
    report.error("wrong-type", spot(key), `\`${key}\` must be ${expected}, found ${nameOfType(found)}`)
    return undefined
  }
  const text = (key: string): string | undefined => typed(key, isText, "a string")
  const list = (key: string): readonly Place[] => listItems(spot(key), typed(key, isList, "a list") ?? [])
  return {
    at: place, report, spot, text, list,
    has: (key) => (getField(value, key) ?? undefined) !== undefined,
    flag: (key) => typed(key, (found) => typeof found === "boolean", "true or false"),
    number: (key) => typed(key, (found) => typeof found === "number", "a number"),
    texts: (key) => list(key).flatMap((item) => {
      if (isText(item.value)) return [item.value]
      report.error("wrong-type", item, `\`${key}\` must hold strings, found ${nameOfType(item.value)}`)
      return []
    }),
    object: (key) => placeOf(spot(key), typed(key, isRecord, "an object")),
    any: (key) => placeOf(spot(key), getField(value, key) ?? undefined),
    word: (key, words) => {
      const found = text(key)
      if (found === undefined) return undefined
      const word = words.find((each) => each === found)
      if (word === undefined) report.error("bad-value", spot(key), `\`${key}\` is \`${found}\`; it must be one of ${words.map((each) => `\`${each}\``).join(", ")}`)
      return word
    },
  }
}

function placeOf(spot: Spot, value: unknown): Place | undefined {
  return value === undefined ? undefined : { file: spot.file, pointer: spot.pointer, value }
}

/** The spot of a key inside a place. */
export function within(place: Spot, key: string | number): Spot {
  return { file: place.file, pointer: childPointer(place.pointer, key) }
}

/** The items of a list as places. */
export function listItems(at: Spot, items: readonly unknown[]): readonly Place[] {
  return items.map((value, index) => ({ ...within(at, index), value }))
}

/** A required text: an absent or empty one is an error. */
export function requireText(fields: Fields, key: string, code: FindingCode = "missing-key"): string | undefined {
  const found = fields.text(key)
  if (found !== undefined && found !== "") return found
  if (found === "" || !fields.has(key)) fields.report.error(code, found === "" ? fields.spot(key) : fields.at, `\`${key}\` is missing`)
  return undefined
}

/** A text, with the empty one counted as absent, as exports write it. */
export function optionalText(fields: Fields, key: string): string | undefined {
  const found = fields.text(key)
  return found === "" ? undefined : found
}

export function isRecord(value: unknown): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === "string"
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function nameOfType(value: unknown): string {
  if (value === null) return "null"
  if (Array.isArray(value)) return "a list"
  return typeof value === "object" ? "an object" : typeof value === "undefined" ? "nothing" : `a ${typeof value}`
}
