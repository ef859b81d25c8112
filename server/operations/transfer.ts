// Dump, restore, copy. A dump is read to its end and checked before the first write; on the embedded store all documents go
// in one transaction; on MongoDB a restore that was interrupted is continued by running it again with `merge`.
import { type Namespace, type Store } from "../data/index.ts"
import { isReserved } from "../storage/index.ts"
import { readRecords, selectCollections, viewOf, type Progress, type Selection, type TransferStore } from "./collections.ts"
import { endLine, headLine, readHead, readRecord, recordLine, type TransferRecord } from "./records.ts"
import { readLines } from "./read-lines.ts"
import { TransferError } from "./transfer-error.ts"
import { writeDocuments, writeIndex, type TransferCounts } from "./write-records.ts"

export interface TransferOptions extends Selection {
  readonly progress?: Progress
}

export interface RestoreOptions extends TransferOptions {
  /** Also into collections that hold documents: those whose `_id` is there stay as they are. */
  readonly merge?: boolean
}

/** A dump that can be read several times, from its beginning. */
export type DumpSource = () => AsyncIterable<Uint8Array>

const silent: Progress = () => undefined

/** Gives each line of a dump to `write`, which may make it wait. Resolves to the counts. */
export async function dumpData(from: TransferStore, options: TransferOptions, write: (line: string) => Promise<void> | void): Promise<{ documents: number; indexes: number }> {
  const store = viewOf(from, options)
  const counts = { documents: 0, indexes: 0 }
  await write(headLine())
  for await (const record of readRecords(store, await selectCollections(store, options), options.progress ?? silent)) {
    await write(recordLine(record))
    counts[record.kind === "document" ? "documents" : "indexes"] += 1
  }
  await write(endLine(counts.documents, counts.indexes))
  return counts
}

/** A dump that was read to its end and found whole. */
export interface InspectedDump extends Survey { readonly source: DumpSource; readonly selection: Selection }

/**
 * Reads a dump to its end without writing anything. Rejects with `TransferError` naming the line when one is wrong, when the dump was
 * cut short, or when it holds the server's own state and `state` was not asked for.
 */
export async function inspectDump(source: DumpSource, selection: Selection = {}): Promise<InspectedDump> {
  return { ...await surveyDump(source, selection), source, selection }
}

/** Writes an inspected dump into a store. Rejects with `TransferError` before anything is written when a collection is not empty. */
export async function restoreData(to: TransferStore, dump: InspectedDump, options: Pick<RestoreOptions, "merge" | "progress"> = {}): Promise<TransferCounts> {
  const records = async function* (): AsyncGenerator<TransferRecord, void, void> {
    for await (const record of dumpRecords(dump.source)) if (isMeant(record, dump.selection)) yield record
  }
  return writeAll(to, dump, records, { ...dump.selection, ...options })
}

/** Copies from one store into another, without a dump between them. */
export async function copyData(from: TransferStore, to: TransferStore, options: RestoreOptions = {}): Promise<TransferCounts> {
  const source = viewOf(from, options)
  const namespaces = await selectCollections(source, options)
  const indexes: (TransferRecord & { kind: "index" })[] = []
  const documentNamespaces: Namespace[] = []
  for (const namespace of namespaces) {
    documentNamespaces.push(namespace)
    for await (const record of readRecords(source, [namespace], silent)) {
      if (record.kind === "document") break
      indexes.push(record)
    }
  }
  const leftOut: Progress = (event) => (event.kind === "left-out" ? options.progress?.(event) : undefined)
  return writeAll(to, { namespaces: documentNamespaces, indexes }, () => readRecords(source, namespaces, leftOut), options)
}

/** What will be written to. */
interface Survey { readonly namespaces: readonly Namespace[]; readonly indexes: readonly (TransferRecord & { readonly kind: "index" })[] }

/** Reads a dump to its end without writing. */
async function surveyDump(source: DumpSource, options: Selection): Promise<Survey> {
  const namespaces = new Map<string, Namespace>()
  const indexes: (TransferRecord & { kind: "index" })[] = []
  for await (const record of dumpRecords(source)) {
    if (!isMeant(record, options)) continue
    if (options.state !== true && isReserved(record.namespace.database)) {
      throw new TransferError("state-closed", `Cannot restore ${record.place} of the dump: it belongs to the server's own databases, which were not asked for`)
    }
    namespaces.set(JSON.stringify([record.namespace.database, record.namespace.collection]), record.namespace)
    if (record.kind === "index") indexes.push(record)
  }
  return { namespaces: [...namespaces.values()], indexes }
}

async function* dumpRecords(source: DumpSource): AsyncGenerator<TransferRecord, void, void> {
  let number = 0
  const counts = { document: 0, index: 0 }
  let ended = false
  for await (const line of readLines(source())) {
    number += 1
    if (number === 1) {
      readHead(line)
      continue
    }
    if (ended) throw new TransferError("dump-invalid", `Cannot read line ${number} of the dump: the line before it is its last`, { line: number })
    const record = readRecord(line, number)
    if (record.kind !== "end") {
      counts[record.kind] += 1
      yield record
      continue
    }
    if (record.documents !== counts.document || record.indexes !== counts.index) throw new TransferError("dump-invalid", `Cannot read line ${number} of the dump: it counts other lines than there are`, { line: number })
    ended = true
  }
  if (!ended) throw new TransferError("dump-invalid", `Cannot read the dump: it ends after line ${number}, without its last line`, { line: number })
}

function isMeant({ namespace }: TransferRecord, { database, collection }: Selection): boolean {
  return (database === undefined || namespace.database === database) && (collection === undefined || namespace.collection === collection)
}

async function writeAll(to: TransferStore, { namespaces, indexes }: Survey, records: () => AsyncIterable<TransferRecord>, options: RestoreOptions): Promise<TransferCounts> {
  const store = viewOf(to, options)
  const merge = options.merge === true
  if (!merge) await requireEmpty(store, namespaces)
  for (const index of indexes) await writeIndex(store, index)
  const write = (target: Store): Promise<{ written: number; kept: number }> => writeDocuments(target, records(), { merge, progress: options.progress ?? silent })
  const counts = to.embedded ? await store.transaction(write) : await write(store)
  return { ...counts, indexes: indexes.length }
}

async function requireEmpty(store: Store, namespaces: readonly Namespace[]): Promise<void> {
  const full: string[] = []
  for (const namespace of namespaces) {
    if ((await store.count(namespace, {}, { limit: 1 })) > 0) full.push(`\`${namespace.database}.${namespace.collection}\``)
  }
  if (full.length === 0) return
  const more = full.length > 3 ? ` and ${full.length - 3} more` : ""
  throw new TransferError("target-not-empty", `Cannot write into collections that hold documents: ${full.slice(0, 3).join(", ")}${more}`)
}
