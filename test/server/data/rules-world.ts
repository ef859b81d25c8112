// One collection, one user, one data service: what a rules case needs.
import { compileDataSource, createDataService, type Caller, type DataLogEntry, type DataSettings, type ExplainingDataService, type Namespace, type RuleFunctions, type Store } from "../../../server/data/index.ts"
import type { Document, ObjectId } from "../../../kernel/index.ts"

export interface WorldOptions {
  readonly store: Store
  readonly namespace?: Namespace
  readonly rules?: unknown
  readonly rulesNamespace?: Namespace
  readonly defaultRule?: unknown
  readonly schema?: unknown
  readonly nullTypes?: boolean
  readonly values?: Document
  readonly environment?: Document
  readonly functions?: RuleFunctions
  readonly settings?: Partial<DataSettings>
  readonly log?: (entry: DataLogEntry) => void
  readonly newId?: () => ObjectId
}

export const items: Namespace = { database: "app", collection: "items" }
export const userId = "64b1f0c2a7d93e5b8c214f06"
export const otherId = "64b1f0c2a7d93e5b8c214f99"

export const noFunctions: RuleFunctions = { call: () => Promise.reject(new Error("no such function")) }

/** Compiles the rules and opens the service. */
export function openWorld(options: WorldOptions): { readonly service: ExplainingDataService; readonly errors: readonly { readonly code: string; readonly path: string }[] } {
  const namespace = options.namespace ?? items
  const at = options.rulesNamespace ?? namespace
  const { dataSource, problems } = compileDataSource({
    name: "mongodb-atlas", type: "mongodb-atlas", defaultRule: file("default_rule.json", options.defaultRule),
    collections: [{ ...at, rules: file("rules.json", options.rules), schema: undefined }, { ...namespace, rules: undefined, schema: file("schema.json", options.schema) }],
  }, { nullTypes: options.nullTypes ?? false })
  const service = createDataService({
    dataSources: [dataSource],
    storeFor: () => options.store,
    known: () => ({ values: options.values ?? {}, environment: options.environment ?? { tag: "", values: {} } }),
    functions: options.functions ?? noFunctions,
    ...(options.settings === undefined ? {} : { settings: options.settings }),
    ...(options.log === undefined ? {} : { log: options.log }),
    ...(options.newId === undefined ? {} : { newId: options.newId }),
  })
  return { service, errors: problems.flatMap(({ errors }) => errors) }
}

function file(name: string, raw: unknown): { file: string; raw: unknown } | undefined {
  return raw === undefined ? undefined : { file: name, raw }
}

/** A caller with the default user of the fixtures. */
export function callerOf(user: Document = {}): Caller {
  return { system: false, request: {}, user: { id: userId, type: "normal", data: { email: "ana@example.com" }, custom_data: {}, identities: [], ...user } }
}

export const systemCaller: Caller = { system: true, request: {}, user: { type: "system" } }

/** Collects a cursor's or list's documents in natural order. */
export async function stored(store: Store, namespace: Namespace = items): Promise<Document[]> {
  return store.find(namespace, {}).toArray()
}

/** A store that tells of each call of its methods, by name and arguments, before it is made. */
export function noting<Of extends Store>(store: Of, note: (method: string, args: readonly unknown[]) => void): Of {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== "function") return member
      return (...args: unknown[]): unknown => {
        note(String(name), args)
        return member.apply(target, args) as unknown
      }
    },
  })
}
