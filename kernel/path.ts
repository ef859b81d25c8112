// The one walk along a dotted path, for queries, sorts, rules and updates alike.
import { isDocument, setField, type Document, type Value } from "./bson.ts"

/**
 * What stands at the end of a path; `present` is false for a missing field, whose value is then undefined.
 * `isElement`: the last segment picked it out of a list by its index; whoever opens lists does not open this one.
 */
export type Visit = (value: Value, present: boolean, isElement: boolean) => boolean

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
 * A list on the way is mapped over its documents; a numeric segment also picks the element of that index, which is missing
 * beyond the end. Lists directly inside lists, and scalars inside lists, are not entered and give nothing. The last value is
 * visited as it is: a list is not opened.
 */
export function walkPath(root: Value, path: readonly string[], visit: Visit, from = 0): boolean {
  let value = root
  for (let at = from; at < path.length; at++) {
    const segment = path[at] as string
    if (Array.isArray(value)) return walkList(value as readonly Value[], path, visit, at)
    // SECURITY: own fields only; `length`, `__proto__` and `constructor` are missing unless the document holds them.
    if (!isDocument(value) || !Object.hasOwn(value, segment)) return visit(undefined, false, false)
    value = value[segment]
  }
  return visit(value, true, false)
}

function walkList(list: readonly Value[], path: readonly string[], visit: Visit, at: number): boolean {
  const segment = path[at] as string
  // SOURCE: cases dot-6c829e29 and dot-85c5e60c (an element picked by index is not opened), dot-26d18990 (null beyond the end).
  if (isIndex(segment)) {
    const position = Number(segment)
    if (position >= list.length) {
      if (visit(undefined, false, true)) return true
    } else if (at + 1 === path.length ? visit(list[position], true, true) : walkPath(list[position], path, visit, at + 1)) return true
  }
  for (const item of list) {
    if (isDocument(item) && walkPath(item, path, visit, at)) return true
  }
  return false
}

/** What is left of an update's description, and whether it held something of which nothing is. */
export interface ReducedDescription { readonly description: Document; readonly isEmptied: boolean }

/** The description of an update with what `leave` leaves of each path it names and of the value that was set there (true where none was). */
export function reduceDescription(description: Document, leave: (path: string, value: Value) => { readonly value: Value } | undefined): ReducedDescription {
  const reduced: Document = {}
  let had = 0
  let left = 0
  for (const part of Object.keys(description)) {
    const named = description[part]
    if (part === "updatedFields" && isDocument(named)) {
      const fields: Document = {}
      for (const path of Object.keys(named)) {
        const kept = leave(path, named[path])
        if (kept !== undefined) setField(fields, path, kept.value)
      }
      had += Object.keys(named).length
      left += Object.keys(fields).length
      reduced[part] = fields
    } else if (Array.isArray(named)) {
      const items = named as readonly Value[]
      const kept = items.filter((item) => {
        const path = isDocument(item) ? item["field"] : item
        return typeof path === "string" && leave(path, true) !== undefined
      })
      had += items.length
      left += kept.length
      reduced[part] = kept
    }
    // `disambiguatedPaths` and whatever else may come names paths too, and is not sent.
  }
  return { description: reduced, isEmptied: had > 0 && left === 0 }
}
