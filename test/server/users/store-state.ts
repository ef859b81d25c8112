// The state of users and tokens over any `Store`, for tests that want the real thing under the services.
import type { TokenCollections } from "../../../server/tokens/index.ts"
import type { StateCollection, UserCollections } from "../../../server/users/index.ts"
import { StoreError, type IndexSpecification, type Store } from "../../../server/data/index.ts"

/** One state collection in a store. */
export function storeCollection(store: Store, collection: string): StateCollection {
  const namespace = { database: "state", collection }
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
        if (error instanceof StoreError && error.code === "duplicate-key") return "duplicate"
        throw error
      }
    },
    async updateOne(filter, update, { upsert = false } = {}) {
      const { matched, upsertedId } = await store.update(namespace, filter, update, { many: false, upsert })
      return upsertedId === undefined ? matched : 1
    },
    deleteMany: (filter) => store.delete(namespace, filter, { many: true }),
    ensureIndex: ({ keys, unique = false }) => store.ensureIndex(namespace, { keys, unique } satisfies IndexSpecification),
  }
}

/** All collections that users and tokens need. */
export function storeState(store: Store): UserCollections & TokenCollections {
  const [users, identities, registrations, apiKeys, sessions, keys] = ["users", "identities", "registrations", "api_keys", "sessions", "keys"].map((name) => storeCollection(store, name)) as [StateCollection, StateCollection, StateCollection, StateCollection, StateCollection, StateCollection]
  return { users, identities, registrations, apiKeys, sessions, keys }
}
