// Filters as a tree. What MongoDB refuses is refused here, before any document is seen.
import { isDocument, splitPath, type Document, type Value } from "../../../kernel/index.ts"
import { compileNode } from "./compile-tree.ts"
import { badRequest, unsupported } from "./errors.ts"
import type { FilterNode } from "./filter-tree.ts"
import { compileJsonSchema } from "./json-schema.ts"
import type { LanguageOptions } from "./options.ts"
import { parseCondition } from "./parse-condition.ts"

// SECURITY: a filter comes from a client; nesting beyond this is refused before it can exhaust the stack.
const maxFilterDepth = 100

/** Parses a filter. Throws `StoreError`. */
export function parseFilter(filter: Document, options: LanguageOptions, depth = 0): FilterNode {
  if (depth > maxFilterDepth) throw badRequest("Cannot read filter: it is nested too deep", 15)
  const parts: FilterNode[] = []
  for (const key of Object.keys(filter)) {
    const node = key.startsWith("$") ? parseTopOperator(key, filter[key], options, depth) : parseField(key, filter[key], options, depth)
    if (node !== undefined) parts.push(node)
  }
  return parts.length === 1 ? (parts[0] as FilterNode) : { kind: "and", of: parts }
}

function parseField(path: string, operand: Value, options: LanguageOptions, depth: number): FilterNode {
  const elementFilter = (filter: Document) => compileNode(parseFilter(filter, options, depth + 1))
  return { kind: "field", path, segments: splitPath(path), condition: parseCondition(operand, elementFilter) }
}

function parseTopOperator(operator: string, operand: Value, options: LanguageOptions, depth: number): FilterNode | undefined {
  switch (operator) {
    case "$and": return { kind: "and", of: parseList(operator, operand, options, depth) }
    case "$or": return { kind: "or", of: parseList(operator, operand, options, depth) }
    case "$nor": return { kind: "nor", of: parseList(operator, operand, options, depth) }
    case "$comment": return undefined
    case "$alwaysTrue": return { kind: "and", of: [] }
    case "$alwaysFalse": return { kind: "or", of: [] }
    case "$expr": return parseExpression(operand, options)
    case "$jsonSchema": return parseSchema(operand)
    case "$where": throw unsupported("Cannot use `$where`: JavaScript in queries is not supported")
    case "$text": throw unsupported("Cannot use `$text`: text search is not supported")
    case "$sampleRate": throw unsupported("Cannot use `$sampleRate`: it is not supported")
    default: throw badRequest(`unknown top level operator: ${operator}`)
  }
}

function parseList(operator: string, operand: Value, options: LanguageOptions, depth: number): FilterNode[] {
  if (!Array.isArray(operand) || operand.length === 0) throw badRequest(`Cannot use \`${operator}\`: its operand is no list of at least one filter`)
  return (operand as readonly Value[]).map((item) => {
    if (!isDocument(item)) throw badRequest(`Cannot use \`${operator}\`: its list holds something that is no document`)
    return parseFilter(item, options, depth + 1)
  })
}

function parseExpression(expression: Value, options: LanguageOptions): FilterNode {
  const hook = options.evaluate
  if (hook === undefined) throw unsupported("Cannot use `$expr`: aggregation expressions are not available here")
  hook.checkExpression?.(expression)
  const variables = { NOW: new Date(), ...options.variables }
  const compiled = hook.compileExpression?.(expression, variables)
  if (compiled !== undefined) return { kind: "document", operator: "$expr", test: (document) => isTruth(compiled(document)) }
  return { kind: "document", operator: "$expr", test: (document) => isTruth(hook.evaluateExpression(expression, document, variables)) }
}

/** Whether aggregation takes a value for true: neither missing, null, false nor a zero of any kind. */
export function isTruth(value: Value): boolean {
  if (value === undefined || value === null || value === false) return false
  if (typeof value === "number") return value !== 0
  if (typeof value === "object" && !isDocument(value) && !Array.isArray(value)) {
    const name = (value as { _bsontype?: string })._bsontype
    if (name === "Double" || name === "Int32" || name === "Long" || name === "Decimal128") return Number(String(value)) !== 0
  }
  return true
}

function parseSchema(schema: Value): FilterNode {
  if (!isDocument(schema)) throw badRequest("Cannot use `$jsonSchema`: its operand is no document")
  return { kind: "document", operator: "$jsonSchema", test: compileJsonSchema(schema) }
}
