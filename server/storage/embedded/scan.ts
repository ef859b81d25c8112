// Walks a plan in batches. Nothing is held between two batches but the place reached, so a slow reader holds back neither
// writers nor the write-ahead log.
import { readBson } from "../../../kernel/index.ts"
import type { Namespace } from "../../data/index.ts"
import { lookUp, type Catalog, type CollectionInfo } from "./catalog.ts"
import type { Connection, Row } from "./connection.ts"
import type { Interval, Plan } from "./plan.ts"
import type { Found } from "./write-context.ts"

/** What a search reads: a connection, and the catalog that fits what it sees. */
export interface Reader { readonly connection: Connection; readonly catalog: Catalog }

const firstBatch = 16
const largestBatch = 512
const batchBytes = 2 * 1024 * 1024

/** A walk along a plan. */
export interface Scan {
  /** The next documents, none at the end. */
  next(reader: Reader): Found[]
}

/** Begins a walk. `expected` is how many documents the caller is likely to want. */
export function startScan(namespace: Namespace, plan: Plan, expected = firstBatch): Scan {
  let size = Math.max(1, Math.min(expected, largestBatch))
  const step = plan.kind === "natural" ? naturalSteps(plan.backwards) : keySteps(plan)
  const seen = plan.kind === "index" ? new Set<number>() : undefined
  return {
    next(reader) {
      const info = lookUp(reader.catalog, namespace)
      if (info === undefined) return []
      const multikey = plan.kind === "index" && info.indexes.find(({ id }) => id === plan.index?.id)?.multikey === true
      for (;;) {
        const rows = step(reader.connection, info, size)
        if (rows.length === 0) return []
        size = nextSize(rows, size)
        const fresh = multikey && seen !== undefined ? rows.filter(({ n }) => !seen.has(n) && seen.add(n)) : rows
        if (fresh.length > 0) return fresh.map(decode)
      }
    },
  }
}

function decode({ n, doc }: Row): Found {
  return { n, document: readBson(doc), size: doc.length }
}

function nextSize(rows: readonly Row[], size: number): number {
  let bytes = 1
  for (const { doc } of rows) bytes += doc.length
  return Math.max(1, Math.min(size * 4, largestBatch, Math.floor((batchBytes * rows.length) / bytes)))
}

type Step = (connection: Connection, info: CollectionInfo, size: number) => Row[]

function naturalSteps(backwards: boolean): Step {
  let last = backwards ? Number.MAX_SAFE_INTEGER : -1
  return (connection, { table }, size) => {
    const sql = backwards ? `SELECT n, doc FROM ${table} WHERE n < ? ORDER BY n DESC LIMIT ?` : `SELECT n, doc FROM ${table} WHERE n > ? ORDER BY n LIMIT ?`
    const rows = connection.all<Row>(sql, last, size)
    last = rows.at(-1)?.n ?? last
    return rows
  }
}

function keySteps({ kind, index, intervals, backwards }: Exclude<Plan, { kind: "natural" }>): Step {
  const order = backwards ? intervals.toReversed() : intervals
  let at = 0
  let place: { readonly k: Uint8Array; readonly n: number } | undefined
  const unitKeys = kind === "primary"
  return (connection, { table }, size) => {
    const rows: Row[] = []
    while (at < order.length && rows.length < size) {
      const interval = order[at] as Interval
      const wanted = size - rows.length
      const found = unitKeys ? primaryRows(connection, table, interval, place?.k, backwards, wanted) : indexRows(connection, table, index?.table as string, interval, place, backwards, wanted)
      for (const row of found) rows.push(row)
      const last = found.at(-1)
      if (found.length < wanted) [at, place] = [at + 1, undefined]
      else if (last?.k !== undefined) place = { k: last.k, n: last.n }
    }
    return rows
  }
}

function primaryRows(connection: Connection, table: string, { low, high }: Interval, after: Uint8Array | undefined, backwards: boolean, limit: number): Row[] {
  if (backwards) return connection.all<Row>(`SELECT n, id AS k, doc FROM ${table} WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?`, low, after ?? high, limit)
  if (after === undefined) return connection.all<Row>(`SELECT n, id AS k, doc FROM ${table} WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`, low, high, limit)
  return connection.all<Row>(`SELECT n, id AS k, doc FROM ${table} WHERE id > ? AND id < ? ORDER BY id LIMIT ?`, after, high, limit)
}

function indexRows(connection: Connection, table: string, index: string, { low, high }: Interval, after: { readonly k: Uint8Array; readonly n: number } | undefined, backwards: boolean, limit: number): Row[] {
  const select = `SELECT i.k AS k, i.n AS n, d.doc AS doc FROM ${index} i CROSS JOIN ${table} d ON d.n = i.n WHERE i.k >= ? AND i.k < ?`
  const order = backwards ? "ORDER BY i.k DESC, i.n DESC LIMIT ?" : "ORDER BY i.k, i.n LIMIT ?"
  if (after === undefined) return connection.all<Row>(`${select} ${order}`, low, high, limit)
  if (backwards) return connection.all<Row>(`${select.replace("i.k >= ? AND i.k < ?", "i.k >= ? AND (i.k, i.n) < (?, ?)")} ${order}`, low, after.k, after.n, limit)
  return connection.all<Row>(`${select.replace("i.k >= ? AND i.k < ?", "(i.k, i.n) > (?, ?) AND i.k < ?")} ${order}`, after.k, after.n, high, limit)
}
