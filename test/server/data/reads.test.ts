// What a read may ask, how projections follow one another, and what is logged (specification of rules, 8.3, 11 and 12).
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import type { DataLogEntry, FindOptions, GuardedCollection } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, noting, openWorld, userId, type WorldOptions } from "./rules-world.ts"

let store: EmbeddedStore
let entries: DataLogEntry[]

beforeEach(async () => {
  store = openEmbeddedStore({ file: ":memory:" })
  entries = []
  await store.insert(items, [{ _id: 1, a: 1, b: 1, list: [{ k: 1 }, { k: 2 }] }, { _id: 2, a: 2, b: 1, list: [{ k: 2 }] }, { _id: 3, a: 3, owner: "x" }])
})

afterEach(() => store.close())

function collectionWith(role: object = { read: true }, { filters = [], ...more }: Partial<WorldOptions> & { readonly filters?: readonly object[] } = {}): GuardedCollection {
  const { service, errors } = openWorld({ store, rules: { roles: [{ name: "r", apply_when: {}, ...role }], filters: filters.map((filter, index) => ({ name: `f${index}`, apply_when: {}, ...filter })) }, log: (entry) => void entries.push(entry), ...more })
  expect(errors).toEqual([])
  return service.collection("mongodb-atlas", items, callerOf())
}

const invalid = { name: "RequestError", code: "InvalidParameter" }

describe("what is no question is refused", () => {
  test.each<[string, unknown]>([["a list", []], ["a text", "a"], ["null", null], ["an operator of the system's", { $where: "1" }]])("%s as a predicate", async (_name, filter) => {
    const query = filter as Document
    for (const ask of [() => collectionWith().find(query).toArray(), () => collectionWith().findOne(query), () => collectionWith().count(query), () => collectionWith().distinct("a", query)]) await expect(ask()).rejects.toMatchObject(invalid)
  })

  test.each<[string, unknown]>([
    ["a projection that is a list", { projection: ["a"] }], ["one that is a text", { projection: "a" }], ["one with an operator of the system's", { projection: { a: { $function: {} } } }], ["a sort that is a list", { sort: [["a", 1]] }], ["a sort that is a text", { sort: "a" }], ["a sort by something computed", { sort: { b: 1, a: { $meta: "x" } } }],
    ["a collation", { collation: { locale: "en" } }], ["a negative skip", { skip: -1 }], ["a skip that is not whole", { skip: 1.5 }], ["a skip that is a text", { skip: "1" }], ["a limit that is not whole", { limit: 1.5 }], ["a limit that is no number", { limit: "x" }],
  ])("%s", async (_name, options) => {
    await expect(collectionWith().find({}, options as FindOptions).toArray()).rejects.toMatchObject(invalid)
  })

  test.each<[string, unknown]>([["negative", -1], ["not whole", 1.5], ["a text", "1"]])("a limit of a count that is %s", async (_name, limit) => {
    await expect(collectionWith().count({}, { limit: limit as number })).rejects.toMatchObject(invalid)
  })

  test.each<[string, unknown]>([["empty", ""], ["a number", 5], ["null", null]])("a field of distinct that is %s", async (_name, field) => {
    await expect(collectionWith().distinct(field as string, {})).rejects.toMatchObject(invalid)
  })

  test.each<[string, unknown]>([["an object", { $match: {} }], ["a list of texts", ["$match"]], ["a list of stages and a text", [{ $match: {} }, "a"]], ["a list of numbers", [5]], ["a list of lists", [[]]], ["a list of null", [null]], ["null", null]])("a pipeline that is %s", async (_name, pipeline) => {
    await expect(collectionWith().aggregate(pipeline as Document[]).toArray()).rejects.toMatchObject(invalid)
  })

  test("disk use is the system user's to allow", async () => {
    await expect(collectionWith().aggregate([], { allowDiskUse: true }).toArray()).rejects.toMatchObject(invalid)
    expect(await collectionWith().aggregate([], { allowDiskUse: false }).toArray()).toHaveLength(3)
  })
})

describe("projections", () => {
  const whole = { read: true }
  const cut = { fields: { _id: { read: true }, a: { read: true }, list: { read: true } } }
  const first = async (role: object, filters: readonly object[], options: FindOptions = {}, filter: Document = {}): Promise<unknown> => collectionWith(role, { filters }).findOne(filter, options)

  test("that of the request comes last, and cannot widen", async () => {
    expect(await first(whole, [{ projection: { a: 1, b: 1 } }], { projection: { a: 1, list: 1 } })).toEqual({ _id: 1, a: 1 })
    expect(await first(cut, [{ projection: { a: 1, b: 1 } }], { projection: { a: 1, list: 1 } })).toEqual({ _id: 1, a: 1 })
    expect(await first(whole, [{ projection: { b: 0 } }, { projection: { list: 0, _id: 0 } }])).toEqual({ a: 1 })
    expect(await first(whole, [{ projection: { b: 0 } }])).toEqual({ _id: 1, a: 1, list: [{ k: 1 }, { k: 2 }] })
  })

  test("that of the request alone, whole or cut", async () => {
    expect(await first(whole, [], { projection: { b: 1, _id: 0 } })).toEqual({ b: 1 })
    expect(await first(cut, [], { projection: { b: 1 } })).toEqual({ _id: 1 })
    expect(await first(whole, [], { projection: { copy: "$b", _id: 0 } })).toEqual({ copy: 1 })
    expect(await first(cut, [], { projection: { copy: "$b", _id: 0 } })).toEqual({})
  })

  test("a positional one names the element that the request's own predicate met", async () => {
    const byElement = { read: { "list.k": 2 } }
    for (const role of [whole, cut, byElement]) {
      expect(await first(role, [], { projection: { "list.$": 1, _id: 0 } }, { "list.k": 1 })).toEqual({ list: [{ k: 1 }] })
      expect(await first(role, [{ query: { "list.k": 2 } }], { projection: { "list.$": 1, _id: 0 } }, { "list.k": 1 })).toEqual({ list: [{ k: 1 }] })
    }
  })

  test("of filters hold for distinct and pipelines too", async () => {
    for (const role of [whole, cut]) {
      const collection = collectionWith(role, { filters: [{ projection: { a: 1 } }] })
      expect(await collection.distinct("a", {})).toEqual([1, 2, 3])
      expect(await collection.distinct("list.k", {})).toEqual([])
      expect(await collection.aggregate([{ $match: { _id: 1 } }]).toArray()).toEqual([{ _id: 1, a: 1 }])
    }
  })

  test.each<[string, object]>([["", {}], [", also where a function says that they apply", { apply_when: { "%%true": { "%function": { name: "yes", arguments: [] } } } }]])("that include and exclude fail every request%s", async (_name, when) => {
    const collection = collectionWith(whole, { filters: [{ ...when, projection: { a: 1 } }, { ...when, projection: { b: 0 } }], functions: { call: () => Promise.resolve(true) } })
    for (const ask of [() => collection.find({}).toArray(), () => collection.count({}), () => collection.updateOne({}, { $set: { a: 1 } }), () => collection.deleteMany({})]) await expect(ask()).rejects.toMatchObject(invalid)
  })
})

describe("a request that nothing can match", () => {
  const never = { filters: [{ query: { team: "%%user.custom_data.team" } }] }

  test("asks the store nothing", async () => {
    const asked: string[] = []
    const watched = noting(store, (method) => {
      if (["find", "count", "distinct", "aggregate"].includes(method)) asked.push(method)
    })
    const collection = collectionWith({ read: true }, { ...never, store: watched })
    expect([await collection.find({}).toArray(), await collection.findOne({}), await collection.count({}), await collection.distinct("a", {}), await collection.aggregate([{ $sort: { a: 1 } }]).toArray(), await collection.deleteMany({})]).toEqual([[], null, 0, [], [], { deletedCount: 0 }])
    expect(asked).toEqual([])
  })

  test("is refused all the same where it is malformed", async () => {
    for (const options of [{ skip: -1 }, { limit: 1.5 }]) await expect(collectionWith({ read: true }, never).find({}, options).toArray()).rejects.toMatchObject(invalid)
  })

  test("has a pipeline run over nothing", async () => {
    expect(await collectionWith({ read: true }, never).aggregate([{ $group: { _id: null, n: { $sum: 1 } } }]).toArray()).toEqual([])
    expect(await collectionWith({ read: true }, never).aggregate([{ $count: "n" }]).toArray()).toEqual([])
  })
})

describe("the log of a read", () => {
  const roles = { fields: { _id: { read: true }, a: { read: { "%%this": { $exists: true } } } } }
  const metrics = (matchingDocuments: number, evaluatedFields = 0, discardedFields = 0): object => ({ roles: { r: { matchingDocuments, evaluatedFields, discardedFields } }, noMatchingRole: 0 })

  test("tells the operation and the documents met by each role, as the store or the server decides", async () => {
    const collection = collectionWith()
    await collection.find({}).toArray()
    await collection.find({}, { limit: 2 }).toArray()
    await collection.count({ a: { $gt: 1 } })
    await collection.distinct("a", {})
    expect(entries).toMatchObject([{ operation: "find", metrics: metrics(3) }, { operation: "find", metrics: metrics(2) }, { operation: "count", metrics: metrics(2) }, { operation: "distinct" }])
  })

  test("counts fields where they are judged one by one", async () => {
    await collectionWith(roles).find({}).toArray()
    await collectionWith(roles).aggregate([{ $match: { a: { $gt: 1 } } }]).toArray()
    await collectionWith(roles).distinct("a", {})
    expect(entries.map(({ operation, metrics: found }) => [operation, found])).toEqual([["find", metrics(3, 11, 5)], ["aggregate", metrics(3, 11, 5)], ["distinct", metrics(3, 11, 5)]])
  })

  test("tells of documents without a role, where the server meets them", async () => {
    await collectionWith({ apply_when: { a: "%%root.b" }, read: true }).find({}).toArray()
    expect(entries).toEqual([{ operation: "find", namespace: items, metrics: { roles: { r: { matchingDocuments: 1, evaluatedFields: 0, discardedFields: 0 } }, noMatchingRole: 2 } }])
  })

  test("counts them whatever the request looks at, and what has to be shaped here", async () => {
    await collectionWith({ apply_when: { a: "%%root.b" }, ...roles }).find({ a: { $gt: 0 } }).toArray()
    await collectionWith({ read: true }, { filters: [{ projection: { a: 1, b: 1 } }] }).find({}, { projection: { a: 1 } }).toArray()
    await collectionWith({ read: true }, { filters: [{ projection: { a: 1, b: 1 } }] }).distinct("a", {})
    expect(entries.map(({ metrics: found }) => found)).toEqual([{ ...metrics(1, 4, 2), noMatchingRole: 2 }, metrics(3), metrics(3)])
  })

  test("says that a result was cut off, and nothing of one that was not", async () => {
    await collectionWith({ read: true }, { settings: { maxResultDocuments: 2 } }).find({}).toArray()
    await collectionWith({ read: true }, { settings: { maxResultDocuments: 2 } }).find({}, { limit: 2 }).toArray()
    await collectionWith({ read: true }, { settings: { maxResultDocuments: 4 } }).find({}).toArray()
    await collectionWith({ read: true }, { settings: { maxResultDocuments: 1 } }).find({}).toArray()
    await collectionWith({ read: true }).find({ _id: 9 }, { limit: 1 }).toArray()
    expect(entries.map(({ truncatedAt }) => truncatedAt)).toEqual([2, undefined, undefined, 1, undefined])
  })

  test("says so only where there are more documents than may be given", async () => {
    const open = (maxResultDocuments: number): GuardedCollection => collectionWith({ read: true }, { settings: { maxResultDocuments } })
    const given: number[] = []
    for (const cap of [2, 3]) {
      for (const cursor of [open(cap).find({}), open(cap).find({}, { limit: cap + 1 }), open(cap).aggregate([{ $match: {} }])]) given.push((await cursor.toArray()).length)
      for (const cursor of [open(cap).find({}), open(cap).aggregate([])]) {
        const walked: Document[] = []
        for await (const document of cursor) walked.push(document)
        given.push(walked.length)
      }
    }
    expect(given).toEqual([2, 2, 2, 2, 2, 3, 3, 3, 3, 3])
    expect(entries.map(({ truncatedAt }) => truncatedAt)).toEqual([2, 2, 2, 2, 2, undefined, undefined, undefined, undefined, undefined])
  })
})

test("findOne gives the first in order, and a hint or sort goes to the store", async () => {
  expect((await collectionWith().findOne({}, { sort: { a: -1 } }))?.["_id"]).toBe(3)
  expect((await collectionWith().findOne({}, { skip: 1 }))?.["_id"]).toBe(2)
  expect(await collectionWith({ read: { owner: userId } }).findOne({})).toBeNull()
  await expect(collectionWith().find({}, { hint: "no-such-index" }).toArray()).rejects.toBeDefined()
})
