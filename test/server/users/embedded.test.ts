// What must hold between processes, over the embedded store: unique indexes, conditional updates and expiry are its own there.
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { openEmbeddedStore, openState, type EmbeddedStore } from "../../../server/storage/index.ts"
import { stateOf } from "../../conformance/tokens-world.ts"
import { customDataConfig, openApp, provider, refusal, type AppOptions, type TestApp } from "./app.ts"

let store: EmbeddedStore
beforeEach(() => {
  store = openEmbeddedStore({ file: ":memory:" })
})
afterEach(() => store.close())

const providers = [provider("custom-function", { config: { authFunctionName: "authenticate" } }), provider("local-userpass", { config: { autoConfirm: true } }), provider("anon-user"), provider("api-key")]

/** One more process over the same store. */
async function open(options: AppOptions = {}): Promise<TestApp> {
  const app = openApp({ providers, collections: stateOf(openState(store, { app: "tasks-abcde" })), ...options, functions: { authenticate: () => "ana", ...options.functions } })
  await app.users.open()
  return app
}

describe("over the embedded store", () => {
  test("first logins of one identity in three processes make one account and run the creation function once", async () => {
    let runs = 0
    const functions = { onCreate: async () => {
      runs += 1
      await new Promise((resolve) => setTimeout(resolve, 20))
      return null
    } }
    const apps = await Promise.all([1, 2, 3].map(() => open({ functions, customUserData: { ...customDataConfig, onUserCreationFunction: "onCreate" } })))
    const replies = await Promise.all(apps.flatMap(({ logIn }) => [logIn("custom-function"), logIn("custom-function")]))
    expect(new Set(replies.map(({ user_id: id }) => id)).size).toBe(1)
    expect(runs).toBe(1)
    expect(apps.flatMap(({ app }) => app.events).filter(({ operationType }) => operationType === "CREATE")).toHaveLength(1)
    for (const { tokens } of apps) for (const reply of replies) expect((await tokens.verifyAccess(reply.access_token)).userId).toBe(reply.user_id)
  })

  test("one address is registered once, and confirmed, linked and listed", async () => {
    const [here, there] = [await open(), await open()]
    const outcomes = await Promise.all([here, there].map(({ users }) => refusal(users.userpass.register({ email: "ana@example.com", password: "secret1" }, "a"))))
    expect(outcomes.toSorted()).toEqual(["409 AccountNameInUse", "accepted"])
    expect(await there.users.administration.pending()).toHaveLength(1)
    const anonymous = await here.logIn("anon-user")
    await here.link(anonymous.access_token, "local-userpass", { username: "ana@example.com", password: "secret1" })
    expect((await there.logIn("local-userpass", { username: "ana@example.com", password: "secret1" })).user_id).toBe(anonymous.user_id)
    expect((await there.users.profile(anonymous.user_id))["data"]).toEqual({ email: "ana@example.com" })
    expect(await there.users.administration.list({ providerTypes: ["local-userpass"] })).toHaveLength(1)
    expect(await there.users.administration.pending()).toEqual([])
  })

  test("key names are unique per owner", async () => {
    const { users, logIn } = await open()
    const { user_id: id } = await logIn("custom-function")
    const outcomes = await Promise.all([1, 2, 3].map(() => refusal(users.createApiKey(id, { name: "k" }))))
    expect(outcomes.toSorted()).toEqual(["409 APIKeyAlreadyExists", "409 APIKeyAlreadyExists", "accepted"])
    expect(await refusal(users.administration.createServerKey({ name: "k" }))).toBe("accepted")
  })

  test("a revocation by a process whose clock is behind ends a session of one that is ahead", async () => {
    const [ahead, behind] = [await open({ tokens: { stateAgeMs: 0 } }), await open({ tokens: { stateAgeMs: 0 } })]
    ahead.advance(3)
    const reply = await ahead.logIn("custom-function")
    await behind.users.administration.revokeSessions(reply.user_id)
    expect(await refusal(ahead.tokens.verifyAccess(reply.access_token))).toBe("401 InvalidSession")
    expect(await refusal(ahead.signIn.refresh(reply.refresh_token))).toBe("401 InvalidSession")
    const again = await behind.logIn("custom-function")
    expect((await behind.tokens.verifyAccess(again.access_token)).userId).toBe(reply.user_id)
    expect(await refusal(ahead.signIn.refresh(again.refresh_token))).toBe("accepted")
  })

  test("sessions end, are heard of, expire and are swept", async () => {
    const [here, there] = [await open({ tokens: { stateAgeMs: 0 } }), await open({ tokens: { stateAgeMs: 0 } })]
    const [first, second] = [await here.logIn("custom-function"), await here.logIn("custom-function")]
    await there.signIn.refresh(first.refresh_token)
    await here.signIn.logOut(first.refresh_token)
    expect(await refusal(there.signIn.refresh(first.refresh_token))).toBe("401 InvalidSession")
    expect(await refusal(there.signIn.refresh(second.refresh_token))).toBe("accepted")
    here.advance(5_184_006)
    await here.tokens.sweep()
    expect(await here.tokens.sessions.devicesOf(first.user_id)).toEqual([])
  })

  test("keys rotate for all processes", async () => {
    const [here, there] = [await open(), await open()]
    const before = await here.logIn("custom-function")
    await there.signIn.refresh(before.refresh_token)
    await Promise.all([here.tokens.keys.rotate(), there.tokens.keys.rotate()])
    const states = (await there.tokens.keys.list()).map(({ state }) => state)
    expect(states.filter((state) => state === "current")).toHaveLength(1)
    expect(states.filter((state) => state === "next").length).toBeGreaterThanOrEqual(1)
    const after = await here.logIn("custom-function")
    for (const { tokens } of [here, there]) for (const reply of [before, after]) expect((await tokens.verifyAccess(reply.access_token)).userId).toBe(before.user_id)
  })
})
