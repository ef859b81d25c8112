// What is wrong is said in one line, without a stack trace, with exit status 1, and nothing is created or half-written.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { createServer, type AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { root, run, serve, temporaryFolder, worktracker, type Ended } from "../support/serve.ts"

const folder = temporaryFolder()
afterAll(() => folder.remove())

const apps = join(root, "fixtures/apps")
let files = 0
const freshFile = (): string => join(folder.path, `data-${++files}.sqlite`)

/** Exactly one line, of the program's own wording. */
function expectOneLine({ code, stdout, stderr }: Ended): string {
  expect(code).toBe(1)
  expect(stdout).toBe("")
  expect(stderr.trimEnd().split("\n")).toHaveLength(1)
  expect(stderr).toMatch(/^backstitch: /)
  expect(stderr).not.toMatch(/\n\s+at /)
  return stderr
}

describe("serve refuses", () => {
  for (const [fault, directory, place] of [
    ["a directory that is no app", "broken-no-app", /failed to find app/],
    ["broken JSON, with its line", "broken-json", /\.json:\d+/],
    ["a rule with an unknown operator", "broken-rule", /rules\.json:\d+#\/roles\//],
    ["a function with a syntax error", "broken-function", /functions\/.*\.js:\d+/],
    ["a missing custom data function", "broken-custom-data", /auth\/custom_user_data\.json/],
  ] as const) {
    test(fault, async () => {
      const data = freshFile()
      const line = expectOneLine(await run(["serve", join(apps, directory), "--port", "0", "--data", data]))
      expect(line).toMatch(place)
      expect(existsSync(data)).toBe(false)
    })
  }

  test("a directory that does not exist", async () => {
    expectOneLine(await run(["serve", join(folder.path, "nowhere"), "--port", "0", "--data", freshFile()]))
  })

  test("a port in use, before it makes a data file", async () => {
    const other = createServer().listen(0, "127.0.0.1")
    await new Promise((done) => other.once("listening", done))
    const { port } = other.address() as AddressInfo
    const data = freshFile()
    const line = expectOneLine(await run(["serve", worktracker, "--port", String(port), "--data", data]))
    expect(line).toContain(`127.0.0.1:${port}`)
    expect(existsSync(data)).toBe(false)
    other.close()
  })

  test("a data file that is not ours, and leaves it as it is", async () => {
    const data = freshFile()
    writeFileSync(data, "somebody's letters, not a database")
    expectOneLine(await run(["serve", worktracker, "--port", "0", "--data", data]))
    expect(readFileSync(data, "utf8")).toBe("somebody's letters, not a database")
    expect(readdirSync(folder.path).filter((name) => name.startsWith(`data-${files}.sqlite`))).toEqual([`data-${files}.sqlite`])
  })

  test("a data file that another process has", async () => {
    const data = freshFile()
    const served = await serve([worktracker, "--port", "0", "--data", data])
    try {
      expectOneLine(await run(["serve", worktracker, "--port", "0", "--data", data]))
      const reply = await fetch(`${served.url}/api/client/v2.0/app/${served.appId}/location`)
      expect(reply.status).toBe(200)
    } finally {
      await served.stop()
    }
  })

  test("a MongoDB that cannot be reached, without its password", async () => {
    const line = expectOneLine(await run(["serve", worktracker, "--port", "0", "--mongodb", "mongodb://ana:s3cret-word@127.0.0.1:9/?serverSelectionTimeoutMS=300"]))
    expect(line).not.toContain("s3cret-word")
  })

  test("a URI that is none, without quoting it", async () => {
    const line = expectOneLine(await run(["serve", worktracker, "--port", "0", "--mongodb", "nonsense://ana:s3cret-word@x"]))
    expect(line).not.toContain("s3cret-word")
  })

  test("a secrets file that is no JSON, without quoting it", async () => {
    const secrets = join(folder.path, "secrets.json")
    writeFileSync(secrets, "{ s3cret-word")
    expect(expectOneLine(await run(["serve", worktracker, "--port", "0", "--data", freshFile(), "--secrets", secrets]))).not.toContain("s3cret-word")
  })
})

describe("check", () => {
  test("prints every finding with severity, file, line, pointer and code, and fails on errors only", async () => {
    const { code, stdout, stderr } = await run(["check", join(apps, "broken-rule")])
    expect(code).toBe(1)
    expect(stderr).toBe("")
    expect(stdout).toMatch(/^error\s+\S+rules\.json:\d+#\/roles\/\S+ .*\[unknown-operator\]$/m)
    expect((await run(["check", worktracker])).code).toBe(0)
  })

  test("prints one JSON document for machines", async () => {
    const { code, stdout } = await run(["check", join(apps, "broken-rule"), "--json"])
    expect(code).toBe(1)
    const result = JSON.parse(stdout) as { app: unknown; findings: Record<string, unknown>[] }
    expect(result.app).not.toBeNull()
    expect(result.findings).toContainEqual(expect.objectContaining({ severity: "error", code: "unknown-operator", file: expect.stringContaining("rules.json"), pointer: expect.stringContaining("/roles/"), message: expect.any(String), line: expect.any(Number) }))
  })

  test("prints JSON also when the directory is no app", async () => {
    const { code, stdout } = await run(["check", join(folder.path, "nowhere"), "--json"])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ app: null, findings: [{ severity: "error", code: "app-not-found" }] })
  })
})
