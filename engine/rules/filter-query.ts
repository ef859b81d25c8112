// The query of a filter (specification 12): a predicate for the database in which values may be expansions and conversions.
// Conditions with an expansion, conversion or call in them are expressions; everything else is literal and left to the database.
import { childPointer, fromEjson, isDocument, EjsonError, type Document, type JsonPointer, type Value } from "../../kernel/index.ts"
import { ExpressionError, parseExpression, type Expression, type Problems } from "../expressions/index.ts"
import type { BoundRules } from "./bound.ts"
import { identical } from "./identical.ts"

/** A parsed filter query. `leaf` holds an expression and its reverse, `literal` what no expansion can be in. */
export type FilterQuery =
  | { readonly kind: "every" | "some"; readonly of: readonly FilterQuery[] }
  | { readonly kind: "not"; readonly of: FilterQuery }
  | { readonly kind: "leaf"; readonly expression: Expression; readonly reverse: Expression }
  | { readonly kind: "elemMatch"; readonly path: string; readonly of: FilterQuery }
  | { readonly kind: "literal"; readonly query: Document }

// SOURCE: specification 12: any predicate of the database except these.
const refusedOperators = new Set(["$where", "$text", "$function", "$accumulator"])
const literalOperators = new Set(["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists", "size", "all"])
const expressionOperators = new Set([...literalOperators, "function", "stringToOid", "oidToString", "stringToUuid", "uuidToString"])

/** Parses a filter query; undefined when it has an error, which is then in `problems`. */
export function parseFilterQuery(raw: unknown, pointer: JsonPointer, problems: Problems): FilterQuery | undefined {
  const before = problems.errors.length
  const query = parsePredicate(raw, pointer, problems)
  return problems.errors.length > before ? undefined : query
}

function parsePredicate(raw: unknown, pointer: JsonPointer, problems: Problems): FilterQuery | undefined {
  if (!isPlainObject(raw)) return wrong("wrong-operand", pointer, "a filter's query is an object", problems)
  return every(Object.keys(raw).map((key) => parseMember(key, raw[key], childPointer(pointer, key), problems)))
}

function parseMember(key: string, value: unknown, pointer: JsonPointer, problems: Problems): FilterQuery | undefined {
  if (key.startsWith("%%")) return wrong("wrong-operand", pointer, "a key of a filter's query is a field, never an expansion", problems)
  if (!key.startsWith("$") && !key.startsWith("%")) return parseField(key, value, pointer, problems)
  const name = key.slice(1)
  if (name === "and" || name === "or" || name === "nor") return parseLogical(name, value, pointer, problems)
  return parseLiteral(key, value, pointer, problems)
}

function parseLogical(name: "and" | "or" | "nor", value: unknown, pointer: JsonPointer, problems: Problems): FilterQuery | undefined {
  if (!Array.isArray(value) || value.length === 0) return wrong("wrong-operand", pointer, `\`$${name}\` needs a list that is not empty`, problems)
  const parts = value.map((item: unknown, index) => parsePredicate(item, childPointer(pointer, index), problems))
  if (name === "and") return every(parts)
  const some: FilterQuery = { kind: "some", of: known(parts) }
  return name === "or" ? some : { kind: "not", of: some }
}

function parseField(path: string, value: unknown, pointer: JsonPointer, problems: Problems): FilterQuery | undefined {
  if (!isPlainObject(value)) return leaf(path, value, pointer, problems)
  const keys = Object.keys(value)
  const operators = keys.filter((key) => isOperator(key))
  if (operators.length === 0 || isWrapper(value)) return leaf(path, value, pointer, problems)
  if (operators.length < keys.length) return wrong("wrong-operand", pointer, "operators and fields are mixed", problems)
  const expression = keys.filter((key) => expressionOperators.has(key.slice(1)))
  const parts: (FilterQuery | undefined)[] = []
  for (const key of expression) parts.push(leaf(path, { [key]: value[key] }, pointer, problems))
  const rest = keys.filter((key) => !expressionOperators.has(key.slice(1)))
  const literal = rest.filter((key) => !isNested(key))
  for (const key of rest.filter(isNested)) parts.push(parseNested(path, key.slice(1), value[key], childPointer(pointer, key), problems))
  if (literal.length > 0) parts.push(literalField(path, pick(value, literal), pointer, problems))
  return every(parts)
}

function isNested(key: string): boolean {
  return key.slice(1) === "not" || key.slice(1) === "elemMatch"
}

function parseNested(path: string, name: string, value: unknown, pointer: JsonPointer, problems: Problems): FilterQuery | undefined {
  if (!isPlainObject(value)) return wrong("wrong-operand", pointer, `\`$${name}\` needs an object`, problems)
  if (name === "not") {
    const inner = parseField(path, value, pointer, problems)
    return inner === undefined ? undefined : { kind: "not", of: inner }
  }
  if (Object.keys(value).some((key) => isOperator(key) && !["and", "or", "nor"].includes(key.slice(1)))) return literalField(path, { $elemMatch: value }, pointer, problems)
  const inner = parsePredicate(value, pointer, problems)
  return inner === undefined ? undefined : { kind: "elemMatch", path, of: inner }
}

/** A condition the expression language knows. It is read as one in any case, so that its faults are found when the app is loaded. */
function leaf(path: string, condition: unknown, pointer: JsonPointer, problems: Problems): FilterQuery | undefined {
  // The pointers of the parser are those of the member itself: the expression is the object around it.
  const parent = pointer.slice(0, pointer.lastIndexOf("/"))
  const expression = parseExpression({ [path]: condition }, { context: "query", pointer: parent, problems })
  if (isLiteral(condition)) return isPlainObject(condition) && !isWrapper(condition) && Object.keys(condition).some(isOperator) ? literalField(path, condition, pointer, problems) : parseLiteral(path, condition, pointer, problems)
  return { kind: "leaf", expression, reverse: { kind: "not", of: expression } }
}

function literalField(path: string, condition: Record<string, unknown>, pointer: JsonPointer, problems: Problems): FilterQuery | undefined {
  return parseLiteral(path, Object.fromEntries(Object.entries(condition).map(([key, value]) => [`$${key.slice(1)}`, value])), pointer, problems)
}

/** Whether nothing in a condition hangs on the request: it goes to the database as it stands. `%eq` is another spelling of `$eq`. */
function isLiteral(value: unknown, depth = 0): boolean {
  if (typeof value === "string") return !value.startsWith("%%")
  if (Array.isArray(value)) return value.every((item: unknown) => isLiteral(item, depth + 1))
  if (!isPlainObject(value)) return true
  return Object.keys(value).every((key) => (!key.startsWith("%") || (depth === 0 && literalOperators.has(key.slice(1)))) && isLiteral(value[key], depth + 1))
}

/** What only the database understands; an expansion in it could not be replaced safely. */
function parseLiteral(key: string, value: unknown, pointer: JsonPointer, problems: Problems): FilterQuery | undefined {
  let query: Document
  try {
    query = fromEjson({ [key]: value }) as Document
  } catch (error) {
    if (error instanceof EjsonError) return wrong("wrong-operand", pointer, "the value is no Extended JSON", problems)
    throw error
  }
  const fault = faultIn(query)
  return fault === undefined ? { kind: "literal", query } : wrong(fault.code, pointer, fault.detail, problems)
}

function faultIn(value: Value): { code: "unknown-operator" | "wrong-operand"; detail: string } | undefined {
  if (typeof value === "string") return value.startsWith("%%") ? { code: "wrong-operand", detail: "an expansion cannot stand here" } : undefined
  const children = Array.isArray(value) ? (value as readonly Value[]).map((item): [string, Value] => ["", item]) : isDocument(value) ? Object.entries(value) : []
  for (const [key, child] of children) {
    if (refusedOperators.has(key)) return { code: "unknown-operator", detail: `\`${key}\` cannot be used in a filter` }
    if (key.startsWith("%")) return { code: "unknown-operator", detail: `\`${key}\` is no operator of the database` }
    const fault = faultIn(child)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** The query for one request: `"none"` when no document can match. Throws {@link CallsWanted}. */
export function resolveFilterQuery(query: FilterQuery, rules: BoundRules, wanted = true): Document | "none" {
  switch (query.kind) {
    case "every": return (wanted ? allOf : oneOf)(query.of.map((part) => resolveFilterQuery(part, rules, wanted)))
    case "some": return (wanted ? oneOf : allOf)(query.of.map((part) => resolveFilterQuery(part, rules, wanted)))
    case "not": return resolveFilterQuery(query.of, rules, !wanted)
    case "literal": return wanted ? query.query : { $nor: [query.query] }
    case "leaf": {
      const pushed = rules.pushedAsFilter(wanted ? query.expression : query.reverse)
      // INVARIANT: a filter only restricts; what the database cannot decide exactly must not lift it.
      return pushed.exact ? pushed.query : "none"
    }
    case "elemMatch": return resolveElemMatch(query.path, resolveFilterQuery(query.of, rules, wanted), wanted)
  }
}

/** No item may fail to be false: `F($elemMatch: e)` is that there is no item without `F(e)`. */
function resolveElemMatch(path: string, inner: Document | "none", wanted: boolean): Document | "none" {
  if (wanted) return inner === "none" ? "none" : { [path]: { $elemMatch: inner } }
  return { $nor: [{ [path]: { $elemMatch: inner === "none" ? {} : { $nor: [inner] } } }] }
}

/** The conjunction of queries; one that matches nothing wins. */
export function allOf(queries: readonly (Document | "none")[]): Document | "none" {
  if (queries.includes("none")) return "none"
  const parts = distinct((queries as readonly Document[]).filter((query) => Object.keys(query).length > 0))
  return parts.length > 1 ? { $and: parts } : (parts[0] ?? {})
}

/** The disjunction of queries; those that match nothing are left out. */
export function oneOf(queries: readonly (Document | "none")[]): Document | "none" {
  const parts = distinct(queries.filter((query) => query !== "none"))
  if (parts.length === 0) return "none"
  if (parts.some((query) => Object.keys(query).length === 0)) return {}
  return parts.length > 1 ? { $or: parts } : (parts[0] as Document)
}

/** Lists longer than this were written out by hand and are sent as they are. */
const mostCompared = 16

/** Each query once: a gate often asks the same for reading and for writing, and a filter what a role asks. */
function distinct(queries: readonly Document[]): Document[] {
  return queries.length > mostCompared ? [...queries] : queries.filter((query, at) => !queries.slice(0, at).some((earlier) => identical(earlier, query)))
}

function every(parts: readonly (FilterQuery | undefined)[]): FilterQuery {
  const of = known(parts)
  return of.length === 1 ? (of[0] as FilterQuery) : { kind: "every", of }
}

function known(parts: readonly (FilterQuery | undefined)[]): FilterQuery[] {
  return parts.filter((part) => part !== undefined)
}

function pick(from: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, from[key]]))
}

function isOperator(key: string): boolean {
  return key.startsWith("$") || (key.startsWith("%") && !key.startsWith("%%"))
}

/** Whether the object is one Extended JSON value such as `{"$oid": …}`. */
function isWrapper(value: Record<string, unknown>): boolean {
  try {
    return !isDocument(fromEjson(value))
  } catch {
    return false
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function wrong(code: "wrong-operand" | "unknown-operator", pointer: JsonPointer, detail: string, problems: Problems): undefined {
  problems.errors.push(new ExpressionError(code, pointer, detail))
  return undefined
}
