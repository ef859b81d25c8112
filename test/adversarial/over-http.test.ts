// Every attack through a real server: while it runs, another user's calls to another function and the location route are answered,
// the server's loop is watched from inside, and afterwards the process is the same one and holds no more memory than before.
import { writeFileSync, mkdirSync } from "node:fs"
import { createServer, type AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { serve, temporaryFolder, type Served } from "../support/serve.ts"
import type { LoopFigures } from "./monitor.ts"
import { programs, type Program } from "./programs.ts"

/** A file that does not parse stops the start; such programs are for `hostile.test.ts`. */
const attacks = programs.filter(({ expected }) => expected.code !== "FunctionSyntaxError")
const marker = `marker-${crypto.randomUUID()}`
const folder = temporaryFolder()
const worst = { location: { name: "", ms: 0 }, bystander: { name: "", ms: 0 }, blocked: { name: "", ms: 0 }, late: { name: "", ms: 0 } }

let served: Served
let monitor: number
let attacker: string
let bystander: string
let before: LoopFigures

beforeAll(async () => {
  const app = join(folder.path, "app")
  const functions: Record<string, string> = { bystander: "exports = (n) => n + 1", count: "exports = (...args) => args.length", after: "exports = () => [({}).evil === undefined, [1].map((x) => x)[0], JSON.parse('2')]" }
  for (const { name, source } of attacks) functions[name] = source
  const files: Record<string, unknown> = {
    "root_config.json": { name: "attacked", app_id: "attacked-abcde", config_version: 20210101, deployment_model: "LOCAL" },
    "auth/providers.json": { "anon-user": { name: "anon-user", type: "anon-user", disabled: false } },
    "data_sources/mongodb-atlas/config.json": { name: "mongodb-atlas", type: "mongodb-atlas", config: { clusterName: "c", readPreference: "primary", wireProtocolEnabled: false } },
    "data_sources/mongodb-atlas/default_rule.json": { roles: [{ name: "all", apply_when: {}, insert: true, delete: true, search: true, read: true, write: true, document_filters: { read: true, write: true } }] },
    "functions/config.json": Object.keys(functions).map((name) => ({ name, private: false })),
    "settings.json": { functions: { limits: { wallMs: 15_000 }, functionLimits: Object.fromEntries(attacks.flatMap(({ name, expected }) => (expected.limits === undefined ? [] : [[name, expected.limits]]))) } },
  }
  for (const [file, content] of Object.entries(files)) write(join(app, file), JSON.stringify(content))
  for (const [name, source] of Object.entries(functions)) write(join(app, `functions/${name}.js`), source)
  monitor = await freePort()
  served = await serve([app, "--port", "0", "--data", join(folder.path, "data.sqlite"), "--settings", join(app, "settings.json")], {
    NODE_OPTIONS: `--import ${join(import.meta.dirname, "monitor.ts")}`, BACKSTITCH_MONITOR: String(monitor), BACKSTITCH_TEST_MARKER: marker, BACKSTITCH_LOG_LEVEL: "info",
  })
  ;[attacker, bystander] = await Promise.all([logIn(), logIn()])
  await Promise.all(Array.from({ length: 20 }, () => call(bystander, "bystander", [1])))
  before = await ask("/memory")
  await ask("/loop")
}, 120_000)

afterAll(async () => {
  const show = (each: { name: string; ms: number }): string => `${each.ms.toFixed(0)} ms (${each.name})`
  process.stdout.write(`worst of ${attacks.length} attacks over HTTP: location route ${show(worst.location)}, another user's call ${show(worst.bystander)}; the server's loop ${show(worst.blocked)} of its own work, ${show(worst.late)} late in all\n`)
  await served?.stop("SIGKILL")
  folder.remove()
})

function write(file: string, text: string): void {
  mkdirSync(join(file, ".."), { recursive: true })
  writeFileSync(file, text)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await new Promise((resolve) => server.once("listening", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const base = (): string => `${served.url}/api/client/v2.0/app/${served.appId}`

async function logIn(): Promise<string> {
  const reply = await fetch(`${base()}/auth/providers/anon-user/login`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" })
  return ((await reply.json()) as { access_token: string }).access_token
}

function call(token: string, name: string, args: readonly unknown[]): Promise<Answered> {
  return post(token, JSON.stringify({ name, arguments: args }))
}

interface Answered { readonly status: number; readonly text: string; readonly milliseconds: number }

async function post(token: string, body: string): Promise<Answered> {
  const began = performance.now()
  const reply = await fetch(`${base()}/functions/call`, { method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` }, body })
  return { status: reply.status, text: await reply.text(), milliseconds: performance.now() - began }
}

async function ask(path: "/memory" | "/loop"): Promise<LoopFigures> {
  return (await (await fetch(`http://127.0.0.1:${monitor}${path}`)).json()) as LoopFigures
}

/** Does something again and again until told to stop, each time at least `everyMs` after the last began; gives the worst time. */
function repeat(everyMs: number, work: () => Promise<number>): () => Promise<{ readonly times: number; readonly worst: number }> {
  let stopped = false
  const done = (async () => {
    let [times, longest] = [0, 0]
    while (!stopped) {
      const pause = new Promise((resolve) => setTimeout(resolve, everyMs))
      longest = Math.max(longest, await work())
      times++
      await pause
    }
    return { times, worst: longest }
  })()
  return () => {
    stopped = true
    return done
  }
}

async function poll(): Promise<number> {
  const began = performance.now()
  const reply = await fetch(`${base()}/location`)
  expect(reply.status).toBe(200)
  await reply.text()
  return performance.now() - began
}

async function bystand(): Promise<number> {
  const reply = await call(bystander, "bystander", [1])
  expect(reply).toMatchObject({ status: 200, text: '{"$numberInt":"2"}' })
  return reply.milliseconds
}

/** The documented replies for the ways a call may end. SOURCE: specification of the function runtime, 8.1. */
const replies: Readonly<Record<string, { readonly status: number; readonly code?: string; readonly error?: string }>> = {
  returned: { status: 200 }, threw: { status: 400, code: "FunctionExecutionError" },
  "terminated:wall-time": { status: 408, code: "ExecutionTimeLimitExceeded", error: "execution time limit exceeded" },
  "terminated:cpu-time": { status: 408, code: "ExecutionTimeLimitExceeded", error: "execution time limit exceeded" },
  "terminated:memory": { status: 400, code: "FunctionExecutionError", error: "memory limit exceeded" },
  "terminated:never-settles": { status: 400, code: "FunctionExecutionError", error: "pending promise returned that will never resolve/reject" },
}

function matches(label: string, status: number, body: { readonly error?: string; readonly error_code?: string }): boolean {
  const wanted = replies[label]
  return wanted !== undefined && status === wanted.status && body.error_code === wanted.code && (wanted.error === undefined || body.error === wanted.error)
}

function note(kind: keyof typeof worst, name: string, ms: number): void {
  if (ms > worst[kind].ms) worst[kind] = { name, ms }
}

/** Sends the body of a call as the attacker, and watches the server meanwhile. */
async function watched(name: string, body: string): Promise<Answered> {
  const [stopPolling, stopBystanding] = [repeat(100, poll), repeat(30, bystand)]
  const reply = await post(attacker, body)
  const [location, others] = await Promise.all([stopPolling(), stopBystanding()])
  const loop = await ask("/loop")
  note("location", name, location.worst)
  note("bystander", name, others.worst)
  note("blocked", name, loop.blocked)
  note("late", name, loop.late)
  if (process.env["HOSTILE_VERBOSE"] !== undefined) process.stdout.write(`${name}: ${reply.status} ${reply.status === 200 ? "" : reply.text.slice(0, 120)} ${reply.milliseconds.toFixed(0)} ms; loop ${loop.blocked.toFixed(0)} own, ${loop.late.toFixed(0)} late; location ${location.worst.toFixed(0)} of ${location.times}; bystander ${others.worst.toFixed(0)} of ${others.times}; rss ${(loop.rssBytes / 1e6).toFixed(0)}\n`)
  expect(reply.text).not.toContain(marker)
  expect(location.worst, "the location route").toBeLessThan(1000)
  expect(loop.pid, "the server's process").toBe(before.pid)
  return reply
}

async function attack({ name, expected }: Program): Promise<void> {
  const reply = await watched(name, JSON.stringify({ name, arguments: expected.needsServer === true ? [Number(new URL(served.url).port)] : (expected.args ?? []) }))
  const body = (reply.status === 200 ? {} : JSON.parse(reply.text)) as { readonly error?: string; readonly error_code?: string }
  expect(expected.expect.some((label) => matches(label, reply.status, body)), `${reply.status} ${reply.text.slice(0, 400)}`).toBe(true)
  if (reply.status === 200 && expected.result !== undefined) expect(reply.text).toBe(expected.result)
  expect(reply.milliseconds).toBeLessThan((expected.limits?.wallMs ?? 15_000) + 5000)
  expect(await call(bystander, "after", []), "the next call").toMatchObject({ status: 200, text: '[true,{"$numberInt":"1"},{"$numberInt":"2"}]' })
}

const nested = (levels: number, leaf: () => unknown): unknown => (levels === 0 ? leaf() : { a: nested(levels - 1, leaf) })

describe("attacks over HTTP", () => {
  test.each(attacks)("$name", (program) => attack(program), 60_000)

  // Beyond 18 MB the server answers 413 and hangs up; which of the two a sender sees first is luck.
  test.each<[string, () => readonly unknown[], number]>([
    ["one text of 17 MB", () => ["x".repeat(17e6)], 200],
    ["a million small values", () => [Array.from({ length: 1_000_000 }, (_, index) => index)], 200],
    ["wrapped numbers, 17 MB", () => [Array.from({ length: 600_000 }, (_, index) => ({ $numberInt: String(index) }))], 200],
    ["150 levels, and as many again beside each", () => [nested(150, () => Array.from({ length: 150 }, () => nested(40, () => 1)))], 200],
    ["a thousand levels", () => [nested(1000, () => 1)], 400],
    ["one key of 17 MB", () => [{ ["k".repeat(17e6)]: 1 }], 200],
  ])("arguments: %s", async (name, make, status) => {
    expect((await watched(`arguments: ${name}`, JSON.stringify({ name: "count", arguments: make() }))).status).toBe(status)
  }, 60_000)

  test.each<[string, () => string]>([
    ["escaped quotes", () => `{"name":"count","arguments":["${'\\"'.repeat(8e6)}"]}`],
    ["members beside the arguments", () => `{"name":"count","arguments":[],${'"a":1,'.repeat(2_500_000)}"a":1}`],
    ["white space", () => `{"name":"count","arguments":[1]${" ".repeat(16e6)}}`],
  ])("a body of 16 MB of %s", async (name, make) => {
    expect((await watched(`body: ${name}`, make())).status).toBe(200)
  }, 60_000)

  test("leave the server as it was: the same process, no memory kept, no word of its environment", async () => {
    const after = await ask("/memory")
    process.stdout.write(`memory of the server: ${(before.heapBytes / 1e6).toFixed(0)} MB before, ${(after.heapBytes / 1e6).toFixed(0)} MB after; resident ${(before.rssBytes / 1e6).toFixed(0)} and ${(after.rssBytes / 1e6).toFixed(0)} MB\n`)
    expect(after.pid).toBe(before.pid)
    expect(after.heapBytes - before.heapBytes).toBeLessThan(40 * 1024 * 1024)
    expect(served.output().stderr.length).toBeGreaterThan(0)
    expect(served.output().stdout + served.output().stderr).not.toContain(marker)
  })
})
