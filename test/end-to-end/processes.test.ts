// Two served processes on one MongoDB, behind a proxy that takes turns: one app, whichever of them answers.
import { createServer, request as send, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { openMongoStore } from "../../server/storage/index.ts"
import { copyApp, openNotes, setAnswer, type AppDirectory } from "../server/reload/directory.ts"
import { startMongoServer, type TestMongo } from "../servers/mongo-server.ts"
import { serve, temporaryFolder, type Served } from "../support/serve.ts"

const folder = temporaryFolder()
const password = "a long password"
let mongo: TestMongo | { readonly skipped: string }
let directory: AppDirectory
let both: Served[] = []

async function start(path = directory.path): Promise<Served> {
  if (!("uri" in mongo)) throw new Error(mongo.skipped)
  return serve([path, "--port", "0", "--mongodb", mongo.uri, "--trust-proxy", "127.0.0.1"], { BACKSTITCH_LOG_LEVEL: "info" })
}

beforeAll(async () => {
  mongo = await startMongoServer()
  if (!("uri" in mongo)) return
  directory = copyApp(join(folder.path, "app"))
  both = [await start(), await start()]
}, 120_000)
afterAll(async () => {
  await Promise.all(both.map((each) => each.stop("SIGKILL")))
  if ("uri" in mongo) await mongo.stop()
  folder.remove()
})
beforeEach(({ skip }) => {
  if (!("uri" in mongo)) skip()
})

interface Answer { readonly status: number; readonly body: Record<string, unknown> }

async function ask(url: string, path: string, { token, body, method = "POST" }: { readonly token?: string; readonly body?: unknown; readonly method?: string } = {}): Promise<Answer> {
  const reply = await fetch(`${url}${path}`, { method, headers: token === undefined ? {} : { authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const text = await reply.text()
  const parsed: unknown = text === "" ? {} : JSON.parse(text)
  return { status: reply.status, body: typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : { value: parsed } }
}

const app = "/api/client/v2.0/app/worktracker-abcde"
const session = "/api/client/v2.0/auth/session"
const register = (url: string, email: string): Promise<Answer> => ask(url, `${app}/auth/providers/local-userpass/register`, { body: { email, password } })
const logIn = (url: string, email: string, word = password): Promise<Answer> => ask(url, `${app}/auth/providers/local-userpass/login`, { body: { username: email, password: word } })
const callFunction = (url: string, token: string, name: string, ...args: unknown[]): Promise<Answer> => ask(url, `${app}/functions/call`, { token, body: { name, arguments: args } })
const urls = (): [string, string] => [both[0]?.url as string, both[1]?.url as string]

async function enter(url: string, email: string): Promise<{ access: string; refresh: string; user: string }> {
  await register(url, email)
  const { status, body } = await logIn(url, email)
  expect(status).toBe(200)
  return { access: body["access_token"] as string, refresh: body["refresh_token"] as string, user: body["user_id"] as string }
}

/** Asks until the answer is the one wanted, for some seconds. */
async function soon(question: () => Promise<unknown>, wanted: unknown, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs
  for (;;) {
    const answer = await question()
    if (answer === wanted || performance.now() > end) return expect(answer).toBe(wanted)
    await sleep(100)
  }
}

async function documentsOf(collection: string, filter: Record<string, string>): Promise<number> {
  const store = await openMongoStore({ uri: (mongo as TestMongo).uri })
  const found = await store.count({ database: "tracker", collection }, filter)
  await store.close()
  return found
}

describe("users", () => {
  test("two first logins at once, one in each process, make one account and run the creation function once", async () => {
    const [here, there] = urls()
    await register(here, "two@red.example")
    const replies = await Promise.all([logIn(here, "two@red.example"), logIn(there, "two@red.example")])
    expect(replies.map(({ status }) => status)).toEqual([200, 200])
    const [user, other] = replies.map(({ body }) => body["user_id"] as string)
    expect(user).toBe(other)
    expect(await documentsOf("members", { user_id: user as string })).toBe(1)
  })

  test("a login made in one is good in the other, and its end is heard of there within seconds", async () => {
    const [here, there] = urls()
    const { access, refresh } = await enter(here, "lea@red.example")
    expect((await callFunction(there, access, "whoAmI")).status).toBe(200)
    expect((await ask(there, session, { token: refresh })).status).toBe(201)
    expect((await ask(here, session, { token: refresh, method: "DELETE" })).status).toBe(204)
    await soon(async () => (await ask(there, session, { token: refresh })).status, 401, 8000)
  })

  test("wrong passwords count wherever they are tried", async () => {
    const [here, there] = urls()
    await register(here, "ann@red.example")
    const statuses: number[] = []
    for (let attempt = 0; attempt < 26; attempt++) statuses.push((await logIn(attempt % 2 === 0 ? here : there, "ann@red.example", "a wrong password")).status)
    // A window may end in between; with a count for each process all 26 would be answered 401.
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0)
    expect((await logIn(here, "two@red.example")).status).toBe(200)
  }, 90_000)
})

describe("a reload", () => {
  test("of one process reaches the other within seconds; sessions stay, and calls under way end on the old code", async () => {
    const [here, there] = urls()
    const { access, refresh } = await enter(here, "kim@red.example")
    const slow = callFunction(there, access, "whoAmI", { $numberInt: "6000" })
    await sleep(500)
    setAnswer(directory, "new")
    openNotes(directory)
    both[0]?.process.kill("SIGHUP")
    for (const url of [here, there]) await soon(async () => (await callFunction(url, access, "whoAmI")).body["value"], "new")
    const find = { name: "find", service: "mongodb-atlas", arguments: [{ database: "tracker", collection: "notes", query: {} }] }
    for (const url of [here, there]) expect((await ask(url, `${app}/functions/call`, { token: access, body: find })).status).toBe(200)
    expect((await slow).body["value"]).toBe("old")
    for (const url of [here, there]) expect((await ask(url, session, { token: refresh })).status).toBe(201)
  }, 90_000)

  test("of a directory with errors is refused, and nothing changes anywhere", async () => {
    const [here, there] = urls()
    const { access } = await enter(here, "kim@red.example")
    directory.write("functions/setRole.js", "exports = () => {")
    both[0]?.process.kill("SIGHUP")
    await soon(async () => both[0]?.output().stderr.includes("did not reload worktracker-abcde"), true)
    expect(both[0]?.output().stderr).toMatch(/error .*setRole\.js/)
    await sleep(3000)
    for (const url of [here, there]) expect((await callFunction(url, access, "whoAmI")).body["value"]).toBe("new")
    setAnswer(directory, "new")
  }, 60_000)

  test("is not followed by a process whose own directory holds something else, until it holds the same", async () => {
    const elsewhere = copyApp(join(folder.path, "elsewhere"), "other")
    const third = await start(elsewhere.path)
    try {
      const { access } = await enter(third.url, "kim@red.example")
      setAnswer(directory, "newest")
      both[0]?.process.kill("SIGHUP")
      await soon(async () => (await callFunction(both[1]?.url as string, access, "whoAmI")).body["value"], "newest")
      await soon(async () => third.output().stderr.includes("deployment-differs"), true)
      expect((await callFunction(third.url, access, "whoAmI")).body["value"]).toBe("other")
      setAnswer(elsewhere, "newest")
      openNotes(elsewhere)
      await soon(async () => (await callFunction(third.url, access, "whoAmI")).body["value"], "newest", 60_000)
    } finally {
      await third.stop()
    }
  }, 120_000)
})

/** Sends each request to the next of the addresses, as a proxy does; one that takes no connection is passed over. */
async function proxy(targets: readonly string[]): Promise<{ readonly url: string; readonly server: Server }> {
  let turn = 0
  const server = createServer((incoming, outgoing) => {
    const body: Buffer[] = []
    incoming.on("data", (part: Buffer) => body.push(part))
    incoming.on("end", () => {
      const attempt = (left: number): void => {
        const forwarded = send(`${targets[turn++ % targets.length]}${incoming.url}`, { method: incoming.method, agent: false, headers: { ...incoming.headers, connection: "close", "x-forwarded-for": "203.0.113.9" } }, (reply) => {
          outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
          reply.pipe(outgoing)
        })
        forwarded.on("error", (error: NodeJS.ErrnoException) => {
          if (left > 0 && error.code === "ECONNREFUSED") return attempt(left - 1)
          outgoing.writeHead(502).end()
        })
        forwarded.end(Buffer.concat(body))
      }
      attempt(targets.length - 1)
    })
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

describe("behind a proxy", () => {
  test("both say how they are, and count for themselves", async () => {
    for (const { url } of both) {
      expect(await ask(url, "/healthz", { method: "GET" })).toEqual({ status: 200, body: { status: "ok" } })
      expect(await ask(url, "/readyz", { method: "GET" })).toEqual({ status: 200, body: { status: "ready" } })
      const numbers = await (await fetch(`${url}/metrics`)).text()
      expect(numbers).toMatch(/^backstitch_logins_total\{provider="local-userpass",outcome="ok"\} [1-9]/m)
      expect(numbers).toMatch(/^backstitch_token_refreshes_total\{outcome="ok"\} [1-9]/m)
    }
    const { url, server } = await proxy(urls())
    expect((await fetch(`${url}/metrics`)).status).toBe(404)
    server.close()
  })

  test("one that is stopped finishes what it has, and no request is lost", async () => {
    const { url, server } = await proxy(urls())
    const { access, refresh } = await enter(url, "kim@red.example")
    const slow = Array.from({ length: 4 }, () => callFunction(url, access, "whoAmI", { $numberInt: "2000" }))
    await sleep(700)
    const stopped = both[1]?.stop("SIGTERM")
    const statuses: number[] = []
    for (let time = 0; time < 30; time++) {
      statuses.push((await callFunction(url, access, "whoAmI")).status)
      if (time % 10 === 0) statuses.push((await ask(url, session, { token: refresh })).status - 1)
    }
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(await stopped).toBe(0)
    server.close()
  }, 60_000)
})
