import { inspect } from "node:util"
import { describe, expect, test } from "vitest"
import { createPasswords } from "../../../server/users/passwords.ts"
import { createRememberedPasswords } from "../../../server/users/remembered-passwords.ts"
import { address, openApp, provider, refusal } from "./app.ts"

describe("a password that was right", () => {
  test("is right again for a minute from when it was verified, and not longer for being used", () => {
    let now = 0
    const remembered = createRememberedPasswords(60_000, () => now)
    expect(remembered.has("secret1", "hash")).toBe(false)
    remembered.add("secret1", "hash")
    for (; now < 60_000; now += 10_000) expect(remembered.has("secret1", "hash")).toBe(true)
    expect(remembered.has("secret1", "hash")).toBe(false)
  })

  test("is right for its own hash alone, and no other password is", () => {
    const remembered = createRememberedPasswords()
    remembered.add("secret1", "hash")
    for (const [password, hash] of [["secret2", "hash"], ["secret1", "other"], ["hsecret1", "has"], ["", "hashsecret1"]] as const) expect(remembered.has(password, hash)).toBe(false)
  })

  test("is one of at most ten thousand", () => {
    const remembered = createRememberedPasswords()
    for (let index = 0; index < 10_050; index++) remembered.add("secret1", `hash${index}`)
    expect(remembered.has("secret1", "hash10049")).toBe(true)
    expect(remembered.has("secret1", "hash50")).toBe(true)
    expect(remembered.has("secret1", "hash49")).toBe(false)
  })

  test("takes no turn at the hashes; a wrong one does", async () => {
    const passwords = createPasswords({ cost: { memoryKiB: 64, passes: 1 }, atOnce: 1, waiting: 0 })
    const hash = await passwords.hash("secret1")
    await passwords.verify("secret1", hash)
    const turn = passwords.verify("secret2", hash)
    expect(await passwords.verify("secret1", hash)).toEqual({ right: true, outdated: false })
    await expect(passwords.verify("secret3", hash)).rejects.toThrow()
    expect((await turn).right).toBe(false)
    expect(inspect(passwords, { depth: 10, showHidden: true })).not.toContain("secret1")
  })
})

test("a password that was changed, and one of a disabled account, end at once", async () => {
  const url = "https://app.example/"
  const { users, app } = openApp({ providers: [provider("local-userpass", { config: { autoConfirm: true, resetPasswordUrl: url } })] })
  const logIn = (password: string) => users.logIn("local-userpass", { username: "ada@example.org", password }, { address })
  await users.userpass.register({ email: "ada@example.org", password: "secret1" }, address)
  const { userId } = await logIn("secret1")
  await logIn("secret1")
  await users.userpass.sendReset({ email: "ada@example.org" }, address)
  const { token, tokenId } = app.letters.at(-1)!
  await users.userpass.reset({ token, tokenId, password: "secret2" })
  expect(await refusal(logIn("secret1"))).toBe("401 InvalidPassword")
  expect((await logIn("secret2")).userId).toBe(userId)
  await users.administration.disable(userId)
  expect(await refusal(logIn("secret2"))).toBe("401 UserDisabled")
})
