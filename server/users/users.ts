// The users of one app: one method for each route of the client API, so that a handler only parses, calls and replies.
import { InternalError, systemClock, type Clock, type Document } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import { createAccounts, isOutage, keyOf, refusedLink, type AccountsOptions } from "./accounts.ts"
import { createAnnouncements } from "./announcements.ts"
import { createUserAdministration, type UserAdministration } from "./administration.ts"
import { createApiKeys, serverOwner } from "./api-keys.ts"
import { createAttempts } from "./attempts.ts"
import { createDeletions } from "./deletions.ts"
import { createFacebookTokens } from "./facebook.ts"
import { createForeignTokens, type ForeignTokensOptions } from "./jwt.ts"
import { createPasswords, type Passwords } from "./passwords.ts"
import type { AuthEventSink, CustomDataConfig, Mailer, ProviderConfig, ProviderHttp, UserCollections, UserFunctions, UserLog, UserSessions } from "./ports.ts"
import { createProviders } from "./providers.ts"
import { mergedData, profileDocument, publicIdentities, userDocument, type Identity, type UserRecord } from "./records.ts"
import { createRegistrations } from "./registrations.ts"
import { createUserpass, type Userpass } from "./userpass.ts"

/** What of the deployed app concerns users. Read at each use, so that a deployed change acts at once. */
export interface UsersConfig {
  readonly clientAppId: string
  readonly providers: ReadonlyMap<string, ProviderConfig>
  readonly customUserData: CustomDataConfig | undefined
}

export interface UsersOptions {
  readonly collections: UserCollections
  readonly config: () => UsersConfig
  /** Internal id of the app's domain, 24 hexadecimal digits. */
  readonly domainId: string
  readonly functions: UserFunctions
  readonly secret: (name: string) => string | undefined
  readonly log: UserLog
  readonly clock?: Clock
  readonly mailer?: Mailer
  readonly onEvent?: AuthEventSink
  /** Whether {@link onEvent} wants events now; by default it does when it is there. */
  readonly wantsEvents?: () => boolean
  /** Custom data as a token made now would have it, for events that none is made for. Without it: an empty document. */
  readonly customDataOf?: (userId: string) => Promise<Document>
  /** No other process has the collections. What such a process left when it ended is then taken up at once, else after its lease. */
  readonly exclusive?: boolean
  /** The token service, which is made after the users, for it needs them. */
  readonly sessions: () => UserSessions
  readonly fetch?: ForeignTokensOptions["fetch"]
  /** Without it Facebook cannot be asked, and logins by its tokens are outages. */
  readonly providerHttp?: ProviderHttp
  /** Where Facebook's Graph API is, for tests and proxies. */
  readonly facebookGraphUrl?: string
  readonly newUserId?: AccountsOptions["newUserId"]
  readonly passwords?: Passwords
  /** Attempts at one account's password from one address, and requests for letters and functions, a minute. Default 20. */
  readonly attemptsPerMinute?: number
  readonly hideUnknownUsers?: boolean
  /** Days without a login or refresh after which an anonymous user is deleted. Default 90. */
  readonly anonymousDays?: number
}

export interface LoginRequest {
  readonly address: string
  /** The user, known by a verified access token, that the credentials shall be linked to. */
  readonly link?: string
  /** Refuse credentials that no account belongs to yet, instead of making one. A server key's account is made all the same: an administrator made the key. */
  readonly existingOnly?: boolean
}

/** A login that the token service may now start a session for. */
export interface Login {
  readonly userId: string
  readonly identity: { readonly id: string; readonly providerType: string; readonly providerId: string }
  readonly anonymous: boolean
  /** Milliseconds; pass it on as the session's `notBefore`. */
  readonly sessionsValidSince: number
  readonly created: boolean
  /** Since when the CREATE event of this identity is owed; {@link Users.announce} queues it. */
  readonly owed: Date | undefined
  /** What else {@link Users.announce} will queue. */
  readonly events: readonly "LOGIN"[]
  readonly user: UserRecord
}

/** What an access token's user is now; the `UserStates` of server/tokens. */
export interface CurrentUser {
  readonly id: string
  readonly type: "normal" | "server"
  readonly disabled: boolean
  readonly sessionsValidSince: number
  readonly data: Document
  readonly identities: readonly Document[]
}

export interface Users {
  /** Checks credentials and makes the account at the first login. The caller starts the session, then calls {@link announce}. */
  logIn(provider: string, payload: Document, request: LoginRequest): Promise<Login>
  /** Queues the events of a login, CREATE before LOGIN, with the snapshot just put into the token. */
  announce(login: Login, customData: Document): Promise<void>
  stateOf(userId: string): Promise<CurrentUser | undefined>
  /** The reply of `GET /auth/profile`. */
  profile(userId: string): Promise<Document>
  /** `DELETE /auth/delete`, and the administrator's deletion. Custom user data stays. */
  delete(userId: string): Promise<void>
  readonly userpass: Pick<Userpass, "register" | "confirm" | "sendConfirmation" | "callConfirmation" | "reset" | "sendReset" | "callReset">
  createApiKey(userId: string, payload: Document): Promise<Document>
  listApiKeys(userId: string): Promise<Document[]>
  getApiKey(userId: string, id: string): Promise<Document>
  setApiKeyDisabled(userId: string, id: string, disabled: boolean): Promise<void>
  deleteApiKey(userId: string, id: string): Promise<void>
  readonly administration: UserAdministration
  /** Makes the indexes, and finishes what an earlier process left. Call once when the app is opened. */
  open(): Promise<void>
  /** Finishes what processes left that are gone since. */
  sweep(): Promise<void>
}

/** Makes the users of one app. */
export function createUsers(options: UsersOptions): Users {
  const { collections, config, domainId, functions, secret, log, clock = systemClock, mailer, onEvent, sessions, passwords = createPasswords() } = options
  const { attemptsPerMinute = 20, hideUnknownUsers = false, anonymousDays = 90, exclusive = false, wantsEvents = () => onEvent !== undefined } = options
  const { customDataOf = async () => ({}) } = options
  const onUserChanged = (userId: string): void => sessions().userChanged(userId)
  const deletions = createDeletions({ ...collections, clock, exclusive, onUserChanged, endSessions: (userId) => sessions().endAll(userId), removeBelongings, announce: announceDeletion })
  const announcements = createAnnouncements({ identities: collections.identities, clock, exclusive })
  const accounts = createAccounts({ collections, clock, beforeCreation, onUserChanged, owesEvents: wantsEvents, finishDeletion: deletions.finish, exclusive, ...(options.newUserId === undefined ? {} : { newUserId: options.newUserId }) })
  const registrations = createRegistrations({ collection: collections.registrations, clock })
  const apiKeys = createApiKeys({ collection: collections.apiKeys, clock })
  const foreignTokens = createForeignTokens({ clock, clientAppId: () => config().clientAppId, secret, log, ...(options.fetch === undefined ? {} : { fetch: options.fetch }) })
  const facebookTokens = createFacebookTokens({ http: options.providerHttp ?? noHttp, secret, log, clock, graphUrl: options.facebookGraphUrl })
  const providers = createProviders({ configured: () => config().providers, domainId, userpass: () => userpass, apiKeys, foreignTokens, facebookTokens, functions, clock })
  const limits = { limit: attemptsPerMinute, windowMs: 60_000, clock, shared: collections.attempts }
  const attempts = createAttempts({ ...limits, purpose: "password" })
  const userpass = createUserpass({
    registrations, passwords, functions, mailer, config: () => providers.enabled("local-userpass"), providerId: () => providers.idOf("local-userpass"), attempts, requests: createAttempts({ ...limits, purpose: "request" }), endSessions: (userId) => revoke(userId), hideUnknownUsers,
    isFreed: async (userId) => (await deletions.finish(userId)) === "finished",
  })

  /** SOURCE: specification 1.8: part of the custom data configuration, so it does not run while that is disabled. */
  async function beforeCreation(user: UserRecord): Promise<boolean> {
    const custom = config().customUserData
    const name = custom?.enabled === true ? custom.onUserCreationFunction : undefined
    if (name === undefined || name === "") return false
    try {
      await functions.call(name, [eventUser(user, {})])
      return true
    } catch (error) {
      if (isOutage(error)) throw error
      throw new RequestError("FunctionExecutionError", error instanceof Error ? error.message : "user creation function failed", { cause: error })
    }
  }

  /** Ends all sessions of a user and changes fields. */
  async function revoke(userId: string, fields?: Document): Promise<void> {
    if ((await accounts.find(userId)) === undefined) throw userNotFound()
    await endSessions(userId)
    if (fields === undefined) return
    // Ended first, and again for those begun meanwhile: a process that dies in between leaves no session that outlives the change.
    if (!(await accounts.change(userId, fields))) throw userNotFound()
    await endSessions(userId)
  }

  async function endSessions(userId: string): Promise<void> {
    // One later than now, and sessions start no earlier than this: what was begun in this millisecond ends too.
    const since = clock().getTime() + 1
    // Another process hears of ended sessions, and not of users: were they left, it would go on with them.
    const newest = await sessions().endAll(userId)
    // A process whose clock is ahead may have started one later than now.
    await endBefore(userId, Math.max(since, newest + 1))
    await sessions().endAll(userId)
  }

  /** INVARIANT: the time never moves back, whatever the clocks of two processes that revoke say. */
  async function endBefore(userId: string, since: number): Promise<void> {
    await accounts.change(userId, { sessions_valid_since: new Date(since) }, { sessions_valid_since: { $lt: new Date(since) } })
  }

  /** CREATE waits in the identity's record until it is queued; a LOGIN that cannot be queued is lost but for the log, since what it tells of has happened. */
  async function announce({ user, identity, owed, events }: Pick<Login, "user" | "identity" | "owed" | "events">, customData: Document): Promise<void> {
    const about = { providers: [identity.providerType], user: eventUser(user, customData) }
    if (owed !== undefined) {
      const key = keyOf(identity)
      const queued = await announcements.settle(key, owed, async () => onEvent?.({ ...about, operationType: "CREATE", time: owed, once: key }))
      if (!queued) log.warn("auth-event-delayed", { userId: user.id, operation: "CREATE" })
    }
    for (const operationType of events) {
      await onEvent?.({ ...about, operationType, time: clock() }).catch(() => log.warn("auth-event-lost", { userId: user.id, operation: operationType }))
    }
  }

  async function currentData(userId: string): Promise<Document> {
    if (!wantsEvents()) return {}
    try {
      return await customDataOf(userId)
    } catch (error) {
      // What no token can carry, no event can; an outage lets the event wait.
      if (error instanceof InternalError && error.code === "internal") return {}
      throw error
    }
  }

  async function announceCreated(entry: Pick<Login, "user" | "owed">, identity: Identity): Promise<void> {
    const data = await currentData(entry.user.id).catch(() => undefined)
    if (data === undefined) log.warn("auth-event-delayed", { userId: entry.user.id, operation: "CREATE" })
    else await announce({ ...entry, identity, events: [] }, data)
  }

  async function announceDeletion(user: UserRecord, since: Date): Promise<boolean> {
    try {
      await onEvent?.({ operationType: "DELETE", providers: [...new Set(user.identities.map(({ providerType }) => providerType))], user: eventUser(user, await currentData(user.id)), time: since, once: user.id })
      return true
    } catch {
      log.warn("auth-event-delayed", { userId: user.id, operation: "DELETE" })
      return false
    }
  }

  async function removeBelongings(user: UserRecord): Promise<void> {
    await registrations.removeOf(user.identities.filter(({ providerType }) => providerType === "local-userpass").map(({ id }) => id))
    if (user.id !== serverOwner) await apiKeys.deleteAll(user.id)
  }

  async function remove(userId: string): Promise<void> {
    if (!(await deletions.delete(userId))) throw userNotFound()
  }

  async function stateOf(userId: string): Promise<CurrentUser | undefined> {
    const user = await accounts.find(userId)
    return user === undefined ? undefined : { id: user.id, type: user.type, disabled: user.disabled, sessionsValidSince: user.sessionsValidSince, data: mergedData(user), identities: publicIdentities(user) }
  }

  async function link(userId: string, identity: Identity): Promise<Login> {
    const before = await accounts.find(userId)
    if (before === undefined || before.disabled) throw refusedLink()
    const { user, owed } = await accounts.link(userId, identity)
    return { userId, identity, anonymous: user.anonymous, sessionsValidSince: user.sessionsValidSince, created: false, owed, events: [], user }
  }

  return {
    async logIn(provider, payload, { address, link: target, existingOnly = false }) {
      const { credentials, registration } = await providers.check(provider, payload, address, target !== undefined)
      if (existingOnly && credentials.type !== "server" && !(await accounts.isKnown(credentials))) throw userNotFound()
      const login = target === undefined ? await signIn() : await link(target, credentials.identity)
      if (registration !== undefined && registration.userId !== login.userId) await registrations.setUser(registration, login.userId)
      return login

      async function signIn(): Promise<Login> {
        const { user, owed, created } = await accounts.signIn(credentials)
        return { userId: user.id, identity: credentials.identity, anonymous: user.anonymous, sessionsValidSince: user.sessionsValidSince, created, owed, events: ["LOGIN"], user }
      }
    },
    announce,
    stateOf,
    async profile(userId) {
      const user = await accounts.find(userId)
      if (user === undefined) throw new RequestError("InvalidSession", "invalid session")
      return profileDocument(user, domainId)
    },
    delete: remove,
    userpass,
    async createApiKey(userId, payload) {
      const user = await accounts.find(userId)
      if (user === undefined) throw userNotFound()
      // SOURCE: specification 6a: not until another identity is linked.
      if (user.anonymous) throw new RequestError("InvalidParameter", "anonymous users cannot create API keys")
      return apiKeys.create(userId, payload)
    },
    listApiKeys: (userId) => apiKeys.list(userId),
    getApiKey: (userId, id) => apiKeys.get(userId, id),
    setApiKeyDisabled: (userId, id, disabled) => apiKeys.setDisabled(userId, id, disabled),
    deleteApiKey: (userId, id) => apiKeys.delete(userId, id),
    administration: createUserAdministration({ users: collections.users, accounts, registrations, apiKeys, userpass, domainId, providerId: providers.idOf, clock, sessions, revoke, remove, announceCreated, anonymousDays }),
    async open() {
      await Promise.all([accounts.ensureIndexes(), registrations.ensureIndexes(), apiKeys.ensureIndexes(), attempts.ensureIndexes()])
      await deletions.finishAll()
    },
    async sweep() {
      await deletions.finishAll()
      await attempts.sweep()
    },
  }
}

const noHttp: ProviderHttp = { get: () => Promise.reject(new InternalError("unavailable", "Cannot ask a provider: there is no HTTP client")) }

function eventUser(user: UserRecord, customData: Document): Document {
  return userDocument({ id: user.id, type: user.type, data: mergedData(user), identities: publicIdentities(user) }, customData)
}

/** The reply when there is no such user. */
export function userNotFound(): RequestError {
  return new RequestError("UserNotFound", "user not found")
}
