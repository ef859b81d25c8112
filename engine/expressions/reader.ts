// What the parts of the parser share: where they stand, and how they report.
import { childPointer, type JsonPointer } from "../../kernel/index.ts"
import { bareSource, expansionsIn, isAvailable, isExpansionName, nearest } from "./names.ts"
import type { Operand, Reference, Source } from "./tree.ts"
import { ExpressionError, type ExpressionContext, type ExpressionErrorCode, type Problems } from "./types.ts"

/** Levels an expression may have. */
export const maxLevels = 64
/** Segments a path may have. */
export const maxSegments = 100

/** One place in the raw expression. `bare` is what a bare key reads there. */
export interface Place {
  readonly context: ExpressionContext
  readonly problems: Problems
  readonly pointer: JsonPointer
  readonly level: number
  readonly bare: Source | undefined
}

export function startPlace(context: ExpressionContext, pointer: JsonPointer, problems: Problems): Place {
  return { context, problems, pointer, level: 1, bare: bareSource[context] }
}

/** The place below a key or an index. `deeper`: it is one level of nesting further in. */
export function below(place: Place, segment: string | number, deeper = false): Place {
  return { ...place, pointer: childPointer(place.pointer, segment), level: deeper ? place.level + 1 : place.level }
}

export function report(place: Place, code: ExpressionErrorCode, detail: string): void {
  place.problems.errors.push(new ExpressionError(code, place.pointer, detail))
}

export function warn(place: Place, code: string, message: string): void {
  place.problems.warnings.push({ code, path: place.pointer, message })
}

/** Whether the place is too deep; reports it. */
export function isTooDeep(place: Place): boolean {
  if (place.level <= maxLevels) return false
  report(place, "too-deep", `more than ${maxLevels} levels`)
  return true
}

/** Whether parsed JSON is an object with keys. */
export function isRecord(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw)
}

/** An expansion in text that begins with `%%`: a constant, a reference, or undefined when it was reported. */
export function readExpansion(text: string, place: Place): (Operand & { kind: "literal" }) | Reference | undefined {
  // SOURCE: one documented sample closes the name with two more signs.
  const dotted = text.slice(2, text.endsWith("%%") ? -2 : undefined)
  const [name = "", ...path] = dotted.split(".")
  if (!isExpansionName(name)) {
    const near = nearest(name, expansionsIn(place.context))
    report(place, "unknown-expansion", `there is no \`%%${name}\`${near === undefined ? "" : `; did you mean \`%%${near}\`?`}`)
    return undefined
  }
  if (name === "true" || name === "false") {
    if (path.length === 0) return { kind: "literal", value: name === "true", expanded: false }
    report(place, "bad-path", `\`%%${name}\` has no fields`)
    return undefined
  }
  if (!isAvailable(name, place.context)) {
    report(place, "expansion-not-available", `\`%%${name}\` is not known in this place`)
    return undefined
  }
  return checkPath(path, place) ? { kind: "reference", source: name, path } : undefined
}

/** A bare key as a reference, or undefined when it was reported. */
export function readBareKey(key: string, place: Place): Reference | undefined {
  if (place.bare === undefined) {
    report(place, "expansion-not-available", `a field name has nothing to refer to in this place; write an expansion such as \`%%user.${key}\``)
    return undefined
  }
  const path = key.split(".")
  return checkPath(path, place) ? { kind: "reference", source: place.bare, path } : undefined
}

function checkPath(path: readonly string[], place: Place): boolean {
  if (path.some((segment) => segment === "" || segment.includes("\0"))) report(place, "bad-path", "a segment of the path is empty or holds a null character")
  else if (path.length > maxSegments) report(place, "bad-path", `more than ${maxSegments} segments`)
  else return true
  return false
}

/** What kind of JSON a value is, for people; never the value itself. */
export function describe(raw: unknown): string {
  if (raw === null) return "null"
  if (Array.isArray(raw)) return "a list"
  return typeof raw === "object" ? "an object" : `a ${typeof raw}`
}
