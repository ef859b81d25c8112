// What a filter says of single paths, for whoever plans the use of an index.
import { isDocument, rank, rankOf, type Document, type Value } from "../../../kernel/index.ts"
import { isNotANumber } from "./comparisons.ts"
import type { Condition, FilterNode, Test } from "./filter-tree.ts"
import type { LanguageOptions } from "./options.ts"
import { parseFilter } from "./parse-filter.ts"

/** One end of a range. */
export interface Bound { readonly value: Value; readonly inclusive: boolean }

/**
 * What every matching document has among its index entries (`indexEntries`) at `path`:
 * one that is equal to one of `equals`; one at or above `lower`; one at or below `upper`.
 *
 * INVARIANT: these are necessary, never sufficient: the filter is still run on each candidate. With a list at the path the
 * entries that satisfy `lower` and `upper` may be two different ones, so a scan between both ends is right only where no
 * document has more than one entry at the path. A range speaks of values of its bound's own bracket of types alone.
 */
export interface PathBounds {
  readonly path: string
  readonly equals?: readonly Value[]
  readonly lower?: Bound
  readonly upper?: Bound
}

/**
 * The bounds a filter sets on paths, one entry a path, from its top-level conditions and those under `$and`.
 *
 * Left out, because an index could miss matching documents: null and missing, lists as operands, regular expressions,
 * MinKey and MaxKey and NaN as ends, negations, `$or`, `$expr`, and conditions within `$elemMatch`.
 */
export function filterBounds(filter: Document, options: LanguageOptions = {}): PathBounds[] {
  return nodeBounds(parseFilter(filter, options))
}

/** {@link filterBounds} of a filter that is parsed already. */
export function nodeBounds(node: FilterNode): PathBounds[] {
  const byPath = new Map<string, PathBounds>()
  collect(node, byPath)
  return [...byPath.values()]
}

function collect(node: FilterNode, byPath: Map<string, PathBounds>): void {
  if (node.kind === "and") for (const part of node.of) collect(part, byPath)
  else if (node.kind === "or" && node.of.length === 1) collect(node.of[0] as FilterNode, byPath)
  else if (node.kind === "field") collectCondition(node.path, node.condition, byPath)
}

function collectCondition(path: string, condition: Condition, byPath: Map<string, PathBounds>): void {
  if (condition.kind === "every") for (const part of condition.of) collectCondition(path, part, byPath)
  if (condition.kind !== "test") return
  const before = byPath.get(path) ?? { path }
  const after = withTest(before, condition)
  if (after !== undefined) byPath.set(path, after)
}

function withTest(before: PathBounds, { operator, operand }: Test): PathBounds | undefined {
  switch (operator) {
    case "$eq": return isEntry(operand) && before.equals?.length !== 1 ? { ...before, equals: [operand] } : undefined
    case "$in": {
      const items = operand as readonly Value[]
      return items.every(isEntry) && (before.equals === undefined || before.equals.length > items.length) ? { ...before, equals: items } : undefined
    }
    case "$gt": case "$gte": return isEnd(operand) && before.lower === undefined ? { ...before, lower: { value: operand, inclusive: operator === "$gte" } } : undefined
    case "$lt": case "$lte": return isEnd(operand) && before.upper === undefined ? { ...before, upper: { value: operand, inclusive: operator === "$lte" } } : undefined
    default: return undefined
  }
}

function isEntry(value: Value): boolean {
  const bracket = rankOf(value)
  return bracket !== rank.null && bracket !== rank.missing && bracket !== rank.array && bracket !== rank.regex
}

function isEnd(value: Value): boolean {
  const bracket = rankOf(value)
  return isEntry(value) && !isDocument(value) && bracket !== rank.minKey && bracket !== rank.maxKey && !isNotANumber(value)
}
