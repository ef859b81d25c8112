// The MongoDB that tests run against: the one `MONGODB_URI` names, or the wire protocol server of this folder.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { join } from "node:path"
import { buildMongoServer, launcher, libraries } from "./build.ts"

export interface TestMongo {
  readonly uri: string
  /** A server by others with known gaps (see the exceptions of the contract suite), not MongoDB itself. */
  readonly standIn: boolean
  stop(): Promise<void>
}

/** Starts the server, or says why it cannot. With `CI=true` a missing server is an error: there nothing may be skipped. */
export async function startMongoServer(): Promise<TestMongo | { readonly skipped: string }> {
  const given = process.env["MONGODB_URI"]
  if (given !== undefined && given !== "") return { uri: given, standIn: false, stop: () => Promise.resolve() }
  const reason = await buildMongoServer()
  if (reason === undefined) return launch()
  if (process.env["CI"] === "true") throw new Error(`The test server for MongoDB is missing: ${reason}`)
  process.stderr.write(`skipped: no MongoDB to test against (${reason}; MONGODB_URI is not set)\n`)
  return { skipped: reason }
}

async function launch(): Promise<TestMongo> {
  const child = spawn("java", ["-Xmx512m", "-cp", join(libraries, "*"), launcher], { stdio: ["pipe", "pipe", "inherit"] })
  const lines = createInterface({ input: child.stdout })
  const uri = await new Promise<string>((resolve, reject) => {
    lines.once("line", resolve)
    child.once("exit", (code) => reject(new Error(`The test server ended with ${code} before it was ready`)))
    child.once("error", reject)
  })
  return {
    uri,
    standIn: true,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, "exit")
      child.stdin.end()
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000)
      await ended
      clearTimeout(timer)
    },
  }
}
