// Which filters restrict a request, and what they add to it (specification 12).
import { isDocument, rank, rankOf, type Document, type Value } from "../../kernel/index.ts"
import type { BoundRules } from "./bound.ts"
import { allOf, resolveFilterQuery } from "./resolve-filter-query.ts"

/** What the filters of one request add: one query, and projections applied one after the other. */
export interface AppliedFilters {
  readonly query: Document | "none"
  readonly projections: readonly Document[]
  /** Including and excluding projections meet: the request fails. */
  readonly conflict: boolean
}

/** Merges all filters that apply. A filter whose `apply_when` is absent or undetermined applies: a gap must not lift it. Throws `CallsWanted`. */
export function applyFilters(rules: BoundRules): AppliedFilters {
  const applied = rules.filters.filter(({ applyWhen }) => applyWhen === undefined || rules.decide(applyWhen) !== false)
  const projections = applied.flatMap(({ projection }) => (projection === undefined ? [] : [projection]))
  const kinds = new Set(projections.map(kindOf).filter((kind) => kind !== "neither"))
  return {
    query: allOf(applied.flatMap(({ query }) => (query === undefined ? [] : [resolveFilterQuery(query, rules)]))),
    projections,
    conflict: kinds.size > 1,
  }
}

export type ProjectionKind = "including" | "excluding" | "neither"

/** What a projection does with the fields it does not name. `_id` goes with both kinds, and so does `$slice`. */
export function kindOf(projection: Document): ProjectionKind {
  return kindOfFields(projection, Object.keys(projection).filter((field) => field !== "_id"))
}

function kindOfField(value: Value): ProjectionKind {
  if (value === false || (rankOf(value) === rank.number && Number(String(value)) === 0)) return "excluding"
  if (!isDocument(value)) return "including"
  const fields = Object.keys(value)
  if (fields.some((field) => field.startsWith("$"))) return Object.hasOwn(value, "$slice") ? "neither" : "including"
  // Fields of a field, where `_id` is a name like any other.
  return kindOfFields(value, fields)
}

function kindOfFields(projection: Document, fields: readonly string[]): ProjectionKind {
  const kinds = fields.map((field) => kindOfField(projection[field]))
  return kinds.find((kind) => kind === "excluding") ?? kinds.find((kind) => kind === "including") ?? "neither"
}
