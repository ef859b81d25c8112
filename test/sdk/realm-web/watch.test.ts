// realm-web 2.0.1: watching a collection over server-sent events.
import * as Realm from "realm-web"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest"
import { password, serveClients, type ClientsServed } from "../clients-app.ts"
import { client, join, notesOf, type Client, type Note } from "./client.ts"

type Events = AsyncGenerator<globalThis.Realm.Services.MongoDB.ChangeEvent<Note>>

let served: ClientsServed
let browser: Client
let ana: Realm.User
let ben: Realm.User
beforeAll(async () => {
  served = await serveClients()
  browser = client(served)
  ana = await browser.app.logIn(Realm.Credentials.anonymous())
  ben = await client(served).app.logIn(Realm.Credentials.anonymous())
})
afterAll(() => served.close())
beforeEach(async () => {
  for (const user of [ana, ben]) await notesOf(user).deleteMany({ owner: user.id })
  browser.requests.length = 0
})

/** Opens a stream and waits until the server has answered, which the SDK does with the first `next()`. */
async function open(events: Events, { requests }: Client = browser): Promise<() => Promise<Shown>> {
  const before = requests.length
  let first: Promise<IteratorResult<unknown>> | undefined = events.next()
  first.catch(() => undefined)
  while (requests.length === before) await new Promise((done) => setTimeout(done, 2))
  return async () => {
    const result = await (first ?? events.next())
    first = undefined
    return result.done === true ? "ended" : shown(result.value as Record<string, unknown>)
  }
}

type Shown = "ended" | { readonly type: unknown; readonly id: unknown; readonly text?: unknown; readonly change?: unknown }

function shown(event: Record<string, unknown>): Shown {
  const { operationType: type, documentKey, fullDocument, updateDescription: change, ns, _id } = event
  expect([ns, typeof _id]).toEqual([{ db: "clients", coll: "notes" }, "object"])
  return { type, id: (documentKey as Note)._id, ...(fullDocument === undefined ? {} : { text: (fullDocument as Note).text }), ...(change === undefined ? {} : { change }) }
}

describe("watch", () => {
  test("reports inserts, updates, replacements and deletions of what may be read", async () => {
    const events = notesOf(ana).watch()
    const next = await open(events)
    await notesOf(ana).insertOne({ _id: "w1", owner: ana.id, text: "first" })
    await notesOf(ben).insertOne({ _id: "hidden", owner: ben.id, text: "his" })
    await notesOf(ana).updateOne({ _id: "w1" }, { $set: { text: "second", n: 1 } })
    await notesOf(ana).findOneAndReplace({ _id: "w1" }, { owner: ana.id, text: "third" })
    await notesOf(ana).deleteOne({ _id: "w1" })
    expect([await next(), await next(), await next(), await next()]).toEqual([
      { type: "insert", id: "w1", text: "first" },
      { type: "update", id: "w1", text: "second", change: expect.objectContaining({ updatedFields: { text: "second", n: 1 } }) },
      { type: "replace", id: "w1", text: "third" },
      { type: "delete", id: "w1" },
    ])
    await events.return(undefined)
    expect(browser.requests[0]?.line).toMatch(/^GET \/app\/clients-abcde\/functions\/call\?baas_request=\S+ 200$/)
  })

  test("sends percent signs, line ends and other letters as they are", async () => {
    const events = notesOf(ana).watch()
    const next = await open(events)
    const text = "50% of %0A and %25\nthen\r\nünï ☃ \u2028 end"
    await notesOf(ana).insertOne({ _id: "w2", owner: ana.id, text })
    expect(await next()).toEqual({ type: "insert", id: "w2", text })
    await events.return(undefined)
  })

  test("with ids reports these documents alone", async () => {
    const id = new Realm.BSON.ObjectId()
    const events = notesOf(ana).watch({ ids: ["w4", id] } as never)
    const next = await open(events)
    for (const _id of ["w3", "w4", id]) await notesOf(ana).insertOne({ _id, owner: ana.id, text: "x" })
    expect([await next(), await next()]).toMatchObject([{ id: "w4" }, { id }])
    await events.return(undefined)
  })

  test("with a filter reports the events that match it", async () => {
    const events = notesOf(ana).watch({ filter: { operationType: "insert", "fullDocument.n": { $gt: 1 } } })
    const next = await open(events)
    for (const n of [1, 2, 3]) await notesOf(ana).insertOne({ _id: `f${n}`, owner: ana.id, text: "x", n })
    expect([await next(), await next()]).toMatchObject([{ id: "f2" }, { id: "f3" }])
    await events.return(undefined)
  })

  test("shows no field that may not be read, and a document that was shared from then on", async () => {
    const events = notesOf(ben).watch()
    const other = client(served)
    const again = await other.app.logIn(Realm.Credentials.anonymous())
    const theirs = notesOf(again).watch()
    const next = await open(theirs, other)
    await notesOf(ana).insertOne({ _id: "s1", owner: ana.id, text: "private" })
    await notesOf(ana).updateOne({ _id: "s1" }, { $set: { shared: true } })
    expect(await next()).toMatchObject({ type: "update", id: "s1", text: "private" })
    await theirs.return(undefined)
    await events.return(undefined)
  })

  test("is cancelled by return(): the server closes its end at once, and the iteration ends", async () => {
    const events = notesOf(ana).watch()
    await open(events)
    const pending = events.next()
    await events.return(undefined)
    expect(await Promise.race([pending, new Promise((done) => setTimeout(done, 2000, "still open"))])).not.toBe("still open")
  })

  test("in a for await loop ends with the loop", async () => {
    const seen: unknown[] = []
    const work = (async () => {
      for await (const event of notesOf(ana).watch()) {
        seen.push((event as unknown as { documentKey: Note }).documentKey._id)
        if (seen.length === 2) break
      }
    })()
    while (browser.requests.length === 0) await new Promise((done) => setTimeout(done, 2))
    for (const _id of ["l1", "l2", "l3"]) await notesOf(ana).insertOne({ _id, owner: ana.id, text: "x" })
    await work
    expect(seen).toEqual(["l1", "l2"])
  })

  test.each<[string, unknown]>([["one id instead of a list", { ids: new Realm.BSON.ObjectId() }], ["a text for ids", { ids: "w1" }], ["a pipeline for a filter", { filter: [{ $match: { operationType: "insert" } }] }], ["a text for a filter", { filter: "insert" }]])("of %s is refused, and does not report everything", async (_name, options) => {
    const events = notesOf(ana).watch(options as never)
    await expect(events.next()).rejects.toMatchObject({ statusCode: 400, errorCode: "InvalidParameter" })
  })

  test("of a collection without rules is refused before it begins", async () => {
    const events = ana.mongoClient("mongodb-atlas").db("clients").collection("letters").watch()
    await expect(events.next()).rejects.toMatchObject({ statusCode: 403, errorCode: "NoMatchingRuleFound" })
  })
})

describe("the end of the token", () => {
  test("ends a stream with an error event that says so", async () => {
    const own = await serveClients()
    try {
      const here = client(own)
      const user = await here.app.logIn(Realm.Credentials.anonymous())
      own.advance(1799)
      const next = await open(notesOf(user).watch(), here)
      await notesOf(user).insertOne({ _id: "e1", owner: user.id, text: "in time" })
      expect(await next()).toMatchObject({ id: "e1" })
      await expect(next()).rejects.toMatchObject({ code: "InvalidSession" })
    } finally {
      await own.close()
    }
  })

  test("before a stream begins makes the SDK refresh and open it again", async () => {
    const own = await serveClients()
    try {
      const here = client(own)
      const user = await here.app.logIn(Realm.Credentials.anonymous())
      // Also in the seconds that other requests are given beyond the end: a stream would end with its first byte.
      for (const seconds of [1806, 1803]) {
        own.advance(seconds)
        here.requests.length = 0
        const events = notesOf(user).watch()
        const first = events.next()
        while (here.requests.length < 3) await new Promise((done) => setTimeout(done, 2))
        expect(here.lines().map((line) => line.replace(/\?\S+/, ""))).toEqual(["GET /app/clients-abcde/functions/call 401", "POST /auth/session 201", "GET /app/clients-abcde/functions/call 200"])
        await notesOf(user).insertOne({ owner: user.id, text: "after" })
        expect((await first).value).toMatchObject({ operationType: "insert" })
        await events.return(undefined)
      }
    } finally {
      await own.close()
    }
  })
})

describe("a user who may go on no more", () => {
  afterEach(() => void vi.useRealTimers())

  test("is told so with the next sign of life of his stream; those of others stay", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })
    const [here, there] = [client(served), client(served)]
    const user = await join(here.app, "leaver@mail.example")
    const again = await there.app.logIn(Realm.Credentials.emailPassword("leaver@mail.example", password))
    const stays = await open(notesOf(ana).watch())
    const next = await open(notesOf(user).watch(), here)
    vi.advanceTimersByTime(15_000)
    await notesOf(user).insertOne({ _id: "g1", owner: user.id, text: "still here" })
    expect(await next()).toMatchObject({ id: "g1" })
    await there.app.deleteUser(again)
    vi.advanceTimersByTime(15_000)
    await expect(next()).rejects.toMatchObject({ code: "InvalidSession" })
    await notesOf(ana).insertOne({ _id: "g2", owner: ana.id, text: "another user's" })
    expect(await stays()).toMatchObject({ id: "g2" })
  })
})

test("a server that stops ends its streams with an error or an end, and stops", async () => {
  const own = await serveClients()
  const here = client(own)
  const user = await here.app.logIn(Realm.Credentials.anonymous())
  const events = notesOf(user).watch()
  const next = await open(events, here)
  await own.close()
  expect(await next().catch(() => "failed")).toMatch(/^(ended|failed)$/)
})
