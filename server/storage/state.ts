// The server's own state (users, sessions, keys) in a store: what server/users and server/tokens ask for, over the port of documents.
import { InternalError, type Document, type Value } from "../../kernel/index.ts"
import { StoreError, type Namespace, type Store } from "../data/index.ts"
import type { CustomDataReader, StateCollection } from "../users/index.ts"
import { reservedPrefix } from "./namespaces.ts"
import { holdsExactly } from "./values.ts"

/** A store whose own databases can be opened. */
export interface StateHolder { readonly internal: Store }

/** Gives the collections of one app's state by name. */
export function openState(holder: StateHolder, { app }: { readonly app: string }): (name: string) => StateCollection {
  return (name) => stateCollection(holder.internal, app, name)
}

/**
 * One collection of one app's state. The same names give the same documents, in every process. `store` must have the server's
 * own databases open: it is the `internal` of an adapter.
 */
export function stateCollection(store: Store, clientAppId: string, name: string): StateCollection {
  const namespace = { database: reservedPrefix, collection: `${clientAppId}.${name}` }
  const find = async (filter: Document, options: { readonly sort?: Document; readonly limit?: number } = {}): Promise<Document[]> =>
    orFail(() => store.find(namespace, filter, options).toArray())
  return {
    find,
    async findOne(filter) {
      return (await find(filter, { limit: 1 }))[0] ?? null
    },
    insertOne: (document) => orFail(async () => {
      try {
        await store.insert(namespace, [document])
        return "inserted"
      } catch (error) {
        if (isDuplicate(error)) return "duplicate"
        throw error
      }
    }),
    updateOne: (filter, update, options = {}) => orFail(async () => {
      const change = async (): Promise<number> => {
        const { matched, upsertedId } = await store.update(namespace, filter, update, { many: false, upsert: options.upsert === true })
        return upsertedId === undefined ? matched : 1
      }
      // Two that insert at once: the second finds what the first made.
      return change().catch((error: unknown) => (options.upsert === true && isDuplicate(error) ? change() : Promise.reject(error)))
    }),
    deleteMany: (filter) => orFail(() => store.delete(namespace, filter, { many: true })),
    ensureIndex: ({ keys, unique }) => orFail(() => store.ensureIndex(namespace, { keys, ...(unique === undefined ? {} : { unique }) })),
  }
}

/** Which of several documents counts as the first inserted: the order of records, of `_id`, or of a field that the app maintains. */
export type InsertionOrder = "record" | "_id" | { readonly field: string }

/** Reads custom user data from the stores that data sources name. */
export function customDataReader(storeOf: (dataSource: string) => Store | undefined, order: InsertionOrder = "record"): CustomDataReader {
  return {
    async findFirstInserted(dataSource, database, collection, field, value) {
      const store = storeOf(dataSource)
      if (store === undefined) throw new InternalError("internal", `Cannot read custom user data: there is no data source \`${dataSource}\``)
      const namespace = { database, collection }
      return orFail(() => (order === "record" ? store.findFirstInserted(namespace, field, value) : findFirstBy(order === "_id" ? order : order.field, store, namespace, field, value)))
    },
  }
}

async function findFirstBy(by: string, store: Store, namespace: Namespace, field: string, value: Value): Promise<Document | null> {
  const isIt = holdsExactly(field, value)
  for await (const document of store.find(namespace, { [field]: { $eq: value } }, { sort: { [by]: 1, _id: 1 }, forWrite: true })) if (isIt(document)) return document
  return null
}

function isDuplicate(error: unknown): boolean {
  return error instanceof StoreError && error.code === "duplicate-key"
}

/** What goes wrong with the server's own requests is the server's fault, never the caller's. */
async function orFail<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StoreError && error.fault === "server") throw error
    throw new InternalError("internal", "Cannot use the server's own state: the store refuses the request", { cause: error })
  }
}
