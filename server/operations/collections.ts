// Which collections of a store a transfer is about, and what is in them.
import { StoreError, type IndexDescription, type Namespace, type Store } from "../data/index.ts"
import { isReserved } from "../storage/index.ts"
import { isOrdinaryIndex, type TransferRecord } from "./records.ts"

/** What of a store is meant. */
export interface Selection {
  readonly database?: string
  readonly collection?: string
  /** The server's own users, sessions and keys too. */
  readonly state?: boolean
}

/** Told of what is being done; `done` counts the documents of the collection so far. */
export type Progress = (event: { readonly kind: "documents"; readonly namespace: Namespace; readonly done: number; readonly finished: boolean } | { readonly kind: "left-out"; readonly namespace: Namespace; readonly what: string }) => void

/** A store with its own databases, as `openStore` gives it. */
export interface TransferStore {
  readonly store: Store
  readonly internal: Store
  readonly embedded: boolean
}

const viewCode = 166
/** Work of one process at a time: previews on MongoDB. Never worth keeping. */
const scratch = /^__backstitch_scratch/

/** The view of a store that a selection may use. */
export function viewOf({ store, internal }: TransferStore, { state }: Selection): Store {
  return state === true ? internal : store
}

/** The collections a selection names, in order of their names. */
export async function selectCollections(store: Store, { database, collection, state }: Selection): Promise<Namespace[]> {
  const databases = (await store.listDatabases()).filter((name) => (database === undefined || name === database) && !scratch.test(name) && (state === true || !isReserved(name)))
  const lists = await Promise.all(databases.map(async (name) => (await store.listCollections(name)).map((each) => ({ database: name, collection: each }))))
  return lists.flat().filter((namespace) => collection === undefined || namespace.collection === collection)
}

/** Everything of the collections: the indexes of each, then its documents, first inserted first. */
export async function* readRecords(store: Store, namespaces: readonly Namespace[], progress: Progress): AsyncGenerator<TransferRecord, void, void> {
  for (const namespace of namespaces) {
    const indexes = await indexesOf(store, namespace)
    if (indexes === undefined) {
      progress({ kind: "left-out", namespace, what: "it is a view" })
      continue
    }
    for (const { name, keys, unique, partial, expires } of indexes) {
      if (Object.keys(keys).join() === "_id") continue
      if (partial || !isOrdinaryIndex(keys)) progress({ kind: "left-out", namespace, what: `its index \`${name}\`, which is partial, sparse or of a special kind` })
      else {
        if (expires === true) progress({ kind: "left-out", namespace, what: `the expiry of its index \`${name}\`: documents are no longer deleted by themselves` })
        yield { kind: "index", namespace, index: { keys, name, ...(unique ? { unique } : {}) }, place: `index \`${name}\`` }
      }
    }
    let done = 0
    for await (const document of store.find(namespace, {}, { batchSize: 500 })) {
      done += 1
      yield { kind: "document", namespace, document, place: `document ${done}` }
      progress({ kind: "documents", namespace, done, finished: false })
    }
    progress({ kind: "documents", namespace, done, finished: true })
  }
}

async function indexesOf(store: Store, namespace: Namespace): Promise<IndexDescription[] | undefined> {
  return store.indexes(namespace).catch((error: unknown) => {
    if (error instanceof StoreError && error.serverCode === viewCode) return undefined
    throw error
  })
}
