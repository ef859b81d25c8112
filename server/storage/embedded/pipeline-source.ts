// What a pipeline reads and writes besides the collection it runs over.
import { bsonSize, equalValues, setField, splitPath, type Document, type Value } from "../../../kernel/index.ts"
import { StoreError, type Namespace, type Store } from "../../data/index.ts"
import type { MergePlan, PipelineSource } from "../aggregation/index.ts"
import type { IndexInfo } from "./catalog.ts"

const mostOutput = 100 * 1024 * 1024

/** The collections beside a collection, read and written through the store, so that its own databases stay closed. */
export function pipelineSource(store: Store, { database }: Namespace, transaction: Store["transaction"], indexesOf: (collection: string) => readonly IndexInfo[]): PipelineSource {
  return {
    lookup: (collection, filter) => store.find({ database, collection }, filter),
    isIndexed: (collection, path) => path === "_id" || indexesOf(collection).some(({ fields }) => fields[0]?.field === path),
    output: {
      async replaceCollection(target, batches) {
        const documents: Document[] = []
        let bytes = 0
        for await (const batch of batches) {
          for (const document of batch) {
            bytes += bsonSize(document)
            if (bytes > mostOutput) throw new StoreError("bad-request", "Cannot run `$out`: more than 100 MB", { serverCode: 146 })
            documents.push(document)
          }
        }
        const namespace = { database: target.database ?? database, collection: target.collection }
        await transaction(async (inside) => {
          await inside.delete(namespace, {}, { many: true })
          if (documents.length > 0) await inside.insert(namespace, documents)
        })
      },
      async merge(plan, documents) {
        const namespace = { database: plan.database ?? database, collection: plan.collection }
        if (documents.length === 0) return
        await requireUnique(store, namespace, plan.on)
        for (const document of documents) await transaction((inside) => mergeOne(inside, namespace, plan, document))
      },
    },
  }
}

async function requireUnique(store: Store, namespace: Namespace, on: readonly string[]): Promise<void> {
  if (on.length === 1 && on[0] === "_id") return
  const wanted = on.toSorted().join("\0")
  const indexes = await store.indexes(namespace)
  if (indexes.some(({ unique, keys }) => unique && Object.keys(keys).toSorted().join("\0") === wanted)) return
  throw new StoreError("bad-request", "Cannot run `$merge`: there is no unique index on the fields of `on`", { serverCode: 51183 })
}

async function mergeOne(store: Store, namespace: Namespace, plan: MergePlan, made: Document): Promise<void> {
  const filter: Document = {}
  for (const path of plan.on) setField(filter, path, { $eq: keyAt(made, path) })
  const [there] = Object.hasOwn(made, "_id") || !plan.on.includes("_id") ? await store.find(namespace, filter, { limit: 1 }).toArray() : []
  if (there === undefined) {
    if (plan.whenNotMatched === "fail") throw new StoreError("bad-request", "Cannot run `$merge`: a document has no match", { serverCode: 13113 })
    if (plan.whenNotMatched === "insert") await store.insert(namespace, [made])
    return
  }
  if (plan.whenMatched === "keepExisting") return
  if (plan.whenMatched === "fail") throw new StoreError("duplicate-key", "Cannot run `$merge`: a document is there already", { serverCode: 11000 })
  const after = plan.whenMatched === "replace" ? made : plan.whenMatched === "merge" ? { ...there, ...made } : plan.whenMatched(there, made)
  if (Object.hasOwn(after, "_id") && !equalValues(after["_id"], there["_id"])) throw new StoreError("bad-request", "Cannot run `$merge`: `_id` would change", { serverCode: 66 })
  const same: Document = { _id: { $eq: there["_id"] } }
  // SOURCE: server manual: what is merged is updated, so that change streams report an update; only `replace` replaces.
  if (plan.whenMatched === "replace") await store.replace(namespace, same, after)
  else await store.update(namespace, same, [{ $replaceWith: { $literal: after } }], { many: false })
}

function keyAt(document: Document, path: string): Value {
  let value: Value = document
  for (const segment of splitPath(path)) value = typeof value === "object" && value !== null && Object.hasOwn(value, segment) ? (value as Document)[segment] : undefined
  if (path === "_id" && value === undefined) return null
  if (value === undefined || value === null || Array.isArray(value)) throw new StoreError("bad-request", "Cannot run `$merge`: a field of `on` is missing, null or a list", { serverCode: 51132 })
  return value
}
