// Records into a store: indexes at once, documents in batches, in the order they come.
import { equalValues, type Value } from "../../kernel/index.ts"
import { StoreError, type Namespace, type Store } from "../data/index.ts"
import type { Progress } from "./collections.ts"
import { idText, type TransferRecord } from "./records.ts"
import { TransferError } from "./transfer-error.ts"

type DocumentRecord = TransferRecord & { readonly kind: "document" }

/** What was done: documents written, and documents left as they were because their `_id` was there. */
export interface TransferCounts { readonly written: number; readonly kept: number; readonly indexes: number }

export interface WriteOptions {
  /** Documents whose `_id` is there already stay as they are; without it the target is known to be empty. */
  readonly merge: boolean
  readonly progress: Progress
}

const batchDocuments = 500

/** Makes an index where none with the same keys is. Rejects with `TransferError` when the store refuses it. */
export async function writeIndex(store: Store, { namespace, index, place }: TransferRecord & { readonly kind: "index" }): Promise<void> {
  const wanted = JSON.stringify(index.keys)
  const there = await store.indexes(namespace)
  if (there.some(({ keys, unique }) => JSON.stringify(keys) === wanted && unique === (index.unique === true))) return
  await store.ensureIndex(namespace, index).catch((cause: unknown) => {
    throw refused(namespace, place, cause)
  })
}

/** Inserts the documents in order. Rejects with `TransferError` naming the first that is refused; those before it are there. */
export async function writeDocuments(store: Store, records: AsyncIterable<TransferRecord>, options: WriteOptions): Promise<{ written: number; kept: number }> {
  const total = { written: 0, kept: 0 }
  let batch: DocumentRecord[] = []
  let current: { namespace: Namespace; done: number } | undefined
  const flush = async (): Promise<void> => {
    if (batch.length === 0 || current === undefined) return
    const fresh = options.merge ? await withoutPresent(store, current.namespace, batch) : batch
    const { namespace, done } = current
    const stayed = async (): Promise<number> => (options.merge ? (await presentIds(store, namespace, fresh)).length : await store.count(namespace, {}) - done)
    if (fresh.length > 0) await insertBatch(store, namespace, fresh, stayed)
    total.written += fresh.length
    total.kept += batch.length - fresh.length
    current.done += batch.length
    batch = []
    options.progress({ kind: "documents", namespace: current.namespace, done: current.done, finished: false })
  }
  const finish = async (): Promise<void> => {
    await flush()
    if (current !== undefined) options.progress({ kind: "documents", namespace: current.namespace, done: current.done, finished: true })
  }
  for await (const record of records) {
    if (record.kind !== "document") continue
    if (current === undefined || record.namespace.database !== current.namespace.database || record.namespace.collection !== current.namespace.collection) {
      await finish()
      current = { namespace: record.namespace, done: 0 }
    }
    batch.push(record)
    if (batch.length >= batchDocuments) await flush()
  }
  await finish()
  return total
}

async function presentIds(store: Store, namespace: Namespace, batch: readonly DocumentRecord[]): Promise<Value[]> {
  const ids = batch.map(({ document }) => document["_id"])
  return (await store.find(namespace, { _id: { $in: ids } }, { projection: { _id: 1 } }).toArray()).map(({ _id }) => _id)
}

async function withoutPresent(store: Store, namespace: Namespace, batch: readonly DocumentRecord[]): Promise<DocumentRecord[]> {
  const found = await presentIds(store, namespace, batch)
  if (found.length === 0) return [...batch]
  const texts = new Set(found.map(idText))
  const isThere = (id: Value): boolean => texts.has(idText(id)) || found.some((each) => equalValues(each, id))
  return batch.filter(({ document }) => !isThere(document["_id"]))
}

/** `stayed` tells, after a refusal, how many documents of the batch are there: the first ones, since they are inserted in order. */
async function insertBatch(store: Store, namespace: Namespace, batch: readonly DocumentRecord[], stayed: () => Promise<number>): Promise<void> {
  try {
    await store.insert(namespace, batch.map(({ document }) => document))
  } catch (cause) {
    if (!(cause instanceof StoreError) || cause.fault === "server") throw cause
    await insertEach(store, namespace, batch.slice(await stayed()))
    throw cause
  }
}

/** A transaction keeps nothing of a batch that was refused; one by one shows which document it was. */
async function insertEach(store: Store, namespace: Namespace, rest: readonly DocumentRecord[]): Promise<void> {
  for (const { document, place } of rest) {
    await store.insert(namespace, [document]).catch((cause: unknown) => {
      throw refused(namespace, place, cause)
    })
  }
}

function refused({ database, collection }: Namespace, place: string, cause: unknown): TransferError {
  const found = cause instanceof StoreError ? { "duplicate-key": "its `_id`, or a value of a unique index, is taken" }[cause.code as string] ?? `the store answers ${cause.code}${cause.serverCode === undefined ? "" : ` (${cause.serverCode})`}` : "the store refuses it"
  const line = /^line (\d+)$/.exec(place)?.[1]
  return new TransferError("write-refused", `Cannot write ${place} to \`${database}.${collection}\`: ${found}`, { cause, ...(line === undefined ? {} : { line: Number(line) }) })
}
