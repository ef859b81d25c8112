// The adapters of the storage ports.
import type { MongoOptions, MongoStore, ReadingPreference } from "./mongodb/index.ts"

export { openEmbeddedStore, type EmbeddedOptions, type EmbeddedStore } from "./embedded/index.ts"
export { isReserved, reservedPrefix } from "./namespaces.ts"
export { customDataReader, openState, stateCollection, type InsertionOrder, type StateHolder } from "./state.ts"
export type { MongoOptions, MongoStore, ReadingPreference }

/** Connects to a MongoDB and finds out what it can do. Rejects with `StoreError` "unavailable" when none answers. */
export async function openMongoStore(options: MongoOptions): Promise<MongoStore> {
  // The driver is a tenth of a second of every start; who runs on a file does not wait for it.
  const { openMongoStore: open } = await import("./mongodb/index.ts")
  return open(options)
}
