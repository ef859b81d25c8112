// A user's bulk: each operation as if it were alone, and all or nothing (specification of rules, 10; decision 0120).
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import type { BulkOperation, DataLogEntry, GuardedCollection } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, openWorld, stored, systemCaller } from "./rules-world.ts"

let store: EmbeddedStore
let entries: DataLogEntry[]

beforeEach(async () => {
  store = openEmbeddedStore({ file: ":memory:" })
  entries = []
  await store.insert(items, [{ _id: 1, n: 1 }, { _id: 2, n: 1 }, { _id: 3, n: 5 }])
})

afterEach(() => store.close())

function collectionWith(role: object = { write: true }): GuardedCollection {
  const { service } = openWorld({ store, rules: { roles: [{ name: "r", apply_when: {}, ...role }] }, log: (entry) => void entries.push(entry) })
  return service.collection("mongodb-atlas", items, callerOf())
}

const bulk = async (operations: readonly unknown[], role?: object): Promise<unknown> => {
  await collectionWith(role).bulkWrite(operations as BulkOperation[])
  return entries.at(-1)?.counts
}
const counts = (more: object): object => ({ insertedCount: 0, matchedCount: 0, modifiedCount: 0, deletedCount: 0, upsertedCount: 0, ...more })

describe("every operation does what it does alone", () => {
  test.each<[string, unknown, object, Document[]]>([
    ["an insert", { insertOne: { document: { _id: 4 } } }, { insertedCount: 1 }, [{ _id: 1, n: 1 }, { _id: 2, n: 1 }, { _id: 3, n: 5 }, { _id: 4 }]],
    ["an insert of the bare document", { insertOne: { _id: 4, document: 1 } }, { insertedCount: 1 }, [{ _id: 1, n: 1 }, { _id: 2, n: 1 }, { _id: 3, n: 5 }, { _id: 4, document: 1 }]],
    ["a change of one", { updateOne: { filter: { n: 1 }, update: { $set: { n: 2 } } } }, { matchedCount: 1, modifiedCount: 1 }, [{ _id: 1, n: 2 }, { _id: 2, n: 1 }, { _id: 3, n: 5 }]],
    ["a change of many", { updateMany: { filter: { n: 1 }, update: { $set: { n: 2 } } } }, { matchedCount: 2, modifiedCount: 2 }, [{ _id: 1, n: 2 }, { _id: 2, n: 2 }, { _id: 3, n: 5 }]],
    ["a change of none", { updateOne: { filter: { n: 9 }, update: { $set: { n: 2 } } } }, {}, [{ _id: 1, n: 1 }, { _id: 2, n: 1 }, { _id: 3, n: 5 }]],
    ["a change that inserts", { updateOne: { filter: { _id: 9 }, update: { $set: { n: 2 } }, upsert: true } }, { upsertedCount: 1 }, [{ _id: 1, n: 1 }, { _id: 2, n: 1 }, { _id: 3, n: 5 }, { _id: 9, n: 2 }]],
    ["a change of many that inserts", { updateMany: { filter: { _id: 9 }, update: { $set: { n: 2 } }, upsert: true } }, { upsertedCount: 1 }, [{ _id: 1, n: 1 }, { _id: 2, n: 1 }, { _id: 3, n: 5 }, { _id: 9, n: 2 }]],
    ["a replacement", { replaceOne: { filter: { n: 1 }, replacement: { m: 1 } } }, { matchedCount: 1, modifiedCount: 1 }, [{ _id: 1, m: 1 }, { _id: 2, n: 1 }, { _id: 3, n: 5 }]],
    ["a replacement that inserts", { replaceOne: { filter: { _id: 9 }, replacement: { m: 1 }, upsert: true } }, { upsertedCount: 1 }, [{ _id: 1, n: 1 }, { _id: 2, n: 1 }, { _id: 3, n: 5 }, { _id: 9, m: 1 }]],
    ["a replacement of none", { replaceOne: { filter: { _id: 9 }, replacement: { m: 1 } } }, {}, [{ _id: 1, n: 1 }, { _id: 2, n: 1 }, { _id: 3, n: 5 }]],
    ["a deletion of one", { deleteOne: { filter: { n: 1 } } }, { deletedCount: 1 }, [{ _id: 2, n: 1 }, { _id: 3, n: 5 }]],
    ["a deletion of many", { deleteMany: { filter: { n: 1 } } }, { deletedCount: 2 }, [{ _id: 3, n: 5 }]],
  ])("%s", async (_name, operation, counted, left) => {
    expect(await bulk([operation])).toEqual(counts(counted))
    expect(await stored(store)).toEqual(left)
    // The same beside another operation.
    await store.insert(items, [{ _id: 50, other: true }])
    const added = await bulk([{ deleteOne: { filter: { other: true } } }, { updateOne: { filter: { none: 1 }, update: { $set: { a: 1 } } } }])
    expect([added, await stored(store)]).toEqual([counts({ deletedCount: 1 }), left])
  })

  test("an insert of the bare document, whatever its fields are called", async () => {
    await bulk([{ insertOne: { document: 1 } }, { insertOne: { _id: 4, document: { x: 1 } } }, { deleteMany: { filter: { n: { $exists: true } } } }])
    expect((await stored(store)).map(({ document }) => document)).toEqual([1, { x: 1 }])
    const { service } = openWorld({ store })
    await service.collection("mongodb-atlas", items, systemCaller).bulkWrite([{ insertOne: { _id: 5, a: 1 } }, { insertOne: { document: { _id: 6 } } }] as unknown as BulkOperation[])
    expect((await stored(store)).slice(-2)).toEqual([{ _id: 5, a: 1 }, { _id: 6 }])
    await service.collection("mongodb-atlas", items, systemCaller).bulkWrite([{ updateOne: { filter: { _id: 6 }, update: { $set: { b: 1 } } } }, { deleteOne: { filter: { _id: 5 } } }, { insertOne: { document: { _id: 7 } } }])
    expect((await stored(store)).slice(-2)).toEqual([{ _id: 6, b: 1 }, { _id: 7 }])
  })

  test("a duplicate key in a bulk of inserts keeps those before it, and none after", async () => {
    await expect(bulk([{ insertOne: { document: { _id: 4 } } }, { insertOne: { document: { _id: 4 } } }, { insertOne: { document: { _id: 5 } } }])).rejects.toMatchObject({ code: "duplicate-key" })
    expect((await stored(store)).map(({ _id }) => _id)).toEqual([1, 2, 3, 4])
  })

  test("array filters go with a change", async () => {
    await store.insert(items, [{ _id: 9, list: [1, 5] }])
    await bulk([{ updateOne: { filter: { _id: 9 }, update: { $set: { "list.$[x]": 0 } }, arrayFilters: [{ x: { $gt: 2 } }] } }])
    expect((await stored(store)).at(-1)).toEqual({ _id: 9, list: [1, 0] })
  })

  test("counts add up, over the state that those before left", async () => {
    const operations = [
      { insertOne: { document: { _id: 4, n: 1 } } }, { updateMany: { filter: { n: 1 }, update: { $inc: { n: 1 } } } }, { updateMany: { filter: { n: 2 }, update: { $inc: { n: 1 } } } }, { deleteMany: { filter: { n: 3 } } }, { deleteOne: { filter: { n: 5 } } },
      { updateOne: { filter: { _id: 8 }, update: { $set: { n: 0 } }, upsert: true } }, { replaceOne: { filter: { _id: 9 }, replacement: {}, upsert: true } }, { insertOne: { document: { _id: 10 } } },
    ]
    expect(await bulk(operations)).toEqual({ insertedCount: 2, matchedCount: 6, modifiedCount: 6, deletedCount: 4, upsertedCount: 2 })
    expect(await stored(store)).toEqual([{ _id: 8, n: 0 }, { _id: 9 }, { _id: 10 }])
  })
})

describe("one that is refused undoes all", () => {
  const before = [{ _id: 1, n: 1 }, { _id: 2, n: 1 }, { _id: 3, n: 5 }]

  test.each<[string, unknown]>([
    ["insert", { insertOne: { document: { _id: 4, n: 9 } } }], ["update", { updateOne: { filter: { _id: 1 }, update: { $set: { n: 9 } } } }], ["update", { updateMany: { filter: {}, update: { $set: { n: 9 } } } }], ["update", { replaceOne: { filter: { _id: 1 }, replacement: { n: 9 } } }],
    ["delete", { deleteOne: { filter: { _id: 3 } } }], ["delete", { deleteMany: { filter: {} } }], ["insert", { updateOne: { filter: { _id: 7 }, update: { $set: { n: 9 } }, upsert: true } }],
  ])("%s: %j", async (kind, operation) => {
    const role = { read: true, write: { n: { $lt: 9 } }, delete: { n: { $lt: 5 } } }
    for (const operations of [[operation], [{ updateOne: { filter: { _id: 2 }, update: { $set: { n: 2 } } } }, operation], [{ insertOne: { document: { _id: 5, n: 1 } } }, operation]]) {
      await expect(bulk(operations, role)).rejects.toMatchObject({ code: "NoMatchingRuleFound", message: `${kind} not permitted` })
      expect(await stored(store)).toEqual(before)
    }
  })
})

describe("what is no bulk is refused", () => {
  test.each<[string, unknown]>([
    ["an object", {}], ["nothing", undefined], ["an operation that is a text", ["a"]], ["one that is null", [null]], ["one without a name", [{}]], ["one with two", [{ deleteOne: { filter: {} }, deleteMany: { filter: {} } }]], ["one that is unknown", [{ drop: {} }]],
    ["an insert of null", [{ insertOne: null }]], ["an insert of a list", [{ insertOne: [] }]], ["a deletion of nothing", [{ deleteOne: null }]], ["a change that is a text", [{ updateOne: "a" }]], ["a good one beside a bad one", [{ deleteOne: { filter: {} } }, 5]],
    ["a deletion without a predicate", [{ deleteMany: {} }]], ["a change without a predicate", [{ updateOne: { update: { $set: { a: 1 } } } }]], ["a change without a change", [{ updateOne: { filter: {} } }]], ["a replacement without one", [{ replaceOne: { filter: {} } }]],
  ])("%s", async (_name, operations) => {
    await expect(collectionWith().bulkWrite(operations as BulkOperation[])).rejects.toMatchObject({ name: "RequestError", code: "InvalidParameter" })
    expect(await stored(store)).toHaveLength(3)
  })

  test("with the name of an operation that is unknown", async () => {
    for (const operations of [[{ drop: {} }], [{ deleteOne: { filter: {} } }, { constructor: {} }]]) await expect(collectionWith().bulkWrite(operations as unknown as BulkOperation[])).rejects.toMatchObject({ code: "InvalidParameter", message: `unknown operation of \`bulkWrite\`: ${Object.keys(operations.at(-1) as object)[0]}` })
    expect(await stored(store)).toHaveLength(3)
  })

  test("of the system user too", async () => {
    const { service } = openWorld({ store })
    for (const operations of [{}, [null], [{ deleteOne: null }], [{ drop: {} }]]) await expect((async () => service.collection("mongodb-atlas", items, systemCaller).bulkWrite(operations as BulkOperation[]))()).rejects.toMatchObject({ code: "InvalidParameter" })
  })
})
