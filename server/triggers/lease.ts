// A claim on a document of the state: one process has it at a time, and loses it when it says nothing for too long.
import type { Document } from "../../kernel/index.ts"
import type { StateCollection } from "../users/index.ts"
import type { Surroundings } from "./work.ts"

export interface Lease {
  /** Selects the document only while it is ours: a write through it cannot come after another's claim. */
  readonly filter: Document
  /** Aborted when the claim is lost. */
  readonly lost: AbortSignal
  /** Stops renewing; the document stays ours until the claim runs out. */
  stop(): void
  release(): Promise<void>
}

type LeaseSurroundings = Pick<Surroundings, "clock" | "exclusive" | "owner" | "settings">

/** Fields of a document that nobody has claimed. */
export const unclaimed: Document = { owner: null, until: null }

/** Claims a document as it was read; undefined when another process has it, or was quicker. */
export async function takeLease(collection: StateCollection, document: Document, surroundings: LeaseSurroundings): Promise<Lease | undefined> {
  const { clock, exclusive, owner, settings: { leaseMs } } = surroundings
  const { _id } = document
  // Nobody else can have the store, so what it says of owners is of processes that are gone.
  if (exclusive) return { filter: { _id }, lost: new AbortController().signal, stop: () => undefined, release: () => Promise.resolve() }
  const until = (): Date => new Date(clock().getTime() + leaseMs)
  const found = { owner: document["owner"] ?? null, until: document["until"] ?? null }
  if (found.owner !== null && found.owner !== owner && found.until instanceof Date && found.until > clock()) return undefined
  if ((await collection.updateOne({ _id, ...found }, { $set: { owner, until: until() } })) === 0) return undefined
  return holdLease(collection, { _id, owner }, until, surroundings)
}

function holdLease(collection: StateCollection, filter: Document, until: () => Date, { settings: { leaseMs } }: LeaseSurroundings): Lease {
  const lost = new AbortController()
  let renewed = performance.now()
  const timer = setInterval(() => {
    const asked = performance.now()
    // INVARIANT: given up by our own watch before another process may take it.
    if (asked - renewed > leaseMs * 0.8) return lost.abort()
    collection.updateOne(filter, { $set: { until: until() } }).then((matched) => {
      if (matched === 0) lost.abort()
      else renewed = asked
    }, () => undefined)
  }, leaseMs / 4).unref()
  const stop = (): void => clearInterval(timer)
  return {
    filter,
    lost: lost.signal,
    stop,
    async release() {
      stop()
      await collection.updateOne(filter, { $set: unclaimed })
    },
  }
}
