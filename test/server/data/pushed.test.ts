// The same rules in two spellings: one that the database decides, one that the server must decide document by document. Every
// request has the same answer under both, and leaves the same documents.
import fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { Document, Value } from "../../../kernel/index.ts"
import type { FindOptions, GuardedCollection } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, noting, openWorld, otherId, userId } from "./rules-world.ts"

let store: EmbeddedStore
const namespaces = [{ database: "app", collection: "pushed" }, { database: "app", collection: "judged" }] as const

beforeAll(() => {
  store = openEmbeddedStore({ file: ":memory:" })
})

afterAll(() => store.close())

/** Field against field: true of every document here, and nothing a query can say. */
const unpushable = { "%%root.same": "%%root.equal" }
const ownerRoles = (also: object): object[] => [
  { name: "owner", apply_when: { owner_id: "%%user.id", ...also }, read: true, write: true },
  { name: "open", apply_when: { public: true, ...also }, read: true },
]
const fieldRoles = (also: object): object[] => [{ name: "reader", apply_when: { ...also }, fields: { _id: { read: true }, n: { read: true, write: true }, list: { fields: { k: { read: true } } } } }]

const value = fc.constantFrom<Value>(1, 2, 3, "x", null)
const document = fc.record({ owner_id: fc.constantFrom(userId, otherId), public: fc.boolean(), n: value, list: fc.array(fc.record({ k: value, h: value }), { maxLength: 2 }) })
const query = fc.dictionary(fc.constantFrom("n", "owner_id", "list.k", "list.h", "public", "_id"), fc.oneof(value, fc.record({ $gt: value }), fc.record({ $exists: fc.boolean() }), fc.record({ $ne: value })), { maxKeys: 2 }) as fc.Arbitrary<Document>
const options = fc.record({ skip: fc.nat(3), limit: fc.nat(4), sort: fc.constantFrom<Document>({ n: 1, _id: -1 }, { _id: -1 }, { "list.k": -1, _id: 1 }), projection: fc.constantFrom<Document>({ n: 1 }, { list: 0 }, { "list.k": 1, _id: 0 }) }, { requiredKeys: [] }) as fc.Arbitrary<FindOptions>
const filters = fc.constantFrom<unknown[]>([], [{ name: "f", apply_when: {}, query: { n: { $ne: "x" } } }], [{ name: "f", apply_when: {}, query: { public: true }, projection: { n: 1, list: 1 } }])

type Ask = (collection: GuardedCollection) => Promise<unknown>
const ask: fc.Arbitrary<Ask> = fc.oneof(
  fc.tuple(query, options).map(([filter, more]): Ask => (collection) => collection.find(filter, more).toArray()),
  fc.tuple(query, options).map(([filter, more]): Ask => async (collection) => {
    const seen: Document[] = []
    for await (const each of collection.find(filter, more)) seen.push(each)
    return seen
  }),
  fc.tuple(query, fc.nat(3)).map(([filter, limit]): Ask => (collection) => collection.count(filter, { limit })),
  fc.tuple(query, fc.constantFrom("n", "list.k", "list.h", "list")).map(([filter, field]): Ask => async (collection) => new Set((await collection.distinct(field, filter)).map((each) => JSON.stringify(each)))),
  query.map((filter): Ask => (collection) => collection.aggregate([{ $match: filter }, { $project: { n: 1, copy: "$list" } }, { $sort: { _id: 1 } }]).toArray()),
  fc.tuple(query, value).map(([filter, n]): Ask => (collection) => collection.updateMany(filter, { $set: { n } })),
  fc.tuple(query, options).map(([filter, { sort }]): Ask => (collection) => collection.findOneAndUpdate(filter, { $set: { n: 7 } }, { returnNewDocument: true, ...(sort === undefined ? {} : { sort }) })),
  query.map((filter): Ask => (collection) => collection.deleteOne(filter)),
)

async function answer(work: Ask, collection: GuardedCollection): Promise<unknown> {
  return work(collection).catch((error: unknown) => `error: ${(error as Error).message}`)
}

/** What the store does by itself: under the second spelling nothing. */
const own = new Set(["count", "distinct", "aggregate"])

test.each([["roles that show documents whole", ownerRoles], ["a role that shows fields", fieldRoles]] as const)("%s", async (_name, roles) => {
  let asked = 0
  await fc.assert(fc.asyncProperty(fc.array(document, { minLength: 1, maxLength: 8 }), filters, fc.array(ask, { minLength: 6, maxLength: 6 }), async (documents, restricting, asks) => {
    for (const namespace of namespaces) {
      await store.delete(namespace, {}, { many: true })
      await store.insert(namespace, documents.map((each, index) => ({ _id: index, same: 1, equal: 1, ...each })))
    }
    const [pushed, judged] = namespaces.map((namespace, index) => openWorld({ store: noting(store, (method) => { if (own.has(method)) asked += index }), namespace, rules: { roles: roles(index === 0 ? {} : unpushable), filters: restricting } }).service.collection("mongodb-atlas", namespace, callerOf())) as [GuardedCollection, GuardedCollection]
    for (const each of asks) expect(await answer(each, pushed)).toEqual(await answer(each, judged))
    const [left, right] = await Promise.all(namespaces.map((namespace) => store.find(namespace, {}).toArray()))
    expect(left).toEqual(right)
  }), { numRuns: 150 })
  expect(asked).toBe(0)
}, 120_000)
