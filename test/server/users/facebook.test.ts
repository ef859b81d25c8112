// `oauth2-facebook`: tokens that are checked by asking Facebook.
import { createHmac } from "node:crypto"
import type { ServerResponse } from "node:http"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import { createProviderHttp } from "../../../server/provider-http.ts"
import type { ProviderConfig } from "../../../server/users/index.ts"
import { openApp, provider, refusal, type TestApp } from "./app.ts"
import { ana, fakeGraph, goodToken, type FakeGraph, type GraphAnswer } from "./facebook-graph.ts"

let graph: FakeGraph
beforeEach(async () => {
  graph = await fakeGraph()
})
afterEach(async () => {
  vi.useRealTimers()
  await graph.close()
})

const facebook = { config: { clientId: "1111" }, secretConfig: { clientSecret: "facebookSecret" } }
const field = (name: string, required = false): ProviderConfig["metadataFields"][number] => ({ name, required, fieldName: undefined })

function open(parts: Partial<ProviderConfig> = {}, secrets: Record<string, string> = { facebookSecret: "app-secret" }): TestApp {
  return openApp({
    providers: [provider("oauth2-facebook", { ...facebook, ...parts }), provider("anon-user")],
    users: { secret: (name) => secrets[name], facebookGraphUrl: graph.url, providerHttp: createProviderHttp({ operatorUrl: graph.url }) },
  })
}

const logIn = (app: TestApp, accessToken: unknown = "good-token"): ReturnType<TestApp["logIn"]> => app.logIn("oauth2-facebook", { accessToken: accessToken as string })
const outcome = (app: TestApp, accessToken?: unknown): Promise<string> => refusal(logIn(app, accessToken))

describe("a good token", () => {
  test("logs its user in, as the same account each time", async () => {
    const app = open()
    const [first, second] = [await logIn(app), await logIn(app)]
    expect(second.user_id).toBe(first.user_id)
    expect(await app.users.profile(first.user_id)).toMatchObject({ data: {}, identities: [{ id: "42", provider_type: "oauth2-facebook", provider_data: {} }] })
  })

  test("is shown to Facebook with the app's id and secret, and used with a proof of the secret", async () => {
    await logIn(open({ metadataFields: [field("name"), field("min_age"), field("max_age"), field("shoe_size")] }))
    const [debug, me] = graph.asked as [URL, URL]
    expect([debug.pathname, Object.fromEntries(debug.searchParams)]).toEqual(["/v1/debug_token", { input_token: "good-token", access_token: "1111|app-secret" }])
    const proof = createHmac("sha256", "app-secret").update("good-token").digest("hex")
    expect([me.pathname, Object.fromEntries(me.searchParams)]).toEqual(["/v1/me", { fields: "id,name,age_range", access_token: "good-token", appsecret_proof: proof }])
    expect(graph.asked).toHaveLength(2)
  })

  test("fills the metadata that is configured, by App Services' names", async () => {
    const names = ["name", "first_name", "last_name", "picture", "gender", "birthday", "min_age", "max_age", "email"]
    const app = open({ metadataFields: names.map((name) => field(name, name === "email")) })
    const { user_id: id } = await logIn(app)
    expect((await app.users.profile(id))["data"]).toEqual({
      name: "Ana Ruiz", first_name: "Ana", last_name: "Ruiz", picture: "https://pictures.example/42", gender: "female", birthday: "01/31/1990", min_age: 21, max_age: 30, email: "ana@example.com",
    })
    graph.answers.me = { id: "42", name: "Ana Maria Ruiz", email: "ana@example.com" }
    await logIn(app)
    expect((await app.users.profile(id))["data"]).toEqual({ name: "Ana Maria Ruiz", email: "ana@example.com" })
    graph.answers.me = { id: "42", name: "Ana" }
    expect(await outcome(app)).toBe("401 AuthError")
  })

  test("that never expires is taken", async () => {
    graph.answers.debug = { data: { ...goodToken.data, expires_at: 0 } }
    expect(await outcome(open())).toBe("accepted")
  })

  test("can be linked to a user, and a refused one ends in no loop", async () => {
    const app = open()
    const before = await app.logIn("anon-user")
    expect((await app.link(before.access_token, "oauth2-facebook", { accessToken: "good-token" })).user_id).toBe(before.user_id)
    expect((await logIn(app)).user_id).toBe(before.user_id)
    graph.answers.debug = { data: { ...goodToken.data, is_valid: false } }
    expect(await app.link(before.access_token, "oauth2-facebook", { accessToken: "bad" }).catch((error: unknown) => (error as Error).message)).not.toBe("unauthorized")
  })

  test("is held to the allowed domains", async () => {
    const app = open({ domainRestrictions: ["Example.com"] })
    expect(await outcome(app)).toBe("accepted")
    expect(graph.asked.at(-1)?.searchParams.get("fields")).toBe("id,email")
    for (const email of ["ana@evil.example", "ana@sub.example.com", undefined, 7]) {
      graph.answers.me = { ...ana, email }
      expect(await outcome(app)).toBe("401 DomainNotAllowed")
    }
  })
})

describe("a token that is refused", () => {
  test.each<[string, GraphAnswer]>([
    ["was given to another app", { data: { ...goodToken.data, app_id: "2222" } }],
    ["is not valid", { data: { ...goodToken.data, is_valid: false } }],
    ["is said to be valid by something that is no boolean", { data: { ...goodToken.data, is_valid: "true" } }],
    ["has expired", { data: { ...goodToken.data, expires_at: 1_714_560_000 } }],
    ["ends at a time that is none", { data: { ...goodToken.data, expires_at: "never" } }],
    ["belongs to an app instead of a user", { data: { ...goodToken.data, type: "APP" } }],
    ["belongs to nobody", { data: { ...goodToken.data, user_id: undefined } }],
    ["belongs to somebody with an id that is none", { data: { ...goodToken.data, user_id: "42 OR 1=1" } }],
    ["is unknown", { data: { is_valid: false, error: { code: 190, message: "Invalid OAuth access token." } } }],
    ["is told nothing of", { nothing: true }],
  ])("because it %s", async (_what, debug) => {
    graph.answers.debug = debug
    const app = open()
    expect(await outcome(app)).toBe("401 AuthError")
    expect(graph.asked).toHaveLength(1)
    expect(await app.users.administration.list()).toEqual([])
  })

  test("because its profile is another user's", async () => {
    for (const me of [{ ...ana, id: "43" }, { name: "Ana" }, { error: { code: 190, message: "Session has expired" } }]) {
      graph.answers.me = me
      expect(await outcome(open())).toBe("401 AuthError")
    }
  })

  test.each([null, "", 7, ["good-token"], { $ne: 1 }, "two words", "line\nbreak", "é", "x".repeat(4097)])("because %j is none, without asking", async (token) => {
    expect(await outcome(open(), token)).toBe("401 AuthError")
    expect(graph.asked).toEqual([])
  })

  test("because it would end the address and begin another parameter", async () => {
    graph.answers.debug = (reply: ServerResponse) => void reply.writeHead(200).end(JSON.stringify({ data: { ...goodToken.data, is_valid: graph.asked[0]?.searchParams.getAll("input_token").join() === "good-token" } }))
    expect(await outcome(open(), "x&input_token=good-token#")).toBe("401 AuthError")
    expect(graph.asked[0]?.searchParams.getAll("input_token")).toEqual(["x&input_token=good-token#"])
  })
})

describe("a Facebook that gives no answer is an outage, not a wrong token", () => {
  test.each<[string, GraphAnswer]>([
    ["an error of its own", (reply: ServerResponse) => void reply.writeHead(500).end("oops")],
    ["too many requests", (reply: ServerResponse) => void reply.writeHead(429).end("{}")],
    ["its limit on requests", { error: { code: 4, message: "Application request limit reached" } }],
    ["a passing error", { error: { code: 190, is_transient: true } }],
    ["no JSON", (reply: ServerResponse) => void reply.writeHead(200).end("<html>")],
    ["a list", (reply: ServerResponse) => void reply.writeHead(200).end("[]")],
    ["too much", (reply: ServerResponse) => void reply.writeHead(200).end(JSON.stringify({ ...goodToken, padding: "x".repeat(100_000) }))],
    ["too much, compressed", (reply: ServerResponse) => void import("node:zlib").then(({ gzipSync }) => reply.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(JSON.stringify({ ...goodToken, padding: "x".repeat(5_000_000) }))))],
    ["a hang-up", (reply: ServerResponse) => void reply.destroy()],
    ["a redirect", (reply: ServerResponse) => void reply.writeHead(302, { location: "http://127.0.0.1:1/" }).end()],
  ])("%s", async (_what, answer) => {
    graph.answers.debug = answer
    expect(await outcome(open())).toBe("503 InternalServerError")
    graph.answers.debug = goodToken
    graph.answers.me = answer
    expect(await outcome(open())).toBe("503 InternalServerError")
  })

  test("silence", async () => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => {
      expect(milliseconds).toBe(5000)
      const controller = new AbortController()
      setTimeout(() => controller.abort(), 50)
      return controller.signal
    })
    graph.answers.debug = () => undefined
    expect(await outcome(open())).toBe("503 InternalServerError")
    vi.restoreAllMocks()
  })

  test("an address that is closed to functions too", async () => {
    const app = openApp({ providers: [provider("oauth2-facebook", facebook)], users: { secret: () => "app-secret", facebookGraphUrl: graph.url, providerHttp: createProviderHttp({}) } })
    expect(await outcome(app)).toBe("503 InternalServerError")
    expect(graph.asked).toEqual([])
  })
})

describe("a provider that lacks something", () => {
  test.each<[string, Partial<ProviderConfig>, Record<string, string>]>([["its id", { config: {} }, { facebookSecret: "s" }], ["its secret", { secretConfig: {} }, {}], ["its secret's value", {}, {}]])("as %s refuses every login and says so in the log", async (_what, parts, secrets) => {
    const app = open(parts, secrets)
    expect([await outcome(app), app.app.warnings, graph.asked]).toEqual(["401 AuthError", ["auth-provider-misconfigured"], []])
  })

  test("as a secret that Facebook knows", async () => {
    graph.answers.debug = { error: { code: 101, type: "OAuthException", message: "Error validating application" } }
    const app = open()
    expect([await outcome(app), app.app.warnings]).toEqual(["401 AuthError", ["auth-provider-misconfigured"]])
  })
})

test("no error holds the token or the secret", async () => {
  const app = open()
  await graph.close()
  const error = await logIn(app).then(() => undefined, (thrown: unknown) => thrown as Error & { cause?: Document })
  expect(error).toBeInstanceOf(Error)
  expect(`${error?.message} ${JSON.stringify(error)} ${String(error?.cause)}`).not.toMatch(/good-token|app-secret/)
  graph = await fakeGraph()
})
