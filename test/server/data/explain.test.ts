// Why a user may or may not: what the author of the rules is told.
import { afterEach, beforeEach, expect, test } from "vitest"
import { ObjectId } from "../../../kernel/index.ts"
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
  expect(explained?.fields.map(({ field, entry, shown }) => [field, entry, shown])).toEqual([["_id", "none", "hidden"], ["owner_id", "none", "hidden"], ["title", "fields", "whole"], ["n", "fields", "hidden"], ["address", "fields", "part"]])
  expect(explained?.fields.find(({ field }) => field === "n")?.permissions).toMatchObject([{ name: "write", result: false, failing: { pointer: "/roles/1/fields/n/write/%%this/$lte" } }])
})

test("writes: the permission or field that forbids, and nothing is written", async () => {
  await store.insert(items, [{ _id: 1, owner_id: userId, locked: true, n: 1 }, { _id: 2, owner_id: otherId, n: 1 }])
  const { service } = openWorld({ store, rules })
  const ask = (question: Parameters<typeof service.explain>[3]): ReturnType<typeof service.explain> => service.explain("mongodb-atlas", items, callerOf(), question)
  expect(await ask({ operation: "update", filter: { _id: 1 }, update: { $set: { n: 2 } } })).toMatchObject({ assigned: "owner", decision: { outcome: "refused", because: "role-forbids" }, permissions: [{ name: "write", result: false, failing: { pointer: "/roles/0/write/locked/$ne" } }] })
  expect(await ask({ operation: "update", filter: { _id: 2 }, update: { $set: { n: 6 } } })).toMatchObject({ assigned: "reader", decision: { outcome: "refused", because: "field-forbids", field: "n" } })
  expect(await ask({ operation: "update", filter: { _id: 2 }, update: { $set: { n: 5 } } })).toMatchObject({ decision: { outcome: "granted" } })
  expect(await ask({ operation: "insert", document: { owner_id: userId } })).toMatchObject({ assigned: "owner", decision: { outcome: "granted" } })
  expect(await ask({ operation: "delete", filter: { _id: 1 } })).toMatchObject({ decision: { outcome: "refused", because: "role-forbids" } })
  expect(await ask({ operation: "delete", filter: { _id: 9 } })).toBeNull()
})
