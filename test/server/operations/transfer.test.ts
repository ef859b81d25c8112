// Dump, restore and copy between stores: what goes in comes out, in its order; what is wrong is found before anything is written.
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Binary, Decimal128, Long, ObjectId, Timestamp, identicalValues, toDouble, type Document } from "../../../kernel/index.ts"
import { copyData, dumpData, inspectDump, openStore, restoreData, type DataLocation, type OpenedStore } from "../../../server/index.ts"
import { startMongoServer, type TestMongo } from "../../servers/mongo-server.ts"

const tasks = { database: "tracker", collection: "tasks" }
const logs = { database: "archive", collection: "logs.old" }
const opened: OpenedStore[] = []
const memory = async (location: DataLocation = { memory: true }): Promise<OpenedStore> => {
  const store = await openStore(location)
  opened.push(store)
  return store
}
afterAll(async () => {
  for (const { store } of opened) await store.close()
})

const documents: Document[] = [
  { _id: new ObjectId("65a000000000000000000009"), text: "line\u2028separator, \ud83d\ude00", when: new Date(-5), n: 1, d: toDouble(2), l: Long.fromNumber(7) },
  { _id: 3, text: 3, list: [1, [2, { a: null }]], money: Decimal128.fromString("1.10"), bytes: new Binary(Buffer.from("sixteen bytes, id"), 0), at: new Timestamp({ t: 1, i: 2 }) },
  { _id: "a", text: 4, ref: { $ref: "teams", $id: 1 }, "dotted.name": true, nan: Number.NaN, zero: -0 },
  { _id: 1, order: "inserted last, though its _id sorts first" },
]

async function filled(): Promise<OpenedStore> {
  const from = await memory()
  await from.store.ensureIndex(tasks, { keys: { team: 1, when: -1 }, name: "by team" })
  await from.store.ensureIndex(tasks, { keys: { text: 1 }, unique: true })
  for (const document of documents) await from.store.insert(tasks, [document])
  await from.store.insert(logs, Array.from({ length: 1203 }, (_, n) => ({ _id: (n * 7919) % 1203, n })))
  await from.internal.insert({ database: "__backstitch", collection: "app.users" }, [{ _id: "u1", hash: "h" }])
  return from
}

test("what an index loses is said", async () => {
  const from = await filled()
  const indexes = [{ name: "when_1", keys: { when: 1 }, unique: false, partial: false, expires: true as const }, { name: "half", keys: { a: 1 }, unique: false, partial: true }]
  const store = new Proxy(from.store, { get: (target, name) => (name === "indexes" ? async () => indexes : (Reflect.get(target, name, target) as () => unknown).bind?.(target)) })
  const said: string[] = []
  const lines: string[] = []
  await dumpData({ ...from, store }, { ...tasks, progress: (event) => void (event.kind === "left-out" && said.push(event.what)) }, (line) => void lines.push(line))
  expect(said).toEqual([expect.stringContaining("expiry of its index `when_1`"), expect.stringContaining("index `half`")])
  expect(lines.filter((line) => line.includes('"when_1"'))).toHaveLength(1)
})

async function dumpOf(from: OpenedStore, options: Parameters<typeof dumpData>[1] = {}): Promise<string[]> {
  const lines: string[] = []
  await dumpData(from, options, (line) => void lines.push(line))
  return lines
}

const source = (lines: readonly string[]) => async function* (): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(`${lines.join("\n")}\n`)
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
}

async function expectSame(store: OpenedStore): Promise<void> {
  const found = await store.store.find(tasks, {}).toArray()
  expect(found.length).toBe(documents.length)
  for (const [at, document] of documents.entries()) expect(identicalValues(found[at] as Document, document)).toBe(true)
  expect((await store.store.find(logs, {}).toArray()).map(({ n }) => n)).toEqual(Array.from({ length: 1203 }, (_, n) => n))
  const indexes = await store.store.indexes(tasks)
  expect(indexes.map(({ keys, unique }) => ({ keys, unique }))).toEqual(expect.arrayContaining([{ keys: { team: 1, when: -1 }, unique: false }, { keys: { text: 1 }, unique: true }]))
}

describe("a dump", () => {
  test("comes back the same, in order of insertion, with its indexes", async () => {
    const lines = await dumpOf(await filled())
    const to = await memory()
    expect(await restoreData(to, await inspectDump(source(lines)))).toEqual({ written: 1207, kept: 0, indexes: 2 })
    await expectSame(to)
    expect(await dumpOf(to)).toEqual(lines)
  })

  test("leaves the server's own databases out unless they are asked for", async () => {
    const from = await filled()
    expect((await dumpOf(from)).join("")).not.toContain("__backstitch")
    const lines = await dumpOf(from, { state: true })
    expect(lines.join("")).toContain("__backstitch")
    await expect(inspectDump(source(lines))).rejects.toMatchObject({ code: "state-closed" })
    const to = await memory()
    await restoreData(to, await inspectDump(source(lines), { state: true }))
    expect(await to.internal.find({ database: "__backstitch", collection: "app.users" }, {}).toArray()).toEqual([{ _id: "u1", hash: "h" }])
  })

  test("holds one collection when one is named", async () => {
    const lines = await dumpOf(await filled(), { database: "tracker", collection: "tasks" })
    expect(lines.length).toBe(2 + 2 + documents.length)
  })

  test("refuses a document that Extended JSON would read back as something else", async () => {
    const from = await memory()
    await from.store.insert(tasks, [{ _id: 1, odd: { $oid: "65a000000000000000000009" } }])
    await expect(dumpOf(from)).rejects.toMatchObject({ code: "cannot-be-spelt" })
  })
})

describe("a restore", () => {
  const head = '{"dump":"backstitch","version":1}'
  const good = '{"database":"tracker","collection":"tasks","document":{"_id":{"$numberInt":"1"}}}'
  const end = (count: number): string => `{"end":{"documents":${count},"indexes":0}}`
  for (const [fault, lines, line] of [
    ["text that is no dump", ["hello"], 1],
    ["a version of the future", ['{"dump":"backstitch","version":9}', end(0)], 1],
    ["a line that is no JSON", [head, good, "{", end(2)], 3],
    ["a value that is no Extended JSON", [head, good, good.replace('"1"', '"x"'), end(2)], 3],
    ["a document without `_id`", [head, '{"database":"a","collection":"b","document":{}}', end(1)], 2],
    ["a key nobody knows", [head, good.replace("{", '{"colection":"x",'), end(1)], 2],
    ["neither document nor index", [head, '{"database":"a","collection":"b"}', end(0)], 2],
    ["an index of a special kind", [head, '{"database":"a","collection":"b","index":{"keys":{"at":"2dsphere"}}}', end(0)], 2],
    ["a dump cut short", [head, good], 2],
    ["a count that differs", [head, good, end(2)], 3],
    ["lines after the last", [head, end(0), good], 3],
  ] as const) {
    test(`refuses ${fault}, with its line`, async () => {
      await expect(inspectDump(source(lines))).rejects.toMatchObject({ code: "dump-invalid", line })
    })
  }

  test("refuses bytes that are no UTF-8", async () => {
    const bad = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.concat([Buffer.from(`${head}\n`), Buffer.from([0xff, 0xfe, 10])])
    }
    await expect(inspectDump(bad)).rejects.toMatchObject({ code: "dump-invalid", line: 2 })
  })

  test("refuses collections that hold documents; with merge what is there stays", async () => {
    const lines = [head, good, good.replace('"1"', '"2"').replace("}}}", '},"new":true}}'), end(2)]
    const to = await memory()
    await to.store.insert(tasks, [{ _id: Long.fromNumber(1), mine: true }])
    const dump = await inspectDump(source(lines))
    await expect(restoreData(to, dump)).rejects.toMatchObject({ code: "target-not-empty" })
    expect(await to.store.count(tasks, {})).toBe(1)
    expect(await restoreData(to, dump, { merge: true })).toEqual({ written: 1, kept: 1, indexes: 0 })
    expect(await to.store.find(tasks, {}).toArray()).toEqual([{ _id: Long.fromNumber(1), mine: true }, { _id: 2, new: true }])
    expect(await restoreData(to, dump, { merge: true })).toEqual({ written: 0, kept: 2, indexes: 0 })
  })

  test("that the embedded store refuses midway leaves nothing, and names the line", async () => {
    const many = Array.from({ length: 700 }, (_, n) => good.replace('"1"', `"${n}"`))
    const to = await memory()
    const dump = await inspectDump(source([head, ...many, good, end(701)]))
    await expect(restoreData(to, dump)).rejects.toMatchObject({ code: "write-refused", line: 702 })
    expect(await to.store.count(tasks, {})).toBe(0)
  })
})

describe("between the stores", () => {
  let mongo: TestMongo | { readonly skipped: string }
  beforeAll(async () => {
    mongo = await startMongoServer()
  }, 120_000)
  afterAll(async () => {
    for (const { store } of opened.splice(0)) await store.close()
    if ("uri" in mongo) await mongo.stop()
  })

  test("a copy to MongoDB and back is the same; a second one is refused, and with merge continues", async (context) => {
    if ("skipped" in mongo) return context.skip(mongo.skipped)
    const from = await filled()
    const cluster = await memory({ mongodb: mongo.uri })
    for (const { database, collection } of [tasks, logs]) await cluster.store.delete({ database, collection }, {}, { many: true })
    expect(await copyData(from, cluster)).toEqual({ written: 1207, kept: 0, indexes: 2 })
    await expectSame(cluster)
    await expect(copyData(from, cluster)).rejects.toMatchObject({ code: "target-not-empty" })
    await cluster.store.delete(logs, { n: { $gte: 700 } }, { many: true })
    expect(await copyData(from, cluster, { merge: true })).toEqual({ written: 503, kept: 704, indexes: 2 })
    const back = await memory()
    await copyData(cluster, back, { database: "tracker" })
    await copyData(cluster, back, { database: "archive" })
    await expectSame(back)
  })
})
