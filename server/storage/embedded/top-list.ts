// The documents a sort keeps when no index gives its order: all of them, or the first ones.
import { StoreError } from "../../data/index.ts"
import type { Document } from "../../../kernel/index.ts"
import { sortGently } from "../aggregation/memory.ts"
import type { Found } from "./write-context.ts"

const mostSortBytes = 100 * 1024 * 1024

/** The first `most` documents of an order (0: all); never more than MongoDB sorts in memory. Adding one costs no more than log `most` comparisons. */
export class TopList {
  readonly #compare: (left: Found, right: Found) => number
  readonly #most: number
  readonly #skip: number
  /** With `most`: a heap once it is full, the last in order on top. */
  readonly #kept: Found[] = []
  #bytes = 0

  constructor(compare: (left: Document, right: Document) => number, { most, skip }: { readonly most: number; readonly skip: number }) {
    this.#compare = (left, right) => compare(left.document, right.document) || left.n - right.n
    this.#most = most
    this.#skip = skip
  }

  add(found: Found): void {
    const [last] = this.#kept
    if (this.#most === 0 || this.#kept.length < this.#most) this.#append(found)
    else if (last !== undefined && this.#compare(found, last) < 0) this.#replaceLast(last, found)
    if (this.#bytes > mostSortBytes) throw new StoreError("bad-request", "Cannot sort: more than 100 MiB of documents, and no index gives their order", { serverCode: 292 })
  }

  /** What was kept, in order and without what is skipped, at once. */
  sorted(): Found[] {
    return this.#kept.toSorted(this.#compare).slice(this.#skip)
  }

  /** The same, giving way to others. */
  async sortedGently(): Promise<Found[]> {
    return (await sortGently(this.#kept, this.#compare)).slice(this.#skip)
  }

  #append(found: Found): void {
    this.#bytes += found.size
    this.#kept.push(found)
    if (this.#most > 0) this.#rise(this.#kept.length - 1)
  }

  #replaceLast(last: Found, found: Found): void {
    this.#bytes += found.size - last.size
    this.#kept[0] = found
    this.#sink()
  }

  #rise(from: number): void {
    const kept = this.#kept
    for (let at = from; at > 0;) {
      const above = (at - 1) >> 1
      const [upper, lower] = [kept[above] as Found, kept[at] as Found]
      if (this.#compare(lower, upper) <= 0) return
      kept[above] = lower
      kept[at] = upper
      at = above
    }
  }

  #sink(): void {
    const kept = this.#kept
    const moved = kept[0] as Found
    let at = 0
    for (let below = 1; below < kept.length; below = 2 * at + 1) {
      const other = kept[below + 1]
      if (other !== undefined && this.#compare(other, kept[below] as Found) > 0) below += 1
      const later = kept[below] as Found
      if (this.#compare(moved, later) >= 0) break
      kept[at] = later
      at = below
    }
    kept[at] = moved
  }
}
