// One app, small enough to be run by the cases of fixtures/tokens: users, tokens, custom user data, a movable clock.
import { fromEjson, getField, isDocument, splitPath, toEjson, type Document, type Json, type Value } from "../../kernel/index.ts"
import { createCustomData, createPasswords, createUsers, decodeSnapshot, type AuthEvent, type CustomDataConfig, type CustomDataReader, type ProviderConfig } from "../../server/users/index.ts"
import { createSignIn, createTokenService } from "../../server/tokens/index.ts"
import type { StateCollection, UserCollections } from "../../server/users/index.ts"
import type { TokenCollections } from "../../server/tokens/index.ts"
import { openEmbeddedStore, openState } from "../../server/storage/index.ts"
import { memoryState } from "../server/users/memory-state.ts"

/** The collection of custom user data, with what the cases do to it. */
export interface CaseCollection extends CustomDataReader {
  insert(document: Document): Promise<void>
  replace(where: Document, document: Document): Promise<void>
  update(where: Document, set: Document): Promise<void>
  delete(where: Document): Promise<void>
  count(): Promise<number>
  close(): Promise<void>
  /** The state of users and tokens beside it. */
  readonly state: UserCollections & TokenCollections
  /** Features a case may require. */
  readonly features: readonly string[]
}

const isAt = (where: Document) => (document: Document): boolean => Object.entries(where).every(([field, value]) => canonical(getField(document, field)) === canonical(value))

/** Documents in order of insertion, in memory. */
export function memoryDocuments(): CaseCollection {
  let documents: Document[] = []
  return {
    async findFirstInserted(_source, _database, _collection, field, value) {
      return documents.find((document) => {
        let at: Value = document
        for (const step of splitPath(field)) at = isDocument(at) ? getField(at, step) : undefined
        return canonical(at) === canonical(value)
      }) ?? null
    },
    insert: async (document) => void documents.push(document),
    replace: async (where, document) => void (documents = documents.map((each) => (isAt(where)(each) ? document : each))),
    update: async (where, set) => void (documents = documents.map((each) => (isAt(where)(each) ? { ...each, ...set } : each))),
    delete: async (where) => void (documents = documents.filter((each) => !isAt(where)(each))),
    count: async () => documents.length,
    close: async () => undefined,
    state: memoryState(),
    features: ["bson-undefined"],
  }
}

/** Opens every collection that users and tokens need. */
export function stateOf(open: (name: string) => StateCollection): UserCollections & TokenCollections {
  return { users: open("users"), identities: open("identities"), registrations: open("registrations"), apiKeys: open("api_keys"), deletions: open("deletions"), sessions: open("sessions"), keys: open("keys") }
}

/** The embedded store, with the documents and the state of users and tokens in one file. */
export function embeddedDocuments(): CaseCollection {
  const store = openEmbeddedStore({ file: ":memory:" })
  const namespace = { database: "app", collection: "users" }
  return {
    findFirstInserted: (_source, database, collection, field, value) => store.findFirstInserted({ database, collection }, field, value),
    insert: async (document) => void (await store.insert(namespace, [document])),
    replace: async (where, document) => void (await store.replace(namespace, where, document)),
    update: async (where, $set) => void (await store.update(namespace, where, { $set }, { many: false })),
    delete: async (where) => void (await store.delete(namespace, where, { many: false })),
    count: () => store.count(namespace, {}),
    close: () => store.close(),
    state: stateOf(openState(store, { app: "cases-abcde" })),
    // The store keeps an undefined value as null, as the drivers do.
    features: [],
  }
}

function canonical(value: Value): string {
  return value === undefined ? "" : JSON.stringify(toEjson(value))
}

export interface CaseSettings {
  readonly userId: string
  readonly config: CustomDataConfig | undefined
  readonly policy: { readonly on_read_error: "fail" | "empty" | "previous"; readonly warn_claim_bytes: number; readonly max_claim_bytes: number }
  readonly refreshTokenSeconds: number
  readonly creationFunction: { readonly insert?: Json; readonly throw?: string } | undefined
  readonly start: Date
}

export const providerNames = ["anon-user", "local-userpass", "api-key", "custom-function"] as const
export const email = "ana@example.com"
export const password = "secret1"
export const domainId = "64a000000000000000000001"
const cheap = createPasswords({ cost: { memoryKiB: 64, passes: 1 } })

export function provider(type: string, config: Document = {}): ProviderConfig {
  return { type, id: undefined, disabled: false, config, secretConfig: {}, metadataFields: [], redirectUris: [], domainRestrictions: [] }
}

/** Builds the services over a collection. */
export function openWorld(settings: CaseSettings, documents: CaseCollection) {
  const world = { now: settings.start, config: settings.config, down: false, warnings: [] as string[], events: [] as AuthEvent[] }
  const clock = (): Date => world.now
  const log = { warn: (code: string) => void world.warnings.push(code) }
  const { state } = documents
  const providers = new Map(providerNames.map((name) => [name as string, provider(name, name === "local-userpass" ? { autoConfirm: true } : {})]))
  const reader: CustomDataReader = {
    findFirstInserted: (...where) => (world.down ? Promise.reject(new Error("the database is down")) : documents.findFirstInserted(...where)),
  }
  const { on_read_error: onReadError, warn_claim_bytes: warnClaimBytes, max_claim_bytes: maxClaimBytes } = settings.policy
  const customData = createCustomData({ config: () => world.config, reader, policy: { onReadError, warnClaimBytes, maxClaimBytes }, log, clock })
  const users = createUsers({
    collections: state, domainId, log, clock, passwords: cheap, secret: () => undefined, newUserId: () => settings.userId, sessions: () => tokens,
    config: () => ({ clientAppId: "cases-abcde", providers, customUserData: world.config }),
    functions: {
      async call() {
        if (settings.creationFunction?.throw !== undefined) throw new Error(settings.creationFunction.throw)
        if (settings.creationFunction?.insert !== undefined) await documents.insert(fromEjson(settings.creationFunction.insert) as Document)
        return null
      },
    },
    onEvent: async (event) => void world.events.push(event),
  })
  const tokens = createTokenService({ collections: state, snapshots: customData, users, domainId, log, clock, refreshTokenSeconds: () => settings.refreshTokenSeconds })
  const signIn = createSignIn({ users, tokens, decode: decodeSnapshot, clock })
  return { world, state, users, tokens, signIn, customData, passwords: cheap }
}
