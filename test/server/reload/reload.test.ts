// Reloading a served directory: swapped as one, or not at all; what is under way ends on what it began with.
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest"
import { ConfigError } from "../../../server/index.ts"
import { serveInProcess, signIn, type InProcess, type Tokens } from "../../support/in-process.ts"
import { temporaryFolder } from "../../support/serve.ts"
import { copyApp, openNotes, setAnswer, type AppDirectory } from "./directory.ts"

const folder = temporaryFolder()
afterAll(() => folder.remove())

let count = 0
let directory: AppDirectory
let secrets: Record<string, string>
let app: InProcess
let lea: Tokens
beforeEach(async () => {
  directory = copyApp(join(folder.path, `app-${++count}`))
  secrets = {}
  app = await serveInProcess({ directory: directory.path, secrets: async () => secrets })
  lea = await signIn(app, "lea@red.example")
})
afterEach(() => app.close())

async function call(name: string, ...args: unknown[]): Promise<unknown> {
  const reply = await app.call("POST", "{app}/functions/call", { token: lea.access_token, body: { name, arguments: args } })
  return reply.json()
}

const findNotes = async (): Promise<number> =>
  (await app.call("POST", "{app}/functions/call", { token: lea.access_token, body: { name: "find", service: "mongodb-atlas", arguments: [{ database: "tracker", collection: "notes", query: {} }] } })).status

const outcome = async (): Promise<string> => (await app.server.reload()).outcome

describe("a reload", () => {
  test("brings new functions, rules, values and providers, and keeps sessions", async () => {
    expect([await call("whoAmI"), await findNotes()]).toEqual(["old", 403])
    setAnswer(directory, "new")
    openNotes(directory)
    directory.write("values/founders.json", { name: "founders", from_secret: false, value: ["somebody"] })
    directory.write("functions/closeTask.js", "exports = () => context.values.get(\"founders\")")
    directory.write("auth/providers.json", { "local-userpass": { name: "local-userpass", type: "local-userpass", disabled: false, config: { autoConfirm: true } } })
    expect(await outcome()).toBe("reloaded")
    expect([await call("whoAmI"), await findNotes(), await call("closeTask")]).toEqual(["new", 200, ["somebody"]])
    expect((await app.call("POST", "/auth/session", { token: lea.refresh_token })).status).toBe(201)
    expect((await app.call("POST", "{app}/auth/providers/anon-user/login", { body: {} })).status).toBe(401)
  })

  test("lets a call under way end on the code it began with", async () => {
    const slow = call("whoAmI", { $numberInt: "1500" })
    await sleep(300)
    setAnswer(directory, "new")
    expect(await outcome()).toBe("reloaded")
    expect(await call("whoAmI")).toBe("new")
    setAnswer(directory, "newer")
    expect(await outcome()).toBe("reloaded")
    expect(await call("whoAmI")).toBe("newer")
    expect(await slow).toBe("old")
  })

  test("ends watch streams, whose rules may have changed", async () => {
    const request = Buffer.from(JSON.stringify({ name: "watch", service: "mongodb-atlas", arguments: [{ database: "tracker", collection: "tasks" }] })).toString("base64")
    const stream = await app.call("GET", `{app}/functions/call?baas_request=${encodeURIComponent(request)}`, { token: lea.access_token })
    expect(stream.status).toBe(200)
    expect(await outcome()).toBe("reloaded")
    expect(await stream.text()).toContain("event: error")
  })

  test("hands triggers over: logins before and after it are recorded once each, by the function of their time", async () => {
    const record = (mark: string): string => `exports = (event) => context.services.get("mongodb-atlas").db("tracker").collection("notes").insertOne({ mark: "${mark}", user: event.user.id })`
    openNotes(directory)
    directory.write("functions/recordLogin.js", record("one"))
    expect(await outcome()).toBe("reloaded")
    await signIn(app, "max@red.example")
    await sleep(500)
    directory.write("functions/recordLogin.js", record("two"))
    expect(await outcome()).toBe("reloaded")
    await signIn(app, "kim@red.example")
    await sleep(500)
    const reply = await app.call("POST", "{app}/functions/call", { token: lea.access_token, body: { name: "find", service: "mongodb-atlas", arguments: [{ database: "tracker", collection: "notes", query: {}, sort: { _id: 1 } }] } })
    expect(((await reply.json()) as { mark: string }[]).map(({ mark }) => mark)).toEqual(["one", "two"])
  })

  test("takes secrets as they are then", async () => {
    directory.write("values/billing.json", { name: "billing", from_secret: true, value: "BILLING" })
    directory.write("functions/setRole.js", "exports = () => context.values.get(\"billing\")")
    expect(await outcome()).toBe("refused")
    secrets = { BILLING: "first" }
    expect([await outcome(), await call("whoAmI")]).toEqual(["reloaded", "first"])
    secrets = { BILLING: "second" }
    expect([await outcome(), await call("whoAmI")]).toEqual(["reloaded", "second"])
  })

  test.each([
    ["a function that does not parse", (): void => directory.write("functions/setRole.js", "exports = () => {")],
    ["a rule that cannot be compiled", (): void => directory.write("data_sources/mongodb-atlas/tracker/notes/rules.json", { database: "tracker", collection: "notes", roles: [{ name: "x", apply_when: { "%%nothing": 1 }, read: true }] })],
    ["a root file that is gone", (): void => directory.remove("root_config.json")],
  ])("is refused for %s, with findings, and changes nothing", async (_name, spoil) => {
    openNotes(directory)
    spoil()
    const { outcome: what, findings } = await app.server.reload()
    expect(what).toBe("refused")
    expect(findings.some(({ severity }) => severity === "error")).toBe(true)
    expect([await call("whoAmI"), await findNotes()]).toEqual(["old", 403])
  })

  test("is refused for another app, and for other data sources", async () => {
    directory.write("data_sources/archive/config.json", { name: "archive", type: "mongodb-atlas", config: { clusterName: "Archive" } })
    setAnswer(directory, "new")
    await expect(app.server.reload()).rejects.toThrow(ConfigError)
    directory.remove("data_sources/archive")
    directory.write(".mdb/meta.json", { config_version: 20230101, client_app_id: "another-abcde" })
    await expect(app.server.reload()).rejects.toThrow(ConfigError)
    expect(await call("whoAmI")).toBe("old")
  })

  test("comes after one that is under way, and the last one stands", async () => {
    const outcomes = [1, 2, 3].map((round) => {
      setAnswer(directory, `round ${round}`)
      return outcome()
    })
    expect(await Promise.all(outcomes)).toEqual(["reloaded", "reloaded", "reloaded"])
    expect(await call("whoAmI")).toBe("round 3")
  })
})
