// A filter's query for one request, and how queries are joined.
import type { Document } from "../../kernel/index.ts"
import type { BoundRules } from "./bound.ts"
import type { FilterQuery } from "./filter-query.ts"
import { identical } from "./identical.ts"

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
