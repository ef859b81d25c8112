// `distinct`: the values at a path of documents that come one after another.
import { splitPath, walkPath, type Document, type Value } from "../../../kernel/index.ts"
import { badRequest } from "../language/index.ts"
import { sizeOf } from "./memory.ts"
import { valueKey } from "./value-key.ts"

const mostBytes = 16 * 1024 * 1024

/** The distinct values at a path, lists opened, in the order they were first met; of equal numbers the first one met stays. */
export class DistinctValues {
  readonly #segments: readonly string[]
  readonly #found = new Map<string, Value>()
  #bytes = 0

  constructor(field: string) {
    this.#segments = splitPath(field)
  }

  /** Throws `StoreError` when the values are more than one reply may hold. */
  add(document: Document): void {
    walkPath(document, this.#segments, (value, present) => {
      if (!present) return false
      if (Array.isArray(value)) for (const item of value as readonly Value[]) this.#note(item)
      else this.#note(value)
      return false
    })
  }

  get values(): Value[] {
    return [...this.#found.values()]
  }

  #note(value: Value): void {
    const key = valueKey(value)
    if (this.#found.has(key)) return
    this.#found.set(key, value)
    this.#bytes += sizeOf(value)
    if (this.#bytes > mostBytes) throw badRequest("Cannot give distinct values: they are more than 16 MB", 17217)
  }
}
