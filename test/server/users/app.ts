// One app's users and tokens over memory, for tests: a movable clock, functions by name, letters kept, a cheap hash.
import type { Document, Value } from "../../../kernel/index.ts"
import { errorReply } from "../../../server/http/error-response.ts"
import { createSignIn, createTokenService, type TokenCollections, type TokenServiceOptions } from "../../../server/tokens/index.ts"
import { createCustomData, createPasswords, createUsers, decodeSnapshot, type AuthEvent, type CustomDataConfig, type CustomDataPolicy, type Letter, type ProviderConfig, type UserCollections, type UsersOptions } from "../../../server/users/index.ts"
import { memoryState } from "./memory-state.ts"

export const domainId = "64a000000000000000000001"
export const address = "203.0.113.7"
export const cheapPasswords = createPasswords({ cost: { memoryKiB: 64, passes: 1 } })

/** A provider with the given parts of its configuration. */
export function provider(type: string, parts: Partial<ProviderConfig> = {}): ProviderConfig {
  return { type, id: undefined, disabled: false, config: {}, secretConfig: {}, metadataFields: [], redirectUris: [], domainRestrictions: [], ...parts }
}

export interface AppOptions {
  readonly providers?: readonly ProviderConfig[]
  readonly functions?: Record<string, (...args: Value[]) => Value | Promise<Value>>
  readonly customUserData?: CustomDataConfig
  readonly documents?: Map<string, Document>
  readonly policy?: CustomDataPolicy
  readonly tokens?: Partial<TokenServiceOptions>
  readonly users?: Partial<UsersOptions>
  readonly state?: ReturnType<typeof memoryState>
  /** Collections of a real store, in place of `state`. */
  readonly collections?: UserCollections & TokenCollections
  readonly letters?: boolean
}

export const customDataConfig: CustomDataConfig = { enabled: true, dataSource: "mongodb-atlas", database: "app", collection: "users", userIdField: "user_id", onUserCreationFunction: undefined }

/** Builds an app. `documents` maps user ids to custom data. */
export function openApp(options: AppOptions = {}) {
  const { providers = [provider("local-userpass", { config: { autoConfirm: true } }), provider("anon-user"), provider("api-key")], functions = {}, documents = new Map<string, Document>(), state = memoryState() } = options
  const app = { now: new Date("2024-05-01T12:00:00Z"), calls: [] as { name: string; args: readonly Value[] }[], letters: [] as Letter[], events: [] as AuthEvent[], warnings: [] as string[], down: false, config: options.customUserData }
  const { collections = state } = options
  const clock = (): Date => app.now
  const log = { warn: (code: string) => void app.warnings.push(code) }
  const table = new Map(providers.map((each) => [each.type, each]))
  const customData = createCustomData({
    config: () => app.config, log, clock, ...(options.policy === undefined ? {} : { policy: options.policy }),
    reader: { findFirstInserted: async (_source, _database, _collection, _field, value) => (app.down ? Promise.reject(new Error("away")) : typeof value === "string" ? (documents.get(value) ?? null) : null) },
  })
  const users = createUsers({
    collections, domainId, log, clock, passwords: cheapPasswords, secret: () => undefined, sessions: () => tokens, config: () => ({ clientAppId: "tasks-abcde", providers: table, customUserData: app.config }),
    functions: {
      async call(name, args) {
        app.calls.push({ name, args })
        const found = functions[name]
        if (found === undefined) throw new Error(`no function ${name}`)
        return found(...args)
      },
    },
    ...(options.letters === false ? {} : { mailer: { send: async (letter) => void app.letters.push(letter) } }),
    onEvent: async (event) => void app.events.push(event),
    customDataOf: (userId) => customData.documentFor(userId),
    ...options.users,
  })
  const tokens = createTokenService({ collections, snapshots: customData, users, domainId, log, clock, ...options.tokens })
  const signIn = createSignIn({ users, tokens, decode: decodeSnapshot, clock })
  const logIn = (name: string, payload: Document = {}): ReturnType<typeof signIn.logIn> => signIn.logIn(name, payload, { address })
  const link = (accessToken: string, name: string, payload: Document = {}): ReturnType<typeof signIn.logIn> => signIn.logIn(name, payload, { address, link: { accessToken } })
  return { app, state, users, tokens, signIn, customData, logIn, link, table, advance: (seconds: number) => void (app.now = new Date(app.now.getTime() + seconds * 1000)) }
}

export type TestApp = ReturnType<typeof openApp>

/** What a client would see of a refusal: `status code`. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    const { status, body } = errorReply(error)
    return `${status} ${body.error_code}`
  }
  return "accepted"
}

/** The text of a refusal; only texts.test.ts pins these. */
export async function refusalText(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    return errorReply(error).body.error
  }
  return "accepted"
}

/** The payload of a token, unchecked. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] as string, "base64url").toString("utf8")) as Record<string, unknown>
}

export const email = "ana@example.com"
export const password = "secret1"

/** An app with one user, who has just logged in. */
export async function registered(options: AppOptions = {}) {
  const app = openApp(options)
  await app.users.userpass.register({ email, password }, "a")
  return { ...app, reply: await app.logIn("local-userpass", { username: email, password }) }
}
