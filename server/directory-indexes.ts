// `indexes` of an app directory: what it wants, what is there, and making what is not.
import { loadApp } from "./app/index.ts"
import { ConfigError } from "./errors.ts"
import { openStores, type DataLocation } from "./open-store.ts"
import { hasIndex, shellCommand, wantedIndexes, type WantedIndex } from "./operations/index.ts"
import type { ServerSettings } from "./settings.ts"

export interface IndexOptions {
  readonly directory: string
  /** Where to look for them; without it nothing is looked up. */
  readonly data?: DataLocation
  readonly settings?: ServerSettings
  /** Make what is missing. */
  readonly create?: boolean
}

/** `unknown`: nobody looked. */
export interface IndexState extends WantedIndex { readonly state: "unknown" | "there" | "missing" | "created"; readonly command: string }

/** Tells which indexes an app wants. Rejects with `ConfigError` when the directory is no app or a store cannot be opened. */
export async function directoryIndexes({ directory, data, settings = {}, create = false }: IndexOptions): Promise<readonly IndexState[]> {
  const { app, draft } = await loadApp(directory)
  const model = app ?? draft
  if (model === undefined) throw new ConfigError("app-not-found", `Cannot read the app in \`${directory}\`: it is none; \`backstitch check\` says why`)
  const wanted = wantedIndexes(model).map((each) => ({ ...each, command: shellCommand(each) }))
  if (data === undefined) return wanted.map((each) => ({ ...each, state: "unknown" }))
  const opened = await openStores(data, model, settings)
  try {
    const states: IndexState[] = []
    for (const each of wanted) {
      const { store } = opened.storeFor(each.dataSource)
      const isThere = await hasIndex(store, each)
      if (!isThere && create) await store.ensureIndex(each.namespace, { keys: { [each.field]: 1 } })
      states.push({ ...each, state: isThere ? "there" : create ? "created" : "missing" })
    }
    return states
  } finally {
    await opened.close()
  }
}
