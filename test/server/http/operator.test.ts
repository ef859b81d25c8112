// The operator's route: who may ask, what may be asked, and what is in the answer.
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { parseSettings } from "../../../server/index.ts"
import { changedApp, type ChangedApp } from "../../support/changed-app.ts"
import { serveInProcess, signIn, type InProcess } from "../../support/in-process.ts"
import { root } from "../../support/serve.ts"
import { spawnSync } from "node:child_process"
import { regressionsApp } from "../rules-http/world.ts"

const token = "an-operator-token-of-32-characters-or-more"
const secret = "s3cret-behind-a-value"
const roles = [
  { name: "vip", apply_when: { level: "%%user.custom_data.level", key: "%%values.key" }, read: true },
  { name: "owner", apply_when: { owner_id: "%%user.id" }, read: true, write: true },
  { name: "nested", apply_when: { kind: "nested" }, fields: { lines: { fields: { price: { read: { "%%this": { $lte: 5 } } } } } } },
]

let app: ChangedApp
let served: InProcess
let userId: string

beforeAll(async () => {
  app = await changedApp(regressionsApp, {
    "data_sources/mongodb-atlas/app/r15/rules.json": { database: "app", collection: "r15", roles, filters: [] },
    "values/key.json": { name: "key", value: "theKey", from_secret: true },
  })
  served = await serveInProcess({ directory: app.directory, settings: parseSettings({ http: { operatorToken: token } }, "settings"), secrets: { theKey: secret } })
  const first = await signIn(served, "ana@example.com")
  userId = first.user_id
  const call = (name: string, ...args: unknown[]): Promise<Response> => served.call("POST", "{app}/functions/call", { token: first.access_token, body: { name, arguments: args } })
  expect((await call("asSystem", "people", "insertOne", { user_id: userId, level: 3, ref: { $oid: "64b1f0c2a7d93e5b8c214f06" } })).status).toBe(200)
  expect((await call("asSystem", "r15", "insertMany", [{ _id: 1, owner_id: "V", title: "theirs", level: 4, key: secret }, { _id: 2, owner_id: userId, title: "mine" }])).status).toBe(200)
})

afterAll(async () => {
  await served.close()
  await app.remove()
})

interface Answer { readonly status: number; readonly text: string; readonly body: Record<string, unknown> }

async function ask(question: unknown, headers: Record<string, string> = { authorization: `Bearer ${token}` }, server = served, appId = server.server.clientAppId): Promise<Answer> {
  const reply = await fetch(`${server.url}/api/backstitch/v1/apps/${appId}/explain`, { method: "POST", headers, body: typeof question === "string" ? question : JSON.stringify(question) })
  const text = await reply.text()
  return { status: reply.status, text, body: JSON.parse(text) as Record<string, unknown> }
}

const place = { service: "mongodb-atlas", database: "app", collection: "r15" }

describe("the answer", () => {
  test("is the library's, of a stored user with custom data as a token made now would carry it", async () => {
    const { status, body } = await ask({ ...place, userId, operation: "read", filter: { _id: 1 } })
    expect(status).toBe(200)
    expect(body).toMatchObject({ admitted: false, kind: "access", explanation: {
      decision: { outcome: "hidden", because: "no-role-applies" },
      tried: [
        { role: "vip", applies: false, failing: { pointer: "/roles/0/apply_when/level", subject: { text: "%%root.level", value: 4 }, operand: { text: "%%user.custom_data.level", value: 3 } } },
        { role: "owner", applies: false, failing: { operand: { text: "%%user.id", value: userId } } },
        { role: "nested", applies: false },
      ],
    } })
    expect((await ask({ ...place, userId, operation: "update", filter: { _id: 2 }, update: { $set: { title: "new" } } })).body).toMatchObject({ admitted: true })
    expect((await ask({ ...place, userId, operation: "update", filter: { _id: 2 }, update: { $set: { title: 5 } } })).body).toMatchObject({ admitted: false, explanation: { decision: { because: "schema-refuses", field: "title" }, schema: [{ field: "title", kind: "invalid_type" }] } })
    expect((await ask({ ...place, userId, operation: "delete", filter: { _id: 9 } })).body).toEqual({ admitted: false, kind: "access", explanation: null })
  })

  test("of a given user, a given document and each request", async () => {
    const user = { id: "V", custom_data: { level: 4 } }
    expect((await ask({ ...place, user, operation: "read", document: { _id: { $oid: "64b1f0c2a7d93e5b8c214f06" }, owner_id: "V" } })).body).toMatchObject({ admitted: true, explanation: { assigned: "owner" } })
    for (const question of [{ operation: "find", filter: { n: 1 }, sort: { n: 1 }, limit: 5 }, { operation: "count" }, { operation: "distinct", field: "n" }, { operation: "aggregate", pipeline: [{ $match: { n: 1 } }] }, { operation: "updateMany", update: { $set: { n: 1 } } }, { operation: "deleteOne", filter: { n: 1 } }]) {
      const { status, body } = await ask({ ...place, user, ...question })
      expect([status, body]).toMatchObject([200, { kind: "request", explanation: { operation: question.operation, plan: { index: null } } }])
    }
  })

  test("of nested fields, and not of all of them where they are many", async () => {
    const asked = (lines: object[]): Promise<Answer> => ask({ ...place, user: { id: "V" }, operation: "read", document: { kind: "nested", lines } })
    expect((await asked([{ price: 1 }, { price: { $numberLong: "9" } }])).body).toEqual({ admitted: true, kind: "access", explanation: expect.objectContaining({ fields: [
      { field: "kind", entry: "none", shown: "hidden", permissions: [] },
      { field: "lines", entry: "fields", shown: "part", permissions: [] },
      { field: "lines.0.price", entry: "fields", shown: "whole", permissions: [{ name: "read", result: true }] },
      { field: "lines.1.price", entry: "fields", shown: "hidden", permissions: [{ name: "read", result: false, failing: {
        pointer: "/roles/2/fields/lines/fields/price/read/%%this/$lte", operator: "lte", needed: true, result: false, reason: "%%this does not pass",
        subject: { text: "%%this", type: "long", value: 9 }, operand: { text: "the value in the rule", type: "int", value: 5 },
      } }] },
    ] }) })
    const { text, body } = await asked(Array.from({ length: 3000 }, (_, price) => ({ price })))
    expect(body).toMatchObject({ admitted: true, explanation: { omitted: "more" } })
    expect((body["explanation"] as { fields: unknown[] }).fields).toHaveLength(500)
    expect(text.length).toBeLessThan(250_000)
  })

  test("holds no secret, and neither it nor the token is logged", async () => {
    const level = await ask({ ...place, user: { id: "V", custom_data: { level: 4 } }, operation: "read", filter: { _id: 1 } })
    expect(level.body).toMatchObject({ admitted: true })
    const other = await ask({ ...place, user: { id: "W", custom_data: { level: 4 } }, operation: "read", document: { level: 4, key: "wrong", note: "a-note-of-the-document" } })
    expect(other.text).toContain("(secret)")
    const receipt = await ask({ ...place, user: { id: "W", custom_data: { level: 4 } }, operation: "find" })
    for (const { text } of [level, other, receipt]) expect(text).not.toContain(secret)
    const logged = served.logged.join("")
    for (const word of [token, secret, "a-note-of-the-document"]) expect(logged).not.toContain(word)
  })
})

describe("a question that cannot be asked", () => {
  const user = { id: "V" }
  for (const [name, question, found] of [
    ["an unknown operation", { ...place, user, operation: "drop" }, "/operation"],
    ["no operation", { ...place, user }, "/operation"],
    ["an unknown key", { ...place, user, operation: "count", query: {} }, "/query"],
    ["a key of another operation", { ...place, user, operation: "count", pipeline: [] }, "/pipeline"],
    ["no document", { ...place, user, operation: "insert" }, "/document"],
    ["a document that is none", { ...place, user, operation: "insert", document: 5 }, "/document"],
    ["both ways to a document", { ...place, user, operation: "read", document: {}, filter: {} }, "/filter"],
    ["a stage that is none", { ...place, user, operation: "aggregate", pipeline: [5] }, "/pipeline/0"],
    ["no user", { ...place, operation: "count" }, "/user"],
    ["two users", { ...place, user, userId: "a", operation: "count" }, "/user"],
    ["a user nobody knows", { ...place, userId: "64b1f0c2a7d93e5b8c214fff", operation: "count" }, "/userId"],
    ["a user with roles of his own", { ...place, user: { id: "V", role: "admin" }, operation: "count" }, "/user/role"],
    ["a user without an id", { ...place, user: {}, operation: "count" }, "/user/id"],
    ["custom data that is no document", { ...place, user: { id: "V", custom_data: [] }, operation: "count" }, "/user/custom_data"],
    ["no service among several", { database: "app", collection: "r15", user, operation: "count" }, "/service"],
    ["no database", { service: "mongodb-atlas", collection: "r15", user, operation: "count" }, "/database"],
    ["a key of prototypes", `{"__proto__":{},"service":"mongodb-atlas","database":"app","collection":"r15","user":{"id":"V"},"operation":"count"}`, "/__proto__"],
  ] as const) {
    test(`${name}: 400 with its place`, async () => {
      const { status, body } = await ask(question)
      expect([status, body["error_code"]]).toEqual([400, "InvalidParameter"])
      expect(body["error"]).toContain(`cannot explain: ${found}:`)
    })
  }

  test("no JSON, broken Extended JSON, what users may not ask, no rules: the codes of the client API", async () => {
    expect(await ask("{")).toMatchObject({ status: 400, body: { error_code: "BadRequest" } })
    expect(await ask({ ...place, user, operation: "insert", document: { _id: { $oid: "zz" } } })).toMatchObject({ status: 400, body: { error_code: "InvalidParameter" } })
    expect(await ask({ ...place, user, operation: "find", filter: { $where: "1" } })).toMatchObject({ status: 400, body: { error_code: "InvalidParameter" } })
    expect(await ask({ ...place, database: "none", user, operation: "find" })).toMatchObject({ status: 403, body: { error_code: "NoMatchingRuleFound" } })
    expect(await ask({ ...place, user, operation: "count" }, undefined, served, "no-such-app")).toMatchObject({ status: 404, body: { error_code: "AppNotFound" } })
  })
})

describe("who may ask", () => {
  test("without a token set the route is as unknown as every other", async () => {
    const other = await serveInProcess()
    try {
      const [here, nowhere] = [await ask({}, undefined, other), await fetch(`${other.url}/api/backstitch/v1/nothing`, { method: "POST", body: "{}" })]
      expect([here.status, here.text]).toEqual([404, await nowhere.text()])
    } finally {
      await other.close()
    }
  })

  test("only who shows the token; a user's token, a part of it and other schemes do not do, and guesses run out", async () => {
    const other = await serveInProcess({ settings: { http: { operatorToken: token } } })
    try {
      const { access_token: access } = await signIn(other, "lea@red.example")
      const question = { database: "tracker", collection: "tasks", user: { id: "V" }, operation: "count" }
      for (const authorization of ["", `Bearer ${access}`, `Bearer ${token}x`, `Bearer ${token.slice(0, -1)}`, token, `Basic ${token}`]) {
        expect((await ask(question, { authorization }, other)).body, authorization).toEqual({ error: "unauthorized", error_code: "AuthError" })
      }
      // The token itself costs no attempt.
      for (let round = 0; round < 12; round++) expect((await ask(question, undefined, other)).status).toBe(200)
      const statuses: number[] = []
      for (let round = 0; round < 6; round++) statuses.push((await ask(question, { authorization: "Bearer guess" }, other)).status)
      expect(statuses).toEqual([401, 401, 401, 401, 429, 429])
      expect(other.logged.join("")).not.toContain(token)
    } finally {
      await other.close()
    }
  })

  test("a token that is too short stops the start, from the settings and from the environment, without being quoted", () => {
    expect(() => parseSettings({ http: { operatorToken: "short-token" } }, "settings")).toThrow(/\/http\/operatorToken: it is not at least 32/)
    const { status, stderr } = spawnSync(process.execPath, ["cli/main.ts", "serve", "fixtures/apps/worktracker", "--port", "0"], { cwd: root, encoding: "utf8", env: { ...process.env, BACKSTITCH_OPERATOR_TOKEN: "short-token" } })
    expect(status).toBe(1)
    expect(stderr).toContain("BACKSTITCH_OPERATOR_TOKEN")
    expect(stderr).not.toContain("short-token")
  })
})
