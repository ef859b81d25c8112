// What the findOneAnd… operations give back, and what a write counts and logs (specification of rules, 10 and 11).
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { Decimal128, Double, Long, ObjectId, type Document, type Value } from "../../../kernel/index.ts"
import type { DataLogEntry, FindAndChangeOptions, GuardedCollection, RuleFunctions } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, openWorld, stored, type WorldOptions } from "./rules-world.ts"

let store: EmbeddedStore
let entries: DataLogEntry[]

beforeEach(async () => {
  store = openEmbeddedStore({ file: ":memory:" })
  entries = []
  await store.insert(items, [{ _id: 1, n: 1, secret: 5 }, { _id: 2, n: 2 }])
})

afterEach(() => store.close())

function collectionWith(role: object = { write: true }, filters: readonly object[] = [], more: Partial<WorldOptions> = {}): GuardedCollection {
  const { service, errors } = openWorld({ store, rules: { roles: [{ name: "r", apply_when: {}, ...role }], filters: filters.map((filter, index) => ({ name: `f${index}`, apply_when: {}, ...filter })) }, log: (entry) => void entries.push(entry), ...more })
  expect(errors).toEqual([])
  return service.collection("mongodb-atlas", items, callerOf())
}

const set = { $set: { n: 9 } }
const cut = { fields: { _id: { read: true }, n: { write: true } } }

describe("the image", () => {
  test("is that before the change, and after it where that is asked for", async () => {
    expect(await collectionWith().findOneAndUpdate({ _id: 1 }, set)).toEqual({ _id: 1, n: 1, secret: 5 })
    expect(await collectionWith().findOneAndUpdate({ _id: 1 }, { $inc: { n: 1 } }, { returnNewDocument: true })).toEqual({ _id: 1, n: 10, secret: 5 })
    expect(await collectionWith().findOneAndReplace({ _id: 1 }, { n: 3 })).toEqual({ _id: 1, n: 10, secret: 5 })
    expect(await collectionWith().findOneAndReplace({ _id: 1 }, { n: 4 }, { returnNewDocument: true })).toEqual({ _id: 1, n: 4 })
    expect(await collectionWith().findOneAndDelete({ _id: 1 })).toEqual({ _id: 1, n: 4 })
    expect(await stored(store)).toEqual([{ _id: 2, n: 2 }])
  })

  test("is of the first in order, and null where nothing matches", async () => {
    expect(await collectionWith().findOneAndUpdate({}, set, { sort: { n: -1 } })).toEqual({ _id: 2, n: 2 })
    expect(await collectionWith().findOneAndDelete({}, { sort: { _id: -1 } })).toEqual({ _id: 2, n: 9 })
    expect([await collectionWith().findOneAndUpdate({ _id: 7 }, set), await collectionWith().findOneAndReplace({ _id: 7 }, {}), await collectionWith().findOneAndDelete({ _id: 7 })]).toEqual([null, null, null])
    expect(await stored(store)).toEqual([{ _id: 1, n: 1, secret: 5 }])
  })

  test.each<[string, FindAndChangeOptions]>([
    ["includes and excludes", { projection: { n: 1, secret: 0 } }], ["has an unknown operator", { projection: { n: { $no: 1 } } }], ["fails over the document", { projection: { n: { $divide: ["$n", "x"] } } }],
    ["fails over the new document", { projection: { n: { $divide: ["$n", "x"] } }, returnNewDocument: true }], ["names an element that the new document has not", { projection: { "list.$": 1 }, returnNewDocument: true }],
  ])("that cannot be made, as its projection %s, leaves the document as it was", async (_name, options) => {
    await store.insert(items, [{ _id: 3, n: 3, list: [1] }])
    await expect(collectionWith().findOneAndUpdate({ list: 1 }, { $set: { n: 9, list: [2] } }, options)).rejects.toMatchObject({ name: "StoreError" })
    await expect(collectionWith().findOneAndReplace({ list: 1 }, { n: 9, list: [2] }, options)).rejects.toMatchObject({ name: "StoreError" })
    await expect(collectionWith().findOneAndUpdate({ _id: 7 }, { $set: { n: "x" } }, { projection: { n: { $divide: ["$n", 1] } }, returnNewDocument: true, upsert: true })).rejects.toMatchObject({ name: "StoreError" })
    if (options.returnNewDocument !== true) await expect(collectionWith().findOneAndDelete({ list: 1 }, options)).rejects.toMatchObject({ name: "StoreError" })
    expect(await stored(store)).toEqual([{ _id: 1, n: 1, secret: 5 }, { _id: 2, n: 2 }, { _id: 3, n: 3, list: [1] }])
  })

  test("of an upsert is null before, and the new document after", async () => {
    expect(await collectionWith().findOneAndUpdate({ _id: 7 }, set, { upsert: true })).toBeNull()
    expect(await collectionWith().findOneAndUpdate({ _id: 8 }, set, { upsert: true, returnNewDocument: true })).toEqual({ _id: 8, n: 9 })
    expect(await collectionWith().findOneAndReplace({ _id: 9 }, { n: 1 }, { upsert: true, returnNewDocument: true })).toEqual({ _id: 9, n: 1 })
    expect((await stored(store)).map(({ _id }) => _id)).toEqual([1, 2, 7, 8, 9])
  })

  test("is cut by the role, then by the filters, then by the request", async () => {
    expect(await collectionWith(cut).findOneAndUpdate({ _id: 1 }, set, { returnNewDocument: true })).toEqual({ _id: 1, n: 9 })
    expect(await collectionWith({ write: true }, [{ projection: { secret: 0 } }]).findOneAndUpdate({ _id: 1 }, set)).toEqual({ _id: 1, n: 9 })
    expect(await collectionWith({ write: true }, [{ projection: { secret: 0 } }]).findOneAndUpdate({ _id: 1 }, set, { projection: { secret: 1, n: 1, _id: 0 } })).toEqual({ n: 9 })
    expect(await collectionWith({ write: true }, []).findOneAndDelete({ _id: 1 }, { projection: { n: 1, _id: 0 } })).toEqual({ n: 9 })
  })

  test("is that of its own role: hidden before or after is null", async () => {
    const shownWhile = (n: number): object => ({ read: { n }, additional_fields: { write: true } })
    const byField = (n: number): object => ({ document_filters: { read: { n }, write: { _id: { $exists: true } } }, fields: { n: { write: true } }, additional_fields: {} })
    expect(await collectionWith(shownWhile(1)).findOneAndUpdate({ _id: 1 }, set, { returnNewDocument: true })).toBeNull()
    expect(await collectionWith(byField(9)).findOneAndUpdate({ _id: 1 }, { $set: { n: 3 } })).toEqual({ n: 9 })
  })

  test.each<[string, object]>([["a projection that is a list", { projection: [] }], ["a sort that is a text", { sort: "a" }], ["an operator of the system's in a projection", { projection: { a: { $function: {} } } }]])("%s is refused, and nothing is written", async (_name, options) => {
    for (const ask of [() => collectionWith().findOneAndUpdate({}, set, options), () => collectionWith().findOneAndReplace({}, {}, options), () => collectionWith().findOneAndDelete({}, options)]) await expect(ask()).rejects.toMatchObject({ code: "InvalidParameter" })
    expect(await stored(store)).toEqual([{ _id: 1, n: 1, secret: 5 }, { _id: 2, n: 2 }])
  })
})

test("what is written is counted, and on request only what that changed", async () => {
  const change = { $max: { n: 2 } }
  expect(await collectionWith().updateMany({}, change, { countChanged: true })).toEqual({ matchedCount: 2, modifiedCount: 1 })
  expect(await collectionWith().updateMany({}, change, { countChanged: true })).toEqual({ matchedCount: 2, modifiedCount: 0 })
  expect(await collectionWith().updateMany({}, change)).toEqual({ matchedCount: 2, modifiedCount: 2 })
  expect(await collectionWith().updateOne({ _id: 1 }, { $set: { n: new Double(2) } }, { countChanged: true })).toEqual({ matchedCount: 1, modifiedCount: 1 })
  expect(await collectionWith().replaceOne({ _id: 2 }, { n: 2 }, { countChanged: true })).toEqual({ matchedCount: 1, modifiedCount: 0 })
})

test("updateOne and deleteOne write one document, updateMany and deleteMany all", async () => {
  expect(await collectionWith().updateOne({}, set)).toEqual({ matchedCount: 1, modifiedCount: 1 })
  expect(await collectionWith().updateMany({}, set)).toEqual({ matchedCount: 2, modifiedCount: 2 })
  expect(await collectionWith().replaceOne({}, { n: 0 })).toEqual({ matchedCount: 1, modifiedCount: 1 })
  expect(await stored(store)).toEqual([{ _id: 1, n: 0 }, { _id: 2, n: 9 }])
  expect(await collectionWith().deleteOne({})).toEqual({ deletedCount: 1 })
  await store.insert(items, [{ _id: 3 }])
  expect(await collectionWith().deleteMany({})).toEqual({ deletedCount: 2 })
})

test("distinct values are those that differ as values, in the order they were met, whoever collects them", async () => {
  const [id, other] = [new ObjectId(), new ObjectId()]
  const values: Value[] = [2, new Double(2), Long.fromNumber(2), Decimal128.fromString("2.0"), 3, "2", "b", "b", "a", null, true, false, true, new Date(2), new Date(2), new Date(1), id, new ObjectId(id.toHexString()), other, { a: 1 }, { a: 1 }, { a: 2 }, { b: 1 }, { toString: 1, valueOf: 1 }]
  await store.insert(items, values.map((value, index): Document => ({ _id: 100 + index, value })))
  const expected: Value[] = [2, 3, "2", "b", "a", null, true, false, new Date(2), new Date(1), id, other, { a: 1 }, { a: 2 }, { b: 1 }, { toString: 1, valueOf: 1 }]
  const field = { fields: { value: { read: { "%%this": { $exists: true } } }, _id: { read: true } } }
  for (const role of [field, { read: true }]) expect(await collectionWith(role).distinct("value", {})).toEqual(expected)
})

test("distinct values of a path through a list are those of all its documents, and lists in it are values", async () => {
  await store.insert(items, [{ _id: 3, list: [{ other: 1 }, { k: 2 }, 5, { k: [[1], [Decimal128.fromString("1.0")], [2]] }] }])
  for (const role of [{ read: true }, { fields: { list: { read: true }, _id: { read: true } } }]) expect(await collectionWith(role).distinct("list.k", {})).toEqual([2, [1], [2]])
})

describe("the log of a refusal", () => {
  test("names the first field that forbids: what is changed before what is named, and what stands in the database's way", async () => {
    const role = { fields: { _id: { read: true }, n: { read: true }, secret: {}, other: {} } }
    for (const update of [{ $set: { secret: 5, n: 2 } }, { $set: { secret: 5, other: 1 } }, { $set: { secret: 5 } }, { $inc: { "secret.a": 1, "other.a": 1 } }]) await expect(collectionWith(role).updateOne({ _id: 1 }, update)).rejects.toMatchObject({ code: "NoMatchingRuleFound" })
    await expect(collectionWith({ fields: { ...role.fields, n: { read: true, write: true } }, document_filters: { read: true, write: { n: 1 } } }).updateOne({ _id: 1 }, { $set: { n: 2, secret: 5 } })).rejects.toMatchObject({ code: "NoMatchingRuleFound" })
    expect(entries.map(({ refused }) => refused?.reason)).toEqual(["field-forbids (role `r`) at field `n`", "field-forbids (role `r`) at field `other`", "field-forbids (role `r`) at field `secret`", "field-forbids (role `r`) at field `secret.a`", "gate-refuses (role `r`)"])
  })

  test("says why, once, where a role refuses; another failure is no refusal", async () => {
    await expect(collectionWith({ read: true }).updateOne({ _id: 1 }, set)).rejects.toMatchObject({ code: "NoMatchingRuleFound" })
    await expect(collectionWith().insertOne({ _id: 1 })).rejects.toMatchObject({ code: "duplicate-key" })
    expect(entries).toEqual([{ operation: "updateOne", namespace: items, metrics: expect.anything() as unknown, refused: { code: "NoMatchingRuleFound", reason: "field-forbids (role `r`) at field `n`" } }])
  })
})

test("a schema's refusal tells the place and the kind in the log", async () => {
  const collection = collectionWith({ write: true }, [], { schema: { required: ["title"], minProperties: 3 } })
  await expect(collection.insertOne({ n: 1 })).rejects.toMatchObject({ code: "SchemaValidationFailedWrite", message: "insert not permitted" })
  expect(entries).toMatchObject([{ operation: "insertOne", refused: { code: "SchemaValidationFailedWrite", reason: "title: required; (root): array_min_properties" } }])
})

test("a refusal without a role or a field says so little", async () => {
  await expect(collectionWith({ apply_when: false }).insertOne({ n: 1 })).rejects.toBeDefined()
  await expect(collectionWith({ write: false }).updateOne({ _id: 1 }, set)).resolves.toEqual({ matchedCount: 0, modifiedCount: 0 })
  await expect(collectionWith({ read: true, write: false }).updateOne({ _id: 1 }, set)).rejects.toBeDefined()
  expect(entries.map(({ refused }) => refused?.reason)).toEqual(["no-role-applies", undefined, "role-forbids (role `r`)"])
})

test("what only the system user may use is named", async () => {
  await expect(collectionWith().find({ a: { $where: "1" } }).toArray()).rejects.toThrow("unknown top level operator: $where")
  await expect(collectionWith().aggregate([{ $lookup: {} }]).toArray()).rejects.toThrow("unknown stage: $lookup")
  await expect(collectionWith().aggregate([{ $project: { a: "$$USER_ROLES" } }]).toArray()).rejects.toThrow("unknown variable: $$USER_ROLES")
})

describe("calls of rules", () => {
  const call = (name: string, ...args: unknown[]): object => ({ "%%true": { "%function": { name, arguments: args } } })
  const counting = (answer: (name: string, argument: Value) => Value): { readonly made: unknown[]; readonly functions: RuleFunctions } => {
    const made: unknown[] = []
    return { made, functions: { call: async (name, args) => {
      made.push([name, ...args])
      return answer(name, args[0])
    } } }
  }

  test("a call that the user alone decides is made once for a request, over all its documents and permissions", async () => {
    const { made, functions } = counting(() => true)
    const role = { apply_when: call("may"), document_filters: { read: call("may"), write: call("may") }, read: call("may"), write: call("may") }
    expect(await collectionWith(role, [], { functions }).updateMany({}, set)).toEqual({ matchedCount: 2, modifiedCount: 2 })
    expect(made).toEqual([["may"]])
  })

  test("calls over the document are made for what differs, and where nothing cheaper decides", async () => {
    const { made, functions } = counting((_name, argument) => argument === 1)
    expect(await collectionWith({ read: { $or: [{ n: 2 }, call("isOne", "%%root.n")] } }, [], { functions }).find({}).toArray()).toHaveLength(2)
    expect(made).toEqual([["isOne", 1]])
  })

  test("one that an item wants is not made where another item decides", async () => {
    await store.insert(items, [{ _id: 3, list: [{ ok: false }, { ok: true }] }])
    const { made, functions } = counting(() => true)
    const role = { read: { list: { $elemMatch: { $or: [{ ok: true }, call("may", "%%root._id")] } } } }
    expect(await collectionWith(role, [], { functions }).find({ _id: 3 }).toArray()).toHaveLength(1)
    expect(made).toEqual([])
  })

  test("a write asks them of the document as it shall be", async () => {
    const { made, functions } = counting((_name, argument) => argument === 9)
    const role = { read: true, write: call("isNine", "%%root.n") }
    expect(await collectionWith(role, [], { functions }).updateOne({ _id: 1 }, set)).toEqual({ matchedCount: 1, modifiedCount: 1 })
    await expect(collectionWith(role, [], { functions }).updateOne({ _id: 1 }, { $set: { n: 8 } })).rejects.toMatchObject({ message: "update not permitted" })
    await collectionWith(role, [], { functions }).insertOne({ _id: 3, n: 9 })
    expect(made).toContainEqual(["isNine", 9])
  })

  test("one that gives nothing is undetermined, and so is its reverse", async () => {
    const { functions } = counting(() => undefined)
    expect(await collectionWith({ read: call("may") }, [], { functions }).find({}).toArray()).toEqual([])
    expect(await collectionWith({ read: { $not: call("may") } }, [], { functions }).find({}).toArray()).toEqual([])
  })

  test("a filter asks one too, and one that fails lets it apply", async () => {
    const { functions } = counting((name) => name === "yes")
    const counted = async (name: string): Promise<number> => collectionWith({ read: true }, [{ apply_when: call(name), query: { n: 1 } }], { functions }).count({})
    expect([await counted("yes"), await counted("no")]).toEqual([1, 2])
    expect(await collectionWith({ read: true }, [{ apply_when: call("x"), query: { n: 1 } }]).count({})).toBe(1)
  })

  test("exactly as many as the limit are allowed", async () => {
    const { functions } = counting(() => true)
    const role = { read: call("may", "%%root._id") }
    expect(await collectionWith(role, [], { functions, settings: { maxRuleCalls: 2 } }).find({}).toArray()).toHaveLength(2)
    await expect(collectionWith(role, [], { functions, settings: { maxRuleCalls: 1 } }).find({}).toArray()).rejects.toMatchObject({ code: "InvalidParameter" })
  })

  test("each is made one deeper than its request", async () => {
    const depths: unknown[] = []
    const functions: RuleFunctions = { call: async (_name, _args, caller) => depths.push(caller.ruleDepth) > 0 }
    await collectionWith({ read: call("may") }, [], { functions }).find({}).toArray()
    const { service } = openWorld({ store, rules: { roles: [{ name: "r", apply_when: {}, read: call("may") }] }, functions })
    await service.collection("mongodb-atlas", items, { ...callerOf(), ruleDepth: 2 }).find({}).toArray()
    expect(depths).toEqual([1, 3])
  })
})
