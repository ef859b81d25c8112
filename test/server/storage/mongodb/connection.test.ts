import { createServer, type Server, type Socket } from "node:net"
import { afterAll, describe, expect, test } from "vitest"
import { Binary, Long, type Document } from "../../../../kernel/index.ts"
import { openMongoStore } from "../../../../server/storage/index.ts"
import { expectStoreError } from "../../../contract/expect-error.ts"
import { startMongoServer } from "../../../servers/mongo-server.ts"

const server = await startMongoServer()
afterAll(async () => {
  if ("stop" in server) await server.stop()
})

/** Everything an error says to whoever prints it. */
function allTexts(error: Error): string {
  const texts: string[] = []
  for (let each: unknown = error; each instanceof Error; each = each.cause) texts.push(each.message, each.stack ?? "", JSON.stringify(each))
  return texts.join("\n")
}

describe("a MongoDB that does not answer", () => {
  test("is unavailable, soon, and the password of its URI is in no text", async () => {
    const started = performance.now()
    const error = await expectStoreError(openMongoStore({ uri: "mongodb://somebody:hunter2secret@127.0.0.1:9/", serverSelectionTimeoutMS: 300 }), "unavailable")
    expect(performance.now() - started).toBeLessThan(5000)
    expect(error.fault).toBe("server")
    expect(allTexts(error)).not.toContain("hunter2secret")
  })

  test("and a URI that is none are told apart from a password in it", async () => {
    for (const uri of ["mongodb://somebody:hunter2secret@", "postgres://somebody:hunter2secret@host/", "mongodb://somebody:hunter2secret@host:port/"]) {
      const error = await expectStoreError(openMongoStore({ uri, serverSelectionTimeoutMS: 100 }), "unavailable")
      expect(allTexts(error)).not.toContain("hunter2secret")
    }
  })
})

describe.skipIf("skipped" in server)("a MongoDB that goes away", () => {
  const uri = "uri" in server ? server.uri : ""

  /** A door in front of the server that can be made to hang or to close. */
  async function openDoor(): Promise<{ uri: string; hang(): void; slam(): void; close(): void }> {
    const target = new URL(uri)
    const sockets = new Set<Socket>()
    let hanging = false
    const { connect } = await import("node:net")
    const door: Server = createServer((client) => {
      const upstream = connect(Number(target.port), target.hostname)
      for (const socket of [client, upstream]) {
        sockets.add(socket)
        socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket))
      }
      client.on("data", (bytes) => hanging || upstream.write(bytes)).on("close", () => upstream.destroy())
      upstream.on("data", (bytes) => hanging || client.write(bytes)).on("close", () => client.destroy())
    })
    await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve))
    const { port } = door.address() as { port: number }
    const slam = (): void => {
      door.close()
      for (const socket of sockets) socket.destroy()
    }
    return { uri: `mongodb://127.0.0.1:${port}/?directConnection=true`, hang: () => void (hanging = true), slam, close: slam }
  }

  test("while it is used: calls are unavailable", async () => {
    const door = await openDoor()
    const store = await openMongoStore({ uri: door.uri, serverSelectionTimeoutMS: 2000, timeoutMS: 2000 })
    const namespace = { database: "away", collection: "c" }
    await store.insert(namespace, [{ _id: Math.random() }])
    door.slam()
    await expectStoreError(store.insert(namespace, [{ _id: 2 }, { _id: 3 }]), "unavailable")
    await expectStoreError(store.insert(namespace, [{ _id: 2 }]), "unavailable")
    await expectStoreError(store.find(namespace, {}).toArray(), "unavailable")
    await store.close()
  })

  test("a call that hangs ends within the time it was given", { timeout: 20_000 }, async () => {
    const door = await openDoor()
    const store = await openMongoStore({ uri: door.uri, serverSelectionTimeoutMS: 2000, timeoutMS: 500 })
    door.hang()
    const started = performance.now()
    await expectStoreError(store.find({ database: "away", collection: "c" }, {}).toArray(), "unavailable")
    expect(performance.now() - started).toBeLessThan(12_000)
    door.close()
    await store.close()
  })

  test("no error holds a document's value", async () => {
    const store = await openMongoStore({ uri })
    const namespace = { database: "values", collection: `c${Date.now()}` }
    await store.ensureIndex(namespace, { keys: { mail: 1 }, unique: true })
    await store.insert(namespace, [{ _id: "id-secret", mail: "mail-secret", text: "text-secret" }])
    const errors = [
      await expectStoreError(store.insert(namespace, [{ _id: "id-secret" }]), "duplicate-key", 11000),
      await expectStoreError(store.insert(namespace, [{ _id: 2, mail: "mail-secret" }]), "duplicate-key", 11000),
      await expectStoreError(store.update(namespace, {}, { $inc: { text: 1 } }, { many: false }), "bad-request"),
      await expectStoreError(store.preview(namespace, { _id: 1, text: "text-secret" }, {}, { kind: "update", update: { $inc: { text: 1 } } }), "bad-request"),
    ]
    for (const error of errors) expect(allTexts(error)).not.toContain("secret")
    await store.close()
  })

  test("pipelines cannot reach the server's own databases", async () => {
    const store = await openMongoStore({ uri })
    const namespace = { database: "values", collection: "p" }
    const pipelines: readonly (readonly Document[])[] = [
      [{ $out: { db: "__backstitch", coll: "x" } }], [{ $merge: { into: { db: "__backstitch", coll: "x" } } }], [{ $facet: { a: [{ $unionWith: { db: "__backstitch", coll: "users" } }] } }],
      [{ $lookup: { from: { db: "__backstitch", coll: "users" }, as: "u", pipeline: [] } }],
    ]
    for (const pipeline of pipelines) await expectStoreError(store.aggregate(namespace, pipeline).toArray(), "bad-request", 13)
    await store.close()
  })

  test("an upserted id keeps its kind", async () => {
    const store = await openMongoStore({ uri })
    const namespace = { database: "values", collection: `u${Date.now()}` }
    for (const _id of [Long.fromNumber(5), new Binary(new Uint8Array(16), 4)]) {
      expect((await store.update(namespace, { _id }, { $set: { a: 1 } }, { many: false, upsert: true })).upsertedId).toEqual(_id)
    }
    await store.close()
  })
})
