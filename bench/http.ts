// Whole requests over HTTP, 16 connections, embedded store on a file, beside a bare route that echoes bodies of the same size.
// Goals (ratio to the bare route's rate): function call 1/8; page of 20 under a role, insert, refresh 1/5 each.
import { spawn, type ChildProcess } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import autocannon from "autocannon"

const root = join(import.meta.dirname, "..")
const seconds = Number(process.env["BENCH_SECONDS"] ?? 4)

interface Started { readonly url: string; readonly child: ChildProcess }

async function start(args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, BACKSTITCH_LOG_LEVEL: "silent" } })
  const url = await new Promise<string>((done, reject) => {
    let text = ""
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      const found = /^serving \S+ at (\S+)$/m.exec(text)
      if (found !== null) done(found[1] as string)
    })
    child.once("exit", (code) => reject(new Error(`ended with ${code}`)))
  })
  return { url, child }
}

interface Load { readonly url: string; readonly token?: string; readonly tokens?: readonly string[]; readonly body?: string }

async function rate({ url, token, tokens, body = "" }: Load): Promise<{ perSecond: number; p50: number; p99: number }> {
  const headersOf = (bearer: string | undefined): Record<string, string> => ({ "content-type": "application/json", ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) })
  const requests = (tokens ?? [token]).map((bearer) => ({ method: "POST" as const, headers: headersOf(bearer), body }))
  const result = await autocannon({ url, method: "POST", connections: 16, duration: seconds, requests })
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${url}: ${result.non2xx} refused, ${result.errors} errors`)
  return { perSecond: result.requests.average, p50: result.latency.p50, p99: result.latency.p99 }
}

/** Prints each kind of request beside the bare route echoing an answer of the same size. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "backstitch-bench-"))
  const server = await start(["cli/main.ts", "serve", "fixtures/apps/worktracker", "--port", "0", "--data", join(folder, "bench.sqlite")])
  const bare = await start(["bench/http/bare.ts"])
  try {
    const app = `${server.url}/api/client/v2.0/app/worktracker-abcde`
    const post = (url: string, body: unknown, token?: string): Promise<Response> => fetch(url, { method: "POST", body: JSON.stringify(body), headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
    await post(`${app}/auth/providers/local-userpass/register`, { email: "lea@red.example", password: "worktracker" })
    const logIn = async (): Promise<{ access_token: string; refresh_token: string; user_id: string }> => (await post(`${app}/auth/providers/local-userpass/login`, { username: "lea@red.example", password: "worktracker" })).json() as never
    const { access_token: token, user_id: id } = await logIn()
    const action = (name: string, argument: unknown): string => JSON.stringify({ name, service: "mongodb-atlas", arguments: [{ database: "tracker", collection: "tasks", ...(argument as object) }] })
    const task = action("insertOne", { document: { title: "a task of ordinary length", team: "red", status: "open", createdBy: id, createdAt: { $date: { $numberLong: "1714564800000" } }, priority: { $numberInt: "3" } } })
    for (let count = 0; count < 2000; count++) await post(`${app}/functions/call`, JSON.parse(task), token)

    const call = JSON.stringify({ name: "whoAmI", arguments: [] })
    const page = action("find", { query: { status: "open" }, sort: { _id: { $numberInt: "-1" } }, limit: { $numberInt: "20" } })
    const rows: [string, Load, string][] = [
      ["function call", { url: `${app}/functions/call`, token, body: call }, "1/8"],
      ["page of 20 under a role", { url: `${app}/functions/call`, token, body: page }, "1/5"],
      ["insert", { url: `${app}/functions/call`, token, body: task }, "1/5"],
      ["refresh", { url: `${server.url}/api/client/v2.0/auth/session`, tokens: await manySessions(app) }, "1/5"],
    ]
    for (const [name, load, goal] of rows) {
      const bearer = load.token ?? load.tokens?.[0] ?? ""
      const answer: unknown = await (await post(load.url, load.body === undefined ? {} : JSON.parse(load.body), bearer)).json()
      const reply = JSON.stringify(answer)
      const floor = await rate({ url: `${bare.url}/echo`, body: JSON.stringify({ answer, pad: "x".repeat(Math.max(0, (load.body ?? "").length + bearer.length - reply.length)) }) })
      const ours = await rate(load)
      console.log(`${name.padEnd(26)} ${ours.perSecond.toFixed(0).padStart(7)}/s  p50 ${ours.p50} ms  p99 ${ours.p99} ms   bare ${floor.perSecond.toFixed(0)}/s   ratio 1/${(floor.perSecond / ours.perSecond).toFixed(1)}  (goal ${goal})`)
    }
  } finally {
    server.child.kill()
    bare.child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A session may refresh thirty times a minute, so many take turns. */
async function manySessions(app: string): Promise<string[]> {
  const tokens: string[] = []
  for (let count = 0; count < 60 * seconds * 5; count++) {
    const reply = await fetch(`${app}/auth/providers/anon-user/login`, { method: "POST" })
    tokens.push(((await reply.json()) as { refresh_token: string }).refresh_token)
  }
  return tokens
}
