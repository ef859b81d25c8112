import { StoreError, type ChangeEvent, type Namespace, type StreamOptions } from "../../data/index.ts"
import { isReserved } from "../namespaces.ts"
import { lookUp, type Catalog } from "./catalog.ts"
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
 * The changes of a collection (or of all in a scope) from the call on, or after a place. What is committed is read from the file,
 * so a slow watcher holds nothing in memory; it is told only that there is more.
 */
export function watchCollection(parts: WatchParts, namespace: Namespace, options: StreamOptions): AsyncIterable<ChangeEvent> {
  const { connection, writer, changes, closing } = parts
  // The place is taken now: what is committed after this call is seen, whenever the first event is asked for.
  const from = begin(parts, namespace, options)
  from.catch(() => undefined)
  return {
    async *[Symbol.asyncIterator]() {
      let after = await from
      options.onOpen?.()
      let news = deferred()
      const ready = (): void => news.resolve()
      const watched = watchedCollections(namespace, options)
      const release = changes.hold(() => after)
      const stop = changes.listen((committed: readonly RowChange[]) => {
        const ours = watched(writer.committed)
        if (committed.some(({ collection, seq }) => ours.has(collection) || seq - after > positionEvery)) ready()
      })
      options.signal?.addEventListener("abort", ready)
      closing.addEventListener("abort", ready)
      try {
        for (;;) {
          if (options.signal?.aborted === true) return
          if (closing.aborted) throw closedError()
          news = deferred()
          const ours = watched(writer.committed)
          refuseGap(connection, after)
          const found = ours.size === 0 ? [] : readChanges(connection, [...ours.keys()], after, step)
          for (const change of found) {
            yield changeEvent(change, ours.get(change.collection) ?? namespace)
            after = change.seq
          }
          if (found.length > 0) continue
          // Nothing up to here is ours, so what is dropped of it is no loss.
          after = Math.max(after, newestChange(connection))
          options.onPosition?.(tokenOf(after))
          await news.promise
        }
      } finally {
        release()
        stop()
        options.signal?.removeEventListener("abort", ready)
        closing.removeEventListener("abort", ready)
      }
    },
  }
}

/** Ids and names of what is watched, of the catalog as it is at the time; remembered until that changes. */
function watchedCollections(namespace: Namespace, { scope }: StreamOptions): (catalog: Catalog) => ReadonlyMap<number, Namespace> {
  let known: { readonly catalog: Catalog; readonly ours: ReadonlyMap<number, Namespace> } | undefined
  return (catalog) => {
    if (known?.catalog !== catalog) known = { catalog, ours: new Map(collectionsOf(catalog, namespace, scope).map((info) => [info.id, info.namespace])) }
    return known.ours
  }
}

function collectionsOf(catalog: Catalog, namespace: Namespace, scope: StreamOptions["scope"]): { readonly id: number; readonly namespace: Namespace }[] {
  if (scope === undefined) return [lookUp(catalog, namespace) ?? []].flat()
  return [...catalog.values()].filter((info) => (scope === "database" ? info.namespace.database === namespace.database : !isReserved(info.namespace.database)))
}

async function begin({ connection, writer, closing }: WatchParts, namespace: Namespace, { resumeAfter, scope }: StreamOptions): Promise<number> {
  if (closing.aborted) throw closedError()
  if (resumeAfter !== undefined) return placeOf(resumeAfter, connection)
  return writer.submit((context) => {
    if (scope === undefined) context.keepChanges(namespace)
    else context.keepAllChanges(scope === "database" ? namespace.database : "")
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
