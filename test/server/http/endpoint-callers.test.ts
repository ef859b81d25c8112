// Who an endpoint's function runs as and what it knows of the caller: credentials, users run as, custom user data.
import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { SignJWT } from "jose"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { fromEjson, toEjson, type Json } from "../../../kernel/index.ts"
import { signIn, type Tokens } from "../../support/in-process.ts"
import { root, temporaryFolder } from "../../support/serve.ts"
import { endpointsApp, secrets, serveEndpoints, type Answer, type Endpoints } from "./endpoint-world.ts"

let app: Endpoints
let lea: Tokens
let apiKey: string
beforeAll(async () => {
  app = await serveEndpoints()
  lea = await signIn(app, "lea@red.example")
  const made = await app.call("POST", "/auth/api_keys", { token: lea.refresh_token, body: { name: "mine" } })
  apiKey = ((await made.json()) as { key: string }).key
})
afterAll(() => app.close())

interface Seen { readonly user: Record<string, unknown>; readonly system: boolean; readonly headers: Record<string, unknown> }
const seen = (answer: Answer): Seen => {
  if (answer.status !== 200) throw new Error(`answered ${answer.status}: ${answer.text}`)
  return answer.json() as unknown as Seen
}
const failure = (answer: Answer): unknown => [answer.status, answer.json()]
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
const jwt = (subject: string): Promise<string> =>
  new SignJWT({ email: subject }).setProtectedHeader({ alg: "HS256" }).setSubject(subject).setAudience("endpoints-abcde").setExpirationTime("1h").sign(Buffer.from(secrets.jwtKey))

const invalid = [401, { error: "invalid session: error finding user for endpoint", error_code: "InvalidSession" }]
const nothing = [400, { error: "no authentication methods were specified", error_code: "InvalidParameter" }]
const password = "a long password"

describe("credentials", () => {
  test("are a token, or an account's in headers; they never reach the function", async () => {
    const ways: Record<string, string>[] = [bearer(lea.access_token), { authorization: `bearer ${lea.access_token}` }, { email: "lea@red.example", password }, { apiKey }, { "api-key": apiKey }, { authorization: "Basic abc", apiKey }]
    for (const headers of ways) {
      const { user, system, headers: told } = seen(await app.at("POST", "/me", { headers }))
      expect([user["id"], user["type"], user["custom_data"], system]).toEqual([lea.user_id, "normal", {}, false])
      for (const name of ["Apikey", "Api-Key", "Email", "Password"]) expect(told).not.toHaveProperty(name)
      expect(told["Authorization"]).toEqual(headers["authorization"] === "Basic abc" ? ["Basic abc"] : undefined)
    }
  })

  test("that are absent, halved or several are told apart", async () => {
    expect(failure(await app.at("POST", "/me"))).toEqual(nothing)
    expect(failure(await app.at("POST", "/me", { headers: { authorization: "Basic abc", email: "", apiKey: "" } }))).toEqual(nothing)
    for (const headers of [{ email: "lea@red.example" }, { password }, { email: "", password }] as Record<string, string>[]) expect(failure(await app.at("POST", "/me", { headers }))).toMatchObject([400, { error_code: "MissingParameter", error: "must specify some form of authentication (either email+password, api-key, or jwt) in the request header or body" }])
    expect(failure(await app.at("POST", "/me", { headers: { email: "lea@red.example", password, apiKey } }))).toMatchObject([400, { error_code: "InvalidParameter" }])
  })

  test("that are wrong are all refused alike", async () => {
    const wrong: Record<string, string>[] = [
      bearer("a.b.c"), bearer(""), { authorization: "Bearer a b" }, bearer(lea.refresh_token), { ...bearer("a.b.c"), apiKey }, { email: "lea@red.example", password: "another password" }, { email: "nobody@red.example", password },
      { apiKey: "wrong" }, { jwtTokenString: "a.b.c" }, { jwtTokenString: await jwt("nobody") },
    ]
    for (const headers of wrong) expect([headers, failure(await app.at("POST", "/me", { headers }))]).toEqual([headers, invalid])
  })

  test("make no session, and an account only with `create_user_on_auth`", async () => {
    const headers = { jwtTokenString: await jwt("kim") }
    expect(failure(await app.at("POST", "/me", { headers }))).toEqual(invalid)
    const { user } = seen(await app.at("POST", "/join", { headers }))
    expect(user).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{24}$/), identities: [{ id: "kim", provider_type: "custom-token" }] })
    // Now there is one, for every endpoint.
    expect(seen(await app.at("POST", "/me", { headers })).user["id"]).toBe(user["id"])
    expect(seen(await app.at("POST", "/join", { headers })).user["id"]).toBe(user["id"])
  })

  test("that make an account fire CREATE once, and no LOGIN", async () => {
    const headers = { jwtTokenString: await jwt("noa") }
    const both = await Promise.all([app.at("POST", "/join", { headers }), app.at("POST", "/join", { headers })])
    expect(seen(both[0]).user["id"]).toBe(seen(both[1]).user["id"])
    await app.at("POST", "/join", { headers })
    const events = async (): Promise<unknown[]> => ((await app.at("GET", "/events?identity=noa")).json() as unknown as { operation: string }[]).map(({ operation }) => operation)
    await expect.poll(events, { timeout: 10_000 }).toEqual(["CREATE"])
    // A real login comes after whatever was queued before it.
    await app.call("POST", "{app}/auth/providers/custom-token/login", { body: { token: headers.jwtTokenString } })
    await expect.poll(events, { timeout: 10_000 }).toEqual(["CREATE", "LOGIN"])
  })

  test("of a registered address that never logged in make its account", async () => {
    await app.call("POST", "{app}/auth/providers/local-userpass/register", { body: { email: "mia@red.example", password } })
    const headers = { email: "mia@red.example", password }
    expect(failure(await app.at("POST", "/me", { headers }))).toEqual(invalid)
    expect(seen(await app.at("POST", "/join", { headers })).user["data"]).toEqual({ email: "mia@red.example" })
  })

  test("of an expired token and a deleted user are worth nothing", async () => {
    const gone = await signIn(app, "gone@red.example")
    expect((await app.at("POST", "/me", { headers: bearer(gone.access_token) })).status).toBe(200)
    await app.call("DELETE", "/auth/delete", { token: gone.access_token })
    expect(failure(await app.at("POST", "/me", { headers: bearer(gone.access_token) }))).toEqual(invalid)
    expect(failure(await app.at("POST", "/me", { headers: { email: "gone@red.example", password } }))).toEqual(invalid)
  })

  test("are logged with the user they led to, and not otherwise", async () => {
    await app.at("POST", "/me", { headers: { email: "lea@red.example", password } })
    expect(app.entries.findLast(({ type }) => type !== "AUTH_TRIGGER")).toMatchObject({ type: "ENDPOINT", endpoint_route: "/me", user_id: lea.user_id })
    expect(`${JSON.stringify(app.entries)}${app.logged.join("\n")}`).not.toContain(password)
    expect(`${JSON.stringify(app.entries)}${app.logged.join("\n")}`).not.toContain(apiKey)
  })
})

describe("a function of its own identity", () => {
  test("needs no credentials, and tells of the bearer of a token", async () => {
    expect(seen(await app.at("GET", "/inspect")).user).toEqual({ type: "system", data: {}, custom_data: {}, identities: [] })
    const asLea = seen(await app.at("GET", "/inspect", { headers: bearer(lea.access_token) }))
    expect([asLea.user["id"], asLea.system]).toEqual([lea.user_id, true])
    expect(failure(await app.at("GET", "/inspect", { headers: bearer("a.b.c") }))).toEqual(invalid)
    // Other credentials are not asked for, and not looked at.
    expect(seen(await app.at("GET", "/inspect", { headers: { apiKey: "wrong" } })).system).toBe(true)
  })

  test("given by a script is the script's, which runs as the caller or the system", async () => {
    expect(seen(await app.at("GET", "/by-script"))).toMatchObject({ system: true, user: { type: "system" } })
    expect(seen(await app.at("GET", "/by-script", { headers: { "x-as": lea.user_id } }))).toMatchObject({ system: false })
    expect(failure(await app.at("GET", "/by-script", { headers: { "x-as": "0".repeat(24) } }))).toMatchObject([400, { error_code: "FunctionExecutionError" }])
  })

  test("given by a user id is that user, under the endpoint's switch for custom data", async () => {
    expect(failure(await app.at("GET", "/as-user"))).toMatchObject([400, { error_code: "FunctionExecutionError" }])
    const folder = temporaryFolder()
    const directory = join(folder.path, "app")
    const data = { file: join(folder.path, "data.sqlite") }
    try {
      const first = await serveEndpoints({ data })
      const kim = await signIn(first, "kim@red.example")
      await first.write({ collection: "users", insert: [{ user_id: kim.user_id, theme: "dark" }] })
      await first.close()
      cpSync(endpointsApp, directory, { recursive: true })
      const config = join(directory, "functions/config.json")
      writeFileSync(config, readFileSync(config, "utf8").replace("650000000000000000000099", kim.user_id))
      const second = await serveEndpoints({ data, directory })
      try {
        expect(seen(await second.at("GET", "/as-user"))).toMatchObject({ system: false, user: { id: kim.user_id, custom_data: { user_id: kim.user_id, theme: "dark" } } })
        expect(seen(await second.at("GET", "/as-user-bare"))).toMatchObject({ system: false, user: { id: kim.user_id, custom_data: {} } })
        const other = await signIn(second, "other@red.example")
        expect(seen(await second.at("GET", "/as-user", { headers: bearer(other.access_token) }))).toMatchObject({ system: false, user: { id: other.user_id } })
      } finally {
        await second.close()
      }
    } finally {
      folder.remove()
    }
  })
})

describe("custom user data", () => {
  test("that an endpoint does not fetch is missing for rules too", async () => {
    const own = await signIn(app, "rules@red.example")
    await app.write({ collection: "users", insert: [{ user_id: own.user_id, theme: "dark" }] })
    await app.write({ collection: "orders", insert: [{ item: "lamp" }] })
    const refreshed = await app.call("POST", "/auth/session", { token: own.refresh_token })
    const { access_token: token } = (await refreshed.json()) as { access_token: string }
    // The token carries it, and it does not count here.
    expect((await app.at("GET", "/orders", { headers: bearer(token) })).text).toBe("[]")
    expect((await app.at("POST", "/orders", { headers: bearer(own.access_token) })).text).toContain("lamp")
    expect((await app.at("GET", "/orders-by-script", { headers: { "x-as": own.user_id } })).text).toBe("[]")
    expect((await app.at("POST", "/orders-by-script", { headers: { "x-as": own.user_id } })).text).toContain("lamp")
  })

  interface Step { readonly op: string; readonly where?: Json; readonly set?: Json; readonly fetch_custom_user_data?: boolean; readonly expect?: { readonly custom_data: Json } }
  interface Case { readonly id: string; readonly name: string; readonly collection: readonly Record<string, Json>[]; readonly steps?: readonly Step[] }
  const { cases } = JSON.parse(readFileSync(join(root, "fixtures/tokens/tokens.json"), "utf8")) as { readonly cases: readonly Case[] }
  const ofEndpoints = cases.filter(({ steps = [] }) => steps.some(({ op }) => op === "endpoint"))
  const inCase = "64b1f0c2a7d93e5b8c214f06"

  test("has its cases among those of tokens", () => {
    expect(ofEndpoints.map(({ id }) => id)).toEqual(expect.arrayContaining(["tok-075", "tok-076"]))
  })

  test.each(ofEndpoints)("$id: $name", async ({ collection, steps = [] }) => {
    const own = await serveEndpoints()
    try {
      const user = await signIn(own, "case@red.example")
      const here = <T,>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll(inCase, user.user_id)) as T
      await own.write({ collection: "users", insert: here(collection) })
      let token = user.access_token
      for (const step of steps) {
        if (step.op === "login") token = (await signIn(own, "case@red.example")).access_token
        else if (step.op === "update") await own.write({ collection: "users", where: here(step.where), update: here(step.set) })
        else if (step.op === "endpoint") {
          const reply = await own.at(step.fetch_custom_user_data === true ? "POST" : "GET", "/custom-data", { headers: bearer(token) })
          expect(toEjson(fromEjson(JSON.parse(reply.json() as unknown as string)))).toEqual(toEjson(fromEjson(here(step.expect?.custom_data))))
        } else throw new Error(`the step ${step.op} is not known here`)
      }
    } finally {
      await own.close()
    }
  })
})
