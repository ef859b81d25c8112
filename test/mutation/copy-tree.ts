// A copy of the tree for mutants and faults.
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "./targets.ts"

/** Copies what the suites need into a folder that goes when the process ends, so that nobody's work on the tree is disturbed, nor disturbs. */
export function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), "backstitch-mutants-"))
  process.once("exit", () => rmSync(copy, { recursive: true, force: true }))
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))
  for (const part of ["kernel", "engine", "runtime", "server", "cli", "test", "fixtures", "docs", "package.json", "tsconfig.json"]) {
    cpSync(join(root, part), join(copy, part), { recursive: true, filter: (path) => !path.includes("node_modules") || path.includes("fixtures") })
  }
  symlinkSync(realpathSync(join(root, "node_modules")), join(copy, "node_modules"))
  return copy
}
