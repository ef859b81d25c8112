// Custom user data of a served app, over HTTP: whose document, and what of it comes out in tokens and functions.
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { ServerSettings } from "../../../server/index.ts"
import { changedApp, type ChangedApp } from "../../support/changed-app.ts"
import { claimsOf, serveInProcess, signIn, type InProcess, type Tokens } from "../../support/in-process.ts"
import { worktracker } from "../../support/serve.ts"

/** Lets a test do anything with the collection of custom data, as the system; `uid` is the caller's id. */
const members = `exports = async function (source) {
  const members = context.services.get("mongodb-atlas").db("tracker").collection("members");
  await members.deleteMany({});
  return await new Function("members", "uid", "return (async () => {" + source + "})()")(members, context.user.id);
};`

let app: ChangedApp
beforeAll(async () => {
  app = await changedApp(worktracker, {
    "functions/members.js": members,
    "functions/customData.js": "exports = () => context.user.custom_data;",
    "functions/config.json": [{ name: "members", run_as_system: true }, { name: "customData" }, { name: "onUserCreated", private: true }],
  })
})
afterAll(() => app.remove())

interface Served extends InProcess { readonly tokens: Tokens; refresh(): Promise<{ readonly status: number; readonly token: string | undefined }>; run(name: string, token: string, ...args: unknown[]): Promise<unknown> }

async function serve(settings: ServerSettings = {}): Promise<Served> {
  const served = await serveInProcess({ directory: app.directory, settings })
  const tokens = await signIn(served, "lea@red.example")
  return {
    ...served, tokens,
    async refresh() {
      const reply = await served.call("POST", "/auth/session", { token: tokens.refresh_token })
      return { status: reply.status, token: ((await reply.json()) as { access_token?: string }).access_token }
    },
    run: async (name, token, ...args) => (await served.call("POST", "{app}/functions/call", { token, body: { name, arguments: args } })).json(),
  }
}

describe("of several documents the first inserted", () => {
  test.each([
    [undefined, "3"], ["record", "3"], ["_id", "1"], [{ field: "at" }, "2"],
  ] as const)("is by the setting %j the one with _id %s", async (firstInserted, expected) => {
    const { tokens, run, refresh, close } = await serve(firstInserted === undefined ? {} : { customData: { firstInserted } })
    await run("members", tokens.access_token, "await members.insertMany([{ _id: '3', user_id: uid, at: 2 }, { _id: '1', user_id: uid, at: 3 }, { _id: '2', user_id: uid, at: 1 }, { _id: '0', user_id: [uid], at: 0 }])")
    const { token = "" } = await refresh()
    expect(claimsOf(token)["user_data"]).toMatchObject({ _id: expected })
    await close()
  })
})

describe("a document whose names spell a broken value of Extended JSON", () => {
  test("fails refreshes and logins, keeps the tokens there are, and the log names the collection", async () => {
    const served = await serve()
    const { tokens, run, refresh, close, call, logged } = served
    const { token: before = "" } = await refresh()
    await run("members", tokens.access_token, `await members.insertOne({ _id: 1, user_id: uid });
      await members.aggregate([{ $set: { ref: { $setField: { field: { $literal: "$oid" }, input: {}, value: "x" } } } }, { $merge: { into: "members", on: "_id", whenMatched: "replace" } }]).toArray()`)
    expect((await refresh()).status).toBe(500)
    const login = await call("POST", "{app}/auth/providers/local-userpass/login", { body: { username: "lea@red.example", password: "a long password" } })
    expect([login.status, await login.json()]).toEqual([500, { error: "internal server error", error_code: "InternalServerError" }])
    expect(await run("customData", before)).toMatchObject({ team: "red" })
    expect(logged.filter((line) => line.includes("custom-data-untold")).map((line) => (JSON.parse(line) as { collection: string }).collection)).toEqual(["tracker.members", "tracker.members"])
    await close()
  })
})
