// The change feed: what was committed, in order, for those who watch. For a collection that was watched once the changes are
// also kept in the file, so that a watcher can go on after a restart where it left off.
import { Long, readBson, Timestamp, writeBson, type Clock, type Document } from "../../../kernel/index.ts"
import { StoreError, type ChangeEvent, type Namespace } from "../../data/index.ts"
import { describeUpdate } from "../describe-update.ts"
import type { CollectionInfo } from "./catalog.ts"
import type { Connection } from "./connection.ts"

/** A change inside a transaction; a watcher hears of it when the transaction is committed. */
export interface RowChange {
  readonly collection: number
  readonly kind: "insert" | "update" | "replace" | "delete"
  readonly before?: Document
  readonly after?: Document
  readonly seq: number
  readonly at: number
}

type Listener = (changes: readonly RowChange[]) => void

/** How many changes are kept in the file, how many for a stream that is behind, and how often the oldest are dropped. */
const keptChanges = 20_000
const mostKept = 1_000_000
const pruneEvery = 1000

/** Records changes as they are made and hands them out when they are committed. */
export class ChangeLog {
  readonly #listeners = new Set<Listener>()
  readonly #places = new Set<() => number>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Keeps what comes after a place that moves, as far as there is room; returns what ends that. */
  hold(place: () => number): () => void {
    this.#places.add(place)
    return () => this.#places.delete(place)
  }

  #oldestNeeded(seq: number): number {
    let oldest = seq - keptChanges
    for (const place of this.#places) oldest = Math.min(oldest, place())
    return Math.max(oldest, seq - mostKept)
  }

  /** Writes a change of a watched collection into the file; undefined where nobody has ever watched. */
  record(connection: Connection, info: CollectionInfo, change: Pick<RowChange, "kind" | "before" | "after">): RowChange | undefined {
    if (!info.logged) return undefined
    const at = this.#clock().getTime()
    const entry: Document = { kind: change.kind, at: Long.fromNumber(at) }
    if (change.before !== undefined) entry["before"] = change.before
    if (change.after !== undefined) entry["after"] = change.after
    const seq = connection.run("INSERT INTO changes (collection, entry) VALUES (?, ?)", info.id, writeBson(entry)).inserted
    if (seq % pruneEvery === 0) connection.run("DELETE FROM changes WHERE seq <= ?", this.#oldestNeeded(seq))
    return { ...change, collection: info.id, seq, at }
  }

  publish(changes: readonly RowChange[]): void {
    if (changes.length > 0) for (const listener of this.#listeners) listener(changes)
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

interface ChangeRow { readonly seq: number; readonly collection: number; readonly entry: Uint8Array }

/** The kept changes of some collections after a place, at most `limit`. */
export function readChanges(connection: Connection, collections: readonly number[], after: number, limit: number): RowChange[] {
  const [first = 0, ...others] = collections
  // One collection has an index; the numbers of several come as one value, since there may be many.
  const rows = others.length === 0
    ? connection.all<ChangeRow>("SELECT seq, collection, entry FROM changes WHERE collection = ? AND seq > ? ORDER BY seq LIMIT ?", first, after, limit)
    : connection.all<ChangeRow>("SELECT seq, collection, entry FROM changes WHERE seq > ? AND +collection IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT ?", after, JSON.stringify(collections), limit)
  return rows.map(({ seq, collection, entry }) => {
    const { kind, at, before, after: image } = readBson(entry)
    return {
      collection, seq, kind: kind as RowChange["kind"], at: Number(String(at)),
      ...(before === undefined ? {} : { before: before as Document }), ...(image === undefined ? {} : { after: image as Document }),
    }
  })
}

/** The place of the newest change there is, or ever was. */
export function newestChange(connection: Connection): number {
  return connection.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'changes'")?.seq ?? 0
}

/** The resume token of a place. */
export function tokenOf(place: number): Document {
  return { _data: place.toString(16).padStart(14, "0") }
}

/** The place in the feed that a resume token names. Throws `StoreError` when it is none of ours, or older than what is kept. */
export function placeOf(token: Document, connection: Connection): number {
  const data = token["_data"]
  const place = typeof data === "string" && /^[0-9a-f]{14}$/.test(data) ? Number.parseInt(data, 16) : Number.NaN
  const newest = newestChange(connection)
  if (!Number.isSafeInteger(place) || place > newest) throw new StoreError("bad-request", "Cannot watch: the resume token is not one of this store", { serverCode: 260 })
  refuseGap(connection, place)
  return place
}

/** Refuses to go on after a place when changes after it are no longer kept. */
export function refuseGap(connection: Connection, place: number): void {
  const oldest = connection.get<{ seq: number | null }>("SELECT min(seq) AS seq FROM changes")?.seq ?? 0
  if (place < oldest - 1) throw new StoreError("bad-request", "Cannot watch: the changes that come next are no longer kept", { serverCode: 286 })
}

/** A change as MongoDB's change streams report it. */
export function changeEvent({ kind, before, after, seq, at }: RowChange, namespace: Namespace): ChangeEvent {
  const image = after ?? before ?? {}
  return {
    _id: tokenOf(seq),
    operationType: kind,
    clusterTime: new Timestamp({ t: Math.floor(at / 1000) >>> 0, i: seq >>> 0 }),
    ns: { db: namespace.database, coll: namespace.collection },
    documentKey: { _id: image["_id"] },
    ...(after === undefined ? {} : { fullDocument: after }),
    ...(before === undefined ? {} : { fullDocumentBeforeChange: before }),
    ...(kind === "update" && before !== undefined && after !== undefined ? { updateDescription: describeUpdate(before, after) } : {}),
  }
}
