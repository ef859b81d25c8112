// The four formats say the same things in different places; the model is one.
import { resolve } from "node:path"
import { describe, expect, test } from "vitest"
import { checkApp, formatFinding, loadApp, type AppModel } from "../../server/app/index.ts"

const formats = [["format-20180301", 20180301], ["format-20200603", 20200603], ["format-20210101", 20210101], ["worktracker", 20230101]] as const

async function load(name: string): Promise<AppModel> {
  const loaded = await loadApp(resolve(import.meta.dirname, "../../fixtures/apps", name), { env: {}, strict: true, secrets: (secret) => (secret === "doorbell" ? "d".repeat(32) : undefined) })
  expect([...loaded.findings, ...checkApp(loaded)].filter(({ severity }) => severity !== "info").map(formatFinding)).toEqual([])
  if (loaded.app === undefined) throw new Error(`${name} did not load`)
  return loaded.app
}

describe.each(formats)("%s", (name, version) => {
  test("loads without errors and warnings, as its version", async () => {
    expect((await load(name)).version).toBe(version)
  })

  test("keeps the App ID that clients have compiled in", async () => {
    expect((await load(name)).clientAppId).toMatch(/^worktracker-[a-z]{5}$/)
    expect((await load(name)).name).toBe("worktracker")
  })

  test("has custom user data, its data source resolved by name or id", async () => {
    expect((await load(name)).customUserData).toMatchObject({ enabled: true, dataSource: "mongodb-atlas", database: "tracker", collection: "members", userIdField: "user_id" })
  })

  test("has rules and schema of tasks", async () => {
    const tasks = (await load(name)).dataSources.get("mongodb-atlas")?.collections.find(({ collection }) => collection === "tasks")
    expect(tasks?.database).toBe("tracker")
    expect(tasks?.rules?.raw).toHaveProperty("roles.0.name", "lead")
    expect(tasks?.schema?.raw).toHaveProperty("properties.title.bsonType", "string")
  })

  test("has functions with sources, and password logins", async () => {
    const app = await load(name)
    expect(app.functions.get("onUserCreated")).toMatchObject({ private: true })
    expect(app.functions.get("myTasks")?.source).toContain("context.services.get(\"mongodb-atlas\")")
    expect(app.providers.get("local-userpass")).toMatchObject({ disabled: false, config: { autoConfirm: true } })
  })
})

describe("what only some formats say", () => {
  test("20210101: templates, nested and unlisted functions, webhooks beside endpoints", async () => {
    const app = await load("format-20210101")
    expect(app.dataSources.get("mongodb-atlas")?.config["clusterName"]).toBe("Cluster-QA")
    expect(app.functions.get("users/reset")).toMatchObject({ private: true, disableArgLogs: true, source: "exports = () => ({ status: \"fail\" });\n" })
    expect(app.functions.get("unlisted")).toMatchObject({ private: false, runAsSystem: false })
    expect(app.endpoints.map(({ kind, method, route, secretName }) => [kind, method, route, secretName])).toEqual([["endpoint", "*", "/tasks", "doorbell"], ["webhook", "POST", "/mail/arrived", "__webhook_mail_arrived"]])
    expect(app.dataSources.get("mongodb-atlas")?.collections.find(({ collection }) => collection === "archive")).toMatchObject({ schema: undefined, rules: undefined })
    expect(app.triggers).toMatchObject([{ name: "onTask", functionName: "unlisted", config: { match: { "fullDocument.priority": { $gte: 4 } } } }])
  })

  test("20200603: origins under `security`, the trigger's function at the top", async () => {
    const app = await load("format-20200603")
    expect(app.allowedRequestOrigins).toEqual(["https://worktracker.example"])
    expect(app.triggers).toMatchObject([{ name: "onLogin", functionName: "myTasks", disabled: true, id: "5b93ea9913c806e49a6b0009" }])
  })

  test("20180301: ids, no environments, no name", async () => {
    const app = await load("format-20180301")
    expect(app.environment).toEqual({ tag: "", values: {} })
    expect(app.functions.get("myTasks")?.id).toBe("5b93ea9913c806e49a6b0008")
    expect(app.endpoints).toMatchObject([{ kind: "webhook", route: "/hooks/ping", method: "GET" }])
  })
})
