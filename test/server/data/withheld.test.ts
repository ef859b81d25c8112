// Fields that no document shows are withheld by the database, and the reads it can do alone are left to it (specification of rules, 15).
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import type { FindOptions, GuardedCollection } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, noting, openWorld, userId, type WorldOptions } from "./rules-world.ts"

let store: EmbeddedStore
let asked: { found: { query: Document; options: FindOptions | undefined }[]; pipelines: (readonly Document[])[]; distinct: number }

beforeEach(async () => {
  store = openEmbeddedStore({ file: ":memory:" })
  asked = { found: [], pipelines: [], distinct: 0 }
  await store.insert(items, [
    { _id: 1, owner: userId, team: "red", secret: "s1", n: 3, tags: ["a", "b"], inner: { a: 1, b: 2 } },
    { _id: 2, secret: "s2", owner: userId, team: "red", n: 1, tags: ["b"] },
    { _id: 3, owner: userId, team: "blue", n: 2 },
    { _id: 4, owner: "other", team: "red", secret: "s4", n: 9, tags: ["z"] },
  ])
})

afterEach(() => store.close())

function note(method: string, [, first, options]: readonly unknown[]): void {
  if (method === "find") asked.found.push({ query: first as Document, options: options as FindOptions | undefined })
  if (method === "aggregate") asked.pipelines.push(first as readonly Document[])
  if (method === "distinct") asked.distinct++
}

function collectionWith(roles: readonly object[], more: Partial<WorldOptions> & { readonly filters?: readonly object[] } = {}): GuardedCollection {
  const { filters = [], ...options } = more
  const { service, errors } = openWorld({ store: noting(store, note), rules: { roles, filters }, ...options })
  expect(errors).toEqual([])
  return service.collection("mongodb-atlas", items, callerOf({ custom_data: { level: 2 } }))
}

const mine = { owner: "%%user.id" }
const withoutSecret = { name: "mine", apply_when: mine, fields: { secret: {} }, additional_fields: { read: true } }
const onlyNamed = { name: "mine", apply_when: mine, fields: { _id: { read: true }, n: { read: true }, tags: { write: true } } }
/** `secret` is hidden, and chooses the role all the same. */
const bySecret = { name: "secret", apply_when: { ...mine, secret: { $exists: true } }, fields: { secret: { read: false }, owner: { read: { "%%user.custom_data.level": 1 } } }, additional_fields: { read: true } }

describe("what the database is asked", () => {
  test.each([
    ["all but some", withoutSecret, { secret: 0 }],
    ["some, and no others", onlyNamed, { _id: 1, n: 1, tags: 1 }],
    ["as the user decides", bySecret, { secret: 0, owner: 0 }],
  ])("%s", async (_, role, projection) => {
    await collectionWith([role]).find({}, { sort: { n: 1 }, limit: 2 }).toArray()
    expect(asked.found).toMatchObject([{ options: { projection, sort: { n: 1 }, limit: 2 } }])
  })

  test.each([
    ["fields that documents decide", [{ ...withoutSecret, fields: { secret: { read: { n: 1 } } } }]],
    ["fields inside of fields", [{ ...withoutSecret, fields: { inner: { fields: { a: { read: true } } } } }]],
    ["a `write` that documents decide and that shows all", [{ ...withoutSecret, write: { n: 1 } }]],
    ["roles that show different fields", [withoutSecret, { name: "others", apply_when: {}, read: true }]],
    ["a role whose condition the database cannot decide", [{ ...withoutSecret, apply_when: { n: "%%root.m" } }]],
  ])("no projection for %s", async (_, roles) => {
    await collectionWith(roles).find({}).toArray()
    expect(asked.found.map(({ options }) => options?.projection)).toEqual([undefined])
  })

  test("pipelines run in the database; what looks at readable fields only comes before the cut", async () => {
    const stages = [{ $match: { n: { $gt: 1 } } }, { $sort: { n: -1 } }, { $limit: 5 }, { $group: { _id: "$secret", n: { $sum: "$n" } } }]
    expect(await collectionWith([withoutSecret]).aggregate(stages).toArray()).toEqual([{ _id: null, n: 5 }])
    expect(asked.pipelines).toEqual([[{ $match: { owner: { $eq: userId } } }, ...stages.slice(0, 3), { $project: { secret: 0 } }, stages[3]]])
  })

  test("a stage that looks at a hidden field sees none", async () => {
    const collection = collectionWith([withoutSecret])
    expect(await collection.aggregate([{ $match: { secret: { $exists: true } } }]).toArray()).toEqual([])
    expect(await collection.aggregate([{ $sort: { secret: -1 } }, { $project: { _id: 1 } }]).toArray()).toHaveLength(3)
    expect(asked.pipelines.map(([, second]) => second)).toEqual([{ $project: { secret: 0 } }, { $project: { secret: 0 } }])
    expect(await collection.aggregate([{ $project: { all: "$$ROOT" } }, { $match: { "all.secret": { $exists: true } } }]).toArray()).toEqual([])
  })

  test("distinct values of readable fields are collected by the database, hidden ones by nobody", async () => {
    const collection = collectionWith([withoutSecret])
    expect(await collection.distinct("tags", {})).toEqual(["a", "b"])
    expect(asked.distinct).toBe(1)
    expect(await collection.distinct("secret", {})).toEqual([])
    expect(asked.distinct).toBe(1)
  })
})

describe("what the user sees", () => {
  const [first, second, third] = [
    { _id: 1, owner: userId, team: "red", n: 3, tags: ["a", "b"], inner: { a: 1, b: 2 } },
    { _id: 2, owner: userId, team: "red", n: 1, tags: ["b"] },
    { _id: 3, owner: userId, team: "blue", n: 2 },
  ] as const

  test("documents without what is withheld, their fields in their order", async () => {
    const found = await collectionWith([withoutSecret]).find({}).toArray()
    expect(found.map((document) => JSON.stringify(document))).toEqual([first, second, third].map((document) => JSON.stringify(document)))
    expect(await collectionWith([onlyNamed]).find({}).toArray()).toEqual([{ _id: 1, n: 3, tags: ["a", "b"] }, { _id: 2, n: 1, tags: ["b"] }, { _id: 3, n: 2 }])
  })

  test("documents without a field of an unusual name", async () => {
    await store.insert(items, [JSON.parse(`{ "_id": 5, "owner": "${userId}", "__proto__": { "x": 1 }, "constructor": 1, "0": 1 }`) as Document])
    const fields = JSON.parse('{ "__proto__": {}, "constructor": {}, "0": {} }') as object
    const [found] = await collectionWith([{ ...withoutSecret, fields }]).find({ _id: 5 }).toArray()
    expect(Object.keys(found ?? {})).toEqual(["_id", "owner"])
    const whole = JSON.parse('{ "__proto__": { "read": true }, "_id": { "read": true } }') as object
    const [named] = await collectionWith([{ name: "mine", apply_when: mine, fields: whole }]).find({ _id: 5 }).toArray()
    expect(JSON.stringify(named)).toBe('{"_id":5,"__proto__":{"x":1}}')
  })

  test("the documents of a role that a hidden field chooses", async () => {
    expect((await collectionWith([bySecret]).find({}).toArray()).map((document) => Object.keys(document))).toEqual([["_id", "team", "n", "tags", "inner"], ["_id", "team", "n", "tags"]])
  })

  test.each<[Document, FindOptions, Document[]]>([
    [{}, { projection: { secret: 1 } }, [{ _id: 1 }, { _id: 2 }, { _id: 3 }]],
    [{}, { projection: { n: 1, _id: 0 }, sort: { n: 1 }, skip: 1 }, [{ n: 2 }, { n: 3 }]],
    [{ tags: "b" }, { projection: { "tags.$": 1 } }, [{ _id: 1, tags: ["b"] }, { _id: 2, tags: ["b"] }]],
    [{ secret: "s1" }, {}, []],
    [{ secret: { $exists: false } }, { projection: { n: 1 } }, []],
    [{}, { sort: { secret: 1 } }, []],
  ])("find %j with %j", async (query, options, expected) => {
    const collection = collectionWith([withoutSecret])
    expect(await collection.find(query, options).toArray()).toEqual(expected)
    const seen: Document[] = []
    for await (const document of collection.find(query, options)) seen.push(document)
    expect(seen).toEqual(expected)
  })

  test("projections of filters come after what is withheld, and before that of the request", async () => {
    const filters = [{ name: "short", apply_when: {}, query: { team: "red" }, projection: { tags: 0 } }]
    expect(await collectionWith([withoutSecret], { filters }).find({}, { projection: { n: 1, tags: 1 } }).toArray()).toEqual([{ _id: 1, n: 3 }, { _id: 2, n: 1 }])
    expect(asked.found.map(({ options }) => options?.projection)).toEqual([{ secret: 0 }])
    expect(await collectionWith([withoutSecret], { filters }).aggregate([{ $match: { tags: { $exists: true } } }]).toArray()).toEqual([])
  })

  test("a role all of whose fields are readable shows documents whole", async () => {
    const whole = { name: "mine", apply_when: mine, fields: { n: { read: true } }, additional_fields: { write: true } }
    expect(await collectionWith([whole]).find({}, { projection: { n: 1 } }).toArray()).toEqual([{ _id: 1, n: 3 }, { _id: 2, n: 1 }, { _id: 3, n: 2 }])
    expect(asked.found.map(({ options }) => options?.projection)).toEqual([{ n: 1 }])
  })

  test("the log counts the documents of the role", async () => {
    const entries: unknown[] = []
    const collection = collectionWith([withoutSecret], { log: ({ operation, metrics }) => entries.push([operation, metrics?.roles["mine"]?.matchingDocuments]) })
    await collection.find({}).toArray()
    expect(await collection.count({})).toBe(3)
    expect(entries).toEqual([["find", 3], ["count", 3]])
  })
})
