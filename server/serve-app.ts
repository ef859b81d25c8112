// Puts one app together: its model, its store, and the services over them.
import { systemClock, type Clock, type Value } from "../kernel/index.ts"
import type { Runtime } from "../runtime/index.ts"
import { derivedId, type AppModel, type AppValue, type SecretLookup } from "./app/index.ts"
import type { AppLog } from "./app-log.ts"
import { knownValues, ruledDataSources } from "./app-rules.ts"
import { createDataService, type RuleFunctions, type Store } from "./data/index.ts"
import { RequestError } from "./errors.ts"
import { createFunctions, type Functions } from "./functions/index.ts"
import type { ServedApp } from "./http/index.ts"
import type { OpenedStores } from "./open-store.ts"
import { createProviderHttp } from "./provider-http.ts"
import type { ServerSettings } from "./settings.ts"
import { customDataReader, openState } from "./storage/index.ts"
import { tokenOptions } from "./token-options.ts"
import { createSignIn, createTokenService, type TokenService } from "./tokens/index.ts"
import { createTriggers, type Triggers } from "./triggers/index.ts"
import { createCustomData, createUsers, decodeSnapshot, userDocument, type Mailer, type UserFunctions } from "./users/index.ts"

export interface ServeAppOptions {
  readonly model: AppModel
  readonly secrets: SecretLookup
  readonly opened: OpenedStores
  readonly runtime: Runtime
  readonly log: AppLog
  readonly publicUrl: string | undefined
  readonly clock?: Clock
  readonly mailer?: Mailer
  readonly settings?: ServerSettings
}

export interface RunningApp extends ServedApp {
  /** Made, and queueing events, but not begun. */
  readonly triggers: Triggers
  /** Ends open streams and what runs by the hour. */
  stop(): void
}

/** Makes an app ready to serve. Rejects with `ConfigError` when its rules cannot be compiled or its functions not be deployed. */
export async function serveApp({ model, secrets, opened, runtime, log, publicUrl, clock = systemClock, mailer, settings = {} }: ServeAppOptions): Promise<RunningApp> {
  const domainId = derivedId("domain", model.clientAppId)
  for (const { dataSources, missing } of opened.shortcomings) log.storage("database-lacks", { dataSources, missing })
  const state = openState(opened, { app: model.clientAppId })
  const storeFor = (dataSource: string): Store => opened.storeFor(dataSource).store
  const resolveValue = ({ fromSecret, value }: AppValue): Value => (fromSecret ? secrets(String(value)) : value)
  // Functions, users and tokens need each other; what is not there yet is reached through these at the time of use.
  let functions: Functions | undefined
  let tokens: TokenService | undefined

  const ruleFunctions: RuleFunctions = { call: (name, args, caller) => ready(functions).call(name, args, caller) }
  const known = knownValues(model, resolveValue)
  const { nullTypes = false, ...dataSettings } = settings.data ?? {}
  const data = createDataService({ dataSources: ruledDataSources(model, { nullTypes }), storeFor, known: () => known, functions: ruleFunctions, log: log.data, settings: dataSettings })
  const reader = customDataReader(storeFor, settings.customData?.firstInserted)
  const customData = createCustomData({ config: () => model.customUserData, reader, log: log.users, clock, ...(settings.customData === undefined ? {} : { policy: settings.customData }) })
  const userFunctions: UserFunctions = { call: (name, args) => ready(functions).runWithValues(name, args, { kind: "system" }, { via: "authentication" }) }
  const triggers = createTriggers({
    app: model, state, storeFor, exclusive: opened.embedded, log: log.triggers, clock,
    functions: { runWithValues: (name, args, caller, call) => ready(functions).runWithValues(name, args, caller, call) },
  })
  const users = createUsers({
    collections: { users: state("users"), identities: state("identities"), registrations: state("registrations"), apiKeys: state("api_keys"), deletions: state("deletions") },
    config: () => model, domainId, functions: userFunctions, secret: secrets, log: log.users, clock,
    sessions: () => ready(tokens), exclusive: opened.embedded,
    providerHttp: createProviderHttp({ openHosts: settings.functions?.openHosts, operatorUrl: settings.users?.facebookGraphUrl }),
    ...settings.users,
    ...(mailer === undefined ? {} : { mailer }),
    ...(triggers.onEvent === undefined ? {} : { onEvent: triggers.onEvent }),
  })
  tokens = createTokenService({ collections: { sessions: state("sessions"), keys: state("keys") }, snapshots: customData, users, domainId, log: log.users, clock, ...tokenOptions(settings) })
  const { stateOf } = tokens
  const contextUser: ServedApp["contextUser"] = async (userId, options) => {
    const user = await stateOf(userId)
    return user === undefined || user.disabled ? null : userDocument(user, options.customData ? await customData.documentFor(userId) : {})
  }
  functions = await createFunctions({
    app: model, runtime, data, resolveValue, clock, log: log.functions, deployedAt: clock(), ...(settings.functions === undefined ? {} : { settings: settings.functions }),
    userLookup: (userId, options = { customData: true }) => contextUser(userId, options),
  })
  for (const { name, problem } of functions.problems) log.runtime("package-unusable", { name, problem })
  await Promise.all([users.open(), indexCustomData(model, opened, log)])
  const stopping = new AbortController()
  const app: RunningApp = {
    model, domainId, users, tokens, functions, data, publicUrl, clock, triggers, contextUser, secret: secrets,
    closing: stopping.signal,
    stop: () => stopping.abort(),
    signIn: createSignIn({ users, tokens, decode: decodeSnapshot, clock, ...(triggers.onLogOut === undefined ? {} : { onLogOut: triggers.onLogOut }) }),
  }
  sweepHourly(app, log, stopping.signal)
  return app
}

function ready<Service>(service: Service | undefined): Service {
  if (service === undefined) throw new RequestError("InternalServerError", "the app is still starting", { status: 503 })
  return service
}

/** The embedded store is ours to index; an app's own database is never changed unasked, but what it lacks is said. */
async function indexCustomData({ customUserData }: AppModel, opened: OpenedStores, log: AppLog): Promise<void> {
  if (customUserData?.enabled !== true) return
  const { dataSource, database, collection, userIdField } = customUserData
  const { store, embedded } = opened.storeFor(dataSource)
  if (embedded) return store.ensureIndex({ database, collection }, { keys: { [userIdField]: 1 } })
  const indexes = await store.indexes({ database, collection })
  const serves = indexes.some(({ keys, partial }) => !partial && Object.keys(keys)[0] === userIdField)
  if (!serves) log.users.warn("custom-data-index-missing", { collection: `${database}.${collection}`, field: userIdField })
}

/** Deletes what has expired, once an hour while the app is served. */
function sweepHourly({ tokens, users }: ServedApp, log: AppLog, closing: AbortSignal): void {
  const timer = setInterval(() => {
    Promise.all([tokens.sweep(), users.sweep(), users.administration.sweepAnonymous()]).catch((error: unknown) => log.users.warn("sweep-failed", { error: error instanceof Error ? error.name : "unknown" }))
  }, 3_600_000).unref()
  closing.addEventListener("abort", () => clearInterval(timer))
}
