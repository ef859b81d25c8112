// Reading keywords: each is refused with its place when its value is of the wrong kind.
import { childPointer, EjsonError, fromEjson, rank, rankOf, type Value } from "../../kernel/index.ts"
import { compileRegex, ExpressionError, type Regex } from "../expressions/index.ts"
import type { SchemaPlace } from "./types.ts"

/** Levels a schema may have. */
export const maxSchemaLevels = 64

export function below(place: SchemaPlace, segment: string | number, deeper = false): SchemaPlace {
  return { ...place, pointer: childPointer(place.pointer, segment), level: deeper ? place.level + 1 : place.level }
}

export function refuse(place: SchemaPlace, detail: string, code: "wrong-operand" | "too-deep" = "wrong-operand"): undefined {
  place.problems.errors.push(new ExpressionError(code, place.pointer, detail))
  return undefined
}

export function warn(place: SchemaPlace, code: string, message: string): void {
  place.problems.warnings.push({ code, path: place.pointer, message })
}

export function isRecord(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw)
}

/** A number of any BSON kind. */
export function readNumber(raw: unknown, place: SchemaPlace): Value | undefined {
  const value = readValue(raw, place)
  if (value === undefined) return undefined
  return rankOf(value.value) === rank.number ? value.value : refuse(place, "a number is needed")
}

/** A whole number from 0. */
export function readCount(raw: unknown, place: SchemaPlace): number | undefined {
  const value = readNumber(raw, place)
  if (value === undefined) return undefined
  const count = Number(String(value))
  return Number.isSafeInteger(count) && count >= 0 ? count : refuse(place, "a whole number from 0 is needed")
}

export function readNames(raw: unknown, place: SchemaPlace): string[] | undefined {
  if (!Array.isArray(raw) || raw.some((name) => typeof name !== "string")) return refuse(place, "a list of names is needed")
  return raw as string[]
}

/** A value in Extended JSON, wrapped so that null and undefined can be told from a problem. */
export function readValue(raw: unknown, place: SchemaPlace): { readonly value: Value } | undefined {
  try {
    return { value: fromEjson(raw, place.pointer) }
  } catch (error) {
    if (!(error instanceof EjsonError)) throw error
    return refuse({ ...place, pointer: error.path }, "a value is not valid Extended JSON")
  }
}

export function readPattern(raw: unknown, place: SchemaPlace): Regex | undefined {
  if (typeof raw !== "string") return refuse(place, "a pattern in text is needed")
  const result = compileRegex(raw)
  return "problem" in result ? refuse(place, result.problem) : result.regex
}
