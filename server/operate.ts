// What an operator does with an app's users and keys while it is not served, or beside it on the same MongoDB. Nothing listens and no function runs.
import { systemClock, type Clock, type Document } from "../kernel/index.ts"
import { derivedId, loadApp } from "./app/index.ts"
import { ConfigError, RequestError } from "./errors.ts"
import { openStore, type DataLocation, type OpenedStore } from "./open-store.ts"
import { customDataReader, openState } from "./storage/index.ts"
import { createTokenService, type KeyRing } from "./tokens/index.ts"
import { createTriggers } from "./triggers/index.ts"
import { createCustomData, createUsers, type UserAdministration } from "./users/index.ts"
import { findDuplicates, type DuplicateData } from "./custom-data-duplicates.ts"

export interface OperateOptions {
  readonly directory: string
  readonly data: DataLocation
  readonly clock?: Clock
}

/** A login that has not ended, and the copy of custom data it works with. */
export interface LiveLogin {
  readonly id: string
  readonly provider: string
  readonly device: string
  readonly started: Date
  readonly lastRefresh: Date
  readonly expires: Date
}

/** How a copy differs from the document as it is now: paths at the top level, values of the claim's spelling. */
export interface SnapshotDifference {
  readonly field: string
  readonly snapshot: unknown
  readonly now: unknown
}

export interface UserReport {
  readonly user: Document
  /** Custom data as the next token would carry it, in the claim's spelling; undefined without a document. */
  readonly customData: Record<string, unknown> | undefined
  readonly logins: readonly LiveLogin[]
}

export interface Operator {
  readonly clientAppId: string
  readonly users: UserAdministration
  readonly keys: KeyRing
  report(userId: string): Promise<UserReport>
  /** What a token says of its bearer's custom data, and where that differs from now. Rejects when the token is not this app's. */
  compare(accessToken: string): Promise<{ readonly userId: string; readonly expired: boolean; readonly differences: readonly SnapshotDifference[] }>
  /** Users for whom more than one document of custom data matches. */
  duplicates(): AsyncIterable<DuplicateData>
  close(): Promise<void>
}

/** Opens an app's users and keys. Rejects with `ConfigError` when the directory is no app, or another process has the data file. */
export async function openOperator({ directory, data, clock = systemClock }: OperateOptions): Promise<Operator> {
  const { app, draft } = await loadApp(directory)
  const model = app ?? draft
  if (model === undefined) throw new ConfigError("app-not-found", `Cannot read the app in \`${directory}\`: it is none; \`backstitch check\` says why`)
  const opened = await openStore(data)
  try {
    return await operate(model, opened, clock)
  } catch (error) {
    await opened.store.close()
    throw error
  }
}

type Model = NonNullable<Awaited<ReturnType<typeof loadApp>>["draft"]>

async function operate(model: Model, opened: OpenedStore, clock: Clock): Promise<Operator> {
  const domainId = derivedId("domain", model.clientAppId)
  const state = openState(opened, { app: model.clientAppId })
  const log = { warn: () => undefined }
  const refuse = async (): Promise<never> => {
    throw new RequestError("FunctionExecutionError", "functions do not run outside the server")
  }
  // Queues what happens to users, for the server that runs next or beside; runs nothing itself.
  const triggers = createTriggers({ app: model, state, storeFor: () => opened.store, exclusive: opened.embedded, log: { ...log, info: () => undefined }, clock, functions: { runWithValues: refuse } })
  const customData = createCustomData({ config: () => model.customUserData, reader: customDataReader(() => opened.store), log, clock })
  const sessions = state("sessions")
  const users = createUsers({
    collections: { users: state("users"), identities: state("identities"), registrations: state("registrations"), apiKeys: state("api_keys") },
    config: () => model, domainId, secret: () => undefined, log, clock, sessions: () => tokens,
    functions: { call: refuse },
    ...(triggers.onEvent === undefined ? {} : { onEvent: triggers.onEvent }),
  })
  const tokens = createTokenService({ collections: { sessions, keys: state("keys") }, snapshots: customData, users, domainId, log, clock })
  await users.open()

  async function claimNow(userId: string): Promise<Record<string, unknown> | undefined> {
    const { json } = await customData.claimFor(userId)
    return json === undefined ? undefined : (JSON.parse(json) as Record<string, unknown>)
  }

  return {
    clientAppId: model.clientAppId,
    users: users.administration,
    keys: tokens.keys,
    async report(userId) {
      const user = await users.administration.get(userId)
      const found = await sessions.find({ user_id: userId, ended: false, expires: { $gt: clock() } }, { sort: { created: -1 } })
      const current = await users.stateOf(userId)
      const logins = found.map(toLogin).filter(({ started }) => started.getTime() >= (current?.sessionsValidSince ?? 0))
      return { user, customData: await claimNow(userId), logins }
    },
    async compare(accessToken) {
      const inspected = await tokens.inspect(accessToken)
      if (inspected.expired) throw new RequestError("InvalidSession", "the token has expired: nobody works with its copy any more")
      const { sub: userId } = inspected.claims
      const snapshot = await snapshotOf(accessToken)
      return { userId, expired: false, differences: difference(snapshot, (await claimNow(userId)) ?? {}) }
    },
    duplicates: () => findDuplicates(model.customUserData, opened.store),
    async close() {
      await tokens.close()
      await opened.store.close()
    },
  }
}

function toLogin(document: Document): LiveLogin {
  const { _id, provider_type: provider, device_id: device, created, last_refresh: lastRefresh, expires } = document
  return { id: String(_id), provider: String(provider), device: String(device), started: created as Date, lastRefresh: lastRefresh as Date, expires: expires as Date }
}

/** The claim of a token that has been verified. */
async function snapshotOf(token: string): Promise<Record<string, unknown>> {
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as { user_data?: Record<string, unknown> }
  return claims.user_data ?? {}
}

function difference(snapshot: Readonly<Record<string, unknown>>, now: Readonly<Record<string, unknown>>): SnapshotDifference[] {
  const own = (of: Readonly<Record<string, unknown>>, field: string): unknown => (Object.hasOwn(of, field) ? of[field] : undefined)
  return [...new Set([...Object.keys(snapshot), ...Object.keys(now)])]
    .filter((field) => JSON.stringify(own(snapshot, field)) !== JSON.stringify(own(now, field)))
    .map((field) => ({ field, snapshot: own(snapshot, field), now: own(now, field) }))
}
