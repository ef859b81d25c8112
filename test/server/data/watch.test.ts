// Which events of a stream reach a user, event by event (specification of rules, 10 and 12).
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { defaultRuleSettings } from "../../../engine/index.ts"
import { ObjectId, type Document, type Value } from "../../../kernel/index.ts"
import type { ChangeEvent, GuardedCollection } from "../../../server/data/index.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../../../server/storage/embedded/index.ts"
import { callerOf, items, openWorld, type WorldOptions } from "./rules-world.ts"

let store: EmbeddedStore
let asked: unknown[]

beforeEach(() => {
  store = openEmbeddedStore({ file: ":memory:" })
  asked = []
})

afterEach(() => store.close())

type WatchOptions = Parameters<GuardedCollection["watch"]>[0]

function collectionWith(role: object, filters: readonly object[], events: readonly ChangeEvent[], more: Partial<WorldOptions>): GuardedCollection {
  Object.defineProperty(store, "watch", { configurable: true, value: async function* (_namespace: unknown, options: unknown) {
    asked.push(options)
    yield* events
  } })
  const { service, errors } = openWorld({ store, rules: { roles: [{ name: "r", apply_when: {}, ...role }], filters: filters.map((filter, index) => ({ name: `f${index}`, apply_when: {}, ...filter })) }, ...more })
  expect(errors).toEqual([])
  return service.collection("mongodb-atlas", items, callerOf())
}

interface Asked { readonly role?: object; readonly filters?: readonly object[]; readonly events?: readonly ChangeEvent[]; readonly more?: Partial<WorldOptions> }

/** The ids of the documents whose events are sent. */
async function sent(options: WatchOptions, { role = { read: true }, filters = [], events = all, more = {} }: Asked = {}): Promise<Value[]> {
  const ids: Value[] = []
  for await (const { documentKey } of collectionWith(role, filters, events, more).watch(options)) ids.push(documentKey["_id"])
  return ids
}

const event = (operationType: ChangeEvent["operationType"], document: Document, more: Partial<ChangeEvent> = {}): ChangeEvent => ({ _id: { _data: "1" }, ns: { db: "app", coll: "items" }, operationType, documentKey: { _id: document["_id"] }, ...more })
const inserted = (document: Document): ChangeEvent => event("insert", document, { fullDocument: document })
const id = new ObjectId()
const all = [inserted({ _id: 1, a: 1, b: 1 }), inserted({ _id: 2, a: 2 }), inserted({ _id: id, a: 1, c: { d: 1, e: 1 } })]

describe("ids", () => {
  test.each<[string, Value[] | undefined, Value[]]>([["none", undefined, [1, 2, id]], ["an empty list", [], []], ["some", [1, new ObjectId(id.toHexString())], [1, id]], ["others", ["1", String(id)], []]])("%s", async (_name, ids, expected) => {
    expect(await sent(ids === undefined ? {} : { ids })).toEqual(expected)
  })
})

describe("what is no question is refused before anything is opened", () => {
  test.each<[string, unknown]>([["ids that are an object", { ids: {} }], ["ids that are a text", { ids: "1" }], ["a filter that is a list", { filter: [] }], ["a filter that is null", { filter: null }], ["an operator of the system's", { filter: { "fullDocument.a": { $where: "1" } } }]])("%s", (_name, options) => {
    expect(() => collectionWith({ read: true }, [], all, {}).watch(options as WatchOptions)).toThrow(expect.objectContaining({ code: "InvalidParameter" }) as Error)
    expect(asked).toEqual([])
  })
})

test("a collection without rules is refused at the call", () => {
  const { service } = openWorld({ store })
  expect(() => service.collection("mongodb-atlas", items, callerOf()).watch({})).toThrow(expect.objectContaining({ code: "NoMatchingRuleFound" }) as Error)
})

test("a filter that the store does not understand is refused before its stream is opened", async () => {
  for (const filter of [{ $foo: 1 }, { "fullDocument.a": { $foo: 1 } }, { $and: {} }] as Document[]) await expect(sent({ filter }, { events: [] })).rejects.toMatchObject({ name: "StoreError", fault: "caller" })
  expect(asked).toEqual([])
})

test("the signal and the word that it is open go to the store", async () => {
  const [signal, onOpen] = [new AbortController().signal, () => undefined]
  await sent({ signal, onOpen } as WatchOptions)
  await sent({})
  expect(asked).toStrictEqual([{ signal, onOpen }, {}])
})

describe("filters of the rules", () => {
  test("ask for the document after the change", async () => {
    expect(await sent({}, { filters: [{ query: { a: 1 } }] })).toEqual([1, id])
    expect(await sent({}, { filters: [{ query: { a: 1 } }, { query: { b: { $exists: true } } }] })).toEqual([1])
    expect(await sent({}, { filters: [{ projection: { a: 1 } }] })).toEqual([1, 2, id])
  })

  test("that can match nothing let nothing through", async () => {
    const compared: unknown[] = []
    Object.defineProperty(store, "matches", { value: (_document: unknown, query: unknown) => compared.push(query) > 0 })
    expect(await sent({}, { filters: [{ query: { a: "%%user.custom_data.none" } }] })).toEqual([])
    expect(compared).toEqual([])
  })

  test("ask of a deletion for the document before, and are not sure without one", async () => {
    const gone = [event("delete", { _id: 1 }), event("delete", { _id: 2 }, { fullDocumentBeforeChange: { _id: 2, a: 1 } }), event("delete", { _id: 3 }, { fullDocumentBeforeChange: { _id: 3, a: 2 } })]
    expect(await sent({}, { events: gone })).toEqual([1, 2, 3])
    expect(await sent({}, { events: gone, filters: [{ query: { a: 1 } }] })).toEqual([2])
    expect(await sent({}, { events: gone, filters: [{ query: {} }] })).toEqual([1, 2, 3])
  })
})

describe("the filter of the request", () => {
  const some = { fields: { _id: { read: true }, a: { read: true }, c: { fields: { d: { read: true } } } } }

  test.each<[string, Document, Value[]]>([
    ["a readable field", { "fullDocument.a": 1 }, [1, id]], ["in reverse", { "fullDocument.a": { $ne: 1 } }, [2]], ["the kind of change", { operationType: "insert" }, [1, 2, id]], ["another kind", { operationType: "delete" }, []], ["the key", { "documentKey._id": 2 }, [2]], ["the `_id`", { "fullDocument._id": 2 }, [2]],
    ["a hidden field", { "fullDocument.b": 1 }, []], ["a hidden field in reverse", { "fullDocument.b": { $ne: 7 } }, []], ["the absence of a hidden field", { "fullDocument.b": { $exists: false } }, []], ["a hidden field among others", { $or: [{ "fullDocument.a": 1 }, { "fullDocument.b": 1 }] }, []],
    ["a nested field", { "fullDocument.c.d": 1 }, [id]], ["a hidden nested field", { "fullDocument.c.e": { $ne: 7 } }, []], ["the document as a whole", { fullDocument: { $ne: null } }, []], ["a name like it", { "fullDocumentKey": { $exists: false } }, [1, 2, id]],
  ])("%s", async (_name, filter, expected) => {
    expect(await sent({ filter }, { role: some })).toEqual(expected)
  })

  test("may not ask for a document as a whole that hides a field, whatever else is readable", async () => {
    const role = { fields: { b: { read: false } }, additional_fields: { read: true } }
    for (const filter of [{ fullDocument: { $ne: null } }, { fullDocument: { _id: 1, a: 1 } }]) expect(await sent({ filter }, { role })).toEqual([])
    expect(await sent({ filter: { "fullDocument.a": 1 } }, { role })).toEqual([1, id])
  })

  test("of a document that is readable whole asks whatever it will", async () => {
    expect(await sent({ filter: { fullDocument: { _id: 2, a: 2 } } })).toEqual([2])
    expect(await sent({ filter: { "fullDocument.b": { $exists: false } } })).toEqual([2, id])
  })

  test("sees the event as it is sent, under the setting for it too", async () => {
    const more: Partial<WorldOptions> = { settings: { rules: { ...defaultRuleSettings, queryOnUnreadable: "match" } } }
    expect(await sent({ filter: { "fullDocument.b": { $exists: false } } }, { role: some, more })).toEqual([1, 2, id])
    expect(await sent({ filter: { "fullDocument.b": 1 } }, { role: some, more })).toEqual([])
  })

  test("of a deletion without a document asks for the key and the kind", async () => {
    const gone = [event("delete", { _id: 1 }), event("delete", { _id: 2 })]
    expect(await sent({ filter: { operationType: "delete", "documentKey._id": 2 } }, { events: gone })).toEqual([2])
    expect(await sent({ filter: { "fullDocument.a": 1 } }, { events: gone })).toEqual([])
  })
})

test("a stream is a line of the log when it ends, with the documents each role met and the fields it left out", async () => {
  const entries: unknown[] = []
  const role = { apply_when: { a: 1 }, fields: { c: {} }, additional_fields: { read: true } }
  await sent({ ids: [1, 2, id] }, { role, more: { log: (entry) => entries.push(entry) } })
  expect(entries).toEqual([{ operation: "watch", namespace: items, metrics: { roles: { r: { matchingDocuments: 2, evaluatedFields: 6, discardedFields: 1 } }, noMatchingRole: 1 } }])
})

describe("projections of filters", () => {
  const document: Document = { _id: 1, a: 1, secret: 2, in: { x: 1, y: 2 }, list: [{ k: 1, s: 2 }] }
  const changed = (updatedFields: Document, removedFields: string[] = [], more: Document = {}): ChangeEvent => event("update", document, { fullDocument: document, updateDescription: { updatedFields, removedFields, ...more } })
  const shown = async (projections: readonly Document[], of: ChangeEvent, options: WatchOptions = {}, role: object = { read: true }): Promise<Partial<ChangeEvent>[]> => {
    const events: Partial<ChangeEvent>[] = []
    for await (const { _id, ns: _ns, operationType: _kind, ...rest } of collectionWith(role, projections.map((projection) => ({ projection })), [of], {}).watch(options)) events.push(rest)
    return events
  }
  const documentKey = { _id: 1 }

  test.each<[string, Document[], Document]>([
    ["that exclude", [{ secret: 0, "in.y": 0, "list.s": 0 }], { _id: 1, a: 1, in: { x: 1 }, list: [{ k: 1 }] }], ["that include", [{ a: 1, in: { x: 1 } }], { _id: 1, a: 1, in: { x: 1 } }], ["one after the other", [{ a: 1, in: 1 }, { in: { x: 1 } }], { _id: 1, in: { x: 1 } }], ["that leave out the `_id`", [{ _id: 0, a: 1 }], { a: 1 }],
  ])("%s shape the document", async (_name, projections, fullDocument) => {
    expect(await shown(projections, inserted(document))).toEqual([{ documentKey, fullDocument }])
    expect(await shown(projections, event("delete", document, { fullDocumentBeforeChange: document }))).toEqual([{ documentKey }])
  })

  test.each<[string, Document, string[], Document | undefined]>([
    ["a field", { a: 1, secret: 2 }, [], { updatedFields: { a: 1 }, removedFields: [] }], ["a field that went", { a: 1 }, ["secret", "b"], { updatedFields: { a: 1 }, removedFields: ["b"] }], ["a part of a field", { "in.x": 1, "in.y": 2, "list.0.k": 1, "list.0.s": 2 }, ["list.0.s", "in.z"], { updatedFields: { "in.x": 1, "list.0.k": 1 }, removedFields: ["in.z"] }],
    ["an element by the number of a field", { "in.0": 1 }, [], { updatedFields: { "in.0": 1 }, removedFields: [] }], ["all of it", { secret: 2 }, [], undefined], ["what is below a field", { in: { x: 1, y: 2 }, list: [{ k: 1, s: 2 }], "list.0": { k: 1, s: 2 } }, [], { updatedFields: { in: { x: 1 }, list: [{ k: 1 }], "list.0": { k: 1 } }, removedFields: [] }], ["a name with `__proto__`", { a: 1, "__proto__.x": 1 }, [], { updatedFields: { a: 1, "__proto__.x": 1 }, removedFields: [] }],
  ])("leave out of a description %s", async (_name, updatedFields, removedFields, left) => {
    const found = await shown([{ secret: 0, "in.y": 0, "list.s": 0 }], changed(updatedFields, removedFields))
    expect(found.map(({ updateDescription }) => updateDescription)).toEqual(left === undefined ? [] : [left])
  })

  test("leave of a description what they include, and no field under another name", async () => {
    const description = (found: Partial<ChangeEvent>[]): unknown => found.map(({ updateDescription }) => updateDescription?.["updatedFields"])
    expect(description(await shown([{ a: 1, "list.k": 1 }], changed({ a: 1, secret: 2, "list.0.k": 1, "list.0.s": 1 })))).toEqual([{ a: 1, "list.0.k": 1 }])
    expect(description(await shown([{ a: "$secret" }], changed({ a: 1, secret: 2 })))).toEqual([])
    expect(await shown([], changed({ secret: 2 }, [], { disambiguatedPaths: {} }))).toEqual([{ documentKey, fullDocument: document, updateDescription: { updatedFields: { secret: 2 }, removedFields: [], disambiguatedPaths: {} } }])
  })

  test("come on top of what a role hides, and leave the client's filter to ask for what they hide", async () => {
    const role = { fields: { a: {} }, additional_fields: { read: true } }
    expect(await shown([{ secret: 0 }], changed({ a: 1, secret: 2, in: { x: 1 } }), {}, role)).toEqual([{ documentKey, fullDocument: { _id: 1, in: { x: 1, y: 2 }, list: [{ k: 1, s: 2 }] }, updateDescription: { updatedFields: { in: { x: 1 } }, removedFields: [] } }])
    expect(await shown([{ secret: 0 }], inserted({ _id: 1, secret: 2 }), { filter: { "fullDocument.secret": 2 } })).toEqual([{ documentKey, fullDocument: { _id: 1 } }])
    expect(await shown([{ secret: 0 }], inserted({ _id: 1, secret: 2 }), { filter: { "fullDocument.secret": 3 } })).toEqual([])
  })

  test("that contradict each other fail the stream before it is opened", async () => {
    await expect(shown([{ a: 1 }, { secret: 0 }], inserted(document))).rejects.toMatchObject({ code: "InvalidParameter" })
    expect(asked).toEqual([])
  })
})
