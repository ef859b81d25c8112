// The operators a filter's query may use: those of the database, each in its place.
import { nearest } from "../expressions/index.ts"

// SOURCE: MongoDB manual, "Query and Projection Operators", with the older names that servers still read.
// Of two as near to a misspelling the first is suggested, as in expressions.
const onFields = [
  "gte", "lte", "ne", "eq", "gt", "lt", "in", "nin", "exists", "and", "or", "nor", "not", "all", "elemMatch", "size", "type", "mod", "regex", "options", "comment",
  "bitsAllClear", "bitsAllSet", "bitsAnyClear", "bitsAnySet", "geoIntersects", "geoWithin", "geoNear", "near", "nearSphere", "within", "maxDistance", "minDistance", "uniqueDocs",
]
const valueOperators = ["stringToOid", "oidToString", "stringToUuid", "uuidToString", "function"]
const besideFields = ["expr", "jsonSchema", "comment", "sampleRate", "alwaysTrue", "alwaysFalse"]
const logical = ["and", "or", "nor"]
// SOURCE: specification 12: any predicate of the database except these.
const refused = new Set(["$where", "$text", "$function", "$accumulator"])

const fieldSet = new Set(onFields)
const besideSet = new Set(besideFields.map((name) => `$${name}`))
const logicalSet = new Set(logical)

/** Whether a key is written like an operator: `$x` or `%x`, but not `%%x`. */
export function isOperator(key: string): boolean {
  return key.startsWith("$") || (key.startsWith("%") && !key.startsWith("%%"))
}

/** Whether an operator joins predicates, or conditions on a field. */
export function isLogical(key: string): boolean {
  return logicalSet.has(key.slice(1))
}

/** Whether an operator, not a logical one, stands beside fields. */
export function isBesideFields(key: string): boolean {
  return besideSet.has(key)
}

/** Whether an object is a reference to another document, which is a value, though its keys are written like operators. */
export function isReference(keys: readonly string[]): boolean {
  return keys[0] === "$ref" || keys[0] === "$id" || keys[0] === "$db"
}

/** What is wrong with an operator in a condition on a field, or undefined. Either sign serves. */
export function faultOnField(key: string): string | undefined {
  if (fieldSet.has(key.slice(1))) return undefined
  return refusal(key) ?? misspelt(key, [...onFields, ...valueOperators], (name) => (fieldSet.has(name) ? key.slice(0, 1) : "%"))
}

/** What is wrong with an operator beside fields, or undefined. */
export function faultBesideFields(key: string): string | undefined {
  if (isBesideFields(key)) return undefined
  return refusal(key) ?? misspelt(key, [...logical, ...besideFields], (name) => (logicalSet.has(name) ? key.slice(0, 1) : "$"))
}

/** Why an operator of the database may not be used, or undefined when it may. */
export function refusal(key: string): string | undefined {
  return refused.has(key) ? `\`${key}\` cannot be used in a filter` : undefined
}

function misspelt(key: string, known: readonly string[], signOf: (name: string) => string): string {
  const near = nearest(key.slice(1), known)
  return `there is no operator \`${key}\` in this place${near === undefined ? "" : `; did you mean \`${signOf(near)}${near}\`?`}`
}
