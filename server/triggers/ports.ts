// What triggers are given and what they promise.
import type { Clock, Document } from "../../kernel/index.ts"
import type { AppModel } from "../app/index.ts"
import type { Store } from "../data/index.ts"
import type { Functions } from "../functions/index.ts"
import type { AuthEventSink, StateCollection } from "../users/index.ts"

/** A remark for the server's log. SECURITY: names, codes and counts; never an event, a token or a document value. */
export interface TriggerLog {
  info(code: string, details: Readonly<Record<string, string | number>>): void
  warn(code: string, details: Readonly<Record<string, string | number>>): void
}

export interface TriggerSettings {
  /** Functions that authentication triggers, and one unordered database trigger, run at once. */
  readonly concurrency: number
  /** The same of a database trigger with `maximum_throughput`. */
  readonly maximumConcurrency: number
  /** How long a claim holds when its process says nothing more. */
  readonly leaseMs: number
  /** How often a process looks for what another one left; not at all on a store that one process has for itself. */
  readonly pollMs: number
  /** How often the position of a stream is stored while nothing happens. */
  readonly heartbeatMs: number
  /** How often scheduled triggers look at the clock. */
  readonly tickMs: number
  /** First and longest pause before something that failed for want of a server is tried again. */
  readonly pauseMs: readonly [number, number]
  /** A stream that fails for so long is suspended. */
  readonly suspendAfterMs: number
  /** How long `close` waits for functions that run. */
  readonly graceMs: number
}

export interface TriggersOptions {
  readonly app: Pick<AppModel, "triggers">
  readonly functions: Pick<Functions, "runWithValues">
  /** The collections of the app's own state. */
  readonly state: (name: string) => StateCollection
  /** The store behind a data source. */
  readonly storeFor: (dataSource: string) => Store
  /** No other process can have this store: nothing needs to be claimed, and nobody else leaves work behind. */
  readonly exclusive: boolean
  readonly log: TriggerLog
  readonly clock?: Clock
  readonly settings?: Partial<TriggerSettings>
}

/** What is known of a trigger's run; for the Admin API. */
export interface TriggerExecution {
  readonly state: "running" | "disabled" | "suspended" | "elsewhere"
  /** Why it is suspended: a code. */
  readonly reason: string | undefined
  readonly lastEvent: Date | undefined
  readonly heartbeat: Date | undefined
  readonly clusterTime: Date | undefined
  readonly token: Document | undefined
}

/** The triggers of one app. */
export interface Triggers {
  /** Where users put their events; undefined when no trigger asks for any, so that they cost nothing. */
  readonly onEvent: AuthEventSink | undefined
  /** The same for the extension LOGOUT; undefined unless a trigger names it. */
  readonly onLogOut: AuthEventSink | undefined
  /** Begins to listen. Resolves when every stream stands, or cannot for now; never rejects for a single trigger. */
  start(): Promise<void>
  /** Takes no more events, and lets functions that run end, for a while (`graceMs` of the settings, or another one). What was not delivered is delivered at the next start. */
  close(graceMs?: number): Promise<void>
  /** What a database trigger does now; undefined for any other name. */
  execution(name: string): Promise<TriggerExecution | undefined>
  /** Sets a suspended database trigger going again, from where it was or from now on. */
  resume(name: string, options?: { readonly fromNow?: boolean }): Promise<void>
}
