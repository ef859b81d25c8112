// Services that speak MongoDB's protocol in their own way, and the ways to reach one.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { isDocument, ObjectId, type Document } from "../../../../kernel/index.ts"
import type { Namespace } from "../../../../server/data/index.ts"
import { customDataReader, openMongoStore } from "../../../../server/storage/index.ts"
import { expectStoreError } from "../../../contract/expect-error.ts"
import { startMongoServer } from "../../../servers/mongo-server.ts"
import { startWireProxy, type WireProxyOptions } from "../../../servers/wire-proxy.ts"

const server = await startMongoServer()
afterAll(async () => {
  if ("stop" in server) await server.stop()
})

const tls = join(import.meta.dirname, "../../../servers/tls")
const refused = (code: number): Document => ({ ok: 0, code, errmsg: "refused" })

describe.skipIf("skipped" in server || !server.standIn)("a service behind a proxy", () => {
  const fresh = (): Namespace => ({ database: "services", collection: new ObjectId().toHexString() })

  const through = async <Result>(options: WireProxyOptions, use: (proxy: Awaited<ReturnType<typeof startWireProxy>>) => Promise<Result>): Promise<Result> => {
    const proxy = await startWireProxy("uri" in server ? server.uri : "", options)
    try {
      return await use(proxy)
    } finally {
      await proxy.close()
    }
  }

  test("is reached by TLS, whose authority the URI names", async () => {
    await through({ tls: { key: readFileSync(join(tls, "key.pem"), "utf8"), cert: readFileSync(join(tls, "cert.pem"), "utf8") } }, async ({ port }) => {
      const namespace = fresh()
      const store = await openMongoStore({ uri: `mongodb://localhost:${port}/?tls=true&tlsCAFile=${encodeURIComponent(join(tls, "cert.pem"))}` })
      await store.insert(namespace, [{ _id: 1 }])
      expect(await store.find(namespace, {}).toArray()).toEqual([{ _id: 1 }])
      await store.close()
      await expectStoreError(openMongoStore({ uri: `mongodb://localhost:${port}/?tls=true`, serverSelectionTimeoutMS: 500 }), "unavailable")
      await expectStoreError(openMongoStore({ uri: `mongodb://localhost:${port}/`, serverSelectionTimeoutMS: 500 }), "unavailable")
    })
  })

  test("is told the user of the URI, and never the password itself", async () => {
    await through({}, async ({ port, commands }) => {
      // The stand-in knows no users.
      const error = await expectStoreError(openMongoStore({ uri: `mongodb://lea:hunter2secret@127.0.0.1:${port}/?authMechanism=SCRAM-SHA-256`, serverSelectionTimeoutMS: 500 }), "unsupported", 59)
      expect(commands.filter((command) => Object.hasOwn(command, "saslStart"))).not.toEqual([])
      expect(JSON.stringify([commands, error.message, error.stack])).not.toContain("hunter2secret")
    })
  })

  test("that cannot compare whole documents refuses a user's change, and finds custom data all the same", async () => {
    // Services without `$expr` refuse the filter.
    await through({ answer: (reply, { filter }) => (isDocument(filter ?? null) && Object.hasOwn(filter as Document, "$expr") ? refused(9) : reply) }, async ({ uri }) => {
      const namespace = fresh()
      const store = await openMongoStore({ uri })
      expect(store.abilities.compareAndSwap).toBe(false)
      await store.insert(namespace, [{ _id: 0, user: ["u1"] }, { _id: 1, user: "u1", at: 1 }, { _id: 2, user: "u1", at: 2 }])
      expect(await store.findFirstInserted(namespace, "user", "u1")).toEqual({ _id: 1, user: "u1", at: 1 })
      const error = await expectStoreError(store.swap(namespace, [{ before: { _id: 1, user: "u1", at: 1 }, after: { _id: 1 } }]), "unsupported")
      expect(error.message).toContain("cannot compare a document as a whole")
      await store.close()
    })
  })

  test("that lets an account read alone is refused at the start, with the databases it needs", async () => {
    await through({ answer: (reply, command) => (Object.hasOwn(command, "insert") ? refused(13) : reply) }, async ({ uri }) => {
      const error = await expectStoreError(openMongoStore({ uri }), "unavailable")
      expect(error.message).toContain("`__backstitch`")
    })
  })

  test("reads where a data source prefers, and what a write depends on at the primary", async () => {
    let host = ""
    const greets = (command: Document): boolean => ["hello", "isMaster", "ismaster"].some((name) => Object.hasOwn(command, name))
    const asMember = (reply: Document): Document => ({ ...reply, setName: "rs0", hosts: [host], primary: host, me: host })
    await through({ answer: (reply, command) => (greets(command) ? asMember(reply) : reply) }, async ({ port, commands }) => {
      host = `127.0.0.1:${port}`
      const namespace = fresh()
      const store = await openMongoStore({ uri: `mongodb://${host}/?replicaSet=rs0` })
      const reading = store.reading({ mode: "secondaryPreferred", tagSets: [{ region: "east" }, {}] })
      const preferenceOf = async (work: () => Promise<unknown>): Promise<unknown> => {
        const before = commands.length
        await work()
        return commands[before]?.["$readPreference"]
      }
      await reading.insert(namespace, [{ _id: 1 }])
      expect(await preferenceOf(() => reading.find(namespace, {}).toArray())).toEqual({ mode: "secondaryPreferred", tags: [{ region: "east" }, {}] })
      expect(await preferenceOf(() => reading.count(namespace, {}))).toEqual({ mode: "secondaryPreferred", tags: [{ region: "east" }, {}] })
      expect(await preferenceOf(() => reading.find(namespace, {}, { forWrite: true }).toArray())).not.toMatchObject({ mode: "secondaryPreferred" })
      await store.close()
    })
  })

  test("reads where the URI prefers only what an app reads: never the server's state, custom data or what a write depends on", async () => {
    let host = ""
    const greets = (command: Document): boolean => ["hello", "isMaster", "ismaster"].some((name) => Object.hasOwn(command, name))
    const asMember = (reply: Document): Document => ({ ...reply, setName: "rs0", hosts: [host], primary: host, me: host })
    await through({ answer: (reply, command) => (greets(command) ? asMember(reply) : reply) }, async ({ port, commands }) => {
      host = `127.0.0.1:${port}`
      const namespace = fresh()
      const store = await openMongoStore({ uri: `mongodb://${host}/?replicaSet=rs0&readPreference=secondaryPreferred` })
      const modeOf = async (work: () => Promise<unknown>): Promise<unknown> => {
        const before = commands.length
        await work()
        return (commands.slice(before).findLast((command) => Object.hasOwn(command, "find"))?.["$readPreference"] as Document | undefined)?.["mode"] ?? "primary"
      }
      await store.insert(namespace, [{ _id: 1, user: "a" }])
      const nearest = store.reading({ mode: "nearest" })
      expect(await modeOf(() => store.find(namespace, {}).toArray())).toBe("secondaryPreferred")
      expect(await modeOf(() => nearest.find(namespace, {}).toArray())).toBe("nearest")
      for (const [what, work] of [
        ["what a write depends on", () => store.find(namespace, {}, { forWrite: true }).toArray()],
        ["state", () => store.internal.find(namespace, {}).toArray()],
        ["custom data", () => store.findFirstInserted(namespace, "user", "a")],
        ["custom data of a data source that prefers", () => nearest.findFirstInserted(namespace, "user", "a")],
        ["custom data in the order of `_id`", () => customDataReader(() => nearest, "_id").findFirstInserted("m", namespace.database, namespace.collection, "user", "a")],
      ] as const) expect([what, await modeOf(work)]).toEqual([what, "primary"])
      await store.close()
    })
  })

  test("is never given more time than the store has, whatever a pipeline asks for", async () => {
    await through({}, async ({ uri, commands }) => {
      const namespace = fresh()
      const store = await openMongoStore({ uri, timeoutMS: 20_000 })
      const one = async function* (): AsyncGenerator<Document, void, undefined> {
        yield { _id: 1 }
      }
      for (const read of [(maxTimeMS: number) => store.aggregate(namespace, [{ $match: {} }], { maxTimeMS }), (maxTimeMS: number) => store.aggregateOver(one(), [{ $match: {} }], { maxTimeMS })]) {
        const before = commands.length
        for (const maxTimeMS of [0, 10_000, 90_000]) await read(maxTimeMS).toArray()
        expect(commands.slice(before).filter((command) => Object.hasOwn(command, "aggregate")).map((command) => command["maxTimeMS"])).toEqual([20_000, 10_000, 20_000])
      }
      await store.close()
    })
  })

  test("is told what changed, where that gives the same document, and else the whole of it", async () => {
    await through({}, async ({ uri, commands }) => {
      const namespace = fresh()
      const store = await openMongoStore({ uri })
      const before: Document = { _id: 1, a: 1, in: { x: 1, y: 2 }, gone: true }
      const updateOf = async (after: Document, replaces?: boolean): Promise<unknown> => {
        await store.delete(namespace, {}, { many: true })
        await store.insert(namespace, [before])
        const known = commands.length
        expect(await store.swap(namespace, [{ before, after, ...(replaces === undefined ? {} : { replaces }) }])).toEqual({ outcome: "done" })
        expect(await store.find(namespace, {}).toArray()).toEqual([after])
        const sent = commands.slice(known).find((command) => Object.hasOwn(command, "update"))
        return (sent?.["updates"] as Document[] | undefined)?.[0]?.["u"]
      }
      expect(await updateOf({ _id: 1, a: 2, in: { x: 1, y: 3, z: [1] } })).toEqual({ $set: { a: 2, "in.y": 3, "in.z": [1] }, $unset: { gone: "" } })
      expect(await updateOf({ _id: 1, a: 2, in: { x: 1, y: 2 }, gone: true }, true)).toEqual({ _id: 1, a: 2, in: { x: 1, y: 2 }, gone: true })
      expect(await updateOf({ _id: 1, in: { x: 1, y: 2 }, a: 1, gone: true })).toMatchObject({ _id: 1 })
      await store.close()
    })
  })
})
