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
 * For a replacement that is its `_id` alone.
 *
 * Throws `StoreError`: 54 when one path is fixed twice, or above and below another; 111 for a part of a replacement's `_id`.
 */
export function upsertSeed(filter: Document, options: LanguageOptions = {}, isReplacement = false): Document {
  if (hasExpression(filter)) throw badRequest("Cannot upsert: `$expr` in the filter", serverCode.queryFeatureNotAllowed)
  const all: Fixed[] = []
  collect(parseFilter(filter, options), all)
  // SOURCE: the server's tests upsert_fields.js: what else the filter of a replacement says may contradict itself.
  const fixed = isReplacement ? all.filter(({ segments }) => segments[0] === "_id") : all
  if (isReplacement && fixed.some(({ segments }) => segments.length > 1)) throw badRequest("Cannot upsert: the filter fixes a part of `_id`", serverCode.notExactValueField)
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
  if (node.kind === "and") for (const part of node.of) collect(part, fixed)
  else if (node.kind === "or") collectOnly(node.of, fixed)
  else if (node.kind === "field") collectCondition(node.segments, node.condition, fixed)
}

/** An `$or` fixes what its only branch fixes, or all of its branches alike. */
function collectOnly([first, ...others]: readonly FilterNode[], fixed: Fixed[]): void {
  const alike: Fixed[] = []
  if (first !== undefined) collect(first, alike)
  const isAlike = others.every((node) => {
    const found: Fixed[] = []
    collect(node, found)
    return node.kind === "field" && first?.kind === "field" && node.path === first.path && found.length === 1 && alike.length === 1 && equalValues(found[0]?.value, alike[0]?.value)
  })
  if (isAlike) fixed.push(...alike)
}

function collectCondition(segments: readonly string[], condition: Condition, fixed: Fixed[]): void {
  if (condition.kind === "every") for (const part of condition.of) collectCondition(segments, part, fixed)
  if (condition.kind !== "test") return
  if (condition.operator === "$eq") fixed.push({ segments, value: condition.operand })
  if (condition.operator !== "$in") return
  const [only, ...others] = condition.operand as readonly Value[]
  // A regular expression in a list is a pattern, which fixes nothing.
  if (only !== undefined && others.every((other) => equalValues(other, only)) && bsonTypeOf(only) !== "BSONRegExp") fixed.push({ segments, value: only })
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
  const replacement = replacementOf(change)
  const seed = upsertSeed(filter, options, replacement !== undefined)
  const changed = replacement === undefined ? updateSeed(seed, filter, change as Extract<Change, { kind: "update" }>, options) : replaceSeed(seed, replacement)
  const result: Document = { _id: Object.hasOwn(changed, "_id") ? changed["_id"] : (options.makeId ?? newObjectId)() }
  for (const field of Object.keys(changed)) if (field !== "_id") setField(result, field, changed[field])
  return result
}

function newObjectId(): Value {
  return new ObjectId()
}

/** An update whose first field is no operator is a replacement. */
function replacementOf(change: Change): Document | undefined {
  if (change.kind === "replace") return change.replacement
  const { update } = change
  return Array.isArray(update) || Object.keys(update)[0]?.startsWith("$") === true ? undefined : (update as Document)
}

function updateSeed(seed: Document, filter: Document, { update, arrayFilters }: Extract<Change, { kind: "update" }>, options: UpsertOptions): Document {
  return compileUpdate(update, { ...options, filter, ...(arrayFilters === undefined ? {} : { arrayFilters }) })(seed, true)
}

function replaceSeed(seed: Document, replacement: Document): Document {
  checkReplacement(replacement)
  if (!Object.hasOwn(seed, "_id")) return replacement
  if (Object.hasOwn(replacement, "_id") && !equalValues(seed["_id"], replacement["_id"])) throw badRequest("Cannot upsert: `_id` would change", serverCode.immutableField)
  return { _id: seed["_id"], ...replacement }
}
