import { setImmediate as nextTurn } from "node:timers/promises"
import type { Document } from "../../../kernel/index.ts"
import type { Cursor } from "../../data/index.ts"
import { asStoreError } from "./errors.ts"

/** How long a search may keep the event loop before others get their turn. */
const sliceMilliseconds = 4

/** Gives others their turn once the time of a slice is over. */
export class Slice {
  #started = performance.now()

  get isOver(): boolean {
    return performance.now() - this.#started > sliceMilliseconds
  }

  async pause(): Promise<void> {
    await nextTurn()
    this.#started = performance.now()
  }
}

/** A cursor over documents that come in batches. Nothing is read before the first is asked for. */
export function cursorOf(batches: AsyncGenerator<Document[], void, void>): Cursor {
  return {
    async toArray() {
      const documents: Document[] = []
      try {
        for await (const batch of batches) for (const document of batch) documents.push(document)
      } catch (error) {
        throw asStoreError(error)
      }
      return documents
    },
    async close() {
      await batches.return()
    },
    async *[Symbol.asyncIterator]() {
      try {
        for await (const batch of batches) yield* batch
      } catch (error) {
        throw asStoreError(error)
      }
    },
  }
}
