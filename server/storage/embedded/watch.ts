import type { Document } from "../../../kernel/index.ts"
import { StoreError, type ChangeEvent, type Namespace, type StreamOptions } from "../../data/index.ts"
import { lookUp } from "./catalog.ts"
import { changeEvent, newestChange, placeOf, readChanges, refuseGap, tokenOf, type ChangeLog, type RowChange } from "./change-log.ts"
import type { Connection } from "./connection.ts"
import { closedError, type Writer } from "./writer.ts"

export interface WatchParts {
  readonly connection: Connection
  readonly writer: Writer
  readonly changes: ChangeLog
  /** Aborted when the store is closed. */
  readonly closing: AbortSignal
}

const step = 256
/** How far the feed may run past a stream that has nothing to report before it says where it is; far less than what is kept. */
const positionEvery = 1000

/**
 * The changes of a collection from the call on, or after a place. What is committed is read from the file, so a slow watcher
 * holds nothing in memory; it is told only that there is more.
 */
export function watchCollection(parts: WatchParts, namespace: Namespace, options: StreamOptions): AsyncIterable<ChangeEvent> {
  const { connection, writer, changes, closing } = parts
  // The place is taken now: what is committed after this call is seen, whenever the first event is asked for.
  const from = begin(parts, namespace, options.resumeAfter)
  from.catch(() => undefined)
  return {
    async *[Symbol.asyncIterator]() {
      let after = await from
      let news = deferred()
      const ready = (): void => news.resolve()
      const stop = changes.listen((committed: readonly RowChange[]) => {
        const id = lookUp(writer.committed, namespace)?.id
        if (committed.some(({ collection, seq }) => collection === id || seq - after > positionEvery)) ready()
      })
      options.signal?.addEventListener("abort", ready)
      closing.addEventListener("abort", ready)
      try {
        for (;;) {
          if (options.signal?.aborted === true) return
          if (closing.aborted) throw closedError()
          news = deferred()
          const id = lookUp(writer.committed, namespace)?.id
          refuseGap(connection, after)
          const found = id === undefined ? [] : readChanges(connection, id, after, step)
          for (const change of found) {
            yield changeEvent(change, namespace)
            after = change.seq
          }
          if (found.length > 0) continue
          // Nothing up to here is ours, so what is dropped of it is no loss.
          after = Math.max(after, newestChange(connection))
          options.onPosition?.(tokenOf(after))
          await news.promise
        }
      } finally {
        stop()
        options.signal?.removeEventListener("abort", ready)
        closing.removeEventListener("abort", ready)
      }
    },
  }
}

async function begin({ connection, writer, closing }: WatchParts, namespace: Namespace, resumeAfter: Document | undefined): Promise<number> {
  if (closing.aborted) throw closedError()
  if (resumeAfter !== undefined) return placeOf(resumeAfter, connection)
  return writer.submit((context) => {
    context.keepChanges(namespace)
    return newestChange(context.connection)
  })
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, resolve }
}

export function refuseWatch(): never {
  throw new StoreError("unsupported", "Cannot watch inside a transaction")
}
