import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { checkApp, loadApp } from "../../../server/app/index.ts"
import { fixture, found } from "./support.ts"

const temporary: string[] = []
afterAll(() => Promise.all(temporary.map((directory) => rm(directory, { recursive: true }))))

async function makeApp(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "backstitch-app-"))
  temporary.push(directory)
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(directory, path, ".."), { recursive: true })
    await writeFile(join(directory, path), content)
  }
  return directory
}

describe("worktracker", () => {
  test("loads without a single finding, also from the engine", async () => {
    const loaded = await loadApp(fixture("worktracker"), { env: {}, strict: true })
    expect([...loaded.findings, ...checkApp(loaded)]).toEqual([])
    expect(loaded.unsupported).toEqual([])
  })

  test("has its identity, custom user data and functions", async () => {
    const { app } = await loadApp(fixture("worktracker"), { env: {} })
    expect(app).toMatchObject({
      version: 20230101, clientAppId: "worktracker-abcde", name: "worktracker", appId: "65a1c0ffee0123456789abcd",
      environment: { tag: "development", values: { defaultTeam: "red" } },
      customUserData: { enabled: true, dataSource: "mongodb-atlas", database: "tracker", collection: "members", userIdField: "user_id", onUserCreationFunction: "onUserCreated" },
    })
    expect(app?.functions.get("isTeamLead")).toMatchObject({ private: true, runAsSystem: false, file: "functions/isTeamLead.js" })
    expect(app?.functions.get("createTask")?.canEvaluate).toEqual({ file: "functions/config.json", pointer: "/2/can_evaluate", raw: { "%%user.custom_data.role": { $in: ["member", "lead"] } } })
    expect([...app?.providers.values() ?? []].map(({ type, disabled }) => [type, disabled])).toEqual([["anon-user", false], ["api-key", true], ["local-userpass", false]])
    expect(app?.endpoints).toMatchObject([{ kind: "endpoint", route: "/status", method: "GET", functionName: "status", validation: "NO_VALIDATION", respondResult: true }])
    expect(app?.triggers.map(({ name, disabled }) => [name, disabled])).toEqual([["closeStaleTasks", true], ["recordLogin", false]])
  })

  test("is found from a directory inside it", async () => {
    expect((await loadApp(join(fixture("worktracker"), "data_sources/mongodb-atlas/tracker"), { env: {} })).app?.name).toBe("worktracker")
  })
})

describe("the directory", () => {
  test("climbs eight directories and no more", async () => {
    const near = await makeApp({ "root_config.json": "{\"name\":\"near\"}", "1/2/3/4/5/6/7/8/x.txt": "" })
    expect((await loadApp(join(near, "1/2/3/4/5/6/7"))).app?.name).toBe("near")
    const far = await loadApp(join(near, "1/2/3/4/5/6/7/8"))
    expect(found(far)).toEqual(["error app-not-found "])
  })

  test("does not take a config.json without a version for a root", async () => {
    const directory = await makeApp({ "root_config.json": "{\"name\":\"outer\"}", "graphql/config.json": "{}" })
    expect((await loadApp(join(directory, "graphql"))).app?.name).toBe("outer")
  })

  test("drops byte-order marks, skips node_modules, hidden files and links to directories", async () => {
    const directory = await makeApp({
      "root_config.json": "\uFEFF{\"name\":\"marked\"}",
      "functions/hello.js": "\uFEFFexports = () => 1",
      "functions/node_modules/left/index.js": "exports = 1",
      "functions/.cache/old.js": "exports = 1",
      "functions/.eslintrc.js": "exports = 1",
    })
    await symlink(join(directory, "functions"), join(directory, "functions", "loop"))
    const loaded = await loadApp(directory)
    expect([...loaded.app?.functions.keys() ?? []]).toEqual(["hello"])
    expect(loaded.app?.functions.get("hello")?.source).toBe("exports = () => 1")
    expect(found(loaded)).toContain("info generated-app-id root_config.json")
  })

  test("says which file is not UTF-8", async () => {
    const directory = await makeApp({ "root_config.json": "{\"name\":\"bytes\"}", "functions/hello.js": new Uint8Array([0x2f, 0x2f, 0xff, 0x0a]) })
    expect(found(await loadApp(directory))).toContain("warning unreadable-file functions/hello.js")
  })
})
