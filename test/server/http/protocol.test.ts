// The client protocol as clients other than realm-web see it: shapes, statuses, content types, traps.
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { changedApp } from "../../support/changed-app.ts"
import { claimsOf, serveInProcess, signIn, type InProcess, type Tokens } from "../../support/in-process.ts"
import { worktracker } from "../../support/serve.ts"

let served: InProcess
let lea: Tokens
beforeAll(async () => {
  served = await serveInProcess()
  lea = await signIn(served, "lea@red.example")
})
afterAll(() => served.close())

const bodyOf = async (reply: Response): Promise<Record<string, unknown>> => (await reply.json()) as Record<string, unknown>

describe("location", () => {
  test("names the host without a trailing slash, and the web socket's", async () => {
    const reply = await served.call("GET", "{app}/location")
    expect(reply.status).toBe(200)
    expect(await bodyOf(reply)).toEqual({ deployment_model: "LOCAL", location: "IE", hostname: served.url, ws_hostname: served.url.replace("http", "ws") })
  })

  test.each([[{ provider_region: "azure-southeastasia" }, "SG"], [{}, "US-VA"], [{ location: "DE-FF" }, "DE-FF"], [{ provider_region: "elsewhere-1" }, "elsewhere-1"]])("of an app with %j in its root file is %s", async (root, location) => {
    const app = await changedApp(worktracker, { "root_config.json": { app_id: "worktracker-abcde", name: "worktracker", deployment_model: "GLOBAL", ...root } })
    const own = await serveInProcess({ directory: app.directory })
    try {
      expect(await bodyOf(await own.call("GET", "{app}/location"))).toMatchObject({ deployment_model: "GLOBAL", location })
    } finally {
      await own.close()
      await app.remove()
    }
  })

  test("of an unknown app is 404 with the documented text", async () => {
    const reply = await served.call("GET", "/app/nobody-xyzab/location")
    expect(reply.status).toBe(404)
    expect(await bodyOf(reply)).toMatchObject({ error: "cannot find app using Client App ID 'nobody-xyzab'" })
  })

  test("is found with repeated slashes", async () => {
    expect((await fetch(`${served.url}//api/client/v2.0//app/worktracker-abcde//location`)).status).toBe(200)
  })
})

test("an address that cannot be decoded is a bad request in the shape the SDKs read", async () => {
  const reply = await fetch(`${served.url}/api/client/v2.0/app/%E0%A4%A/location`)
  expect([reply.status, reply.headers.get("content-type"), await bodyOf(reply)]).toEqual([400, "application/json", { error: "bad request", error_code: "BadRequest" }])
})

test.each([
  ["POST", "{app}/graphql", "GraphQL is not supported"], ["GET", "{app}/realm-sync?baas_at=x", "Device Sync is not supported"], ["POST", "/app/nobody-xyzab/graphql", "cannot find app using Client App ID 'nobody-xyzab'"], ["GET", "{app}/graphql/more", "no such route"],
])("%s %s is refused by the name of the feature", async (method, path, error) => {
  const reply = await served.call(method, path)
  expect([reply.status, await bodyOf(reply)]).toMatchObject([404, { error }])
})

describe("content types", () => {
  test("are exactly application/json, without a charset", async () => {
    for (const reply of [await served.call("GET", "{app}/location"), await served.call("GET", "/auth/profile"), await served.call("GET", "/nowhere")]) {
      expect(reply.headers.get("content-type")).toBe("application/json")
    }
  })

  test("are absent from empty replies", async () => {
    const reply = await served.call("POST", "{app}/auth/providers/local-userpass/register", { body: { email: "kim@red.example", password: "a long password" } })
    expect([reply.status, reply.headers.get("content-type"), await reply.text()]).toEqual([201, null, ""])
  })

  test("of requests do not matter: an empty body named JSON and a body without a name are read", async () => {
    const refreshed = await served.call("POST", "/auth/session", { token: lea.refresh_token, headers: { "content-type": "application/json;charset=utf-8" } })
    expect(refreshed.status).toBe(201)
    const called = await served.call("POST", "{app}/functions/call", { token: lea.access_token, body: { name: "whoAmI", arguments: [] }, headers: { "content-type": "text/plain" } })
    expect(called.status).toBe(200)
    for (const type of ["", "nonsense", "application"]) {
      const odd = await served.call("POST", "{app}/functions/call", { token: lea.access_token, body: { name: "whoAmI", arguments: [] }, headers: { "content-type": type } })
      expect([type, odd.status]).toEqual([type, 200])
    }
  })
})

describe("login", () => {
  test("replies with four strings, and the token has the documented claims", async () => {
    expect(lea).toEqual({ access_token: expect.any(String), refresh_token: expect.any(String), user_id: expect.stringMatching(/^[0-9a-f]{24}$/), device_id: "0".repeat(24) })
    const claims = claimsOf(lea.access_token)
    expect(claims).toMatchObject({ sub: lea.user_id, typ: "access", iss: expect.stringMatching(/^[0-9a-f]{24}$/), baas_device_id: "0".repeat(24), user_data: { user_id: lea.user_id, role: "lead" } })
    expect((claims["exp"] as number) - (claims["iat"] as number)).toBe(1800)
    expect(claimsOf(lea.refresh_token)).toMatchObject({ sub: lea.user_id, typ: "refresh", baas_id: claims["iss"], baas_data: null })
    expect(claimsOf(lea.refresh_token)).not.toHaveProperty("user_data")
  })

  test("makes a device id for a device without one, and keeps a known one", async () => {
    const first = await signIn(served, "lea@red.example", { options: { device: { platform: "node" } } })
    expect(first.device_id).toMatch(/^(?!0{24})[0-9a-f]{24}$/)
    const second = await signIn(served, "lea@red.example", { options: { device: { deviceId: { $oid: first.device_id } } } })
    expect(second.device_id).toBe(first.device_id)
    expect(claimsOf(second.access_token)["baas_device_id"]).toBe(first.device_id)
  })

  test("with a wrong password and for an unknown account answers the same", async () => {
    for (const username of ["lea@red.example", "nobody@red.example"]) {
      const reply = await served.call("POST", "{app}/auth/providers/local-userpass/login", { body: { username, password: "wrong password" } })
      expect([reply.status, await bodyOf(reply)]).toMatchObject([401, { error: "unauthorized", error_code: "InvalidPassword" }])
    }
  })

  test("by a provider that is not there is refused by name", async () => {
    const reply = await served.call("POST", "{app}/auth/providers/oauth2-google/login", { body: {} })
    expect([reply.status, await bodyOf(reply)]).toMatchObject([401, { error: "authentication via 'oauth2-google' is unsupported", error_code: "AuthProviderNotFound" }])
  })

  test("works without any body for anonymous users", async () => {
    expect((await served.call("POST", "{app}/auth/providers/anon-user/login")).status).toBe(200)
  })
})

describe("tokens", () => {
  test("are needed, and what is wrong with one is said as the tables say", async () => {
    const missing = await served.call("POST", "{app}/functions/call", { body: { name: "whoAmI" } })
    expect([missing.status, await bodyOf(missing)]).toMatchObject([401, { error: "must authenticate first", error_code: "MissingAuthReq" }])
    for (const token of ["null", "a.b.c", lea.refresh_token]) {
      const reply = await served.call("POST", "{app}/functions/call", { token, body: { name: "whoAmI" } })
      expect([reply.status, await bodyOf(reply)]).toMatchObject([401, { error_code: "InvalidSession" }])
    }
  })

  test("expire after thirty minutes, and a refresh makes a new one", async () => {
    const own = await serveInProcess()
    try {
      const kim = await signIn(own, "kim@red.example")
      own.advance(1795)
      expect((await own.call("GET", "/auth/profile", { token: kim.access_token })).status).toBe(200)
      own.advance(11)
      const reply = await own.call("GET", "/auth/profile", { token: kim.access_token })
      expect([reply.status, await bodyOf(reply)]).toMatchObject([401, { error: "invalid session: access token expired", error_code: "InvalidSession" }])
      const refreshed = await own.call("POST", "/auth/session", { token: kim.refresh_token })
      const { access_token: token } = (await bodyOf(refreshed)) as { access_token: string }
      expect((await own.call("GET", "/auth/profile", { token })).status).toBe(200)
    } finally {
      await own.close()
    }
  })

  test("of a session that was logged out buy nothing more, and a second logout says why", async () => {
    const own = await signIn(served, "lea@red.example")
    const out = await served.call("DELETE", "/auth/session", { token: own.refresh_token })
    expect([out.status, out.headers.get("content-type")]).toEqual([204, null])
    for (const method of ["DELETE", "POST"]) {
      const reply = await served.call(method, "/auth/session", { token: own.refresh_token })
      expect([reply.status, await bodyOf(reply)]).toMatchObject([401, { error: "invalid session: failed to find refresh token", error_code: "InvalidSession" }])
    }
  })

  test("of a deleted user end the session in the way realm-web passes over", async () => {
    const own = await signIn(served, "gone@red.example")
    expect((await served.call("DELETE", "/auth/delete", { token: own.access_token })).status).toBe(204)
    const reply = await served.call("DELETE", "/auth/session", { token: own.refresh_token })
    expect(reply.status === 204 || String((await bodyOf(reply))["error"]).includes("failed to find refresh token")).toBe(true)
  })
})

describe("profile", () => {
  test("has type, data and identities", async () => {
    const reply = await served.call("GET", "/auth/profile", { token: lea.access_token })
    expect(await bodyOf(reply)).toMatchObject({ user_id: lea.user_id, type: "normal", data: { email: "lea@red.example" }, identities: [{ id: expect.any(String), provider_type: "local-userpass" }] })
  })
})

describe("bad bodies", () => {
  test("are 400 with a code and quote nothing", async () => {
    for (const body of ["{", "[1]", '"secret-word"', '{"name":"whoAmI","arguments":[{"$oid":"secret-word"}]}', '{"arguments":[]}', '{"name":"find","service":"mongodb-atlas","arguments":[5]}']) {
      const reply = await served.call("POST", "{app}/functions/call", { token: lea.access_token, body })
      const text = await reply.text()
      expect([body, reply.status]).toEqual([body, 400])
      expect(JSON.parse(text)).toMatchObject({ error: expect.any(String), error_code: expect.any(String) })
      expect(text).not.toContain("secret-word")
    }
  })

  test("larger than 18 MB are 413", async () => {
    const reply = await served.call("POST", "{app}/functions/call", { token: lea.access_token, body: `{"name":"${"x".repeat(19 * 1024 * 1024)}"}` })
    expect([reply.status, await bodyOf(reply)]).toMatchObject([413, { error_code: "PayloadTooLarge" }])
  })
})

describe("cross-origin requests", () => {
  test("have their preflight answered without a token", async () => {
    const reply = await served.call("OPTIONS", "{app}/functions/call", { headers: { origin: "https://shop.example", "access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type" } })
    expect(reply.status).toBe(204)
    expect(Object.fromEntries(reply.headers)).toMatchObject({ "access-control-allow-origin": "https://shop.example", "access-control-allow-credentials": "true", "access-control-allow-methods": expect.stringContaining("PUT"), "access-control-allow-headers": expect.stringContaining("authorization") })
  })

  test("are not the only ones: without an origin OPTIONS is answered too", async () => {
    for (const path of ["{app}/functions/call", "/auth/session"]) {
      const reply = await served.call("OPTIONS", path)
      expect([reply.status, reply.headers.get("content-type"), reply.headers.get("access-control-allow-origin"), await reply.text()]).toEqual([204, null, null, ""])
    }
  })

  test("see the status of a 401", async () => {
    const reply = await served.call("GET", "/auth/profile", { token: "null", headers: { origin: "https://shop.example" } })
    expect([reply.status, reply.headers.get("access-control-allow-origin")]).toEqual([401, "https://shop.example"])
  })
})

describe("custom data of 24 KB", () => {
  test("works on every route", async () => {
    const max = await signIn(served, "max@red.example")
    const large = "x".repeat(24 * 1024)
    const call = (name: string, argument: unknown, token: string): Promise<Response> => served.call("POST", "{app}/functions/call", { token, body: { name, service: "mongodb-atlas", arguments: [argument] } })
    expect((await call("updateOne", { database: "tracker", collection: "members", query: { user_id: max.user_id }, update: { $set: { displayName: large } } }, max.access_token)).status).toBe(200)
    const refreshed = await served.call("POST", "/auth/session", { token: max.refresh_token })
    const { access_token: token } = (await bodyOf(refreshed)) as { access_token: string }
    expect(token.length).toBeGreaterThan(32_000)
    const replies = await Promise.all([
      served.call("GET", "/auth/profile", { token }),
      served.call("POST", "{app}/functions/call", { token, body: { name: "whoAmI", arguments: [] } }),
      call("find", { database: "tracker", collection: "tasks", query: {} }, token),
      call("count", { database: "tracker", collection: "members", query: {} }, token),
      served.call("POST", "/auth/session", { token: max.refresh_token }),
      served.call("GET", "/auth/api_keys", { token: max.refresh_token }),
      served.call("DELETE", "/auth/session", { token: max.refresh_token }),
    ])
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 201, 200, 204])
  })
})

describe("the log", () => {
  test("holds no token, password, address of a user or custom data", () => {
    const text = served.logged.join("")
    for (const secret of [lea.access_token, lea.refresh_token, "a long password", "lea@red.example", "x".repeat(100)]) expect(text).not.toContain(secret)
  })
})
