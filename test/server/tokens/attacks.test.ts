// What an attacker sends in place of a token. Each attempt is refused, as 401 and without a word about the claims.
import { createHmac, createPublicKey, randomBytes } from "node:crypto"
import { exportSPKI, generateKeyPair, importJWK, SignJWT, type JWK } from "jose"
import { beforeEach, describe, expect, test } from "vitest"
import { claimsOf, domainId, openApp, refusal, refusalText, type TestApp } from "../users/app.ts"
import { memoryState } from "../users/memory-state.ts"

const refused = "401 InvalidSession"

let app: TestApp
let access: string
let refresh: string

beforeEach(async () => {
  app = openApp()
  const reply = await app.logIn("anon-user")
  access = reply.access_token
  refresh = reply.refresh_token as string
})

const encode = (value: unknown): string => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url")
const parts = (token: string): [string, string, string] => token.split(".") as [string, string, string]
const headerOf = (token: string): Record<string, unknown> => JSON.parse(Buffer.from(parts(token)[0], "base64url").toString()) as Record<string, unknown>
const hmac = (text: string, secret: string | Buffer): string => createHmac("sha256", secret).update(text).digest("base64url")

async function expectRefused(token: string): Promise<void> {
  expect(await refusal(app.tokens.verifyAccess(token))).toBe(refused)
  expect(await refusal(app.tokens.refresh(token))).toBe(refused)
  expect(await refusal(app.tokens.inspect(token))).toBe(refused)
}

test("the honest tokens are accepted, so the refusals below mean something", async () => {
  expect((await app.tokens.verifyAccess(access)).userId).toBe(claimsOf(access)["sub"])
  expect(await refusal(app.tokens.refresh(refresh))).toBe("accepted")
})

describe("algorithm", () => {
  test.each(["none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS256", "ES256", "EdDSA", "hs256"])("%s in the header is refused", async (alg) => {
    const [, payload, signature] = parts(access)
    for (const last of ["", signature]) await expectRefused(`${encode({ ...headerOf(access), alg })}.${payload}.${last}`)
  })

  test("an HMAC over the public key of an asymmetric app is refused", async () => {
    app = openApp({ tokens: { algorithm: "ES256" } })
    access = (await app.logIn("anon-user")).access_token
    const { keys } = await app.tokens.jwks()
    const key = keys.find(({ kid }) => kid === headerOf(access)["kid"]) as JWK
    const pem = await exportSPKI((await importJWK({ ...key }, "ES256", { extractable: true })) as never)
    const secrets = [pem, JSON.stringify(key), createPublicKey(pem).export({ type: "spki", format: "der" }), Buffer.from(key.x as string, "base64url")]
    for (const secret of secrets) {
      const signed = `${encode({ alg: "HS256", typ: "JWT", kid: key.kid })}.${encode({ ...claimsOf(access), user_data: { role: "admin" } })}`
      await expectRefused(`${signed}.${hmac(signed, secret)}`)
    }
  })

  test("a key that the header brings along is not used", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true })
    const { exportJWK } = await import("jose")
    for (const extra of [{ jwk: await exportJWK(publicKey) }, { jku: "https://attacker.example/jwks.json" }, { x5u: "https://attacker.example/x" }, { x5c: ["MIIB"] }]) {
      const kid = headerOf(access)["kid"] as string
      await expectRefused(await new SignJWT(claimsOf(access)).setProtectedHeader({ alg: "ES256", kid, ...extra }).sign(privateKey))
    }
  })
})

describe("key id", () => {
  test.each(["", "../../../dev/null", "__proto__", "constructor", "' OR 1=1 --", "{\"$ne\":null}", "x".repeat(65), "k\u0000", "/etc/passwd"])("%j finds no key", async (kid) => {
    for (const secret of ["", "\0", Buffer.alloc(32)]) {
      const signed = `${encode({ alg: "HS256", typ: "JWT", kid })}.${parts(access)[1]}`
      await expectRefused(`${signed}.${hmac(signed, secret)}`)
    }
  })

  test.each([undefined, null, 7, ["a"], { $ne: null }])("%j in place of text finds no key", async (kid) => {
    const signed = `${encode({ alg: "HS256", kid })}.${parts(access)[1]}`
    await expectRefused(`${signed}.${hmac(signed, "")}`)
  })

  test("unknown ids do not become reads of the store", async () => {
    let reads = 0
    const { keys } = app.state
    const find = keys.find.bind(keys)
    keys.find = (...args) => {
      reads += 1
      return find(...args)
    }
    for (let index = 0; index < 50; index++) {
      await refusal(app.tokens.verifyAccess(`${encode({ alg: "HS256", kid: `k${index}` })}.${parts(access)[1]}.AAAA`))
    }
    expect(reads).toBeLessThanOrEqual(2)
  })

  test("a critical extension is refused", async () => {
    const signed = `${encode({ ...headerOf(access), crit: ["b64"], b64: false })}.${parts(access)[1]}`
    await expectRefused(`${signed}.${hmac(signed, "x")}`)
  })
})

describe("claims", () => {
  test("any change to the payload breaks the signature", async () => {
    const [header, , signature] = parts(access)
    for (const change of [{ sub: "64b1f0c2a7d93e5b8c214f07" }, { exp: 4_102_444_800 }, { user_data: { role: "admin" } }, { typ: "refresh" }, { iss: "0".repeat(24) }]) {
      await expectRefused(`${header}.${encode({ ...claimsOf(access), ...change })}.${signature}`)
    }
  })

  test("a claim given twice breaks the signature", async () => {
    const [header, payload, signature] = parts(access)
    const doubled = Buffer.from(payload, "base64url").toString().replace(/}$/, ',"sub":"64b1f0c2a7d93e5b8c214f07"}')
    await expectRefused(`${header}.${encode(doubled)}.${signature}`)
    await expectRefused(`${encode(JSON.stringify(headerOf(access)).replace(/}$/, ',"alg":"none"}'))}.${payload}.${signature}`)
  })

  test("an access token buys nothing where a refresh token is due, nor the other way round", async () => {
    expect(await refusal(app.tokens.refresh(access))).toBe(refused)
    expect(await refusal(app.tokens.logOut(access))).toBe(refused)
    expect(await refusal(app.tokens.verifyRefresh(access))).toBe(refused)
    expect(await refusal(app.tokens.verifyAccess(refresh))).toBe(refused)
  })

  test("an expired token is refused after five seconds of tolerance, also when it was met before", async () => {
    await app.tokens.verifyAccess(access)
    app.advance(1804)
    expect(await refusal(app.tokens.verifyAccess(access))).toBe("accepted")
    app.advance(1)
    expect(await refusal(app.tokens.verifyAccess(access))).toBe(refused)
    expect(await app.tokens.inspect(access)).toEqual({ expired: true })
  })

  test("nothing is told of an expired token whose signature is wrong", async () => {
    app.advance(4000)
    const [header, payload] = parts(access)
    const forged = `${header}.${payload}.${randomBytes(32).toString("base64url")}`
    expect(await refusalText(app.tokens.verifyAccess(forged))).not.toBe(await refusalText(app.tokens.verifyAccess(access)))
    expect(await refusal(app.tokens.inspect(forged))).toBe(refused)
  })
})

describe("another app", () => {
  test("a token of another app is refused", async () => {
    const other = openApp({ tokens: { domainId: "64a000000000000000000002" } })
    const reply = await other.logIn("anon-user")
    await expectRefused(reply.access_token)
    await expectRefused(reply.refresh_token as string)
  })

  test("a token of another domain is refused even under the same key", async () => {
    const shared = memoryState()
    app = openApp({ state: shared })
    const other = openApp({ state: shared, tokens: { domainId: "64a000000000000000000002" } })
    const reply = await app.logIn("anon-user")
    expect((await app.tokens.verifyAccess(reply.access_token)).userId).toBe(reply.user_id)
    expect(await refusal(other.tokens.verifyAccess(reply.access_token))).toBe(refused)
    expect(claimsOf(reply.access_token)["baas_domain_id"]).toBe(domainId)
  })
})

describe("shape", () => {
  test("a truncated token is refused at whatever place it is cut", async () => {
    for (const length of [0, 1, 10, access.indexOf("."), access.lastIndexOf("."), access.length - 20, access.length - 2]) await expectRefused(access.slice(0, length))
  })

  test.each(["null", "undefined", "a.b", "a.b.c.d", "..", "a..c", ".b.", "{}", "\0.\0.\0", "é.é.é", "AAAA.AAAA.AAAA"])("%j is refused", async (token) => expectRefused(token))

  test.each([" ", "\n", "=", "\t.", "+"])("a good token with %j in it is refused", async (extra) => {
    await expectRefused(`${access}${extra}`)
    await expectRefused(`${extra}${access}`)
    await expectRefused(access.replace(".", `.${extra}`))
  })

  test("an oversized token is refused before its keys are looked for", async () => {
    const kid = "unknown-key"
    const strange = `${encode({ alg: "HS256", typ: "JWT", kid })}.${parts(access)[1]}.${parts(access)[2]}`
    const reads: unknown[] = []
    const { keys } = app.state
    const find = keys.find.bind(keys)
    keys.find = (...args) => {
      reads.push(args)
      return find(...args)
    }
    await expectRefused(`${strange.slice(0, strange.indexOf(".") + 1)}${"A".repeat(5_000_000)}.${parts(access)[2]}`)
    await expectRefused(`${encode({ alg: "HS256", typ: "JWT", kid, padding: "x".repeat(2000) })}.${parts(access)[1]}.${parts(access)[2]}`)
    expect(reads).toEqual([])
    await expectRefused(strange)
    expect(reads).toHaveLength(1)
  })

  test("a changed bit anywhere in the signature is refused", async () => {
    const [header, payload, signature] = parts(access)
    const bytes = Buffer.from(signature, "base64url")
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes)
      changed[index] = (changed[index] as number) ^ 1
      await expectRefused(`${header}.${payload}.${changed.toString("base64url")}`)
    }
  })
})

describe("a stolen signing key", () => {
  test("does not revive an ended session, since the store knows tokens by their digest", async () => {
    const [{ jwk, _id: kid }] = (await app.state.keys.find({ state: "current" })) as unknown as [{ jwk: string; _id: string }]
    const secret = Buffer.from((JSON.parse(jwk) as JWK).k as string, "base64url")
    const forged = await new SignJWT({ ...claimsOf(refresh), jti: "f".repeat(24) }).setProtectedHeader({ alg: "HS256", kid }).sign(secret)
    expect(await refusal(app.tokens.refresh(forged))).toBe(refused)
    await app.tokens.logOut(refresh)
    expect(await refusal(app.tokens.refresh(refresh))).toBe(refused)
  })
})
