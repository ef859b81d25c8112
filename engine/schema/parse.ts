// Raw `schema.json` → checks. Everything is reported at load; nothing fails while a document is checked.
import { parseExpression, type Expression, type Problems } from "../expressions/index.ts"
import type { JsonPointer } from "../../kernel/index.ts"
import { arrayKeywordNames, readArrayKeywords } from "./array-keywords.ts"
import { combineKeywordNames, readCombineKeywords } from "./combine-keywords.ts"
import { childrenOf } from "./expressions.ts"
import { objectKeywordNames, readObjectKeywords } from "./object-keywords.ts"
import { below, isRecord, maxSchemaLevels, refuse, warn } from "./place.ts"
import { scalarKeywords } from "./scalar-keywords.ts"
import type { Check, Schema, SchemaNode, SchemaPlace } from "./types.ts"

export interface ParseSchemaOptions {
  readonly pointer?: JsonPointer
  readonly problems: Problems
  /** The app's setting for null types: an optional field with a type may be null. Off by default. */
  readonly nullTypes?: boolean
}

/** Keywords that say nothing about validity, or are kept for features that are not offered. */
const silent = new Set(["title", "description", "primaryKey", "$schema", "$id", "id", "$comment", "default", "examples", "definitions", "relationships"])
const others = new Set([...objectKeywordNames, ...arrayKeywordNames, ...combineKeywordNames, "validate", ...silent])

/**
 * Parses a `schema.json`. All problems are collected; a schema with errors must not be used.
 *
 * `{}` admits every document.
 */
export function parseSchema(raw: unknown, { pointer = "", problems, nullTypes = false }: ParseSchemaOptions): Schema {
  const root = readSchema(raw, { pointer, problems, nullTypes, level: 1, mayValidate: true })
  return { root, isEmpty: isRecord(raw) && Object.keys(raw).length === 0 }
}

function readSchema(raw: unknown, place: SchemaPlace): SchemaNode {
  if (typeof raw === "boolean") return raw ? readKeywords({}, place) : admitNothing(place)
  if (!isRecord(raw)) {
    refuse(place, "a schema is an object")
    return admitNothing(place)
  }
  if (place.level > maxSchemaLevels) {
    refuse(place, `more than ${maxSchemaLevels} levels`, "too-deep")
    return admitNothing(place)
  }
  return readKeywords(raw, place)
}

function admitNothing(place: SchemaPlace): SchemaNode {
  return { ...readKeywords({}, place), check: (_value, field, { problems }) => void problems.push({ field, kind: "false", detail: "nothing is allowed here" }) }
}

function readKeywords(raw: Record<string, unknown>, place: SchemaPlace): SchemaNode {
  const checks: Check[] = []
  for (const key of Object.keys(raw)) {
    const at = below(place, key)
    if (Object.hasOwn(scalarKeywords, key)) checks.push(...present(scalarKeywords[key]?.(raw[key], at, raw)))
    else if (!others.has(key)) warn(at, "unknown-keyword", `\`${key}\` is no keyword of schemas; it is ignored`)
  }
  const object = readObjectKeywords(raw, place, readSchema)
  const array = readArrayKeywords(raw, place, readSchema)
  const combined = readCombineKeywords(raw, place, readSchema)
  const validate = Object.hasOwn(raw, "validate") ? readValidate(raw["validate"], below(place, "validate")) : undefined
  const types = ["bsonType", "type"].filter((keyword) => Object.hasOwn(raw, keyword)).map((keyword) => [raw[keyword]].flat())
  return withValidate({
    check: sequence([...checks, ...object.checks, ...array.checks, ...combined.checks]),
    admitsNull: types.length > 0 && types.every((names) => names.includes("null")),
    isTyped: types.length > 0,
    validate,
    properties: object.properties, patterns: object.patterns, additional: object.additional,
    items: array.items, additionalItems: array.additionalItems, allOf: combined.allOf,
  })
}

function present(check: Check | undefined): Check[] {
  return check === undefined ? [] : [check]
}

function sequence(checks: readonly Check[]): Check {
  if (checks.length === 1) return checks[0] as Check
  return (value, field, checking) => {
    for (const check of checks) check(value, field, checking)
  }
}

function readValidate(raw: unknown, place: SchemaPlace): Expression | undefined {
  if (!place.mayValidate) return refuse(place, "`validate` stands at a property, an item or the document, not inside a schema that is only tried")
  return parseExpression(raw, { context: "validate", pointer: place.pointer, problems: place.problems })
}

function withValidate(node: Omit<SchemaNode, "hasValidate">): SchemaNode {
  return { ...node, hasValidate: node.validate !== undefined || childrenOf(node).some((child) => child.hasValidate) }
}
