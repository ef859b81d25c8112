// Walks a plan in batches. Nothing is held between two batches but the place reached, so a slow reader holds back neither
// writers nor the write-ahead log.
import type { Namespace } from "../../data/index.ts"
import { decodeDocument } from "../decode.ts"
import { lookUp, type Catalog, type CollectionInfo, type IndexInfo } from "./catalog.ts"
import type { Connection, Row } from "./connection.ts"
import { entriesOf } from "./entries.ts"
import { encodeKey } from "./keys.ts"
import type { Interval, Plan } from "./plan.ts"
import type { RawFilter } from "./raw-filter.ts"
import type { Found } from "./write-context.ts"

/** What a search reads: a connection, and the catalog that fits what it sees. */
export interface Reader { readonly connection: Connection; readonly catalog: Catalog }

const firstBatch = 16
const largestBatch = 512
const batchBytes = 2 * 1024 * 1024

/** A walk along a plan. */
export interface Scan {
  /** How many rows it has looked at. */
  readonly looked: number
  /** The next documents, possibly none; null at the end. */
  next(reader: Reader): Found[] | null
}

/** Begins a walk. `expected` is how many documents the caller is likely to want; rows that `mayMatch` refuses are passed over. */
export function startScan(namespace: Namespace, plan: Plan, options: { readonly expected?: number | undefined; readonly mayMatch?: RawFilter | undefined } = {}): Scan {
  const { mayMatch } = options
  let size = Math.max(1, Math.min(options.expected ?? firstBatch, largestBatch))
  let looked = 0
  let ended = false
  const step = stepsOf(plan)
  let seen: Set<number> | undefined
  return {
    get looked() {
      return looked
    },
    next(reader) {
      const info = lookUp(reader.catalog, namespace)
      if (info === undefined || ended) return null
      const rows = step(reader.connection, info, size)
      ended = rows.length < size
      looked += rows.length
      size = nextSize(rows, size)
      if (plan.kind === "index" && isMultikey(info, plan.index)) seen ??= new Set()
      const found: Found[] = []
      for (const [n, doc] of rows) {
        if (mayMatch !== undefined && !mayMatch(doc)) continue
        if (seen !== undefined) {
          if (seen.has(n)) continue
          seen.add(n)
        }
        found.push({ n, document: decodeDocument(doc), size: doc.length })
      }
      return found
    },
  }
}

function isMultikey(info: CollectionInfo, index: IndexInfo | null): boolean {
  return info.indexes.find(({ id }) => id === index?.id)?.multikey === true
}

function nextSize(rows: readonly Row[], size: number): number {
  let bytes = 1
  for (const [, doc] of rows) bytes += doc.length
  return Math.max(1, Math.min(size * 4, largestBatch, Math.floor((batchBytes * rows.length) / bytes)))
}

// Limits are written into the statements: with one that is bound SQLite plans anew at each run, which costs more than a read by key.
type Step = (connection: Connection, info: CollectionInfo, size: number) => Row[]

function stepsOf(plan: Plan): Step {
  switch (plan.kind) {
    case "point": return pointStep(plan.key)
    case "natural": return naturalSteps(plan.backwards)
    default: return keySteps(plan)
  }
}

function pointStep(key: Uint8Array): Step {
  let done = false
  return (connection, { table }) => {
    if (done) return []
    done = true
    const row = connection.row(`SELECT n, doc FROM ${table} WHERE id = ?`, key)
    return row === undefined ? [] : [row]
  }
}

function naturalSteps(backwards: boolean): Step {
  let last = backwards ? Number.MAX_SAFE_INTEGER : -1
  return (connection, { table }, size) => {
    const sql = backwards ? `SELECT n, doc FROM ${table} WHERE n < ? ORDER BY n DESC LIMIT ${size}` : `SELECT n, doc FROM ${table} WHERE n > ? ORDER BY n LIMIT ${size}`
    const rows = connection.rows(sql, last)
    last = rows.at(-1)?.[0] ?? last
    return rows
  }
}

/** The place of a document in the walk: its key, and its number among equal keys. */
interface Place { readonly k: Uint8Array; readonly n: number }

function keySteps({ index, intervals, backwards }: Extract<Plan, { kind: "primary" | "index" }>): Step {
  let at = 0
  let last: Row | undefined
  return (connection, info, size) => {
    const all: Row[] = []
    let place = last === undefined ? undefined : placeOf(last, index)
    last = undefined
    while (at < intervals.length && all.length < size) {
      const interval = intervals[backwards ? intervals.length - 1 - at : at] as Interval
      const wanted = size - all.length
      const rows = index === null ? primaryRows(connection, info.table, interval, place?.k, backwards, size) : indexRows(connection, info, index, interval, place, backwards, size)
      const taken = Math.min(rows.length, wanted)
      for (let row = 0; row < taken; row++) all.push(rows[row] as Row)
      if (rows.length < size && taken === rows.length) [at, place] = [at + 1, undefined]
      else last = rows[taken - 1]
    }
    return all
  }
}

/** A row says its key only where the document has several; else the key is made again from the document, once a batch. */
function placeOf([n, doc, k]: Row, index: IndexInfo | null): Place {
  if (k !== undefined) return { n, k }
  const document = decodeDocument(doc)
  return { n, k: index === null ? encodeKey(document["_id"]) : entriesOf(index, document).keys[0] as Uint8Array }
}

function primaryRows(connection: Connection, table: string, { low, high }: Interval, after: Uint8Array | undefined, backwards: boolean, limit: number): Row[] {
  if (backwards) return connection.rows(`SELECT n, doc FROM ${table} WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ${limit}`, low, after ?? high)
  if (after === undefined) return connection.rows(`SELECT n, doc FROM ${table} WHERE id >= ? AND id < ? ORDER BY id LIMIT ${limit}`, low, high)
  return connection.rows(`SELECT n, doc FROM ${table} WHERE id > ? AND id < ? ORDER BY id LIMIT ${limit}`, after, high)
}

function indexRows(connection: Connection, info: CollectionInfo, index: IndexInfo, { low, high }: Interval, after: Place | undefined, backwards: boolean, limit: number): Row[] {
  const columns = isMultikey(info, index) ? "i.n, d.doc, i.k" : "i.n, d.doc"
  const from = `SELECT ${columns} FROM ${index.table} i CROSS JOIN ${info.table} d ON d.n = i.n WHERE`
  const order = `${backwards ? "ORDER BY i.k DESC, i.n DESC" : "ORDER BY i.k, i.n"} LIMIT ${limit}`
  if (after === undefined) return connection.rows(`${from} i.k >= ? AND i.k < ? ${order}`, low, high)
  if (backwards) return connection.rows(`${from} i.k >= ? AND (i.k, i.n) < (?, ?) ${order}`, low, after.k, after.n)
  return connection.rows(`${from} (i.k, i.n) > (?, ?) AND i.k < ? ${order}`, after.k, after.n, high)
}
