// Upserts and inserts: whose `_id` it is, and what is refused before anything is looked for (specification of rules, 9.1 and 10).
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { ObjectId, type Document } from "../../../kernel/index.ts"
import type { DataLogEntry, GuardedCollection } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, openWorld, otherId, stored, userId } from "./rules-world.ts"

let store: EmbeddedStore
let entries: DataLogEntry[]

beforeEach(() => {
  store = openEmbeddedStore({ file: ":memory:" })
  entries = []
})

afterEach(() => store.close())

function collectionWith(roles: readonly object[], filters: readonly object[] = []): GuardedCollection {
  const { service, errors } = openWorld({ store, rules: { roles: roles.map((role, index) => ({ name: `r${index}`, apply_when: {}, ...role })), filters }, log: (entry) => void entries.push(entry) })
  expect(errors).toEqual([])
  return service.collection("mongodb-atlas", items, callerOf())
}

const refusedInsert = { code: "NoMatchingRuleFound", message: "insert not permitted", status: 400 }
const invalid = { name: "RequestError", code: "InvalidParameter" }
/** Fields may be written, `_id` is not among them. */
const named = { fields: { name: { write: true }, n: { write: true }, meta: { write: true }, owner: { write: true } } }

describe("the `_id` of an upsert", () => {
  test.each<[string, Document, Document]>([
    ["nothing names one", { name: "a" }, { $set: { n: 1 } }], ["only a field below another does", { meta: { _id: 5 } }, { $set: { n: 1 } }], ["only a nested field of the change does", { name: "a" }, { $set: { meta: { _id: 5 } } }], ["only a value in a list does", { name: { $in: ["_id"] } }, { $set: { n: 1 } }],
    ["only a remark does", { name: "a", $comment: "_id" }, { $set: { n: 1 } }], ["there is a remark that is null", { name: "a", $comment: null }, { $set: { n: 1 } }],
  ])("is the server's where %s", async (_name, filter, change) => {
    await collectionWith([named]).updateOne(filter, change, { upsert: true })
    expect(await stored(store)).toMatchObject([{ _id: expect.any(ObjectId) as unknown }])
  })

  test.each<[string, Document, Document]>([
    ["the predicate", { _id: 5 }, { $set: { n: 1 } }], ["a part of it", { $and: [{ name: "a" }, { _id: 5 }] }, { $set: { n: 1 } }], ["a part of a part", { $and: [{ $and: [{ _id: { $eq: 5 } }] }] }, { $set: { n: 1 } }],
    ["the change", { name: "a" }, { $set: { _id: 5 } }], ["what it sets on insert", { name: "a" }, { $setOnInsert: { _id: 5 }, $set: { n: 1 } }],
  ])("is the client's where %s names it", async (_name, filter, change) => {
    for (const many of [false, true]) await expect(many ? collectionWith([named]).updateMany(filter, change, { upsert: true }) : collectionWith([named]).updateOne(filter, change, { upsert: true })).rejects.toMatchObject(refusedInsert)
    expect(await stored(store)).toEqual([])
    await collectionWith([{ ...named, additional_fields: { write: true } }]).updateOne(filter, change, { upsert: true })
    expect(await stored(store)).toMatchObject([{ _id: 5 }])
  })

  test("of a replacement too", async () => {
    await expect(collectionWith([named]).replaceOne({ name: "a" }, { _id: 5, name: "a" }, { upsert: true })).rejects.toMatchObject(refusedInsert)
    await expect(collectionWith([named]).replaceOne({ _id: 5 }, { name: "a" }, { upsert: true })).rejects.toMatchObject(refusedInsert)
    await collectionWith([named]).replaceOne({ name: "a" }, { name: "b" }, { upsert: true })
    expect(await stored(store)).toMatchObject([{ _id: expect.any(ObjectId) as unknown, name: "b" }])
  })
})

describe("an upsert", () => {
  const owners = { apply_when: { owner: "%%user.id" }, write: true }

  test("inserts only where nothing matched", async () => {
    await store.insert(items, [{ _id: 1, owner: userId, n: 1 }])
    expect(await collectionWith([owners]).updateOne({ n: 1 }, { $set: { n: 2 } }, { upsert: true })).toEqual({ matchedCount: 1, modifiedCount: 1 })
    expect(await collectionWith([owners]).updateOne({ n: 1, owner: userId }, { $set: { m: 2 } }, { upsert: true })).toEqual({ matchedCount: 0, modifiedCount: 0, upsertedId: expect.any(ObjectId) as unknown })
    expect(await collectionWith([owners]).updateOne({ n: 9 }, { $set: { n: 2 } })).toEqual({ matchedCount: 0, modifiedCount: 0 })
    expect(await stored(store)).toHaveLength(2)
  })

  test("is given the role of the new document, and told as an insert", async () => {
    await expect(collectionWith([owners]).updateOne({ n: 1 }, { $set: { owner: otherId } }, { upsert: true })).rejects.toMatchObject(refusedInsert)
    await expect(collectionWith([{ ...owners, insert: false }]).updateOne({ n: 1 }, { $set: { owner: userId } }, { upsert: true })).rejects.toMatchObject(refusedInsert)
  })

  test.each<[string, Document, readonly object[], Document]>([
    ["by a field", { owner: userId }, [{ owner: "%%user.id" }], { owner: userId }],
    ["under `$and`", { $and: [{ owner: userId }, { n: 1 }] }, [{ owner: "%%user.id" }], { owner: userId, n: 1 }],
    ["by `$eq`, and a literal", { owner: { $eq: userId } }, [{ owner: userId, team: "red" }], { owner: userId, team: "red" }],
    ["by `$in` of one", { owner: { $in: [userId] } }, [{ owner: { $in: ["%%user.id"] } }], { owner: userId }],
    ["by a number of another kind", { n: 1 }, [{ n: { $numberDouble: "1.0" } }], { n: 1 }],
    ["with a null", { n: null }, [{ n: null }], { n: null }],
    ["beside one that is not fixed", { owner: { $gt: "" } }, [{ owner: "%%user.id" }], { owner: userId }],
    ["nowhere, and two filters alike", { n: 1 }, [{ owner: "%%user.id", team: "red" }, { owner: "%%user.id", team: "red", kind: 2 }, { $and: [{ kind: 2 }, { kind: 2 }] }], { n: 1, owner: userId, team: "red", kind: 2 }],
  ])("takes a value once that the request fixes %s and filters fix too", async (_name, filter, queries, expected) => {
    const filters = queries.map((query, index) => ({ name: `f${index}`, apply_when: {}, query }))
    await collectionWith([{ write: true }], filters).updateOne(filter, { $set: { new: true } }, { upsert: true })
    expect(await stored(store)).toEqual([{ _id: expect.any(ObjectId) as unknown, ...expected, new: true }])
  })

  test("whose predicate and filters fix different values is refused by the database, as two values in a predicate are", async () => {
    for (const filter of [{ owner: otherId }, { $and: [{ owner: otherId }] }]) {
      await expect(collectionWith([{ write: true }], [{ name: "f", query: { owner: "%%user.id" } }]).updateOne(filter, { $set: { n: 1 } }, { upsert: true })).rejects.toMatchObject({ serverCode: 54 })
    }
    expect(await stored(store)).toEqual([])
  })

  test("that filters would never let be found is refused", async () => {
    await expect(collectionWith([{ write: true }], [{ name: "f", apply_when: {}, query: { team: "%%user.custom_data.team" } }]).updateOne({ _id: 1 }, { $set: { n: 1 } }, { upsert: true })).rejects.toMatchObject(refusedInsert)
    expect(await stored(store)).toEqual([])
  })
})

describe("what is no change is refused", () => {
  const anyone = (): GuardedCollection => collectionWith([{ write: true }])

  test.each<[string, unknown]>([["a pipeline", [{ $set: { a: 1 } }]], ["a text", "a"], ["null", null], ["nothing", undefined]])("%s as an update", async (_name, update) => {
    for (const method of ["updateOne", "updateMany", "findOneAndUpdate"] as const) await expect((async () => anyone()[method]({}, update as Document))()).rejects.toMatchObject({ ...invalid, message: '"update" argument must be a object' })
  })

  test.each<[string, unknown]>([["operators", { $set: { a: 1 } }], ["operators among fields", { a: 1, $set: { b: 1 } }], ["a list", [{ a: 1 }]], ["null", null]])("%s as a replacement", async (_name, replacement) => {
    for (const method of ["replaceOne", "findOneAndReplace"] as const) await expect((async () => anyone()[method]({}, replacement as Document))()).rejects.toMatchObject(invalid)
  })

  test.each<[string, unknown]>([["an object", { x: 1 }], ["a list of texts", ["x"]]])("%s as array filters", async (_name, arrayFilters) => {
    await expect(anyone().updateOne({}, { $set: { "a.$[x]": 1 } }, { arrayFilters: arrayFilters as Document[] })).rejects.toMatchObject(invalid)
  })

  test("an update without operators replaces, and operators beside fields are the database's to refuse", async () => {
    await store.insert(items, [{ _id: 1, a: 1, b: 1 }])
    await anyone().updateOne({ _id: 1 }, { a: 2 })
    expect(await stored(store)).toEqual([{ _id: 1, a: 2 }])
    await expect(anyone().updateOne({ _id: 1 }, { $set: { a: 3 }, b: 1 })).rejects.toMatchObject({ code: "bad-request", message: expect.stringContaining("unknown operator `b`") as unknown })
    expect(await stored(store)).toEqual([{ _id: 1, a: 2 }])
  })

  test("a predicate or sort a user may not ask", async () => {
    for (const method of ["updateOne", "deleteMany", "findOneAndDelete"] as const) await expect((async () => anyone()[method]({ $where: "1" }, { $set: { a: 1 } }))()).rejects.toMatchObject(invalid)
    for (const sort of [5, { a: { $meta: "textScore" } }]) {
      await expect(anyone().findOneAndUpdate({}, { $set: { a: 1 } }, { sort: sort as Document })).rejects.toMatchObject(invalid)
      await expect(anyone().findOneAndDelete({}, { sort: sort as Document })).rejects.toMatchObject(invalid)
    }
  })
})

describe("inserts", () => {
  test("what is no document is refused, and nothing is written", async () => {
    for (const documents of [{}, "a", null]) await expect(collectionWith([{ write: true }]).insertMany(documents as unknown as Document[])).rejects.toMatchObject(invalid)
    await expect(collectionWith([{ write: true }]).insertMany([{ a: 1 }, 5 as unknown as Document])).rejects.toMatchObject(invalid)
    await expect(collectionWith([{ write: true }]).insertOne([] as unknown as Document)).rejects.toMatchObject(invalid)
    expect(await stored(store)).toEqual([])
  })

  test("a document without an `_id`, or with one that is undefined, gets the server's", async () => {
    await collectionWith([named]).insertMany([{ name: "a" }, { _id: undefined, name: "b" }])
    expect(await stored(store)).toEqual([{ _id: expect.any(ObjectId) as unknown, name: "a" }, { _id: expect.any(ObjectId) as unknown, name: "b" }])
    expect(Object.keys((await stored(store))[1] as Document)).toEqual(["_id", "name"])
    await expect(collectionWith([named]).insertOne({ _id: null, name: "c" })).rejects.toMatchObject(refusedInsert)
  })

  test("one refused refuses all, a duplicate keeps those before it; unordered also those after it", async () => {
    await expect(collectionWith([{ write: { n: { $lt: 5 } } }]).insertMany([{ _id: 1, n: 1 }, { _id: 2, n: 9 }])).rejects.toMatchObject(refusedInsert)
    expect(await stored(store)).toEqual([])
    const documents = [{ _id: 1 }, { _id: 1 }, { _id: 2 }]
    await expect(collectionWith([{ write: true }]).insertMany(documents)).rejects.toMatchObject({ code: "duplicate-key" })
    expect(await stored(store)).toEqual([{ _id: 1 }])
    await expect(collectionWith([{ write: true }]).insertMany(documents, { ordered: false })).rejects.toMatchObject({ code: "duplicate-key" })
    expect(await stored(store)).toEqual([{ _id: 1 }, { _id: 2 }])
  })
})

describe("the log of a write", () => {
  test("counts documents by role, and those without one", async () => {
    await store.insert(items, [{ _id: 1, n: 1 }, { _id: 2, n: 2 }, { _id: 3, n: 3 }, { _id: 4 }])
    const collection = collectionWith([{ apply_when: { n: { $lt: "%%root.limit" } }, write: true }, { apply_when: { n: { $exists: true } }, write: true }])
    await collection.updateMany({}, { $set: { m: 1 } })
    await collection.deleteMany({ n: { $gt: 1 } })
    await collection.insertMany([{ n: 5 }, { n: 6 }])
    expect(entries).toMatchObject([
      { operation: "updateMany", metrics: { roles: { r1: { matchingDocuments: 3 } }, noMatchingRole: 1 } }, { operation: "deleteMany", metrics: { roles: { r1: { matchingDocuments: 2 } } } }, { operation: "insertMany", metrics: { roles: { r1: { matchingDocuments: 2 } } } },
    ])
  })
})
