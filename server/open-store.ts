// Opens the stores a server runs on, and says in one line why it cannot.
import type { AppModel, DataSource } from "./app/index.ts"
import { childPointer, isDocument, type Value } from "../kernel/index.ts"
import { ConfigError } from "./errors.ts"
import { StoreError, type Store, type StoreAbilities } from "./data/index.ts"
import { settingError, type ServerSettings } from "./settings.ts"
import { openEmbeddedStore, openMongoStore, reservedPrefix, type EmbeddedOptions, type ReadingPreference } from "./storage/index.ts"

/** Where documents live: a file of the embedded store, memory (gone with the process), or a MongoDB. */
export type DataLocation = { readonly file: string } | { readonly memory: true } | { readonly mongodb: string }

export interface OpenedStore {
  readonly store: Store
  /** For the server's own state: users, sessions, keys. */
  readonly internal: Store
  readonly embedded: boolean
  /** This store as a data source with a read preference sees it; absent where there is only one place to read from. */
  readonly reading?: (preference: ReadingPreference) => Store
}

/** The stores of one app: the default one, which also holds the state, and those its data sources are mapped to. */
export interface OpenedStores extends OpenedStore {
  /** The store behind a data source. */
  storeFor(dataSource: string): OpenedStore
  /** Resolves when each store has answered; rejects when one does not. */
  probe(): Promise<void>
  /** Each MongoDB that lacks something MongoDB can do, with the data sources on it: what is refused there, or done another way. */
  readonly shortcomings: readonly { readonly dataSources: readonly string[]; readonly missing: readonly string[] }[]
  close(): Promise<void>
}

/** Opens a store. Rejects with `ConfigError`; a file that is not ours is left as it is. */
export async function openStore(location: DataLocation, embedded: Omit<EmbeddedOptions, "file"> = {}): Promise<OpenedStore> {
  try {
    if ("mongodb" in location) {
      const store = await openMongoStore({ uri: location.mongodb })
      return { store, internal: store.internal, embedded: false, reading: (preference) => store.reading(preference) }
    }
    const store = openEmbeddedStore({ ...embedded, file: "memory" in location ? ":memory:" : location.file })
    return { store, internal: store.internal, embedded: true }
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause
    throw new ConfigError("mongodb" in location ? "database-unreachable" : "data-unusable", cause.message, { cause })
  }
}

/**
 * Opens what an app needs. `dataSources` gives MongoDB URIs to data sources by their name or the name of their cluster; a URI is connected
 * to once. `embedded` is for a store in a file. Rejects with `ConfigError`, also when a name of the mapping is none of the app's; then nothing stays open.
 */
export async function openStores(location: DataLocation, model: Pick<AppModel, "dataSources">, settings: Pick<ServerSettings, "dataSources" | "embedded"> = {}): Promise<OpenedStores> {
  const uris = urisOf(model, settings.dataSources ?? {})
  const opened: OpenedStore[] = []
  const close = async (): Promise<void> => void await Promise.all(opened.map(({ store }) => store.close()))
  const open = async (where: DataLocation): Promise<OpenedStore> => {
    const store = await openStore(where, settings.embedded)
    opened.push(store)
    return store
  }
  try {
    const main = await open(location)
    const byUri = new Map<string, OpenedStore>("mongodb" in location ? [[location.mongodb, main]] : [])
    for (const uri of new Set(uris.values())) if (!byUri.has(uri)) byUri.set(uri, await open({ mongodb: uri }))
    const behind = (dataSource: string): OpenedStore => byUri.get(uris.get(dataSource) ?? "") ?? main
    const bySource = new Map([...model.dataSources.values()].map((source) => [source.name, asRead(behind(source.name), readingOf(source))]))
    return {
      ...main,
      storeFor: (dataSource) => bySource.get(dataSource) ?? behind(dataSource),
      probe: async () => void await Promise.all(opened.map(({ internal }) => internal.count({ database: reservedPrefix, collection: "probe" }, {}, { limit: 1 }))),
      shortcomings: opened.filter(({ embedded }) => !embedded).map(({ internal }) => ({
        dataSources: [...model.dataSources.keys()].filter((name) => behind(name).internal === internal).toSorted(),
        missing: missingIn(internal.abilities),
      })).filter(({ missing }) => missing.length > 0),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function missingIn({ transactions, changeStreams, collation, compareAndSwap }: StoreAbilities): string[] {
  return [
    ...(transactions ? [] : ["transactions"]), ...(changeStreams ? [] : ["change streams"]), ...(collation ? [] : ["collation"]), ...(compareAndSwap ? [] : ["comparison of whole documents"]),
  ]
}

function asRead(opened: OpenedStore, preference: ReadingPreference | undefined): OpenedStore {
  return preference === undefined || opened.reading === undefined ? opened : { ...opened, store: opened.reading(preference) }
}

/** SOURCE: app directory, 3.8: `readPreference` and `readPreferenceTagSets` of a data source; its tags are `{name, value}` pairs. */
function readingOf({ config }: DataSource): ReadingPreference | undefined {
  const mode = config["readPreference"]
  if (typeof mode !== "string" || mode === "primary") return undefined
  const sets = config["readPreferenceTagSets"]
  const tagSets = Array.isArray(sets) ? sets.map(tagsIn) : []
  return { mode: mode as ReadingPreference["mode"], ...(tagSets.length === 0 ? {} : { tagSets }) }
}

function tagsIn(set: Value): Readonly<Record<string, string>> {
  const tags = Array.isArray(set) ? set.filter(isDocument) : []
  return Object.fromEntries(tags.map(({ name, value }) => [String(name), String(value)]))
}

/** The URI of each data source that has one of its own. */
function urisOf({ dataSources }: Pick<AppModel, "dataSources">, mapping: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const uris = new Map<string, string>()
  for (const [name, uri] of Object.entries(mapping)) {
    const meant = [...dataSources.values()].filter((source) => source.name === name || source.config["clusterName"] === name)
    if (meant.length === 0) throw settingError("the settings", childPointer("/dataSources", name), "the app has no data source or cluster of this name")
    // The name of a data source says more than that of a cluster several may share.
    for (const source of meant) if (source.name === name || !Object.hasOwn(mapping, source.name)) uris.set(source.name, uri)
  }
  return uris
}
