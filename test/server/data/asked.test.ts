// What a read leaves to the store, and what its receipt says of it (specification of rules, 15).
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import type { ExplainingDataService, FindOptions, GuardedCollection, RequestQuestion } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, noting, openWorld, type WorldOptions } from "./rules-world.ts"

let store: EmbeddedStore
let asked: (readonly unknown[])[]

beforeEach(async () => {
  store = openEmbeddedStore({ file: ":memory:" })
  asked = []
  await store.insert(items, [{ _id: 1, a: 1, b: 1, n: 1, m: 1 }, { _id: 2, a: 1, b: 1, n: 2 }, { _id: 3, a: 2, b: 1, n: 3 }])
})

afterEach(() => store.close())

const watched = new Set(["find", "count", "distinct", "aggregate", "aggregateOver"])

/** What the store is asked: the method, and its arguments after the collection or documents. */
function note(method: string, args: readonly unknown[]): void {
  if (watched.has(method)) asked.push([method, ...args.slice(1)])
}

function serviceWith(roles: readonly object[], filters: readonly object[], more: Partial<WorldOptions>): ExplainingDataService {
  const { service, errors } = openWorld({ store: noting(store, note), rules: { roles: roles.map((role, index) => ({ name: `r${index}`, apply_when: {}, ...role })), filters: filters.map((filter, index) => ({ name: `f${index}`, apply_when: {}, ...filter })) }, ...more })
  expect(errors).toEqual([])
  return service
}

const collectionWith = (role: object, filters: readonly object[] = [], more: Partial<WorldOptions> = {}): GuardedCollection => serviceWith([role], filters, more).collection("mongodb-atlas", items, callerOf())

const everything = { read: true }
const whole = { read: { a: 1 } }
/** A value decides what is cut, so that it is cut here. */
const cut = { document_filters: { read: { a: 1 } }, fields: { _id: { read: true }, n: { read: true }, m: { read: { "%%this": { $gt: 0 } } } } }
const withheld = { document_filters: { read: { a: 1 } }, fields: { _id: { read: true }, n: { read: true } } }
const judged = { read: { a: "%%root.b" } }
const pushed = { a: { $eq: 1 } }

describe("a find asks for", () => {
  const order = { sort: { n: -1 }, hint: "_id_" } as const
  const projection = { n: 1 }

  test.each<[string, object, FindOptions, FindOptions]>([
    ["the page, in order and shape, where documents are readable whole", whole, { ...order, projection, skip: 1, limit: 2 }, { ...order, projection, skip: 1, limit: 2 }],
    ["the page in order, where they are cut here", cut, { ...order, projection, skip: 1, limit: 2 }, { ...order, skip: 1, limit: 2 }],
    ["the page in order, and what is readable of it", withheld, { ...order, projection: { n: 1, _id: 0 }, skip: 1, limit: 2 }, { ...order, projection: { _id: 1, n: 1 }, skip: 1, limit: 2 }],
    ["as many as may be wanted at first, where each is judged here", judged, { ...order, projection, skip: 1, limit: 2 }, { ...order, batchSize: 3 }],
    ["no order that nobody wants", cut, { limit: 2 }, { skip: 0, limit: 2 }],
    ["one more than a request may bring back", whole, {}, { skip: 0, limit: 2001 }],
    ["no more than that, whatever is wanted", cut, { limit: 2001 }, { skip: 0, limit: 2001 }],
    ["the page of a long list", cut, { skip: 1, limit: 1500 }, { skip: 1, limit: 1500 }],
    ["the length of a long list, where each is judged here", judged, { skip: 1, limit: 1500 }, { batchSize: 1501 }],
  ])("%s", async (_name, role, options, expected) => {
    const collection = collectionWith(role, [], { settings: { maxResultDocuments: 2000 } })
    await collection.find({}, options).toArray()
    for await (const _ of collection.find({}, options));
    expect(asked.map(([name, , given]) => [name, given])).toStrictEqual([["find", expected], ["find", expected]])
  })

  test("one document, where one is wanted", async () => {
    for (const role of [whole, cut, judged]) await collectionWith(role).findOne({}, { limit: 7 })
    expect(asked.map(([, , given]) => given)).toStrictEqual([{ skip: 0, limit: 1 }, { skip: 0, limit: 1 }, { batchSize: 1 }])
  })

  test("the first of several projections, and none that names an element by position", async () => {
    await collectionWith(whole, [{ projection: { n: 1, a: 1 } }]).find({}, { limit: 1 }).toArray()
    await collectionWith(whole, [{ projection: { n: 1, a: 1 } }]).find({}, { projection: { a: 1 }, limit: 1 }).toArray()
    await collectionWith(whole).find({ a: 1 }, { projection: { "a.$": 1 }, limit: 1 }).toArray()
    expect(asked.map(([, , given]) => given)).toStrictEqual([{ skip: 0, limit: 1, projection: { n: 1, a: 1 } }, { skip: 0, limit: 1, projection: { n: 1, a: 1 } }, { skip: 0, limit: 1 }])
  })
})

test("a count is the store's where its query says all", async () => {
  for (const role of [whole, cut, judged]) await collectionWith(role).count({})
  await collectionWith(whole).count({}, { limit: 1 })
  expect(asked).toStrictEqual([["count", pushed, {}], ["count", pushed, {}], ["find", {}, {}], ["count", pushed, { limit: 1 }]])
})

test("a count over documents with different roles is the store's too, where each role shows documents whole", async () => {
  const roles = [{ apply_when: { a: 1 }, read: true }, { apply_when: { a: 2 }, read: { n: 3 } }]
  expect(await serviceWith(roles, [], {}).collection("mongodb-atlas", items, callerOf()).count({})).toBe(3)
  expect(asked.map(([name]) => name)).toEqual(["count"])
})

test("distinct values are the store's where documents are readable whole", async () => {
  for (const role of [whole, cut]) await collectionWith(role).distinct("n", {})
  await collectionWith(whole, [{ projection: { n: 1 } }]).distinct("n", {})
  expect(asked).toStrictEqual([["distinct", "n", pushed], ["find", pushed, {}], ["find", pushed, {}]])
})

test("a pipeline is the store's where documents are readable whole, and as it came where all of them are", async () => {
  const pipeline = [{ $match: { n: 1 } }, { $count: "n" }]
  for (const role of [everything, whole, cut]) await collectionWith(role).aggregate(pipeline, { maxTimeMS: 5000 }).toArray()
  await collectionWith(everything).aggregate(pipeline).toArray()
  await collectionWith(everything, [{ projection: { n: 1 } }]).aggregate(pipeline).toArray()
  const limited = { maxTimeMS: 5000 }
  expect(asked).toStrictEqual([["aggregate", pipeline, limited], ["aggregate", [{ $match: pushed }, ...pipeline], limited], ["aggregateOver", pipeline, limited], ["find", pushed, {}], ["aggregate", pipeline, {}], ["aggregateOver", pipeline, {}], ["find", {}, {}]])
})

describe("a receipt says that the store counts", () => {
  const byField = { fields: { _id: { read: true }, n: { read: true }, m: { read: { "%%this": 1 } }, deep: { fields: { _id: { read: true } } } } }
  const receipt = async (question: RequestQuestion, roles: readonly object[] = [byField]): Promise<object> => {
    const { exact, doneBy } = await serviceWith(roles, [], {}).explainRequest("mongodb-atlas", items, callerOf(), question)
    return { exact, doneBy }
  }

  test.each<[string, Document, boolean]>([
    ["where all the request looks at is readable in every document", { n: { $gt: 1 } }, true], ["where it looks at nothing", {}, true], ["where it looks at `_id`", { _id: 1 }, true], ["where it looks below `_id`", { "_id.a": 1 }, true], ["where a field below another has a permission of its own", { "deep._id": 1 }, true],
    ["not where some documents hide a field", { m: 1 }, false], ["not where they hide one of two", { n: 1, m: 1 }, false], ["not where no document shows a field", { a: 1 }, false], ["not where a hidden field ends in `_id`", { "a._id": 1 }, false],
  ])("%s", async (_name, filter, exact) => {
    expect(await receipt({ operation: "count", filter })).toEqual({ exact, doneBy: exact ? "database" : "server" })
  })

  test("only where the order is by what is readable too", async () => {
    expect(await receipt({ operation: "find", filter: {}, options: { sort: { n: 1 } } })).toMatchObject({ exact: true })
    expect(await receipt({ operation: "find", filter: {}, options: { sort: { m: 1 } } })).toMatchObject({ exact: false })
  })

  test("of documents with different roles only where the request looks at `_id` alone", async () => {
    const roles = [{ ...byField, apply_when: { a: 1 } }, byField]
    expect(await receipt({ operation: "count", filter: { _id: { $gt: 1 } } }, roles)).toEqual({ exact: true, doneBy: "database" })
    expect(await receipt({ operation: "count", filter: { n: 1 } }, roles)).toEqual({ exact: false, doneBy: "server" })
  })

  test("whatever the request looks at, where documents are readable whole", async () => {
    expect(await receipt({ operation: "count", filter: { m: 1 } }, [whole])).toEqual({ exact: true, doneBy: "database" })
    expect(await receipt({ operation: "count", filter: { m: 1 } }, [judged])).toEqual({ exact: false, doneBy: "server" })
  })
})
