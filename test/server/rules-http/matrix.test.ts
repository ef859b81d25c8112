// The matrix operation × permission shape, over HTTP as an ordinary user, without an empty cell.
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { ObjectId, type Document, type Value } from "../../../kernel/index.ts"
import { actionNames, type GuardedCollection } from "../../../server/data/index.ts"
import { documentsOf, operations, seen, type Expected, type Operation } from "./matrix.ts"
import { shapes, type Shape } from "./shapes.ts"
import { openRulesWorld, regressionsApp, until, type Person, type RulesWorld, type Stream } from "./world.ts"

const other = "64b1f0c2a7d93e5b8c214f99"
const names = Object.keys(shapes)
let directory: string
let world: RulesWorld
let ana: Person
let cells = 0
const streamed = new Map<string, Stream>()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "backstitch-matrix-"))
  await cp(regressionsApp, directory, { recursive: true })
  for (const name of names) {
    const { roles, filters = [] } = shapes[name] as Shape
    const folder = join(directory, "data_sources/mongodb-atlas/app", name)
    if (roles === "none") continue
    await mkdir(folder)
    await writeFile(join(folder, "rules.json"), JSON.stringify({ database: "app", collection: name, roles, filters }))
  }
  world = await openRulesWorld({ memory: true }, directory)
  ana = await world.person()
  await watchAll()
})

afterAll(async () => {
  await world.close()
  await rm(directory, { recursive: true })
})

/** Watches every collection while one document comes into each. */
async function watchAll(): Promise<void> {
  const { m } = documentsOf(ana.id, other)
  const streams = await Promise.all(names.map(async (name) => ({ name, stream: await ana.watch(name) })))
  await new Promise((done) => setTimeout(done, 300))
  for (const name of names) await world.system(name, "insertOne", m)
  const last = streams.findLast(({ name }) => (shapes[name] as Shape).sees[0] !== "")
  await until(() => (last?.stream.events.length ?? 0) > 0, () => names)
  for (const { name, stream } of streams) {
    await stream.close()
    streamed.set(name, stream)
  }
}

/** The answer in the terms of the table. */
async function answerOf(name: string, { by, method, args }: Operation): Promise<{ readonly result?: Value; readonly refused?: unknown }> {
  const given = args(documentsOf(ana.id, other))
  if (by === "function") {
    const { value } = await ana.run("asCaller", name, method, ...given)
    const { refused } = value as Document
    return refused === undefined ? { result: (value as Document)["result"] } : { refused: String(refused) }
  }
  const { status, value } = await ana.call(name, method, given[0] as Document)
  return status === 200 ? { result: value } : { refused: { status, error: (value as Document)["error"], code: (value as Document)["error_code"] } }
}

function refusalOf(kind: Expected["refused"], name: string, by: Operation["by"]): unknown {
  const text = kind === "no-rule" ? `no rule exists for namespace 'app.${name}'` : `${kind} not permitted`
  return by === "function" ? expect.stringContaining(text) : { status: kind === "no-rule" ? 403 : 400, error: text, code: "NoMatchingRuleFound" }
}

/** An `_id` the server made is as good as another. */
function plain(value: Value): Value {
  if (value instanceof ObjectId) return "made by the server"
  if (Array.isArray(value)) return value.map((item: Value) => plain(item))
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value as Document).map(([key, inner]) => [key, plain(inner)]))
}

describe.each(names)("under the shape %s", (name) => {
  const shape = shapes[name] as Shape

  test.each(Object.keys(operations))("%s", async (title) => {
    const operation = operations[title] as Operation
    const documents = documentsOf(ana.id, other)
    const before = [documents.m, documents.t]
    await world.seed(name, before)
    const expected: Expected = shape.roles === "none" ? { refused: "no-rule" } : operation.expected(shape, documents)
    const answer = await answerOf(name, operation)
    expect(plain(answer as Document)).toEqual(expected.refused === undefined ? { result: expected.result } : { refused: refusalOf(expected.refused, name, operation.by) })
    expect(plain(await world.stored(name))).toEqual(expected.stored?.(before) ?? before)
    cells += 1
  })

  test("watch", () => {
    const { m } = documentsOf(ana.id, other)
    const shown = seen(m, shape.sees[0])
    const { status, refusal, events } = streamed.get(name) as Stream
    if (shape.roles === "none") expect({ status, refusal }).toMatchObject({ status: 403, refusal: { error: `no rule exists for namespace 'app.${name}'`, error_code: "NoMatchingRuleFound" } })
    else expect(status).toBe(200)
    const expected = shown === null ? [] : [{ operationType: "insert", documentKey: { _id: 1 }, fullDocument: shown }]
    expect(events.map(({ operationType, documentKey, fullDocument }) => ({ operationType, documentKey, fullDocument }))).toEqual(expected)
    cells += 1
  })
})

test("no cell is empty, and no operation of the service is left out", () => {
  const methods = new Set([...Object.values(operations).map(({ method }) => method), "watch"])
  const known: { readonly [Name in keyof GuardedCollection]: true } = {
    find: true, findOne: true, count: true, distinct: true, aggregate: true, insertOne: true, insertMany: true, updateOne: true, updateMany: true, replaceOne: true,
    deleteOne: true, deleteMany: true, findOneAndUpdate: true, findOneAndReplace: true, findOneAndDelete: true, bulkWrite: true, watch: true,
  }
  expect([...methods].toSorted()).toEqual([...new Set([...Object.keys(known), ...actionNames])].toSorted())
  expect(cells).toBe(names.length * (Object.keys(operations).length + 1))
})
