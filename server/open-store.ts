// Opens the store a server runs on, and says in one line why it cannot.
import { ConfigError } from "./errors.ts"
import { StoreError, type Store } from "./data/index.ts"
import { openEmbeddedStore, openMongoStore, type EmbeddedOptions } from "./storage/index.ts"

/** Where documents live: a file of the embedded store, memory (gone with the process), or a MongoDB. */
export type DataLocation = { readonly file: string } | { readonly memory: true } | { readonly mongodb: string }

export interface OpenedStore {
  readonly store: Store
  /** For the server's own state: users, sessions, keys. */
  readonly internal: Store
  readonly embedded: boolean
}

/** Opens a store. Rejects with `ConfigError`; a file that is not ours is left as it is. */
export async function openStore(location: DataLocation, embedded: Omit<EmbeddedOptions, "file"> = {}): Promise<OpenedStore> {
  try {
    if ("mongodb" in location) {
      const store = await openMongoStore({ uri: location.mongodb })
      return { store, internal: store.internal, embedded: false }
    }
    const store = openEmbeddedStore({ ...embedded, file: "memory" in location ? ":memory:" : location.file })
    return { store, internal: store.internal, embedded: true }
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause
    throw new ConfigError("mongodb" in location ? "database-unreachable" : "data-unusable", cause.message, { cause })
  }
}
