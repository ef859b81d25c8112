// The document an upsert inserts.
import { bsonTypeOf, equalValues, isDocument, ObjectId, setField, type Document, type Value } from "../../../kernel/index.ts"
import type { Change } from "../../data/index.ts"
import { badRequest, serverCode } from "./errors.ts"
import type { Condition, FilterNode } from "./filter-tree.ts"
import type { LanguageOptions } from "./options.ts"
import { parseFilter } from "./parse-filter.ts"
import { checkReplacement, compileUpdate } from "./update.ts"

/**
 * The fields a filter fixes by equality: `{a: 1}`, `$eq`, `$in` and `$all` of one value, also under `$and` and an `$or` of one.
 * Throws `StoreError` 54 when one path is fixed twice, or above and below another.
 */
export function upsertSeed(filter: Document, options: LanguageOptions = {}): Document {
  if (hasExpression(filter)) throw badRequest("Cannot upsert: `$expr` in the filter", serverCode.queryFeatureNotAllowed)
  const fixed: Fixed[] = []
  collect(parseFilter(filter, options), fixed)
  fixed.forEach((one, index) => {
    for (const other of fixed.slice(0, index)) if (overlaps(one.segments, other.segments)) throw badRequest("Cannot upsert: the filter fixes one path twice", serverCode.notSingleValueField)
  })
  const seed: Document = {}
  for (const { segments, value } of fixed) place(seed, segments, value)
  return seed
}

interface Fixed { readonly segments: readonly string[]; readonly value: Value }

function hasExpression(filter: Document): boolean {
  return Object.keys(filter).some((key) => key === "$expr" || ((key === "$and" || key === "$or" || key === "$nor") && Array.isArray(filter[key]) &&
    (filter[key] as readonly Value[]).some((item) => isDocument(item) && hasExpression(item))))
}

function collect(node: FilterNode, fixed: Fixed[]): void {
  if (node.kind === "and" || (node.kind === "or" && node.of.length === 1)) for (const part of node.of) collect(part, fixed)
  else if (node.kind === "field") collectCondition(node.segments, node.condition, fixed)
}

function collectCondition(segments: readonly string[], condition: Condition, fixed: Fixed[]): void {
  if (condition.kind === "every") for (const part of condition.of) collectCondition(segments, part, fixed)
  if (condition.kind !== "test") return
  if (condition.operator === "$eq") fixed.push({ segments, value: condition.operand })
  if (condition.operator !== "$in") return
  const [only, ...others] = condition.operand as readonly Value[]
  // A regular expression in a list is a pattern, which fixes nothing.
  if (only !== undefined && others.length === 0 && bsonTypeOf(only) !== "BSONRegExp") fixed.push({ segments, value: only })
}

function overlaps(left: readonly string[], right: readonly string[]): boolean {
  const length = Math.min(left.length, right.length)
  return left.slice(0, length).every((segment, index) => segment === right[index])
}

function place(target: Document, [field, ...rest]: readonly string[], value: Value): void {
  const name = field as string
  if (rest.length === 0) {
    setField(target, name, value)
    return
  }
  const there = Object.hasOwn(target, name) ? target[name] : undefined
  const below: Document = isDocument(there) ? there : {}
  setField(target, name, below)
  place(below, rest, value)
}

/** What an upsert is given besides the filter and the change. */
export interface UpsertOptions extends LanguageOptions {
  readonly now: Date
  /** Makes the `_id` of a document that got none; ObjectIds by default. */
  readonly makeId?: () => Value
}

/**
 * The document an upsert inserts: what the filter fixes, changed; with an `_id`, placed first.
 * Throws `StoreError`, as for an `_id` of the filter that the change would change (66).
 */
export function upsertDocument(filter: Document, change: Change, options: UpsertOptions): Document {
  const seed = upsertSeed(filter, options)
  const changed = change.kind === "replace" ? replaceSeed(seed, change.replacement) : updateSeed(seed, filter, change, options)
  const result: Document = { _id: Object.hasOwn(changed, "_id") ? changed["_id"] : (options.makeId ?? newObjectId)() }
  for (const field of Object.keys(changed)) if (field !== "_id") setField(result, field, changed[field])
  return result
}

function newObjectId(): Value {
  return new ObjectId()
}

function updateSeed(seed: Document, filter: Document, change: Extract<Change, { kind: "update" }>, options: UpsertOptions): Document {
  const { update, arrayFilters } = change
  const first = Array.isArray(update) ? "$" : Object.keys(update)[0]
  if (first === undefined || !first.startsWith("$")) return replaceSeed(seed, update as Document)
  return compileUpdate(update, { ...options, filter, ...(arrayFilters === undefined ? {} : { arrayFilters }) })(seed, true)
}

function replaceSeed(seed: Document, replacement: Document): Document {
  checkReplacement(replacement)
  if (!Object.hasOwn(seed, "_id")) return replacement
  if (Object.hasOwn(replacement, "_id") && !equalValues(seed["_id"], replacement["_id"])) throw badRequest("Cannot upsert: `_id` would change", serverCode.immutableField)
  return { _id: seed["_id"], ...replacement }
}
