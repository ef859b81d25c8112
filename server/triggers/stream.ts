// Reading one change stream and running a function for each event that is wanted: in order, or many at once.
import type { Document } from "../../kernel/index.ts"
import type { Trigger } from "../app/index.ts"
import type { ChangeEvent, Store } from "../data/index.ts"
import { deliver } from "./deliver.ts"
import type { Place, PlaceWriter } from "./progress.ts"
import { clusterTimeOf, eventFor, type StreamConfig } from "./stream-event.ts"
import { runBeside, type Surroundings } from "./work.ts"

export interface StreamRun {
  readonly trigger: Trigger
  readonly config: StreamConfig
  readonly store: Store
  readonly places: PlaceWriter
  readonly resumeAfter: Document | undefined
  /** Ends the reading: the server closes, or the claim is lost. */
  readonly signal: AbortSignal
  /** Called when the stream stands and its place is stored, and at each event. */
  readonly alive: () => void
  readonly surroundings: Surroundings
}

/** Reads until the signal; rejects with what ended the stream. What was read and not delivered is read again by the next run. */
export async function runStream(run: StreamRun): Promise<void> {
  const { config, store, places, resumeAfter, signal, alive, surroundings } = run
  // A function that cannot be run is not tried again once the claim is lost.
  const own = { ...run, surroundings: { ...surroundings, stopping: signal } }
  const handler = config.unordered ? unordered(own) : ordered(own)
  const failed = new AbortController()
  let failure: { readonly error: unknown } | undefined
  const fail = (error: unknown): void => {
    failure ??= { error }
    failed.abort()
  }
  let isFirst = true
  let hasImages = true
  const lookForImage = ({ operationType, fullDocumentBeforeChange }: ChangeEvent): void => {
    if (!config.fullDocumentBeforeChange || operationType === "insert" || fullDocumentBeforeChange !== undefined || !hasImages) return
    hasImages = false
    // The command is in the documentation: an app's own database is never changed unasked.
    surroundings.log.warn("trigger-needs-pre-images", { trigger: run.trigger.name, collection: `${config.database}.${config.collection}` })
  }
  const onPosition = (token: Document | undefined): void => {
    // A place that was never stored is the beginning: a process that dies before the first event goes on from it.
    const isDue = (isFirst && resumeAfter === undefined) || places.age >= surroundings.settings.heartbeatMs
    isFirst = false
    if (token === undefined || !isDue || !handler.isIdle()) alive()
    else places.store({ token }).then(alive, fail)
  }
  const changes = store.watch({ database: config.database, collection: config.collection }, {
    signal: AbortSignal.any([signal, failed.signal]), onPosition,
    ...(config.database === "" ? { scope: "deployment" } : config.collection === "" ? { scope: "database" } : {}), ...(resumeAfter === undefined ? {} : { resumeAfter }),
  })
  try {
    for await (const change of changes) {
      alive()
      lookForImage(change)
      if (signal.aborted || failed.signal.aborted) break
      await handler.take(change, fail)
      if (signal.aborted || failed.signal.aborted) break
    }
  } finally {
    await handler.end()
  }
  if (failure !== undefined) throw failure.error
}

interface Handler {
  /** Takes one change; resolves when the next may be read. */
  take(change: ChangeEvent, fail: (error: unknown) => void): Promise<void>
  /** Whether everything taken is settled and stored. */
  isIdle(): boolean
  /** Resolves when nothing runs any more. */
  end(): Promise<void>
}

/** SOURCE: one event at a time, the next when the function has ended, well or badly. */
function ordered({ trigger, config, store, places, surroundings }: StreamRun): Handler {
  return {
    async take(change) {
      const event = await eventFor(store, config, change)
      if (event === undefined) {
        if (places.age >= surroundings.settings.heartbeatMs) await places.store({ token: change._id })
        return
      }
      if ((await deliver(surroundings, trigger, [event], "database-trigger")) === "stopped") return
      await places.store(placeOf(change))
    },
    isIdle: () => true,
    end: () => Promise.resolve(),
  }
}

/** Many at once; what is stored is the place before the first that still runs. */
function unordered({ trigger, config, store, places, surroundings }: StreamRun): Handler {
  const { settings } = surroundings
  const most = config.maximumThroughput ? settings.maximumConcurrency : settings.concurrency
  const taken: { readonly place: Place; isSettled: boolean }[] = []
  const running = new Set<Promise<void>>()

  async function settle(fail: (error: unknown) => void): Promise<void> {
    let last: Place | undefined
    while (taken[0]?.isSettled === true) last = taken.shift()?.place
    if (last !== undefined) await places.store(last).catch(fail)
  }

  return {
    async take(change, fail) {
      const event = await eventFor(store, config, change)
      if (event === undefined) {
        if (taken.length === 0 && places.age >= settings.heartbeatMs) await places.store({ token: change._id })
        return
      }
      while (running.size >= most) await Promise.race(running)
      const entry = { place: placeOf(change), isSettled: false }
      taken.push(entry)
      runBeside({ running }, deliver(surroundings, trigger, [event], "database-trigger").then((delivery) => {
        entry.isSettled = delivery === "spent"
        return settle(fail)
      }))
    },
    isIdle: () => taken.length === 0,
    async end() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

function placeOf(change: ChangeEvent): Place {
  return { token: change._id, event: { clusterTime: clusterTimeOf(change) } }
}
