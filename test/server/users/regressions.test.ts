// The faults of custom user data that a survey found elsewhere, each as a client would meet it (C1 to C12; there is no C7).
import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { clientsApp } from "../../sdk/clients-app.ts"
import { claimsOf, serveInProcess, type InProcess, type Tokens } from "../../support/in-process.ts"
import { temporaryFolder } from "../../support/serve.ts"

const functions = {
  plant: "exports = async (collection, documents) => { await context.services.get('mongodb-atlas').db('clients').collection(collection).insertMany(documents); }",
  clear: "exports = async (collection, query) => { await context.services.get('mongodb-atlas').db('clients').collection(collection).deleteMany(query); }",
  count: "exports = async (collection) => context.services.get('mongodb-atlas').db('clients').collection(collection).count({})",
  created: `exports = async (user) => {
    const db = context.services.get('mongodb-atlas').db('clients');
    await db.collection('runs').insertOne({ user_id: user.id });
    await new Promise((done) => setTimeout(done, 30));
    if ((await db.collection('veto').count({})) > 0) throw new Error('the house is full');
    await db.collection('people').insertOne({ user_id: user.id, from: 'creation' });
  }`,
}

const folder = temporaryFolder()
cpSync(clientsApp, folder.path, { recursive: true })
const edit = (file: string, change: (whole: never) => unknown): void => writeFileSync(join(folder.path, file), JSON.stringify(change(JSON.parse(readFileSync(join(folder.path, file), "utf8")) as never)))
for (const [name, source] of Object.entries(functions)) writeFileSync(join(folder.path, `functions/${name}.js`), source)
edit("functions/config.json", (whole: object[]) => [
  ...whole, ...Object.keys(functions).map((name) => ({ name, private: name === "created", run_as_system: true })),
  { name: "people", private: false, can_evaluate: { "%%user.type": "normal", "%%user.identities": { $exists: true } } },
])
writeFileSync(join(folder.path, "functions/people.js"), "exports = () => context.user.identities.length")

const configured = (change: object): string => {
  const own = temporaryFolder()
  folders.push(own)
  cpSync(folder.path, own.path, { recursive: true })
  const file = join(own.path, "auth/custom_user_data.json")
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), ...change }))
  return own.path
}
const folders = [folder]

let served: InProcess
beforeAll(async () => {
  served = await serveInProcess({ directory: folder.path, secrets: { jwtKey: "0123456789abcdef0123456789abcdef" } })
})
afterAll(async () => {
  await served.close()
  for (const each of folders) each.remove()
})

async function withApp(change: object, work: (app: InProcess) => Promise<void>): Promise<void> {
  const app = await serveInProcess({ directory: configured(change), secrets: { jwtKey: "0123456789abcdef0123456789abcdef" } })
  try {
    await work(app)
  } finally {
    await app.close()
  }
}

async function anonymous(app: InProcess = served): Promise<Tokens> {
  const reply = await app.call("POST", "{app}/auth/providers/anon-user/login")
  expect(reply.status).toBe(200)
  return (await reply.json()) as Tokens
}

async function call(name: string, args: readonly unknown[], { access_token: token }: Tokens, app: InProcess = served): Promise<unknown> {
  const reply = await app.call("POST", "{app}/functions/call", { token, body: { name, arguments: args } })
  const body: unknown = await reply.json()
  if (reply.status !== 200) throw new Error(`${name} answered ${reply.status}: ${JSON.stringify(body)}`)
  return body
}

async function refreshed(user: Tokens, app: InProcess = served): Promise<Record<string, unknown>> {
  const reply = await app.call("POST", "/auth/session", { token: user.refresh_token })
  return claimsOf(((await reply.json()) as Tokens).access_token)
}

test("C1 a document that holds the user's id as an ObjectId is found", async () => {
  const user = await anonymous()
  await call("plant", ["people", [{ user_id: { $oid: user.user_id }, kind: "id" }]], user)
  expect((await refreshed(user))["user_data"]).toMatchObject({ user_id: user.user_id, kind: "id" })
})

test("C2 of several documents the one inserted first is used, text before ObjectId, and it stays that one", async () => {
  const user = await anonymous()
  const documents = [{ user_id: { $oid: user.user_id }, n: "id" }, { user_id: user.user_id, n: "first", _id: "z" }, { user_id: user.user_id, n: "second", _id: "a" }]
  await call("plant", ["people", documents], user)
  for (let index = 0; index < 3; index++) expect((await refreshed(user))["user_data"]).toMatchObject({ n: "first" })
  await call("clear", ["people", { _id: "z" }], user)
  expect((await refreshed(user))["user_data"]).toMatchObject({ n: "second" })
  await call("clear", ["people", { _id: "a" }], user)
  expect((await refreshed(user))["user_data"]).toMatchObject({ n: "id" })
})

test("C3 `enabled: false` reads nothing and runs no creation function", async () => {
  await withApp({ enabled: false, on_user_creation_function_name: "created" }, async (app) => {
    const user = await anonymous(app)
    await call("plant", ["people", [{ user_id: user.user_id, n: "ignored" }]], user, app)
    expect(await refreshed(user, app)).not.toHaveProperty("user_data")
    expect(await call("whoAmI", [], user, app)).toMatchObject({ custom_data: {} })
    expect(await call("count", ["runs"], user, app)).toEqual({ $numberInt: "0" })
  })
})

describe("C4 the creation function", () => {
  test("can veto: no account, no session, the function's words; and runs again when tried again", async () => {
    await withApp({ on_user_creation_function_name: "created" }, async (app) => {
      const first = await anonymous(app)
      expect(claimsOf(first.access_token)["user_data"]).toMatchObject({ from: "creation", user_id: first.user_id })
      await call("plant", ["veto", [{}]], first, app)
      const refused = await app.call("POST", "{app}/auth/providers/anon-user/login")
      expect([refused.status, await refused.json()]).toEqual([400, { error: expect.stringContaining("the house is full"), error_code: "FunctionExecutionError" }])
      await call("clear", ["veto", {}], first, app)
      expect((await anonymous(app)).user_id).not.toBe(first.user_id)
    })
  })
})

test("C5 the creation function runs once for one identity, however many first logins meet", async () => {
  await withApp({ on_user_creation_function_name: "created" }, async (app) => {
    const other = await anonymous(app)
    const before = (await call("count", ["runs"], other, app)) as { $numberInt: string }
    const logIn = (): Promise<Response> => app.call("POST", "{app}/auth/providers/custom-function/login", { body: { account: "kim", word: "sesame" } })
    const replies = await Promise.all([1, 2, 3, 4].map(logIn))
    const users = await Promise.all(replies.map(async (reply) => [reply.status, ((await reply.json()) as Tokens).user_id] as const))
    expect(new Set(users.map(([status, id]) => `${status} ${id}`)).size).toBe(1)
    expect(users[0]?.[0]).toBe(200)
    expect(await call("count", ["runs"], other, app)).toEqual({ $numberInt: String(Number(before.$numberInt) + 1) })
  })
})

test("C6 an access token lives thirty minutes", async () => {
  const user = await anonymous()
  for (const claims of [claimsOf(user.access_token), await refreshed(user)]) expect((claims["exp"] as number) - (claims["iat"] as number)).toBe(1800)
})

test("C8 kinds of values survive: in the claim as canonical Extended JSON, in functions as themselves", async () => {
  const user = await anonymous()
  const values = { int: { $numberInt: "5" }, long: { $numberLong: "5" }, double: { $numberDouble: "5.0" }, decimal: { $numberDecimal: "5.10" }, date: { $date: { $numberLong: "5" } }, binary: { $binary: { base64: "AAE=", subType: "00" } } }
  await call("plant", ["people", [{ ...values, user_id: user.user_id, ref: { $oid: user.user_id }, deep: [{ id: { $oid: user.user_id } }] }]], user)
  const reply = await served.call("POST", "/auth/session", { token: user.refresh_token })
  const { access_token: token } = (await reply.json()) as Tokens
  expect(claimsOf(token)["user_data"]).toMatchObject({ ...values, ref: user.user_id, deep: [{ id: user.user_id }] })
  expect(await call("whoAmI", [], { ...user, access_token: token })).toMatchObject({ custom_data: { ...values, ref: user.user_id, deep: [{ id: user.user_id }] } })
})

test("C9 rules and functions see the user's type and identities", async () => {
  const user = await anonymous()
  expect(await call("whoAmI", [], user)).toMatchObject({ type: "normal", providers: ["anon-user"] })
  expect(await call("people", [], user)).toEqual({ $numberInt: "1" })
})

test("C10 nothing shows fresher custom data than the token: not the profile, not functions", async () => {
  const user = await anonymous()
  await call("plant", ["people", [{ user_id: user.user_id, fresh: true }]], user)
  const profile = await (await served.call("GET", "/auth/profile", { token: user.access_token })).text()
  expect(profile).not.toContain("fresh")
  expect(await call("whoAmI", [], user)).toMatchObject({ custom_data: {} })
})

test("C11 after 20 KB of custom data the next call works", async () => {
  const user = await anonymous()
  await call("plant", ["people", [{ user_id: user.user_id, text: "x".repeat(20 * 1024) }]], user)
  const { access_token: token } = (await (await served.call("POST", "/auth/session", { token: user.refresh_token })).json()) as Tokens
  expect(token.length).toBeGreaterThan(27_000)
  expect((await served.call("GET", "/auth/profile", { token })).status).toBe(200)
})

test("C12 anonymous users have custom data like any other", async () => {
  await withApp({ on_user_creation_function_name: "created" }, async (app) => {
    const user = await anonymous(app)
    expect(claimsOf(user.access_token)["user_data"]).toMatchObject({ from: "creation" })
    expect(await call("whoAmI", [], user, app)).toMatchObject({ custom_data: { from: "creation" } })
  })
})
