// Compare-and-swap, transactions and what other writers and readers may see of a write under rules.
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import { type DataLogEntry, type GuardedCollection, type Store } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, noting, openWorld, otherId, stored, systemCaller, userId, type WorldOptions } from "./rules-world.ts"

let store: EmbeddedStore

beforeEach(() => {
  store = openEmbeddedStore({ file: ":memory:" })
})

afterEach(() => store.close())

const owner = { name: "owner", apply_when: { owner_id: "%%user.id" }, read: true, write: true }

function collectionOn(on: Store, roles: readonly unknown[], more: Partial<WorldOptions> = {}): GuardedCollection {
  return openWorld({ store: on, rules: { roles }, ...more }).service.collection("mongodb-atlas", items, callerOf())
}

/** The store with some of its methods replaced. */
function altered(changes: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => (Object.hasOwn(changes, name) ? changes[name as keyof Store] : bound(target, name)),
  })
}

function bound(target: Store, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name)
  return typeof value === "function" ? value.bind(target) : value
}

describe("two writers", () => {
  test("lose no increment, however they meet", async () => {
    await store.insert(items, [{ _id: 1, owner_id: userId, n: 0 }])
    const [first, second] = [collectionOn(store, [owner]), collectionOn(store, [owner])]
    await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? first : second).updateOne({ _id: 1 }, { $inc: { n: 1 } })))
    expect(await stored(store)).toEqual([{ _id: 1, owner_id: userId, n: 40 }])
  })

  test("a document given away between decision and write is judged anew, and not written", async () => {
    await store.insert(items, [{ _id: 1, owner_id: userId, n: 0 }])
    let swaps = 0
    const racing = altered({
      async swap(namespace, wanted) {
        swaps += 1
        if (swaps === 1) await store.update(items, { _id: 1 }, { $set: { owner_id: otherId } }, { many: false })
        return store.swap(namespace, wanted)
      },
    })
    expect(await collectionOn(racing, [owner]).updateOne({ _id: 1 }, { $set: { n: 9 } })).toEqual({ matchedCount: 0, modifiedCount: 0 })
    expect(swaps).toBe(1)
    expect(await stored(store)).toEqual([{ _id: 1, owner_id: otherId, n: 0 }])
  })

  test("the attempts are bounded, and the error is the database's", async () => {
    await store.insert(items, [{ _id: 1, owner_id: userId, n: 0 }])
    const busy = altered({ swap: async () => ({ outcome: "conflict", at: 0 }) })
    const collection = collectionOn(busy, [owner], { settings: { maxWriteAttempts: 4 } })
    await expect(collection.updateOne({ _id: 1 }, { $set: { n: 9 } })).rejects.toMatchObject({ name: "StoreError", serverCode: 112 })
    await expect(collection.deleteMany({})).rejects.toMatchObject({ serverCode: 112 })
  })

  test("where swaps are not atomic, what was written before a conflict is counted and not written twice", async () => {
    await store.insert(items, [1, 2, 3].map((_id) => ({ _id, owner_id: userId, n: 0 })))
    let swaps = 0
    const halfway = altered({
      abilities: { ...store.abilities, transactions: false },
      async swap(namespace, wanted) {
        swaps += 1
        if (swaps > 1) return store.swap(namespace, wanted)
        await store.swap(namespace, wanted.slice(0, 2))
        return { outcome: "conflict", at: 2 }
      },
    })
    expect(await collectionOn(halfway, [owner]).updateMany({ n: { $lt: 9 } }, { $inc: { n: 1 } })).toEqual({ matchedCount: 3, modifiedCount: 3 })
    expect((await stored(store)).map(({ n }) => n)).toEqual([1, 1, 1])
  })

  test("after a conflict nothing is inserted for what an earlier attempt has written", async () => {
    await store.insert(items, [1, 2].map((_id) => ({ _id, owner_id: userId, n: 0 })))
    let swaps = 0
    const halfway = altered({
      abilities: { ...store.abilities, transactions: false },
      async swap(namespace, wanted) {
        swaps += 1
        await store.swap(namespace, wanted.slice(0, 1))
        await store.delete(items, { _id: 2 }, { many: false })
        return { outcome: "conflict", at: 1 }
      },
    })
    expect(await collectionOn(halfway, [owner]).updateMany({ n: 0 }, { $set: { n: 1 } }, { upsert: true })).toEqual({ matchedCount: 1, modifiedCount: 1 })
    expect([swaps, await stored(store)]).toEqual([1, [{ _id: 1, owner_id: userId, n: 1 }]])
  })

  test("two upserts of one key make one document", async () => {
    const collection = collectionOn(store, [owner])
    const outcomes = await Promise.all([1, 2, 3].map(() => collection.updateOne({ _id: 7 }, { $set: { owner_id: userId }, $inc: { n: 1 } }, { upsert: true })))
    expect(await stored(store)).toEqual([{ _id: 7, owner_id: userId, n: 3 }])
    expect(outcomes.filter(({ upsertedId }) => upsertedId !== undefined)).toHaveLength(1)
  })

  test("an upsert against a hidden document's key gets the database's duplicate-key error", async () => {
    await store.insert(items, [{ _id: 7, owner_id: otherId }])
    await expect(collectionOn(store, [owner]).updateOne({ _id: 7 }, { $set: { owner_id: userId } }, { upsert: true })).rejects.toMatchObject({ name: "StoreError", code: "duplicate-key" })
  })
})

describe("what is refused is never visible", () => {
  test("a refused update is never written, not even for a moment", async () => {
    await store.insert(items, [{ _id: 1, owner_id: userId }, { _id: 2, owner_id: userId, locked: true }])
    const written: string[] = []
    const watched = noting(store, (method) => {
      if (["insert", "update", "replace", "delete", "swap", "bulkWrite", "findOneAndUpdate", "findOneAndReplace", "findOneAndDelete", "transaction"].includes(method)) written.push(method)
    })
    const collection = collectionOn(watched, [{ name: "r", apply_when: { owner_id: "%%user.id" }, read: true, write: { locked: { $exists: false } } }])
    await expect(collection.updateMany({}, { $set: { title: "x" } })).rejects.toMatchObject({ message: "update not permitted" })
    await expect(collection.findOneAndDelete({ _id: 2 })).rejects.toMatchObject({ message: "delete not permitted" })
    expect(written).toEqual([])
  })

  test("a bulk that is refused halfway is undone", async () => {
    await store.insert(items, [{ _id: 1, owner_id: userId, n: 0 }])
    const collection = collectionOn(store, [owner])
    await expect(collection.bulkWrite([{ updateOne: { filter: { _id: 1 }, update: { $inc: { n: 1 } } } }, { insertOne: { document: { _id: 2, owner_id: otherId } } }])).rejects.toMatchObject({ message: "insert not permitted" })
    expect(await stored(store)).toEqual([{ _id: 1, owner_id: userId, n: 0 }])
  })

  test("without transactions a mixed bulk is refused before anything is written; one of inserts is not", async () => {
    const simple = altered({ abilities: { ...store.abilities, transactions: false } })
    const collection = collectionOn(simple, [owner])
    await expect(collection.bulkWrite([{ insertOne: { document: { _id: 1, owner_id: userId } } }, { deleteOne: { filter: {} } }])).rejects.toMatchObject({ code: "unsupported" })
    expect(await stored(store)).toEqual([])
    expect(await collection.bulkWrite([{ insertOne: { document: { _id: 1, owner_id: userId } } }, { insertOne: { document: { _id: 2, owner_id: userId } } }])).toBeNull()
    expect(await stored(store)).toHaveLength(2)
    expect(await collection.bulkWrite([{ deleteOne: { filter: { _id: 1 } } }])).toBeNull()
    expect(await stored(store)).toEqual([{ _id: 2, owner_id: userId }])
  })

  test("an empty bulk and an empty insertMany are refused with the texts of the service", async () => {
    const collection = collectionOn(store, [owner])
    await expect(collection.bulkWrite([])).rejects.toMatchObject({ message: "Failed to execute bulk writes: no operations specified" })
    await expect(collection.insertMany([])).rejects.toMatchObject({ message: "must provide at least one element" })
  })
})

describe("the store", () => {
  test("is read where writes go, in the order that is asked for", async () => {
    const asked: unknown[] = []
    const collection = collectionOn(altered({ find: (namespace, filter, options) => (asked.push(options), store.find(namespace, filter, options)) }), [owner])
    await collection.updateOne({ n: 1 }, { $set: { n: 2 } })
    await collection.findOneAndDelete({ n: 1 }, { sort: { n: -1 } })
    expect(asked).toStrictEqual([{ forWrite: true }, { forWrite: true, sort: { n: -1 } }])
  })

  test("is told which changes replace, so that watchers are", async () => {
    await store.insert(items, [{ _id: 1, owner_id: userId, n: 0 }])
    const told: unknown[] = []
    const collection = collectionOn(altered({ swap: (namespace, wanted) => (told.push(wanted.map(({ replaces }) => replaces)), store.swap(namespace, wanted)) }), [owner])
    await collection.updateOne({ _id: 1 }, { $set: { n: 1 } })
    await collection.replaceOne({ _id: 1 }, { owner_id: userId, n: 2 })
    await collection.updateMany({ _id: 1 }, { owner_id: userId, n: 3 })
    await collection.deleteOne({ _id: 1 })
    expect(told).toEqual([[undefined], [true], [true], [undefined]])
  })
})

const open = (): ReturnType<typeof openWorld>["service"] => openWorld({ store, rules: { roles: [owner] } }).service

describe("sessions", () => {
  test("what joins a session is seen by others only after the commit", async () => {
    const service = open()
    const session = await service.startSession("mongodb-atlas", callerOf())
    const inside = service.collection("mongodb-atlas", items, callerOf(), session)
    await inside.insertOne({ _id: 1, owner_id: userId })
    expect(await inside.count({})).toBe(1)
    expect(await inside.find({}).toArray()).toHaveLength(1)
    expect(await stored(store)).toEqual([])
    await session.commit()
    expect(await stored(store)).toHaveLength(1)
    await expect(inside.count({})).rejects.toMatchObject({ code: "InvalidParameter" })
  })

  test("rules hold inside; an abort undoes; a bulk refused halfway leaves only the abort", async () => {
    const service = open()
    const session = await service.startSession("mongodb-atlas", callerOf())
    const inside = service.collection("mongodb-atlas", items, callerOf(), session)
    await inside.insertOne({ _id: 1, owner_id: userId })
    await expect(inside.insertOne({ _id: 2, owner_id: otherId })).rejects.toMatchObject({ message: "insert not permitted" })
    await session.abort()
    expect(await stored(store)).toEqual([])

    const next = await service.startSession("mongodb-atlas", callerOf())
    const again = service.collection("mongodb-atlas", items, callerOf(), next)
    await expect(again.bulkWrite([{ updateOne: { filter: { _id: 1 }, update: { $set: { owner_id: userId } }, upsert: true } }, { insertOne: { document: { _id: 2, owner_id: otherId } } }])).rejects.toMatchObject({ message: "insert not permitted" })
    await expect(next.commit()).rejects.toMatchObject({ code: "InvalidParameter" })
    expect(await stored(store)).toEqual([])
  })

  test("a session that was never used commits and aborts", async () => {
    const service = open()
    await (await service.startSession("mongodb-atlas", systemCaller)).commit()
    await (await service.startSession("mongodb-atlas", systemCaller)).abort()
  })
})

test("a malformed change is refused the same whether nothing matches, or only what is hidden", async () => {
  const collection = collectionOn(store, [owner])
  const change = { $inc: { n: 1 }, $set: { n: 2 } } satisfies Document
  const refusals = async (): Promise<string[]> => {
    const asked = [
      collection.updateOne({ _id: 1 }, change), collection.updateMany({}, change), collection.updateOne({ _id: 1 }, { $bogus: { a: 1 } }), collection.findOneAndUpdate({ _id: 1 }, { $set: 5 } as Document),
      collection.updateOne({ _id: 1 }, change, { upsert: true }), collection.updateOne({ _id: 1 }, { $set: { "a.$[x]": 1 } }, { arrayFilters: [] }), collection.bulkWrite([{ updateOne: { filter: { _id: 1 }, update: change } }]),
    ]
    return Promise.all(asked.map((each) => each.then(() => "done", (error: unknown) => `${(error as { code?: string }).code}: ${String(error)}`)))
  }
  const nothing = await refusals()
  for (const refusal of nothing) expect(refusal).toMatch(/^(bad-request|InvalidParameter): /)
  await store.insert(items, [{ _id: 1, owner_id: otherId, n: 0 }])
  expect(await refusals()).toEqual(nothing)
  expect(await collection.updateOne({ _id: 1 }, { $inc: { n: 1 } })).toEqual({ matchedCount: 0, modifiedCount: 0 })
})

test("the log tells the roles that were met and no value of a document", async () => {
  await store.insert(items, [{ _id: "secret-id", owner_id: userId }, { _id: 2, owner_id: otherId }])
  const entries: DataLogEntry[] = []
  const collection = collectionOn(store, [owner], { log: (entry) => entries.push(entry) })
  await collection.updateMany({}, { $set: { title: "secret-title" } } satisfies Document)
  expect(entries).toEqual([{ operation: "updateMany", namespace: items, metrics: { roles: { owner: { matchingDocuments: 1, evaluatedFields: 0, discardedFields: 0 } }, noMatchingRole: 0 } }])
})
