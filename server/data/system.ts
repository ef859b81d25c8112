// The system user's operations: no rules, filters or schema; the same shapes of results.
import { isDocument, type Document } from "../../kernel/index.ts"
import { checkOperations, normalOperations } from "./bulk.ts"
import { cursorOver } from "./cursor.ts"
import { invalid } from "./refusals.ts"
import type { GuardedCollection, UpdateOutcome } from "./service.ts"
import type { Namespace, Store, UpdateResult } from "./store.ts"
import { checkWatch, isAmong, streamOptions } from "./watch.ts"

/** A collection without rules, for callers whose `system` is true. */
export function systemCollection(store: Store, namespace: Namespace): GuardedCollection {
  return {
    find: (filter, options) => store.find(namespace, filter, options),
    async findOne(filter, options) {
      const [document] = await store.find(namespace, filter, { ...options, limit: 1 }).toArray()
      return document ?? null
    },
    count: (filter, options) => store.count(namespace, filter, options),
    distinct: (field, filter) => store.distinct(namespace, field, filter),
    aggregate: (pipeline, options) => aggregateAsSystem(store, namespace, pipeline, options),
    async insertOne(document) {
      if (!isDocument(document)) throw invalid("only documents can be inserted")
      const [insertedId] = await store.insert(namespace, [document])
      return { insertedId }
    },
    async insertMany(documents, options) {
      if (!Array.isArray(documents) || !documents.every(isDocument)) throw invalid("the documents of `insertMany` are a list of documents")
      if (documents.length === 0) throw invalid("must provide at least one element")
      return { insertedIds: await store.insert(namespace, documents as readonly Document[], options) }
    },
    updateOne: async (filter, update, { countChanged, ...options } = {}) => outcome(await store.update(namespace, filter, update, { ...options, many: false }), countChanged),
    updateMany: async (filter, update, { countChanged, ...options } = {}) => outcome(await store.update(namespace, filter, update, { ...options, many: true }), countChanged),
    replaceOne: async (filter, replacement, { countChanged, ...options } = {}) => outcome(await store.replace(namespace, filter, replacement, options), countChanged),
    deleteOne: async (filter) => ({ deletedCount: await store.delete(namespace, filter, { many: false }) }),
    deleteMany: async (filter) => ({ deletedCount: await store.delete(namespace, filter, { many: true }) }),
    findOneAndUpdate: (filter, update, options) => store.findOneAndUpdate(namespace, filter, update, options),
    findOneAndReplace: (filter, replacement, options) => store.findOneAndReplace(namespace, filter, replacement, options),
    findOneAndDelete: (filter, options) => store.findOneAndDelete(namespace, filter, options),
    async bulkWrite(operations, options) {
      checkOperations(operations)
      await store.bulkWrite(namespace, normalOperations(operations), options)
      return null
    },
    async *watch(options) {
      checkWatch(options)
      for await (const event of store.watch(namespace, streamOptions(options))) {
        if (!isAmong(event, options.ids)) continue
        if (options.filter === undefined || (await store.matches(event as unknown as Document, options.filter))) yield event
      }
    },
  }
}

/** An aggregation that writes starts at once: code calls it and never reads the cursor (function specification, 4.3). */
function aggregateAsSystem(store: Store, namespace: Namespace, pipeline: readonly Document[], options: { readonly maxTimeMS?: number; readonly allowDiskUse?: boolean } = {}): ReturnType<Store["aggregate"]> {
  const last = pipeline.at(-1)
  const cursor = store.aggregate(namespace, pipeline, options)
  if (last === undefined || !(Object.hasOwn(last, "$out") || Object.hasOwn(last, "$merge"))) return cursor
  const written = cursor.toArray()
  // Whoever reads the cursor gets the error; who never does is not to end the process with it.
  written.catch(() => undefined)
  return cursorOver((async function* () {
    yield* await written
  })())
}

/** SOURCE: tests of the Stitch SDKs: `modifiedCount` counts documents that were written, also those in which nothing changed. */
function outcome({ matched, modified, upsertedId }: UpdateResult, countChanged = false): UpdateOutcome {
  return { matchedCount: matched, modifiedCount: countChanged ? modified : matched, ...(upsertedId === undefined ? {} : { upsertedId }) }
}
