import { describe, expect, test } from "vitest"
import { InternalError, ObjectId } from "../../kernel/index.ts"
import { customDataReader, openState, stateCollection, type InsertionOrder } from "../../server/storage/index.ts"
import type { StateCollection } from "../../server/users/index.ts"
import type { Bench } from "./store-contract.ts"

export function stateContract({ store, fresh }: Bench): void {
  const collection = (): StateCollection => openState(store(), { app: `app-${new ObjectId().toHexString()}` })("users")

  describe("the server's own state", () => {
    test("inserts, and tells a taken key from one that is free", async () => {
      const users = collection()
      await users.ensureIndex({ keys: { mail: 1 }, unique: true })
      await users.ensureIndex({ keys: { mail: 1 }, unique: true })
      expect(await users.insertOne({ _id: "1", mail: "a" })).toBe("inserted")
      expect(await users.insertOne({ _id: "1", mail: "b" })).toBe("duplicate")
      expect(await users.insertOne({ _id: "2", mail: "a" })).toBe("duplicate")
      expect(await users.insertOne({ _id: "3" })).toBe("inserted")
      expect(await users.insertOne({ _id: "4" })).toBe("duplicate")
      expect((await users.find({}, { sort: { _id: 1 } })).map(({ _id }) => _id)).toEqual(["1", "3"])
    })

    test("finds, updates and deletes", async () => {
      const users = collection()
      for (const [_id, at] of [["a", 3], ["b", 1], ["c", 2]] as const) await users.insertOne({ _id, at, ids: [{ type: "x", id: _id }] })
      expect((await users.find({ at: { $gte: 2 } }, { sort: { at: -1 }, limit: 1 })).map(({ _id }) => _id)).toEqual(["a"])
      expect(await users.findOne({ "ids.id": "b" })).toMatchObject({ _id: "b" })
      expect(await users.findOne({ _id: "z" })).toBeNull()
      expect(await users.updateOne({ _id: "a", at: 3 }, { $set: { at: 9 }, $push: { ids: 1 } })).toBe(1)
      expect(await users.updateOne({ _id: "a", at: 3 }, { $set: { at: 10 } })).toBe(0)
      expect(await users.updateOne({ _id: "n" }, { $set: { at: 1 } }, { upsert: true })).toBe(1)
      expect(await users.deleteMany({ at: { $lt: 2 } })).toBe(2)
      expect((await users.find({})).map(({ _id }) => _id).toSorted()).toEqual(["a", "c"])
    })

    test("one claim of many wins", async () => {
      const users = collection()
      await users.insertOne({ _id: "lease", owner: null })
      const won = await Promise.all(Array.from({ length: 10 }, (_, owner) => users.updateOne({ _id: "lease", owner: null }, { $set: { owner } })))
      expect(won.filter((count) => count === 1)).toHaveLength(1)
      const made = await Promise.all(Array.from({ length: 6 }, (_, n) => users.updateOne({ _id: "new" }, { $set: { [`f${n}`]: 1 } }, { upsert: true })))
      expect(made).toEqual([1, 1, 1, 1, 1, 1])
    })

    test("apps do not see each other, and a wrong request is the server's fault", async () => {
      const [mine, theirs] = [collection(), collection()]
      await mine.insertOne({ _id: "1" })
      expect(await theirs.findOne({})).toBeNull()
      const error = await mine.find({ $nonsense: [] }).then(() => undefined, (reason: unknown) => reason)
      expect(error).toBeInstanceOf(InternalError)
      const closed = stateCollection(store(), "app", "users")
      expect(await closed.find({}).then(() => undefined, (reason: unknown) => reason)).toBeInstanceOf(InternalError)
    })

    test("custom data is read from the store a data source names", async () => {
      const namespace = await fresh([{ _id: 1, owner: "u" }])
      const reader = customDataReader((name) => (name === "mongodb-atlas" ? store() : undefined))
      expect(await reader.findFirstInserted("mongodb-atlas", namespace.database, namespace.collection, "owner", "u")).toEqual({ _id: 1, owner: "u" })
      expect(await reader.findFirstInserted("mongodb-atlas", "nowhere", "none", "owner", "u")).toBeNull()
      await expect(reader.findFirstInserted("other", namespace.database, namespace.collection, "owner", "u")).rejects.toBeInstanceOf(InternalError)
    })

    test("custom data is the first by record, by `_id`, or by a field of the app's, and never a list's", async () => {
      const namespace = await fresh([{ _id: 4, owner: "u", at: 3 }, { _id: 3, owner: "u", at: 2 }, { _id: 5, owner: "u", at: 2 }, { _id: 1, owner: ["u"], at: 1 }, { _id: 0, owner: "v", at: 0 }])
      const first = async (order: InsertionOrder): Promise<unknown> => (await customDataReader(store, order).findFirstInserted("any", namespace.database, namespace.collection, "owner", "u"))?.["_id"]
      expect([await first("record"), await first("_id"), await first({ field: "at" })]).toEqual([4, 3, 3])
      for (const order of ["_id", { field: "at" }] as const) expect(await customDataReader(store, order).findFirstInserted("any", namespace.database, namespace.collection, "owner", "w")).toBeNull()
    })
  })
}
