// What an operator does with an app's users and keys while it is not served, or beside it on the same MongoDB. Nothing listens and no function runs.
import { systemClock, type Clock, type Document } from "../kernel/index.ts"
import { derivedId, loadApp } from "./app/index.ts"
import type { Store } from "./data/index.ts"
import { ConfigError, RequestError } from "./errors.ts"
import { openStores, type DataLocation, type OpenedStores } from "./open-store.ts"
import type { ServerSettings } from "./settings.ts"
import { difference, type Claim, type SnapshotDifference } from "./snapshot-difference.ts"
import { customDataReader, openState } from "./storage/index.ts"
import { tokenOptions } from "./token-options.ts"
import { createTokenService, type KeyRing, type LiveSession } from "./tokens/index.ts"
import { createTriggers } from "./triggers/index.ts"
import { createCustomData, createUsers, type UserAdministration } from "./users/index.ts"
import { findDuplicates, type DuplicateData } from "./custom-data-duplicates.ts"

export interface OperateOptions {
  readonly directory: string
  readonly data: DataLocation
  /** The settings the app is served with. */
  readonly settings?: ServerSettings
  readonly clock?: Clock
}

/** A login that has not ended, and the copy of custom data its last token carries. */
export interface LiveLogin {
  readonly id: string
  readonly provider: string
  readonly device: string
  readonly started: Date
  readonly lastRefresh: Date
  readonly expires: Date
  /** In the claim's spelling; null when the user had no document. Undefined: no token since this server notes them. */
  readonly snapshot: Claim | null | undefined
  /** When the first token with this copy was made. */
  readonly snapshotTaken: Date | undefined
  /** Where the copy and the document as it is now differ. */
  readonly differences: readonly SnapshotDifference[]
}

export interface UserReport {
  readonly user: Document
  /** Custom data as the next token would carry it, in the claim's spelling; undefined without a document. */
  readonly customData: Claim | undefined
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
export async function openOperator({ directory, data, settings = {}, clock = systemClock }: OperateOptions): Promise<Operator> {
  const { app, draft } = await loadApp(directory)
  const model = app ?? draft
  if (model === undefined) throw new ConfigError("app-not-found", `Cannot read the app in \`${directory}\`: it is none; \`backstitch check\` says why`)
  const opened = await openStores(data, model, settings)
  try {
    return await operate(model, opened, settings, clock)
  } catch (error) {
    await opened.close()
    throw error
  }
}

type Model = NonNullable<Awaited<ReturnType<typeof loadApp>>["draft"]>

async function operate(model: Model, opened: OpenedStores, settings: ServerSettings, clock: Clock): Promise<Operator> {
  const domainId = derivedId("domain", model.clientAppId)
  const state = openState(opened, { app: model.clientAppId })
  const storeFor = (dataSource: string): Store => opened.storeFor(dataSource).store
  const log = { warn: () => undefined }
  const refuse = async (): Promise<never> => {
    throw new RequestError("FunctionExecutionError", "functions do not run outside the server")
  }
  // Queues what happens to users, for the server that runs next or beside; runs nothing itself.
  const triggers = createTriggers({ app: model, state, storeFor, exclusive: opened.embedded, log: { ...log, info: () => undefined }, clock, functions: { runWithValues: refuse } })
  const customData = createCustomData({ config: () => model.customUserData, reader: customDataReader(storeFor, settings.customData?.firstInserted), policy: { ...settings.customData, onReadError: "fail" }, log, clock })
  const users = createUsers({
    collections: { users: state("users"), identities: state("identities"), registrations: state("registrations"), apiKeys: state("api_keys"), deletions: state("deletions") },
    config: () => model, domainId, secret: () => undefined, log, clock, sessions: () => tokens, exclusive: opened.embedded,
    functions: { call: refuse }, customDataOf: (userId) => customData.documentFor(userId), ...settings.users,
    ...(triggers.onEvent === undefined ? {} : { onEvent: triggers.onEvent }),
  })
  const tokens = createTokenService({ collections: { sessions: state("sessions"), keys: state("keys") }, snapshots: customData, users, domainId, log, clock, ...tokenOptions(settings) })
  await users.open()

  async function claimNow(userId: string): Promise<Claim | undefined> {
    const { json } = await customData.claimFor(userId)
    return json === undefined ? undefined : readClaim(json)
  }

  return {
    clientAppId: model.clientAppId,
    users: users.administration,
    keys: tokens.keys,
    async report(userId) {
      const user = await users.administration.get(userId)
      const [found, current, now] = await Promise.all([tokens.sessions.liveOf(userId), users.stateOf(userId), claimNow(userId)])
      const logins = found.map((session) => toLogin(session, now)).filter(({ started }) => started.getTime() >= (current?.sessionsValidSince ?? 0))
      return { user, customData: now, logins }
    },
    async compare(accessToken) {
      const inspected = await tokens.inspect(accessToken)
      if (inspected.expired) throw new RequestError("InvalidSession", "the token has expired: nobody works with its copy any more")
      const { sub: userId } = inspected.claims
      const { userData } = inspected.claims
      return { userId, expired: false, differences: difference((userData ?? {}) as Claim, (await claimNow(userId)) ?? {}) }
    },
    duplicates: () => findDuplicates(model.customUserData, storeFor(model.customUserData?.dataSource ?? "")),
    async close() {
      await tokens.close()
      await opened.close()
    },
  }
}

function toLogin({ id, providerType: provider, deviceId: device, created: started, lastRefresh, expires, snapshot: copy }: LiveSession, now: Claim | undefined): LiveLogin {
  const snapshot = copy === undefined ? undefined : copy.json === undefined ? null : readClaim(copy.json)
  return { id, provider, device, started, lastRefresh, expires, snapshot, snapshotTaken: copy?.takenAt, differences: snapshot === undefined ? [] : difference(snapshot ?? {}, now ?? {}) }
}

function readClaim(json: string): Claim {
  return JSON.parse(json) as Claim
}
