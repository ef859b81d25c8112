// Triggers of served apps: over HTTP, killed in the middle, and two servers on one MongoDB.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import { openEmbeddedStore, openMongoStore } from "../../../server/storage/index.ts"
import { startMongoServer, type TestMongo } from "../../servers/mongo-server.ts"
import { serveInProcess, signIn, type InProcess } from "../../support/in-process.ts"
import { serve, temporaryFolder, worktracker } from "../../support/serve.ts"
import { databaseTrigger, mongoWorld, quiet, until } from "./world.ts"

const folder = temporaryFolder()
afterAll(() => folder.remove())

const trigger = (name: string, type: string, config: object): object =>
  ({ name, type, disabled: false, config, event_processors: { FUNCTION: { config: { function_name: name } } } })
const onTasks = { service_name: "mongodb-atlas", database: "tracker", collection: "tasks", operation_types: ["INSERT"] }

/** The sample app with triggers of its own: logins and tasks are recorded by the given functions. */
function appWith(name: string, functions: Record<string, string>, triggers: readonly object[]): string {
  const directory = join(folder.path, name)
  rmSync(directory, { recursive: true, force: true })
  cpSync(worktracker, directory, { recursive: true })
  rmSync(join(directory, "triggers"), { recursive: true })
  mkdirSync(join(directory, "triggers"))
  for (const each of triggers) writeFileSync(join(directory, "triggers", `${(each as { name: string }).name}.json`), JSON.stringify(each))
  for (const [file, source] of Object.entries(functions)) writeFileSync(join(directory, "functions", `${file}.js`), source)
  const config = join(directory, "functions/config.json")
  const known = Object.keys(functions).map((each) => ({ name: each, private: true }))
  writeFileSync(config, JSON.stringify([...(JSON.parse(readText(config)) as { name: string }[]).filter((each) => !Object.hasOwn(functions, each.name)), ...known]))
  return directory
}

function readText(file: string): string {
  return readFileSync(file, "utf8")
}

const record = (collection: string): string => `exports = async (event) => { await context.services.get("mongodb-atlas").db("tracker").collection("${collection}").insertOne({ event }) }`
const stuck = `exports = async () => { await context.services.get("mongodb-atlas").db("tracker").collection("begun").insertOne({}); await new Promise((resolve) => setTimeout(resolve, 60000)) }`

async function createTask({ call }: InProcess, token: string, title: string): Promise<void> {
  const reply = await call("POST", "{app}/functions/call", { token, body: { name: "createTask", arguments: [{ title }] } })
  expect(reply.status).toBe(200)
}

async function recorded(file: string, collection: string): Promise<Document[]> {
  const store = openEmbeddedStore({ file })
  const found = await store.find({ database: "tracker", collection }, {}).toArray()
  await store.close()
  return found
}

describe("the sample app", () => {
  test("records logins over HTTP, after CREATE, with the custom data that is in the token", async () => {
    const file = join(folder.path, "sample.sqlite")
    const directory = appWith("sample", { recordAccount: record("accounts"), recordOut: record("outs") }, [
      JSON.parse(readText(join(worktracker, "triggers/recordLogin.json"))) as object,
      trigger("recordAccount", "AUTHENTICATION", { operation_type: ["CREATE", "DELETE"], providers: ["local-userpass"] }),
      trigger("recordOut", "AUTHENTICATION", { operation_type: "LOGOUT", providers: ["local-userpass"] }),
    ])
    const served = await serveInProcess({ directory, data: { file } })
    const { user_id: id, access_token: access } = await signIn(served, "lea@red.example")
    const again = await signIn(served, "lea@red.example")
    const failed = await served.call("POST", "{app}/auth/providers/local-userpass/login", { body: { username: "lea@red.example", password: "wrong" } })
    expect(failed.status).toBe(401)
    expect((await served.call("POST", "/auth/session", { token: again.refresh_token })).status).toBe(201)
    expect((await served.call("DELETE", "/auth/session", { token: again.refresh_token })).status).toBe(204)
    expect((await served.call("DELETE", "/auth/delete", { token: access })).status).toBe(204)
    await until(() => served.logged.filter((line) => line.includes("AUTH_TRIGGER")).length === 5)
    await served.close()

    const ran = served.logged.filter((line) => line.includes("AUTH_TRIGGER")).map((line) => (JSON.parse(line) as { function: string; status: number; trigger: string }))
    expect(ran.map(({ trigger: name, status }) => [name, status])).toEqual([["recordAccount", 200], ["recordLogin", 200], ["recordLogin", 200], ["recordOut", 200], ["recordAccount", 200]])
    expect(await recorded(file, "logins")).toMatchObject([{ user_id: id, providers: ["local-userpass"], time: expect.any(Date) }, { user_id: id }])
    const [created, deleted] = (await recorded(file, "accounts")).map(({ event }) => event as Document)
    expect(created).toMatchObject({ operationType: "CREATE", providers: ["local-userpass"], user: { id, type: "normal", data: { email: "lea@red.example" }, custom_data: { user_id: id, role: "lead", team: "red" }, identities: [{ provider_type: "local-userpass" }] } })
    expect(deleted).toMatchObject({ operationType: "DELETE", providers: ["local-userpass"], user: { id, custom_data: { user_id: id, role: "lead", team: "red" } } })
    expect(await recorded(file, "outs")).toMatchObject([{ event: { operationType: "LOGOUT", user: { id } } }])
  })

  test("answers a login before its triggers end, runs a schedule when the clock says so, and waits for both when it closes", async () => {
    const slow = "exports = () => new Promise((resolve) => setTimeout(resolve, 2500))"
    const directory = appWith("slow", { recordLogin: slow, nightly: record("nights") }, [
      trigger("recordLogin", "AUTHENTICATION", { operation_type: "LOGIN", providers: ["anon-user"] }), trigger("nightly", "SCHEDULED", { schedule: "0 3 * * *" }),
    ])
    const served = await serveInProcess({ directory })
    expect((await served.call("POST", "{app}/auth/providers/anon-user/login", { body: {} })).status).toBe(200)
    served.advance(24 * 3600)
    await until(() => served.logged.some((line) => line.includes("SCHEDULED_TRIGGER")))
    expect(served.logged.some((line) => line.includes("AUTH_TRIGGER"))).toBe(false)
    await served.close()
    expect(served.logged.some((line) => line.includes("AUTH_TRIGGER"))).toBe(true)
  }, 20_000)
})

test("after kill -9 between queueing and delivery the login and the insert are delivered", async () => {
  const file = join(folder.path, "killed.sqlite")
  const triggers = [trigger("onLogin", "AUTHENTICATION", { operation_type: "LOGIN", providers: ["anon-user"] }), trigger("onTask", "DATABASE", onTasks)]
  const directory = appWith("killed", { onLogin: stuck, onTask: stuck, addTask: `exports = () => context.services.get("mongodb-atlas").db("tracker").collection("tasks").insertOne({ title: "kept" })` }, triggers)
  writeFileSync(join(directory, "functions/config.json"), readText(join(directory, "functions/config.json")).replace(`{"name":"addTask","private":true}`, `{"name":"addTask","private":false,"run_as_system":true}`))
  const first = await serve([directory, "--port", "0", "--data", file])
  const client = `${first.url}/api/client/v2.0`
  const login = await fetch(`${client}/app/${first.appId}/auth/providers/anon-user/login`, { method: "POST", body: "{}" })
  const { access_token: token, user_id: id } = (await login.json()) as { access_token: string; user_id: string }
  const added = await fetch(`${client}/app/${first.appId}/functions/call`, { method: "POST", headers: { authorization: `Bearer ${token}` }, body: JSON.stringify({ name: "addTask", arguments: [] }) })
  expect(added.status).toBe(200)
  expect(await first.stop("SIGKILL")).toBe("SIGKILL")
  expect(first.output().stderr).not.toMatch(/_TRIGGER/)

  writeFileSync(join(directory, "functions/onLogin.js"), record("delivered"))
  writeFileSync(join(directory, "functions/onTask.js"), record("delivered"))
  const second = await serve([directory, "--port", "0", "--data", file])
  await until(() => second.output().stderr.match(/_TRIGGER/g)?.length === 2)
  expect(await second.stop()).toBe(0)
  const delivered = (await recorded(file, "delivered")).map(({ event }) => event as Document)
  expect(delivered).toHaveLength(2)
  expect(delivered).toContainEqual(expect.objectContaining({ operationType: "LOGIN", user: expect.objectContaining({ id }) }))
  expect(delivered).toContainEqual(expect.objectContaining({ operationType: "insert", fullDocument: expect.objectContaining({ title: "kept" }) }))
}, 30_000)

describe("on MongoDB", () => {
  let mongo: TestMongo | { readonly skipped: string }
  beforeAll(async () => {
    mongo = await startMongoServer()
  }, 120_000)
  afterAll(async () => {
    if ("uri" in mongo) await mongo.stop()
  })

  test("two servers deliver each login, insert and planned time once", async (context) => {
    if ("skipped" in mongo) return context.skip(mongo.skipped)
    const { uri } = mongo
    const directory = appWith("shared", { onLogin: record("seenLogins"), onTask: record("seenTasks"), nightly: record("seenNights") }, [
      trigger("onLogin", "AUTHENTICATION", { operation_type: "LOGIN", providers: ["local-userpass"] }), trigger("onTask", "DATABASE", onTasks), trigger("nightly", "SCHEDULED", { schedule: "0 3 * * *" }),
    ])
    const servers = [await serveInProcess({ directory, data: { mongodb: uri } }), await serveInProcess({ directory, data: { mongodb: uri } })] as const
    const ids: string[] = []
    for (let at = 0; at < 6; at++) {
      const server = servers[at % 2] as InProcess
      const user = await signIn(server, `user${at}@red.example`)
      ids.push(user.user_id)
      await createTask(server, user.access_token, `task ${at}`)
    }
    for (const server of servers) server.advance(24 * 3600)
    const count = (type: string): number => servers.flatMap(({ logged }) => logged).filter((line) => line.includes(type)).length
    await until(() => [count("AUTH_TRIGGER"), count("DB_TRIGGER"), count("SCHEDULED_TRIGGER")], ([logins, tasks, nights]) => logins === 6 && tasks === 6 && nights === 1, 15_000)
    await quiet(500)
    await Promise.all(servers.map((server) => server.close()))
    const store = await openMongoStore({ uri })
    const seen = async (collection: string): Promise<Document[]> => (await store.find({ database: "tracker", collection }, {}).toArray()).map(({ event }) => event as Document)
    expect((await seen("seenLogins")).map((event) => (event["user"] as Document)["id"]).toSorted()).toEqual(ids.toSorted())
    expect((await seen("seenTasks")).map((event) => (event["fullDocument"] as Document)["title"])).toEqual(ids.map((_, at) => `task ${at}`))
    expect(await seen("seenNights")).toHaveLength(1)
    await store.close()
  }, 60_000)

  test("a stream is one process's at a time, and goes on in another from its place, without a gap and in order", async (context) => {
    if ("skipped" in mongo) return context.skip(mongo.skipped)
    const world = await mongoWorld(mongo.uri)
    const namespace = { database: "app", collection: `orders${Date.now()}` }
    const watching = databaseTrigger("all", namespace.collection, { operation_types: ["INSERT", "DELETE"], match: { "fullDocument.n": { $gte: 0 } } })
    const one = await world.begin([watching])
    const two = await world.begin([watching])
    const insert = (from: number, to: number) => world.store.insert(namespace, Array.from({ length: to - from }, (_, at) => ({ _id: from + at, n: from + at })))
    await insert(0, 20)
    await until(() => one.guests.ended.length === 20)
    expect(two.guests.calls).toEqual([])
    await one.triggers.close()
    await insert(20, 40)
    await until(() => two.guests.ended.length === 20)
    // A process that dies keeps its claim until it runs out.
    await world.collectionOfState("trigger_progress").updateOne({ _id: "all" }, { $set: { owner: "other", until: new Date(world.now + 3_600_000) } })
    await until(() => two.triggers.execution("all"), (found) => found?.state === "elsewhere")
    await quiet(250)
    await insert(40, 60)
    await quiet(150)
    expect(two.guests.calls).toHaveLength(20)
    world.now += 3_700_000
    await until(() => two.guests.ended.length === 40)
    expect([...one.guests.events, ...two.guests.events].map((event) => (event["documentKey"] as Document)["_id"])).toEqual(Array.from({ length: 60 }, (_, at) => at))
    await world.close()
  }, 30_000)
})
