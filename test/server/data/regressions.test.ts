// R1 to R24: faults found in the rules of the nearest re-implementation, each as an ordinary user would use it.
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { ObjectId, type Document } from "../../../kernel/index.ts"
import { PermissionError } from "../../../server/errors.ts"
import type { ChangeEvent, GuardedCollection, RuleFunctions } from "../../../server/data/index.ts"
import { errorReply } from "../../../server/http/error-response.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, openWorld, otherId, stored, userId, type WorldOptions } from "./rules-world.ts"

let store: EmbeddedStore

beforeEach(() => {
  store = openEmbeddedStore({ file: ":memory:" })
})

afterEach(() => store.close())

const mine: Document = { _id: 1, owner_id: userId, title: "mine" }
const theirs: Document = { _id: 2, owner_id: otherId, title: "theirs" }
const all = { read: true, write: true, insert: true, delete: true }
const owner = { name: "owner", apply_when: { owner_id: "%%user.id" }, ...all }

/** The collection as the user sees it, with the documents in it and the roles serving it. */
async function open(roles: readonly unknown[], documents: readonly Document[] = [], more: Omit<WorldOptions, "store"> & { readonly user?: Document } = {}): Promise<GuardedCollection> {
  if (documents.length > 0) await store.insert(items, documents)
  const { service, errors } = openWorld({ store, rules: { roles }, ...more })
  expect(errors).toEqual([])
  return service.collection("mongodb-atlas", items, callerOf(more.user))
}

const readers = (applyWhen: unknown): unknown[] => [{ name: "reader", apply_when: applyWhen, read: true }]
const ids = async (collection: GuardedCollection): Promise<unknown[]> => (await collection.find({}).toArray()).map(({ _id }) => _id)
const refused = (text: string): object => ({ name: "PermissionError", code: "NoMatchingRuleFound", status: 400, message: text })

const broken = (kind: string): object => ({ code: "SchemaValidationFailedWrite", status: 400, message: `${kind} not permitted` })
const event = (operationType: "insert" | "delete", document: Document, more: Partial<ChangeEvent> = {}): ChangeEvent => ({ _id: { _data: "1" }, ns: { db: "app", coll: "items" }, operationType, documentKey: { _id: document["_id"] }, ...more })

describe("expressions under rules", () => {
  test("R1: false is not admitted by a test for true", async () => {
    const collection = await open(readers({ "%%user.custom_data.admin": true }), [mine], { user: { custom_data: { admin: false } } })
    expect(await ids(collection)).toEqual([])
  })

  test("R2: the second operator on a field counts", async () => {
    expect(await ids(await open(readers({ n: { $gte: 1, $lt: 5 } }), [{ _id: 1, n: 9 }, { _id: 2, n: 3 }]))).toEqual([2])
  })

  test("R3: keys beside $and count", async () => {
    expect(await ids(await open(readers({ $and: [{ a: 1 }], b: 2 }), [{ _id: 1, a: 1, b: 3 }, { _id: 2, a: 1, b: 2 }]))).toEqual([2])
  })

  test("R4: an empty $or is refused when the rules are loaded", () => {
    const { errors } = openWorld({ store, rules: { roles: readers({ $or: [] }) } })
    expect(errors.map(({ code, path }) => [code, path])).toEqual([["wrong-operand", "/roles/0/apply_when/$or"]])
  })

  test("R5: a value that looks like an expansion is not expanded again", async () => {
    const user = { custom_data: { x: "%%user.id" } }
    expect(await ids(await open(readers({ f: "%%user.custom_data.x" }), [{ _id: 1, f: userId }, { _id: 2, f: "%%user.id" }], { user }))).toEqual([2])
  })

  test("R5: nor is what a client sends or a document holds", async () => {
    const collection = await open([owner], [{ ...mine, title: "%%user.id" }])
    expect(await collection.find({ owner_id: "%%user.id" }).toArray()).toEqual([])
    await collection.updateOne({ _id: 1 }, { $set: { title: "%%values.secret" } })
    expect(await collection.findOne({})).toMatchObject({ title: "%%values.secret" })
  })

  test("R6: an expansion without a value does not compare as its own text, nor as nothing", async () => {
    const collection = await open(readers({ team: "%%user.custom_data.team" }), [{ _id: 1, team: "%%user.custom_data.team" }, { _id: 2 }, { _id: 3, team: null }])
    expect(await ids(collection)).toEqual([])
  })

  test("R17: values, prev and this are resolved", async () => {
    const values = { staff: [userId] }
    const roles = [{ name: "staff", apply_when: { "%%user.id": { $in: "%%values.staff" } }, read: true, fields: { n: { write: { "%%this": { $lte: "%%prev" } } } } }]
    const collection = await open(roles, [{ _id: 1, n: 5 }], { values })
    await expect(collection.updateOne({ _id: 1 }, { $set: { n: 6 } })).rejects.toMatchObject(refused("update not permitted"))
    expect(await collection.updateOne({ _id: 1 }, { $set: { n: 4 } })).toEqual({ matchedCount: 1, modifiedCount: 1 })
  })

  test("R21: dates are ordered", async () => {
    const from = new Date("2024-01-01")
    const collection = await open(readers({ at: { $gt: { $date: "2024-06-01T00:00:00Z" } } }), [{ _id: 1, at: from }, { _id: 2, at: new Date("2024-07-01") }])
    expect(await ids(collection)).toEqual([2])
  })
})

describe("writes under rules", () => {
  test("R7: an upsert is judged as an insert", async () => {
    const collection = await open([{ ...owner, insert: false }])
    await expect(collection.updateOne({ _id: 5 }, { $set: { owner_id: userId } }, { upsert: true })).rejects.toMatchObject(refused("insert not permitted"))
    await expect(collection.findOneAndUpdate({ _id: 5 }, { $set: { owner_id: otherId } }, { upsert: true })).rejects.toMatchObject(refused("insert not permitted"))
    await expect(collection.replaceOne({ _id: 5 }, { owner_id: otherId }, { upsert: true })).rejects.toMatchObject(refused("insert not permitted"))
    expect(await stored(store)).toEqual([])
  })

  test("R8: nobody takes a document over by writing himself into it", async () => {
    const collection = await open([owner], [theirs])
    expect(await collection.updateOne({ _id: 2 }, { $set: { owner_id: userId } })).toEqual({ matchedCount: 0, modifiedCount: 0 })
    expect(await collection.findOneAndReplace({ _id: 2 }, { owner_id: userId })).toBeNull()
    expect(await stored(store)).toEqual([theirs])
  })

  test("R8: nor gives his own away past the insert rule", async () => {
    const collection = await open([owner], [mine])
    await expect(collection.updateOne({ _id: 1 }, { $set: { owner_id: otherId } })).rejects.toMatchObject(refused("update not permitted"))
    expect(await stored(store)).toEqual([mine])
  })

  test("R9: $unset, $rename, a replacement and positional operators need the permission of what they change", async () => {
    const document: Document = { _id: 1, title: "a", n: 1, tags: [{ k: 1, v: 1 }] }
    const collection = await open([{ name: "editor", apply_when: {}, read: true, fields: { title: { write: true }, tags: { fields: { v: { write: true } } } } }], [document])
    for (const update of [{ $unset: { n: "" } }, { $rename: { n: "title" } }, { $set: { "tags.$[].k": 2 } }, { $push: { tags: { v: 2 } } }, { title: "b" }]) {
      await expect(collection.updateOne({ _id: 1 }, update)).rejects.toMatchObject(refused("update not permitted"))
    }
    await expect(collection.updateOne({ "tags.k": 1 }, { $set: { "tags.$.k": 2 } })).rejects.toMatchObject(refused("update not permitted"))
    expect(await stored(store)).toEqual([document])
    expect(await collection.updateOne({ "tags.k": 1 }, { $set: { "tags.$.v": 2 } })).toEqual({ matchedCount: 1, modifiedCount: 1 })
  })

  test("R12: insert: false holds where fields are writable", async () => {
    const collection = await open([{ name: "editor", apply_when: {}, insert: false, fields: { _id: { write: true }, a: { write: true } } }])
    await expect(collection.insertOne({ _id: 1, a: 1 })).rejects.toMatchObject(refused("insert not permitted"))
    await expect(collection.insertMany([{ a: 1 }])).rejects.toMatchObject(refused("insert not permitted"))
    await expect(collection.bulkWrite([{ insertOne: { document: { a: 1 } } }])).rejects.toMatchObject(refused("insert not permitted"))
    expect(await stored(store)).toEqual([])
  })

  test("R15: the schema is enforced on inserts, updates, replacements and upserts", async () => {
    const schema = { bsonType: "object", required: ["title"], properties: { title: { bsonType: "string" } } }
    const collection = await open([owner], [mine], { schema })
    await expect(collection.insertOne({ owner_id: userId, title: 5 })).rejects.toMatchObject(broken("insert"))
    await expect(collection.updateMany({}, { $set: { title: 5 } })).rejects.toMatchObject(broken("update"))
    await expect(collection.replaceOne({ _id: 1 }, { owner_id: userId })).rejects.toMatchObject(broken("update"))
    await expect(collection.updateOne({ _id: 9 }, { $set: { owner_id: userId } }, { upsert: true })).rejects.toMatchObject(broken("insert"))
    expect(await stored(store)).toEqual([mine])
  })

  test("R18: nested field rules decide over nested changes", async () => {
    const roles = [{ name: "editor", apply_when: {}, fields: { address: { fields: { city: { read: true, write: true } } } } }]
    const collection = await open(roles, [{ _id: 1, address: { city: "Oslo", zip: "1" }, secret: 1 }])
    expect(await collection.find({}).toArray()).toEqual([{ address: { city: "Oslo" } }])
    await expect(collection.updateOne({ _id: 1 }, { $set: { "address.zip": "2" } })).rejects.toMatchObject(refused("update not permitted"))
    expect(await collection.updateOne({ _id: 1 }, { $set: { "address.city": "Bergen" } })).toMatchObject({ matchedCount: 1 })
  })
})

describe("ways to the data", () => {
  test("R10: an aggregation runs over the visible collection", async () => {
    const collection = await open([{ name: "r", apply_when: { owner_id: "%%user.id" }, fields: { title: { read: true } } }], [mine, theirs])
    expect(await collection.aggregate([{ $match: { owner_id: { $exists: false } } }, { $project: { _id: 1, owner_id: 1, title: 1 } }]).toArray()).toEqual([{ title: "mine" }])
    for (const stage of [{ $lookup: { from: "users", localField: "a", foreignField: "b", as: "c" } }, { $unionWith: "users" }, { $facet: { a: [] } }, { $out: "x" }]) {
      await expect(collection.aggregate([stage]).toArray()).rejects.toMatchObject({ code: "InvalidParameter" })
    }
    await expect(collection.aggregate([{ $project: { a: { $function: { body: "function() {}", args: [], lang: "js" } } } }]).toArray()).rejects.toMatchObject({ code: "InvalidParameter" })
  })

  test("R11: count and distinct see what find sees", async () => {
    const collection = await open([{ name: "r", apply_when: { owner_id: "%%user.id" }, fields: { title: { read: true } } }], [mine, theirs])
    expect(await collection.count({})).toBe(1)
    expect(await collection.count({ owner_id: userId })).toBe(0)
    expect(await collection.distinct("title", {})).toEqual(["mine"])
    expect(await collection.distinct("owner_id", {})).toEqual([])
  })

  test("R13: rules belong to data source, database and collection together", async () => {
    const collection = await open([{ name: "all", apply_when: {}, ...all }], [mine], { rulesNamespace: { database: "other", collection: "items" } })
    await expect(collection.find({}).toArray()).rejects.toMatchObject({ status: 403, message: "no rule exists for namespace 'app.items'", code: "NoMatchingRuleFound" })
  })

  test("R14: cursors read under the rules, however they are read", async () => {
    const collection = await open([owner], [theirs, mine])
    const seen: unknown[] = []
    for await (const document of collection.find({}, { sort: { _id: -1 }, skip: 0 })) seen.push(document)
    for await (const document of collection.aggregate([{ $match: {} }])) seen.push(document)
    expect(seen).toEqual([mine, mine])
  })

  test("R16: the default rule serves collections without roles, and only those", async () => {
    const defaultRule = { roles: [{ name: "all", apply_when: {}, ...all }] }
    expect(await ids(await open([], [mine, theirs], { defaultRule }))).toEqual([1, 2])
    expect(await ids(await open([owner], [], { defaultRule }))).toEqual([1])
  })

  test("R19: every filter that applies is used", async () => {
    const filters = [{ name: "a", apply_when: {}, query: { n: { $gt: 1 } } }, { name: "b", apply_when: {}, query: { m: 1 }, projection: { m: 0 } }]
    const collection = await open([], [{ _id: 1, n: 2, m: 1 }, { _id: 2, n: 1, m: 1 }, { _id: 3, n: 2, m: 2 }], { rules: { roles: [{ name: "all", apply_when: {}, ...all }], filters } })
    expect(await collection.find({}).toArray()).toEqual([{ _id: 1, n: 2 }])
    expect(await collection.deleteMany({})).toEqual({ deletedCount: 1 })
  })

  test("R20: a filter whose apply_when is false does not apply", async () => {
    const filters = [{ name: "guests", apply_when: { "%%user.custom_data.guest": true }, query: { public: true } }]
    expect(await ids(await open([], [mine], { rules: { roles: [owner], filters } }))).toEqual([1])
  })

  test("R22: watch says nothing of hidden documents, deleted ones included", async () => {
    const collection = await open([owner], [])
    const events = [event("insert", theirs, { fullDocument: theirs }), event("delete", theirs), event("delete", theirs, { fullDocumentBeforeChange: theirs }), event("delete", mine, { fullDocumentBeforeChange: mine }), event("insert", mine, { fullDocument: mine })]
    Object.defineProperty(store, "watch", { value: async function* () { yield* events } })
    const seen: ChangeEvent[] = []
    for await (const each of collection.watch({})) seen.push(each)
    expect(seen.map(({ operationType, documentKey, fullDocumentBeforeChange }) => [operationType, documentKey["_id"], fullDocumentBeforeChange])).toEqual([["delete", 1, undefined], ["insert", 1, undefined]])
  })

  test("R23: a denial is a 4xx with a code, and its text names no document", async () => {
    const collection = await open([owner], [mine])
    const error: unknown = await collection.insertOne(theirs).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PermissionError)
    expect(errorReply(error)).toMatchObject({ status: 400, body: { error: "insert not permitted", error_code: "NoMatchingRuleFound" } })
  })

  test("R24: limit and skip count visible documents", async () => {
    const documents = Array.from({ length: 20 }, (_, n) => ({ _id: n, owner_id: n % 2 === 0 ? userId : otherId, n }))
    const roles = [{ name: "own", apply_when: { owner_id: "%%user.id" }, fields: { _id: { read: true }, n: { read: { "%%this": { $lt: 100 } } } } }]
    const collection = await open(roles, documents)
    expect((await collection.find({}, { limit: 3, skip: 2 }).toArray()).map(({ _id }) => _id)).toEqual([4, 6, 8])
    expect((await collection.find({}, { limit: 2, sort: { n: -1 } }).toArray()).map(({ _id }) => _id)).toEqual([18, 16])
  })
})

describe("functions in rules", () => {
  test("equal calls are made once per request, and none where the rest decides", async () => {
    const calls: unknown[] = []
    const functions: RuleFunctions = {
      async call(name, args) {
        calls.push([name, ...args])
        return args[0] === "red"
      },
    }
    const roles = readers({ $or: [{ public: true }, { "%%true": { "%function": { name: "may", arguments: ["%%root.team"] } } }] })
    const collection = await open(roles, [{ _id: 1, team: "red" }, { _id: 2, team: "blue" }, { _id: 3, team: "red" }, { _id: 4, team: "grey", public: true }], { functions })
    expect(await ids(collection)).toEqual([1, 3, 4])
    expect(calls).toEqual([["may", "red"], ["may", "blue"]])
  })

  test("a failing function grants nothing, negated or not; beyond the depth none is called", async () => {
    const functions: RuleFunctions = { call: () => Promise.reject(new Error("no")) }
    expect(await ids(await open(readers({ "%%false": { "%function": { name: "banned" } } }), [mine], { functions }))).toEqual([])
    let called = 0
    const { service } = openWorld({ store, rules: { roles: readers({ "%%true": { "%function": { name: "may" } } }) }, functions: { call: async () => (called += 1) > 0 } })
    expect(await service.collection("mongodb-atlas", items, { ...callerOf(), ruleDepth: 3 }).find({}).toArray()).toEqual([])
    expect(called).toBe(0)
    expect(await service.collection("mongodb-atlas", items, { ...callerOf(), ruleDepth: 2 }).find({}).toArray()).toEqual([mine])
  })

  test("a request may not need more distinct calls than the limit", async () => {
    const functions: RuleFunctions = { call: async () => true }
    const roles = readers({ "%%true": { "%function": { name: "may", arguments: ["%%root._id"] } } })
    const collection = await open(roles, Array.from({ length: 12 }, () => ({ _id: new ObjectId() })), { functions, settings: { maxRuleCalls: 10 } })
    await expect(collection.find({}).toArray()).rejects.toMatchObject({ code: "InvalidParameter" })
    expect(await collection.find({}, { limit: 5 }).toArray()).toHaveLength(5)
  })
})
