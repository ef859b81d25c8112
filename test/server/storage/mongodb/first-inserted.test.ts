// What the lookup of custom user data asks a MongoDB: by which index, in which order, and what it makes of the answer.
import { afterAll, describe, expect, test } from "vitest"
import pino from "pino"
import { isDocument, ObjectId, type Document } from "../../../../kernel/index.ts"
import { createAppLog } from "../../../../server/app-log.ts"
import type { Namespace } from "../../../../server/data/index.ts"
import { createServer } from "../../../../server/index.ts"
import { openMongoStore, type MongoStore } from "../../../../server/storage/index.ts"
import { worktracker } from "../../../support/serve.ts"
import { startMongoServer } from "../../../servers/mongo-server.ts"
import { startWireProxy, type WireProxyOptions } from "../../../servers/wire-proxy.ts"

const server = await startMongoServer()
afterAll(async () => {
  if ("stop" in server) await server.stop()
})

const user = "64b1f0c2a7d93e5b8c214f06"
const isLookUp = (command: Document): boolean => Object.hasOwn(command, "find") && isDocument(command["filter"] ?? null) && Object.hasOwn(command["filter"] as Document, "user")
const greets = (command: Document): boolean => ["hello", "isMaster", "ismaster"].some((name) => Object.hasOwn(command, name))

describe.skipIf("skipped" in server || !server.standIn)("the lookup of custom data on a MongoDB", () => {
  /** Works with a collection of two documents of one user, the second of which the compound index has first. */
  async function through(options: WireProxyOptions, indexes: readonly Document[], work: (store: MongoStore, namespace: Namespace, lookUps: () => Document[]) => Promise<void>): Promise<void> {
    const proxy = await startWireProxy("uri" in server ? server.uri : "", options)
    const namespace = { database: "lookups", collection: new ObjectId().toHexString() }
    const store = await openMongoStore({ uri: proxy.uri })
    try {
      await store.insert(namespace, [{ _id: 2, user, at: 9 }, { _id: 1, user, at: 1 }])
      for (const keys of indexes) await store.ensureIndex(namespace, { keys })
      await work(store, namespace, () => proxy.commands.filter(isLookUp))
    } finally {
      await store.close()
      await proxy.close()
    }
  }

  test("is hinted to the index on the field alone, whatever other index there is", async () => {
    await through({}, [{ user: 1, at: 1 }, { user: 1 }], async (store, namespace, lookUps) => {
      expect(await store.findFirstInserted(namespace, "user", user)).toMatchObject({ _id: 2 })
      expect(lookUps().at(-1)).toMatchObject({ hint: "user_1", limit: 100, filter: { user: { $eq: user }, $expr: { $eq: ["$user", { $literal: user }] } } })
      expect(lookUps().at(-1)).not.toHaveProperty("sort")
    })
  })

  test.each<[string, Document[]]>([["no index", []], ["a compound index alone", [{ user: 1, at: 1 }]]])("is not hinted with %s", async (_what, indexes) => {
    await through({}, indexes, async (store, namespace, lookUps) => {
      await store.findFirstInserted(namespace, "user", user)
      expect(lookUps().at(-1)).not.toHaveProperty("hint")
    })
  })

  test("is repeated without the hint when the index has gone meanwhile", async () => {
    const refusal = { ok: 0, code: 2, errmsg: "hint provided does not correspond to an existing index" }
    await through({ answer: (reply, command) => (isLookUp(command) && Object.hasOwn(command, "hint") ? refusal : reply) }, [{ user: 1 }], async (store, namespace, lookUps) => {
      expect(await store.findFirstInserted(namespace, "user", user)).toMatchObject({ _id: 2 })
      expect(lookUps().slice(-2).map(({ hint }) => hint)).toEqual(["user_1", undefined])
    })
  })

  test("is in the order of `_id` on a sharded collection", async () => {
    const asRouter = (reply: Document, command: Document): Document => (greets(command) ? { ...reply, msg: "isdbgrid" } : Object.hasOwn(command, "collStats") ? { ok: 1, sharded: true } : reply)
    await through({ answer: asRouter }, [{ user: 1 }], async (store, namespace, lookUps) => {
      expect(await store.findFirstInserted(namespace, "user", user)).toMatchObject({ _id: 1 })
      expect(lookUps().at(-1)).toMatchObject({ sort: { _id: 1 } })
      expect(lookUps().at(-1)).not.toHaveProperty("hint")
    })
  })

  test("passes over other spellings, which a collation of the collection lets match", async () => {
    const spelt = (reply: Document): Document => {
      const cursor = reply["cursor"] as Document
      return { ...reply, cursor: { ...cursor, firstBatch: [{ _id: 7, user: user.toUpperCase() }, { _id: 8, user: [user] }, ...(cursor["firstBatch"] as Document[])] } }
    }
    await through({ answer: (reply, command) => (isLookUp(command) ? spelt(reply) : reply) }, [], async (store, namespace) => {
      expect(await store.findFirstInserted(namespace, "user", user)).toMatchObject({ _id: 2 })
    })
  })

  test("has its index missed at the start, and only there", async () => {
    const logged: string[] = []
    const log = createAppLog(pino({ level: "debug" }, { write: (line: string) => void logged.push(line) }))
    const data = { mongodb: "uri" in server ? server.uri : "" }
    await (await createServer({ directory: worktracker, data, log })).close()
    expect(logged.filter((line) => line.includes("custom-data-index-missing"))).toEqual([expect.stringContaining("tracker.members")])
    const store = await openMongoStore({ uri: data.mongodb })
    expect(await store.indexes({ database: "tracker", collection: "members" })).not.toContainEqual(expect.objectContaining({ keys: { user_id: 1 } }))
    await store.ensureIndex({ database: "tracker", collection: "members" }, { keys: { user_id: 1 } })
    await store.close()
    logged.length = 0
    await (await createServer({ directory: worktracker, data, log })).close()
    expect(logged.join("")).not.toContain("custom-data-index-missing")
  })
})
