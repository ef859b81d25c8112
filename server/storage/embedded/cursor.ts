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

/** A cursor over documents that come in batches, or, where the caller wants them all, at once. Nothing is read before the first is asked for. */
export function cursorOf(open: () => AsyncGenerator<Document[], void, void>, all: () => Promise<Document[]> = () => collect(open())): Cursor {
  let batches: AsyncGenerator<Document[], void, void> | undefined
  return {
    async toArray() {
      try {
        return await all()
      } catch (error) {
        throw asStoreError(error)
      }
    },
    async close() {
      await batches?.return()
    },
    async *[Symbol.asyncIterator]() {
      try {
        batches = open()
        for await (const batch of batches) yield* batch
      } catch (error) {
        throw asStoreError(error)
      }
    },
  }
}

async function collect(batches: AsyncGenerator<Document[], void, void>): Promise<Document[]> {
  const documents: Document[] = []
  for await (const batch of batches) for (const document of batch) documents.push(document)
  return documents
}
