// Values in an expression: literals, expansions, conversions, calls, and lists and documents of those.
import { EjsonError, fromEjson, isWrapper, type Value } from "../../kernel/index.ts"
import { isValueOperator, nearestOperator, operatorOf } from "./names.ts"
import { below, describe, isRecord, isTooDeep, readExpansion, report, warn, type Place } from "./reader.ts"
import type { ConversionName, Operand } from "./tree.ts"

const undetermined: Operand = { kind: "undetermined" }

/** Reads a value. Always gives an operand: for a broken part one that is undetermined. */
export function readOperand(raw: unknown, place: Place): Operand {
  if (typeof raw === "string") return raw.startsWith("%%") ? (readExpansion(raw, place) ?? undetermined) : literal(raw)
  if (typeof raw === "number" && isInexact(raw)) warn(place, "inexact-number", "JSON gives a whole number of this size without its last digits; write `{\"$numberLong\": \"…\"}`")
  if (raw === null || typeof raw === "boolean" || typeof raw === "number") return literal(fromEjson(raw))
  if (typeof raw !== "object") {
    report(place, "wrong-operand", `${describe(raw)} is no value`)
    return undetermined
  }
  if (isTooDeep(place)) return undetermined
  if (Array.isArray(raw)) return foldList(raw.map((item, index) => readOperand(item, below(place, index, true))))
  return readObject(raw as Record<string, unknown>, place)
}

/** Whether a number may have been another one of 64 bits in the text it was read from. */
function isInexact(number: number): boolean {
  return Number.isInteger(number) && !Number.isSafeInteger(number) && Math.abs(number) <= 2 ** 63
}

function literal(value: Value): Operand {
  return { kind: "literal", value, expanded: false }
}

function readObject(raw: Record<string, unknown>, place: Place): Operand {
  if (isWrapper(raw)) return readWrapper(raw, place)
  const keys = Object.keys(raw)
  const [first = ""] = keys
  if (keys.length === 1 && isValueOperator(operatorOf(first))) return readValueOperator(first, raw[first], below(place, first))
  const stray = keys.find((key) => key.startsWith("$") || key.startsWith("%"))
  if (stray !== undefined) {
    // SOURCE: an exported app was deployed with this shape; it grants nothing (specification 2.1).
    warn(below(place, stray), "operator-in-literal", `\`${stray}\` inside a literal value is not evaluated; the test it stands in never holds`)
    return undetermined
  }
  return foldDocument(keys.map((key) => [key, readOperand(raw[key], below(place, key, true))]))
}

function readWrapper(raw: Record<string, unknown>, place: Place): Operand {
  try {
    return literal(fromEjson(raw, place.pointer))
  } catch (error) {
    if (!(error instanceof EjsonError)) throw error
    report({ ...place, pointer: error.path }, error.code === "too-deep" ? "too-deep" : "wrong-operand", "a value is not valid Extended JSON")
    return undetermined
  }
}

/** Reads the operand of a conversion or of `%function`. */
export function readValueOperator(key: string, raw: unknown, place: Place): Operand {
  const name = operatorOf(key)
  return name === "function" ? readCall(raw, place) : readConversion(name as ConversionName, raw, place)
}

function readConversion(name: ConversionName, raw: unknown, place: Place): Operand {
  if (isRecord(raw) && !isWrapper(raw)) {
    const inner = Object.keys(raw)[0]
    report(inner === undefined ? place : below(place, inner), "wrong-operand", `\`%${name}\` takes a literal or an expansion`)
    return undetermined
  }
  if (Array.isArray(raw)) {
    report(place, "wrong-operand", `\`%${name}\` takes a literal or an expansion, not a list`)
    return undetermined
  }
  return { kind: "conversion", name, of: readOperand(raw, place) }
}

function readCall(raw: unknown, place: Place): Operand {
  const call = isRecord(raw) ? raw : {}
  const name = Object.hasOwn(call, "name") ? call["name"] : undefined
  if (typeof name !== "string" || name === "") {
    report(place, "wrong-operand", "`%function` needs the name of a function")
    return undetermined
  }
  for (const key of Object.keys(call)) {
    if (key !== "name" && key !== "arguments") report(below(place, key), "wrong-operand", `\`%function\` has no \`${key}\``)
  }
  const args = Object.hasOwn(call, "arguments") ? call["arguments"] : []
  if (!Array.isArray(args)) {
    report(below(place, "arguments"), "wrong-operand", "`arguments` is no list")
    return undetermined
  }
  return { kind: "call", name, args: args.map((argument, index) => readOperand(argument, below(below(place, "arguments"), index, true))) }
}

/** A list whose items are all plain is one literal. */
function foldList(items: readonly Operand[]): Operand {
  const values: Value[] = []
  for (const item of items) {
    if (item.kind !== "literal") return { kind: "list", items }
    values.push(item.value)
  }
  return literal(values)
}

function foldDocument(fields: readonly (readonly [string, Operand])[]): Operand {
  if (fields.some(([, value]) => value.kind !== "literal")) return { kind: "document", fields }
  return literal(documentOf(fields.map(([key, value]) => [key, (value as { value: Value }).value])))
}

/** A document of these fields, `__proto__` among them. */
export function documentOf(fields: readonly (readonly [string, Value])[]): Value {
  // SECURITY: `fromEntries` defines own properties; assigning would set the prototype.
  return Object.fromEntries(fields)
}

export function misspelt(key: string, among?: "logical"): string {
  const near = nearestOperator(key, among)
  return `there is no operator \`${key}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`
}
