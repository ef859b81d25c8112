import { describe, expect, test } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import { customDataConfig, domainId, openApp, provider, refusal } from "./app.ts"

const email = "ana@example.com"
const password = "secret1"
const byLetter = provider("local-userpass", { config: { autoConfirm: false, emailConfirmationUrl: "https://app.example.com/confirm" } })

async function pending() {
  const app = openApp({ providers: [byLetter] })
  await app.users.userpass.register({ email, password }, "a")
  return { ...app, admin: app.users.administration, login: () => refusal(app.logIn("local-userpass", { username: email, password })) }
}

describe("creating", () => {
  test("makes a confirmed account at once, runs the creation function and tells of it", async () => {
    const app = openApp({ providers: [byLetter], customUserData: { ...customDataConfig, onUserCreationFunction: "onCreate" }, functions: { onCreate: () => null } })
    const user = await app.users.administration.create({ email, password })
    expect(user).toMatchObject({ _id: expect.stringMatching(/^[0-9a-f]{24}$/), domain_id: domainId, type: "normal", disabled: false, data: { email }, creation_date: 1_714_564_800, sessions_valid_since: 0, identities: [{ provider_type: "local-userpass", provider_data: { email } }] })
    expect(app.app.calls.map(({ name }) => name)).toEqual(["onCreate"])
    expect(app.app.events.map(({ operationType }) => operationType)).toEqual(["CREATE"])
    expect((await app.logIn("local-userpass", { username: email, password })).user_id).toBe(user["_id"])
    expect(app.app.events.map(({ operationType }) => operationType)).toEqual(["CREATE", "LOGIN"])
    expect(await refusal(app.users.administration.create({ email, password }))).toBe("409 AccountNameInUse")
    expect(await refusal(app.users.administration.create({ email: "x", password }))).toBe("400 BadRequest")
  })

  test("that is vetoed leaves the address free", async () => {
    const app = openApp({ customUserData: { ...customDataConfig, onUserCreationFunction: "onCreate" }, functions: { onCreate: () => {
      throw new Error("no seats left")
    } } })
    expect(await refusal(app.users.administration.create({ email, password }))).toBe("400 FunctionExecutionError")
    expect(await app.state.registrations.find({})).toEqual([])
  })
})

describe("listing", () => {
  test("gives fifty a page in order of id, forwards and backwards, by state and provider", async () => {
    const app = openApp()
    for (let index = 0; index < 60; index++) await app.logIn("anon-user")
    await app.users.userpass.register({ email, password }, "a")
    const { user_id: ana } = await app.logIn("local-userpass", { username: email, password })
    await app.users.administration.disable(ana)
    const { list } = app.users.administration
    const first = await list()
    const ids = first.map((user) => user["_id"] as string)
    expect(ids).toHaveLength(50)
    expect(ids).toEqual(ids.toSorted())
    const rest = await list({ after: ids.at(-1) as string })
    expect(new Set([...ids, ...rest.map((user) => user["_id"])]).size).toBe(61)
    expect((await list({ descending: true }))[0]?.["_id"]).toBe([...ids, ...rest.map((user) => user["_id"] as string)].toSorted().at(-1))
    expect((await list({ disabled: true })).map((user) => user["_id"])).toEqual([ana])
    expect((await list({ providerTypes: ["local-userpass", "api-key"] })).map((user) => user["_id"])).toEqual([ana])
    expect(await list({ limit: 3 })).toHaveLength(3)
  })
})

describe("a pending user", () => {
  test("is confirmed by the administrator", async () => {
    const { admin, login } = await pending()
    await admin.confirmPending(email)
    expect(await login()).toBe("accepted")
    expect(await refusal(admin.confirmPending(email))).toBe("404 UserNotFound")
  })

  test("is given a token that works in the client's call", async () => {
    const { admin, login, users } = await pending()
    const { token, token_id: tokenId } = await admin.newConfirmation(email)
    await users.userpass.confirm({ token, tokenId })
    expect(await refusal(admin.newConfirmation(email))).toBe("400 UserAlreadyConfirmed")
    expect(await login()).toBe("accepted")
  })

  test("has its confirmation run again", async () => {
    const { admin, app } = await pending()
    await admin.runConfirmation(email)
    expect(app.letters).toHaveLength(2)
    expect(await refusal(admin.runConfirmation("nobody@example.com"))).toBe("404 UserNotFound")
  })
})

describe("changing an address", () => {
  test("moves login and metadata, and refuses one that is taken", async () => {
    const app = openApp()
    await app.users.userpass.register({ email: "bo@example.com", password }, "a")
    const { _id: id } = (await app.users.administration.create({ email, password })) as { _id: string }
    expect(await refusal(app.users.administration.resetEmail(id, "bo@example.com"))).toBe("409 AccountNameInUse")
    await app.users.administration.resetEmail(id, "ana2@example.com")
    expect(await refusal(app.logIn("local-userpass", { username: email, password }))).toBe("401 InvalidPassword")
    expect((await app.logIn("local-userpass", { username: "ana2@example.com", password })).user_id).toBe(id)
    expect((await app.users.administration.get(id))["data"]).toEqual({ email: "ana2@example.com" })
    expect(await refusal(app.users.administration.resetEmail(id, "nonsense"))).toBe("400 BadRequest")
    expect(await refusal(app.users.administration.resetEmail((await app.logIn("anon-user")).user_id, "x@example.com"))).toBe("404 UserNotFound")
  })
})

test("importing refuses an id or address that is taken, and leaves nothing behind", async () => {
  const app = openApp()
  const hash = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"
  const { import: add } = app.users.administration
  await add({ id: "legacy-1", email, passwordHash: hash })
  expect(await refusal(add({ id: "legacy-2", email, passwordHash: hash }))).toBe("409 AccountNameInUse")
  expect(await refusal(add({ id: "legacy-1", email: "bo@example.com", passwordHash: hash }))).toBe("409 AccountNameInUse")
  expect(app.state.users.documents.size).toBe(1)
  expect(app.state.identities.documents.size).toBe(1)
  await expect(add({ email: "c@example.com", passwordHash: "plain" })).rejects.toBeInstanceOf(TypeError)
})

test.each(["get", "disable", "enable", "revokeSessions", "delete"] as const)("%s of nobody is 404", async (action) => {
  expect(await refusal(openApp().users.administration[action]("64b1f0c2a7d93e5b8c214f06"))).toBe("404 UserNotFound")
})

test("anonymous users go ninety days after their last refresh; others stay", async () => {
  const app = openApp({ customUserData: customDataConfig })
  await app.users.administration.create({ email, password })
  const [idle, active] = [await app.logIn("anon-user"), await app.logIn("anon-user")]
  app.advance(60 * 86_400)
  await app.signIn.refresh(active.refresh_token)
  await app.tokens.close()
  app.advance(31 * 86_400)
  expect(await app.users.administration.sweepAnonymous()).toBe(1)
  expect(await refusal(app.users.administration.get(idle.user_id))).toBe("404 UserNotFound")
  expect(await refusal(app.users.administration.get(active.user_id))).toBe("accepted")
  expect(app.app.events.at(-1)).toMatchObject({ operationType: "DELETE", providers: ["anon-user"] })
  expect(await app.users.administration.sweepAnonymous()).toBe(0)
  app.advance(60 * 86_400)
  expect(await app.users.administration.sweepAnonymous()).toBe(1)
  expect((await app.users.administration.list()).map((user: Document) => user["type"])).toEqual(["normal"])
})
