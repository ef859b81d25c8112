// Which way to the documents: all of them in order of insertion, by `_id`, or by an index; from the bounds a filter sets.
import type { Document, Value } from "../../../kernel/index.ts"
import { rankOf } from "../../../kernel/index.ts"
import { StoreError } from "../../data/index.ts"
import type { PathBounds } from "../language/index.ts"
import type { CollectionInfo, IndexField, IndexInfo } from "./catalog.ts"
import { encodeKey, encodeParts, rankByte, type KeyPart } from "./keys.ts"

/** A range of keys: from `low`, up to and without `high`. */
export interface Interval { readonly low: Uint8Array; readonly high: Uint8Array }

/** `point`: the one document whose `_id` has this key. `bounded`: the paths whose bounds the intervals hold. */
export type Plan =
  | { readonly kind: "point"; readonly key: Uint8Array; readonly sorted: true }
  | { readonly kind: "natural"; readonly backwards: boolean; readonly sorted: boolean }
  | { readonly kind: "primary" | "index"; readonly index: IndexInfo | null; readonly intervals: readonly Interval[]; readonly bounded: readonly string[]; readonly backwards: boolean; readonly sorted: boolean }

export interface Wanted { readonly bounds: readonly PathBounds[]; readonly sort?: Document; readonly hint?: Document | string; readonly limited: boolean }

const aboveAll = 0xff
const mostPoints = 2000
const wholeIndex: Interval = { low: new Uint8Array(0), high: Uint8Array.of(aboveAll) }
const primaryFields: readonly IndexField[] = [{ field: "_id", path: ["_id"], descending: false }]

/**
 * Chooses a plan. `sorted` says that documents come in the order of `sort`.
 *
 * INVARIANT: a plan visits every document that matches; the filter is run on each one visited.
 */
export function choosePlan(collection: CollectionInfo, wanted: Wanted): Plan {
  if (wanted.hint !== undefined) return hintedPlan(collection, wanted, wanted.hint)
  const id = wanted.bounds.find(({ path }) => path === "_id")?.equals
  if (id?.length === 1) return { kind: "point", key: encodeKey(id[0]), sorted: true }
  const natural: Plan = { kind: "natural", backwards: false, sorted: isEmpty(wanted.sort) }
  let best: Plan = natural
  let bestScore = 0
  for (const index of [null, ...collection.indexes]) {
    const candidate = indexPlan(index, wanted, false)
    if (candidate !== undefined && candidate.score > bestScore) [best, bestScore] = [candidate.plan, candidate.score]
  }
  return best
}

function hintedPlan(collection: CollectionInfo, wanted: Wanted, hint: Document | string): Plan {
  if (typeof hint !== "string" && Object.hasOwn(hint, "$natural")) {
    const backwards = Number(hint["$natural"]) < 0
    return { kind: "natural", backwards, sorted: isEmpty(wanted.sort) }
  }
  const index = typeof hint === "string" ? collection.indexes.find(({ name }) => name === hint) : collection.indexes.find(({ keys }) => sameKeys(keys, hint))
  const primary = typeof hint === "string" ? hint === "_id_" : sameKeys({ _id: 1 }, hint)
  if (index === undefined && !primary) throw new StoreError("bad-request", "Cannot follow the hint: there is no such index", { serverCode: 2 })
  return (indexPlan(index ?? null, wanted, true) as { plan: Plan }).plan
}

/** Whether two index keys name the same fields in the same order and directions. */
export function sameKeys(left: Document, right: Document): boolean {
  const [a, b] = [Object.keys(left), Object.keys(right)]
  return a.length === b.length && a.every((field, at) => field === b[at] && Math.sign(Number(left[field])) === Math.sign(Number(right[field])))
}

/** The plan that uses one index (null: `_id`), with how much it promises; undefined if it gives neither bounds nor order. */
function indexPlan(index: IndexInfo | null, wanted: Wanted, forced: boolean): { readonly plan: Plan; readonly score: number } | undefined {
  const fields = index === null ? primaryFields : index.fields
  const multikey = index?.multikey === true
  const { points, equal, range } = boundsOf(fields, wanted.bounds, multikey)
  const order = multikey ? undefined : sortDirection(fields, equal, points.length, wanted.sort)
  const bounded = equal > 0 || range !== undefined
  if (!forced && !bounded && order === undefined) return undefined
  const sorted = isEmpty(wanted.sort) || order !== undefined
  const intervals = bounded ? intervalsOf(fields[equal], points, range) : [wholeIndex]
  const held = fields.slice(0, equal + (range === undefined ? 0 : 1)).map(({ field }) => field)
  const plan: Plan = { kind: index === null ? "primary" : "index", index, intervals, bounded: held, backwards: order === -1, sorted }
  const unique = equal === fields.length && (index === null || index.unique)
  const forOrder = order === undefined ? 0 : wanted.limited ? 6 : 2
  return { plan, score: (unique ? 1000 : 0) + equal * 10 + (range === undefined ? 0 : range.lower !== undefined && range.upper !== undefined ? 5 : 4) + forOrder }
}

interface IndexBounds { readonly points: readonly (readonly KeyPart[])[]; readonly equal: number; readonly range?: PathBounds }

/** The leading fields with equalities, as every combination of their values, and a range on the field after them. */
function boundsOf(fields: readonly IndexField[], bounds: readonly PathBounds[], multikey: boolean): IndexBounds {
  let points: readonly (readonly KeyPart[])[] = [[]]
  let equal = 0
  for (const { field, descending } of fields) {
    const bound = bounds.find(({ path }) => path === field)
    if (bound?.equals === undefined || points.length * bound.equals.length > mostPoints) {
      if (bound === undefined || (bound.lower === undefined && bound.upper === undefined)) return { points, equal }
      return { points, equal, range: usableRange(bound, multikey) }
    }
    const values = bound.equals
    points = points.flatMap((before) => values.map((value) => [...before, { value, descending }]))
    equal += 1
  }
  return { points, equal }
}

/** Among several keys of one document one may satisfy the lower end and another the upper, so only one end bounds the search. */
function usableRange(bound: PathBounds, multikey: boolean): PathBounds {
  if (!multikey || bound.lower === undefined || bound.upper === undefined) return bound
  return { path: bound.path, lower: bound.lower }
}

function intervalsOf(next: IndexField | undefined, points: readonly (readonly KeyPart[])[], range: PathBounds | undefined): Interval[] {
  const intervals = points.map((point) => {
    if (range === undefined || next === undefined) return prefixInterval(encodeParts(point))
    const low = range.lower === undefined ? bracketEdge(point, range.upper?.value, next.descending, next.descending) : edge(point, range.lower, next.descending, !range.lower.inclusive)
    const high = range.upper === undefined ? bracketEdge(point, range.lower?.value, next.descending, !next.descending) : edge(point, range.upper, next.descending, range.upper.inclusive)
    return next.descending ? { low: high, high: low } : { low, high }
  })
  return withoutRepeats(intervals.filter(({ low, high }) => Buffer.compare(low, high) < 0).toSorted((left, right) => Buffer.compare(left.low, right.low)))
}

function prefixInterval(prefix: Uint8Array): Interval {
  return { low: prefix, high: append(prefix, aboveAll) }
}

/** The place just before (or, `after`, just behind) all keys with a value; in a descending field the two change places. */
function edge(point: readonly KeyPart[], { value }: { readonly value: Value }, descending: boolean, after: boolean): Uint8Array {
  const key = encodeParts([...point, { value, descending }])
  return after === descending ? key : append(key, aboveAll)
}

/** The first (or last) place of the values that have the same bracket of types as a value. */
function bracketEdge(point: readonly KeyPart[], value: Value, descending: boolean, after: boolean): Uint8Array {
  const first = rankByte(rankOf(value))
  const byte = descending ? first ^ 0xff : first
  return append(encodeParts(point), after ? byte + 1 : byte)
}

function append(key: Uint8Array, byte: number): Uint8Array {
  const longer = new Uint8Array(key.length + 1)
  longer.set(key)
  longer[key.length] = byte
  return longer
}

function withoutRepeats(sorted: readonly Interval[]): Interval[] {
  return sorted.filter(({ low }, at) => at === 0 || Buffer.compare((sorted[at - 1] as Interval).low, low) !== 0)
}

/** Whether walking the index gives the sort: 1 forwards, -1 backwards. Fields held to one value may be left out of the sort, or stand anywhere in it. */
function sortDirection(fields: readonly IndexField[], equal: number, pointCount: number, sort: Document | undefined): 1 | -1 | undefined {
  if (sort === undefined || isEmpty(sort)) return undefined
  const fixed = new Set(pointCount === 1 ? fields.slice(0, equal).map(({ field }) => field) : [])
  const wanted = Object.keys(sort).filter((field) => !fixed.has(field))
  const given = fields.filter(({ field }) => !fixed.has(field))
  if (wanted.length === 0) return 1
  if (wanted.length > given.length) return undefined
  const directions = wanted.map((field, at) => {
    const { field: name, descending } = given[at] as IndexField
    return name === field ? Math.sign(Number(sort[field])) * (descending ? -1 : 1) : 0
  })
  const [first] = directions
  return (first === 1 || first === -1) && directions.every((each) => each === first) ? first : undefined
}

function isEmpty(sort: Document | undefined): boolean {
  return sort === undefined || Object.keys(sort).length === 0
}
