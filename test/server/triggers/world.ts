// Triggers over a real store, with functions that the test answers and a clock that the test moves.
import { setTimeout as sleep } from "node:timers/promises"
import type { Document, Value } from "../../../kernel/index.ts"
import type { Trigger } from "../../../server/app/index.ts"
import type { Store } from "../../../server/data/index.ts"
import { RequestError } from "../../../server/errors.ts"
import type { Via } from "../../../server/functions/index.ts"
import { openEmbeddedStore, openMongoStore, openState } from "../../../server/storage/index.ts"
import { createTriggers, type Triggers, type TriggerSettings } from "../../../server/triggers/index.ts"
import type { AuthEvent } from "../../../server/users/index.ts"

/** Quick enough for a test, in the proportions of the real ones. */
export const quickSettings: Partial<TriggerSettings> = { leaseMs: 600, pollMs: 40, heartbeatMs: 50, tickMs: 10, pauseMs: [5, 20], suspendAfterMs: 200, graceMs: 1000 }

export interface Call { readonly name: string; readonly args: readonly Value[]; readonly via: Via; readonly caller: string; readonly logFields: Document | undefined }

/** Functions of an app; `respond` is what each does. */
export class Guests {
  readonly calls: Call[] = []
  readonly ended: Call[] = []
  most = 0
  respond: (call: Call, attempt: number) => Promise<unknown> | unknown = () => undefined

  async runWithValues(name: string, args: readonly Value[], caller: { readonly kind: string }, { via, logFields }: { readonly via: Via; readonly logFields?: Document }): Promise<Value> {
    const call = { name, args, via, caller: caller.kind, logFields }
    this.calls.push(call)
    this.most = Math.max(this.most, this.calls.length - this.ended.length)
    try {
      await this.respond(call, this.calls.length)
      return undefined
    } finally {
      this.ended.push(call)
    }
  }

  /** The events of the calls that have ended. */
  get events(): Document[] {
    return this.ended.map(({ args }) => args[0] as Document)
  }
}

export const unavailable = (): RequestError => new RequestError("InternalServerError", "functions cannot run now, try again later", { status: 503 })
export const interrupted = (): RequestError => new RequestError("InternalServerError", "the function was interrupted")
export const thrown = (): RequestError => new RequestError("FunctionExecutionError", "Error: no")

export interface Process {
  readonly triggers: Triggers
  readonly guests: Guests
  readonly logged: string[]
}

export class World {
  readonly store: Store & { readonly internal: Store }
  readonly embedded: boolean
  now = Date.parse("2026-03-02T10:00:30Z")
  readonly #app: string
  readonly #begun: Triggers[] = []
  readonly #stores: Store[]

  constructor(store: Store & { readonly internal: Store }, embedded: boolean, app = `app-${crypto.randomUUID().slice(0, 8)}`) {
    this.store = store
    this.embedded = embedded
    this.#app = app
    this.#stores = [store]
  }

  /** The app's triggers as one process has them, begun. */
  async begin(triggers: readonly Trigger[], options: { readonly guests?: Guests; readonly settings?: Partial<TriggerSettings>; readonly store?: Store & { readonly internal: Store }; readonly begun?: boolean } = {}): Promise<Process> {
    const store = options.store ?? this.store
    if (store !== this.store) this.#stores.push(store)
    const guests = options.guests ?? new Guests()
    const logged: string[] = []
    const made = createTriggers({
      app: { triggers }, functions: guests as never, state: openState({ internal: store.internal }, { app: this.#app }), storeFor: () => store, exclusive: this.embedded,
      log: { info: (code) => void logged.push(code), warn: (code, { reason = "", detail = "" }) => void logged.push([code, reason, detail].filter((part) => part !== "").join(" ")) },
      clock: () => new Date(this.now), settings: { ...quickSettings, ...options.settings },
    })
    this.#begun.push(made)
    if (options.begun !== false) await made.start()
    return { triggers: made, guests, logged }
  }

  /** The documents of one collection of the app's state. */
  state(name: string): Promise<Document[]> {
    return openState({ internal: this.store.internal }, { app: this.#app })(name).find({}, { sort: { _id: 1 } })
  }

  collectionOfState(name: string) {
    return openState({ internal: this.store.internal }, { app: this.#app })(name)
  }

  async close(): Promise<void> {
    await Promise.all(this.#begun.map((each) => each.close()))
    await Promise.all(this.#stores.map((each) => each.close()))
  }
}

export const embeddedWorld = (): Promise<World> => Promise.resolve(new World(openEmbeddedStore({ file: ":memory:" }), true))
export const mongoWorld = async (uri: string): Promise<World> => new World(await openMongoStore({ uri }), false)

export function authTrigger(name: string, operations: readonly string[], providers: readonly string[] = ["local-userpass"], settings: Partial<Trigger> = {}): Trigger {
  return { name, type: "AUTHENTICATION", disabled: false, config: { operation_types: [...operations], providers: [...providers] }, functionName: `on${name}`, file: `triggers/${name}.json`, ...settings }
}

export function scheduled(name: string, schedule: string, config: Document = {}, settings: Partial<Trigger> = {}): Trigger {
  return { name, type: "SCHEDULED", disabled: false, config: { schedule, skip_catchup_events: false, ...config }, functionName: `on${name}`, file: `triggers/${name}.json`, ...settings }
}

export function databaseTrigger(name: string, collection: string, config: Document = {}, settings: Partial<Trigger> = {}): Trigger {
  return {
    name, type: "DATABASE", disabled: false, functionName: `on${name}`, file: `triggers/${name}.json`,
    config: {
      service_name: "mongodb-atlas", database: "app", collection, operation_types: ["INSERT", "UPDATE", "REPLACE", "DELETE"], full_document: false, full_document_before_change: false,
      unordered: false, skip_catchup_events: false, tolerate_resume_errors: false, maximum_throughput: false, match: {}, project: {}, ...config,
    },
    ...settings,
  }
}

export function authEvent(operationType: AuthEvent["operationType"], user: string, details: Partial<Omit<AuthEvent, "user">> & { readonly customData?: Document } = {}): AuthEvent {
  const { customData = {}, ...rest } = details
  return { operationType, providers: ["local-userpass"], time: new Date("2026-03-02T10:00:00Z"), user: { id: user, type: "normal", data: { email: `${user}@example.org` }, custom_data: customData, identities: [{ id: `i-${user}`, provider_type: "local-userpass" }] }, ...rest }
}

/** Waits until something holds; fails with what it was last. */
export async function until<Result>(probe: () => Result | Promise<Result>, holds: (value: Result) => boolean = Boolean, withinMs = 5000): Promise<Result> {
  const begun = performance.now()
  for (;;) {
    const value = await probe()
    if (holds(value)) return value
    if (performance.now() - begun > withinMs) throw new Error(`waited in vain; last: ${JSON.stringify(value)}`)
    await sleep(5)
  }
}

/** Long enough for anything that is going to happen to have happened. */
export const quiet = (milliseconds = 60): Promise<void> => sleep(milliseconds)

export interface Gate { readonly passed: Promise<void>; open(): void }
export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { passed: promise, open: resolve }
}
