// An operation that no one has put under rules does not compile: asked of the compiler, with the port as it is and with one operation more.
import { spawnSync } from "node:child_process"
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { root, temporaryFolder } from "../../support/serve.ts"

const folder = temporaryFolder()
afterAll(() => folder.remove())

/** What the compiler has against the table of operations. */
function complaints(): string[] {
  const { stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["--noEmit", "--pretty", "false", "-p", join(folder.path, "tsconfig.json")], { encoding: "utf8" })
  return stdout.split("\n").filter((line) => line.includes("server/data/operations.ts(") && line.includes("error TS"))
}

test("the operations there are compile, one more without its way through the rules does not", () => {
  for (const part of ["kernel", "engine", "server/data"]) cpSync(join(root, part), join(folder.path, part), { recursive: true })
  cpSync(join(root, "server/errors.ts"), join(folder.path, "server/errors.ts"))
  symlinkSync(join(root, "node_modules"), join(folder.path, "node_modules"))
  writeFileSync(join(folder.path, "package.json"), "{\"type\":\"module\"}")
  writeFileSync(join(folder.path, "tsconfig.json"), JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions: { skipLibCheck: true, types: ["node"] }, include: [], files: ["server/data/operations.ts"] }))
  expect(complaints()).toEqual([])

  const port = join(folder.path, "server/data/service.ts")
  const text = readFileSync(port, "utf8")
  const changed = text.replace("export interface GuardedCollection {", "export interface GuardedCollection {\n  drop(filter: Document): Promise<void>")
  expect(changed).not.toBe(text)
  writeFileSync(port, changed)
  // In the table of operations under rules, and in what a user gets.
  const found = complaints()
  expect(found).toHaveLength(2)
  for (const complaint of found) expect(complaint).toContain("'drop'")
}, 120_000)
