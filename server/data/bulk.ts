// bulkWrite of a user: every operation as if it were alone, on the state the ones before left; one refused undoes them all.
import { isDocument, type Document, type Value } from "../../kernel/index.ts"
import { insertAll } from "./insert.ts"
import type { BulkCounts } from "./log.ts"
import { invalid } from "./refusals.ts"
import { onStore, runWrite, type RuleRequest, type UserCollection } from "./request.ts"
import { StoreError, type BulkOperation } from "./store.ts"
import { applyChange, applyDelete, changeOf, replacementOf, type Written } from "./update.ts"

type InsertOperation = Extract<BulkOperation, { readonly insertOne: unknown }>
type ChangeOperation = Extract<BulkOperation, { readonly updateOne: unknown } | { readonly updateMany: unknown } | { readonly replaceOne: unknown }>
type Counts = { -readonly [Count in keyof BulkCounts]: number }

export async function bulkWrite(collection: UserCollection, operations: readonly BulkOperation[], _options: { readonly ordered?: boolean } = {}): Promise<null> {
  const work = (request: RuleRequest): Promise<BulkCounts> => {
    checkOperations(operations)
    return allOrNothing(request, operations)
  }
  await runWrite(collection, "bulkWrite", work, (counts) => ({ counts }))
  return null
}

/** Refuses what is no list of operations. For the system user too: no driver is asked before. */
export function checkOperations(operations: readonly BulkOperation[]): void {
  if (!Array.isArray(operations)) throw invalid("the operations of `bulkWrite` are a list")
  // SOURCE: text of the driver, seen by an app in the corpus.
  if (operations.length === 0) throw invalid("Failed to execute bulk writes: no operations specified")
  if (!operations.every(isOperation)) throw invalid("an operation of `bulkWrite` is an object with one key, its name, and an object below it")
  const unknown = operations.flatMap((operation) => Object.keys(operation)).find((name) => !names.has(name))
  if (unknown !== undefined) throw invalid(`unknown operation of \`bulkWrite\`: ${unknown}`)
}

const names: ReadonlySet<string> = new Set(["insertOne", "updateOne", "updateMany", "replaceOne", "deleteOne", "deleteMany"])

function isOperation(operation: unknown): boolean {
  return isDocument(operation as Value) && Object.keys(operation as Document).length === 1 && isDocument(Object.values(operation as Document)[0])
}

async function allOrNothing(request: RuleRequest, operations: readonly BulkOperation[]): Promise<BulkCounts> {
  if (operations.every(isInsert)) {
    // Judged before the first is written, so that nothing needs to be undone.
    await insertAll(request, operations.map(insertedDocument))
    return { ...noCounts(), insertedCount: operations.length }
  }
  // Inside a transaction of a function: whoever opened it may only abort it when this is refused halfway.
  if (operations.length === 1 || request.inTransaction) return runAll(request, operations)
  if (!request.store.abilities.transactions) throw new StoreError("unsupported", "Cannot run `bulkWrite` under rules: this database has no transactions, so a refused operation could not undo those before it")
  return request.store.transaction((store) => runAll(onStore(request, store), operations))
}

async function runAll(request: RuleRequest, operations: readonly BulkOperation[]): Promise<BulkCounts> {
  const counts = noCounts()
  for (const operation of operations) {
    if (isInsert(operation)) {
      await insertAll(request, [insertedDocument(operation)])
      counts.insertedCount += 1
    } else if ("deleteOne" in operation) counts.deletedCount += (await applyDelete(request, { filter: operation.deleteOne.filter, many: false })).targets.length
    else if ("deleteMany" in operation) counts.deletedCount += (await applyDelete(request, { filter: operation.deleteMany.filter, many: true })).targets.length
    else countChange(counts, await runChange(request, operation))
  }
  return counts
}

function runChange(request: RuleRequest, operation: ChangeOperation): Promise<Written> {
  if ("replaceOne" in operation) {
    const { filter, replacement, upsert } = operation.replaceOne
    return applyChange(request, { filter, change: replacementOf(replacement), many: false, upsert: upsert === true })
  }
  const many = "updateMany" in operation
  const { filter, update, arrayFilters, upsert } = many ? operation.updateMany : operation.updateOne
  return applyChange(request, { filter, change: changeOf(update as Document, arrayFilters), many, upsert: upsert === true })
}

function countChange(counts: Counts, { targets, upserted }: Written): void {
  counts.matchedCount += targets.length
  counts.modifiedCount += targets.length
  counts.upsertedCount += upserted === undefined ? 0 : 1
}

function isInsert(operation: BulkOperation): operation is InsertOperation {
  return "insertOne" in operation
}

/** SOURCE: the documented sample has the bare document under `insertOne`; a single key `document` is the wrapper. */
function insertedDocument({ insertOne: raw }: InsertOperation): Document {
  const { document } = raw
  return Object.keys(raw).length === 1 && isDocument(document) ? document : raw
}

/** The operations in the one spelling that stores know. */
export function normalOperations(operations: readonly BulkOperation[]): BulkOperation[] {
  return operations.map((operation) => (isInsert(operation) ? { insertOne: { document: insertedDocument(operation) } } : operation))
}

function noCounts(): Counts {
  return { insertedCount: 0, matchedCount: 0, modifiedCount: 0, deletedCount: 0, upsertedCount: 0 }
}
