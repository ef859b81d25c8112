// Which filters restrict a request, and what they add to it (specification 12).
import type { Document } from "../../kernel/index.ts"
import type { BoundRules } from "./bound.ts"
import { allOf, resolveFilterQuery } from "./filter-query.ts"

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

/** `_id` goes with both kinds. */
export function kindOf(projection: Document): "including" | "excluding" | "neither" {
  const fields = Object.keys(projection).filter((field) => field !== "_id")
  if (fields.length === 0) return "neither"
  return fields.some((field) => projection[field] === 0 || projection[field] === false) ? "excluding" : "including"
}
