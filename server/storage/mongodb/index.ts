import type { Store } from "../../data/index.ts"
import { connect, type MongoOptions } from "./connection.ts"
import { firstInsertedLookup } from "./first-inserted.ts"
import { openScratch } from "./scratch.ts"
import { MongoView, type ReadingPreference } from "./store.ts"

export type { MongoOptions } from "./connection.ts"
export type { ReadingPreference } from "./store.ts"

/** A store on a MongoDB. */
export interface MongoStore extends Store {
  /** The same store with the server's own databases open: for state, never for an app's operations. */
  readonly internal: Store
  /** This store as a data source with a read preference sees it. */
  reading(preference: ReadingPreference): Store
}

/** Connects to a MongoDB and finds out what it can do. Rejects with `StoreError` "unavailable" when none answers. */
export async function openMongoStore(options: MongoOptions): Promise<MongoStore> {
  const connection = await connect(options)
  const shared = { connection, scratch: openScratch(connection), firstInserted: firstInsertedLookup(connection) }
  const { readPreference: preferred } = connection.client
  return Object.assign(new MongoView(shared, { internal: false, ...(preferred.mode === "primary" ? {} : { reading: preferred }) }), { internal: new MongoView(shared, { internal: true }) })
}
