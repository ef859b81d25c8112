import type { AbstractCursor } from "mongodb"
import type { Document } from "../../../kernel/index.ts"
import type { Cursor, Namespace } from "../../data/index.ts"
import { decodeRaw } from "./connection.ts"
import { asStoreError } from "./errors.ts"

/** A cursor opened with `rawReading`, or documents that are there. */
type Source = AbstractCursor<Document> | readonly Document[]

/** A cursor of the driver as a cursor of the port; it is opened when the first document is asked for. */
export function cursorOver(open: () => Source | Promise<Source>, namespace?: Namespace): Cursor {
  let source: Source | undefined

  const close = async (): Promise<void> => {
    if (source !== undefined && "close" in source) await source.close().catch(() => undefined)
  }

  const iterate = async function* (): AsyncGenerator<Document, void, void> {
    try {
      source = await open()
      if ("close" in source) for await (const bytes of source) yield decodeRaw(bytes)
      else yield* source
    } catch (error) {
      throw asStoreError(error, namespace)
    } finally {
      await close()
    }
  }

  return {
    async toArray() {
      try {
        source = await open()
        return "close" in source ? (await source.toArray()).map(decodeRaw) : [...source]
      } catch (error) {
        throw asStoreError(error, namespace)
      }
    },
    close,
    [Symbol.asyncIterator]: iterate,
  }
}
