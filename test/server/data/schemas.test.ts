// A collection's schema at work: functions in a `validate` (specification of rules, 3.2 and 13).
import { afterEach, beforeEach, expect, test } from "vitest"
import type { Value } from "../../../kernel/index.ts"
import type { ExplainingDataService, GuardedCollection } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, openWorld, stored } from "./rules-world.ts"

let store: EmbeddedStore
let made: unknown[]

beforeEach(() => {
  store = openEmbeddedStore({ file: ":memory:" })
  made = []
})

afterEach(() => store.close())

const even = { "%%true": { "%function": { name: "isEven", arguments: ["%%this"] } } }
const schema = { bsonType: "object", properties: { n: { bsonType: "int", validate: even }, m: { bsonType: "int", validate: { "%or": [{ "%%this": 1 }, even] } } } }

function serviceWith(): ExplainingDataService {
  const call = async (_name: string, [argument]: readonly Value[]): Promise<Value> => made.push(argument) > 0 && Number(argument) % 2 === 0
  return openWorld({ store, rules: { roles: [{ name: "r", apply_when: {}, write: true }] }, schema, functions: { call } }).service
}

const collectionWith = (): GuardedCollection => serviceWith().collection("mongodb-atlas", items, callerOf())
const refused = { code: "SchemaValidationFailedWrite", status: 400 }

test("a function that a `validate` asks decides", async () => {
  await collectionWith().insertOne({ _id: 1, n: 2, m: 4 })
  await collectionWith().updateOne({ _id: 1 }, { $set: { n: 6 } })
  for (const document of [{ n: 3, m: 1 }, { n: 3, m: 3 }, { n: 2, m: 3 }]) await expect(collectionWith().insertOne(document)).rejects.toMatchObject({ ...refused, message: "insert not permitted" })
  await expect(collectionWith().updateOne({ _id: 1 }, { $set: { n: 5 } })).rejects.toMatchObject({ ...refused, message: "update not permitted" })
  expect(await stored(store)).toEqual([{ _id: 1, n: 6, m: 4 }])
})

test("it is asked once for a value, and not where something cheaper decides", async () => {
  await collectionWith().insertMany([{ n: 2, m: 1 }, { n: 2, m: 1 }, { n: 4, m: 1 }])
  expect(made).toEqual([2, 4])
})

test("an explanation asks it too", async () => {
  const explained = async (n: number): Promise<unknown> => serviceWith().explain("mongodb-atlas", items, callerOf(), { operation: "insert", document: { n, m: 1 } })
  expect(await explained(2)).toMatchObject({ decision: { outcome: "granted" }, schema: [] })
  expect(await explained(3)).toMatchObject({ decision: { outcome: "refused", because: "schema-refuses", field: "n" }, schema: [{ field: "n", kind: "validate" }] })
})
