// The queue of authentication events: in the state, one lane a user, so that CREATE comes before LOGIN whoever delivers them.
import { InternalError, ejsonText, parseEjson, type Document, type Value } from "../../kernel/index.ts"
import type { Trigger } from "../app/index.ts"
import type { AuthEvent, StateCollection } from "../users/index.ts"
import { deliver } from "./deliver.ts"
import { takeLease, unclaimed } from "./lease.ts"
import { codeOf, keyOf, pause, pauseAfter, runBeside, type Surroundings } from "./work.ts"

export interface AuthQueue {
  /** Resolves when the event is stored; it is delivered after that. */
  put(event: AuthEvent, triggers: readonly Trigger[]): Promise<void>
  /** Goes on with what an earlier process left. */
  start(): Promise<void>
}

const page = 500

/** Opens the queue. `find` gives an enabled trigger by its key; events of others are dropped. */
export function openAuthQueue(collection: StateCollection, find: (key: string) => Trigger | undefined, surroundings: Surroundings): AuthQueue {
  const { clock, exclusive, log, owner, settings, stopping } = surroundings
  const nextId = orderedIds(() => clock().getTime(), owner)
  /** Users whose lane shall be looked at; a lane that runs looks again before it ends. */
  const waiting = new Set<string>()
  const active = new Set<string>()
  let begun = false

  /** INVARIANT: called after whatever it is to see is stored. */
  function wake(user: string): void {
    waiting.add(user)
    fill()
  }

  function fill(): void {
    if (!begun || stopping.aborted) return
    for (const user of waiting) {
      if (active.size >= settings.concurrency) return
      if (active.has(user)) continue
      waiting.delete(user)
      active.add(user)
      runBeside(surroundings, runLane(user).finally(() => {
        active.delete(user)
        fill()
      }))
    }
  }

  async function runLane(user: string): Promise<void> {
    for (let failures = 0; !stopping.aborted;) {
      try {
        if ((await deliverFirst(user)) === "nothing") return
        failures = 0
      } catch (error) {
        if (stopping.aborted) return
        failures += 1
        log.warn("trigger-queue-unavailable", { attempt: failures, error: codeOf(error) })
        await pause(pauseAfter(failures, settings.pauseMs), stopping)
      }
    }
  }

  /**
   * Delivers the first event of a user. `nothing`: there is none, or another process has it. Whoever has it looks for the next one
   * after removing it, and whoever put that one there looked after storing it: one of the two sees it.
   */
  async function deliverFirst(user: string): Promise<"delivered" | "nothing"> {
    const [first] = await collection.find({ user }, { sort: { _id: 1 }, limit: 1 })
    if (first === undefined) return "nothing"
    const lease = await takeLease(collection, first, surroundings)
    if (lease === undefined) return "nothing"
    try {
      const keys = textList(first["triggers"])
      for (const [at, key] of keys.entries()) {
        if ((await deliverTo(key, first)) === "stopped" || lease.lost.aborted) return "nothing"
        if (at < keys.length - 1) await collection.updateOne(lease.filter, { $pull: { triggers: key } })
      }
      lease.stop()
      await collection.deleteMany(lease.filter)
      return "delivered"
    } finally {
      if (stopping.aborted) await lease.release().catch(() => undefined)
      lease.stop()
    }
  }

  async function deliverTo(key: string, document: Document): Promise<"spent" | "stopped"> {
    const trigger = find(key)
    if (trigger !== undefined) return deliver(surroundings, trigger, [parseEjson(String(document["event"]))], "authentication-trigger")
    log.info("trigger-event-dropped", { trigger: key })
    return "spent"
  }

  /** Wakes the lanes of everything that is stored: left by a process that ended, or by this one when it was last closed. */
  async function lookAround(): Promise<void> {
    for (let last = ""; !stopping.aborted;) {
      const found = await collection.find({ _id: { $gt: last } }, { sort: { _id: 1 }, limit: page })
      for (const { user, until } of found) if (!(until instanceof Date) || until <= clock() || exclusive) wake(String(user))
      if (found.length < page) return
      last = String(found.at(-1)?.["_id"])
    }
  }

  async function keepLooking(): Promise<void> {
    for (;;) {
      await pause(settings.pollMs, stopping)
      if (stopping.aborted) return
      await lookAround().catch((error: unknown) => log.warn("trigger-queue-unavailable", { attempt: 1, error: codeOf(error) }))
    }
  }

  return {
    async put(event, triggers) {
      const user = String(event.user["id"])
      const keys = triggers.map(keyOf)
      // As text: custom data may hold names that a database would not take as its own.
      const text = ejsonText({ operationType: event.operationType, providers: [...event.providers], user: event.user, time: event.time } satisfies Document)
      const stored = await collection.insertOne({ _id: event.once === undefined ? nextId() : idOf(event.time.getTime(), event.once), user, triggers: keys, event: text, ...unclaimed })
      if (stored === "duplicate" && event.once === undefined) throw new InternalError("internal", "Cannot queue an event: its number is taken")
      wake(user)
    },
    async start() {
      await collection.ensureIndex({ keys: { user: 1, _id: 1 } })
      begun = true
      await lookAround()
      if (!exclusive) runBeside(surroundings, keepLooking())
    },
  }
}

/** Ids in the order of their making, also when the clock is set back; different in each process. */
function orderedIds(now: () => number, owner: string): () => string {
  let last = 0
  let count = 0
  return () => {
    const time = Math.max(last, now())
    count = time === last ? count + 1 : 0
    last = time
    return `${time.toString(16).padStart(12, "0")}-${count.toString(16).padStart(6, "0")}-${owner}`
  }
}

/** The id of an event that has a number of its own: before those {@link orderedIds} makes in the same millisecond. */
function idOf(time: number, number: string): string {
  return `${time.toString(16).padStart(12, "0")}--${number}`
}

function textList(value: Value): string[] {
  return Array.isArray(value) ? (value as readonly Value[]).filter((item) => typeof item === "string") : []
}
