// What `npm start` prints works as printed: the curl line and the realm-web snippet, run by a shell; and the README says the same.
import { spawn, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { root, temporaryFolder } from "../support/serve.ts"

const folder = temporaryFolder()
let printed = ""
let stop: () => Promise<void>

beforeAll(async () => {
  const child = spawn(process.execPath, ["cli/main.ts", "sample", "--port", "0", "--data", join(folder.path, "deep/sample.sqlite")], { cwd: root, stdio: ["ignore", "pipe", "inherit"] })
  const ended = new Promise((done) => child.once("exit", done))
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text))
  while (!printed.includes(".find())'")) await new Promise((done) => setTimeout(done, 20))
  stop = async () => {
    child.kill()
    await ended
  }
})
afterAll(async () => {
  await stop()
  folder.remove()
})

// Not asynchronous: the shell's commands are what is tested, and the server is another process.
const shell = (command: string): { status: number | null; stdout: string; stderr: string } => spawnSync("sh", ["-c", command], { cwd: root, encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "" } })
const between = (text: string, from: string, to: string): string => text.slice(text.indexOf(from), text.indexOf(to, text.indexOf(from)) + to.length)

describe("the sample", () => {
  test("prints its address, app id, data file and user", () => {
    expect(printed).toMatch(/^serving worktracker-abcde at http:\/\/127\.0\.0\.1:\d+$/m)
    for (const row of [/address +http:\/\/127\.0\.0\.1:\d+/, /app id +worktracker-abcde/, /data file +\/.*deep\/sample\.sqlite/, /sample user +lea@red\.example, password worktracker/]) expect(printed).toMatch(row)
  })

  test("has a curl line that logs in", () => {
    const { status, stdout } = shell(between(printed, "curl -s", "}'"))
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ access_token: expect.any(String), refresh_token: expect.any(String), user_id: expect.any(String) })
  })

  test("has a realm-web snippet that reads custom data, calls a function and finds a document", () => {
    const { status, stdout, stderr } = shell(between(printed, "node --input-type=module", ".find())'"))
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
    expect(stdout).toContain("role: 'lead'")
    expect(stdout).toContain("title: 'Try Backstitch'")
  })

  test("is what the README shows, but for the port", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8")
    const flat = (text: string): string => text.replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:4080").replaceAll("\\\n", "").replaceAll(/\s+/g, " ")
    expect(flat(readme)).toContain(flat(between(printed, "curl -s", "}'")))
    expect(flat(readme)).toContain(flat(between(printed, "node --input-type=module", ".find())'")))
  })
})
