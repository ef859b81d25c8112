// What the process of an executor may read: the runtime and its addon, and nothing of the project, the app or the data around it.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { harness, type Harness } from "./support.ts"

const root = resolve(import.meta.dirname, "../../..")
let scratch: string
let inside: string
let made: Harness

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "backstitch-reading-"))
  // A folder in the project, as `data/` of a server that is started there.
  inside = mkdtempSync(join(root, "data-reading-"))
  for (const folder of [scratch, inside]) {
    mkdirSync(join(folder, "functions"))
    writeFileSync(join(folder, "functions/secret.js"), "exports = () => 1")
  }
  symlinkSync(scratch, join(inside, "link"))
  made = await harness({ look: "exports = (path) => context.look(path)" })
})
afterAll(async () => {
  await made.runtime.close(0)
  for (const folder of [scratch, inside]) rmSync(folder, { recursive: true, force: true })
})

const look = async (path: string): Promise<unknown> => {
  const outcome = await made.call("look", [path])
  return outcome.kind === "returned" ? JSON.parse(outcome.result) : outcome
}

describe("an executor's process", () => {
  test("reads its own modules", async () => {
    expect(await look(join(root, "runtime/executor.ts"))).toMatch(/^file of/)
  })

  test.each(["", "server", "cli", "fixtures/apps/worktracker", "server/index.ts", "node_modules", "node_modules/mongodb", ".git"])("reads nothing of `%s` in the project", async (path) => {
    expect(await look(join(root, path))).toBe("ERR_ACCESS_DENIED")
  })

  test("reads neither an app's directory nor a data folder, in the project or elsewhere", async () => {
    for (const path of [scratch, inside, join(scratch, "functions/secret.js"), join(inside, "functions/secret.js"), join(inside, "link/functions/secret.js"), join(root, "runtime/../package.json"), "/etc/passwd", "/proc/self/environ", "/proc/self/maps"]) {
      expect(await look(path), path).toBe("ERR_ACCESS_DENIED")
    }
  })
})
