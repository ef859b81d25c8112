import { StoreError } from "../../data/index.ts"

/** How long a pipeline may take, from now on; whatever it reads is read through the limit. */
export class TimeLimit {
  readonly #end: number

  constructor(milliseconds: number | undefined) {
    this.#end = milliseconds === undefined || milliseconds <= 0 ? Number.POSITIVE_INFINITY : performance.now() + milliseconds
  }

  /** The same items, until the time is over; then it throws `StoreError`. */
  async *of<Item>(items: AsyncIterable<Item> | Iterable<Item>): AsyncGenerator<Item, void, void> {
    for await (const item of items) {
      if (performance.now() > this.#end) throw new StoreError("unavailable", "Cannot aggregate: the time allowed is over", { serverCode: 50 })
      yield item
    }
  }
}
