// Why a user may or may not: what the author of the rules is told.
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { ObjectId } from "../../../kernel/index.ts"
import type { RequestQuestion } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, openWorld, otherId, userId } from "./rules-world.ts"

let store: EmbeddedStore

beforeEach(() => {
  store = openEmbeddedStore({ file: ":memory:" })
})

afterEach(() => store.close())

const rules = {
  roles: [
    { name: "owner", apply_when: { owner_id: "%%user.id" }, read: true, write: { locked: { $ne: true } } },
    { name: "reader", apply_when: {}, fields: { title: { read: true }, n: { write: { "%%this": { $lte: 5 } } }, address: { fields: { city: { read: true } } } } },
  ],
}

test("roles in the order tried, the first failing leaf, and the two sides of it", async () => {
  await store.insert(items, [{ _id: 1, owner_id: new ObjectId(userId), title: "a", n: 9, address: { city: "Oslo", zip: "1" } }])
  const { service } = openWorld({ store, rules })
  const explained = await service.explain("mongodb-atlas", items, callerOf(), { operation: "read", filter: { _id: 1 } })
  expect(explained).toMatchObject({
    operation: "read", assigned: "reader", decision: { outcome: "granted" },
    tried: [
      { role: "owner", pointer: "/roles/0", applies: false, failing: { pointer: "/roles/0/apply_when/owner_id", operator: "eq", subject: { type: "objectId" }, operand: { text: "%%user.id", type: "string", value: userId } } },
      { role: "reader", applies: true, failing: undefined },
    ],
  })
  expect(explained?.fields.map(({ field, entry, shown }) => [field, entry, shown])).toEqual([["_id", "none", "hidden"], ["owner_id", "none", "hidden"], ["title", "fields", "whole"], ["n", "fields", "hidden"], ["address", "fields", "part"], ["address.city", "fields", "whole"], ["address.zip", "none", "hidden"]])
  expect(explained?.fields.find(({ field }) => field === "n")?.permissions).toMatchObject([{ name: "write", result: false, failing: { pointer: "/roles/1/fields/n/write/%%this/$lte" } }])
})

test("writes: the permission or field that forbids, and nothing is written", async () => {
  await store.insert(items, [{ _id: 1, owner_id: userId, locked: true, n: 1 }, { _id: 2, owner_id: otherId, n: 1 }])
  const { service } = openWorld({ store, rules })
  const ask = (question: Parameters<typeof service.explain>[3]): ReturnType<typeof service.explain> => service.explain("mongodb-atlas", items, callerOf(), question)
  expect(await ask({ operation: "update", filter: { _id: 1 }, update: { $set: { n: 2 } } })).toMatchObject({ assigned: "owner", decision: { outcome: "refused", because: "role-forbids" }, permissions: [{ name: "write", result: false, failing: { pointer: "/roles/0/write/locked/$ne" } }] })
  expect(await ask({ operation: "update", filter: { _id: 2 }, update: { $set: { n: 6 } } })).toMatchObject({ assigned: "reader", decision: { outcome: "refused", because: "field-forbids", field: "n" } })
  expect(await ask({ operation: "update", filter: { _id: 2 }, update: { $set: { n: 5 } } })).toMatchObject({ decision: { outcome: "granted" } })
  const nested = await ask({ operation: "update", filter: { _id: 2 }, update: { $set: { "address.city": "Oslo" } } })
  expect(nested?.decision).toEqual({ outcome: "refused", because: "field-forbids", field: "address" })
  expect(nested?.fields.slice(-2)).toEqual([{ field: "address", entry: "fields", shown: "hidden", permissions: [] }, { field: "address.city", entry: "fields", shown: "hidden", permissions: [{ name: "read", result: true, failing: undefined }] }])
  expect(await ask({ operation: "insert", document: { owner_id: userId } })).toMatchObject({ assigned: "owner", decision: { outcome: "granted" } })
  expect(await ask({ operation: "delete", filter: { _id: 1 } })).toMatchObject({ decision: { outcome: "refused", because: "role-forbids" } })
  expect(await ask({ operation: "delete", filter: { _id: 9 } })).toBeNull()
})

const schema = {
  bsonType: "object", required: ["title"],
  properties: { title: { bsonType: "string" }, n: { bsonType: "int", maximum: 100, validate: { "%or": [{ "%%prev": { "%exists": false } }, { "%%this": { $gte: "%%prev" } }] } } },
}

test("a schema: each place and keyword, and of a `validate` the first leaf that failed", async () => {
  const open = { roles: [{ name: "all", apply_when: {}, read: true, write: true }] }
  await store.insert(items, [{ _id: 1, title: "a", n: 5 }])
  const { service } = openWorld({ store, rules: open, schema })
  const ask = (question: Parameters<typeof service.explain>[3]): ReturnType<typeof service.explain> => service.explain("mongodb-atlas", items, callerOf(), question)
  expect(await ask({ operation: "insert", document: { n: 101 } })).toMatchObject({
    decision: { outcome: "refused", because: "schema-refuses", field: "title" },
    schema: [{ field: "title", kind: "required", detail: "is required" }, { field: "n", kind: "number_lte" }],
  })
  expect(await ask({ operation: "update", filter: { _id: 1 }, update: { $inc: { n: -1 } } })).toMatchObject({
    decision: { outcome: "refused", because: "schema-refuses", field: "n" },
    schema: [{ field: "n", kind: "validate", failing: { pointer: "/properties/n/validate/%or/0/%%prev/%exists", subject: { text: "%%prev", value: 5 } } }],
  })
  expect(await ask({ operation: "update", filter: { _id: 1 }, update: { $inc: { n: 1 } } })).toMatchObject({ decision: { outcome: "granted" }, schema: [] })
  // What the roles refuse already is asked of the schema all the same.
  const refusing = openWorld({ store, rules, schema }).service
  expect(await refusing.explain("mongodb-atlas", items, callerOf(), { operation: "insert", document: { owner_id: otherId } })).toMatchObject({ decision: { outcome: "refused", because: "field-forbids" }, schema: [{ kind: "required" }] })
})

test("the decision is that of the request: filters, what a query looks at, hidden documents, upserts", async () => {
  await store.insert(items, [{ _id: 1, owner_id: otherId, title: "a", n: 1, secret: 5 }, { _id: 2, owner_id: userId, archived: true }])
  const { service } = openWorld({ store, rules: { ...rules, filters: [{ name: "not archived", apply_when: {}, query: { archived: { $ne: true } } }] } })
  const ask = async (question: Parameters<typeof service.explain>[3]): Promise<unknown> => (await service.explain("mongodb-atlas", items, callerOf(), question))?.decision
  expect(await ask({ operation: "read", filter: { _id: 2 } })).toEqual({ outcome: "hidden", because: "filter-excludes" })
  expect(await ask({ operation: "read", filter: { secret: 5 } })).toEqual({ outcome: "hidden", because: "query-names-hidden-field" })
  expect(await ask({ operation: "update", filter: { _id: 1 }, update: { $unset: { secret: "" } } })).toEqual({ outcome: "refused", because: "field-forbids", field: "secret" })
  expect(await ask({ operation: "update", filter: { _id: 1 }, update: { $set: { secret: 5 } } })).toEqual({ outcome: "refused", because: "field-forbids", field: "secret" })
  expect(await ask({ operation: "update", filter: { _id: 9 }, update: { $set: { owner_id: userId } }, upsert: true })).toEqual({ outcome: "granted" })
  expect(await ask({ operation: "update", filter: { _id: 9 }, update: { $set: { owner_id: otherId } }, upsert: true })).toMatchObject({ outcome: "refused" })
  expect(await ask({ operation: "update", filter: { _id: 9 }, update: { $set: { a: 1 } } })).toBeUndefined()
  expect(await store.count(items, {})).toBe(2)
})

test("an update: the role of the document after it, and what in it forbids", async () => {
  const moving = { roles: [{ name: "mine", apply_when: { owner_id: "%%user.id" }, read: true, write: true }, { name: "others", apply_when: { owner_id: { $exists: true } }, read: true, write: { open: true } }] }
  await store.insert(items, [{ _id: 1, owner_id: userId }])
  const { service } = openWorld({ store, rules: moving })
  const given = await service.explain("mongodb-atlas", items, callerOf(), { operation: "update", filter: { _id: 1 }, update: { $set: { owner_id: otherId } } })
  expect(given).toMatchObject({
    assigned: "mine", decision: { outcome: "refused", because: "role-after-forbids" },
    after: { assigned: "others", tried: [{ role: "mine", applies: false }, { role: "others", applies: true }], permissions: [{ name: "write", result: false, failing: { pointer: "/roles/1/write/open" } }] },
  })
  const gone = await service.explain("mongodb-atlas", items, callerOf(), { operation: "update", filter: { _id: 1 }, update: { $unset: { owner_id: "" } } })
  expect(gone).toMatchObject({ decision: { outcome: "refused", because: "no-role-after" }, after: { assigned: undefined, tried: [{ role: "mine" }, { role: "others" }] } })
})

describe("a receipt", () => {
  const mixed = { roles: [{ name: "owner", apply_when: { owner_id: "%%user.id" }, read: true, write: true }, { name: "same", apply_when: { a: "%%root.b" }, read: true }] }
  const plain = { roles: [{ name: "owner", apply_when: { owner_id: "%%user.id" }, read: true, write: true }] }
  const questions: RequestQuestion[] = [
    { operation: "find", filter: { n: 1 } }, { operation: "count", filter: { n: 1 } }, { operation: "distinct", filter: { n: 1 }, field: "n" }, { operation: "aggregate", pipeline: [{ $match: { n: 1 } }, { $count: "n" }] },
    { operation: "updateOne", filter: { n: 1 }, update: { $set: { n: 2 } } }, { operation: "updateMany", filter: { n: 1 }, update: { $set: { n: 2 } } }, { operation: "deleteOne", filter: { n: 1 } }, { operation: "deleteMany", filter: { n: 1 } },
  ]

  for (const question of questions) {
    test(`of ${question.operation} says what is pushed, who does the rest, what is left over and why, and the index`, async () => {
      await store.ensureIndex(items, { keys: { owner_id: 1 } })
      await store.insert(items, [{ _id: 1, owner_id: userId, n: 1 }])
      const isWrite = /^(?:update|delete)/.test(question.operation)
      const pushed = await openWorld({ store, rules: plain }).service.explainRequest("mongodb-atlas", items, callerOf(), question)
      expect(pushed).toMatchObject({ operation: question.operation, exact: true, doneBy: isWrite ? "server" : "database", plan: { index: "owner_id_1", sorted: true } })
      expect(JSON.stringify(pushed.sent)).toContain(`{"owner_id":{"$eq":"${userId}"}}`)
      const judged = await openWorld({ store, rules: mixed }).service.explainRequest("mongodb-atlas", items, callerOf(), question)
      expect(judged).toMatchObject({ exact: false, doneBy: "server", plan: { index: null }, roles: [{ role: "owner" }, { role: "same", parts: [{ name: "apply_when", exact: false, leftOver: [{ pointer: "/roles/1/apply_when/a" }] }, ...(isWrite ? [] : [{ name: "read" }])] }] })
      expect(await store.find(items, {}).toArray()).toEqual([{ _id: 1, owner_id: userId, n: 1 }])
    })
  }

  test("is refused as its request would be", async () => {
    const { service } = openWorld({ store, rules: plain })
    const ask = (question: RequestQuestion): Promise<unknown> => service.explainRequest("mongodb-atlas", items, callerOf(), question)
    await expect(ask({ operation: "find", filter: { $where: "1" } })).rejects.toMatchObject({ code: "InvalidParameter" })
    await expect(ask({ operation: "aggregate", pipeline: [{ $lookup: {} }] })).rejects.toMatchObject({ code: "InvalidParameter" })
    await expect(ask({ operation: "updateOne", filter: {}, update: { $bogus: { a: 1 } } })).rejects.toMatchObject({ code: "bad-request" })
    await expect(service.explainRequest("mongodb-atlas", { database: "no", collection: "rules" }, callerOf(), { operation: "count", filter: {} })).rejects.toMatchObject({ code: "NoMatchingRuleFound" })
  })
})
