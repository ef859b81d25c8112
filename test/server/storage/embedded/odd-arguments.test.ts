// Arguments of the wrong kind are the caller's fault, and change nothing.
import { afterAll, expect, test } from "vitest"
import type { Document } from "../../../../kernel/index.ts"
import { StoreError, type BulkOperation } from "../../../../server/data/index.ts"
import { openEmbeddedStore } from "../../../../server/storage/index.ts"

const store = openEmbeddedStore({ file: ":memory:" })
const namespace = { database: "d", collection: "odd" }
await store.insert(namespace, [{ _id: 1, a: 1 }, { _id: 2, a: 2 }])
afterAll(() => store.close())

const pipeline = [{ $set: { b: 1 } }] as unknown as Document
const none = undefined as unknown as Document

test.each<[string, number, () => Promise<unknown>]>([
  ["replace with a pipeline", 14, () => store.replace(namespace, {}, pipeline)],
  ["replace with nothing", 14, () => store.replace(namespace, {}, none)],
  ["findOneAndReplace with a pipeline", 14, () => store.findOneAndReplace(namespace, {}, pipeline)],
  ["upsert a pipeline as replacement", 14, () => store.replace(namespace, { a: 9 }, pipeline, { upsert: true })],
  ["update with nothing", 9, () => store.update(namespace, {}, none, { many: false })],
  ["update with a number", 9, () => store.findOneAndUpdate(namespace, {}, 5 as unknown as Document)],
  ["insert a list", 14, () => store.insert(namespace, [[] as unknown as Document])],
  ["bulk insert of nothing", 14, () => store.bulkWrite(namespace, [{ insertOne: {} } as unknown as BulkOperation])],
  ["bulk update with nothing", 9, () => store.bulkWrite(namespace, [{ updateOne: { filter: {} } } as unknown as BulkOperation])],
  ["distinct values of no name", 14, () => store.distinct(namespace, 5 as unknown as string, {})],
  ["skip backwards", 2, () => store.count(namespace, {}, { skip: -1 })],
])("%s: %i", async (_what, serverCode, work) => {
  const refusal = await work().then(() => undefined, (error: unknown) => error)
  expect(refusal).toBeInstanceOf(StoreError)
  expect(refusal).toMatchObject({ code: "bad-request", serverCode })
  expect(await store.find(namespace, {}).toArray()).toEqual([{ _id: 1, a: 1 }, { _id: 2, a: 2 }])
})

test("a negative limit counts as its positive", async () => {
  expect(await store.count(namespace, {}, { limit: -1 })).toBe(1)
  expect(await store.count(namespace, { a: { $gt: 0 } }, { limit: -1 })).toBe(1)
})
