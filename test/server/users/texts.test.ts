// The one place that pins what users and tokens say to clients: SDKs and their tests read some of these words.
import { describe, expect, test } from "vitest"
import type { Value } from "../../../kernel/index.ts"
import { address, customDataConfig, openApp, provider, refusalText, type AppOptions } from "./app.ts"

const email = "ana@example.com"
const password = "secret1"
const letter = provider("local-userpass", { config: { emailConfirmationUrl: "https://app.example.com/c", resetPasswordUrl: "https://app.example.com/r" } })
const byFunction = provider("local-userpass", { config: { runConfirmationFunction: true, confirmationFunctionName: "f", runResetFunction: true, resetFunctionName: "f" } })
const fail: AppOptions = { functions: { f: () => ({ status: "fail" }) } }

const open = (config?: ReturnType<typeof provider>, options: AppOptions = {}): ReturnType<typeof openApp> => openApp({ ...(config === undefined ? {} : { providers: [config, provider("anon-user"), provider("api-key")] }), ...options })
const registered = async (config?: ReturnType<typeof provider>): Promise<ReturnType<typeof openApp>> => {
  const app = open(config)
  await app.users.userpass.register({ email, password }, address)
  return app
}

const refuse = (): Value => {
  throw new Error("no seats left")
}

const userpass: [string, () => Promise<unknown>, string][] = [
  ["registered twice", async () => (await registered()).users.userpass.register({ email, password }, address), "name already in use"],
  ["password length", () => open().users.userpass.register({ email, password: "x" }, address), "password must be between 6 and 128 characters"],
  ["e-mail", () => open().users.userpass.register({ email: "x", password }, address), "email invalid"],
  ["confirmation function said fail", () => open(byFunction, fail).users.userpass.register({ email, password }, address), `failed to confirm user "${email}"`],
  ["malformed token", () => open().users.userpass.confirm({ token: "bad token", tokenId: "bad token id" }), "invalid token data"],
  ["unknown token", () => open().users.userpass.confirm({ token: "abc", tokenId: "0".repeat(24) }), "userpass token is expired or invalid"],
  ["confirmed before", async () => {
    const app = await registered()
    app.table.set("local-userpass", letter)
    return app.users.userpass.sendConfirmation({ email }, address)
  }, "already confirmed"],
  ["no such user, confirm", () => open(letter).users.userpass.sendConfirmation({ email }, address), "user not found"],
  ["no such user, reset", () => open(letter).users.userpass.sendReset({ email }, address), "user not found"],
  ["confirm by function", () => open(byFunction).users.userpass.sendConfirmation({ email }, address), "please use confirm via function"],
  ["confirm automatic", () => open().users.userpass.sendConfirmation({ email }, address), `cannot run confirmation for ${email}: automatic confirmation is enabled`],
  ["reset by function", () => open(byFunction).users.userpass.sendReset({ email }, address), "please use reset password via function"],
  ["reset function said fail", async () => {
    const app = await registered()
    app.table.set("local-userpass", byFunction)
    return app.users.userpass.callReset({ email, password: "secret2" }, address)
  }, `failed to reset password for user "${email}"`],
  ["wrong password", async () => (await registered()).logIn("local-userpass", { username: email, password: "wrong!" }), "unauthorized"],
  ["not confirmed", async () => (await registered(letter)).logIn("local-userpass", { username: email, password }), "unauthorized"],
]

test.each(userpass)("e-mail and password: %s", async (_what, work, text) => expect(await refusalText(work())).toBe(text))

describe("linking says what the older servers said, since `unauthorized` sends clients round in circles", () => {
  test.each<[string, ReturnType<typeof provider> | undefined, string, string]>([["wrong password", undefined, "wrong!", "invalid username/password"], ["not confirmed", letter, password, "confirmation required"]])("%s", async (_what, config, given, text) => {
    const app = await registered(config)
    const { access_token: token } = await app.logIn("anon-user")
    expect(await refusalText(app.link(token, "local-userpass", { username: email, password: given }))).toBe(text)
  })

  test("refused", async () => {
    const app = open()
    const { access_token: token } = await app.logIn("anon-user")
    expect(await refusalText(app.link(token, "anon-user"))).toBe("invalid user link request")
  })
})

test("providers", async () => {
  expect(await refusalText(open().logIn("oauth2-facebook", { accessToken: "x" }))).toBe("authentication via 'oauth2-facebook' is unsupported")
  expect(await refusalText(open().logIn("nonsense"))).toBe("authentication via 'nonsense' is unsupported")
  expect(await refusalText(open().logIn("api-key", { key: "x" }))).toBe("unauthorized")
})

test("functions: their own words", async () => {
  const creation = open(undefined, { customUserData: { ...customDataConfig, onUserCreationFunction: "f" }, functions: { f: refuse } })
  expect(await refusalText(creation.logIn("anon-user"))).toBe("no seats left")
  const custom = open(provider("custom-function", { config: { authFunctionName: "f" } }), { functions: { f: refuse } })
  expect(await refusalText(custom.logIn("custom-function"))).toBe("no seats left")
})

test("API keys", async () => {
  const app = await registered()
  const { user_id: id } = await app.logIn("local-userpass", { username: email, password })
  await app.users.createApiKey(id, { name: "k" })
  expect(await refusalText(app.users.createApiKey(id, { name: "k" }))).toBe("API key with name already exists")
  expect(await refusalText(app.users.createApiKey(id, {}))).toBe("'name' is a required string")
  expect(await refusalText(app.users.createApiKey(id, { name: "a b" }))).toBe("can only contain ASCII letters, numbers, underscores, and hyphens")
  expect(await refusalText(app.users.getApiKey(id, "0".repeat(24)))).toBe("API key not found")
})

test("tokens", async () => {
  const { logIn, tokens, signIn, users, advance } = open()
  const first = await logIn("anon-user")
  const refresh = first.refresh_token as string
  expect(await refusalText(tokens.verifyAccess(undefined))).toBe("must authenticate first")
  expect(await refusalText(tokens.verifyAccess("null"))).toBe("unauthorized")
  expect(await refusalText(tokens.verifyAccess(`${first.access_token.slice(0, -4)}AAAA`))).toBe("unauthorized")
  expect(await refusalText(tokens.verifyAccess(refresh))).toBe("invalid session: incorrect token type")
  expect(await refusalText(tokens.refresh(first.access_token))).toBe("invalid refresh token: incorrect token type")
  advance(1805)
  expect(await refusalText(tokens.verifyAccess(first.access_token))).toBe("invalid session: access token expired")
  const renewed = (await signIn.refresh(refresh)).access_token
  await users.administration.disable(first.user_id)
  expect(await refusalText(tokens.verifyAccess(renewed))).toBe("invalid session")
  for (const work of [signIn.refresh(refresh), signIn.logOut(refresh), signIn.refresh("null"), signIn.refresh(`${refresh.slice(0, -4)}AAAA`)]) {
    expect(await refusalText(work)).toBe("invalid session: failed to find refresh token")
  }
})
