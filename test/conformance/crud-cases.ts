// The observed operations of fixtures/crud: loading them, running one against a store, comparing what came of it.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import {
  bsonTypeOf, compareValues, ejsonText, equalValues, fromEjson, identicalValues, isDocument, type Document, type Value,
} from "../../kernel/index.ts"
import type { BulkOperation, FindAndChangeOptions, FindOptions, Namespace, Store } from "../../server/data/store.ts"

/** The part of a store the cases use. */
export type CrudStore = Pick<Store,
  "find" | "aggregate" | "count" | "distinct" | "insert" | "update" | "replace" | "delete" | "findOneAndUpdate" | "findOneAndReplace" | "findOneAndDelete" | "bulkWrite">

/** One case, decoded. */
export interface CrudCase {
  readonly id: string
  readonly family: string
  readonly order: "as-shown" | "any" | "set"
  readonly documents: readonly Document[]
  readonly operation: Document
  readonly expect: { readonly hasResult: boolean; readonly result: Value; readonly error: Document | undefined; readonly after: readonly Document[] | undefined }
}

const folder = join(import.meta.dirname, "../../fixtures/crud")

/** Every file of cases, by its name without `.json`; with `names`, only those. */
export function loadCrudCases(names?: readonly string[]): { readonly file: string; readonly cases: readonly CrudCase[] }[] {
  const files = names ?? readdirSync(folder).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5)).toSorted()
  return files.map((file) => ({ file, cases: (JSON.parse(readFileSync(join(folder, `${file}.json`), "utf8")) as unknown[]).map(decodeCase) }))
}

function decodeCase(json: unknown): CrudCase {
  const raw = fromEjson(json) as Document
  const expected = raw["expect"] as Document
  return {
    id: String(raw["id"]), family: String(raw["family"]), order: (raw["order"] as "any" | "set" | undefined) ?? "as-shown",
    documents: raw["documents"] as Document[], operation: raw["operation"] as Document,
    expect: {
      hasResult: Object.hasOwn(expected, "result"), result: expected["result"], error: expected["error"] as Document | undefined,
      after: expected["after"] as Document[] | undefined,
    },
  }
}

/**
 * Runs a case in an empty namespace: inserts its documents, runs its operation, compares result, error and what is stored
 * afterwards. Resolves to undefined when all is as expected, else to a description of the first difference.
 */
export async function runCrudCase(store: CrudStore, namespace: Namespace, each: CrudCase): Promise<string | undefined> {
  if (each.documents.length > 0) await store.insert(namespace, each.documents)
  const others = (each.operation["others"] ?? {}) as Document
  for (const collection of Object.keys(others)) {
    const documents = others[collection] as Document[]
    if (documents.length > 0) await store.insert({ database: namespace.database, collection }, documents)
  }
  return await resultDifference(store, namespace, each) ?? await afterDifference(store, namespace, each)
}

async function resultDifference(store: CrudStore, namespace: Namespace, each: CrudCase): Promise<string | undefined> {
  let result: Value
  try {
    result = await runOperation(store, namespace, each.operation)
  } catch (error) {
    return errorDifference(error, each)
  }
  if (each.expect.error !== undefined) return `no error; result ${ejsonText(result)}`
  if (!each.expect.hasResult) return undefined
  return matchesExpected(result, each.expect.result, each.order, true) ? undefined : `result ${ejsonText(result)}, expected ${ejsonText(each.expect.result)}`
}

function errorDifference(error: unknown, { expect }: CrudCase): string | undefined {
  const { name, message, code, serverCode } = error as { name?: string; message?: string; code?: string; serverCode?: number }
  const shown = `${name} ${code} ${serverCode}: ${message}`
  if (name !== "StoreError") return `something else than a StoreError: ${(error as Error).stack ?? shown}`
  if (expect.error === undefined) return `unexpected error ${shown}`
  const wanted = expect.error["code"]
  return wanted === undefined || wanted === serverCode ? undefined : `error ${shown}, expected code ${String(wanted)}`
}

async function afterDifference(store: CrudStore, namespace: Namespace, each: CrudCase): Promise<string | undefined> {
  if (each.expect.after === undefined) return undefined
  const after = await store.find(namespace, {}).toArray()
  after.sort((left, right) => compareValues(left["_id"], right["_id"]))
  const order = each.order === "set" ? "any" : each.order
  return matchesExpected(after, each.expect.after as Document[], order, false) ? undefined : `afterwards ${ejsonText(after)}, expected ${ejsonText(each.expect.after as Document[])}`
}

async function runOperation(store: CrudStore, namespace: Namespace, operation: Document): Promise<Value> {
  const filter = (operation["filter"] ?? {}) as Document
  const update = operation["update"] as Document | readonly Document[]
  switch (operation["name"]) {
    case "find": return store.find(namespace, filter, findOptions(operation)).toArray()
    case "findOne": return (await store.find(namespace, filter, { ...findOptions(operation), limit: 1 }).toArray())[0] ?? null
    case "aggregate": return store.aggregate(namespace, operation["pipeline"] as Document[]).toArray()
    case "count": return store.count(namespace, filter, pick(operation, ["limit", "skip"]))
    case "distinct": return store.distinct(namespace, operation["field"] as string, filter)
    case "insertOne": return { insertedId: (await store.insert(namespace, [operation["document"] as Document]))[0] }
    case "insertMany": return { insertedIds: await store.insert(namespace, operation["documents"] as Document[], pick(operation, ["ordered"])) }
    case "updateOne": return updateResult(await store.update(namespace, filter, update, { many: false, ...pick(operation, ["upsert", "arrayFilters", "sort"]) }))
    case "updateMany": return updateResult(await store.update(namespace, filter, update, { many: true, ...pick(operation, ["upsert", "arrayFilters"]) }))
    case "replaceOne": return updateResult(await store.replace(namespace, filter, operation["replacement"] as Document, pick(operation, ["upsert"])))
    case "deleteOne": return { deletedCount: await store.delete(namespace, filter, { many: false }) }
    case "deleteMany": return { deletedCount: await store.delete(namespace, filter, { many: true }) }
    case "findOneAndUpdate": return store.findOneAndUpdate(namespace, filter, update, changeOptions(operation))
    case "findOneAndReplace": return store.findOneAndReplace(namespace, filter, operation["replacement"] as Document, changeOptions(operation))
    case "findOneAndDelete": return store.findOneAndDelete(namespace, filter, pick(operation, ["sort", "projection"]))
    case "bulkWrite":
      await store.bulkWrite(namespace, operation["operations"] as unknown as BulkOperation[], pick(operation, ["ordered"]))
      return null
    default: throw new Error(`no such operation: ${String(operation["name"])}`)
  }
}

function pick(operation: Document, names: readonly string[]): Record<string, never> {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(operation, name)).map((name) => [name, operation[name] as never]))
}

function findOptions(operation: Document): FindOptions {
  return pick(operation, ["projection", "sort", "skip", "limit"])
}

function changeOptions(operation: Document): FindAndChangeOptions {
  return pick(operation, ["sort", "projection", "upsert", "returnNewDocument", "arrayFilters"])
}

function updateResult({ matched, upsertedId }: { readonly matched: number; readonly upsertedId?: Value }): Document {
  return upsertedId === undefined ? { matchedCount: matched } : { matchedCount: matched, upsertedId }
}

/** Whether a value is what a case expects: by BSON type and value, a decimal by value, `$$shape` by kind. */
export function matchesExpected(actual: Value, expected: Value, order: CrudCase["order"], isTop: boolean): boolean {
  if (isDocument(expected) && Object.hasOwn(expected, "$$shape")) return hasShape(actual, expected["$$shape"])
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return false
    if (isTop && order === "set") return matchesAsSet(actual as readonly Value[], expected as readonly Value[])
    return (expected as readonly Value[]).every((item, index) => matchesExpected((actual as readonly Value[])[index], item, order, false))
  }
  if (isDocument(expected)) {
    if (!isDocument(actual)) return false
    const fields = Object.keys(expected)
    const others = Object.keys(actual)
    if (fields.length !== others.length) return false
    if (order === "as-shown" && fields.some((field, index) => field !== others[index])) return false
    return fields.every((field) => Object.hasOwn(actual, field) && matchesExpected(actual[field], expected[field], order, false))
  }
  if (bsonTypeOf(expected) === "Decimal128") return bsonTypeOf(actual) === "Decimal128" && equalValues(actual, expected)
  return identicalValues(actual, expected)
}

function matchesAsSet(actual: readonly Value[], expected: readonly Value[]): boolean {
  const left = [...actual]
  return expected.every((item) => {
    const index = left.findIndex((candidate) => matchesExpected(candidate, item, "any", false))
    if (index >= 0) left.splice(index, 1)
    return index >= 0
  })
}

function hasShape(actual: Value, shape: Value): boolean {
  switch (shape) {
    case "date": return actual instanceof Date
    case "timestamp": return bsonTypeOf(actual) === "Timestamp"
    case "objectId": return bsonTypeOf(actual) === "ObjectId"
    default: throw new Error(`no such shape: ${String(shape)}`)
  }
}
