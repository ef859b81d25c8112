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

/** What of a difference is one of the value itself, so that no entry below it can admit it. */
export type OwnDifference = "kind" | "whole" | "order" | "length"

/** How a value differs itself, or undefined where the difference is one of what is in it. */
export function ownDifference({ was, is, prev, this: value }: Images): OwnDifference | undefined {
  // A list that grows or shrinks needs the permission of the list.
  if (Array.isArray(prev) && Array.isArray(value)) return prev.length === value.length ? undefined : "length"
  const before = was ? prev : {}
  const after = is ? value : {}
  // A parent that changes its type, or an empty document that comes or goes, is a change of the parent itself.
  if (!isDocument(before) || !isDocument(after)) return was && is ? "kind" : "whole"
  if ((!was && isEmpty(after)) || (!is && isEmpty(before))) return "whole"
  // So is a new order of the fields that stay.
  return sameOrder(before, after) ? undefined : "order"
}

function admitsBelow(entries: ReadonlyMap<string, BoundEntry>, images: Images): boolean {
  if (ownDifference(images) !== undefined) return false
  const { was, is, prev, this: value } = images
  if (Array.isArray(prev)) return admitsItems(entries, images, prev as readonly Value[], value as readonly Value[])
  // INVARIANT: neither is a list, and what is there is a document.
  const before = was ? (prev as Document) : {}
  const after = is ? (value as Document) : {}
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const inner: Images = { ...images, was: Object.hasOwn(before, field), is: Object.hasOwn(after, field), prev: getField(before, field), this: getField(after, field) }
    if (inner.was && inner.is && identical(inner.prev, inner.this)) continue
    const entry = entries.get(field)
    if (entry === undefined || !admitsDifference(entry, inner)) return false
  }
  return true
}

/** Only element documents may differ, each at its place. */
function admitsItems(entries: ReadonlyMap<string, BoundEntry>, images: Images, before: readonly Value[], after: readonly Value[]): boolean {
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
