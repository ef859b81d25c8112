// Runs fixtures/rules through the real guard on a real store.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { fromEjson, toEjson, type Document, type ObjectId, type Value } from "../../kernel/index.ts"
import { PermissionError, RequestError } from "../../server/errors.ts"
import { StoreError, type BulkCounts, type ChangeEvent, type GuardedCollection, type RuleFunctions, type Store } from "../../server/data/index.ts"
import { errorReply } from "../../server/http/error-response.ts"
import { openEmbeddedStore } from "../../server/storage/embedded/index.ts"
import { callerOf, openWorld, stored, systemCaller } from "../server/data/rules-world.ts"

const here = import.meta.dirname
const fixture = JSON.parse(readFileSync(join(here, "../../fixtures/rules/rules.json"), "utf8")) as Fixture
const knownFailures = new Map(Object.entries(JSON.parse(readFileSync(join(here, "rules.known-failures.json"), "utf8")) as Record<string, string>))

interface Fixture { readonly schema_version: string; readonly defaults: { readonly namespace: string; readonly user: unknown; readonly environment: unknown }; readonly cases: readonly Case[] }
interface Case {
  readonly id: string
  readonly group: string
  readonly name: string
  readonly run_as?: "system"
  readonly user?: Record<string, unknown>
  readonly values?: unknown
  readonly rules?: unknown
  readonly rules_namespace?: string
  readonly default_rule?: unknown
  readonly schema?: unknown
  readonly null_types?: boolean
  readonly functions?: Record<string, { readonly returns?: unknown; readonly throws?: boolean }>
  readonly documents?: readonly unknown[]
  readonly generated_id?: unknown
  readonly operation: Record<string, unknown> & { readonly name: string }
  readonly expect: { readonly result?: unknown; readonly after?: unknown; readonly error?: { readonly status?: number; readonly error?: string; readonly error_code?: string }; readonly config_error?: { readonly code: string; readonly path: string } }
}

async function runCase(each: Case, store: Store): Promise<void> {
  const namespace = namespaceOf(fixture.defaults.namespace)
  const documents = (each.documents ?? []).map((document) => fromEjson(document) as Document)
  if (documents.length > 0) await store.insert(namespace, documents)
  let counts: BulkCounts | undefined
  const { service, errors } = openWorld({
    store, namespace, rules: each.rules, defaultRule: each.default_rule, schema: each.schema, nullTypes: each.null_types === true,
    ...(each.rules_namespace === undefined ? {} : { rulesNamespace: namespaceOf(each.rules_namespace) }),
    values: fromEjson(each.values ?? {}) as Document,
    environment: fromEjson(fixture.defaults.environment) as Document,
    functions: functionsOf(each),
    log: (entry) => { counts = entry.counts },
    ...(each.generated_id === undefined ? {} : { newId: () => fromEjson(each.generated_id) as ObjectId }),
  })
  if (each.expect.config_error !== undefined) {
    expect(errors.map(({ code, path }) => ({ code, path }))).toContainEqual(each.expect.config_error)
    return
  }
  expect(errors).toEqual([])
  const user = fromEjson({ ...(fixture.defaults.user as object), ...each.user }) as Document
  const collection = service.collection("mongodb-atlas", namespace, each.run_as === "system" ? systemCaller : callerOf(user))
  const outcome = await settle(() => perform(collection, each, store))
  if (each.expect.error !== undefined) {
    expect(outcome).toHaveProperty("error")
    expect(refusalOf((outcome as { error: unknown }).error)).toMatchObject(each.expect.error)
    expect(plain(await stored(store, namespace))).toEqual(each.documents ?? [])
    return
  }
  if ("error" in outcome) throw outcome.error
  if ("result" in each.expect) expect(shapeOf(each, outcome.value, counts)).toEqual(each.expect.result)
  if (each.operation.name !== "watch") expect(plain(await stored(store, namespace))).toEqual(each.expect.after ?? each.documents ?? [])
}

async function perform(collection: GuardedCollection, { operation }: Case, store: Store): Promise<unknown> {
  const part = (name: string): Document => fromEjson(operation[name] ?? {}) as Document
  const list = (name: string): Document[] => fromEjson(operation[name]) as unknown as Document[]
  const given = (name: string): { readonly [key: string]: Document } => (operation[name] === undefined ? {} : { [name]: part(name) })
  const upsert = operation["upsert"] === true ? { upsert: true } : {}
  const limit = typeof operation["limit"] === "number" ? { limit: operation["limit"] } : {}
  switch (operation.name) {
    case "find": return collection.find(part("query"), { ...given("projection"), ...given("sort"), ...limit }).toArray()
    case "findOne": return collection.findOne(part("query"), { ...given("projection"), ...given("sort") })
    case "count": return collection.count(part("query"), limit)
    case "distinct": return collection.distinct(operation["field"] as string, part("query"))
    case "aggregate": return collection.aggregate(list("pipeline")).toArray()
    case "insertOne": return collection.insertOne(part("document"))
    case "insertMany": return collection.insertMany(list("documents"))
    case "updateOne": return collection.updateOne(part("query"), part("update"), upsert)
    case "updateMany": return collection.updateMany(part("query"), part("update"), upsert)
    case "deleteOne": return collection.deleteOne(part("query"))
    case "deleteMany": return collection.deleteMany(part("query"))
    case "findOneAndUpdate": return collection.findOneAndUpdate(part("query"), part("update"), { ...upsert, ...(operation["returnNewDocument"] === true ? { returnNewDocument: true } : {}) })
    case "findOneAndDelete": return collection.findOneAndDelete(part("query"))
    case "bulkWrite": return collection.bulkWrite(list("operations") as never)
    case "watch": return watchOne(collection, part("event") as unknown as ChangeEvent, store)
    default: throw new Error(`unknown operation ${operation.name}`)
  }
}

/** The event as the stream gives it: the store is made to report exactly this one. */
async function watchOne(collection: GuardedCollection, event: ChangeEvent, store: Store): Promise<unknown> {
  Object.defineProperty(store, "watch", { value: async function* () { yield event } })
  for await (const shown of collection.watch({})) return shown
  return null
}

function shapeOf(each: Case, value: unknown, counts: BulkCounts | undefined): unknown {
  if (each.operation.name === "bulkWrite") {
    expect(value).toBeNull()
    return counts
  }
  const result = plain(value as Value)
  if (!Object.hasOwn((each.expect.result ?? {}) as object, "upserted")) return result
  const { upsertedId, ...rest } = result as Record<string, unknown>
  return { ...rest, upserted: upsertedId !== undefined }
}

function functionsOf({ functions = {} }: Case): RuleFunctions {
  return {
    async call(name) {
      const known = functions[name]
      if (known === undefined || known.throws === true) throw new Error("function failed")
      return fromEjson(known.returns)
    },
  }
}

async function settle(work: () => Promise<unknown>): Promise<{ value: unknown } | { error: unknown }> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error }
  }
}

function refusalOf(error: unknown): { status: number; error: string; error_code: string } {
  expect([PermissionError, RequestError, StoreError].some((type) => error instanceof type)).toBe(true)
  const { status, body } = errorReply(error)
  return { status, error: body.error, error_code: body.error_code }
}

function namespaceOf(text: string): { database: string; collection: string } {
  const [database, collection] = text.split(".") as [string, string]
  return { database, collection }
}

function plain(value: unknown): unknown {
  return toEjson(value as Value, { relaxed: true })
}

describe("fixtures/rules on the embedded store", () => {
  test("names every case once, and every known failure is a case", () => {
    expect(fixture.cases).toHaveLength(177)
    expect(new Set(fixture.cases.map(({ id }) => id)).size).toBe(177)
    expect([...knownFailures.keys()].filter((id) => !fixture.cases.some((each) => each.id === id))).toEqual([])
  })

  for (const each of fixture.cases) {
    const run = knownFailures.has(each.id) ? test.fails : test
    run(`${each.group} > ${each.id}: ${each.name}`, async () => {
      const store = openEmbeddedStore({ file: ":memory:" })
      try {
        await runCase(each, store)
      } finally {
        await store.close()
      }
    })
  }
})
