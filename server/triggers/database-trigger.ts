// The life of one database trigger: claim it, find its place, read its stream, and what to do when that ends (admin and triggers, 11.6).
import type { Document } from "../../kernel/index.ts"
import type { Trigger } from "../app/index.ts"
import { StoreError, type Store } from "../data/index.ts"
import type { StateCollection } from "../users/index.ts"
import { takeLease, unclaimed, type Lease } from "./lease.ts"
import type { TriggerExecution } from "./ports.ts"
import { createPlaceWriter, LeaseLost, readProgress, type ProgressRecord } from "./progress.ts"
import { runStream } from "./stream.ts"
import { checkStream, readStreamConfig, unreportedOperations } from "./stream-event.ts"
import { codeOf, keyOf, pause, pauseAfter, runBeside, type Surroundings } from "./work.ts"

export interface DatabaseTrigger {
  readonly trigger: Trigger
  /** Resolves when the stream stands, when another process has it, or when it cannot stand for now. */
  start(): Promise<void>
  execution(): Promise<TriggerExecution>
  resume(fromNow: boolean): Promise<void>
}

/** MongoDB's numbers for a place that the stream cannot go on from: bad token, fatal to the stream, history lost, capped position lost. */
const placeLost = new Set([136, 260, 280, 286])
/** Not authorised, or not authenticated: waiting does not help. */
const forbidden = new Set([13, 18, 8000])
const invalidated = 346

/** How a stream ended; `elsewhere`: the trigger is another process's, or suspended. */
type End = { readonly kind: "stopped" } | { readonly kind: "elsewhere" } | { readonly kind: "from-now" } | { readonly kind: "failed" | "suspended"; readonly reason: string; readonly detail?: string }

export function openDatabaseTrigger(trigger: Trigger, store: Store, collection: StateCollection, surroundings: Surroundings): DatabaseTrigger {
  const { clock, exclusive, log, owner, settings, stopping } = surroundings
  const config = readStreamConfig(trigger)
  const namespace = `${config.database}.${config.collection}`
  const _id = keyOf(trigger)
  const { promise: begun, resolve: haveBegun } = Promise.withResolvers<void>()
  /** Ends a wait early: the trigger was resumed. */
  let nudge = new AbortController()

  /** Gives the record as it is before the claim; nothing is known of a trigger that is new. */
  async function openRecord(): Promise<void> {
    await collection.insertOne({ _id, namespace, disabled: false, ...unclaimed })
    // SOURCE: a deployment resumes what is suspended, with its place first; a start is a deployment.
    await collection.updateOne({ _id, suspended: { $exists: true } }, { $unset: { suspended: 1 } })
  }

  async function live(): Promise<void> {
    let failures = 0
    let failingSince = performance.now()
    let begunAnew = false
    const alive = (): void => {
      failures = 0
      begunAnew = false
      haveBegun()
    }
    while (!stopping.aborted) {
      let end: End
      try {
        end = await runOnce(alive)
      } catch (error) {
        end = endOf(error)
      }
      if (end.kind !== "from-now") haveBegun()
      if (end.kind === "stopped" || stopping.aborted) return
      if (end.kind === "elsewhere") {
        await waitFor(settings.pollMs)
        continue
      }
      if (end.kind === "from-now") {
        // Once at most without a pause: a stream may be refused from now on, too.
        if (begunAnew) await waitFor(settings.pauseMs[0])
        begunAnew = true
        continue
      }
      if (end.kind === "failed") {
        if (failures === 0) failingSince = performance.now()
        failures += 1
        log.warn("trigger-stream-interrupted", { trigger: trigger.name, attempt: failures, reason: end.reason })
        if (performance.now() - failingSince < settings.suspendAfterMs) {
          await waitFor(pauseAfter(failures, settings.pauseMs))
          continue
        }
      }
      await suspend(end.reason, end.detail)
      failures = 0
    }
  }

  async function runOnce(alive: () => void): Promise<End> {
    const found = await collection.findOne({ _id })
    if (found === null) {
      await openRecord()
      return { kind: "from-now" }
    }
    const lease = await takeLease(collection, found, surroundings)
    if (lease === undefined) return { kind: "elsewhere" }
    try {
      // What another process wrote until the claim counts, not what was read before it.
      const record = readProgress((await collection.findOne({ _id })) ?? found)
      if (record.suspended !== undefined) return { kind: "elsewhere" }
      const fault = await checkSettings()
      if (fault !== undefined) return fault
      return await runFrom(await firstPlace(record, lease), lease, alive)
    } finally {
      await lease.release().catch(() => lease.stop())
    }
  }

  /** How the trigger ends before it begins, or undefined. SECURITY: no event is looked at, so what is wrong may be told in full. */
  async function checkSettings(): Promise<End | undefined> {
    try {
      await checkStream(store, config)
      return undefined
    } catch (error) {
      const end = endOf(error)
      return end.kind === "suspended" && error instanceof StoreError ? { ...end, detail: error.message } : end
    }
  }

  /** SOURCE: a place of another namespace is of no use; after a disabled spell it counts unless `skip_catchup_events`. */
  async function firstPlace(record: ProgressRecord, lease: Lease): Promise<Document | undefined> {
    const isStale = record.namespace !== namespace || (record.disabled && config.skipCatchupEvents)
    if (isStale || record.disabled) await collection.updateOne(lease.filter, { $set: { namespace, disabled: false }, ...(isStale ? { $unset: { token: 1 } } : {}) })
    return isStale ? undefined : record.token
  }

  async function runFrom(resumeAfter: Document | undefined, lease: Lease, alive: () => void): Promise<End> {
    const places = createPlaceWriter(collection, lease, clock)
    const signal = AbortSignal.any([lease.lost, stopping])
    try {
      await runStream({ trigger, config, store, places, resumeAfter, signal, alive, surroundings })
      return lease.lost.aborted ? { kind: "elsewhere" } : stopping.aborted ? { kind: "stopped" } : { kind: "failed", reason: "ended" }
    } catch (error) {
      if (stopping.aborted) return { kind: "stopped" }
      const end = endOf(error)
      if (end.kind !== "suspended" || end.reason !== "place-lost" || !config.tolerateResumeErrors) return end
      log.warn("trigger-events-lost", { trigger: trigger.name })
      await collection.updateOne(lease.filter, { $unset: { token: 1 } })
      return { kind: "from-now" }
    }
  }

  /** Until somebody resumes the trigger, here or in another process. */
  async function suspend(reason: string, detail?: string): Promise<void> {
    log.warn("trigger-suspended", { trigger: trigger.name, reason, ...(detail === undefined ? {} : { detail }) })
    for (let attempt = 1; !stopping.aborted; attempt++) {
      try {
        await collection.updateOne({ _id, suspended: { $exists: false } }, { $set: { suspended: reason } })
        break
      } catch (error) {
        log.warn("trigger-delayed", { trigger: trigger.name, attempt, error: codeOf(error) })
        await pause(pauseAfter(attempt, settings.pauseMs), stopping)
      }
    }
    await waitFor(exclusive ? 2 ** 31 - 1 : settings.pollMs)
  }

  async function waitFor(milliseconds: number): Promise<void> {
    nudge = new AbortController()
    await pause(milliseconds, AbortSignal.any([stopping, nudge.signal]))
  }

  return {
    trigger,
    async start() {
      for (const operation of unreportedOperations(trigger)) log.warn("trigger-operation-unsupported", { trigger: trigger.name, operation })
      if (!store.abilities.changeStreams) {
        log.warn("trigger-needs-change-streams", { trigger: trigger.name })
        return
      }
      await openRecord()
      runBeside(surroundings, live())
      await begun
    },
    async execution() {
      const document = await collection.findOne({ _id })
      const { suspended, lastEvent, heartbeat, clusterTime, token } = readProgress(document ?? {})
      const elsewhere = !exclusive && document?.["owner"] !== owner
      return { state: suspended !== undefined || !store.abilities.changeStreams ? "suspended" : elsewhere ? "elsewhere" : "running", reason: store.abilities.changeStreams ? suspended : "needs-change-streams", lastEvent, heartbeat, clusterTime, token }
    },
    async resume(fromNow) {
      await collection.updateOne({ _id, suspended: { $exists: true } }, { $unset: { suspended: 1, ...(fromNow ? { token: 1 } : {}) } })
      nudge.abort()
    },
  }
}

/** What an error of the stream, or of the state, means for the trigger. */
function endOf(error: unknown): End {
  if (error instanceof LeaseLost) return { kind: "elsewhere" }
  if (!(error instanceof StoreError)) return { kind: "failed", reason: codeOf(error) }
  if (error.code === "closed") return { kind: "stopped" }
  const { serverCode } = error
  if (serverCode !== undefined && placeLost.has(serverCode)) return { kind: "suspended", reason: "place-lost" }
  if (serverCode === invalidated) return { kind: "suspended", reason: "invalidated" }
  if (serverCode !== undefined && forbidden.has(serverCode)) return { kind: "suspended", reason: "forbidden" }
  return error.code === "unavailable" ? { kind: "failed", reason: error.code } : { kind: "suspended", reason: error.code }
}

/** Marks the record of a trigger that is switched off: at its next start it has had a disabled spell. */
export async function noteDisabled(trigger: Trigger, collection: StateCollection): Promise<void> {
  await collection.updateOne({ _id: keyOf(trigger), disabled: false }, { $set: { disabled: true } })
}
