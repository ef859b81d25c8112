// A client's service actions: what SDKs send and what they get.
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { bsonTypeOf, ejsonText, Long, type Document, type Value } from "../../../kernel/index.ts"
import type { DataService } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, openWorld, otherId, stored, systemCaller, userId, type WorldOptions } from "./rules-world.ts"

let store: EmbeddedStore
let service: DataService

const roles = [{ name: "owner", apply_when: { owner_id: "%%user.id" }, read: true, write: true }]

beforeEach(async () => {
  store = openEmbeddedStore({ file: ":memory:" })
  service = openWorld({ store, rules: { roles } }).service
  await store.insert(items, [{ _id: 1, owner_id: userId, n: 1 }, { _id: 2, owner_id: otherId, n: 2 }, { _id: 3, owner_id: userId, n: 3 }])
})

afterEach(() => store.close())

function call(action: string, argument: Document = {}, more: Partial<WorldOptions> = {}): Promise<Value> {
  const on = Object.keys(more).length === 0 ? service : openWorld({ store, rules: { roles }, ...more }).service
  return on.call("mongodb-atlas", action, { ...items, ...argument }, callerOf())
}

describe("arguments", () => {
  test("either spelling of query and projection, and null for what is absent", async () => {
    const expected = [{ _id: 3, n: 3 }]
    expect(await call("find", { query: { n: 3 }, project: { n: 1 }, sort: null, limit: null })).toEqual(expected)
    expect(await call("find", { filter: { n: 3 }, projection: { n: 1 } })).toEqual(expected)
    expect(await call("findOne", { query: null, filter: { n: 3 }, project: { n: 1 } })).toEqual(expected[0])
    expect(await call("find", { sort: { n: -1 }, limit: Long.fromNumber(1) })).toMatchObject([{ _id: 3 }])
  })

  test.each<[string, Document, string]>([
    ["find", { query: [] }, "InvalidParameter"], ["find", { limit: "1" }, "InvalidParameter"], ["find", { limit: 1.5 }, "InvalidParameter"], ["insertOne", {}, "MissingParameter"],
    ["updateOne", { query: {} }, "MissingParameter"], ["aggregate", { pipeline: {} }, "InvalidParameter"], ["updateOne", { update: { $set: { a: 1 } }, upsert: "yes" }, "InvalidParameter"],
    ["find", { collection: "" }, "InvalidParameter"], ["find", { database: null }, "MissingParameter"], ["constructor", {}, "InvalidParameter"], ["drop", {}, "InvalidParameter"], ["bulkWrite", { operations: [] }, "InvalidParameter"],
  ])("%s %j is refused with %s", async (action, argument, code) => {
    await expect(call(action, argument)).rejects.toMatchObject({ name: "RequestError", code })
  })

  test.each(["collation", "readConcern", "writeConcern", "bypassDocumentValidation"])("`%s` is refused, not passed over", async (name) => {
    for (const [action, more] of [["find", {}], ["insertOne", { document: { owner_id: userId } }], ["aggregate", { pipeline: [] }]] as const) {
      await expect(call(action, { ...more, [name]: {} })).rejects.toMatchObject({ code: "InvalidParameter", message: expect.stringContaining(name) as string })
      await expect(call(action, { ...more, [name]: null })).resolves.toBeDefined()
    }
  })

  test("an unknown service", async () => {
    await expect((async () => service.call("nowhere", "find", { ...items }, callerOf()))()).rejects.toMatchObject({ code: "ServiceNotFound", message: "service not found: 'nowhere'" })
  })

  test("a pipeline as update gets the text of the service", async () => {
    await expect(call("updateOne", { query: {}, update: [{ $set: { n: 2 } }] })).rejects.toMatchObject({ message: '"update" argument must be a object' })
  })
})

describe("replies", () => {
  test("count is a long, the other counts are ints", async () => {
    expect(bsonTypeOf(await call("count", { query: {} }))).toBe("Long")
    expect(String(await call("count", { query: {} }))).toBe("2")
    expect(ejsonText(await call("updateMany", { query: {}, update: { $set: { n: 1 } } }))).toBe('{"matchedCount":{"$numberInt":"2"},"modifiedCount":{"$numberInt":"2"}}')
    expect(ejsonText(await call("deleteMany", { query: { n: 1 } }))).toBe('{"deletedCount":{"$numberInt":"2"}}')
  })

  test("modifiedCount counts documents in which nothing changed, for users and for the system", async () => {
    const argument = { ...items, query: { _id: 1 }, update: { $set: { n: 1 } } }
    expect(await service.call("mongodb-atlas", "updateOne", argument, callerOf())).toEqual({ matchedCount: 1, modifiedCount: 1 })
    expect(await service.call("mongodb-atlas", "updateOne", argument, systemCaller)).toEqual({ matchedCount: 1, modifiedCount: 1 })
  })

  test("insertedIds is a list; upsertedId only after an upsert", async () => {
    expect(await call("insertMany", { documents: [{ _id: 8, owner_id: userId }, { _id: 9, owner_id: userId }] })).toEqual({ insertedIds: [8, 9] })
    expect(await call("updateOne", { query: { _id: 10 }, update: { $set: { owner_id: userId } }, upsert: true })).toEqual({ matchedCount: 0, modifiedCount: 0, upsertedId: 10 })
    await expect(call("insertMany", { documents: [] })).rejects.toMatchObject({ message: "must provide at least one element" })
  })

  test("an update without operators replaces, even in updateMany", async () => {
    expect(await call("updateMany", { query: {}, update: { owner_id: userId, m: 1 } })).toEqual({ matchedCount: 2, modifiedCount: 2 })
    expect(await stored(store)).toEqual([{ _id: 1, owner_id: userId, m: 1 }, { _id: 2, owner_id: otherId, n: 2 }, { _id: 3, owner_id: userId, m: 1 }])
  })
})

describe("find and change", () => {
  test("findOneAndReplace without update deletes, as realm-web means it", async () => {
    expect(await call("findOneAndReplace", { filter: {}, sort: { n: -1 } })).toEqual({ _id: 3, owner_id: userId, n: 3 })
    expect(await stored(store)).toHaveLength(2)
    await expect(call("findOneAndReplace", { filter: {} }, { settings: { findOneAndReplaceWithoutUpdate: "error" } })).rejects.toMatchObject({ code: "MissingParameter" })
  })

  test("the image, its projection, and null where nothing is visible", async () => {
    expect(await call("findOneAndUpdate", { filter: { n: 1 }, update: { $inc: { n: 10 } }, projection: { n: 1, _id: 0 } })).toEqual({ n: 1 })
    expect(await call("findOneAndUpdate", { filter: { n: 11 }, update: { $inc: { n: 10 } }, returnNewDocument: true })).toEqual({ _id: 1, owner_id: userId, n: 21 })
    expect(await call("findOneAndDelete", { filter: { _id: 2 } })).toBeNull()
    expect(await call("findOneAndUpdate", { filter: { _id: 7 }, update: { $set: { owner_id: userId } }, upsert: true })).toBeNull()
    expect(await call("findOneAndReplace", { filter: { _id: 6 }, update: { owner_id: userId }, upsert: true, returnNewDocument: true })).toEqual({ _id: 6, owner_id: userId })
  })
})

describe("what users may not do", () => {
  test.each<[string, Document]>([
    ["find", { query: { $and: [{ n: { $not: { $regex: "a" } } }] } }], ["find", { query: { n: { $elemMatch: { $where: "1" } } } }], ["find", { query: { loc: { $near: [0, 0] } } }], ["find", { query: { n: { $bitsAllSet: 1 } } }],
    ["count", { query: { $text: { $search: "a" } } }], ["deleteMany", { query: { $expr: { $eq: ["$n", 1] } } }], ["updateOne", { query: {}, update: { $pull: { a: { $regex: "a" } } } }],
    ["updateOne", { query: {}, update: { $set: { "a.$[x]": 1 } }, arrayFilters: [{ x: { $regex: "a" } }] }], ["aggregate", { pipeline: [{ $match: { $or: [{ n: { $regex: "a" } }] } }] }],
    ["aggregate", { pipeline: [{ $group: { _id: null, a: { $accumulator: {} } } }] }], ["aggregate", { pipeline: [{ $project: { a: { $cond: [{ $setIsSubset: [[], []] }, 1, 2] } } }] }],
    ["aggregate", { pipeline: [{ $match: {}, $merge: "x" }] }], ["aggregate", { pipeline: [{ $changeStream: {} }] }], ["aggregate", { pipeline: [{ $search: {} }] }], ["aggregate", { pipeline: [{ $documents: [] }] }], ["find", { query: {}, project: { a: { $function: {} } } }],
  ])("%s %j", async (action, argument) => {
    await expect(call(action, argument)).rejects.toMatchObject({ name: "RequestError", code: "InvalidParameter" })
  })

  test("but the system user may, and names lists are his alone", async () => {
    expect(await service.call("mongodb-atlas", "find", { ...items, query: { owner_id: { $regex: "06$" } } }, systemCaller)).toHaveLength(2)
    expect(await service.listCollections("mongodb-atlas", "app", systemCaller)).toEqual(["items"])
    await expect(service.listDatabases("mongodb-atlas", callerOf())).rejects.toMatchObject({ code: "InvalidParameter" })
  })

  test("arrayFilters over a hidden path match nothing", async () => {
    await store.delete(items, {}, { many: true })
    await store.insert(items, [{ _id: 1, tags: [{ k: 1, v: 1, secret: 5 }] }])
    const rules = { roles: [{ name: "r", apply_when: {}, fields: { tags: { fields: { k: { read: true }, v: { write: true } } } } }] }
    const update = { query: {}, update: { $set: { "tags.$[x].v": 9 } } }
    expect(await call("updateOne", { ...update, arrayFilters: [{ "x.secret": 5 }] }, { rules })).toEqual({ matchedCount: 0, modifiedCount: 0 })
    expect(await call("updateOne", { ...update, arrayFilters: [{ "x.k": 1 }] }, { rules })).toEqual({ matchedCount: 1, modifiedCount: 1 })
  })

  test("a result is cut at the limit of documents", async () => {
    const settings = { maxResultDocuments: 1 }
    expect(await call("find", {}, { settings })).toHaveLength(1)
    expect(await call("aggregate", { pipeline: [{ $match: {} }] }, { settings })).toHaveLength(1)
    expect(await call("find", { limit: 2 }, { settings })).toHaveLength(1)
  })
})
