// The other side of a join: searched by its index, or read once and kept by its values.
import { bsonTypeOf, splitPath, walkPath, type Document, type Value } from "../../../../kernel/index.ts"
import { sizeOf } from "../memory.ts"
import type { PipelineSource } from "../stage.ts"
import { valueKey } from "../value-key.ts"

// Beyond this the collection is searched again for each document, which is slow and holds nothing.
const mostKept = 64 * 1024 * 1024

type Documents = AsyncIterable<Document> | Iterable<Document>
interface Kept { readonly all: readonly Document[]; readonly byKey: ReadonlyMap<string, readonly number[]> }

export class Foreign {
  readonly #source: PipelineSource
  readonly #collection: string
  readonly #path: string | undefined
  #kept: Kept | "too large" | undefined

  constructor(source: PipelineSource, collection: string, path: string | undefined) {
    this.#source = source
    this.#collection = collection
    this.#path = path
  }

  /** All documents; kept from the first reading, as far as they are small enough. */
  async all(): Promise<Documents> {
    const kept = await this.#read()
    return kept === "too large" ? this.#source.lookup(this.#collection, {}) : kept.all
  }

  /** The documents of which a value at the path equals one of these; null is also equal to nothing being there. */
  async matching(values: readonly Value[]): Promise<Documents> {
    if (values.length === 0) return []
    const path = this.#path as string
    if (this.#source.isIndexed?.(this.#collection, path) === true) return this.#source.lookup(this.#collection, equalityFilter(path, values))
    const kept = await this.#read()
    if (kept === "too large") return this.#source.lookup(this.#collection, equalityFilter(path, values))
    const places = new Set<number>()
    for (const value of values) for (const place of kept.byKey.get(valueKey(value ?? null)) ?? []) places.add(place)
    return [...places].toSorted((left, right) => left - right).map((place) => kept.all[place] as Document)
  }

  /** What tells a document from the others of its collection. */
  identity(document: Document): string {
    return valueKey(Object.hasOwn(document, "_id") ? document["_id"] : document)
  }

  async #read(): Promise<Kept | "too large"> {
    if (this.#kept !== undefined) return this.#kept
    const all: Document[] = []
    const byKey = new Map<string, number[]>()
    const segments = this.#path === undefined ? undefined : splitPath(this.#path)
    let bytes = 0
    for await (const document of this.#source.lookup(this.#collection, {})) {
      bytes += 64 + sizeOf(document)
      if (bytes > mostKept) return (this.#kept = "too large")
      if (segments !== undefined) for (const key of joinKeys(document, segments)) enter(byKey, key, all.length)
      all.push(document)
    }
    return (this.#kept = { all, byKey })
  }
}

function enter(byKey: Map<string, number[]>, key: string, place: number): void {
  const there = byKey.get(key)
  if (there === undefined) byKey.set(key, [place])
  else there.push(place)
}

/** The keys of all values an equality at the path would find a document by. */
function joinKeys(document: Document, segments: readonly string[]): Set<string> {
  const keys = new Set<string>()
  walkPath(document, segments, (value, present, isElement) => {
    if (!present) {
      // Beyond the end of a list nothing is missing that equality with null would see, unless the index was the last word.
      keys.add("n")
      return false
    }
    if (Array.isArray(value) && !isElement) for (const item of value as readonly Value[]) keys.add(valueKey(item ?? null))
    keys.add(valueKey(value ?? null))
    return false
  })
  return keys
}

function equalityFilter(path: string, values: readonly Value[]): Document {
  // A regular expression in `$in` would be a pattern; here it is a value.
  if (values.some((value) => bsonTypeOf(value) === "BSONRegExp")) return { $or: values.map((value) => ({ [path]: { $eq: value ?? null } })) }
  return values.length === 1 ? { [path]: { $eq: values[0] ?? null } } : { [path]: { $in: values.map((value) => value ?? null) } }
}

