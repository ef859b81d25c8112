// Which permissions the difference of two values needs (specification 9.3). The text of an update is never read: renames,
// removals, replacements and positional operators all show in the difference.
import { getField, isDocument, type Document, type Value } from "../../kernel/index.ts"
import type { DocumentScope } from "../expressions/index.ts"
import type { BoundEntry } from "./bound.ts"
import { identical } from "./identical.ts"

/** A field before and after; `was` and `is` tell a missing field from one that holds `undefined`. */
export interface Images {
  readonly root: Document
  readonly prevRoot: Document
  readonly was: boolean
  readonly is: boolean
  readonly prev: Value
  readonly this: Value
}

/** Whether an entry admits a difference: its own `write` alone, or the entries below it. */
export function admitsDifference(entry: BoundEntry, images: Images): boolean {
  if (entry.write !== undefined) return entry.write.of(fieldScope(images))
  return entry.fields !== undefined && admitsBelow(entry.fields, images)
}

function admitsBelow(entries: ReadonlyMap<string, BoundEntry>, images: Images): boolean {
  const { was, is, prev, this: value } = images
  if (Array.isArray(prev) && Array.isArray(value)) return admitsItems(entries, images, prev as readonly Value[], value as readonly Value[])
  const before = was ? prev : {}
  const after = is ? value : {}
  // A parent that changes its type, or an empty document that comes or goes, is a change of the parent itself.
  if (!isDocument(before) || !isDocument(after) || (!was && isEmpty(after)) || (!is && isEmpty(before))) return false
  // So is a new order of the fields that stay.
  if (!sameOrder(before, after)) return false
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const inner: Images = { ...images, was: Object.hasOwn(before, field), is: Object.hasOwn(after, field), prev: getField(before, field), this: getField(after, field) }
    if (inner.was && inner.is && identical(inner.prev, inner.this)) continue
    const entry = entries.get(field)
    if (entry === undefined || !admitsDifference(entry, inner)) return false
  }
  return true
}

/** Only element documents may differ, each at its place: a list that grows or shrinks needs the permission of the list. */
function admitsItems(entries: ReadonlyMap<string, BoundEntry>, images: Images, before: readonly Value[], after: readonly Value[]): boolean {
  if (before.length !== after.length) return false
  return before.every((item, index) => identical(item, after[index]) || admitsBelow(entries, { ...images, prev: item, this: after[index] }))
}

/** Whether an entry admits writing a whole value, as an insert or a deletion does. */
export function admitsWhole(entry: BoundEntry, value: Value, scope: DocumentScope): boolean {
  if (entry.write !== undefined) return entry.write.of(wholeScope(scope, value))
  if (entry.fields === undefined || !isDocument(value) || isEmpty(value)) return false
  const entries = entry.fields
  return Object.keys(value).every((field) => {
    const inner = entries.get(field)
    return inner !== undefined && admitsWhole(inner, value[field], scope)
  })
}

/** On a deletion the stored value stands for both; on an insert there is none before. */
function wholeScope(scope: DocumentScope, value: Value): DocumentScope {
  return scope.prevRoot === undefined ? { ...scope, this: value } : { ...scope, this: value, prev: value }
}

function fieldScope({ root, prevRoot, prev, this: value }: Images): DocumentScope {
  return { root, prevRoot, prev, this: value }
}

function sameOrder(before: Document, after: Document): boolean {
  const staying = Object.keys(before).filter((field) => Object.hasOwn(after, field))
  const arrived = Object.keys(after).filter((field) => Object.hasOwn(before, field))
  return staying.every((field, index) => field === arrived[index])
}

function isEmpty(document: Document): boolean {
  return Object.keys(document).length === 0
}
