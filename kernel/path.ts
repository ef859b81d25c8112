// The one walk along a dotted path, for queries, sorts, rules and updates alike.
import { isDocument, type Value } from "./bson.ts"

/** What stands at the end of a path; `present` is false for a missing field, whose value is then undefined. */
export type Visit = (value: Value, present: boolean) => boolean

const index = /^(?:0|[1-9]\d*)$/

/** The segments of a dotted path. An empty segment is kept; whoever accepts paths refuses it. */
export function splitPath(path: string): string[] {
  return path.split(".")
}

/** Whether a segment can be an index into a list. */
export function isIndex(segment: string): boolean {
  return index.test(segment)
}

/**
 * Walks a path as MongoDB's queries do and visits each end, until a visit returns true; returns whether one did.
 *
 * A list on the way is mapped over its documents; a numeric segment also picks the element of that index. Lists directly
 * inside lists, and scalars inside lists, are not entered and give nothing. The last value is visited as it is: a list is not opened.
 */
export function walkPath(root: Value, path: readonly string[], visit: Visit, from = 0): boolean {
  let value = root
  for (let at = from; at < path.length; at++) {
    const segment = path[at] as string
    if (Array.isArray(value)) return walkList(value as readonly Value[], path, visit, at)
    // SECURITY: own fields only; `length`, `__proto__` and `constructor` are missing unless the document holds them.
    if (!isDocument(value) || !Object.hasOwn(value, segment)) return visit(undefined, false)
    value = value[segment]
  }
  return visit(value, true)
}

function walkList(list: readonly Value[], path: readonly string[], visit: Visit, at: number): boolean {
  const segment = path[at] as string
  if (isIndex(segment) && Number(segment) < list.length && walkPath(list[Number(segment)], path, visit, at + 1)) return true
  for (const item of list) {
    if (isDocument(item) && walkPath(item, path, visit, at)) return true
  }
  return false
}
