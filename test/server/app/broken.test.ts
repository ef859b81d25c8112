import { describe, expect, test } from "vitest"
import { checkApp, loadApp } from "../../../server/app/index.ts"
import { fixture } from "./support.ts"

/** Everything found in a broken app: code, place and line. */
async function places(name: string): Promise<string[]> {
  const loaded = await loadApp(fixture(name), { env: {}, strict: true })
  return [...loaded.findings, ...checkApp(loaded)].map(({ severity, code, file, pointer, line, column }) => `${severity} ${code} ${file}:${line}:${column} ${pointer}`)
}

describe("broken apps", () => {
  test("JSON that is none has a line, and the rest is still read", async () => {
    expect(await places("broken-json")).toEqual([
      "error broken-json functions/config.json:4:9 ",
      "warning lenient-json values/late.json:3:17 ",
      "warning lenient-json values/late.json:4:1 ",
    ])
  })

  test("an unknown operator in a rule has the pointer of its key", async () => {
    expect(await places("broken-rule")).toEqual(["error unknown-operator data_sources/mongodb-atlas/tracker/tasks/rules.json:9:21 /roles/0/apply_when/team/$inn", "warning custom-data-off data_sources/mongodb-atlas/tracker/tasks/rules.json:9:21 /roles/0/apply_when/team/$inn"])
  })

  test("a function that does not parse has the line of the fault", async () => {
    expect(await places("broken-function")).toEqual(["error function-syntax functions/hello.js:3:20 "])
  })

  test("a function that does not parse does not stop a start", async () => {
    const { app, findings } = await loadApp(fixture("broken-function"), { env: {} })
    expect(findings.map(({ severity, code }) => [severity, code])).toEqual([["warning", "function-syntax"]])
    expect(app?.functions.has("hello")).toBe(true)
  })

  test("a missing creation function stops a start", async () => {
    expect(await places("broken-custom-data")).toEqual(["error unknown-function auth/custom_user_data.json:7:5 /on_user_creation_function_name"])
    expect((await loadApp(fixture("broken-custom-data"), { env: {} })).app).toBeUndefined()
  })

  test("every bad reference is reported at once", async () => {
    expect(await places("broken-references")).toEqual([
      "error unknown-function auth/providers.json:6:13 /custom-function/config/authFunctionName",
      "error bad-template data_sources/mongodb-atlas/config.json:5:9 /config/clusterName",
      "error missing-key https_endpoints/config.json:2:5 /0",
      "error unknown-function https_endpoints/config.json:5:9 /0/function_name",
      "error unknown-data-source triggers/changed.json:5:9 /config/service_name",
      "error bad-operation-type triggers/changed.json:8:9 /config/operation_types",
      "error bad-throughput triggers/changed.json:12:9 /config/maximum_throughput",
      "error bad-project triggers/changed.json:13:9 /config/project",
      "error bad-project triggers/changed.json:16:13 /config/project/operationType",
      "error unknown-function triggers/changed.json:19:5 /function_name",
      "error bad-schedule triggers/late.json:5:9 /config/schedule",
      "error unknown-function triggers/late.json:7:5 /function_name",
      "error unknown-secret values/key.json:3:5 /value",
    ])
  })

  test("no app at all", async () => {
    expect((await loadApp(fixture("broken-no-app"))).findings.map(({ severity, code }) => [severity, code])).toEqual([["error", "app-not-found"]])
  })
})
