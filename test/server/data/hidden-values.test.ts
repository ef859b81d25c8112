// Guessing hidden values through writes (decision 0125), and live streams.
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { defaultRuleSettings } from "../../../engine/index.ts"
import type { Document } from "../../../kernel/index.ts"
import type { ChangeEvent, GuardedCollection } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, openWorld, otherId, stored, userId, type WorldOptions } from "./rules-world.ts"

let store: EmbeddedStore

beforeEach(() => {
  store = openEmbeddedStore({ file: ":memory:" })
})

afterEach(() => store.close())

function collectionWith(roles: readonly unknown[], more: Partial<WorldOptions> = {}): GuardedCollection {
  const { service, errors } = openWorld({ store, rules: { roles }, ...more })
  expect(errors).toEqual([])
  return service.collection("mongodb-atlas", items, callerOf())
}

const editor = { name: "editor", apply_when: {}, fields: { _id: { read: true }, title: { read: true, write: true }, salary: {}, address: { fields: { city: { read: true, write: true } } } } }
const kim: Document = { _id: 1, title: "a", salary: 10, address: { city: "Oslo", zip: "1" } }

describe("an update that would tell a hidden value is refused whether it hits or not", () => {
  test.each<[string, Document, Document]>([
    ["$set of the value and another", { $set: { title: "b", salary: 10 } }, { $set: { title: "b", salary: 11 } }],
    ["$max", { $max: { salary: 9 } }, { $max: { salary: 11 } }],
    ["$unset of what is there or not", { $unset: { salary: "" } }, { $unset: { bonus: "" } }],
    ["$inc on a number and on a text", { $inc: { salary: 0 } }, { $inc: { "address.zip": 1 } }],
    ["$unset of a parent", { $unset: { address: "" } }, { $set: { address: { city: "Oslo", zip: "1" } } }],
  ])("%s", async (_name, hit, miss) => {
    await store.insert(items, [kim])
    const collection = collectionWith([editor])
    for (const update of [hit, miss]) await expect(collection.updateOne({ _id: 1 }, update)).rejects.toMatchObject({ message: "update not permitted", code: "NoMatchingRuleFound" })
    expect(await stored(store)).toEqual([kim])
  })

  test.each<[string, Document]>([["the value it has", { title: "a", salary: 10 }], ["another", { title: "a", salary: 11 }]])("a replacement that names a hidden field with %s", async (_name, replacement) => {
    const stays = { _id: 1, title: "a", salary: 10 }
    await store.insert(items, [stays])
    const collection = collectionWith([editor])
    const asked = [collection.replaceOne({ _id: 1 }, replacement), collection.updateOne({ _id: 1 }, replacement), collection.updateMany({ _id: 1 }, replacement), collection.findOneAndReplace({ _id: 1 }, replacement), collection.findOneAndUpdate({ _id: 1 }, replacement)]
    for (const each of asked) await expect(each).rejects.toMatchObject({ message: "update not permitted", code: "NoMatchingRuleFound" })
    expect(await stored(store)).toEqual([stays])
  })

  test("what is writable may be set to the value it has, readable or not", async () => {
    await store.insert(items, [kim])
    const collection = collectionWith([{ ...editor, fields: { ...editor.fields, salary: { write: { "%%this": { $gte: 10 } } } } }])
    expect(await collection.updateOne({ _id: 1 }, { $set: { salary: 10, "address.city": "Oslo" } })).toEqual({ matchedCount: 1, modifiedCount: 1 })
  })
})

describe("a document hidden as a whole", () => {
  test("does not count as matched when an update leaves it as it is", async () => {
    await store.insert(items, [kim])
    const collection = collectionWith([{ name: "none", apply_when: {}, additional_fields: {} }])
    for (const update of [{ $set: { salary: 10 } }, { $set: { salary: 11 } }, { $unset: { bonus: "" } }, { $setOnInsert: { a: 1 } }, { $inc: { title: 1 } }, kim]) {
      expect(await collection.updateOne({ _id: 1 }, update)).toEqual({ matchedCount: 0, modifiedCount: 0 })
    }
  })

  test("is changed by a role that writes without reading, also where a field keeps its value", async () => {
    await store.insert(items, [kim])
    const collection = collectionWith([{ name: "writer", apply_when: {}, read: false, additional_fields: { write: true } }])
    expect(await collection.updateOne({ _id: 1 }, { $set: { salary: 10, title: "b" } })).toEqual({ matchedCount: 1, modifiedCount: 1 })
    expect(await collection.findOneAndUpdate({ _id: 1 }, { $set: { title: "c" } })).toBeNull()
    expect(await stored(store)).toMatchObject([{ title: "c", salary: 10 }])
  })

  test("counts where what is written names nothing, or keeps its value, and may be written", async () => {
    await store.insert(items, [{ _id: 1, salary: 10 }])
    const collection = collectionWith([{ name: "writer", apply_when: {}, read: false, additional_fields: { write: true } }])
    expect(await collection.updateOne({ _id: 1 }, { $set: { salary: 10 } })).toEqual({ matchedCount: 1, modifiedCount: 1 })
    expect(await collection.replaceOne({ _id: 1 }, {})).toEqual({ matchedCount: 1, modifiedCount: 1 })
    expect(await stored(store)).toEqual([{ _id: 1 }])
  })

  test("says nothing of what the database cannot do to it; a visible one does, where the user sees what stands in the way", async () => {
    await store.insert(items, [{ _id: 1, title: "a", salary: "x" }])
    const increment = { $inc: { title: 1 } }
    expect(await collectionWith([{ name: "writer", apply_when: {}, read: false, additional_fields: { write: true } }]).updateOne({ _id: 1 }, increment)).toEqual({ matchedCount: 0, modifiedCount: 0 })
    await expect(collectionWith([{ name: "all", apply_when: {}, write: true }]).updateOne({ _id: 1 }, increment)).rejects.toMatchObject({ name: "StoreError" })
    await expect(collectionWith([{ name: "some", apply_when: {}, fields: { title: { write: true }, salary: {} } }]).updateOne({ _id: 1 }, increment)).rejects.toMatchObject({ name: "StoreError" })
    await expect(collectionWith([{ name: "some", apply_when: {}, fields: { title: { write: true }, salary: {} } }]).updateOne({ _id: 1 }, { $inc: { salary: 1 } })).rejects.toMatchObject({ message: "update not permitted" })
  })

  test("refuses the request under the setting for it", async () => {
    await store.insert(items, [{ ...kim, owner_id: otherId }])
    const { service } = openWorld({ store, rules: { roles: [{ name: "own", apply_when: { owner_id: "%%user.id" }, write: true }] }, settings: { rules: { ...defaultRuleSettings, hiddenOnWrite: "refuse" } } })
    await expect(service.collection("mongodb-atlas", items, callerOf()).deleteMany({})).rejects.toMatchObject({ message: "delete not permitted" })
  })
})

describe("a predicate that names no field below a hidden one", () => {
  test.each<[string, Document]>([
    ["an element", { secret: { $elemMatch: {} } }], ["none", { secret: { $not: { $elemMatch: {} } } }], ["one of all", { secret: { $all: [{ $elemMatch: {} }] } }], ["one by alternatives", { secret: { $elemMatch: { $or: [{}] } } }], ["one below", { secret: { $elemMatch: { list: { $elemMatch: {} } } } }],
  ])("matches nothing: %s", async (_name, filter) => {
    await store.insert(items, [{ _id: 1, secret: [{ list: [{}] }] }, { _id: 2, secret: 5 }, { _id: 3 }])
    const collection = collectionWith([{ ...editor, fields: { _id: { read: true }, title: { read: true } } }])
    expect(await collection.find(filter).toArray()).toEqual([])
    expect(await collection.count(filter)).toBe(0)
    expect(await collection.updateMany(filter, { $set: { title: "b" } })).toEqual({ matchedCount: 0, modifiedCount: 0 })
  })
})

describe("a live stream", () => {
  test("shows what the user may see, as it happens", async () => {
    const collection = collectionWith([{ name: "own", apply_when: { owner_id: "%%user.id" }, fields: { _id: { read: true }, title: { read: true } } }])
    const stop = new AbortController()
    const seen: ChangeEvent[] = []
    const reading = (async () => {
      for await (const event of collection.watch({ signal: stop.signal, filter: { operationType: { $ne: "replace" } } })) {
        seen.push(event)
        if (seen.length === 2) return
      }
    })()
    await new Promise((resolve) => setTimeout(resolve, 20))
    await store.insert(items, [{ _id: 1, owner_id: otherId, title: "theirs" }, { _id: 2, owner_id: userId, title: "mine", secret: 1 }])
    await store.update(items, { _id: 2 }, { $set: { secret: 2 } }, { many: false })
    await store.delete(items, { _id: 1 }, { many: false })
    await store.update(items, { _id: 2 }, { $set: { title: "still mine", secret: 3 } }, { many: false })
    await reading
    stop.abort()
    expect(seen.map(({ operationType, fullDocument, updateDescription }) => [operationType, fullDocument, updateDescription?.["updatedFields"]])).toEqual([
      ["insert", { _id: 2, title: "mine" }, undefined], ["update", { _id: 2, title: "still mine" }, { title: "still mine" }],
    ])
    expect(seen.some((event) => "fullDocumentBeforeChange" in event)).toBe(false)
  })

  test("is refused where no rules serve, and asks nothing of hidden paths", async () => {
    const { service } = openWorld({ store })
    await expect((async () => { for await (const _ of service.collection("mongodb-atlas", items, callerOf()).watch({})) break })()).rejects.toMatchObject({ status: 403 })
    await expect((async () => { for await (const _ of collectionWith([editor]).watch({ filter: { "fullDocument.title": { $regex: "a" } } })) break })()).rejects.toMatchObject({ code: "InvalidParameter" })
  })
})
