// Section 9 of the client protocol: each trap that a client fell into, by its number.
import { readFileSync } from "node:fs"
import { request as httpRequest } from "node:http"
import { join } from "node:path"
import * as Realm from "realm-web"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { claimsOf, type Tokens } from "../support/in-process.ts"
import { root } from "../support/serve.ts"
import { automatic, password, serveClients, type ClientsServed } from "./clients-app.ts"
import { client, notesOf, refusal } from "./realm-web/client.ts"

const allowed = "https://shop.example"
let served: ClientsServed
let user: Tokens
beforeAll(async () => {
  served = await serveClients({ providers: automatic, allowedOrigins: [allowed] })
  user = await anonymous()
})
afterAll(() => served.close())

async function anonymous(body?: unknown): Promise<Tokens> {
  const reply = await served.call("POST", "{app}/auth/providers/anon-user/login", body === undefined ? {} : { body })
  return (await reply.json()) as Tokens
}
const errorOf = async (reply: Response): Promise<{ error: string; error_code: string }> => (await reply.json()) as { error: string; error_code: string }
const run = (name: string, args: unknown[], token = user.access_token, headers: Record<string, string> = {}): Promise<Response> => served.call("POST", "{app}/functions/call", { token, body: { name, arguments: args }, headers })

describe("trap", () => {
  test("1, endless refresh: what a fresh token would not cure is never 401 with InvalidSession or the text unauthorized", async () => {
    const login = (provider: string, body: unknown): Promise<Response> => served.call("POST", `{app}/auth/providers/${provider}/login?link=true`, { token: user.access_token, body })
    const replies = await Promise.all([
      run("hidden", []), run("friends", []), run("notThere", []), run("fail", ["unauthorized"]),
      login("local-userpass", { username: "nobody@mail.example", password }), login("custom-token", { token: "a.b.c" }), login("custom-function", { word: "unauthorized" }), login("api-key", { key: "x" }), login("anon-user", {}), login("oauth2-google", {}),
      served.call("POST", "{app}/functions/call", { token: user.access_token, body: { name: "find", service: "mongodb-atlas", arguments: [{ database: "clients", collection: "letters" }] } }),
    ])
    for (const reply of replies) {
      const { error, error_code: code } = await errorOf(reply)
      expect(reply.status).toBeGreaterThanOrEqual(400)
      expect(reply.status === 401 && (code === "InvalidSession" || error === "unauthorized")).toBe(false)
    }
  })

  test("2, loop breaker: the thirty-first access token in a minute is 429", async () => {
    const own = await anonymous()
    const statuses: number[] = []
    for (let count = 0; count < 31; count++) statuses.push((await served.call("POST", "/auth/session", { token: own.refresh_token })).status)
    expect([new Set(statuses.slice(0, 30)), statuses[30]]).toEqual([new Set([201]), 429])
  })

  test("3, device_id is a text, zeros if it is not known", async () => {
    for (const body of [undefined, {}, { options: {} }, { options: { device: null } }, { options: null }]) expect((await anonymous(body)).device_id).toBe("0".repeat(24))
  })

  test("4, the content type is exactly application/json, also of errors", async () => {
    for (const reply of [await run("sum", [1, 2]), await run("fail", ["x"]), await served.call("GET", "/auth/profile", { token: "null" })]) expect(reply.headers.get("content-type")).toBe("application/json")
  })

  test("5, an empty body that says it is JSON is no body", async () => {
    for (const [method, path, token] of [["POST", "/auth/session", user.refresh_token], ["GET", "/auth/profile", user.access_token], ["GET", "/auth/api_keys", user.refresh_token]] as const) {
      expect((await served.call(method, path, { token, headers: { "content-type": "application/json;charset=utf-8" } })).status).toBeLessThan(300)
    }
  })

  test("6, an empty reply has no content type", async () => {
    const own = await anonymous()
    const push = await served.call("PUT", "{app}/push/providers/gcm/registration", { token: own.access_token, body: { registrationToken: "x" } })
    const unpush = await served.call("DELETE", "{app}/push/providers/gcm/registration", { token: own.access_token })
    const registered = await served.call("POST", "{app}/auth/providers/local-userpass/register", { body: { email: "empty@mail.example", password } })
    const out = await served.call("DELETE", "/auth/session", { token: own.refresh_token })
    expect([push, unpush, registered, out].map(({ status, headers }) => [status, headers.get("content-type")])).toEqual([[204, null], [204, null], [201, null], [204, null]])
  })

  test("7, user_data is an object or absent, never null", async () => {
    const own = await anonymous()
    expect(Object.hasOwn(claimsOf(own.access_token), "user_data")).toBe(false)
    await run("setCustomData", [{ nothing: null }], own.access_token)
    const { access_token: token } = (await (await served.call("POST", "/auth/session", { token: own.refresh_token })).json()) as Tokens
    expect(claimsOf(token)["user_data"]).toMatchObject({ nothing: null })
  })

  test("8, dates are never in their ISO form, in replies or in tokens", async () => {
    const own = await anonymous()
    const date = { $date: { $numberLong: "1714564800000" } }
    expect(await (await run("echo", [date, { $date: "2024-05-01T12:00:00Z" }])).json()).toEqual([date, date])
    await run("setCustomData", [{ at: date }], own.access_token)
    const { access_token: token } = (await (await served.call("POST", "/auth/session", { token: own.refresh_token })).json()) as Tokens
    expect((claimsOf(token)["user_data"] as Record<string, unknown>)["at"]).toEqual(date)
  })

  test("9 and 10, location: no trailing slash in hostname, and a ws_hostname", async () => {
    const own = await serveClients({ publicUrl: "https://api.shop.example/" })
    try {
      expect(await (await own.call("GET", "{app}/location")).json()).toMatchObject({ hostname: "https://api.shop.example", ws_hostname: "wss://api.shop.example" })
      expect(await (await served.call("GET", "{app}/location")).json()).toMatchObject({ hostname: served.url, ws_hostname: served.url.replace("http", "ws") })
    } finally {
      await own.close()
    }
  })

  test("11, register with a stale token is not looked at", async () => {
    for (const [at, token] of ["a.b.c", "null", user.refresh_token].entries()) {
      expect((await served.call("POST", "{app}/auth/providers/local-userpass/register", { token, body: { email: `stale-${at}@mail.example`, password } })).status).toBe(201)
    }
  })

  test("12, Bearer null is 401", async () => {
    for (const [method, path] of [["GET", "/auth/profile"], ["POST", "/auth/session"], ["DELETE", "/auth/session"], ["DELETE", "/auth/delete"], ["GET", "/auth/api_keys"], ["POST", "{app}/functions/call"]] as const) {
      expect([path, (await served.call(method, path, { token: "null" })).status]).toEqual([path, 401])
    }
  })

  test("13, a disabled or deleted user's refresh is InvalidSession", async () => {
    const own = await anonymous()
    await served.call("DELETE", "/auth/delete", { token: own.access_token })
    const reply = await served.call("POST", "/auth/session", { token: own.refresh_token })
    expect([reply.status, await errorOf(reply)]).toMatchObject([401, { error_code: "InvalidSession" }])
  })

  test("14, a refresh token serves many times and at once", async () => {
    const own = await anonymous()
    const replies = await Promise.all(Array.from({ length: 5 }, () => served.call("POST", "/auth/session", { token: own.refresh_token })))
    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201])
  })

  test("15, percent signs in a stream are escaped after JSON", async () => {
    const query = Buffer.from(JSON.stringify({ name: "watch", service: "mongodb-atlas", arguments: [{ database: "clients", collection: "notes" }] })).toString("base64url")
    const stop = new AbortController()
    const reply = await fetch(`${served.url}/api/client/v2.0/app/${served.appId}/functions/call?baas_request=${query}&baas_at=${user.access_token}`, { signal: stop.signal })
    expect(reply.headers.get("content-type")).toBe("text/event-stream")
    await served.call("POST", "{app}/functions/call", { token: user.access_token, body: { name: "insertOne", service: "mongodb-atlas", arguments: [{ database: "clients", collection: "notes", document: { owner: user.user_id, text: "50%\n%0A" } }] } })
    let text = ""
    for await (const chunk of reply.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString("utf8")
      if (text.includes("data:")) break
    }
    stop.abort()
    expect(text).toContain(String.raw`"text":"50%25\n%250A"`)
  })

  test("16, findOneAndReplace without an update deletes", async () => {
    const { app } = client(served)
    const own = await app.logIn(Realm.Credentials.anonymous())
    await notesOf(own).insertOne({ owner: own.id, text: "to go" })
    expect(await notesOf(own).findOneAndDelete({ text: "to go" })).toMatchObject({ text: "to go" })
    expect(await notesOf(own).count()).toBe(0)
  })

  test("17, wrapped numbers inside timestamps and key bounds are read", async () => {
    const reply = await run("echo", [{ $timestamp: { t: { $numberInt: "1" }, i: { $numberInt: "2" } } }, { $minKey: { $numberInt: "1" } }, { $maxKey: { $numberInt: "1" } }])
    expect(await reply.json()).toEqual([{ $timestamp: { t: 1, i: 2 } }, { $minKey: 1 }, { $maxKey: 1 }])
  })

  test("18, headers of 100 KB are taken, larger ones are 431", async () => {
    expect((await run("sum", [1, 2], user.access_token, { "x-large": "x".repeat(100 * 1024) })).status).toBe(200)
    const status = await new Promise<number | undefined>((done, reject) => {
      httpRequest(`${served.url}/healthz`, { headers: { "x-large": "x".repeat(140 * 1024) } }, (reply) => done(reply.resume().statusCode)).on("error", reject).end()
    })
    expect(status).toBe(431)
  })

  test("19, an anonymous user who logs in again keeps the token", async () => {
    const { app, lines } = client(served)
    const first = await app.logIn(Realm.Credentials.anonymous())
    lines()
    expect((await app.logIn(Realm.Credentials.anonymous())).accessToken).toBe(first.accessToken)
    expect(lines()).toEqual(["GET /auth/profile 200"])
  })

  test("20, errors carry the headers that let a page read them", async () => {
    const from = (method: string, path: string, token?: string): Promise<Response> => served.call(method, path, { ...(token === undefined ? {} : { token }), headers: { origin: allowed } })
    for (const [reply, status] of [
      [await from("GET", "/auth/profile", "null"), 401], [await from("GET", "/app/nobody-xyzab/location"), 404], [await from("GET", "/nowhere"), 404], [await from("POST", "{app}/functions/call"), 401],
      [await run("fail", ["x"], user.access_token, { origin: allowed }), 400], [await served.call("POST", "{app}/functions/call", { body: "{", token: user.access_token, headers: { origin: allowed } }), 400],
    ] as const) {
      expect([reply.status, reply.headers.get("access-control-allow-origin"), reply.headers.get("access-control-allow-credentials"), reply.headers.get("vary")]).toEqual([status, allowed, "true", expect.stringContaining("Origin")])
    }
  })
})

describe("an origin", () => {
  const preflight = (path: string, origin: string): Promise<Response> => served.call("OPTIONS", path, { headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type" } })

  test("in the list has its preflight answered on every kind of route, without a token", async () => {
    for (const path of ["{app}/location", "{app}/auth/providers/anon-user/login", "/auth/session", "/auth/api_keys/66322f80b1c2d3e4f5061728/enable", "{app}/functions/call", "/app/nobody-xyzab/location"]) {
      const reply = await preflight(path, allowed)
      expect([path, reply.status, Object.fromEntries(reply.headers)]).toMatchObject([path, 204, {
        "access-control-allow-origin": allowed, "access-control-allow-credentials": "true", "access-control-max-age": "7200",
        "access-control-allow-methods": "GET, POST, PUT, DELETE, PATCH, OPTIONS", "access-control-allow-headers": "authorization, content-type, accept, x-requested-with",
      }])
    }
  })

  test("that is not in the list is refused, and nothing allows the page to read it", async () => {
    for (const reply of [await preflight("{app}/functions/call", "https://elsewhere.example"), await run("sum", [1, 2], user.access_token, { origin: "https://shop.example.evil" }), await served.call("GET", "/auth/profile", { token: user.access_token, headers: { origin: "null" } })]) {
      expect([reply.status, reply.headers.get("access-control-allow-origin")]).toEqual([403, null])
    }
  })

  test("that is not sent is not asked for", async () => {
    expect((await run("sum", [1, 2])).status).toBe(200)
  })

  test("of any page is allowed while the list is empty, by name and never by a star", async () => {
    const own = await serveClients()
    try {
      const reply = await own.call("GET", "{app}/location", { headers: { origin: "https://any.example" } })
      expect([reply.headers.get("access-control-allow-origin"), reply.headers.get("access-control-expose-headers")]).toEqual(["https://any.example", "X-Baas-Location, X-Stitch-Location"])
    } finally {
      await own.close()
    }
  })
})

test("a loop of a broken app is ended by 429, and the SDK keeps its tokens", async () => {
  const { app } = client(served)
  const own = await app.logIn(Realm.Credentials.anonymous())
  for (let count = 0; count < 30; count++) await own.refreshAccessToken()
  expect(await refusal(own.refreshAccessToken())).toMatchObject({ status: 429 })
  expect(own.isLoggedIn).toBe(true)
})

describe("docs/client-protocol.md", () => {
  test("names a test that exists in each of its rows", () => {
    const rows = readFileSync(join(root, "docs/client-protocol.md"), "utf8").split("\n").filter((line) => /^\| .* \| `test\//.test(line))
    expect(rows.length).toBeGreaterThan(45)
    const wrong = rows.filter((row) => {
      const [, file = "", name = ""] = /\| `(test\/[^`]+)` "(.+)" \|$/.exec(row) ?? []
      return file === "" || !readFileSync(join(root, file), "utf8").includes(`test("${name}"`)
    })
    expect(wrong).toEqual([])
  })
})
