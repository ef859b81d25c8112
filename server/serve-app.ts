// Puts one app together: users and sessions, which stay, and over them the deployment of the day, which is swapped as one.
import { systemClock, type Clock } from "../kernel/index.ts"
import type { Runtime } from "../runtime/index.ts"
import { derivedId, type AppModel, type SecretLookup } from "./app/index.ts"
import type { AppLog } from "./app-log.ts"
import { createDeployment, started, type Deployment } from "./deployment.ts"
import { ConfigError } from "./errors.ts"
import { secretHider } from "./explain-answer.ts"
import { explainServed } from "./explain-served.ts"
import type { AppRegistry, ServedApp } from "./http/index.ts"
import type { OpenedStores } from "./open-store.ts"
import { createProviderHttp } from "./provider-http.ts"
import type { ServerSettings } from "./settings.ts"
import { customDataReader, openState } from "./storage/index.ts"
import { tokenOptions } from "./token-options.ts"
import { createSignIn, createTokenService, type TokenService } from "./tokens/index.ts"
import { createCustomData, createUsers, decodeSnapshot, userDocument, type AuthEventSink, type Mailer, type StateCollection, type Users } from "./users/index.ts"

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

/** An app that is ready to be asked. */
export interface RunningApp {
  readonly registry: AppRegistry
  readonly state: (name: string) => StateCollection
  /** Begins with triggers. */
  start(): Promise<void>
  /**
   * Puts another model of the app in place of the current one. `accepted` is called when it is ready and nothing has been changed; if that rejects, or
   * the model cannot be deployed, everything stays as it was. Requests and calls under way end on what they began with; streams end.
   */
  redeploy(model: AppModel, secrets: SecretLookup, accepted: () => Promise<void>): Promise<void>
  /** Ends open streams and what runs by the hour. */
  stop(): void
  /** Lets functions end. Call after {@link stop}, when no more requests come. */
  close(): Promise<void>
}

/** How long triggers of a deployment that was replaced may take to end: longer than any function may run. */
const handoverMs = 3_600_000

/** Makes an app ready to serve. Rejects with `ConfigError` when its rules cannot be compiled or its functions not be deployed. */
export async function serveApp({ model, secrets, opened, runtime, log, publicUrl, clock = systemClock, mailer, settings = {} }: ServeAppOptions): Promise<RunningApp> {
  const { clientAppId } = model
  const domainId = derivedId("domain", clientAppId)
  for (const { dataSources, missing } of opened.shortcomings) log.storage("database-lacks", { dataSources, missing })
  const state = openState(opened, { app: clientAppId })
  // Functions, users and tokens need each other; what is not there yet is reached through these at the time of use.
  let deployed: Deployment | undefined
  let tokens: TokenService | undefined
  const currentModel = (): AppModel => deployed?.model ?? model

  const customData = createCustomData({ config: () => currentModel().customUserData, reader: customDataReader((dataSource) => opened.storeFor(dataSource).store, settings.customData?.firstInserted), log: log.users, clock, ...(settings.customData === undefined ? {} : { policy: settings.customData }) })
  const users = createUsers({
    collections: { users: state("users"), identities: state("identities"), registrations: state("registrations"), apiKeys: state("api_keys"), deletions: state("deletions"), ...(opened.embedded ? {} : { attempts: state("attempts") }) },
    config: currentModel, domainId, secret: (name) => (deployed?.secrets ?? secrets)(name), log: log.users, clock,
    functions: { call: (name, args) => started(deployed).functions.runWithValues(name, args, { kind: "system" }, { via: "authentication" }) },
    sessions: () => started(tokens), exclusive: opened.embedded,
    providerHttp: createProviderHttp({ openHosts: settings.functions?.openHosts, operatorUrl: settings.users?.facebookGraphUrl }),
    ...settings.users,
    ...(mailer === undefined ? {} : { mailer }),
    onEvent: async (event) => deployed?.triggers.onEvent?.(event),
    wantsEvents: () => deployed?.triggers.onEvent !== undefined,
    customDataOf: (userId) => customData.documentFor(userId),
  })
  const sessions = tokens = createTokenService({ collections: { sessions: state("sessions"), keys: state("keys") }, snapshots: customData, users, domainId, log: log.users, clock, ...tokenOptions(settings) })
  const contextUser: ServedApp["contextUser"] = async (userId, options) => {
    const user = await sessions.stateOf(userId)
    return user === undefined || user.disabled ? null : userDocument(user, options.customData ? await customData.documentFor(userId) : {})
  }
  const onLogOut: AuthEventSink = async (event) => deployed?.triggers.onLogOut?.(event)
  const signIn = createSignIn({ users, tokens: sessions, decode: decodeSnapshot, clock, onLogOut, wantsLogOuts: () => deployed?.triggers.onLogOut !== undefined })

  let number = 0
  const deploy = (next: AppModel, nextSecrets: SecretLookup): Promise<Deployment> => createDeployment({ model: next, secrets: nextSecrets, number: ++number, opened, state, runtime, log, clock, settings, contextUser })
  const servedBy = ({ model: served, secrets: secret, data, functions, occupancy, ending }: Deployment): ServedApp => ({
    model: served, domainId, users, tokens: sessions, functions, data, publicUrl, clock, contextUser, secret, signIn, enter: occupancy.enter, closing: ending.signal,
    explain: explainServed({ data, hide: secretHider(served, secret), userOf: (userId) => contextUser(userId, { customData: true }) }),
  })

  let current = deployed = await deploy(model, secrets)
  let served = servedBy(current)
  await users.open()
  const sweeping = sweepHourly(users, sessions, log)
  /** Triggers run one deployment at a time: the next ones begin when those before have ended. */
  let triggering = Promise.resolve()
  let stopped = false

  return {
    state,
    registry: { byClientAppId: (id) => (id === clientAppId ? served : undefined), byDomainId: (id) => (id === domainId ? served : undefined), all: () => [served] },
    start: () => (triggering = current.triggers.start()),
    async redeploy(next, nextSecrets, accepted) {
      if (next.clientAppId !== clientAppId) throw new ConfigError("app-refused", `Cannot reload: the directory now holds the app \`${next.clientAppId}\``)
      if (placesOf(next) !== placesOf(model)) throw new ConfigError("app-refused", "Cannot reload: the data sources have changed, which takes a restart")
      const prepared = await deploy(next, nextSecrets)
      try {
        await accepted()
      } catch (error) {
        await prepared.functions.close()
        throw error
      }
      const before = current
      current = deployed = prepared
      served = servedBy(prepared)
      before.ending.abort()
      triggering = triggering.then(async () => {
        await before.triggers.close(handoverMs)
        if (current === prepared && !stopped) await prepared.triggers.start()
      }).catch((error: unknown) => log.runtime("triggers-not-begun", { error: error instanceof Error ? error.name : "unknown" }))
      // Not waited for: what runs there may take minutes.
      void before.occupancy.emptied().then(() => before.functions.close())
    },
    stop() {
      stopped = true
      sweeping.stop()
      current.ending.abort()
    },
    async close() {
      await current.triggers.close()
      await current.functions.close()
      await sessions.close()
    },
  }
}

/** What decides which store a data source is on, and how it is read: opened once, at the start. */
function placesOf({ dataSources }: AppModel): string {
  return JSON.stringify([...dataSources.values()].map(({ name, type, config }) => [name, type, config]).toSorted())
}

/** Deletes what has expired, once an hour while the app is served. What a process left that was killed lately is looked at once more. */
function sweepHourly(users: Users, tokens: TokenService, log: AppLog): { stop(): void } {
  const sweep = (): void => {
    Promise.all([tokens.sweep(), users.sweep(), users.administration.sweepAnonymous()]).catch((error: unknown) => log.users.warn("sweep-failed", { error: error instanceof Error ? error.name : "unknown" }))
  }
  const timers = [setInterval(sweep, 3_600_000).unref(), setTimeout(sweep, 30_000).unref()]
  return { stop: () => timers.forEach((timer) => clearTimeout(timer)) }
}
