// SECURITY: what an update names without changing it. Field permissions are asked about the difference alone, so `$set` of a guessed
// value, `$max` of a bound or `$unset` of a parent would tell by their success what stands in parts that are neither readable nor writable.
import { getField, isDocument, isIndex, type Document, type Value } from "../../kernel/index.ts"
import { entryOf, type BoundEntry, type BoundRole } from "./bound.ts"
import type { Path } from "./predicate-paths.ts"
import type { ReadDecision } from "./read.ts"
import { isPathReadable } from "./readable-path.ts"

/** Of the paths an update names, those the user may not read whole in this document. */
export function unreadablePaths(read: ReadDecision, before: Document, paths: readonly Path[]): readonly Path[] {
  return paths.filter((path) => !isPathReadable(read, before, path))
}

/** The first of the unreadable paths that the user may not write either: the update is refused, whether it changes it or not. */
export function forbiddenPath(role: BoundRole, unreadable: readonly Path[], before: Document, after: Document): Path | undefined {
  // A document-level `write` was asked already, and speaks for every field.
  return role.write === undefined ? unreadable.find((path) => !mayWrite(role, before, after, path)) : undefined
}

/** Whether a path may be written with the value it has, by the entry that stands nearest above it. */
function mayWrite(role: BoundRole, before: Document, after: Document, [field = "", ...rest]: Path): boolean {
  let entry: BoundEntry | undefined = entryOf(role, field)
  let [prev, value] = [getField(before, field), getField(after, field)]
  for (const segment of rest) {
    if (entry?.write !== undefined) break
    // A number picks an element, of which the same entries speak.
    if (!(isIndex(segment) && (Array.isArray(prev) || Array.isArray(value)))) entry = entry?.fields?.get(segment)
    prev = below(prev, segment)
    value = below(value, segment)
  }
  return entry?.write !== undefined && entry.write.of({ root: after, prevRoot: before, prev, this: value })
}

function below(value: Value, segment: string): Value {
  if (Array.isArray(value)) return isIndex(segment) ? (value as readonly Value[])[Number(segment)] : undefined
  return isDocument(value) ? getField(value, segment) : undefined
}
