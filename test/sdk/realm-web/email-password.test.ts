// realm-web 2.0.1: `app.emailPasswordAuth`, with confirmation and reset by function, by letter, and automatic.
import * as Realm from "realm-web"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { automatic, byLetters, password, serveClients, tokensOf, type ClientsServed } from "../clients-app.ts"
import { client, join, refusal } from "./client.ts"

const { anonymous, emailPassword } = Realm.Credentials
const route = (path: string, status: number): string => `POST /app/clients-abcde/auth/providers/local-userpass/${path} ${status}`

interface Letter { readonly token: string; readonly tokenId: string; readonly currentPasswordValid?: boolean; readonly more?: unknown[] }

let served: ClientsServed
let lettered: ClientsServed
let plain: ClientsServed
beforeAll(async () => {
  ;[served, lettered, plain] = await Promise.all([serveClients(), serveClients({ providers: byLetters }), serveClients({ providers: automatic })])
})
afterAll(() => Promise.all([served, lettered, plain].map((each) => each.close())))

async function lastLetter(kind: string, email: string): Promise<Letter> {
  const guest = await client(served).app.logIn(anonymous(false))
  return (await guest.callFunction("lastLetter", kind, email)) as Letter
}

describe("registering", () => {
  test("confirms by the function at once, later, or not at all", async () => {
    const { app, lines } = client(served)
    await app.emailPasswordAuth.registerUser({ email: "at@once.example", password })
    expect(lines()[1]).toBe(route("register", 201))
    expect((await app.logIn(emailPassword("at@once.example", password))).isLoggedIn).toBe(true)

    await app.emailPasswordAuth.registerUser({ email: "late@pending.example", password })
    expect(await refusal(app.logIn(emailPassword("late@pending.example", password)))).toEqual({ status: 401, code: "AuthError", text: "unauthorized" })
    const { token, tokenId } = await lastLetter("confirm", "late@pending.example")
    lines()
    await app.emailPasswordAuth.confirmUser({ token, tokenId })
    expect(lines()).toEqual([route("confirm", 200)])
    expect((await app.logIn(emailPassword("late@pending.example", password))).isLoggedIn).toBe(true)
    expect(await refusal(app.emailPasswordAuth.confirmUser({ token, tokenId }))).toEqual({ status: 400, code: "UserpassTokenInvalid", text: "userpass token is expired or invalid" })

    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await refusal(app.emailPasswordAuth.registerUser({ email: "me@refused.example", password }))).toEqual({ status: 400, code: "BadRequest", text: 'failed to confirm user "me@refused.example"' })
    }
  })

  test("is refused by name: taken, malformed, short, long", async () => {
    const { app } = client(served)
    await app.emailPasswordAuth.registerUser({ email: "taken@mail.example", password })
    expect(await refusal(app.emailPasswordAuth.registerUser({ email: "taken@mail.example", password }))).toEqual({ status: 409, code: "AccountNameInUse", text: "name already in use" })
    await app.emailPasswordAuth.registerUser({ email: "Taken@mail.example", password })
    for (const email of ["", "nobody", "@x", "x@", "a@b@c", `${"a".repeat(125)}@b.c`]) expect(await refusal(app.emailPasswordAuth.registerUser({ email, password }))).toEqual({ status: 400, code: "BadRequest", text: "email invalid" })
    for (const wrong of ["short", "x".repeat(129)]) expect(await refusal(app.emailPasswordAuth.registerUser({ email: "new@mail.example", password: wrong }))).toEqual({ status: 400, code: "BadRequest", text: "password must be between 6 and 128 characters" })
  })

  test("does not look at the token of whoever is logged in, also when it has expired", async () => {
    const own = await serveClients()
    try {
      const { app, requests } = client(own)
      const user = await app.logIn(anonymous(false))
      own.advance(4000)
      requests.length = 0
      await app.emailPasswordAuth.registerUser({ email: "other@mail.example", password })
      expect(requests).toMatchObject([{ line: route("register", 201), token: user.accessToken }])
    } finally {
      await own.close()
    }
  })
})

describe("confirming again", () => {
  test("runs the function once more, and the older token ends", async () => {
    const { app, lines } = client(served)
    await app.emailPasswordAuth.registerUser({ email: "again@pending.example", password })
    const old = await lastLetter("confirm", "again@pending.example")
    lines()
    await app.emailPasswordAuth.retryCustomConfirmation({ email: "again@pending.example" })
    expect(lines()).toEqual([route("confirm/call", 200)])
    const fresh = await lastLetter("confirm", "again@pending.example")
    expect(await refusal(app.emailPasswordAuth.confirmUser({ token: old.token, tokenId: old.tokenId }))).toMatchObject({ code: "UserpassTokenInvalid" })
    await app.emailPasswordAuth.confirmUser({ token: fresh.token, tokenId: fresh.tokenId })
    expect(await refusal(app.emailPasswordAuth.retryCustomConfirmation({ email: "again@pending.example" }))).toEqual({ status: 400, code: "UserAlreadyConfirmed", text: "already confirmed" })
    expect(await refusal(app.emailPasswordAuth.retryCustomConfirmation({ email: "nobody@mail.example" }))).toEqual({ status: 404, code: "UserNotFound", text: "user not found" })
    expect(await refusal(app.emailPasswordAuth.resendConfirmationEmail({ email: "again@pending.example" }))).toEqual({ status: 400, code: "BadRequest", text: "please use confirm via function" })
  })

  test("sends another letter", async () => {
    const { app, lines } = client(lettered)
    await app.emailPasswordAuth.registerUser({ email: "letter@mail.example", password })
    lines()
    await app.emailPasswordAuth.resendConfirmationEmail({ email: "letter@mail.example" })
    expect(lines()).toEqual([route("confirm/send", 200)])
    const [first, second] = lettered.letters.filter(({ to }) => to === "letter@mail.example")
    expect(second).toMatchObject({ kind: "confirm", subject: "Welcome", link: expect.stringMatching(/^https:\/\/app\.example\/confirm\?lang=en&token=[0-9a-f]+&tokenId=[0-9a-f]{24}$/) })
    if (first === undefined || second === undefined) throw new Error("two letters were expected")
    expect(await refusal(app.emailPasswordAuth.confirmUser(tokensOf(first)))).toMatchObject({ status: 400, code: "UserpassTokenInvalid" })
    await app.emailPasswordAuth.confirmUser(tokensOf(second))
    expect((await app.logIn(emailPassword("letter@mail.example", password))).isLoggedIn).toBe(true)
    expect(await refusal(app.emailPasswordAuth.resendConfirmationEmail({ email: "letter@mail.example" }))).toMatchObject({ status: 400, code: "UserAlreadyConfirmed" })
    expect(await refusal(app.emailPasswordAuth.resendConfirmationEmail({ email: "nobody@mail.example" }))).toMatchObject({ status: 404, code: "UserNotFound" })
    expect(await refusal(app.emailPasswordAuth.retryCustomConfirmation({ email: "nobody@mail.example" }))).toMatchObject({ status: 400, code: "BadRequest" })
  })

  test("by a letter's token works for half an hour", async () => {
    const own = await serveClients({ providers: byLetters })
    try {
      const { app } = client(own)
      await app.emailPasswordAuth.registerUser({ email: "slow@mail.example", password })
      own.advance(31 * 60)
      const [letter] = own.letters
      if (letter === undefined) throw new Error("a letter was expected")
      expect(await refusal(app.emailPasswordAuth.confirmUser(tokensOf(letter)))).toMatchObject({ code: "UserpassTokenInvalid" })
    } finally {
      await own.close()
    }
  })

  test("is refused while confirmation is automatic", async () => {
    const { app } = client(plain)
    await join(app, "auto@mail.example")
    expect(await refusal(app.emailPasswordAuth.resendConfirmationEmail({ email: "auto@mail.example" }))).toMatchObject({ status: 400, code: "BadRequest" })
  })

  test("with a token that is none is refused as malformed", async () => {
    const { app } = client(served)
    expect(await refusal(app.emailPasswordAuth.confirmUser({ token: "", tokenId: "x" }))).toEqual({ status: 400, code: "BadRequest", text: "invalid token data" })
  })
})

describe("resetting a password", () => {
  test("by the function: at once, with its arguments, and all sessions end", async () => {
    const { app, lines, requests } = client(served)
    const user = await join(app, "reset@mail.example")
    requests.length = 0
    await app.emailPasswordAuth.callResetPasswordFunction({ email: "reset@mail.example", password: "a new password" }, "at once", 5, { at: new Date(1) })
    expect(requests[0]?.body).toMatchObject({ email: "reset@mail.example", arguments: ["at once", { $numberInt: "5" }, { at: { $date: { $numberLong: "1" } } }] })
    expect(lines()).toEqual([route("reset/call", 200)])
    expect(await lastLetter("reset", "reset@mail.example")).toMatchObject({ currentPasswordValid: false, more: [5, { at: new Date(1) }] })
    expect(await refusal(user.refreshAccessToken())).toMatchObject({ status: 401, code: "InvalidSession" })
    expect(await refusal(app.logIn(emailPassword("reset@mail.example", password)))).toMatchObject({ code: "InvalidPassword" })
    expect((await app.logIn(emailPassword("reset@mail.example", "a new password"))).id).toBe(user.id)
    await app.emailPasswordAuth.callResetPasswordFunction({ email: "reset@mail.example", password: "a new password" }, "at once")
    expect(await lastLetter("reset", "reset@mail.example")).toMatchObject({ currentPasswordValid: true })
  })

  test("by the function: later with its token, or refused", async () => {
    const { app, lines } = client(served)
    await join(app, "later@mail.example")
    await app.emailPasswordAuth.callResetPasswordFunction({ email: "later@mail.example", password: "a new password" }, "by letter")
    expect((await app.logIn(emailPassword("later@mail.example", password))).isLoggedIn).toBe(true)
    const { token, tokenId } = await lastLetter("reset", "later@mail.example")
    lines()
    await app.emailPasswordAuth.resetPassword({ token, tokenId, password: "another password" })
    expect(lines()).toEqual([route("reset", 200)])
    expect((await app.logIn(emailPassword("later@mail.example", "another password"))).isLoggedIn).toBe(true)
    expect(await refusal(app.emailPasswordAuth.resetPassword({ token, tokenId, password: "a third password" }))).toMatchObject({ status: 400, code: "UserpassTokenInvalid" })
    expect(await refusal(app.emailPasswordAuth.callResetPasswordFunction({ email: "later@mail.example", password: "a new password" }, "not at all"))).toEqual({ status: 400, code: "BadRequest", text: 'failed to reset password for user "later@mail.example"' })
    expect(await refusal(app.emailPasswordAuth.sendResetPasswordEmail({ email: "later@mail.example" }))).toEqual({ status: 400, code: "BadRequest", text: "please use reset password via function" })
    expect(await refusal(app.emailPasswordAuth.callResetPasswordFunction({ email: "nobody@mail.example", password: "a new password" }, "at once"))).toMatchObject({ status: 404, code: "UserNotFound" })
  })

  test("by a letter", async () => {
    const { app, lines } = client(lettered)
    await app.emailPasswordAuth.registerUser({ email: "forgot@mail.example", password })
    await app.emailPasswordAuth.confirmUser(tokensOf(lettered.letters.findLast(({ to }) => to === "forgot@mail.example") as never))
    lines()
    await app.emailPasswordAuth.sendResetPasswordEmail({ email: "forgot@mail.example" })
    expect(lines()).toEqual([route("reset/send", 200)])
    const letter = lettered.letters.findLast(({ to }) => to === "forgot@mail.example")
    expect(letter).toMatchObject({ kind: "reset", subject: "Reset your password" })
    await app.emailPasswordAuth.resetPassword({ ...tokensOf(letter as never), password: "a new password" })
    expect((await app.logIn(emailPassword("forgot@mail.example", "a new password"))).isLoggedIn).toBe(true)
    expect(await refusal(app.emailPasswordAuth.sendResetPasswordEmail({ email: "nobody@mail.example" }))).toEqual({ status: 404, code: "UserNotFound", text: "user not found" })
  })
})

describe("without a mail service", () => {
  test("what needs a letter is refused, says so, and leaves the address free", async () => {
    const folderless = await serveClients({ providers: byLetters, mailer: undefined as never })
    try {
      expect(folderless.server.findings.map(({ code, severity }) => `${severity} ${code}`)).toContain("warning needs-email")
      const { app } = client(folderless)
      for (let attempt = 0; attempt < 2; attempt++) {
        expect(await refusal(app.emailPasswordAuth.registerUser({ email: "no@mail.example", password }))).toEqual({ status: 400, code: "BadRequest", text: "cannot send email: no mail service or no URL is configured for `confirm`" })
      }
      expect(await refusal(app.emailPasswordAuth.sendResetPasswordEmail({ email: "no@mail.example" }))).toMatchObject({ status: 404 })
    } finally {
      await folderless.close()
    }
  })

  test("with one, the app loads without the warning", () => {
    expect(lettered.server.findings.map(({ code }) => code)).not.toContain("needs-email")
  })
})
