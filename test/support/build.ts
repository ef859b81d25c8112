// The package as `npm run build` makes it, in a folder of its own: sources copied, packages linked.
import { execFile } from "node:child_process"
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { root } from "./serve.ts"

export interface Built {
  readonly path: string
  /** Runs a command there and gives what it printed; rejects when it fails. */
  run(file: string, args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }>
  remove(): void
}

/** Builds; rejects with what the compiler says. */
export async function buildPackage(): Promise<Built> {
  const path = mkdtempSync(join(tmpdir(), "backstitch-build-"))
  for (const each of ["kernel", "engine", "runtime", "server", "cli", "package.json", "tsconfig.json", "tsconfig.build.json"]) cpSync(join(root, each), join(path, each), { recursive: true })
  for (const each of ["node_modules", "fixtures"]) symlinkSync(join(root, each), join(path, each), "dir")
  const run: Built["run"] = (file, args) => promisify(execFile)(file, args, { cwd: path, maxBuffer: 16 * 1024 * 1024 })
  const remove = (): void => rmSync(path, { recursive: true, force: true })
  try {
    await run("npm", ["run", "-s", "build"])
  } catch (error) {
    remove()
    const { stdout } = error as { stdout?: string }
    throw new Error(`the build failed: ${stdout ?? ""}`, { cause: error })
  }
  return { path, run, remove }
}
