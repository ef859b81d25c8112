// Cursors over what is only known once rules have been asked.
import type { Document } from "../../kernel/index.ts"
import type { Cursor } from "./store.ts"

/** A cursor that is opened when it is first read. Closing it before that opens nothing. */
export function openLater(open: () => Cursor | Promise<Cursor>): Cursor {
  let opened: Promise<Cursor> | undefined
  let closed = false
  // `await` before `return`: a promise that is returned as it is takes three turns more.
  const begin = async (): Promise<Cursor> => await open()
  const cursor = (): Promise<Cursor> => (opened ??= begin())
  return {
    async toArray() {
      return closed ? [] : await (await cursor()).toArray()
    },
    async close() {
      closed = true
      // A cursor that could not be opened has nothing to close; whoever reads it gets the error.
      const inner = await opened?.catch(() => undefined)
      await inner?.close()
    },
    async *[Symbol.asyncIterator]() {
      if (!closed) yield* await cursor()
    },
  }
}

/** A cursor over a generator of documents. */
export function cursorOver(documents: AsyncGenerator<Document, void, undefined>): Cursor {
  return {
    async toArray() {
      const all: Document[] = []
      for await (const document of documents) all.push(document)
      return all
    },
    async close() {
      await documents.return()
    },
    [Symbol.asyncIterator]: () => documents,
  }
}

/** A cursor over what is cheaper to read as a whole, as long as nobody has begun to read it one by one. `open` is called once at most. */
export function atOnce(whole: () => Promise<Document[]>, open: () => AsyncGenerator<Document, void, undefined>): Cursor {
  let state: "new" | "read" | Cursor = "new"
  const stream = (): Cursor => {
    if (state === "read") return noDocuments
    if (state === "new") state = cursorOver(open())
    return state
  }
  return {
    toArray() {
      if (state !== "new") return stream().toArray()
      state = "read"
      return whole()
    },
    async close() {
      if (state === "new") state = "read"
      await stream().close()
    },
    [Symbol.asyncIterator]: () => stream()[Symbol.asyncIterator](),
  }
}

/** A cursor over nothing. */
export const noDocuments: Cursor = {
  toArray: () => Promise.resolve([]),
  close: () => Promise.resolve(),
  async *[Symbol.asyncIterator]() {
    yield* []
  },
}

/** A cursor that gives at most `cap` documents (0: all) and says once how many it gave, and whether there were more, when it ends or is left. */
export function finishing(cursor: Cursor, cap: number, onEnd: (given: number, cut: boolean) => void): Cursor {
  let ended = false
  const end = (given: number, cut: boolean): void => {
    if (!ended) onEnd(given, cut)
    ended = true
  }
  return {
    async toArray() {
      const all = await cursor.toArray()
      const cut = cap > 0 && all.length > cap
      const given = cut ? all.slice(0, cap) : all
      end(given.length, cut)
      return given
    },
    close: () => cursor.close(),
    async *[Symbol.asyncIterator]() {
      let given = 0
      let cut = false
      try {
        for await (const document of cursor) {
          cut = cap > 0 && given === cap
          if (cut) return
          given += 1
          yield document
        }
      } finally {
        end(given, cut)
      }
    },
  }
}
