import { describe, expect, test } from "vitest"
import type { Document, Value } from "../../../kernel/index.ts"
import { claimsOf, openApp, refusal } from "./app.ts"

async function loggedIn() {
  const app = openApp()
  await app.users.userpass.register({ email: "ana@example.com", password: "secret1" }, "a")
  const reply = await app.logIn("local-userpass", { username: "ana@example.com", password: "secret1" })
  return { ...app, owner: reply.user_id, reply }
}

describe("a user's key", () => {
  test("is shown once, logs in as its owner, and is stored as a digest", async () => {
    const { users, owner, logIn, state } = await loggedIn()
    const created = await users.createApiKey(owner, { name: "ci_key-1" })
    expect(created).toEqual({ _id: expect.stringMatching(/^[0-9a-f]{24}$/), key: expect.stringMatching(/^[A-Za-z0-9_-]{64}$/), name: "ci_key-1", disabled: false })
    const shown = { _id: created["_id"], name: "ci_key-1", disabled: false }
    expect(await users.listApiKeys(owner)).toEqual([shown])
    expect(await users.getApiKey(owner, created["_id"] as string)).toEqual(shown)
    const reply = await logIn("api-key", { key: created["key"] as Value })
    expect(reply.user_id).toBe(owner)
    expect(claimsOf(reply.refresh_token as string)["baas_identity"]).toMatchObject({ id: created["_id"], provider_type: "api-key" })
    expect(JSON.stringify(await state.apiKeys.find({}))).not.toContain(created["key"])
    expect(((await users.profile(owner))["identities"] as Document[]).map((each) => each["provider_type"])).toEqual(["local-userpass"])
  })

  test("logs nobody in while it is disabled, or its owner is", async () => {
    const { users, owner, logIn } = await loggedIn()
    const { _id: id, key } = (await users.createApiKey(owner, { name: "k" })) as { _id: string; key: string }
    await users.setApiKeyDisabled(owner, id, true)
    expect(await refusal(logIn("api-key", { key }))).toBe("401 AuthError")
    await users.setApiKeyDisabled(owner, id, false)
    expect(await refusal(logIn("api-key", { key }))).toBe("accepted")
    await users.administration.disable(owner)
    expect(await refusal(logIn("api-key", { key }))).toBe("401 UserDisabled")
    await users.administration.enable(owner)
    await users.deleteApiKey(owner, id)
    expect(await refusal(logIn("api-key", { key }))).toBe("401 AuthError")
  })

  test.each([undefined, "", "short", "x".repeat(64), 7, { $ne: null }])("%j is no key", async (key) => {
    expect(await refusal(openApp().logIn("api-key", { key }))).toBe("401 AuthError")
  })

  test.each([[{}, "400 InvalidParameter"], [{ name: "" }, "400 InvalidParameter"], [{ name: "a b" }, "400 InvalidParameter"], [{ name: "ä" }, "400 InvalidParameter"], [{ name: 1 }, "400 InvalidParameter"], [{ name: "taken" }, "409 APIKeyAlreadyExists"]])("cannot be made from %j", async (payload, expected) => {
    const { users, owner } = await loggedIn()
    await users.createApiKey(owner, { name: "taken" })
    expect(await refusal(users.createApiKey(owner, payload))).toBe(expected)
  })

  test("is one of twenty at most, also when many are made at once", async () => {
    const { users, owner } = await loggedIn()
    for (let index = 0; index < 18; index++) await users.createApiKey(owner, { name: `k${index}` })
    const outcomes = await Promise.all([18, 19, 20, 21].map((index) => refusal(users.createApiKey(owner, { name: `k${index}` }))))
    expect(outcomes.filter((each) => each === "accepted").length).toBeLessThanOrEqual(2)
    expect((await users.listApiKeys(owner)).length).toBeLessThanOrEqual(20)
  })

  test("is nothing to another user", async () => {
    const { users, owner, logIn } = await loggedIn()
    const { _id: id } = (await users.createApiKey(owner, { name: "k" })) as { _id: string }
    const { user_id: other } = await logIn("anon-user")
    for (const work of [users.getApiKey(other, id), users.deleteApiKey(other, id), users.setApiKeyDisabled(other, id, true), users.getApiKey(owner, "0".repeat(24)), users.deleteApiKey(owner, "nonsense"), users.setApiKeyDisabled(owner, "", false)]) {
      expect(await refusal(work)).toBe("404 APIKeyNotFound")
    }
    expect(await users.listApiKeys(other)).toEqual([])
  })

  test("cannot be made by an anonymous user until another identity is linked", async () => {
    const { users, logIn, link } = await loggedIn()
    await users.userpass.register({ email: "bo@example.com", password: "secret1" }, "a")
    const anonymous = await logIn("anon-user")
    expect(await refusal(users.createApiKey(anonymous.user_id, { name: "k" }))).toBe("400 InvalidParameter")
    await link(anonymous.access_token, "local-userpass", { username: "bo@example.com", password: "secret1" })
    expect(await refusal(users.createApiKey(anonymous.user_id, { name: "k" }))).toBe("accepted")
  })
})

describe("a server key", () => {
  test("has a user of its own, of type server", async () => {
    const { users, logIn, app } = await loggedIn()
    const { key, _id: id } = await users.administration.createServerKey({ name: "backend" })
    const [first, second] = [await logIn("api-key", { key }), await logIn("api-key", { key })]
    expect(second.user_id).toBe(first.user_id)
    expect(await users.profile(first.user_id)).toMatchObject({ type: "server", data: { name: "backend" }, identities: [{ id, provider_type: "api-key" }] })
    expect(app.events.filter(({ operationType, user }) => operationType === "CREATE" && user["type"] === "server")).toHaveLength(1)
    expect(await users.administration.listServerKeys()).toEqual([{ _id: id, name: "backend", disabled: false }])
    await users.administration.setServerKeyDisabled(id as string, true)
    expect(await refusal(logIn("api-key", { key }))).toBe("401 AuthError")
    await users.administration.deleteServerKey(id as string)
    expect(await refusal(users.administration.getServerKey(id as string))).toBe("404 APIKeyNotFound")
  })
})
