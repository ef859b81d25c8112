// Keywords for documents.
import { isDocument, type Document } from "../../kernel/index.ts"
import type { Regex } from "../expressions/index.ts"
import { isNull } from "./bson-types.ts"
import { below, isRecord, readCount, readNames, readPattern, refuse } from "./place.ts"
import type { Check, Checking, ReadSchema, SchemaNode, SchemaPlace } from "./types.ts"

/** The keywords of documents, read. */
export interface ObjectKeywords {
  readonly properties: ReadonlyMap<string, SchemaNode>
  readonly patterns: readonly { readonly pattern: Regex; readonly node: SchemaNode }[]
  readonly additional: SchemaNode | undefined
  readonly checks: readonly Check[]
}

export const objectKeywordNames = ["properties", "patternProperties", "additionalProperties", "required", "minProperties", "maxProperties", "dependencies", "propertyNames"]

/** The path of a field of a field. */
export function fieldBelow(field: string, name: string | number): string {
  return field === "" ? String(name) : `${field}.${name}`
}

/** Reads the keywords of documents. */
export function readObjectKeywords(raw: Record<string, unknown>, place: SchemaPlace, read: ReadSchema): ObjectKeywords {
  const has = (key: string): boolean => Object.hasOwn(raw, key)
  const properties = has("properties") ? readProperties(raw["properties"], below(place, "properties"), read) : new Map<string, SchemaNode>()
  const patterns = has("patternProperties") ? readPatterns(raw["patternProperties"], below(place, "patternProperties"), read) : []
  const additional = has("additionalProperties") ? read(raw["additionalProperties"], below(place, "additionalProperties", true)) : undefined
  const required = new Set(has("required") ? readNames(raw["required"], below(place, "required")) : [])
  const isClosed = raw["additionalProperties"] === false
  const skipsNull: SkipsNull = (name, node) => !node.admitsNull && (required.has(name) || (place.nullTypes && node.isTyped))
  const checks: Check[] = []
  if (required.size > 0) checks.push(requiredCheck(required, properties))
  if (properties.size > 0) checks.push(propertiesCheck(properties, skipsNull))
  if (patterns.length > 0 || additional !== undefined) checks.push(otherPropertiesCheck({ properties, patterns, additional }, isClosed, skipsNull))
  if (has("minProperties")) checks.push(...countCheck(readCount(raw["minProperties"], below(place, "minProperties")), "array_min_properties"))
  if (has("maxProperties")) checks.push(...countCheck(readCount(raw["maxProperties"], below(place, "maxProperties")), "array_max_properties"))
  if (has("dependencies")) checks.push(...readDependencies(raw["dependencies"], below(place, "dependencies"), read))
  if (has("propertyNames")) checks.push(namesCheck(read(raw["propertyNames"], below({ ...place, mayValidate: false }, "propertyNames", true))))
  return { properties, patterns, additional, checks: checks.map(onDocuments) }
}

function onDocuments(check: Check): Check {
  return (value, field, checking) => {
    if (isDocument(value)) check(value, field, checking)
  }
}

function readProperties(raw: unknown, place: SchemaPlace, read: ReadSchema): Map<string, SchemaNode> {
  if (!isRecord(raw)) {
    refuse(place, "an object of schemas is needed")
    return new Map()
  }
  return new Map(Object.keys(raw).map((name) => [name, read(raw[name], below(place, name, true))]))
}

function readPatterns(raw: unknown, place: SchemaPlace, read: ReadSchema): { pattern: Regex; node: SchemaNode }[] {
  if (!isRecord(raw)) {
    refuse(place, "an object of schemas is needed")
    return []
  }
  return Object.keys(raw).flatMap((source) => {
    const at = below(place, source, true)
    const pattern = readPattern(source, at)
    const node = read(raw[source], at)
    return pattern === undefined ? [] : [{ pattern, node }]
  })
}

function requiredCheck(required: ReadonlySet<string>, properties: ReadonlyMap<string, SchemaNode>): Check {
  return (value, field, { problems, generatedId }) => {
    const document = value as Document
    for (const name of required) {
      const at = fieldBelow(field, name)
      if (!Object.hasOwn(document, name)) {
        if (!(generatedId && at === "_id")) problems.push({ field: at, kind: "required", detail: "is required" })
      } else if (isNull(document[name]) && properties.get(name)?.admitsNull !== true) {
        // SOURCE: a required field is never null, unless its type says so.
        problems.push({ field: at, kind: "invalid_type", detail: "a required field may not be null" })
      }
    }
  }
}

/** Whether null in a field is not for its schema: `required` has refused it, or the setting for null types admits it. */
type SkipsNull = (name: string, node: SchemaNode) => boolean

function propertiesCheck(properties: ReadonlyMap<string, SchemaNode>, skipsNull: SkipsNull): Check {
  return (value, field, checking) => {
    const document = value as Document
    for (const [name, node] of properties) {
      // SECURITY: own fields only; `properties` is a map for the same reason.
      if (!Object.hasOwn(document, name)) continue
      const inner = document[name]
      if (isNull(inner) && skipsNull(name, node)) continue
      node.check(inner, fieldBelow(field, name), checking)
    }
  }
}

function otherPropertiesCheck({ properties, patterns, additional }: Omit<ObjectKeywords, "checks">, isClosed: boolean, skipsNull: SkipsNull): Check {
  return (value, field, checking) => {
    const document = value as Document
    for (const name of Object.keys(document)) {
      const inner = document[name]
      const at = fieldBelow(field, name)
      // A name too long to be looked at counts as matching, so that nothing escapes its checks.
      const matching = patterns.filter(({ pattern }) => pattern.test(name) !== false)
      const nodes = matching.length > 0 ? matching.map(({ node }) => node) : properties.has(name) || additional === undefined || isClosed ? [] : [additional]
      for (const node of nodes) if (!(isNull(inner) && skipsNull(name, node))) node.check(inner, at, checking)
      if (!isClosed || matching.length > 0 || properties.has(name)) continue
      if (patterns.length > 0) checking.problems.push({ field: at, kind: "invalid_property_pattern", detail: "the name matches no pattern" })
      else checking.problems.push({ field: at, kind: "additional_property_not_allowed", detail: "no such property is allowed" })
    }
  }
}

function countCheck(bound: number | undefined, kind: "array_min_properties" | "array_max_properties"): Check[] {
  if (bound === undefined) return []
  const isMinimum = kind === "array_min_properties"
  return [(value, field, { problems }) => {
    const count = Object.keys(value as Document).length
    if (isMinimum ? count < bound : count > bound) problems.push({ field, kind, detail: `must have at ${isMinimum ? "least" : "most"} ${bound} properties` })
  }]
}

function readDependencies(raw: unknown, place: SchemaPlace, read: ReadSchema): Check[] {
  if (!isRecord(raw)) {
    refuse(place, "an object is needed")
    return []
  }
  return Object.keys(raw).map((name): Check => {
    const at = below({ ...place, mayValidate: false }, name, true)
    const needed = Array.isArray(raw[name]) ? (readNames(raw[name], at) ?? []) : undefined
    const node = needed === undefined ? read(raw[name], at) : undefined
    return (value, field, checking) => {
      const document = value as Document
      if (!Object.hasOwn(document, name)) return
      node?.check(value, field, checking)
      for (const other of needed ?? []) {
        if (!Object.hasOwn(document, other)) checking.problems.push({ field: fieldBelow(field, other), kind: "missing_dependency", detail: `is required beside \`${name}\`` })
      }
    }
  })
}

function namesCheck(node: SchemaNode): Check {
  return (value, field, checking) => {
    for (const name of Object.keys(value as Document)) {
      const inner: Checking = { problems: [], generatedId: checking.generatedId }
      node.check(name, fieldBelow(field, name), inner)
      if (inner.problems.length > 0) checking.problems.push({ field: fieldBelow(field, name), kind: "invalid_property_name", detail: "the name is not allowed" })
    }
  }
}
