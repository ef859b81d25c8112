import { describe, expect, test } from "vitest"
import { InternalError, type Document, type Value } from "../../../kernel/index.ts"
import { address, openApp, provider, refusal, type AppOptions } from "./app.ts"

const email = "ana@example.com"
const password = "secret1"
const login = { username: email, password }
const confirmUrl = "https://app.example.com/confirm?lang=en"

const automatic = provider("local-userpass", { config: { autoConfirm: true, resetPasswordUrl: "https://app.example.com/reset" } })
const byLetter = provider("local-userpass", { config: { autoConfirm: false, emailConfirmationUrl: confirmUrl, confirmEmailSubject: "Welcome", resetPasswordUrl: "https://app.example.com/reset", resetPasswordSubject: "" } })
const byFunction = provider("local-userpass", { config: { runConfirmationFunction: true, confirmationFunctionName: "confirm", runResetFunction: true, resetFunctionName: "reset" } })

const open = (config = automatic, options: AppOptions = {}): ReturnType<typeof openApp> & { userpass: ReturnType<typeof openApp>["users"]["userpass"] } => {
  const app = openApp({ providers: [config, provider("anon-user")], ...options })
  return { ...app, userpass: app.users.userpass }
}

const withStatus = (confirm: () => Value): ReturnType<typeof open> => open(byFunction, { functions: { confirm } })

describe("register", () => {
  test.each(["", "ana", "@example.com", "ana@", "a@b@c", `${"a".repeat(120)}@example.com`, 7, null])("refuses the address %j", async (value) => {
    expect(await refusal(open().userpass.register({ email: value, password }, address))).toBe("400 BadRequest")
  })

  test.each(["", "short", "x".repeat(129), 123456, null])("refuses the password %j", async (value) => {
    expect(await refusal(open().userpass.register({ email, password: value }, address))).toBe("400 BadRequest")
  })

  test("counts characters, not bytes, up to 128", async () => {
    const long = "🎟".repeat(128)
    const { userpass, logIn } = open()
    await userpass.register({ email, password: long }, address)
    expect(await refusal(logIn("local-userpass", { username: email, password: long }))).toBe("accepted")
  })

  test("refuses an address twice, and takes case as given", async () => {
    const { userpass } = open()
    await userpass.register({ email, password }, address)
    expect(await refusal(userpass.register({ email, password: "another" }, address))).toBe("409 AccountNameInUse")
    expect(await refusal(userpass.register({ email: "Ana@example.com", password }, address))).toBe("accepted")
  })

  test("gives one address to one of several at once", async () => {
    const { userpass } = open()
    const outcomes = await Promise.all([1, 2, 3].map((index) => refusal(userpass.register({ email, password: `secret${index}` }, address))))
    expect(outcomes.toSorted()).toEqual(["409 AccountNameInUse", "409 AccountNameInUse", "accepted"])
  })

  test("makes no account: the user is pending until the first login", async () => {
    const { userpass, users, logIn, state } = open()
    await userpass.register({ email, password }, address)
    expect(state.users.documents.size).toBe(0)
    expect(await users.administration.pending()).toEqual([{ _id: expect.stringMatching(/^[0-9a-f]{24}$/), domain_id: expect.any(String), login_ids: [{ id_type: "email", id: email }], user_id: "" }])
    await logIn("local-userpass", login)
    expect(await users.administration.pending()).toEqual([])
  })

  test("stores no password", async () => {
    const { userpass, state } = open()
    await userpass.register({ email, password }, address)
    expect(JSON.stringify(await state.registrations.find({}))).not.toContain(password)
  })
})

describe("confirming by letter", () => {
  test("sends a link that confirms once", async () => {
    const { userpass, app, logIn } = open(byLetter)
    await userpass.register({ email, password }, address)
    expect(await refusal(logIn("local-userpass", login))).toBe("401 AuthError")
    const letter = app.letters[0]
    const link = new URL(letter?.link as string)
    expect(letter).toMatchObject({ kind: "confirm", to: email, subject: "Welcome" })
    expect(Object.fromEntries(link.searchParams)).toEqual({ lang: "en", token: letter?.token, tokenId: letter?.tokenId })
    const token = { token: letter?.token as string, tokenId: letter?.tokenId as string }
    await userpass.confirm(token)
    expect(await refusal(userpass.confirm(token))).toBe("400 UserpassTokenInvalid")
    expect(await refusal(logIn("local-userpass", login))).toBe("accepted")
  })

  test("ends the older token when another is asked for, and all after thirty minutes", async () => {
    const { userpass, app, advance } = open(byLetter)
    await userpass.register({ email, password }, address)
    await userpass.sendConfirmation({ email }, address)
    const [first, second] = app.letters.map(({ token, tokenId }) => ({ token, tokenId })) as Document[] as [Document, Document]
    expect(await refusal(userpass.confirm(first))).toBe("400 UserpassTokenInvalid")
    expect(await refusal(userpass.confirm({ ...second, token: first["token"] }))).toBe("400 UserpassTokenInvalid")
    advance(1800)
    expect(await refusal(userpass.confirm(second))).toBe("400 UserpassTokenInvalid")
    await userpass.sendConfirmation({ email }, address)
    advance(1799)
    expect(await refusal(userpass.confirm({ token: app.letters[2]?.token as string, tokenId: app.letters[2]?.tokenId as string }))).toBe("accepted")
    expect(await refusal(userpass.sendConfirmation({ email }, address))).toBe("400 UserAlreadyConfirmed")
  })

  test.each([{}, { token: "abc" }, { token: "abc", tokenId: "bad token id" }, { token: "bad token", tokenId: "0".repeat(24) }, { token: { $ne: null }, tokenId: { $ne: null } }])("takes %j for no token", async (payload) => {
    expect(await refusal(open(byLetter).userpass.confirm(payload))).toBe("400 BadRequest")
  })

  test("takes a well-formed unknown token for spent", async () => {
    expect(await refusal(open(byLetter).userpass.confirm({ token: "abc", tokenId: "0".repeat(24) }))).toBe("400 UserpassTokenInvalid")
  })

  test("leaves no registration behind when the letter cannot be sent", async () => {
    const { userpass, state } = open(byLetter, { users: { mailer: { send: () => Promise.reject(new Error("away")) } } })
    expect(await refusal(userpass.register({ email, password }, address))).toBe("503 InternalServerError")
    expect(await state.registrations.find({})).toEqual([])
    const { userpass: without } = open(byLetter, { letters: false })
    expect(await refusal(without.register({ email, password }, address))).toBe("400 BadRequest")
  })

  test("says whether an address is known, unless told to hide it", async () => {
    expect(await refusal(open(byLetter).userpass.sendConfirmation({ email }, address))).toBe("404 UserNotFound")
    expect(await refusal(open(byLetter).userpass.sendReset({ email }, address))).toBe("404 UserNotFound")
    const { userpass, app } = open(byLetter, { users: { hideUnknownUsers: true } })
    await userpass.sendConfirmation({ email }, address)
    await userpass.sendReset({ email }, address)
    expect(app.letters).toEqual([])
  })

  test("is refused where another way is configured", async () => {
    expect(await refusal(open(automatic).userpass.sendConfirmation({ email }, address))).toBe("400 BadRequest")
    expect(await refusal(open(automatic).userpass.callConfirmation({ email }, address))).toBe("400 BadRequest")
    expect(await refusal(open(byFunction).userpass.sendConfirmation({ email }, address))).toBe("400 BadRequest")
    expect(await refusal(open(byLetter).userpass.callConfirmation({ email }, address))).toBe("400 BadRequest")
  })
})

describe("confirming by function", () => {
  test("is not asked while confirmation is automatic", async () => {
    const { userpass, logIn, app } = open(provider("local-userpass", { config: { ...byFunction.config, autoConfirm: true } }), { functions: { confirm: () => ({ status: "fail" }) } })
    await userpass.register({ email, password }, address)
    expect(await refusal(logIn("local-userpass", login))).toBe("accepted")
    expect(await refusal(userpass.callConfirmation({ email }, address))).toBe("400 BadRequest")
    expect(app.calls).toEqual([])
  })

  test("success confirms at once", async () => {
    const { userpass, logIn, app } = withStatus(() => ({ status: "success" }))
    await userpass.register({ email, password }, address)
    expect(app.calls).toEqual([{ name: "confirm", args: [{ username: email, token: expect.any(String), tokenId: expect.any(String) }] }])
    expect(await refusal(logIn("local-userpass", login))).toBe("accepted")
  })

  test("pending waits for `confirm` with the token the function was given", async () => {
    const { userpass, logIn, app } = withStatus(() => ({ status: "pending" }))
    await userpass.register({ email, password }, address)
    expect(await refusal(logIn("local-userpass", login))).toBe("401 AuthError")
    await userpass.callConfirmation({ email }, address)
    const [first, second] = app.calls.map(({ args }) => args[0] as Document) as [Document, Document]
    expect(await refusal(userpass.confirm({ token: first["token"], tokenId: first["tokenId"] }))).toBe("400 UserpassTokenInvalid")
    await userpass.confirm({ token: second["token"], tokenId: second["tokenId"] })
    expect(await refusal(logIn("local-userpass", login))).toBe("accepted")
    expect(await refusal(userpass.callConfirmation({ email }, address))).toBe("400 UserAlreadyConfirmed")
  })

  test.each([{ status: "fail" }, { status: "other" }, {}, null, "success", 1])("%j refuses and leaves the address free", async (result) => {
    const { userpass, state } = withStatus(() => result)
    expect(await refusal(userpass.register({ email, password }, address))).toBe("400 BadRequest")
    expect(await state.registrations.find({})).toEqual([])
  })

  test("an exception refuses like a fail; an outage is an outage", async () => {
    const throwing = withStatus(() => {
      throw new Error("no")
    })
    expect(await refusal(throwing.userpass.register({ email, password }, address))).toBe("400 BadRequest")
    const away = withStatus(() => {
      throw new InternalError("unavailable", "away")
    })
    expect(await refusal(away.userpass.register({ email, password }, address))).toBe("503 InternalServerError")
    expect(await away.state.registrations.find({})).toEqual([])
  })
})

describe("resetting", () => {
  test("by letter sets the password and ends all sessions", async () => {
    const { userpass, app, logIn, signIn } = open()
    await userpass.register({ email, password }, address)
    const before = await logIn("local-userpass", login)
    await userpass.sendReset({ email }, address)
    const { token, tokenId } = app.letters[0] as { token: string; tokenId: string }
    expect(await refusal(userpass.reset({ token, tokenId, password: "short" }))).toBe("400 BadRequest")
    await userpass.reset({ token, tokenId, password: "secret2" })
    expect(await refusal(userpass.reset({ token, tokenId, password: "secret3" }))).toBe("400 UserpassTokenInvalid")
    expect(await refusal(signIn.refresh(before.refresh_token))).toBe("401 InvalidSession")
    expect(await refusal(logIn("local-userpass", login))).toBe("401 InvalidPassword")
    expect(await refusal(logIn("local-userpass", { username: email, password: "secret2" }))).toBe("accepted")
  })

  test("takes no confirmation token, and confirming no reset token", async () => {
    const { userpass, app } = open(byLetter)
    await userpass.register({ email, password }, address)
    await userpass.sendReset({ email }, address)
    const [confirm, reset] = app.letters.map(({ token, tokenId }) => ({ token, tokenId })) as Document[] as [Document, Document]
    expect(await refusal(userpass.reset({ ...confirm, password: "secret2" }))).toBe("400 UserpassTokenInvalid")
    expect(await refusal(userpass.confirm(reset))).toBe("400 UserpassTokenInvalid")
  })

  test("by function gives it the credentials, then the arguments, and says whether the password is the present one", async () => {
    const { userpass, app } = open(byFunction, { functions: { confirm: () => ({ status: "success" }), reset: () => ({ status: "fail" }) } })
    await userpass.register({ email, password }, address)
    expect(await refusal(userpass.callReset({ email, password: "secret2", arguments: [1, "x"] }, address))).toBe("400 BadRequest")
    expect(await refusal(userpass.callReset({ email, password }, address))).toBe("400 BadRequest")
    const calls = app.calls.filter(({ name }) => name === "reset").map(({ args }) => args)
    expect(calls).toEqual([
      [{ username: email, password: "secret2", token: expect.any(String), tokenId: expect.any(String), currentPasswordValid: false }, 1, "x"],
      [{ username: email, password, token: expect.any(String), tokenId: expect.any(String), currentPasswordValid: true }],
    ])
  })

  test.each([["success", "accepted", "401 InvalidSession"], ["pending", "401 InvalidPassword", "accepted"], ["fail", "401 InvalidPassword", "accepted"]])("by function with the status %s", async (status, newPassword, oldSession) => {
    const { userpass, logIn, signIn, app } = open(byFunction, { functions: { confirm: () => ({ status: "success" }), reset: () => ({ status }) } })
    await userpass.register({ email, password }, address)
    const before = await logIn("local-userpass", login)
    await refusal(userpass.callReset({ email, password: "secret2" }, address))
    expect(await refusal(logIn("local-userpass", { username: email, password: "secret2" }))).toBe(newPassword)
    expect(await refusal(signIn.refresh(before.refresh_token))).toBe(oldSession)
    if (status !== "pending") return
    const { token, tokenId } = (app.calls.at(-1) as { args: readonly Value[] }).args[0] as Document
    await userpass.reset({ token, tokenId, password: "secret2" })
    expect(await refusal(logIn("local-userpass", { username: email, password: "secret2" }))).toBe("accepted")
  })

  test("is refused where another way is configured", async () => {
    expect(await refusal(open(byFunction).userpass.sendReset({ email }, address))).toBe("400 BadRequest")
    expect(await refusal(open(byLetter).userpass.callReset({ email, password }, address))).toBe("400 BadRequest")
    expect(await refusal(open(byFunction).userpass.callReset({ email, password }, address))).toBe("404 UserNotFound")
  })
})

describe("logging in", () => {
  test("answers unknown address and wrong password alike, for the same work", async () => {
    const hashes: (string | undefined)[] = []
    const { cheapPasswords } = await import("./app.ts")
    const passwords = { ...cheapPasswords, verify: (given: string, hash: string | undefined) => {
      hashes.push(hash)
      return cheapPasswords.verify(given, hash)
    } }
    const { userpass, logIn } = open(automatic, { users: { passwords } })
    await userpass.register({ email, password }, address)
    const refusals = await Promise.all([{ username: email, password: "wrong!" }, { username: "nobody@example.com", password }].map((payload) => logIn("local-userpass", payload).catch((error: unknown) => error as { code: string; message: string })))
    expect(refusals[0]).toEqual(refusals[1])
    expect(hashes).toHaveLength(2)
    expect(hashes[1]).toBeUndefined()
  })

  test.each([{}, { username: email }, { username: { $gt: "" }, password: { $gt: "" } }, { username: email, password: "x".repeat(10_000) }])("with %j is a wrong password", async (payload) => {
    expect(await refusal(open().logIn("local-userpass", payload))).toBe("401 InvalidPassword")
  })

  test("is limited by account and address, for wrong passwords alone", async () => {
    const { userpass, logIn, signIn, advance } = open(automatic, { users: { attemptsPerMinute: 5 } })
    await userpass.register({ email, password }, address)
    for (let index = 0; index < 20; index++) expect(await refusal(logIn("local-userpass", login))).toBe("accepted")
    for (let index = 0; index < 5; index++) expect(await refusal(logIn("local-userpass", { ...login, password: "wrong!" }))).toBe("401 InvalidPassword")
    expect(await refusal(logIn("local-userpass", login))).toBe("429 TooManyRequests")
    expect(await refusal(signIn.logIn("local-userpass", login, { address: "198.51.100.1" }))).toBe("accepted")
    advance(60)
    expect(await refusal(logIn("local-userpass", login))).toBe("accepted")
  })

  test("is limited also when all attempts come at once", async () => {
    const { userpass, logIn } = open(automatic, { users: { attemptsPerMinute: 5 } })
    await userpass.register({ email, password }, address)
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => refusal(logIn("local-userpass", { ...login, password: "wrong!" }))))
    expect(outcomes.filter((each) => each === "401 InvalidPassword")).toHaveLength(5)
  })

  test("is refused by every route while the provider is disabled or absent", async () => {
    for (const app of [open(provider("local-userpass", { disabled: true })), openApp({ providers: [] })]) {
      const { userpass } = app.users
      const routes = [app.logIn("local-userpass", login), userpass.register({ email, password }, address), userpass.confirm({}), userpass.sendConfirmation({ email }, address), userpass.callConfirmation({ email }, address), userpass.reset({}), userpass.sendReset({ email }, address), userpass.callReset({ email, password }, address)]
      for (const outcome of await Promise.all(routes.map(refusal))) expect(outcome).toBe("401 AuthProviderNotFound")
    }
  })
})
