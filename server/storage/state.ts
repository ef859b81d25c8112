// The server's own state (users, sessions, keys) over either adapter: the ports that users and tokens declare.
import { StoreError, type Store } from "../data/index.ts"
import type { StateCollection } from "../users/index.ts"
import { reservedPrefix } from "./namespaces.ts"

/** One state collection of one app. `store` must have the server's own databases open (`internal` of an adapter). */
export function stateCollection(store: Store, clientAppId: string, name: string): StateCollection {
  const namespace = { database: reservedPrefix, collection: `${clientAppId}.${name}` }
  return {
    async findOne(filter) {
      return (await store.find(namespace, filter, { limit: 1 }).toArray())[0] ?? null
    },
    find: (filter, { sort, limit } = {}) => store.find(namespace, filter, { ...(sort === undefined ? {} : { sort }), ...(limit === undefined ? {} : { limit }) }).toArray(),
    async insertOne(document) {
      try {
        await store.insert(namespace, [document])
        return "inserted"
      } catch (error) {
        if (isDuplicate(error)) return "duplicate"
        throw error
      }
    },
    async updateOne(filter, update, { upsert = false } = {}) {
      const change = async (): Promise<number> => {
        const { matched, upsertedId } = await store.update(namespace, filter, update, { many: false, upsert })
        return upsertedId === undefined ? matched : 1
      }
      try {
        return await change()
      } catch (error) {
        // Two upserts at once: the second finds what the first made.
        if (upsert && isDuplicate(error)) return change()
        throw error
      }
    },
    deleteMany: (filter) => store.delete(namespace, filter, { many: true }),
    ensureIndex: ({ keys, unique = false }) => store.ensureIndex(namespace, { keys, unique }),
  }
}

function isDuplicate(error: unknown): boolean {
  return error instanceof StoreError && error.code === "duplicate-key"
}
