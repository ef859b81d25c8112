// The query of a filter (specification 12): a predicate for the database in which values may be expansions and conversions.
// Conditions with an expansion, conversion or call in them are expressions; everything else is literal and left to the database.
import { childPointer, fromEjson, isDocument, isWrapper, EjsonError, type Document, type JsonPointer, type Value } from "../../kernel/index.ts"
import { ExpressionError, parseCondition, type Expression, type Problems } from "../expressions/index.ts"
import { faultBesideFields, faultOnField, isBesideFields, isLogical, isOperator, isReference, refusal } from "./query-operators.ts"

/** A parsed filter query. `leaf` holds an expression and its reverse, `literal` what no expansion can be in. */
export type FilterQuery =
  | { readonly kind: "every" | "some"; readonly of: readonly FilterQuery[] }
  | { readonly kind: "not"; readonly of: FilterQuery }
  | { readonly kind: "leaf"; readonly expression: Expression; readonly reverse: Expression }
  | { readonly kind: "elemMatch"; readonly path: string; readonly of: FilterQuery; readonly pointer: JsonPointer }
  | { readonly kind: "literal"; readonly query: Document; readonly pointer: JsonPointer }

const literalOperators = new Set(["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists", "size", "all"])
const listOperators = new Set(["in", "nin", "all"])
const expressionOperators = new Set([...literalOperators, "function", "stringToOid", "oidToString", "stringToUuid", "uuidToString"])

/** Matches no document. */
const nothing: FilterQuery = { kind: "some", of: [] }

// SOURCE: MongoDB manual, "Limits and Thresholds": levels of nesting of a document, where each object and each list adds one.
const maxQueryLevels = 100

/** Parses a filter query. One with an error, which is then in `problems`, matches nothing. */
export function parseFilterQuery(raw: unknown, pointer: JsonPointer, problems: Problems): FilterQuery {
  const deep = firstBeyond(raw, maxQueryLevels, pointer)
  if (deep !== undefined) return wrong("too-deep", deep, `more than ${maxQueryLevels} levels`, problems)
  const before = problems.errors.length
  const query = parsePredicate(raw, pointer, problems)
  return problems.errors.length > before ? nothing : query
}

/** The first object or list below more than some levels. */
function firstBeyond(raw: unknown, levels: number, pointer: JsonPointer): JsonPointer | undefined {
  if (typeof raw !== "object" || raw === null) return undefined
  if (levels === 0) return pointer
  for (const key of Object.keys(raw)) {
    const deep = firstBeyond((raw as Record<string, unknown>)[key], levels - 1, childPointer(pointer, key))
    if (deep !== undefined) return deep
  }
  return undefined
}

function parsePredicate(raw: unknown, pointer: JsonPointer, problems: Problems): FilterQuery {
  if (!isPlainObject(raw)) return wrong("wrong-operand", pointer, "a filter's query is an object", problems)
  return { kind: "every", of: Object.keys(raw).map((key) => parseMember(key, raw[key], childPointer(pointer, key), problems)) }
}

function parseMember(key: string, value: unknown, pointer: JsonPointer, problems: Problems): FilterQuery {
  if (key.startsWith("%%")) return wrong("wrong-operand", pointer, "a key of a filter's query is a field, never an expansion", problems)
  if (!isOperator(key)) {
    const before = problems.errors.length
    parseCondition(key, null, { context: "query", pointer, problems })
    return problems.errors.length > before ? nothing : parseField({ path: key, pointer }, value, problems)
  }
  if (isLogical(key)) return parseLogical(key, value, pointer, problems, (item, at) => parsePredicate(item, at, problems))
  const fault = faultBesideFields(key)
  return fault === undefined ? parseLiteral(key, value, pointer, problems) : wrong("unknown-operator", pointer, fault, problems)
}

/** `parse` reads what is joined: predicates, or below a field conditions on it. */
function parseLogical(key: string, value: unknown, pointer: JsonPointer, problems: Problems, parse: (item: unknown, pointer: JsonPointer) => FilterQuery): FilterQuery {
  if (!Array.isArray(value) || value.length === 0) return wrong("wrong-operand", pointer, `\`${key}\` needs a list that is not empty`, problems)
  const of = value.map((item: unknown, index) => parse(item, childPointer(pointer, index)))
  const name = key.slice(1)
  if (name === "and") return { kind: "every", of }
  return name === "or" ? { kind: "some", of } : { kind: "not", of: { kind: "some", of } }
}

/** A field, and the place of a condition on it. */
interface Field { readonly path: string; readonly pointer: JsonPointer }

function parseField(field: Field, value: unknown, problems: Problems): FilterQuery {
  // Operators beside fields are no condition either, and reported as such.
  if (!isOperators(value)) return parseValue(field, value, problems)
  const of: FilterQuery[] = []
  const rest: string[] = []
  for (const key of Object.keys(value)) {
    const part = parseOperator(field, key, value[key], problems)
    if (part === "literal") rest.push(key)
    else of.push(part)
  }
  if (rest.length > 0) of.push(parseLiteralOperators(field, value, rest, problems))
  return { kind: "every", of }
}

/** One operator on a field; "literal": the database's own, which may belong to others beside it. */
function parseOperator(field: Field, key: string, operand: unknown, problems: Problems): FilterQuery | "literal" {
  const at: Field = { path: field.path, pointer: childPointer(field.pointer, key) }
  const parseItem = (item: unknown, pointer: JsonPointer): FilterQuery => parseField({ path: field.path, pointer }, item, problems)
  const name = key.slice(1)
  if (name === "not") return parseNot(at, operand, problems)
  if (name === "elemMatch") return parseElemMatch(at, operand, problems)
  if (isLogical(key)) return parseLogical(key, operand, at.pointer, problems, parseItem)
  if (name === "all" && isElemMatches(operand)) return { kind: "every", of: operand.map((item, index) => parseItem(item, childPointer(at.pointer, index))) }
  const nested = listOperators.has(name) && Array.isArray(operand) ? operand.findIndex((item: unknown) => isNestedOperator(item)) : -1
  if (nested !== -1) return wrong("wrong-operand", childPointer(at.pointer, nested), `\`${key}\` takes values, not operators`, problems)
  if (literalOperators.has(name) && isLiteral(operand)) return parseExpressed(field, { [key]: operand }, () => parseLiteralOperators(field, { [key]: operand }, [key], problems), problems)
  if (expressionOperators.has(name)) return parseExpressed(field, { [key]: operand }, undefined, problems)
  const fault = faultOnField(key)
  return fault === undefined ? "literal" : wrong("unknown-operator", at.pointer, fault, problems)
}

function parseNot(field: Field, value: unknown, problems: Problems): FilterQuery {
  return isPlainObject(value) ? { kind: "not", of: parseField(field, value, problems) } : wrong("wrong-operand", field.pointer, "`$not` needs an object", problems)
}

/** Items that are documents are asked by a predicate, other values by operators. */
function parseElemMatch({ path, pointer }: Field, value: unknown, problems: Problems): FilterQuery {
  if (!isPlainObject(value) || isWrapper(value)) return wrong("wrong-operand", pointer, "`$elemMatch` needs an object", problems)
  const literal = (items: Value): FilterQuery => ({ kind: "literal", query: { [path]: { $elemMatch: items } }, pointer })
  const keys = Object.keys(value)
  if (isReference(keys)) return literal(readLiteral(value, pointer, problems))
  const tests = keys.filter((key) => isOperator(key) && !isLogical(key) && !isBesideFields(key))
  if (tests.length === 0) return { kind: "elemMatch", path, of: parsePredicate(value, pointer, problems), pointer }
  if (tests.length < keys.length) return wrong("wrong-operand", pointer, "operators and fields are mixed", problems)
  const before = problems.errors.length
  // Only for its problems: what is asked of an item is asked as of a field.
  parseField({ path, pointer }, value, problems)
  return problems.errors.length > before ? nothing : literal(readOperators(value, tests, pointer, problems))
}

/** What a field is to be equal to, or a conversion or call that gives it. */
function parseValue(field: Field, value: unknown, problems: Problems): FilterQuery {
  const literal = (): FilterQuery => parseLiteral(field.path, value, field.pointer, problems)
  // The expression language has no references.
  if (isPlainObject(value) && isReference(Object.keys(value))) return literal()
  return parseExpressed(field, value, isLiteral(value) ? literal : undefined, problems)
}

/**
 * A condition the expression language knows. It is read as one in any case, so that its faults are found when the app is loaded.
 * `literal` gives the same as the database spells it, where nothing in it hangs on the request.
 */
function parseExpressed({ path, pointer }: Field, condition: unknown, literal: (() => FilterQuery) | undefined, problems: Problems): FilterQuery {
  const before = problems.errors.length
  const expression = parseCondition(path, condition, { context: "query", pointer, problems })
  if (problems.errors.length > before) return nothing
  return literal === undefined ? { kind: "leaf", expression, reverse: { kind: "not", of: expression } } : literal()
}

/** Whether nothing in a value hangs on the request. */
function isLiteral(value: unknown): boolean {
  if (typeof value === "string") return !value.startsWith("%%")
  if (Array.isArray(value)) return value.every((item: unknown) => isLiteral(item))
  return !isPlainObject(value) || Object.keys(value).every((key) => !key.startsWith("%") && isLiteral(value[key]))
}

/** Operators as the database spells them: `%eq` is another spelling of `$eq`. Those that belong together, such as a pattern and its options, are one condition. */
function parseLiteralOperators({ path, pointer }: Field, from: Record<string, unknown>, keys: readonly string[], problems: Problems): FilterQuery {
  return { kind: "literal", query: { [path]: readOperators(from, keys, pointer, problems) }, pointer }
}

function readOperators(from: Record<string, unknown>, keys: readonly string[], pointer: JsonPointer, problems: Problems): Document {
  const operators: Document = {}
  for (const key of keys) {
    const name = `$${key.slice(1)}`
    const at = childPointer(pointer, key)
    if (Object.hasOwn(operators, name)) wrong("wrong-operand", at, `\`${name}\` stands here in both spellings`, problems)
    operators[name] = readLiteral(from[key], at, problems)
  }
  return operators
}

function parseLiteral(key: string, raw: unknown, pointer: JsonPointer, problems: Problems): FilterQuery {
  return { kind: "literal", query: { [key]: readLiteral(raw, pointer, problems) }, pointer }
}

/** What only the database understands; an expansion in it could not be replaced safely. */
function readLiteral(raw: unknown, pointer: JsonPointer, problems: Problems): Value {
  try {
    const value = fromEjson(raw, pointer)
    const fault = faultIn(value, pointer)
    if (fault !== undefined) wrong(fault.code, fault.pointer, fault.detail, problems)
    return value
  } catch (error) {
    if (!(error instanceof EjsonError)) throw error
    wrong("wrong-operand", error.path, "the value is no Extended JSON", problems)
    return undefined
  }
}

interface Fault { readonly code: "unknown-operator" | "wrong-operand"; readonly pointer: JsonPointer; readonly detail: string }

function faultIn(value: Value, pointer: JsonPointer): Fault | undefined {
  if (typeof value === "string") return value.startsWith("%%") ? { code: "wrong-operand", pointer, detail: "an expansion cannot stand here" } : undefined
  const children = Array.isArray(value) ? Object.entries(value as readonly Value[]) : isDocument(value) ? Object.entries(value) : []
  for (const [key, child] of children) {
    const at = childPointer(pointer, key)
    const refused = refusal(key)
    if (refused !== undefined) return { code: "unknown-operator", pointer: at, detail: refused }
    if (key.startsWith("%")) return { code: "unknown-operator", pointer: at, detail: `\`${key}\` is no operator of the database` }
    const fault = faultIn(child, at)
    if (fault !== undefined) return fault
  }
  return undefined
}

function isOperators(value: unknown): value is Record<string, unknown> {
  if (!isPlainObject(value) || isWrapper(value)) return false
  const keys = Object.keys(value)
  return keys.length > 0 && keys.every(isOperator) && !isReference(keys)
}

function isElemMatches(operand: unknown): operand is readonly Record<string, unknown>[] {
  return Array.isArray(operand) && operand.length > 0 && operand.every((item: unknown) => isPlainObject(item) && Object.keys(item).every((key) => key === "$elemMatch" || key === "%elemMatch"))
}

/** SOURCE: MongoDB refuses every request with such a list. A conversion is a value. */
function isNestedOperator(item: unknown): boolean {
  if (!isPlainObject(item) || isWrapper(item)) return false
  const keys = Object.keys(item)
  return keys[0]?.startsWith("$") === true && !isReference(keys)
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function wrong(code: "wrong-operand" | "unknown-operator" | "too-deep", pointer: JsonPointer, detail: string, problems: Problems): FilterQuery {
  problems.errors.push(new ExpressionError(code, pointer, detail))
  return nothing
}
