// realm-web 2.0.1: what a user object does: logging out, linking, refreshing, custom data, API keys.
import * as Realm from "realm-web"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { claimsOf } from "../../support/in-process.ts"
import { password, serveClients, type ClientsServed } from "../clients-app.ts"
import { client, join, memory, refusal, type ClientStorage } from "./client.ts"

const { anonymous, apiKey, emailPassword, function: functionCredentials } = Realm.Credentials
const location = "GET /app/clients-abcde/location 200"
const session = "POST /auth/session 201"
const call = (status: number): string => `POST /app/clients-abcde/functions/call ${status}`
const link = (provider: string, status: number): string => `POST /app/clients-abcde/auth/providers/${provider}/login?link=true ${status}`

let served: ClientsServed
beforeAll(async () => {
  served = await serveClients()
})
afterAll(() => served.close())

const hostedUser = "64b1f0c2a7d93e5b8c214f06"

/** What a browser keeps of a user who was logged in to the hosted service. */
function keptFromHosted(appId: string, provider = "local-userpass"): ClientStorage {
  const token = (claims: object): string => [{ alg: "HS256", typ: "JWT" }, { sub: hostedUser, baas_domain_id: "64a000000000000000000001", iat: 1714564800, exp: 4070908800, ...claims }, "signature"].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")
  const storage = memory()
  const app = storage.prefix(`app(${appId})`)
  app.set("userIds", JSON.stringify([hostedUser]))
  const user = app.prefix(`user(${hostedUser})`)
  user.set("accessToken", token({ typ: "access" }))
  user.set("refreshToken", token({ typ: "refresh", baas_id: "66322f80b1c2d3e4f5061728" }))
  user.set("providerType", provider)
  return storage
}

/** A server whose clock the test moves. */
async function withClock(work: (own: ClientsServed) => Promise<void>): Promise<void> {
  const own = await serveClients()
  try {
    await work(own)
  } finally {
    await own.close()
  }
}

describe("logging out", () => {
  test("ends the session with its refresh token, and a second time fails in silence", async () => {
    const { app, lines, requests } = client(served)
    const user = await app.logIn(anonymous(false))
    const { refreshToken } = user
    lines()
    await user.logOut()
    expect([user.state, user.isLoggedIn, app.currentUser]).toEqual(["logged-out", false, null])
    expect(lines()).toEqual(["DELETE /auth/session 204"])
    Object.assign(user, { refreshToken })
    await user.logOut()
    expect(requests).toMatchObject([{ line: "DELETE /auth/session 401", token: refreshToken }])
  })

  test("leaves the user's other sessions alone", async () => {
    const [here, there] = [client(served), client(served)]
    const first = await join(here.app, "two@mail.example")
    const second = await there.app.logIn(emailPassword("two@mail.example", password))
    await first.logOut()
    await second.refreshAccessToken()
    expect(await second.functions["sum"]?.(1, 1)).toBe(2)
  })

  test("passes over a session of before the move: its tokens name a domain and keys that nobody here has", async () => {
    const { app, lines } = client(served, keptFromHosted(served.appId))
    const user = app.currentUser
    expect([user?.id, user?.isLoggedIn]).toEqual([hostedUser, true])
    await user?.logOut()
    expect([user?.state, app.currentUser, lines()]).toEqual(["logged-out", null, [location, "DELETE /auth/session 401"]])
    const again = client(served, keptFromHosted(served.appId))
    await again.app.removeUser(again.app.currentUser as Realm.User)
    expect(Object.keys(again.app.allUsers)).toEqual([])
  })

  test("removes an anonymous user of before the move, whom the SDK would use again and fail with for ever", async () => {
    const { app } = client(served, keptFromHosted(served.appId, "anon-user"))
    for (const _ of ["first", "again"]) expect(await refusal(app.logIn(anonymous()))).toMatchObject({ status: 401, code: "InvalidSession" })
    for (const user of Object.values(app.allUsers)) if (!user.isLoggedIn) await app.removeUser(user as Realm.User)
    const user = await app.logIn(anonymous())
    expect([user.id === hostedUser, await user.functions["sum"]?.(1, 1), Object.keys(app.allUsers)]).toEqual([false, 2, [user.id]])
  })

  test("and calling on with the same object sends `Bearer null` and is refused once", async () => {
    const { app, requests } = client(served)
    const user = await app.logIn(anonymous(false))
    await user.logOut()
    requests.length = 0
    expect(await refusal(user.callFunction("sum", 1, 2))).toMatchObject({ status: 401 })
    expect(requests.map(({ line, token }) => [line, token])).toEqual([[call(401), "null"], ["POST /auth/session 401", "null"]])
  })
})

describe("linking", () => {
  test("makes an anonymous user a known one: same id, one session, identities in order", async () => {
    const { app, lines } = client(served)
    const user = await app.logIn(anonymous(false))
    const { id, refreshToken, accessToken } = user
    await app.emailPasswordAuth.registerUser({ email: "linked@mail.example", password })
    lines()
    await user.linkCredentials(emailPassword("linked@mail.example", password))
    expect(lines()).toEqual([link("local-userpass", 200), "GET /auth/profile 200"])
    expect([user.id, user.refreshToken, user.identities.map(({ providerType }) => providerType), user.profile.email]).toEqual([id, refreshToken, ["anon-user", "local-userpass"], "linked@mail.example"])
    expect(user.accessToken).not.toBe(accessToken)
    expect(claimsOf(user.accessToken as string)["iss"]).toBe(claimsOf(accessToken as string)["iss"])
    expect((await client(served).app.logIn(emailPassword("linked@mail.example", password))).id).toBe(id)
  })

  test("takes a new snapshot of custom data", async () => {
    const { app } = client(served)
    const user = await app.logIn(anonymous(false))
    await user.functions["setCustomData"]?.({ level: 3 })
    expect(user.customData).toEqual({})
    await user.linkCredentials(functionCredentials({ account: "levelled", word: "sesame" }))
    expect(user.customData).toMatchObject({ level: { $numberInt: "3" } })
  })

  test("is refused once, with no refresh after it, whatever the reason", async () => {
    const { app, lines } = client(served)
    const known = await join(app, "known@mail.example")
    const keys = await known.apiKeys.create("key")
    await app.emailPasswordAuth.registerUser({ email: "second@mail.example", password })
    await app.emailPasswordAuth.registerUser({ email: "waits@pending.example", password })
    const guest = await app.logIn(anonymous(false))
    const refusals = [
      [guest, emailPassword("known@mail.example", password), "local-userpass", 400, { code: "InvalidParameter", text: "invalid user link request" }],
      [known, emailPassword("second@mail.example", password), "local-userpass", 400, { code: "InvalidParameter", text: "invalid user link request" }],
      [guest, emailPassword("known@mail.example", "wrong password"), "local-userpass", 401, { code: "InvalidPassword", text: "invalid username/password" }],
      [guest, emailPassword("nobody@mail.example", password), "local-userpass", 401, { code: "InvalidPassword", text: "invalid username/password" }],
      [guest, emailPassword("waits@pending.example", password), "local-userpass", 401, { code: "AuthError", text: "confirmation required" }],
      [known, anonymous(false), "anon-user", 400, { code: "InvalidParameter" }],
      [guest, apiKey(keys.key), "api-key", 400, { code: "InvalidParameter" }],
      [guest, Realm.Credentials.jwt("a.b.c"), "custom-token", 401, { code: "AuthError", text: expect.not.stringMatching(/^unauthorized$/) }],
      // The app's function throws exactly the text that realm-web answers with a refresh.
      [guest, functionCredentials({ account: "x", word: "unauthorized" }), "custom-function", 401, { code: "AuthError", text: expect.not.stringMatching(/^unauthorized$/) }],
      [guest, Realm.Credentials.google({ idToken: "a.b.c" }), "oauth2-google", 401, { code: "AuthProviderNotFound" }],
    ] as const
    lines()
    for (const [user, credentials, provider, status, expected] of refusals) {
      app.switchUser(user)
      expect(await refusal(user.linkCredentials(credentials))).toMatchObject({ status, ...expected })
      expect(lines()).toEqual([link(provider, status)])
    }
    expect(guest.identities).toHaveLength(1)
  })
})

describe("an expired access token", () => {
  test("is refreshed by the SDK and the call repeated, with new custom data", async () => withClock(async (own) => {
    const { app, lines } = client(own)
    const user = await app.logIn(anonymous(false))
    await user.functions["setCustomData"]?.({ level: 2 })
    own.advance(1806)
    lines()
    expect(await user.functions["whoAmI"]?.()).toMatchObject({ id: user.id, custom_data: { level: 2 } })
    expect(lines()).toEqual([call(401), session, call(200)])
    expect(user.customData).toMatchObject({ level: { $numberInt: "2" } })
  }))

  test("is refreshed by two calls at once with one refresh token", async () => withClock(async (own) => {
    const { app, lines } = client(own)
    const user = await app.logIn(anonymous(false))
    own.advance(1806)
    lines()
    expect(await Promise.all([user.functions["sum"]?.(1, 2), user.functions["sum"]?.(3, 4)])).toEqual([3, 7])
    expect(lines().toSorted()).toEqual([call(200), call(200), call(401), call(401), session, session])
  }))

  test("with a dead refresh token logs the user out", async () => withClock(async (own) => {
    const { app, lines } = client(own)
    const user = await app.logIn(anonymous(false))
    const { refreshToken } = user
    await own.call("DELETE", "/auth/session", { token: refreshToken as string })
    own.advance(1806)
    lines()
    expect(await refusal(user.callFunction("sum", 1, 2))).toMatchObject({ status: 401, code: "InvalidSession" })
    expect(lines()).toEqual([call(401), "POST /auth/session 401"])
    expect([user.state, user.accessToken, user.refreshToken]).toEqual(["logged-out", null, null])
  }))

  test("with a refresh token that has reached its end logs the user out", async () => withClock(async (own) => {
    const { app } = client(own)
    const user = await join(app, "end@mail.example")
    own.advance(5_184_000 + 10)
    expect(await refusal(user.callFunction("sum", 1, 2))).toMatchObject({ status: 401, code: "InvalidSession" })
    expect(user.state).toBe("logged-out")
  }))

  test("of an anonymous user can be refreshed for years", async () => withClock(async (own) => {
    const { app } = client(own)
    const user = await app.logIn(anonymous(false))
    own.advance(40 * 365 * 86_400)
    expect(await user.functions["sum"]?.(1, 2)).toBe(3)
  }))

  test("is refreshed no more than thirty times a minute: 429 keeps the tokens and ends a loop", async () => {
    const { app } = client(served)
    const user = await app.logIn(anonymous(false))
    for (let count = 0; count < 30; count++) await user.refreshAccessToken()
    expect(await refusal(user.refreshAccessToken())).toMatchObject({ status: 429, code: "TooManyRequests" })
    expect(user.isLoggedIn).toBe(true)
  })
})

describe("custom data", () => {
  test("is empty without a document, and undecoded Extended JSON after a refresh", async () => {
    const { app, lines } = client(served)
    const user = await join(app, "custom@mail.example")
    expect(user.customData).toEqual({})
    await user.functions["setCustomData"]?.({ level: 5, joined: new Date(7), half: 0.5, tags: ["a"], name: "Ünï 100%" })
    lines()
    expect(user.customData).toEqual({})
    const fresh = await user.refreshCustomData()
    expect(lines()).toEqual([session])
    expect(fresh).toEqual({ _id: expect.stringMatching(/^[0-9a-f]{24}$/), user_id: user.id, level: { $numberInt: "5" }, joined: { $date: { $numberLong: "7" } }, half: { $numberDouble: "0.5" }, tags: ["a"], name: "Ünï 100%" })
    expect(user.customData).toEqual(fresh)
  })

  test("decides what rules allow only from the next token on", async () => {
    const user = await client(served).app.logIn(anonymous(false))
    expect(await refusal(user.callFunction("friends"))).toMatchObject({ status: 400, code: "FunctionExecutionError" })
    await user.functions["setCustomData"]?.({ friend: true })
    expect(await refusal(user.callFunction("friends"))).toMatchObject({ status: 400 })
    await user.refreshCustomData()
    expect(await user.callFunction("friends")).toBe("for friends alone")
  })
})

describe("the profile", () => {
  test("is read again by refreshProfile", async () => {
    const { app, lines } = client(served)
    const user = await app.logIn(anonymous(false), false)
    lines()
    await user.refreshProfile()
    expect(lines()).toEqual(["GET /auth/profile 200"])
    expect(user.identities).toMatchObject([{ providerType: "anon-user" }])
  })
})

describe("API keys", () => {
  test("are made, listed, switched and deleted with the refresh token", async () => {
    const { app, requests, lines } = client(served)
    const user = await join(app, "api@mail.example")
    requests.length = 0
    const made = await user.apiKeys.create("build-server")
    expect(made).toEqual({ _id: expect.stringMatching(/^[0-9a-f]{24}$/), key: expect.stringMatching(/^.{64}$/), name: "build-server", disabled: false })
    const shown = { _id: made._id, name: "build-server", disabled: false }
    expect(await user.apiKeys.fetch(made._id)).toEqual(shown)
    expect(await user.apiKeys.fetchAll()).toEqual([shown])
    await user.apiKeys.disable(made._id)
    expect(await user.apiKeys.fetch(made._id)).toEqual({ ...shown, disabled: true })
    await user.apiKeys.enable(made._id)
    expect(await user.apiKeys.fetch(made._id)).toEqual(shown)
    await user.apiKeys.delete(made._id)
    expect(await user.apiKeys.fetchAll()).toEqual([])
    expect(new Set(requests.map(({ token }) => token))).toEqual(new Set([user.refreshToken]))
    const one = `/auth/api_keys/${made._id}`
    expect(lines()).toEqual(["POST /auth/api_keys 201", `GET ${one} 200`, "GET /auth/api_keys 200", `PUT ${one}/disable 204`, `GET ${one} 200`, `PUT ${one}/enable 204`, `GET ${one} 200`, `DELETE ${one} 204`, "GET /auth/api_keys 200"])
  })

  test("are refused by name: taken, badly spelt, nameless, unknown, not an id, of an anonymous user, too many", async () => {
    const { app } = client(served)
    const user = await join(app, "many@mail.example")
    await user.apiKeys.create("one")
    expect(await refusal(user.apiKeys.create("one"))).toEqual({ status: 409, code: "APIKeyAlreadyExists", text: "API key with name already exists" })
    expect(await refusal(user.apiKeys.create("a b"))).toEqual({ status: 400, code: "InvalidParameter", text: "can only contain ASCII letters, numbers, underscores, and hyphens" })
    expect(await refusal(user.apiKeys.create(""))).toEqual({ status: 400, code: "InvalidParameter", text: "'name' is a required string" })
    const unknown = { status: 404, code: "APIKeyNotFound", text: "API key not found" }
    for (const id of ["66322f80b1c2d3e4f5061728", "not-an-id"]) {
      for (const act of ["fetch", "enable", "disable", "delete"] as const) expect(await refusal(user.apiKeys[act](id))).toEqual(unknown)
    }
    for (let count = 1; count < 20; count++) await user.apiKeys.create(`key-${count}`)
    expect(await refusal(user.apiKeys.create("key-20"))).toMatchObject({ status: 400, code: "InvalidParameter" })
    const guest = await client(served).app.logIn(anonymous(false))
    expect(await refusal(guest.apiKeys.create("one"))).toMatchObject({ status: 400, code: "InvalidParameter" })
  })

  test("of another user are not there", async () => {
    const [one, two] = [await join(client(served).app, "one@mail.example"), await join(client(served).app, "other@mail.example")]
    const { _id: id } = await one.apiKeys.create("mine")
    for (const act of ["fetch", "enable", "disable", "delete"] as const) expect(await refusal(two.apiKeys[act](id))).toMatchObject({ status: 404, code: "APIKeyNotFound" })
    expect(await one.apiKeys.fetchAll()).toHaveLength(1)
  })
})

test("the first request of a second app object is its location again", async () => {
  const { app, lines } = client(served)
  await app.logIn(anonymous())
  expect(lines()[0]).toBe(location)
})
