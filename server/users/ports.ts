// What server/users and server/tokens need of others. `StateCollection` and `CustomDataReader` are filled by server/storage,
// `UserFunctions` by server/functions, the rest by the composition of the server.
import type { Document, Value } from "../../kernel/index.ts"

/**
 * One collection of the server's own state, for one app. Not an app's collection: no rules, no change streams.
 *
 * Filters use equality on dotted paths (a list matches by its elements) and `$lt`, `$lte`, `$gt`, `$gte`, `$ne`, `$in`, `$exists`;
 * updates use `$set`, `$unset`, `$inc`, `$push`, `$pull` and `$setOnInsert`; all in MongoDB's meaning. Documents always carry a
 * string `_id`. Rejects with `StoreError` or another error whose `fault` is `server`; such a failure is never taken for an answer.
 */
export interface StateCollection {
  findOne(filter: Document): Promise<Document | null>
  find(filter: Document, options?: { readonly sort?: Document; readonly limit?: number }): Promise<Document[]>
  /** `duplicate`: `_id` or a unique index is taken, and nothing was written. */
  insertOne(document: Document): Promise<"inserted" | "duplicate">
  /** Changes one document atomically and resolves to the number matched: 0 or 1 (1 also after an upsert). */
  updateOne(filter: Document, update: Document, options?: { readonly upsert?: boolean }): Promise<number>
  /** Resolves to the number deleted. */
  deleteMany(filter: Document): Promise<number>
  /** Documents without one of the keys count as having null there. Making an index that exists does nothing. */
  ensureIndex(index: { readonly keys: Document; readonly unique?: boolean }): Promise<void>
}

/** Where the records of one app's users live; each name is a collection of its own. */
export interface UserCollections {
  readonly users: StateCollection
  readonly identities: StateCollection
  readonly registrations: StateCollection
  readonly apiKeys: StateCollection
  /** Deletions that are under way, or were when their process ended. */
  readonly deletions: StateCollection
  /** Attempts at passwords and requests for letters, counted for all processes. Left out where this one is the only one. */
  readonly attempts?: StateCollection
}

/** Reads the collection that holds custom user data. */
export interface CustomDataReader {
  /**
   * The first inserted document whose value at `field` itself is exactly `value` (same type, same bytes; no list on the way).
   * A collection or database that does not exist gives null.
   */
  findFirstInserted(dataSource: string, database: string, collection: string, field: string, value: Value): Promise<Document | null>
}

/**
 * Runs the functions that users need: creation, confirmation, reset, custom authentication. Always as the system user.
 *
 * Rejects with the guest's error, whose `message` is what the function threw; an error whose `fault` is `server` means that
 * the function could not be run.
 */
export interface UserFunctions {
  call(name: string, args: readonly Value[]): Promise<Value>
}

/** Asks a provider for something small. Follows no redirects; rejects when there is no answer, or more of it than allowed. */
export interface ProviderHttp {
  get(url: URL, options: { readonly maxBytes: number; readonly signal: AbortSignal }): Promise<{ readonly status: number; readonly body: Buffer }>
}

/** A letter to one address. `link` carries `token` and `tokenId` as query parameters. */
export interface Letter {
  readonly kind: "confirm" | "reset"
  readonly to: string
  readonly subject: string
  readonly link: string
  /** SECURITY: both grant the account; they belong into the letter and nowhere else. */
  readonly token: string
  readonly tokenId: string
}

/** Sends letters. Resolving means that the letter was handed over; rejecting fails the request. */
export interface Mailer {
  send(letter: Letter): Promise<void>
}

/** What happened to a user, for authentication triggers (specification of users, 5). */
export interface AuthEvent {
  readonly operationType: "LOGIN" | "CREATE" | "DELETE" | "LOGOUT"
  readonly providers: readonly string[]
  /** `{ id, type, data, custom_data, identities }`. */
  readonly user: Document
  readonly time: Date
  /** An event that may be told twice after a crash: with the same number, before those of its time, it is queued once. */
  readonly once?: string
}

/** Queues an event for triggers; called after the reply's tokens exist, in order for one user. */
export type AuthEventSink = (event: AuthEvent) => Promise<void>

/** What users need of sessions. Filled by the token service. */
export interface UserSessions {
  /** Forgets what is cached of a user that changed. */
  userChanged(userId: string): void
  /** Ends every session of a user that was revoked, disabled or deleted; resolves to when the newest that is known started, in milliseconds, or 0. */
  endAll(userId: string): Promise<number>
  /** When the user last logged in or refreshed. */
  lastActivity(userId: string): Promise<Date | undefined>
}

/** A remark for the server's log. Holds ids and sizes, never a token, secret, credential or document value. */
export interface UserLog {
  warn(code: string, details: Readonly<Record<string, string | number>>): void
}

/** One entry of `auth/providers.json`, as server/app reads it. */
export interface ProviderConfig {
  readonly type: string
  readonly id: string | undefined
  readonly disabled: boolean
  readonly config: Document
  readonly secretConfig: Document
  readonly metadataFields: readonly { readonly required: boolean; readonly name: string; readonly fieldName: string | undefined }[]
  readonly redirectUris: readonly string[]
  readonly domainRestrictions: readonly string[]
}

/** `auth/custom_user_data.json`, as server/app reads it. */
export interface CustomDataConfig {
  readonly enabled: boolean
  readonly dataSource: string
  readonly database: string
  readonly collection: string
  readonly userIdField: string
  readonly onUserCreationFunction: string | undefined
}
