// Whether a predicate or sort may look at a path of a document (specification 8.3).
import { isDocument, isIndex, type Document, type Value } from "../../kernel/index.ts"
import type { DocumentScope } from "../expressions/index.ts"
import { entryOf, holds, type BoundEntry } from "./bound.ts"
import type { ReadDecision } from "./read.ts"

/**
 * Whether the value at a path may be tested for this user. `_id` is exempt while the document has a role. An absent field is
 * asked as missing; over a list every element must agree; a value of which only parts are readable may not be tested as a whole.
 */
export function isPathReadable(decision: ReadDecision, document: Document, path: readonly string[]): boolean {
  if (path[0] === "_id") return true
  if (decision.outcome === "hidden") return false
  if (decision.whole) return true
  const entry = entryOf(decision.role, path[0] as string)
  return entry !== undefined && grantsPath(entry, own(document, path[0] as string), { root: document, path, writeCounts: true }, 1)
}

/** The walk along a path. `writeCounts`: no entry above has a `write` that is not true, which would take those below out of account. */
interface Walk { readonly root: Document; readonly path: readonly string[]; readonly writeCounts: boolean }

function grantsPath(entry: BoundEntry, value: Value, walk: Walk, at: number): boolean {
  const { root, writeCounts } = walk
  const scope: DocumentScope = { root, prevRoot: root, this: value, prev: value }
  if (holds(entry.read, scope) || (writeCounts && holds(entry.write, scope))) return true
  if (entry.read !== undefined || entry.fields === undefined) return false
  return grantsBelow(entry.fields, value, entry.write === undefined ? walk : { ...walk, writeCounts: false }, at)
}

function grantsBelow(entries: ReadonlyMap<string, BoundEntry>, value: Value, walk: Walk, at: number): boolean {
  const segment = walk.path[at]
  // The path ends at an element: it would be tested as a whole.
  if (segment === undefined) return false
  if (Array.isArray(value)) return grantsInList(entries, value, walk, at)
  const entry = entries.get(segment)
  return entry !== undefined && grantsPath(entry, isDocument(value) ? own(value, segment) : undefined, walk, at + 1)
}

function grantsInList(entries: ReadonlyMap<string, BoundEntry>, list: readonly Value[], walk: Walk, at: number): boolean {
  const segment = walk.path[at] as string
  const documents = list.filter((item) => isDocument(item))
  if (isIndex(segment)) {
    // A number picks an element, and is also a field name of elements that have it.
    const named = documents.filter((item) => Object.hasOwn(item, segment))
    return grantsBelow(entries, list[Number(segment)], walk, at + 1) && named.every((item) => grantsBelow(entries, item, walk, at))
  }
  return documents.length === 0 ? grantsBelow(entries, undefined, walk, at) : documents.every((item) => grantsBelow(entries, item, walk, at))
}

function own(document: Document, field: string): Value {
  return Object.hasOwn(document, field) ? document[field] : undefined
}
