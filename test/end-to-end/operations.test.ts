// What an operator types: data out, in and across, indexes, settings, health and metrics, stopping gracefully.
import { spawn } from "node:child_process"
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startMongoServer, type TestMongo } from "../servers/mongo-server.ts"
import { root, run, serve, temporaryFolder, worktracker } from "../support/serve.ts"
import { client, logIn, signUp, tasksOf } from "../support/story.ts"

const folder = temporaryFolder()
const path = (name: string): string => join(folder.path, name)
let mongo: TestMongo | { readonly skipped: string }
beforeAll(async () => {
  mongo = await startMongoServer()
}, 120_000)
afterAll(async () => {
  folder.remove()
  if ("uri" in mongo) await mongo.stop()
})

const titles = ["one", "two", "three"]

/** A data file with a user and her tasks, whose server has been stopped. */
async function usedFile(name: string): Promise<string> {
  const file = path(name)
  const served = await serve([worktracker, "--port", "0", "--data", file])
  const lea = await signUp(client(served.appId, served.url), "lea@red.example")
  for (const title of titles) await lea.functions["createTask"]?.({ title })
  expect(await served.stop()).toBe(0)
  return file
}

/** The user logs in and finds her tasks, in order. */
async function expectAllThere(args: readonly string[]): Promise<void> {
  const served = await serve([worktracker, "--port", "0", ...args])
  try {
    const lea = await logIn(client(served.appId, served.url), "lea@red.example")
    expect(lea.customData).toMatchObject({ role: "lead", team: "red" })
    expect((await tasksOf(lea).find()).map(({ title }) => title)).toEqual(titles)
  } finally {
    await served.stop()
  }
}

describe("data", () => {
  test("dumped with the state and restored elsewhere is the same app with the same users", async () => {
    const file = await usedFile("first.sqlite")
    const dump = path("all.ndjson")
    expect(await run(["data", "dump", dump, "--data", file, "--state"])).toMatchObject({ code: 0, stdout: "", stderr: expect.stringMatching(/^tracker\.tasks: 3 documents read$[^]*^dumped \d+ documents and \d+ indexes$/m) })
    expect(existsSync(`${dump}.partial`)).toBe(false)
    expect(statSync(dump).mode & 0o077).toBe(0)
    expect((await run(["data", "restore", dump, "--data", path("second.sqlite"), "--state"])).stderr).toMatch(/^restored \d+ documents and \d+ indexes; 0 documents were there already$/m)
    await expectAllThere(["--data", path("second.sqlite")])
    expect(await run(["data", "restore", dump, "--data", path("second.sqlite"), "--state"])).toMatchObject({ code: 1, stderr: expect.stringContaining("hold documents") })
    expect(await run(["data", "dump", dump, "--data", file])).toMatchObject({ code: 1, stderr: expect.stringContaining("--overwrite") })
    expect(await run(["data", "dump", dump, "--data", path("nowhere.sqlite"), "--overwrite"])).toMatchObject({ code: 1, stderr: expect.stringContaining("no such file") })
    expect(existsSync(path("nowhere.sqlite"))).toBe(false)
  }, 90_000)

  test("goes through standard output and input", async () => {
    const file = await usedFile("piped.sqlite")
    const { stdout } = await run(["data", "dump", "-", "--data", file, "--database", "tracker"])
    expect(stdout.split("\n")[0]).toBe('{"dump":"backstitch","version":1}')
    expect(stdout).not.toContain("__backstitch")
    const child = spawn(process.execPath, ["cli/main.ts", "data", "restore", "-", "--data", path("piped-2.sqlite")], { cwd: root, stdio: ["pipe", "ignore", "pipe"] })
    child.stdin.end(stdout)
    expect(await new Promise((done) => child.on("close", done))).toBe(0)
    expect((await run(["data", "dump", "-", "--data", path("piped-2.sqlite")])).stdout).toBe(stdout)
  }, 60_000)

  test("that is broken is refused with its line, and no file is made", async () => {
    const dump = path("broken.ndjson")
    writeFileSync(dump, '{"dump":"backstitch","version":1}\n{"database":"a","collection":"b","document":{"_id":"secret-word"\n')
    const { code, stdout, stderr } = await run(["data", "restore", dump, "--data", path("never.sqlite")])
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toBe("backstitch: Cannot read line 2 of the dump: it is no JSON\n")
    expect(existsSync(path("never.sqlite"))).toBe(false)
  })

  test("is copied to MongoDB with its users, and the app is served from there with the indexes it wants", async (context) => {
    if ("skipped" in mongo) return context.skip(mongo.skipped)
    const file = await usedFile("moving.sqlite")
    expect(await run(["data", "copy", "--from", file, "--to", mongo.uri, "--state"])).toMatchObject({ code: 0, stderr: expect.stringMatching(/^copied \d+ documents and \d+ indexes/m) })
    const command = 'db.getSiblingDB("tracker").getCollection("tasks").createIndex({"team":1})'
    expect((await run(["indexes", worktracker, "--mongodb", mongo.uri])).stdout).toMatch(/^db\.getSiblingDB\("tracker"\)\.getCollection\("tasks"\)/m)
    expect((await run(["indexes", worktracker, "--mongodb", mongo.uri, "--create"])).stdout).toContain(`// created: ${command}`)
    expect((await run(["indexes", worktracker, "--mongodb", mongo.uri])).stdout).toContain(`// there: ${command}`)
    await expectAllThere(["--mongodb", mongo.uri])
  }, 90_000)
})

describe("a served app", () => {
  test("reads its settings, from the option and from the environment", async () => {
    const settings = path("settings.json")
    writeFileSync(settings, JSON.stringify({ tokens: { refreshTokenSeconds: 600 }, http: { publicUrl: "https://api.example", metricsToken: "0123456789abcdef" } }))
    for (const [args, environment] of [[["--settings", settings], {}], [[], { BACKSTITCH_SETTINGS: settings }]] as const) {
      const served = await serve([worktracker, "--port", "0", "--data", path(`settings-${args.length}.sqlite`), ...args], environment)
      try {
        const location = (await (await fetch(`${served.url}/api/client/v2.0/app/${served.appId}/location`)).json()) as { hostname: string }
        expect(location.hostname).toBe("https://api.example")
        expect((await fetch(`${served.url}/metrics`)).status).toBe(404)
        expect((await fetch(`${served.url}/metrics`, { headers: { authorization: "Bearer 0123456789abcdef" } })).status).toBe(200)
      } finally {
        await served.stop()
      }
    }
  }, 60_000)

  test("refuses a setting nobody knows, with its place, and makes nothing", async () => {
    const settings = path("wrong.json")
    writeFileSync(settings, '{"mongodb": "mongodb://ana:s3cret-word@127.0.0.1:9/", "limits": {}}')
    const { code, stderr } = await run(["serve", worktracker, "--port", "0", "--settings", settings, "--data", path("wrong.sqlite")])
    expect(code).toBe(1)
    expect(stderr.trimEnd().split("\n")).toHaveLength(1)
    expect(stderr).toContain("/limits: there is no such setting")
    expect(stderr).not.toContain("s3cret-word")
    expect(existsSync(path("wrong.sqlite"))).toBe(false)
  })

  test("is ready while its MongoDB answers and no longer, and stays healthy", async (context) => {
    if ("skipped" in mongo || !mongo.standIn) return context.skip("needs a MongoDB that may be stopped")
    const own = await startMongoServer()
    if ("skipped" in own) return context.skip(own.skipped)
    const served = await serve([worktracker, "--port", "0", "--mongodb", own.uri])
    try {
      expect((await fetch(`${served.url}/readyz`)).status).toBe(200)
      await own.stop()
      const begun = Date.now()
      expect((await fetch(`${served.url}/readyz`)).status).toBe(503)
      expect(Date.now() - begun).toBeLessThan(4000)
      expect((await fetch(`${served.url}/healthz`)).status).toBe(200)
    } finally {
      await served.stop("SIGKILL")
    }
  }, 60_000)

  test("maps a data source to a MongoDB of its own; users stay in the default store", async (context) => {
    if ("skipped" in mongo) return context.skip(mongo.skipped)
    const settings = path("mapped.json")
    writeFileSync(settings, JSON.stringify({ dataSources: { "mongodb-atlas": `${mongo.uri}${mongo.uri.includes("?") ? "&" : "?"}appName=mapped` } }))
    const file = path("mapped.sqlite")
    const served = await serve([worktracker, "--port", "0", "--data", file, "--settings", settings])
    const lea = await signUp(client(served.appId, served.url), "mapped-lea@red.example")
    await lea.functions["createTask"]?.({ title: "in MongoDB" })
    await served.stop()
    expect((await run(["data", "dump", "-", "--data", file, "--state"])).stdout).toMatch(/"collection":"worktracker-abcde\.users"/)
    expect((await run(["data", "dump", "-", "--data", file])).stdout).not.toContain("in MongoDB")
    expect((await run(["data", "dump", "-", "--mongodb", mongo.uri, "--database", "tracker"])).stdout).toContain("in MongoDB")
  }, 60_000)

  test("lets a request under way end when it is told to stop", async () => {
    const served = await serve([worktracker, "--port", "0", "--data", path("stopping.sqlite")])
    const call = fetch(`${served.url}/api/client/v2.0/app/${served.appId}/auth/providers/local-userpass/register`, { method: "POST", body: JSON.stringify({ email: "lea@red.example", password: "a long password" }) })
    await new Promise((done) => setTimeout(done, 30))
    const ended = served.stop("SIGTERM")
    expect((await call).status).toBe(201)
    expect(await ended).toBe(0)
  })
})

test("every option and command that the production guide shows exists", async () => {
  const guide = readFileSync(join(root, "docs/production.md"), "utf8")
  const blocks = [...guide.matchAll(/```sh\n([^]*?)```/g)].map(([, block]) => block as string).join("\n").replaceAll("\\\n", " ")
  const commands = [...blocks.matchAll(/backstitch (?:-- )?((?:data )?[a-z]+)([^|\n]*)/g)]
  expect(commands.length).toBeGreaterThan(8)
  const helps = new Map<string, string>()
  for (const [, name = "", rest = ""] of commands) {
    if (!helps.has(name)) helps.set(name, (await run([...name.split(" "), "--help"])).stdout)
    for (const [option] of rest.matchAll(/--[a-z][a-z-]+/g)) expect(helps.get(name), `${name} ${option}`).toContain(option)
  }
}, 60_000)
