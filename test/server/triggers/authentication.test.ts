// Authentication triggers on both stores: which events, in which order, how often (users and tokens, 5; admin and triggers, 13).
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { Double, Long, ObjectId, type Document } from "../../../kernel/index.ts"
import { openMongoStore } from "../../../server/storage/index.ts"
import { startMongoServer, type TestMongo } from "../../servers/mongo-server.ts"
import { authEvent, authTrigger, embeddedWorld, gate, Guests, interrupted, mongoWorld, quiet, thrown, unavailable, until, type World } from "./world.ts"

let mongo: TestMongo | { readonly skipped: string }
beforeAll(async () => {
  mongo = await startMongoServer()
}, 120_000)
afterAll(async () => {
  if ("uri" in mongo) await mongo.stop()
})

const names = (guests: Guests): string[] => guests.events.map((event) => `${event["operationType"]} ${(event["user"] as Document)["id"]}`)

describe.each(["embedded", "mongodb"] as const)("on the %s store", (kind) => {
  let world: World
  beforeEach(async (context) => {
    if (kind === "mongodb" && "skipped" in mongo) return context.skip(mongo.skipped)
    world = kind === "embedded" ? await embeddedWorld() : await mongoWorld((mongo as TestMongo).uri)
  })
  afterEach(() => world?.close())

  test("a function gets the event with its values, as the system", async () => {
    const { triggers, guests } = await world.begin([authTrigger("greet", ["LOGIN"])])
    const customData = { _id: new ObjectId("64b1f0c2a7d93e5b8c214f10"), big: Long.fromString("9007199254740993"), two: new Double(2), "$odd.name": { $set: 1 }, when: new Date(5) }
    await triggers.onEvent?.(authEvent("LOGIN", "ana", { customData }))
    await until(() => guests.ended.length === 1)
    expect(guests.calls[0]).toMatchObject({ name: "ongreet", via: "authentication-trigger", caller: "system", logFields: { event_subscription_id: "greet", event_subscription_name: "greet" } })
    expect(guests.calls[0]?.args).toEqual([{ operationType: "LOGIN", providers: ["local-userpass"], time: new Date("2026-03-02T10:00:00Z"), user: { id: "ana", type: "normal", data: { email: "ana@example.org" }, custom_data: customData, identities: [{ id: "i-ana", provider_type: "local-userpass" }] } }])
    await until(() => world.state("trigger_events"), (left) => left.length === 0)
  })

  test("only the operations and providers of a trigger count, and nothing of one that is off", async () => {
    const { triggers, guests } = await world.begin([
      authTrigger("created", ["CREATE"]), authTrigger("both", ["LOGIN", "DELETE"], ["anon-user", "api-key"]), authTrigger("off", ["LOGIN", "CREATE", "DELETE"], ["local-userpass", "anon-user"], { disabled: true }),
    ])
    await triggers.onEvent?.(authEvent("LOGIN", "ana"))
    await triggers.onEvent?.(authEvent("CREATE", "ana"))
    await triggers.onEvent?.(authEvent("LOGIN", "ben", { providers: ["anon-user"] }))
    await triggers.onEvent?.(authEvent("DELETE", "cy", { providers: ["local-userpass", "api-key"] }))
    await triggers.onEvent?.(authEvent("DELETE", "dee"))
    await until(() => guests.ended.length === 3)
    await quiet()
    expect(guests.calls.map(({ name, args }) => `${name} ${(args[0] as Document)["operationType"]}`).toSorted()).toEqual(["onboth DELETE", "onboth LOGIN", "oncreated CREATE"])
    expect(await world.state("trigger_events")).toEqual([])
  })

  test("without a trigger for them users have nowhere to put events; log-outs only where one is named", async () => {
    const none = await world.begin([authTrigger("off", ["LOGIN"], ["anon-user"], { disabled: true })])
    expect([none.triggers.onEvent, none.triggers.onLogOut]).toEqual([undefined, undefined])
    const logins = await world.begin([authTrigger("in", ["LOGIN"])])
    expect(logins.triggers.onLogOut).toBeUndefined()
    const { triggers, guests } = await world.begin([authTrigger("out", ["LOGOUT"])])
    expect(triggers.onEvent).toBeUndefined()
    await triggers.onLogOut?.(authEvent("LOGOUT", "ana"))
    await until(() => guests.ended.length === 1)
    expect(guests.events[0]?.["operationType"]).toBe("LOGOUT")
  })

  test("events of one user run one after another in their order, those of others beside them", async () => {
    const { triggers, guests } = await world.begin([authTrigger("all", ["LOGIN", "CREATE", "DELETE"]), authTrigger("also", ["LOGIN"])])
    const first = gate()
    guests.respond = async ({ args }) => {
      const event = args[0] as Document
      if (event["operationType"] === "CREATE" && (event["user"] as Document)["id"] === "ana") await first.passed
    }
    for (const operation of ["CREATE", "LOGIN", "DELETE"] as const) await triggers.onEvent?.(authEvent(operation, "ana"))
    for (const operation of ["CREATE", "LOGIN", "DELETE"] as const) await triggers.onEvent?.(authEvent(operation, "ben"))
    await until(() => guests.ended.length === 4)
    expect(names(guests)).toEqual(["CREATE ben", "LOGIN ben", "LOGIN ben", "DELETE ben"])
    first.open()
    await until(() => guests.ended.length === 8)
    expect(names(guests).slice(4)).toEqual(["CREATE ana", "LOGIN ana", "LOGIN ana", "DELETE ana"])
  })

  test("a function that throws spends the event, one that cannot run does not, one that ends its executor is given up", async () => {
    const { triggers, guests, logged } = await world.begin([authTrigger("all", ["LOGIN", "CREATE", "DELETE"])])
    guests.respond = () => Promise.reject(thrown())
    await triggers.onEvent?.(authEvent("CREATE", "ana"))
    await until(() => world.state("trigger_events"), (left) => left.length === 0)
    expect(guests.calls).toHaveLength(1)

    guests.respond = (_call, attempt) => (attempt < 5 ? Promise.reject(unavailable()) : undefined)
    await triggers.onEvent?.(authEvent("LOGIN", "ana"))
    await until(() => world.state("trigger_events"), (left) => left.length === 0)
    expect(guests.calls.map(({ args }) => (args[0] as Document)["operationType"])).toEqual(["CREATE", "LOGIN", "LOGIN", "LOGIN", "LOGIN"])

    guests.respond = () => Promise.reject(interrupted())
    await triggers.onEvent?.(authEvent("DELETE", "ana"))
    await until(() => world.state("trigger_events"), (left) => left.length === 0)
    expect(guests.calls).toHaveLength(8)
    expect(logged).toEqual([...Array.from({ length: 3 }, () => "trigger-delayed"), ...Array.from({ length: 2 }, () => "trigger-delayed"), "trigger-gave-up"])
  })

  test("closing lets what runs end, and keeps the rest for the next start, in order", async () => {
    const before = await world.begin([authTrigger("all", ["LOGIN", "CREATE", "DELETE"])])
    const first = gate()
    before.guests.respond = () => first.passed
    for (const operation of ["CREATE", "LOGIN", "DELETE"] as const) await before.triggers.onEvent?.(authEvent(operation, "ana"))
    await until(() => before.guests.calls.length === 1)
    const closed = before.triggers.close()
    first.open()
    await closed
    expect(names(before.guests)).toEqual(["CREATE ana"])
    const after = await world.begin([authTrigger("all", ["LOGIN", "CREATE", "DELETE"])])
    await until(() => after.guests.ended.length === 2)
    expect(names(after.guests)).toEqual(["LOGIN ana", "DELETE ana"])
    await until(() => world.state("trigger_events"), (left) => left.length === 0)
  })

  test("what is queued by a process that has not begun waits for one that has, and is queued once if it is told twice", async () => {
    const all = [authTrigger("all", ["LOGIN", "CREATE", "DELETE"])]
    const before = await world.begin(all, { begun: false })
    await before.triggers.onEvent?.(authEvent("LOGIN", "ana"))
    for (let time = 0; time < 2; time++) await before.triggers.onEvent?.({ ...authEvent("CREATE", "ana"), time: new Date(world.now), once: "anon-user:ana" })
    await quiet(50)
    expect(before.guests.calls).toEqual([])
    const after = await world.begin(all)
    await until(() => world.state("trigger_events"), (left) => left.length === 0)
    expect(names(after.guests)).toEqual(["CREATE ana", "LOGIN ana"])
  })

  test("what could not run before closing runs after it; what a removed trigger was to get is dropped", async () => {
    const before = await world.begin([authTrigger("kept", ["LOGIN"]), authTrigger("gone", ["LOGIN"])])
    before.guests.respond = () => Promise.reject(unavailable())
    await before.triggers.onEvent?.(authEvent("LOGIN", "ana"))
    await until(() => before.guests.ended.length > 1)
    await before.triggers.close()
    const after = await world.begin([authTrigger("kept", ["LOGIN"])])
    await until(() => world.state("trigger_events"), (left) => left.length === 0)
    expect(after.guests.calls.map(({ name }) => name)).toEqual(["onkept"])
    expect(after.logged).toContain("trigger-event-dropped")
  })

  test("no more functions run at once than is set, and all users have their turn", async () => {
    const { triggers, guests } = await world.begin([authTrigger("all", ["LOGIN"])], { settings: { concurrency: 3 } })
    guests.respond = () => quiet(40)
    await Promise.all(Array.from({ length: 40 }, (_, at) => triggers.onEvent?.(authEvent("LOGIN", `user${at % 20}`))))
    await until(() => guests.ended.length === 40)
    expect(guests.most).toBe(3)
  })
})

describe("with two processes on one MongoDB", () => {
  let world: World
  beforeEach(async (context) => {
    if ("skipped" in mongo) return context.skip(mongo.skipped)
    world = await mongoWorld(mongo.uri)
  })
  afterEach(() => world?.close())
  const everything = [authTrigger("all", ["LOGIN", "CREATE", "DELETE"])]

  test("each event runs once, never twice at once, in the order of its user", async () => {
    const one = await world.begin(everything)
    const two = await world.begin(everything, { store: await openMongoStore({ uri: (mongo as TestMongo).uri }) })
    const running = new Map<string, number>()
    const order: string[] = []
    let overlaps = 0
    for (const { guests } of [one, two]) {
      guests.respond = async ({ args }) => {
        const { user, providers } = args[0] as { user: Document; providers: string[] }
        const id = String(user["id"])
        running.set(id, (running.get(id) ?? 0) + 1)
        if ((running.get(id) ?? 0) > 1) overlaps += 1
        await quiet(1)
        order.push(`${id} ${providers[1]}`)
        running.set(id, (running.get(id) ?? 0) - 1)
      }
    }
    const expected: string[] = []
    for (let at = 0; at < 60; at++) {
      world.now += 1
      for (const user of ["ana", "ben", "cy"]) {
        await [one, two][at % 2]?.triggers.onEvent?.(authEvent("LOGIN", user, { providers: ["local-userpass", String(at)] }))
        expected.push(`${user} ${at}`)
      }
    }
    await until(() => order.length >= expected.length, Boolean, 15_000)
    await quiet(100)
    expect(overlaps).toBe(0)
    for (const user of ["ana", "ben", "cy"]) expect(order.filter((each) => each.startsWith(user))).toEqual(expected.filter((each) => each.startsWith(user)))
    expect(one.guests.ended.length).toBeGreaterThan(0)
    expect(two.guests.ended.length).toBeGreaterThan(0)
  }, 30_000)

  test("what a process claimed and left is taken when its claim has run out, and not before", async () => {
    const dead = world.collectionOfState("trigger_events")
    const text = JSON.stringify({ operationType: "LOGIN", providers: ["local-userpass"], user: { id: "ana" } })
    await dead.insertOne({ _id: "000000000001-0", user: "ana", triggers: ["all"], event: text, owner: "dead", until: new Date(world.now + 1000) })
    await dead.insertOne({ _id: "000000000002-0", user: "ana", triggers: ["all"], event: text.replace("LOGIN", "DELETE"), owner: null, until: null })
    const { guests } = await world.begin(everything)
    await quiet(150)
    expect(guests.calls).toEqual([])
    world.now += 1500
    await until(() => guests.ended.length === 2)
    expect(names(guests)).toEqual(["LOGIN ana", "DELETE ana"])
  })

  test("a claim is renewed while its function runs longer than the claim", async () => {
    const one = await world.begin(everything, { settings: { leaseMs: 200 } })
    const two = await world.begin(everything, { settings: { leaseMs: 200 } })
    const timer = setInterval(() => void (world.now += 20), 20)
    one.guests.respond = two.guests.respond = () => quiet(700)
    await one.triggers.onEvent?.(authEvent("LOGIN", "ana"))
    await until(() => one.guests.ended.length + two.guests.ended.length === 1)
    await quiet(100)
    clearInterval(timer)
    expect(one.guests.calls.length + two.guests.calls.length).toBe(1)
    expect(await world.state("trigger_events")).toEqual([])
  })
})
