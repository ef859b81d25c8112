// Where a database trigger is in its stream, as the state holds it.
import { BackstitchError, isDocument, type Document } from "../../kernel/index.ts"
import type { StateCollection } from "../users/index.ts"
import type { Lease } from "./lease.ts"

/** The record of one database trigger. */
export interface ProgressRecord {
  /** After this event the stream goes on; undefined: from now on. */
  readonly token: Document | undefined
  /** `database.collection`, of which the token is. */
  readonly namespace: string
  readonly disabled: boolean
  /** The code of what suspended it. */
  readonly suspended: string | undefined
  readonly lastEvent: Date | undefined
  readonly heartbeat: Date | undefined
  readonly clusterTime: Date | undefined
}

export function readProgress(document: Document): ProgressRecord {
  const { token, namespace, disabled, suspended, last_event: lastEvent, heartbeat, cluster_time: clusterTime } = document
  return {
    // As a document in a document: names in it may be anything.
    token: isDocument(token) ? token : undefined, namespace: typeof namespace === "string" ? namespace : "", disabled: disabled === true,
    suspended: typeof suspended === "string" ? suspended : undefined, lastEvent: dateOf(lastEvent), heartbeat: dateOf(heartbeat), clusterTime: dateOf(clusterTime),
  }
}

/** A place in the stream, and when what stands there happened, if it is an event. */
export interface Place { readonly token: Document; readonly event?: { readonly clusterTime: Date | undefined } }

/** Stores places one after another; of several that wait only the last is written. */
export interface PlaceWriter {
  /** Resolves when this place, or a later one, is stored. Rejects when it cannot be, or the claim is another's. */
  store(place: Place): Promise<void>
  /** Milliseconds since a place was last stored. */
  readonly age: number
}

/** The claim on a trigger has been taken by another process. */
export class LeaseLost extends BackstitchError {
  override readonly name = "LeaseLost"
  readonly code = "lease-lost"
  readonly fault = "server"
}

export function createPlaceWriter(collection: StateCollection, lease: Lease, now: () => Date): PlaceWriter {
  let stored = Number.NEGATIVE_INFINITY
  let next: { place: Place; done: Promise<void> } | undefined
  let writing: Promise<void> = Promise.resolve()

  async function write(place: Place): Promise<void> {
    const time = now()
    const event: Document = place.event === undefined ? {} : { last_event: time, ...(place.event.clusterTime === undefined ? {} : { cluster_time: place.event.clusterTime }) }
    // INVARIANT: only the holder of the claim moves the place, so a process that lost it cannot set it back.
    if ((await collection.updateOne(lease.filter, { $set: { token: place.token, heartbeat: time, ...event } })) === 0) throw new LeaseLost("Cannot store the place of a trigger: another process has it")
    stored = performance.now()
  }

  return {
    get age() {
      return performance.now() - stored
    },
    store(place) {
      if (next !== undefined) {
        next.place = { ...next.place, ...place }
        return next.done
      }
      const entry = { place, done: Promise.resolve() }
      next = entry
      entry.done = writing.then(() => {
        next = undefined
        return write(entry.place)
      })
      writing = entry.done.catch(() => undefined)
      return entry.done
    },
  }
}

function dateOf(value: unknown): Date | undefined {
  return value instanceof Date ? value : undefined
}
