import type { AnyBulkWriteOperation } from "mongodb"
import type { Document } from "../../../kernel/index.ts"
import { StoreError, type BulkOperation } from "../../data/index.ts"
import { asReplacement, withId } from "../values.ts"

/** One operation of the port as the driver wants it. Throws `StoreError` for one of no known kind. */
export function toDriverOperation(operation: BulkOperation): AnyBulkWriteOperation<Document> {
  if ("insertOne" in operation) return { insertOne: { document: withId(operation.insertOne.document) } }
  if ("updateOne" in operation) return { updateOne: updateOf(operation.updateOne) }
  if ("updateMany" in operation) return { updateMany: updateOf(operation.updateMany) }
  if ("replaceOne" in operation) {
    const { filter, replacement, upsert } = operation.replaceOne
    return { replaceOne: { filter, replacement, ...(upsert === undefined ? {} : { upsert }) } }
  }
  if ("deleteOne" in operation) return { deleteOne: { filter: operation.deleteOne.filter } }
  if ("deleteMany" in operation) return { deleteMany: { filter: operation.deleteMany.filter } }
  throw new StoreError("bad-request", "Cannot write in bulk: one operation is of no known kind", { serverCode: 9 })
}

type UpdateOperation = Extract<BulkOperation, { readonly updateOne: unknown }>["updateOne"]
interface DriverUpdate { filter: Document; update: Document | Document[]; upsert?: boolean; arrayFilters?: Document[] }

function updateOf({ filter, update, upsert, arrayFilters }: UpdateOperation): DriverUpdate {
  if (asReplacement(update) !== undefined) throw new StoreError("bad-request", "Cannot write in bulk: an update has no operators", { serverCode: 9 })
  return {
    filter, update: Array.isArray(update) ? [...update as readonly Document[]] : update as Document,
    ...(upsert === undefined ? {} : { upsert }), ...(arrayFilters === undefined ? {} : { arrayFilters: [...arrayFilters] }),
  }
}
