// The names an expression may use: expansions by context, operators, and the nearest one to a misspelling.
import type { Source } from "./tree.ts"
import type { ExpressionContext } from "./types.ts"

const everywhere = ["user", "values", "environment", "request"] as const
const onDocuments = [...everywhere, "root", "prevRoot"] as const
const onFields = [...onDocuments, "this", "prev"] as const

// SOURCE: specification 2.4.
const sourcesOf: Record<ExpressionContext, readonly Source[]> = {
  role: onDocuments,
  field: onFields,
  validate: onFields,
  filter: everywhere,
  query: everywhere,
  call: [...everywhere, "args"],
}

/** The source that a bare key of a context means, or undefined where a bare key means nothing. */
export const bareSource: Partial<Record<ExpressionContext, Source>> = { role: "root", field: "root", validate: "root", query: "root", call: "args" }

const sources = new Set<string>([...onFields, "args"])

/** Whether the name is an expansion at all; `partition` existed for a kind of sync that is not offered. */
export function isExpansionName(name: string): boolean {
  return sources.has(name) || name === "true" || name === "false" || name === "partition"
}

/** The expansions that a context knows, for suggestions. */
export function expansionsIn(context: ExpressionContext): readonly string[] {
  return ["true", "false", ...sourcesOf[context]]
}

/** Whether a context knows the source. */
export function isAvailable(name: string, context: ExpressionContext): name is Source {
  return sourcesOf[context].includes(name as Source)
}

// Of two as near to a misspelling the first is suggested: `%ne` for `%neq` (specification 2.6), `$gte` for `$ge`.
const conditionOperators = [
  "gte", "lte", "ne", "eq", "gt", "lt", "in", "nin", "exists", "and", "or", "nor", "not", "all", "elemMatch", "size", "type", "mod", "regex", "options",
] as const
const valueOperators = ["stringToOid", "oidToString", "stringToUuid", "uuidToString", "function"] as const
export type ConditionOperator = (typeof conditionOperators)[number]
export type ValueOperator = (typeof valueOperators)[number]

const conditionSet = new Set<string>(conditionOperators)
const valueSet = new Set<string | undefined>(valueOperators)
const logicalOperators = ["and", "or", "nor", "not"] as const
const logicalSet = new Set<string | undefined>(logicalOperators)

/** Whether a key is written like an operator: `$x` or `%x`, but not `%%x`. */
export function looksLikeOperator(key: string): boolean {
  return key.startsWith("$") || (key.startsWith("%") && !key.startsWith("%%"))
}

/** The operator a key means, without its sign; undefined when there is none. */
export function operatorOf(key: string): ConditionOperator | ValueOperator | undefined {
  const name = key.slice(1)
  if (conditionSet.has(name)) return name as ConditionOperator
  return key.startsWith("%") && valueSet.has(name) ? (name as ValueOperator) : undefined
}

export function isValueOperator(name: string | undefined): name is ValueOperator {
  return valueSet.has(name)
}

export function isLogical(name: string | undefined): boolean {
  return logicalSet.has(name)
}

/** The operator nearest to a misspelt key, with its sign: of all, or of those that join expressions. */
export function nearestOperator(key: string, among: "all" | "logical" = "all"): string | undefined {
  const name = nearest(key.slice(1), among === "all" ? [...conditionOperators, ...valueOperators] : logicalOperators)
  return name === undefined ? undefined : `${valueSet.has(name) ? "%" : key.slice(0, 1)}${name}`
}

/** Letters that are looked at: of a name to tell how many edits are few, and of two names where they differ. */
const longest = 40

/** The nearest of some names, or undefined when none is near: at most `most` edits away. */
export function nearest(name: string, names: readonly string[], most = Math.max(1, Math.floor(Math.min(name.length, longest) / 3))): string | undefined {
  let best: string | undefined
  let least = most + 1
  for (const candidate of names) {
    const [left, right] = difference(name.toLowerCase(), candidate.toLowerCase())
    const steps = distance(left.slice(0, longest), right.slice(0, longest))
    if (steps < least) [best, least] = [candidate, steps]
  }
  return best
}

/** Two words without the beginning and the end that they share. */
function difference(left: string, right: string): readonly [string, string] {
  const shorter = Math.min(left.length, right.length)
  let start = 0
  while (start < shorter && left[start] === right[start]) start++
  let end = 0
  while (end < shorter - start && left.at(-1 - end) === right.at(-1 - end)) end++
  return [left.slice(start, left.length - end), right.slice(start, right.length - end)]
}

/** Edits between two words: insert, delete, replace, or swap neighbours. */
function distance(left: string, right: string): number {
  let before: number[] = []
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1]
      let steps = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + (same ? 0 : 1))
      if (left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) steps = Math.min(steps, (before[j - 2] as number) + 1)
      next.push(steps)
    }
    before = row
    row = next
  }
  return row[right.length] as number
}
