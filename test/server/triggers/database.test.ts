// Database triggers on the embedded store: events, options, places, what suspends them (admin and triggers, 11).
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { Long, ObjectId, Timestamp, type Document } from "../../../kernel/index.ts"
import { StoreError, type Store, type StreamOptions, type Namespace } from "../../../server/data/index.ts"
import { databaseTrigger, embeddedWorld, gate, quiet, thrown, unavailable, until, type World } from "./world.ts"

let world: World
beforeEach(async () => {
  world = await embeddedWorld()
})
afterEach(() => world.close())

const orders: Namespace = { database: "app", collection: "orders" }
const insert = (...documents: Document[]) => world.store.insert(orders, documents)
const keysOf = (events: readonly Document[]): unknown[] => events.map((event) => (event["documentKey"] as Document)["_id"])

describe("events", () => {
  test("of every operation arrive in order with the parts that are documented", async () => {
    const { guests } = await world.begin([databaseTrigger("all", "orders")])
    const _id = new ObjectId()
    await insert({ _id, status: "open", n: 1 })
    await world.store.update(orders, { _id }, { $set: { status: "paid" }, $unset: { n: 1 } }, { many: false })
    await world.store.replace(orders, { _id }, { status: "sent" })
    await world.store.delete(orders, { _id }, { many: false })
    await world.store.insert({ ...orders, collection: "others" }, [{ _id: 1 }])
    await until(() => guests.ended.length === 4)
    const common = { _id: { _data: expect.any(String) }, ns: { db: "app", coll: "orders" }, documentKey: { _id }, clusterTime: expect.any(Timestamp) }
    expect(guests.events).toEqual([
      { ...common, operationType: "insert", fullDocument: { _id, status: "open", n: 1 } },
      { ...common, operationType: "update", updateDescription: { updatedFields: { status: "paid" }, removedFields: ["n"], truncatedArrays: [] } },
      { ...common, operationType: "replace", fullDocument: { _id, status: "sent" } },
      { ...common, operationType: "delete" },
    ])
    expect(guests.calls[0]).toMatchObject({ name: "onall", via: "database-trigger", caller: "system", logFields: { event_subscription_name: "all" } })
  })

  test("carry the document after an update, and before a change, where asked", async () => {
    const { guests } = await world.begin([databaseTrigger("all", "orders", { full_document: true, full_document_before_change: true })])
    await insert({ _id: 1, a: 1 })
    await world.store.update(orders, { _id: 1 }, { $inc: { a: 1 } }, { many: false })
    await world.store.delete(orders, { _id: 1 }, { many: false })
    await until(() => guests.ended.length === 3)
    expect(guests.events.map(({ fullDocument, fullDocumentBeforeChange }) => [fullDocument, fullDocumentBeforeChange])).toEqual([
      [{ _id: 1, a: 1 }, undefined], [{ _id: 1, a: 2 }, { _id: 1, a: 1 }], [undefined, { _id: 1, a: 2 }],
    ])
  })

  test("are chosen by operation type and `match`, and cut by `project`", async () => {
    const { guests } = await world.begin([
      databaseTrigger("paid", "orders", { operation_types: ["UPDATE"], match: { "updateDescription.updatedFields.status": "paid", operationType: { $in: ["update", "insert"] } }, project: { _id: 0, documentKey: 1 } }),
      databaseTrigger("large", "orders", { match: { $or: [{ "fullDocument.total": { $gt: 0 } }, { "fullDocument.name": { $regex: "^x" } }] }, project: { ns: 0, clusterTime: 0, _id: 0 } }),
    ])
    await insert({ _id: 1, status: "paid", total: 0 }, { _id: 2, total: 5 }, { _id: 3, name: "xyz" })
    await world.store.update(orders, { _id: 1 }, { $set: { status: "paid too" } }, { many: false })
    await world.store.update(orders, { _id: 1 }, { $set: { status: "paid" } }, { many: false })
    await until(() => guests.ended.length === 3)
    await quiet()
    expect(guests.ended.filter(({ name }) => name === "onpaid").map(({ args }) => args)).toEqual([[{ operationType: "update", documentKey: { _id: 1 } }]])
    expect(guests.ended.filter(({ name }) => name === "onlarge").map(({ args }) => args[0])).toEqual([
      { operationType: "insert", documentKey: { _id: 2 }, fullDocument: { _id: 2, total: 5 } }, { operationType: "insert", documentKey: { _id: 3 }, fullDocument: { _id: 3, name: "xyz" } },
    ])
  })

  test("are cut below a field as by its path, by projections of both kinds", async () => {
    const { guests, logged } = await world.begin([
      databaseTrigger("without", "orders", { project: { _id: 0, ns: 0, clusterTime: 0, fullDocument: { secret: 0, inner: { b: Long.fromNumber(0) } } } }),
      databaseTrigger("with", "orders", { project: { _id: 0, fullDocument: { inner: { b: true } } } }),
    ])
    await insert({ _id: 1, secret: "s", inner: { a: 1, b: 2 } })
    await until(() => guests.ended.length === 2)
    expect(Object.fromEntries(guests.ended.map(({ name, args }) => [name, args[0]]))).toEqual({
      onwithout: { operationType: "insert", documentKey: { _id: 1 }, fullDocument: { _id: 1, inner: { a: 1 } } }, onwith: { operationType: "insert", fullDocument: { inner: { b: 2 } } },
    })
    expect(logged.filter((line) => line.startsWith("trigger-suspended"))).toEqual([])
  })

  test("run one at a time in order, spent when the function throws, kept while none can run", async () => {
    const { guests } = await world.begin([databaseTrigger("all", "orders")])
    guests.respond = (_call, attempt) => (attempt === 1 ? Promise.reject(thrown()) : attempt < 4 ? Promise.reject(unavailable()) : undefined)
    await insert({ _id: 1 }, { _id: 2 }, { _id: 3 })
    await until(() => guests.ended.length === 5)
    expect(keysOf(guests.events)).toEqual([1, 2, 2, 2, 3])
    expect(guests.most).toBe(1)
  })

  test("run side by side where unordered, up to the cap", async () => {
    const { guests } = await world.begin([databaseTrigger("all", "orders", { unordered: true })], { settings: { concurrency: 4 } })
    const open = gate()
    guests.respond = () => open.passed
    await insert(...Array.from({ length: 10 }, (_, at) => ({ _id: at })))
    await until(() => guests.calls.length === 4)
    await quiet()
    expect(guests.calls).toHaveLength(4)
    open.open()
    await until(() => guests.ended.length === 10)
    expect(guests.most).toBe(4)
    expect(new Set(keysOf(guests.events)).size).toBe(10)
  })

  test("of a whole database, and of all but the server's own, are those of each collection there", async () => {
    const { guests, logged } = await world.begin([
      databaseTrigger("database", "", { operation_types: ["INSERT", "CREATE_COLLECTION"] }), databaseTrigger("everything", "", { database: "", operation_types: ["INSERT"] }),
    ])
    await insert({ _id: 1 })
    await world.store.insert({ ...orders, collection: "later" }, [{ _id: 2 }])
    await world.store.insert({ database: "elsewhere", collection: "c" }, [{ _id: 3 }])
    await until(() => guests.ended.length === 5)
    await quiet()
    const seen = (name: string) => guests.ended.filter((call) => call.name === name).map(({ args }) => (args[0] as Document)["ns"])
    expect(seen("ondatabase")).toEqual([{ db: "app", coll: "orders" }, { db: "app", coll: "later" }])
    expect(seen("oneverything")).toEqual([{ db: "app", coll: "orders" }, { db: "app", coll: "later" }, { db: "elsewhere", coll: "c" }])
    expect(logged).toContain("trigger-operation-unsupported")
    expect(await world.store.listCollections("app")).toEqual(["later", "orders"])
  })

  test("a thousand inserts are a thousand calls in order", async () => {
    const { guests } = await world.begin([databaseTrigger("all", "orders")])
    for (let at = 0; at < 10; at++) await insert(...Array.from({ length: 100 }, (_, each) => ({ _id: at * 100 + each })))
    await until(() => guests.ended.length === 1000, Boolean, 10_000)
    expect(keysOf(guests.events)).toEqual(Array.from({ length: 1000 }, (_, at) => at))
  })
})

describe("the place in the stream", () => {
  test("is there before the first event, so that nothing is lost when the process ends", async () => {
    const first = await world.begin([databaseTrigger("all", "orders")])
    await first.triggers.close()
    await insert({ _id: 1 }, { _id: 2 })
    const { guests } = await world.begin([databaseTrigger("all", "orders")])
    await until(() => guests.ended.length === 2)
    expect(keysOf(guests.events)).toEqual([1, 2])
  })

  test("is after the last event that ended, whatever `project` leaves of it", async () => {
    const trigger = databaseTrigger("all", "orders", { project: { _id: 0, documentKey: 1 } })
    const first = await world.begin([trigger])
    const third = gate()
    first.guests.respond = (_call, attempt) => (attempt === 3 ? third.passed : undefined)
    await insert({ _id: 1 }, { _id: 2 }, { _id: 3 }, { _id: 4 })
    await until(() => first.guests.calls.length === 3)
    const closed = first.triggers.close()
    third.open()
    await closed
    expect(first.guests.ended).toHaveLength(3)
    const { guests } = await world.begin([trigger])
    await until(() => guests.ended.length === 1)
    await quiet()
    expect(keysOf(guests.events)).toEqual([4])
  })

  test("of an unordered trigger is before the first event that has not ended", async () => {
    const trigger = databaseTrigger("all", "orders", { unordered: true })
    const first = await world.begin([trigger], { settings: { graceMs: 50 } })
    const never = gate()
    first.guests.respond = (_call, attempt) => (attempt === 2 ? never.passed : undefined)
    await insert({ _id: 1 }, { _id: 2 }, { _id: 3 })
    await until(() => first.guests.ended.length === 2)
    await first.triggers.close()
    const { guests } = await world.begin([trigger])
    await until(() => guests.ended.length === 2)
    expect(keysOf(guests.events).toSorted()).toEqual([2, 3])
    never.open()
  })

  test("moves on while nothing of the collection changes, so that it does not grow too old", async () => {
    const { guests } = await world.begin([databaseTrigger("all", "orders"), databaseTrigger("busy", "others", { operation_types: ["DELETE"] })], { settings: { heartbeatMs: 1 } })
    const place = async (): Promise<unknown> => (await world.state("trigger_progress")).map(({ token }) => (token as Document)["_data"])
    const before = await place()
    await world.store.insert({ ...orders, collection: "others" }, Array.from({ length: 1500 }, (_, _id) => ({ _id })))
    const after = (await until(place, (now) => (now as string[])[0] !== (before as string[])[0])) as string[]
    expect(Number.parseInt(after[0] ?? "", 16)).toBeGreaterThan(1000)
    expect(guests.calls).toEqual([])
  })

  test("after a disabled spell is the old one, or now where catch-up is skipped, or now in another collection", async () => {
    const triggers = (disabled: boolean, moved = false) => [
      databaseTrigger("late", "orders", {}, { disabled }), databaseTrigger("skips", "orders", { skip_catchup_events: true }, { disabled }), databaseTrigger("moves", moved ? "orders" : "others", {}),
    ]
    await (await world.begin(triggers(false))).triggers.close()
    const off = await world.begin(triggers(true))
    await insert({ _id: 1 })
    await quiet()
    expect(off.guests.calls).toEqual([])
    await off.triggers.close()
    const { guests } = await world.begin(triggers(false, true))
    await until(() => guests.ended.length === 1)
    await insert({ _id: 2 })
    await until(() => guests.ended.length === 4)
    expect(guests.ended.map(({ name, args }) => `${name} ${keysOf([args[0] as Document])[0]}`).toSorted()).toEqual(["onlate 1", "onlate 2", "onmoves 2", "onskips 2"])
  })

  test("after a restart without a disabled spell is the old one, also where catch-up is skipped", async () => {
    const trigger = databaseTrigger("skips", "orders", { skip_catchup_events: true })
    await (await world.begin([trigger])).triggers.close()
    await insert({ _id: 1 })
    const { guests } = await world.begin([trigger])
    await until(() => guests.ended.length === 1)
  })
})

describe("a trigger is suspended", () => {
  /** The store, but its streams end as the test says. */
  const failing = (fail: (attempt: number, options: StreamOptions | undefined) => StoreError | undefined): Store & { readonly internal: Store } => {
    let attempts = 0
    const { store } = world
    return new Proxy(store, {
      get: (target, name) => {
        if (name === "close") return async () => undefined
        if (name === "watch") {
          return (namespace: Namespace, options?: StreamOptions) => {
            const error = fail(++attempts, options)
            return error === undefined ? store.watch(namespace, options) : { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) }
          }
        }
        const value: unknown = Reflect.get(target, name)
        return typeof value === "function" ? value.bind(target) : value
      },
    })
  }

  test("when its `match` cannot be used, at once, saying why, and the others are not", async () => {
    const { triggers, guests, logged } = await world.begin([databaseTrigger("bad", "orders", { match: { a: { $nope: 1 } } }), databaseTrigger("good", "orders")])
    expect(await until(() => triggers.execution("bad"), (found) => found?.state === "suspended")).toMatchObject({ reason: "bad-request" })
    expect(logged.filter((line) => line.startsWith("trigger-suspended"))).toEqual([expect.stringMatching(/^trigger-suspended bad-request .*\$nope/)])
    await insert({ _id: 1 })
    await until(() => guests.ended.length === 1)
    expect(await triggers.execution("good")).toMatchObject({ state: "running", lastEvent: new Date(world.now), token: { _data: expect.any(String) } })
  })

  test("when its place is no longer kept; a start tries again; resumed from now it goes on", async () => {
    const trigger = databaseTrigger("all", "orders")
    await (await world.begin([trigger])).triggers.close()
    await world.collectionOfState("trigger_progress").updateOne({ _id: "all" }, { $set: { token: { _data: "7fffffffffffff" } } })
    const first = await world.begin([trigger])
    await until(() => first.triggers.execution("all"), (found) => found?.reason === "place-lost")
    await first.triggers.close()
    const { triggers, guests, logged } = await world.begin([trigger])
    await until(() => triggers.execution("all"), (found) => found?.reason === "place-lost")
    expect(logged).toEqual(["trigger-suspended place-lost", "trigger-streams"])
    await triggers.resume("all", { fromNow: true })
    await until(() => triggers.execution("all"), (found) => found?.state === "running" && found.token !== undefined)
    await insert({ _id: 1 })
    await until(() => guests.ended.length === 1)
  })

  test("not when resume errors are tolerated: it goes on from now and says what was lost", async () => {
    const trigger = databaseTrigger("all", "orders", { tolerate_resume_errors: true })
    await (await world.begin([trigger])).triggers.close()
    await world.collectionOfState("trigger_progress").updateOne({ _id: "all" }, { $set: { token: { _data: "7fffffffffffff" } } })
    const { guests, logged } = await world.begin([trigger])
    await insert({ _id: 1 })
    await until(() => guests.ended.length === 1)
    expect(logged).toEqual(["trigger-events-lost", "trigger-streams"])
  })

  test.each([["the collection was dropped", 346, "invalidated"], ["the account may not", 13, "forbidden"]])("when %s, at once", async (_name, serverCode, reason) => {
    const store = failing(() => new StoreError(serverCode === 13 ? "unavailable" : "bad-request", "no", { serverCode }))
    const { triggers, logged } = await world.begin([databaseTrigger("all", "orders")], { store })
    await until(() => triggers.execution("all"), (found) => found?.reason === reason)
    expect(logged.filter((code) => code.startsWith("trigger-suspended"))).toEqual([`trigger-suspended ${reason}`])
  })

  test("when the database is away for too long; a short absence only delays", async () => {
    const away = new StoreError("unavailable", "away")
    const short = await world.begin([databaseTrigger("short", "orders")], { store: failing((attempt) => (attempt < 4 ? away : undefined)) })
    const long = await world.begin([databaseTrigger("long", "orders")], { store: failing(() => away) })
    await until(() => short.triggers.execution("short"), (found) => found?.token !== undefined)
    await insert({ _id: 1 })
    await until(() => short.guests.ended.length === 1)
    await until(() => long.triggers.execution("long"), (found) => found?.reason === "unavailable")
    expect(short.logged.filter((code) => code.startsWith("trigger-suspended"))).toEqual([])
  })

  test("not when images before the change are missing: that is said once", async () => {
    const { store } = world
    const without = new Proxy(store, {
      get: (target, name) => {
        if (name === "close") return async () => undefined
        if (name !== "watch") return Reflect.get(target, name)
        return async function* (namespace: Namespace, options?: StreamOptions) {
          for await (const { fullDocumentBeforeChange: _image, ...event } of store.watch(namespace, options)) yield event
        }
      },
    })
    const { guests, logged } = await world.begin([databaseTrigger("all", "orders", { full_document_before_change: true })], { store: without })
    await insert({ _id: 1 })
    await world.store.update(orders, { _id: 1 }, { $set: { a: 1 } }, { many: false })
    await world.store.delete(orders, { _id: 1 }, { many: false })
    await until(() => guests.ended.length === 3)
    expect(logged).toEqual(["trigger-streams", "trigger-needs-pre-images"])
  })

  test("never where the store has no change streams: it is only told of", async () => {
    const { store } = world
    const without = new Proxy(store, { get: (target, name) => (name === "abilities" ? { ...store.abilities, changeStreams: false } : name === "close" ? async () => undefined : Reflect.get(target, name)) })
    const { triggers, logged } = await world.begin([databaseTrigger("all", "orders")], { store: without })
    expect(logged).toContain("trigger-needs-change-streams")
    expect(await triggers.execution("all")).toMatchObject({ state: "suspended", reason: "needs-change-streams" })
  })
})
