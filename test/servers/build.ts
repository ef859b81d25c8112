// Fetches what the test server needs, once, with Maven. `node test/servers/build.ts` does it ahead of time.
import { execFile } from "node:child_process"
import { access, mkdir, readdir, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { promisify } from "node:util"

const run = promisify(execFile)
const home = join(import.meta.dirname, "mongo-java-server")
/** Where the jars are. */
export const libraries = join(home, "lib")
export const launcher = join(home, "Launcher.java")
const buildMinutes = 5

/** Makes the jars if they are not there. Resolves to why that is impossible on this machine, or to undefined. */
export async function buildMongoServer(): Promise<string | undefined> {
  for (const program of ["java", "mvn"]) if (!(await isInstalled(program))) return `\`${program}\` is not installed`
  if (await isBuilt()) return undefined
  // Test files run side by side; the first to make the folder builds.
  const lock = join(home, "lib.lock")
  const deadline = Date.now() + buildMinutes * 60_000
  for (;;) {
    try {
      await mkdir(lock)
      break
    } catch {
      if (await isBuilt()) return undefined
      if (await isStale(lock)) await rm(lock, { recursive: true, force: true })
      if (Date.now() > deadline) return "another build did not finish"
      await delay(500)
    }
  }
  try {
    await run("mvn", ["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"], { cwd: home, timeout: buildMinutes * 60_000 })
    return undefined
  } catch (error) {
    return `Maven failed: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`
  } finally {
    await rm(lock, { recursive: true, force: true })
  }
}

async function isBuilt(): Promise<boolean> {
  const names = await readdir(libraries).catch(() => [])
  const locked = await access(join(home, "lib.lock")).then(() => true, () => false)
  return !locked && names.some((name) => name.startsWith("mongo-java-server-1."))
}

async function isStale(lock: string): Promise<boolean> {
  const status = await stat(lock).catch(() => undefined)
  return status !== undefined && Date.now() - status.mtimeMs > buildMinutes * 60_000
}

async function isInstalled(program: string): Promise<boolean> {
  return run(program, [program === "java" ? "-version" : "--version"]).then(() => true, () => false)
}

if (import.meta.main) {
  const reason = await buildMongoServer()
  process.stdout.write(reason === undefined ? "the test server is ready\n" : `the test server cannot be built: ${reason}\n`)
  process.exitCode = reason === undefined ? 0 : 1
}
