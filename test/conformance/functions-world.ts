// Runs the cases of the function runtime against the real runtime, data service and embedded store.
import { readFileSync } from "node:fs"
import { compileDataSource, createDataService, type DataService, type RuleFunctions } from "../../server/data/index.ts"
import { fromEjson, toEjson, type Document, type Json, type Value } from "../../kernel/index.ts"
import type { AppFunction, AppModel } from "../../server/app/index.ts"
import { RequestError } from "../../server/errors.ts"
import { bundleModules, createFunctions, type FunctionCaller, type FunctionLogEntry, type Functions, type HttpExchange, type HttpReply, type HttpTransport } from "../../server/functions/index.ts"
import { errorReply } from "../../server/http/error-response.ts"
import { openEmbeddedStore } from "../../server/storage/index.ts"
import type { Runtime } from "../../runtime/index.ts"

type RawFunction = string | { readonly source: string; readonly private?: boolean; readonly can_evaluate?: unknown; readonly run_as_system?: boolean; readonly run_as_user_id?: string; readonly run_as_user_id_script_source?: string }
interface Call { readonly function?: string; readonly args?: Json[]; readonly args_text?: string; readonly as?: "user" | "system"; readonly via?: "client" | "internal" }
export interface Expectation {
  readonly result?: Json
  readonly error?: { readonly status?: Json; readonly error_code?: Json; readonly error?: Json }
  readonly logs?: Json
  readonly error_logs?: Json
  readonly data?: Data
}
type Data = { readonly [service: string]: { readonly [database: string]: { readonly [collection: string]: Json[] } } }
interface HttpExpectation { readonly request: { readonly [key: string]: Json }; readonly response?: { readonly status: string; readonly statusCode: number; readonly headers: { readonly [name: string]: string[] }; readonly body: string }; readonly error?: string }
export interface FunctionCase {
  readonly id: string
  readonly name: string
  readonly group: string
  readonly functions: { readonly [name: string]: RawFunction }
  readonly call?: Call
  readonly expect?: Expectation
  readonly steps?: readonly { readonly call: Call; readonly expect: Expectation }[]
  readonly user?: { readonly [key: string]: Json }
  readonly users?: { readonly [id: string]: Json }
  readonly request?: { readonly [key: string]: Json }
  readonly values?: { readonly [name: string]: Json }
  readonly environment?: { readonly tag: string; readonly values: Json }
  readonly limits?: { readonly [name: string]: number }
  readonly data?: Data
  readonly rules?: { readonly [namespace: string]: Json }
  readonly http?: readonly HttpExpectation[]
  readonly packages?: { readonly [name: string]: string }
}
interface Fixture { readonly defaults: { readonly app: { readonly [key: string]: Json }; readonly user: { readonly [key: string]: Json }; readonly request: { readonly [key: string]: Json }; readonly limits: { readonly [name: string]: number } }; readonly cases: readonly FunctionCase[] }

export const fixture = JSON.parse(readFileSync(new URL("../../fixtures/functions/functions.json", import.meta.url), "utf8")) as Fixture
const { defaults } = fixture

/** What one call gave, in the terms of an expectation. */
export interface Answer { readonly result?: Json; readonly error?: { readonly status: number; readonly error_code: string; readonly error: string }; readonly logs: readonly string[]; readonly error_logs: readonly string[] }

export interface World {
  call(call: Call): Promise<Answer>
  documents(service: string, database: string, collection: string): Promise<Json[]>
  close(): Promise<void>
}

/** Deploys the functions of a case, with its data, rules, values and packages. */
export async function openWorld(each: FunctionCase, runtime: Runtime): Promise<World> {
  const app = modelOf(each)
  const store = await openEmbeddedStore({ file: ":memory:" })
  for (const databases of Object.values(each.data ?? {})) {
    for (const [database, collections] of Object.entries(databases)) {
      for (const [collection, documents] of Object.entries(collections)) {
        if (documents.length > 0) await store.insert({ database, collection }, documents.map((document) => fromEjson(document) as Document))
      }
    }
  }
  const collections = Object.entries(each.rules ?? {}).map(([namespace, raw]) => {
    const [, database, collection] = namespace.split(".") as [string, string, string]
    return { database, collection, rules: { file: namespace, raw: { database, collection, ...(raw as object) } }, schema: undefined }
  })
  const { dataSource } = compileDataSource({ name: "mongodb-atlas", type: "mongodb-atlas", defaultRule: undefined, collections })
  let functions: Functions | undefined
  const ruleFunctions: RuleFunctions = { call: (name, args, caller) => (functions as Functions).call(name, args, caller) }
  const data: DataService = createDataService({ dataSources: [dataSource], storeFor: () => store, known: () => ({ values: {}, environment: {} }), functions: ruleFunctions })
  const entries: FunctionLogEntry[] = []
  const user = fromEjson({ ...defaults.user, ...each.user }) as Document
  const request = fromEjson({ ...defaults.request, ...each.request }) as Document
  const users = new Map(Object.entries(each.users ?? {}).map(([id, json]) => [id, fromEjson(json) as Document]))
  const limits = { ...defaults.limits, ...each.limits }
  functions = await createFunctions({
    app, runtime, data,
    userLookup: async (id) => users.get(id) ?? (id === user["id"] ? user : null),
    resolveValue: (value) => value.value,
    settings: { limits: { wallMs: limits["wall_ms"] ?? 0, cpuMs: limits["cpu_ms"] ?? 0, memoryMb: limits["memory_mb"] ?? 0, resultBytes: limits["result_bytes"] ?? 0, executeDepth: limits["execute_depth"] ?? 0, outstandingOperations: limits["outstanding_ops"] ?? 0 } },
    log: (entry) => entries.push(entry),
    deployedAt: new Date(defaults.app["lastDeployed"] as string),
    hostingUri: "",
    ...(each.http === undefined ? {} : { httpTransport: scripted(each.http) }),
  }, { ...(await bundleModules(app)).modules, ...each.packages })
  const deployed = functions
  return {
    async call({ function: name = "main", args = [], args_text: text, as = "user", via = "client" }) {
      const caller: FunctionCaller = as === "user" ? { kind: "user", user, request } : { kind: "system" }
      entries.length = 0
      const given: unknown = text === undefined ? args : JSON.parse(text)
      const outcome = await deployed.run(name, given, caller, { via: via === "client" ? "client" : "database-trigger" }).then((result) => ({ result: JSON.parse(result) as Json }), (error: unknown) => {
        const { status, body } = errorReply(error)
        return { error: { status, ...body } }
      })
      const entry = entries[0]
      return { ...outcome, logs: entry?.messages.map(({ text: line }) => line) ?? [], error_logs: entry?.error_logs ?? [] }
    },
    async documents(_service, database, collection) {
      return (await store.find({ database, collection }, {}).toArray()).map((document) => toEjson(document))
    },
    async close() {
      await deployed.close()
      await store.close()
    },
  }
}

function modelOf(each: FunctionCase): AppModel {
  const { app } = defaults
  const deployment = app["deployment"] as { readonly model: string; readonly providerRegion: string }
  const functions = Object.entries(each.functions).map(([name, raw]): AppFunction => {
    const settings = typeof raw === "string" ? { source: raw } : raw
    return {
      name, id: undefined, file: `functions/${name}.js`, source: settings.source, private: settings.private ?? false, canEvaluate: { file: "functions/config.json", raw: settings.can_evaluate ?? {} }, disableArgLogs: false,
      runAsSystem: settings.run_as_system ?? false, runAsUserId: settings.run_as_user_id, runAsUserIdScript: settings.run_as_user_id_script_source,
    }
  })
  return {
    version: 20230101, clientAppId: String(app["clientAppId"]), name: String(app["name"]), appId: String(app["id"]), projectId: String(app["projectId"]), deploymentModel: deployment.model, providerRegion: deployment.providerRegion,
    allowedRequestOrigins: [], environment: { tag: each.environment?.tag ?? "", values: fromEjson(each.environment?.values ?? {}) as Document },
    values: new Map(Object.entries(each.values ?? {}).map(([name, json]) => [name, { name, value: fromEjson(json) as Value, fromSecret: false }])),
    customUserData: undefined, providers: new Map(), dataSources: new Map(), functions: new Map(functions.map((one) => [one.name, one])), triggers: [], endpoints: [], httpServices: new Map(), directory: "",
  }
}

/** Answers requests in the order of the case; a request that differs from what is expected fails the call, and so the case. */
function scripted(expected: readonly HttpExpectation[]): HttpTransport {
  const queue = [...expected]
  return async (exchange: HttpExchange): Promise<HttpReply> => {
    const next = queue.shift()
    if (next === undefined) throw new RequestError("HTTPError", "unexpected request")
    for (const [key, wanted] of Object.entries(next.request)) {
      if (key === "method" && exchange.method !== wanted) throw new RequestError("HTTPError", `method ${exchange.method}`)
      if (key === "url" && exchange.url.href !== wanted) throw new RequestError("HTTPError", `url ${exchange.url.href}`)
      if (key === "body" && exchange.body?.toString() !== wanted) throw new RequestError("HTTPError", `body ${exchange.body?.toString()}`)
      if (key === "headers") for (const [name, values] of Object.entries(wanted as { readonly [name: string]: Json })) {
        const sent = exchange.headers.filter(([each]) => each === name).map(([, value]) => value)
        if (JSON.stringify(sent) !== JSON.stringify(values)) throw new RequestError("HTTPError", `header ${name}`)
      }
    }
    if (next.response === undefined) throw new RequestError("HTTPError", next.error ?? "failed")
    const body = Buffer.from(next.response.body)
    return { ...next.response, contentLength: body.length, body }
  }
}

/** Whether a value is what is expected; objects regardless of order, doubles by value, `{"$$": …}` as matchers. */
export function matches(actual: Json | undefined, expected: Json): boolean {
  if (typeof expected !== "object" || expected === null) return actual === expected
  if (Array.isArray(expected)) return Array.isArray(actual) && actual.length === expected.length && expected.every((item, index) => matches(actual[index], item))
  switch (expected["$$"]) {
    case "any": return actual !== undefined
    case "objectId": return typeof actual === "object" && actual !== null && !Array.isArray(actual) && /^[0-9a-f]{24}$/.test(String(actual["$oid"]))
    case "regex": return typeof actual === "string" && new RegExp(String(expected["value"])).test(actual)
    default: {
      if (typeof actual !== "object" || actual === null || Array.isArray(actual)) return false
      if (typeof expected["$numberDouble"] === "string") return Object.is(Number(actual["$numberDouble"]), Number(expected["$numberDouble"]))
      const keys = Object.keys(expected)
      return keys.length === Object.keys(actual).length && keys.every((key) => Object.hasOwn(actual, key) && matches(actual[key], expected[key] as Json))
    }
  }
}
