// Filters as a user meets them: what is refused when they are loaded, and which documents their queries select.
import { applyFilters, bindRules, createCallTable, defaultRuleSettings, parseRules, type AppliedFilters, type Problems } from "../../../engine/index.ts"
import type { Document } from "../../../kernel/index.ts"
import { compileFilter } from "../../../server/storage/language/index.ts"

export const user: Document = { id: "u1", custom_data: { team: "red", teams: ["red", "blue"], none: null, odd: { $ne: "" }, holed: { x: undefined } } }

/** Loads filters and merges them for the user. */
export function parse(filters: readonly unknown[]): { applied: AppliedFilters; errors: string[] } {
  const problems: Problems = { errors: [], warnings: [] }
  const rules = parseRules({ filters }, { kind: "collection", problems })
  const errors = problems.errors.map(({ code, path }) => `${code} ${path}`)
  return { errors, applied: errors.length > 0 ? { query: "none", projections: [], conflict: false } : applyFilters(bindRules(rules, { user }, createCallTable(), defaultRuleSettings)) }
}

export const documents: readonly Document[] = [
  { _id: 1, team: "red", n: 1, name: "Ana" }, { _id: 2, team: "blue", n: 2, name: "bo" }, { _id: 3, n: 3 }, { _id: 4, team: null, n: 4 }, { _id: 5, team: ["red", "x"], n: 5, list: [{ t: "red", k: 1 }, { t: "x", k: 2 }] },
]

/** The ids of the documents that a query selects. */
export function matching(query: unknown): unknown[] {
  const { applied, errors } = parse([{ name: "f", apply_when: {}, query }])
  if (errors.length > 0) throw new Error(errors.join())
  return applied.query === "none" ? [] : documents.filter(compileFilter(applied.query)).map(({ _id }) => _id)
}
