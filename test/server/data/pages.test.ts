// Pages, counts and orders are of what is visible, whatever of it the store can decide (specification of rules, 8.3).
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { defaultRuleSettings } from "../../../engine/index.ts"
import type { Document } from "../../../kernel/index.ts"
import type { FindOptions, GuardedCollection, RuleFunctions } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, openWorld, userId, type WorldOptions } from "./rules-world.ts"

let store: EmbeddedStore

beforeEach(async () => {
  store = openEmbeddedStore({ file: ":memory:" })
  await store.insert(items, Array.from({ length: 12 }, (_, n): Document => ({ _id: n, a: n % 2, b: n % 2 === 1 ? 1 : 7, n, at: [n], owner: n % 3 === 0 ? userId : "other" })))
})

afterEach(() => store.close())

function collectionWith(role: object, more: Partial<WorldOptions> = {}): GuardedCollection {
  const { service, errors } = openWorld({ store, rules: { roles: [{ name: "r", apply_when: {}, ...role }] }, ...more })
  expect(errors).toEqual([])
  return service.collection("mongodb-atlas", items, callerOf())
}

const functions: RuleFunctions = { call: async (_name, args) => args[0] === 1 }
const odd = [1, 3, 5, 7, 9, 11]

/** Roles that show the odd documents, each by another way to decide it. */
const shapes: Readonly<Record<string, object>> = {
  "the store decides, documents are readable whole": { read: { a: 1 } },
  "the store decides, documents are cut": { document_filters: { read: { a: 1 } }, fields: { _id: { read: true }, n: { read: true } } },
  "the store decides, and a function cuts": { document_filters: { read: { a: 1 } }, fields: { _id: { read: true }, n: { read: { "%%true": { "%function": { name: "isOdd", arguments: ["%%root.a"] } } } } } },
  "each document is judged, readable whole": { read: { a: "%%root.b" } },
  "each document is judged and cut": { document_filters: { read: { a: "%%root.b" } }, fields: { _id: { read: true }, n: { read: true } } },
  "a function is asked": { read: { "%%true": { "%function": { name: "isOdd", arguments: ["%%root.a"] } } } },
}

describe.each(Object.entries(shapes))("where %s", (_name, role) => {
  const open = (): GuardedCollection => collectionWith(role, { functions })
  const ids = (documents: readonly Document[]): unknown[] => documents.map(({ _id }) => _id)

  test.each<[string, FindOptions, number[]]>([
    ["all", {}, odd], ["a limit", { limit: 2 }, [1, 3]], ["skip", { skip: 4 }, [9, 11]], ["both", { skip: 1, limit: 2 }, [3, 5]], ["more than there are", { skip: 5, limit: 5 }, [11]], ["beyond the end", { skip: 6 }, []],
    ["in order", { sort: { n: -1 }, limit: 3 }, [11, 9, 7]], ["in order, further on", { sort: { n: -1 }, skip: 2, limit: 2 }, [7, 5]], ["in the store's order, backwards", { sort: { $natural: -1 }, limit: 2 }, [11, 9]], ["a negative limit", { limit: -2 }, [1, 3]], ["a limit of 0", { limit: 0 }, odd],
  ])("%s", async (_title, options, expected) => {
    expect(ids(await open().find({}, options).toArray())).toEqual(expected)
    const seen: Document[] = []
    for await (const document of open().find({}, options)) seen.push(document)
    expect(ids(seen)).toEqual(expected)
  })

  test("a predicate and its page", async () => {
    expect(ids(await open().find({ n: { $gt: 3 } }, { skip: 1, limit: 2, sort: { n: 1 } }).toArray())).toEqual([7, 9])
    expect((await open().findOne({ n: { $gt: 3 } }, { sort: { n: -1 } }))?.["_id"]).toBe(11)
    expect(await open().findOne({ n: 4 })).toBeNull()
  })

  test("count, with and without a limit", async () => {
    expect(await Promise.all([open().count({}), open().count({ n: { $gt: 3 } }), open().count({}, { limit: 4 }), open().count({}, { limit: 9 }), open().count({ n: 4 })])).toEqual([6, 4, 4, 6, 0])
  })

  test("distinct values and pipelines", async () => {
    expect(await open().distinct("n", { n: { $lt: 6 } })).toEqual([1, 3, 5])
    expect(await open().aggregate([{ $group: { _id: null, all: { $sum: "$n" } } }]).toArray()).toEqual([{ _id: null, all: 36 }])
  })

  test("the limit on documents cuts off, and skips none", async () => {
    const capped = collectionWith(role, { functions, settings: { maxResultDocuments: 2 } })
    expect(ids(await capped.find({}).toArray())).toEqual([1, 3])
    expect(ids(await capped.find({}, { skip: 1, limit: 9 }).toArray())).toEqual([3, 5])
  })
})

describe("what hides a field the request looks at", () => {
  const byOwner = { fields: { _id: { read: true }, n: { read: { "%%root.owner": "%%user.id" } }, a: { read: true } } }
  const ids = async (filter: Document, options: FindOptions = {}): Promise<unknown[]> => (await collectionWith(byOwner).find(filter, options).toArray()).map(({ _id }) => _id)

  test("is left out before pages are counted", async () => {
    expect(await ids({ n: { $gte: 0 } }, { limit: 2, skip: 1 })).toEqual([3, 6])
    expect(await ids({}, { sort: { n: 1 }, limit: 3 })).toEqual([0, 3, 6])
    expect(await ids({ n: { $ne: 99 }, a: 1 })).toEqual([3, 9])
    expect(await collectionWith(byOwner).count({ n: { $exists: true } }, { limit: 3 })).toBe(3)
  })

  test("matters only where it is looked at, and `_id` never does", async () => {
    expect(await ids({ a: 0 }, { limit: 2, skip: 1 })).toEqual([2, 4])
    expect(await ids({ _id: { $gt: 4 } }, { sort: { _id: -1 }, limit: 2 })).toEqual([11, 10])
  })

  test("matches under the setting for it", async () => {
    const matching = collectionWith(byOwner, { settings: { rules: { ...defaultRuleSettings, queryOnUnreadable: "match" } } })
    expect((await matching.find({ n: { $gt: 9 } }).toArray()).map(({ _id }) => _id)).toEqual([10, 11])
    expect((await matching.find({}, { sort: { n: -1 }, limit: 2 }).toArray())).toEqual([{ _id: 11, a: 1 }, { _id: 10, a: 0 }])
  })
})
