import { describe, expect, test } from "vitest"
import { bsonTypeOf, Double, Long, ObjectId, toEjson, type Document } from "../../kernel/index.ts"
import { expectStoreError } from "./expect-error.ts"
import type { Bench } from "./store-contract.ts"

export function writeContract({ store, fresh, unless }: Bench): void {
  const all = async (namespace: { database: string; collection: string }): Promise<Document[]> => store().find(namespace, {}, { sort: { _id: 1 } }).toArray()

  describe("writing", () => {
    test("gives a document without `_id` one, in first place, and resolves to the ids", async () => {
      const namespace = await fresh()
      const ids = await store().insert(namespace, [{ a: 1 }, { a: 2, _id: "mine" }])
      expect(bsonTypeOf(ids[0])).toBe("ObjectId")
      expect(ids[1]).toBe("mine")
      const [first, second] = await store().find(namespace, {}).toArray()
      expect(Object.keys(first as Document)).toEqual(["_id", "a"])
      expect(second).toEqual({ _id: "mine", a: 2 })
    })

    test("refuses a second document with an equal `_id`, also of another number kind; what came before stays", async () => {
      const namespace = await fresh([{ _id: 1 }])
      const error = await expectStoreError(store().insert(namespace, [{ _id: "hidden-0" }, { _id: new Double(1) }, { _id: "hidden-1" }]), "duplicate-key", 11000)
      expect(error.message).toContain(`Duplicate key error collection: ${namespace.database}.${namespace.collection}`)
      expect(error.message).not.toContain("hidden")
      expect((await all(namespace)).map(({ _id }) => _id)).toEqual([1, "hidden-0"])
      await expectStoreError(store().insert(namespace, [{ _id: 1 }, { _id: 5 }], { ordered: false }), "duplicate-key", 11000)
      expect((await all(namespace)).map(({ _id }) => _id)).toEqual([1, 5, "hidden-0"])
    })

    test("refuses a list and a regular expression as `_id`", async () => {
      const namespace = await fresh()
      await expectStoreError(store().insert(namespace, [{ _id: [1] }]), "bad-request", 53)
      expect(await store().count(namespace, {})).toBe(0)
    })

    test("updates one or many and tells matched from modified", async () => {
      const namespace = await fresh([{ _id: 1, a: 1 }, { _id: 2, a: 1 }, { _id: 3, a: 2 }])
      expect(await store().update(namespace, { a: 1 }, { $set: { b: 1 } }, { many: false })).toEqual({ matched: 1, modified: 1 })
      expect(await store().update(namespace, { a: 1 }, { $set: { b: 1 } }, { many: true })).toEqual({ matched: 2, modified: 1 })
      expect(await store().update(namespace, { a: 9 }, { $set: { b: 1 } }, { many: true })).toEqual({ matched: 0, modified: 0 })
      expect(await all(namespace)).toEqual([{ _id: 1, a: 1, b: 1 }, { _id: 2, a: 1, b: 1 }, { _id: 3, a: 2 }])
    })

    test("updates the first of a sort", async () => {
      const namespace = await fresh([{ _id: 1, n: 1 }, { _id: 2, n: 3 }, { _id: 3, n: 2 }])
      await store().update(namespace, {}, { $set: { top: true } }, { many: false, sort: { n: -1 } })
      expect((await store().find(namespace, { top: true }).toArray()).map(({ _id }) => _id)).toEqual([2])
    })

    test("takes an update without operators as a replacement, and not for many", async () => {
      const namespace = await fresh([{ _id: 1, a: 1, b: 2 }])
      expect(await store().update(namespace, { a: 1 }, { c: 3 }, { many: false })).toEqual({ matched: 1, modified: 1 })
      expect(await all(namespace)).toEqual([{ _id: 1, c: 3 }])
      await expectStoreError(store().update(namespace, {}, { c: 3 }, { many: true }), "bad-request")
    })

    test("keeps the kinds of numbers through updates", async () => {
      const namespace = await fresh([{ _id: 1, long: Long.fromNumber(1), double: new Double(1), int: 1 }])
      await store().update(namespace, {}, { $inc: { long: 1, double: 1, int: 1 } }, { many: false })
      expect(toEjson((await all(namespace))[0])).toEqual(toEjson({ _id: 1, long: Long.fromNumber(2), double: new Double(2), int: 2 }))
    })

    test("upserts what the filter fixes", async () => {
      const namespace = await fresh()
      const made = await store().update(namespace, { kind: "a", n: { $gt: 1 } }, { $set: { b: 1 } }, { many: false, upsert: true })
      expect(made.matched).toBe(0)
      expect(bsonTypeOf(made.upsertedId)).toBe("ObjectId")
      expect(await store().update(namespace, { _id: "x" }, { $setOnInsert: { c: 1 } }, { many: true, upsert: true })).toEqual({ matched: 0, modified: 0, upsertedId: "x" })
      expect(await store().update(namespace, { _id: "x" }, { $setOnInsert: { c: 2 } }, { many: true, upsert: true })).toEqual({ matched: 1, modified: 0 })
      expect(await store().find(namespace, {}, { projection: { _id: 0 } }).toArray()).toEqual([{ kind: "a", b: 1 }, { c: 1 }])
    })

    test("uses array filters and the positional operator", async () => {
      const namespace = await fresh([{ _id: 1, list: [{ n: 1 }, { n: 5 }, { n: 9 }] }])
      await store().update(namespace, {}, { $set: { "list.$[big].big": true } }, { many: false, arrayFilters: [{ "big.n": { $gt: 4 } }] })
      await store().update(namespace, { "list.n": 1 }, { $set: { "list.$.first": true } }, { many: false })
      expect(await all(namespace)).toEqual([{ _id: 1, list: [{ n: 1, first: true }, { n: 5, big: true }, { n: 9, big: true }] }])
    })

    test("replaces, keeping `_id` and place", async () => {
      const namespace = await fresh([{ _id: 1, a: 1 }, { _id: 2, a: 1 }])
      expect(await store().replace(namespace, { _id: 1 }, { b: 2 })).toEqual({ matched: 1, modified: 1 })
      expect(await store().find(namespace, {}).toArray()).toEqual([{ _id: 1, b: 2 }, { _id: 2, a: 1 }])
      expect((await store().replace(namespace, { _id: 7 }, { b: 3 }, { upsert: true })).upsertedId).toBe(7)
      await expectStoreError(store().replace(namespace, { _id: 1 }, { _id: 9, b: 2 }), "bad-request", 66)
    })

    test("deletes one or many", async () => {
      const namespace = await fresh([{ _id: 1, a: 1 }, { _id: 2, a: 1 }, { _id: 3, a: 1 }, { _id: 4 }])
      expect(await store().delete(namespace, { a: 1 }, { many: false })).toBe(1)
      expect(await store().delete(namespace, { a: 1 }, { many: true })).toBe(2)
      expect(await store().delete(namespace, { a: 1 }, { many: true })).toBe(0)
      expect(await all(namespace)).toEqual([{ _id: 4 }])
    })

    test("finds and changes one document in one step", async () => {
      const namespace = await fresh([{ _id: 1, n: 1 }, { _id: 2, n: 2 }])
      expect(await store().findOneAndUpdate(namespace, {}, { $inc: { n: 10 } }, { sort: { n: -1 } })).toEqual({ _id: 2, n: 2 })
      expect(await store().findOneAndUpdate(namespace, { _id: 2 }, { $inc: { n: 1 } }, { returnNewDocument: true, projection: { _id: 0 } })).toEqual({ n: 13 })
      expect(await store().findOneAndReplace(namespace, { _id: 1 }, { m: 1 }, { returnNewDocument: true })).toEqual({ _id: 1, m: 1 })
      expect(await store().findOneAndDelete(namespace, { _id: 1 })).toEqual({ _id: 1, m: 1 })
      expect(await store().findOneAndUpdate(namespace, { _id: 5 }, { $set: { a: 1 } })).toBeNull()
      expect(await store().findOneAndUpdate(namespace, { _id: 5 }, { $set: { a: 1 } }, { upsert: true, returnNewDocument: true })).toEqual({ _id: 5, a: 1 })
      expect(await store().findOneAndUpdate(namespace, { _id: 6 }, { $set: { a: 1 } }, { upsert: true })).toBeNull()
      expect(await store().findOneAndDelete(namespace, { _id: 99 })).toBeNull()
    })

    test("writes in bulk, in order or past refusals", async () => {
      const namespace = await fresh([{ _id: 1, a: 1 }])
      await store().bulkWrite(namespace, [
        { insertOne: { document: { _id: 2 } } }, { updateOne: { filter: { _id: 1 }, update: { $set: { a: 2 } } } }, { replaceOne: { filter: { _id: 3 }, replacement: { r: 1 }, upsert: true } },
        { updateMany: { filter: {}, update: { $set: { m: 1 } } } }, { deleteOne: { filter: { _id: 2 } } },
      ])
      expect(await all(namespace)).toEqual([{ _id: 1, a: 2, m: 1 }, { _id: 3, r: 1, m: 1 }])
      const operations = [{ insertOne: { document: { _id: 10 } } }, { insertOne: { document: { _id: 1 } } }, { insertOne: { document: { _id: 11 } } }]
      await expectStoreError(store().bulkWrite(namespace, operations), "duplicate-key")
      expect(await store().count(namespace, { _id: { $gte: 10 } })).toBe(1)
      await store().delete(namespace, { _id: 10 }, { many: false })
      await expectStoreError(store().bulkWrite(namespace, operations, { ordered: false }), "duplicate-key")
      expect(await store().count(namespace, { _id: { $gte: 10 } })).toBe(2)
    })

    unless("natural-order-after-delete")("never gives the place of a deleted document to a new one", async () => {
      const namespace = await fresh([{ _id: 1 }, { _id: 2 }, { _id: 3 }])
      await store().delete(namespace, { _id: { $in: [1, 3] } }, { many: true })
      await store().insert(namespace, [{ _id: 4 }])
      expect((await store().find(namespace, {}).toArray()).map(({ _id }) => _id)).toEqual([2, 4])
    })

    test("of many writers at once loses nothing", async () => {
      const namespace = await fresh([{ _id: "count", n: 0 }])
      await Promise.all(Array.from({ length: 8 }, async (_, writer) => {
        for (let step = 0; step < 25; step++) {
          await store().update(namespace, { _id: "count" }, { $inc: { n: 1 } }, { many: false })
          await store().insert(namespace, [{ _id: `${writer}-${step}` }])
        }
      }))
      expect((await store().find(namespace, { _id: "count" }).toArray())[0]).toEqual({ _id: "count", n: 200 })
      expect(await store().count(namespace, {})).toBe(201)
    })

    test("refuses an update that cannot be applied and leaves the document", async () => {
      const namespace = await fresh([{ _id: 1, a: "secret-value" }])
      const error = await expectStoreError(store().update(namespace, { _id: 1 }, { $inc: { a: 1 } }, { many: false }), "bad-request")
      expect(error.message).not.toContain("secret-value")
      expect(await all(namespace)).toEqual([{ _id: 1, a: "secret-value" }])
    })

    test("refuses a document larger than 16 MiB", async () => {
      const namespace = await fresh()
      const half = "x".repeat(9 * 1024 * 1024)
      await expectStoreError(store().insert(namespace, [{ _id: new ObjectId(), a: half, b: half }]), "document-invalid", 10334)
    })
  })
}
