// The keys at which a document stands in a secondary index.
import { isDocument, walkPath, type Document, type Value } from "../../../kernel/index.ts"
import { StoreError } from "../../data/index.ts"
import type { IndexField, IndexInfo } from "./catalog.ts"
import { encodeParts, type KeyPart } from "./keys.ts"

/** Last byte of an entry's key: the value stands in the document itself; it was reached through a list; it is such a list as a whole. */
export const entryTail = { direct: 0, throughList: 1, wholeList: 2 } as const

export interface Entries {
  readonly keys: readonly Uint8Array[]
  readonly multikey: boolean
}

interface Found { readonly value: Value; readonly tail: number }

/**
 * The keys of a document in an index: one, or several where a list is at or on the way to a field.
 *
 * INVARIANT: each value a query may compare (missing as null, every element, and the list itself) has a key, so a search by key
 * finds all documents that match a value other than null; what it finds beyond them the filter drops.
 */
export function entriesOf(index: IndexInfo, document: Document): Entries {
  const fields = index.fields.map(({ path }) => valuesAt(document, path))
  const open = fields.flatMap(({ list }) => (list === undefined ? [] : [list]))
  if (open.length === 0) return { keys: [entryKey(index, fields.map(({ found }) => found[0] as Found), entryTail.direct)], multikey: false }
  if (open.some((list) => list.at !== open[0]?.at || list.items !== open[0]?.items)) {
    throw new StoreError("document-invalid", `Cannot index a document in \`${index.name}\`: two of the indexed fields are lists`, { serverCode: 171 })
  }
  const keys = new Map<string, Uint8Array>()
  const add = (found: readonly (readonly Found[])[], least: number): void => {
    for (const parts of combinations(found)) {
      const key = entryKey(index, parts, Math.max(least, ...parts.map(({ tail }) => tail)))
      keys.set(keyText(key), key)
    }
  }
  const all = fields.map(({ found }) => found)
  if (open.length === 1) add(all, entryTail.throughList)
  else {
    // Several fields of one list of documents: what counts as a key is what stands in one element; a query may find its values in different ones.
    add(all, entryTail.wholeList)
    const { items, at } = open[0] as OpenList
    for (const item of items) add(fields.map(({ found, list }, field) => (list === undefined ? found : valuesThroughLists(item, (index.fields[field] as IndexField).path.slice(at)))), entryTail.throughList)
  }
  return { keys: [...keys.values()], multikey: true }
}

/** A key as text: equal for equal bytes. */
export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1")
}

/** The keys of other documents that would break uniqueness beside this one; null for a key that does not count. */
export function rivalKeys(key: Uint8Array): readonly [Uint8Array, Uint8Array] | null {
  if (key[key.length - 1] === entryTail.wholeList) return null
  // Copies: `slice` of a Buffer shares its memory, and the key itself would change.
  const [direct, through] = [new Uint8Array(key), new Uint8Array(key)]
  direct[key.length - 1] = entryTail.direct
  through[key.length - 1] = entryTail.throughList
  return [direct, through]
}

function entryKey(index: IndexInfo, parts: readonly Found[], tail: number): Uint8Array {
  return encodeParts(parts.map(({ value }, at): KeyPart => ({ value, descending: index.fields[at]?.descending === true })), tail)
}

/** The first list on a path, and how many segments lead to it. */
interface OpenList { readonly items: readonly Value[]; readonly at: number }

function valuesAt(document: Document, path: readonly string[]): { readonly found: readonly Found[]; readonly list?: OpenList } {
  let value: Value = document
  let at = 0
  for (; at < path.length; at++) {
    const segment = path[at] as string
    if (Array.isArray(value)) break
    if (!isDocument(value) || !Object.hasOwn(value, segment)) return { found: [{ value: null, tail: entryTail.direct }] }
    value = value[segment]
  }
  if (Array.isArray(value)) return { found: valuesThroughLists(document, path), list: { items: value, at } }
  return { found: [{ value: value ?? null, tail: entryTail.direct }] }
}

function valuesThroughLists(root: Value, path: readonly string[]): Found[] {
  const found: Found[] = []
  walkPath(root, path, (value) => {
    if (Array.isArray(value)) {
      for (const item of value as Value[]) found.push({ value: item ?? null, tail: entryTail.throughList })
      // An empty list counts for uniqueness, as one value that no other is equal to.
      if (value.length === 0) found.push({ value: undefined, tail: entryTail.throughList })
      found.push({ value, tail: entryTail.wholeList })
    } else found.push({ value: value ?? null, tail: entryTail.throughList })
    return false
  })
  if (found.length === 0) found.push({ value: null, tail: entryTail.throughList })
  return found
}

function* combinations(fields: readonly (readonly Found[])[]): Generator<Found[]> {
  const [first, ...rest] = fields
  if (first === undefined) {
    yield []
    return
  }
  for (const value of first) for (const others of combinations(rest)) yield [value, ...others]
}
