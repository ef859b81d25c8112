// What the database can decide of an expression (specification 15): a predicate for "true" and one for "false".
import { isDocument, isIndex, rank, rankOf, type Document, type Value } from "../../kernel/index.ts"
import type { BoundExpression, BoundNode, FixedTest, OpenTest } from "./bound.ts"
import type { MatchMode } from "./checks.ts"
import { settleCalls } from "./constant-of.ts"
import { missing } from "./resolve.ts"
import type { Source } from "./tree.ts"
import type { Pushed } from "./types.ts"

const all: Pushed = { query: {}, exact: true }
const none: Pushed = { query: "none", exact: true }
/** Admits every document; each is then judged by the predicate. */
const unsure: Pushed = { query: {}, exact: false }

/** Longer lists are left to the predicate; a query of that size is slow to send and to plan. */
const longestList = 10_000

/**
 * The part of an expression the database can decide of documents that are read: it admits at least those for which the
 * expression is true, and no others when it is `exact`. `%%prevRoot` is the document itself, as on reads.
 *
 * Calls without an answer are noted in the call table and admit everything; with the answers, ask again for a sharper query.
 */
export function toQuery(bound: BoundExpression): Pushed {
  return push(settleCalls(bound.root, bound.calls), true, "predicate")
}

/** The same where the database has the last word, as in the query of a filter: what it makes of a path is what is meant. */
export function toDatabaseQuery(bound: BoundExpression): Pushed {
  return push(settleCalls(bound.root, bound.calls), true, "database")
}

/** Who has the last word on what a path means. */
type Judge = "predicate" | "database"

/** The documents for which a node is `wanted`. */
function push(node: BoundNode, wanted: boolean, judge: Judge): Pushed {
  switch (node.kind) {
    case "constant": return node.value === wanted ? all : none
    case "every": return wanted ? pushAll(node.of.map((part) => push(part, true, judge))) : pushAny(node.of.map((part) => push(part, false, judge)))
    case "some": return wanted ? pushAny(node.of.map((part) => push(part, true, judge))) : pushAll(node.of.map((part) => push(part, false, judge)))
    case "not": return push(node.of, !wanted, judge)
    case "fixed": return pushFixed(node, wanted, judge)
    case "open": return pushOpen(node, wanted)
    case "isConstant":
    case "elemMatch": return unsure
  }
}

/** Documents that all of some predicates admit. */
export function pushAll(parts: readonly Pushed[]): Pushed {
  const queries: Document[] = []
  let exact = true
  for (const part of parts) {
    if (part.query === "none") return none
    exact &&= part.exact
    if (!isAll(part.query)) for (const query of onlyList(part.query, "$and") ?? [part.query]) queries.push(query)
  }
  if (queries.length > longestList) return unsure
  return { query: queries.length === 0 ? {} : queries.length === 1 ? (queries[0] as Document) : { $and: queries }, exact }
}

/** Documents that one of some predicates admits. */
export function pushAny(parts: readonly Pushed[]): Pushed {
  const admitting = parts.filter((part): part is Pushed & { readonly query: Document } => part.query !== "none")
  if (admitting.length === 0) return none
  const open = admitting.filter(({ query }) => isAll(query))
  if (open.length > 0) return open.some(({ exact }) => exact) ? all : unsure
  const queries = admitting.flatMap(({ query }) => onlyList(query, "$or") ?? [query])
  if (queries.length > longestList) return unsure
  return { query: queries.length === 1 ? (queries[0] as Document) : { $or: queries }, exact: admitting.every(({ exact }) => exact) }
}

/** Documents an exact predicate does not admit; everything for one that is not exact (specification 15, `N`). */
export function pushedNot(part: Pushed): Pushed {
  if (!part.exact) return unsure
  if (part.query === "none") return all
  return isAll(part.query) ? none : { query: { $nor: [part.query] }, exact: true }
}

function isAll(query: Document): boolean {
  return Object.keys(query).length === 0
}

function onlyList(query: Document, operator: "$and" | "$or"): Document[] | undefined {
  return Object.keys(query).length === 1 ? (query[operator] as Document[] | undefined) : undefined
}

/** How the database addresses a place; undefined when it cannot. */
function fieldOf(source: Source, path: readonly string[]): string | undefined {
  const reachable = (source === "root" || source === "prevRoot") && path.length > 0 && !path.some((segment) => segment.startsWith("$"))
  return reachable ? path.join(".") : undefined
}

function exactly(query: Document): Pushed {
  return { query, exact: true }
}

/** A test and its reverse, from the query for the test. */
function either(query: Document, wanted: boolean): Pushed {
  return exactly(wanted ? query : { $nor: [query] })
}

function pushFixed({ subject: { source, path }, of }: FixedTest, wanted: boolean, judge: Judge): Pushed {
  if (of.kind === "exists" && path.length === 0 && (source === "root" || source === "prevRoot")) return wanted ? all : none
  const field = fieldOf(source, path)
  if (field === undefined) return unsure
  const pushed = pushField(field, of, wanted)
  if (judge === "database" || !isIndex(path.at(-1) as string)) return pushed
  // Stores differ in whether a list that was picked by its index is opened.
  return wanted ? { ...pushed, exact: false } : unsure
}

function pushField(field: string, of: FixedTest["of"], wanted: boolean): Pushed {
  switch (of.kind) {
    case "eq": return pushEquality(field, of.value, of.mode, wanted)
    case "order": return either({ [field]: { [`$${of.operator}`]: of.value } }, wanted)
    case "in": return pushMembership(field, of.items, of.looseNull, wanted)
    case "exists": return exactly({ [field]: { $exists: wanted } })
    case "size": return either({ [field]: { $size: of.size } }, wanted)
    case "type": return wanted ? { query: { [field]: { $type: [...of.types] } }, exact: false } : unsure
    case "mod":
    case "regex": return unsure
  }
}

/** An equality as a predicate. SECURITY: the value is always an operand of `$eq`, so that no value can act as an operator. */
function pushEquality(field: string, value: Value, mode: MatchMode, wanted: boolean): Pushed {
  if (holdsUndefined(value)) return unsure
  if (mode !== "literal" && value === null) return either(presentNull(field), wanted)
  if (mode === "expanded" && Array.isArray(value)) return pushExpandedList(field, value as Value[], wanted)
  if (isPattern(value)) return wanted ? { query: { [field]: { $eq: value } }, exact: false } : unsure
  return exactly({ [field]: wanted ? { $eq: value } : { $ne: value } })
}

/** SECURITY: drivers write undefined, a BSON type of old, as null. */
function holdsUndefined(value: Value): boolean {
  if (Array.isArray(value)) return value.some(holdsUndefined)
  return value === undefined || (isDocument(value) && Object.values(value).some(holdsUndefined))
}

/** Stores differ in whether a regular expression under `$eq` is a pattern; a pattern matches itself, so that is an upper bound. */
function isPattern(value: Value): boolean {
  return rankOf(value) === rank.regex
}

/**
 * Null that is there. Over a list two ends may meet `$eq: null` and `$exists` apart, and some databases take undefined for null, so
 * the type is asked for; `$eq` stays for the index.
 */
function presentNull(field: string): Document {
  return { [field]: { $eq: null, $type: "null" } }
}

function pushExpandedList(field: string, list: readonly Value[], wanted: boolean): Pushed {
  if (list.length > longestList) return unsure
  const whole = exactly({ [field]: { $eq: [...list] } })
  const matches = pushAny([whole, pushAll([pushItems(field, list, false), exactly({ [field]: { $not: { $type: "array" } } })])])
  return wanted ? matches : pushedNot(matches)
}

function pushMembership(field: string, items: readonly Value[], looseNull: boolean, wanted: boolean): Pushed {
  if (items.length > longestList) return unsure
  if (items.length > 0 && items.every((item) => isPlain(item, looseNull))) return exactly({ [field]: { [wanted ? "$in" : "$nin"]: [...items] } })
  const matches = pushItems(field, items, looseNull)
  return wanted ? matches : pushedNot(matches)
}

/** One of some items: those that can stand in one list, and each of the others on its own. */
function pushItems(field: string, items: readonly Value[], looseNull: boolean): Pushed {
  const plain = items.filter((item) => isPlain(item, looseNull))
  const others = items.filter((item) => !isPlain(item, looseNull)).map((item) => pushEquality(field, item, "item", true))
  return pushAny(plain.length === 0 ? others : [exactly({ [field]: { $in: plain } }), ...others])
}

/**
 * Whether an item means the same in a list of `$in` or `$nin`. SECURITY: these take a regular expression for a pattern and null for a
 * missing field, and refuse documents with operators.
 */
function isPlain(item: Value, looseNull: boolean): boolean {
  return !isPattern(item) && !looksLikeOperators(item) && (item !== null || looseNull) && !holdsUndefined(item)
}

function looksLikeOperators(value: Value): boolean {
  return isDocument(value) && Object.keys(value).some((key) => key.startsWith("$"))
}

/** A known value against a field: `{"%%user.custom_data.projects": "%%root.project"}`. Everything else is judged per document. */
function pushOpen({ subject, operator, operand, mode }: OpenTest, wanted: boolean): Pushed {
  if (subject.kind !== "known" || subject.path.length > 0 || operand.kind !== "reference") return unsure
  const { value } = subject
  const field = fieldOf(operand.source, operand.path)
  if (field === undefined || operand.path.some(isIndex)) return unsure
  const single = operand.path.length === 1
  if (operator === "in") return pushKnownInField(field, value, wanted, single)
  if (operator !== "eq" || mode !== "expanded") return unsure
  // The field takes the subject's place.
  const matches = value === missing ? none : single ? pushEquality(field, value, "expanded", true) : { ...nearKnown(field, value), exact: false }
  if (wanted) return matches
  return single ? pushAll([exactly({ [field]: { $exists: true } }), pushedNot(matches)]) : unsure
}

/**
 * At least the documents where what a path gives, as a value, matches a known one. Over a list the path gives the list of its ends: it
 * equals the known list, or holds it, only if its ends are among these.
 */
function nearKnown(field: string, value: Value): Pushed {
  return Array.isArray(value) ? pushMembership(field, [...(value as Value[]), value], false, true) : pushEquality(field, value, "expanded", true)
}

/** `{"%%user.id": {"$in": "%%root.members"}}`: undetermined where the field is no list. */
function pushKnownInField(field: string, value: Value | typeof missing, wanted: boolean, single: boolean): Pushed {
  if (value === missing || value === null || Array.isArray(value) || isPattern(value) || holdsUndefined(value)) return unsure
  const holds: Document = { [field]: { $eq: value } }
  if (!single) return wanted ? { query: holds, exact: false } : unsure
  const isList: Document = { [field]: { $type: "array" } }
  return exactly(wanted ? { $and: [holds, isList] } : { $and: [isList, { $nor: [holds] }] })
}
