// realm-web 2.0.1: every method of a MongoDB collection but `watch`, under rules.
import * as Realm from "realm-web"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { serveClients, type ClientsServed } from "../clients-app.ts"
import { client, notesOf, refusal, type Note, type Traced } from "./client.ts"

let served: ClientsServed
let ana: Realm.User
let ben: Realm.User
let requests: Traced[]
beforeAll(async () => {
  served = await serveClients()
  const first = client(served)
  requests = first.requests
  ana = await first.app.logIn(Realm.Credentials.anonymous())
  ben = await client(served).app.logIn(Realm.Credentials.anonymous())
})
afterAll(() => served.close())
beforeEach(async () => {
  for (const user of [ana, ben]) await notesOf(user).deleteMany({ owner: user.id })
  requests.length = 0
})

const note = (text: string, more: Partial<Note> = {}): Omit<Note, "_id"> => ({ owner: ana.id, text, ...more })

/** What the last request carried, besides the namespace. */
function lastCall(): { name: string; service: string; argument: Record<string, unknown> } {
  const { name, service, arguments: [{ database, collection, ...argument }] } = (requests.at(-1) as Traced).body as { name: string; service: string; arguments: [Record<string, unknown>] }
  expect([database, collection]).toEqual(["clients", "notes"])
  return { name, service, argument }
}

describe("inserting", () => {
  test("one document gives its id", async () => {
    const { insertedId } = await notesOf(ana).insertOne(note("one"))
    expect(insertedId).toBeInstanceOf(Realm.BSON.ObjectId)
    expect(lastCall()).toMatchObject({ name: "insertOne", service: "mongodb-atlas", argument: { document: { text: "one" } } })
    expect(await notesOf(ana).insertOne({ _id: "mine", ...note("two") })).toEqual({ insertedId: "mine" })
    expect(await refusal(notesOf(ana).insertOne({ _id: "mine", ...note("again") }))).toMatchObject({ status: 400, code: "MongoDBError", text: expect.stringMatching(/duplicate key/i) })
  })

  test("many documents gives a list of ids in their order", async () => {
    const { insertedIds } = await notesOf(ana).insertMany([{ _id: "b", ...note("b") }, note("a")])
    expect(insertedIds).toEqual(["b", expect.any(Realm.BSON.ObjectId)])
    expect(await refusal(notesOf(ana).insertMany([]))).toEqual({ status: 400, code: expect.any(String), text: "must provide at least one element" })
  })

  test("for somebody else, or a field that may not be written, is refused and leaves nothing", async () => {
    expect(await refusal(notesOf(ana).insertOne({ owner: ben.id, text: "his" }))).toMatchObject({ status: 400, text: "insert not permitted" })
    expect(await refusal(notesOf(ana).insertOne(note("x", { internal: "y" })))).toMatchObject({ status: 400 })
    expect(await refusal(notesOf(ana).insertMany([note("ok"), { owner: ben.id, text: "his" }]))).toMatchObject({ status: 400 })
    expect([await notesOf(ana).count(), await notesOf(ben).count()]).toEqual([0, 0])
  })
})

describe("reading", () => {
  beforeEach(async () => {
    await notesOf(ana).insertMany([note("c", { n: 3 }), note("a", { n: 1 }), note("b", { n: 2, shared: true })])
    await notesOf(ben).insertOne({ owner: ben.id, text: "his", n: 9 })
    requests.length = 0
  })

  test("find with projection, sort and limit", async () => {
    expect((await notesOf(ana).find()).map(({ text }) => text)).toEqual(["c", "a", "b"])
    expect(await notesOf(ana).find({ n: { $gt: 1 } }, { sort: { n: 1 }, limit: 1, projection: { text: 1, _id: 0 } })).toEqual([{ text: "b" }])
    expect(lastCall()).toEqual({ name: "find", service: "mongodb-atlas", argument: { query: { n: { $gt: { $numberInt: "1" } } }, project: { text: { $numberInt: "1" }, _id: { $numberInt: "0" } }, sort: { n: { $numberInt: "1" } }, limit: { $numberInt: "1" } } })
  })

  test("findOne, count and aggregate", async () => {
    expect(await notesOf(ana).findOne({ text: "a" })).toMatchObject({ n: 1 })
    expect(await notesOf(ana).findOne({}, { sort: { n: -1 }, projection: { n: 1, _id: 0 } })).toEqual({ n: 3 })
    expect(await notesOf(ana).findOne({ text: "nothing" })).toBeNull()
    expect([await notesOf(ana).count(), await notesOf(ana).count({ n: { $lt: 3 } }), await notesOf(ana).count({}, { limit: 2 })]).toEqual([3, 2, 2])
    expect(await notesOf(ana).aggregate([{ $match: { n: { $gte: 2 } } }, { $sort: { n: 1 } }, { $project: { _id: 0, n: 1 } }])).toEqual([{ n: 2 }, { n: 3 }])
  })

  test("shows each user what the rules let him see", async () => {
    expect((await notesOf(ben).find({}, { sort: { text: 1 } })).map(({ text }) => text)).toEqual(["b", "his"])
    expect([await notesOf(ben).count(), await notesOf(ben).findOne({ text: "a" })]).toEqual([2, null])
    expect(await notesOf(ben).aggregate([{ $sort: { n: 1 } }, { $project: { _id: 0, n: 1 } }])).toEqual([{ n: 2 }, { n: 9 }])
  })

  test("of a collection without rules is refused by its name", async () => {
    expect(await refusal(ana.mongoClient("mongodb-atlas").db("clients").collection("letters").find())).toEqual({ status: 403, code: "NoMatchingRuleFound", text: "no rule exists for namespace 'clients.letters'" })
  })

  test("with an operator that is none is refused", async () => {
    expect(await refusal(notesOf(ana).find({ $nothing: 1 } as never))).toMatchObject({ status: 400, code: "MongoDBError", text: expect.stringContaining("unknown top level operator: $nothing") })
  })
})

describe("changing", () => {
  beforeEach(async () => {
    await notesOf(ana).insertMany([note("a", { n: 1 }), note("b", { n: 2, shared: true }), note("c", { n: 3 })])
    requests.length = 0
  })

  test("updateOne and updateMany count what matched, and what was written", async () => {
    expect(await notesOf(ana).updateOne({ text: "a" }, { $inc: { n: 10 } })).toEqual({ matchedCount: 1, modifiedCount: 1 })
    expect(lastCall()).toMatchObject({ name: "updateOne", argument: { query: { text: "a" }, update: { $inc: { n: { $numberInt: "10" } } } } })
    expect(await notesOf(ana).updateMany({}, { $set: { owner: ana.id } })).toEqual({ matchedCount: 3, modifiedCount: 3 })
    expect(await notesOf(ana).updateOne({ text: "nothing" }, { $set: { n: 1 } })).toEqual({ matchedCount: 0, modifiedCount: 0 })
    expect(await notesOf(ana).updateOne({ text: "a", n: 11 }, { $set: { text: "z" } }, { upsert: true })).toEqual({ matchedCount: 1, modifiedCount: 1 })
  })

  test("an upsert tells the id of what it made", async () => {
    const made = await notesOf(ana).updateOne({ owner: ana.id, text: "new" }, { $set: { n: 5 } }, { upsert: true })
    expect(made).toEqual({ matchedCount: 0, modifiedCount: 0, upsertedId: expect.any(Realm.BSON.ObjectId) })
    expect(await notesOf(ana).findOne({ text: "new" })).toMatchObject({ n: 5, owner: ana.id })
    expect(await notesOf(ana).updateMany({ owner: ana.id, text: "newer" }, { $set: { n: 6 } }, { upsert: true })).toHaveProperty("upsertedId")
  })

  test("an update document without operators replaces", async () => {
    expect(await notesOf(ana).updateOne({ text: "a" }, { owner: ana.id, text: "whole" } as never)).toEqual({ matchedCount: 1, modifiedCount: 1 })
    expect(await notesOf(ana).findOne({ text: "whole" })).not.toHaveProperty("n")
  })

  test("findOneAndUpdate gives the document before, or after", async () => {
    expect(await notesOf(ana).findOneAndUpdate({ text: "a" }, { $set: { n: 7 } })).toMatchObject({ n: 1 })
    expect(lastCall()).toMatchObject({ name: "findOneAndUpdate", argument: { filter: { text: "a" }, update: { $set: { n: { $numberInt: "7" } } } } })
    expect(await notesOf(ana).findOneAndUpdate({}, { $set: { n: 8 } }, { sort: { n: -1 }, projection: { n: 1, _id: 0 }, returnNewDocument: true })).toEqual({ n: 8 })
    expect(await notesOf(ana).findOneAndUpdate({ text: "nothing" }, { $set: { n: 8 } })).toBeNull()
    expect(await notesOf(ana).findOneAndUpdate({ owner: ana.id, text: "up" }, { $set: { n: 8 } }, { upsert: true, returnNewDocument: true })).toMatchObject({ text: "up", n: 8 })
  })

  test("findOneAndReplace replaces", async () => {
    expect(await notesOf(ana).findOneAndReplace({ text: "b" }, { owner: ana.id, text: "B" }, { returnNewDocument: true })).toEqual({ _id: expect.anything(), owner: ana.id, text: "B" })
    expect(await notesOf(ana).findOne({ text: "B" })).not.toHaveProperty("shared")
  })

  test("findOneAndDelete deletes, although this SDK sends it as findOneAndReplace without an update", async () => {
    expect(await notesOf(ana).findOneAndDelete({ text: "b" })).toMatchObject({ text: "b" })
    expect(lastCall()).toEqual({ name: "findOneAndReplace", service: "mongodb-atlas", argument: { filter: { text: "b" } } })
    expect(await notesOf(ana).findOneAndDelete({}, { sort: { n: -1 }, projection: { n: 1, _id: 0 } })).toEqual({ n: 3 })
    expect(await notesOf(ana).count()).toBe(1)
    expect(await notesOf(ana).findOneAndDelete({ text: "b" })).toBeNull()
  })

  test("deleteOne and deleteMany count", async () => {
    expect(await notesOf(ana).deleteOne({ text: "a" })).toEqual({ deletedCount: 1 })
    expect(lastCall()).toMatchObject({ name: "deleteOne", argument: { query: { text: "a" } } })
    expect(await notesOf(ana).deleteMany({})).toEqual({ deletedCount: 2 })
    expect(await notesOf(ana).deleteOne({ text: "a" })).toEqual({ deletedCount: 0 })
  })

  test("what belongs to somebody else is refused, whatever the method", async () => {
    const theirs = notesOf(ben)
    for (const work of [theirs.updateOne({ text: "b" }, { $set: { owner: ben.id } }), theirs.updateMany({}, { $set: { n: 0 } }), theirs.findOneAndUpdate({ text: "b" }, { $set: { n: 0 } }), theirs.findOneAndReplace({ text: "b" }, { owner: ben.id, text: "b" })]) {
      expect(await refusal(work)).toMatchObject({ status: 400, code: "NoMatchingRuleFound", text: "update not permitted" })
    }
    for (const work of [theirs.deleteOne({ text: "b" }), theirs.deleteMany({}), theirs.findOneAndDelete({ text: "b" })]) {
      expect(await refusal(work)).toMatchObject({ status: 400, code: "NoMatchingRuleFound", text: "delete not permitted" })
    }
    expect((await notesOf(ana).find({}, { sort: { n: 1 } })).map(({ text, n, owner }) => [text, n, owner])).toEqual([["a", 1, ana.id], ["b", 2, ana.id], ["c", 3, ana.id]])
  })

  test("array filters reach the server", async () => {
    await notesOf(ana).insertOne({ ...note("list"), items: [{ k: 1 }, { k: 2 }] } as never)
    expect(await notesOf(ana).updateOne({ text: "list" }, { $set: { "items.$[each].k": 9 } } as never, { arrayFilters: [{ "each.k": 2 }] } as never)).toMatchObject({ matchedCount: 1 })
    expect(lastCall().argument).toHaveProperty("arrayFilters")
    expect(await notesOf(ana).findOne({ text: "list" })).toMatchObject({ items: [{ k: 1 }, { k: 9 }] })
  })
})
