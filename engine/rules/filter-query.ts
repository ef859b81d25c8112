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
  | { readonly kind: "elemMatch"; readonly path: string; readonly of: FilterQuery; readonly pointer: JsonPointer }
  | { readonly kind: "literal"; readonly query: Document; readonly pointer: JsonPointer }

// SOURCE: specification 12: any predicate of the database except these.
const refusedOperators = new Set(["$where", "$text", "$function", "$accumulator"])
const literalOperators = new Set(["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists", "size", "all"])
const expressionOperators = new Set([...literalOperators, "function", "stringToOid", "oidToString", "stringToUuid", "uuidToString"])
const logicalOperators = new Set(["and", "or", "nor"])

/** Matches no document. */
const nothing: FilterQuery = { kind: "some", of: [] }

/** Parses a filter query. One with an error, which is then in `problems`, matches nothing. */
export function parseFilterQuery(raw: unknown, pointer: JsonPointer, problems: Problems): FilterQuery {
  const before = problems.errors.length
  const query = parsePredicate(raw, pointer, problems)
  return problems.errors.length > before ? nothing : query
}

function parsePredicate(raw: unknown, pointer: JsonPointer, problems: Problems): FilterQuery {
  if (!isPlainObject(raw)) return wrong("wrong-operand", pointer, "a filter's query is an object", problems)
  return { kind: "every", of: Object.keys(raw).map((key) => parseMember(key, raw[key], childPointer(pointer, key), problems)) }
}

function parseMember(key: string, value: unknown, pointer: JsonPointer, problems: Problems): FilterQuery {
  if (key.startsWith("%%")) return wrong("wrong-operand", pointer, "a key of a filter's query is a field, never an expansion", problems)
  if (!isOperator(key)) return parseField({ path: key, pointer, nots: [] }, value, problems)
  const name = key.slice(1)
  return logicalOperators.has(name) ? parseLogical(name, value, pointer, problems) : parseLiteral(key, value, pointer, problems)
}

function parseLogical(name: string, value: unknown, pointer: JsonPointer, problems: Problems): FilterQuery {
  if (!Array.isArray(value) || value.length === 0) return wrong("wrong-operand", pointer, `\`$${name}\` needs a list that is not empty`, problems)
  const of = value.map((item: unknown, index) => parsePredicate(item, childPointer(pointer, index), problems))
  if (name === "and") return { kind: "every", of }
  return name === "or" ? { kind: "some", of } : { kind: "not", of: { kind: "some", of } }
}

/** A field, at its place, and the keys of each `$not` between it and a condition on it. */
interface Field { readonly path: string; readonly pointer: JsonPointer; readonly nots: readonly string[] }

function parseField(field: Field, value: unknown, problems: Problems): FilterQuery {
  // Operators beside fields are no condition either, and reported as such.
  if (!isPlainObject(value) || Object.keys(value).length === 0 || !Object.keys(value).every(isOperator)) return parseCondition(field, value, isLiteral(value) ? value : undefined, problems)
  const pointer = field.nots.reduce(childPointer, field.pointer)
  const of: FilterQuery[] = []
  // A value of Extended JSON, such as `{"$oid": …}`, comes to stand here too.
  const rest: string[] = []
  for (const key of Object.keys(value)) {
    const name = key.slice(1)
    if (name === "not") of.push(parseNot({ ...field, nots: [...field.nots, key] }, value[key], childPointer(pointer, key), problems))
    else if (name === "elemMatch") of.push(parseElemMatch(field, value[key], childPointer(pointer, key), problems))
    else if (expressionOperators.has(name)) of.push(parseCondition(field, { [key]: value[key] }, literalOperators.has(name) && isLiteral(value[key]) ? spelled(value, [key]) : undefined, problems))
    else rest.push(key)
  }
  if (rest.length > 0) of.push(parseLiteralField(field, spelled(value, rest), pointer, problems))
  return { kind: "every", of }
}

function parseNot(field: Field, value: unknown, pointer: JsonPointer, problems: Problems): FilterQuery {
  return isPlainObject(value) ? { kind: "not", of: parseField(field, value, problems) } : wrong("wrong-operand", pointer, "`$not` needs an object", problems)
}

function parseElemMatch(field: Field, value: unknown, pointer: JsonPointer, problems: Problems): FilterQuery {
  if (!isPlainObject(value)) return wrong("wrong-operand", pointer, "`$elemMatch` needs an object", problems)
  const keys = Object.keys(value)
  const tests = keys.filter((key) => isOperator(key) && !logicalOperators.has(key.slice(1)))
  if (tests.length > 0) return tests.length < keys.length ? wrong("wrong-operand", pointer, "operators and fields are mixed", problems) : parseLiteralField(field, { $elemMatch: spelled(value, tests) }, pointer, problems)
  readAsExpression(field, null, problems)
  return { kind: "elemMatch", path: field.path, of: parsePredicate(value, pointer, problems), pointer }
}

/**
 * A condition the expression language knows. It is read as one in any case, so that its faults are found when the app is loaded.
 * `literal`: the same as the database spells it, where nothing in it hangs on the request.
 */
function parseCondition(field: Field, condition: unknown, literal: unknown, problems: Problems): FilterQuery {
  const expression = readAsExpression(field, condition, problems)
  return literal === undefined ? { kind: "leaf", expression, reverse: { kind: "not", of: expression } } : parseLiteral(field.path, literal, field.nots.reduce(childPointer, field.pointer), problems)
}

/** The expression around the field is read, so that problems stand at their places, and the `$not`s around the condition are taken off again. */
function readAsExpression({ path, pointer, nots }: Field, condition: unknown, problems: Problems): Expression {
  const raw = nots.reduceRight<unknown>((inner, key) => ({ [key]: inner }), condition)
  let expression = parseExpression({ [path]: raw }, { context: "query", pointer: pointer.slice(0, pointer.lastIndexOf("/")), problems })
  for (let depth = 0; depth < nots.length && expression.kind === "not"; depth++) expression = expression.of
  return expression
}

/** Whether nothing in a value hangs on the request. */
function isLiteral(value: unknown): boolean {
  if (typeof value === "string") return !value.startsWith("%%")
  if (Array.isArray(value)) return value.every((item: unknown) => isLiteral(item))
  return !isPlainObject(value) || Object.keys(value).every((key) => !key.startsWith("%") && isLiteral(value[key]))
}

/** Conditions on a field that only the database understands; the path is still one of the expression language. */
function parseLiteralField(field: Field, condition: Record<string, unknown>, pointer: JsonPointer, problems: Problems): FilterQuery {
  readAsExpression(field, null, problems)
  return parseLiteral(field.path, condition, pointer, problems)
}

/** What only the database understands; an expansion in it could not be replaced safely. */
function parseLiteral(key: string, value: unknown, pointer: JsonPointer, problems: Problems): FilterQuery {
  let query: Document
  try {
    query = fromEjson({ [key]: value }) as Document
  } catch (error) {
    if (error instanceof EjsonError) return wrong("wrong-operand", pointer, "the value is no Extended JSON", problems)
    throw error
  }
  const fault = faultIn(query)
  return fault === undefined ? { kind: "literal", query, pointer } : wrong(fault.code, pointer, fault.detail, problems)
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

/** Operators as the database spells them: `%eq` is another spelling of `$eq`. */
function spelled(from: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [`$${key.slice(1)}`, from[key]]))
}

function isOperator(key: string): boolean {
  return key.startsWith("$") || (key.startsWith("%") && !key.startsWith("%%"))
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function wrong(code: "wrong-operand" | "unknown-operator", pointer: JsonPointer, detail: string, problems: Problems): FilterQuery {
  problems.errors.push(new ExpressionError(code, pointer, detail))
  return nothing
}
