import { randomBytes, scryptSync } from "node:crypto"
import { hash as bcryptHash } from "bcryptjs"
import { describe, expect, test } from "vitest"
import { createPasswords, isKnownHash } from "../../../server/users/passwords.ts"
import { address, cheapPasswords, openApp, refusal } from "./app.ts"

const base64 = (bytes: Buffer): string => bytes.toString("base64").replaceAll("=", "")

describe("a new hash", () => {
  test("is argon2id with 19 MiB and two passes, and differs each time", async () => {
    const passwords = createPasswords()
    const hashes = await Promise.all([passwords.hash("secret1"), passwords.hash("secret1")])
    for (const hash of hashes) expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(hashes[0]).not.toBe(hashes[1])
    expect(await passwords.verify("secret1", hashes[0])).toEqual({ right: true, outdated: false })
    expect(await passwords.verify("secret2", hashes[0])).toEqual({ right: false, outdated: false })
  })

  test("of a cheaper setting is outdated under a dearer one", async () => {
    const cheap = await cheapPasswords.hash("secret1")
    expect(await createPasswords().verify("secret1", cheap)).toEqual({ right: true, outdated: true })
  })
})

test("nobody's hash is never right, for the same work", async () => {
  const passwords = createPasswords()
  await passwords.verify("warm up", undefined)
  // The processor's time, which a busy machine does not change, in all threads of this process.
  const work = async (hash: string | undefined): Promise<number> => {
    const spent: number[] = []
    for (let index = 0; index < 5; index++) {
      const start = process.cpuUsage()
      expect((await passwords.verify("secret1", hash)).right).toBe(false)
      const { user, system } = process.cpuUsage(start)
      spent.push(user + system)
    }
    return spent.toSorted((a, b) => a - b)[1] as number
  }
  const known = await passwords.hash("other")
  const [unknown, wrong] = [await work(undefined), await work(known)]
  expect(unknown).toBeGreaterThan(wrong / 3)
  expect(unknown).toBeLessThan(wrong * 3)
})

describe("imported hashes", () => {
  // Vector of the argon2 reference implementation: argon2i, t=2, m=65536, p=1, "password", "somesalt".
  const reference = "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"
  const salt = randomBytes(16)
  const scrypt = `$scrypt$ln=14,r=8,p=1$${base64(salt)}$${base64(scryptSync("password", salt, 32, { N: 2 ** 14, r: 8, p: 1, maxmem: 2 ** 26 }))}`

  test.each([["argon2i", async () => reference], ["scrypt", async () => scrypt], ["bcrypt", () => bcryptHash("password", 5)], ["bcrypt of PHP", async () => (await bcryptHash("password", 5)).replace("$2b$", "$2y$")]])("of %s are verified, and outdated", async (_name, make) => {
    const hash = await make()
    expect(isKnownHash(hash)).toBe(true)
    expect(await cheapPasswords.verify("password", hash)).toEqual({ right: true, outdated: true })
    expect((await cheapPasswords.verify("Password", hash)).right).toBe(false)
  })

  test.each(["", "plain", "5f4dcc3b5aa765d61d8327deb882cf99", "$1$abc$def", "$2b$20$" + "a".repeat(53), "$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "$argon2id$v=19$m=64,t=999,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ$AA", "$scrypt$ln=30,r=8,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"])("of the kind or cost %j are none", async (hash) => {
    expect(isKnownHash(hash)).toBe(false)
    expect((await cheapPasswords.verify("password", hash)).right).toBe(false)
  })

  test("are replaced at the first login", async () => {
    const app = openApp()
    await app.users.administration.import({ id: "legacy-user-7", email: "ana@example.com", passwordHash: await bcryptHash("secret1", 4) })
    const reply = await app.logIn("local-userpass", { username: "ana@example.com", password: "secret1" })
    expect(reply.user_id).toBe("legacy-user-7")
    expect((await app.state.registrations.findOne({}))?.["hash"]).toMatch(/^\$argon2id\$/)
    expect(await refusal(app.logIn("local-userpass", { username: "ana@example.com", password: "secret1" }))).toBe("accepted")
    expect(app.app.events.map(({ operationType }) => operationType)).toEqual(["LOGIN", "LOGIN"])
  })
})

test("hashing runs a few at a time, and refuses what would wait too long", async () => {
  const passwords = createPasswords({ cost: { memoryKiB: 64, passes: 1 }, atOnce: 1, waiting: 2 })
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => refusal(passwords.hash("secret1"))))
  expect(outcomes.filter((each) => each === "accepted")).toHaveLength(3)
  expect(outcomes.filter((each) => each === "429 TooManyRequests")).toHaveLength(2)
  expect(await refusal(openApp().users.userpass.register({ email: "a@b", password: "secret1" }, address))).toBe("accepted")
})
