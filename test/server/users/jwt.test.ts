// `custom-token`, Google and Apple: tokens signed by others.
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from "jose"
import { beforeAll, describe, expect, test, vi } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import type { ProviderConfig } from "../../../server/users/index.ts"
import { splitName } from "../../../server/users/metadata.ts"
import { openApp, provider, refusal, type AppOptions } from "./app.ts"

const secret = "a-secret-of-thirty-two-characters_1"
const other = "another-secret-of-thirty-two-chars_"
const now = new Date("2024-05-01T12:00:00Z").getTime() / 1000
const claims = { sub: "ana", aud: "tasks-abcde", exp: now + 600 }

let rsa: { privateKey: CryptoKey; publicKey: CryptoKey }
let pem: string
beforeAll(async () => {
  rsa = await generateKeyPair("RS256", { extractable: true })
  pem = await exportSPKI(rsa.publicKey)
})

const sign = (payload: JWTPayload, key: string | CryptoKey = secret, header: { alg: string; kid?: string } = { alg: "HS256" }): Promise<string> =>
  new SignJWT(payload).setProtectedHeader(header).sign(typeof key === "string" ? new TextEncoder().encode(key) : key)

const idToken = (payload: JWTPayload): Promise<string> => sign(payload, rsa.privateKey, { alg: "RS256", kid: "k1" })

function open(parts: Partial<ProviderConfig> = {}, secrets: Record<string, string> = { key: secret }, users: AppOptions["users"] = {}) {
  const config = { signingAlgorithm: "HS256", ...parts.config }
  return openApp({ providers: [provider("custom-token", { secretConfig: { signingKeys: ["key"] }, ...parts, config }), provider("oauth2-google", parts), provider("oauth2-apple", parts)], users: { secret: (name) => secrets[name], ...users } })
}

const good = async (): Promise<Response> => Response.json({ keys: [{ ...(await exportJWK(rsa.publicKey)), kid: "k1", alg: "RS256" }] })
const withKeys = (fetch: () => Promise<Response>, address = "https://keys.example/jwks"): ReturnType<typeof open> => open({ config: { useJWKURI: true, jwkURI: address, signingAlgorithm: "" } }, {}, { fetch })
const openIdApp = (parts: Partial<ProviderConfig> = {}): ReturnType<typeof open> => open({ config: { clientId: "client-1", openId: true }, ...parts }, {}, { fetch: good })
const outcome = async (app: ReturnType<typeof open>, token: unknown): Promise<string> => refusal(app.logIn("custom-token", { token: token as string }))

describe("custom-token with a secret", () => {
  test("logs the subject in, as the same user each time", async () => {
    const app = open()
    const [first, second] = [await app.logIn("custom-token", { token: await sign(claims) }), await app.logIn("custom-token", { token: await sign({ ...claims, exp: now + 60 }) })]
    expect(second.user_id).toBe(first.user_id)
    expect(((await app.users.profile(first.user_id))["identities"] as Document[])[0]).toMatchObject({ id: "ana", provider_type: "custom-token" })
  })

  test.each<[string, JWTPayload]>([
    ["without `sub`", { aud: "tasks-abcde", exp: now + 600 }], ["with an empty `sub`", { ...claims, sub: "" }], ["with a `sub` that is too long", { ...claims, sub: "x".repeat(257) }],
    ["without `exp`", { sub: "ana", aud: "tasks-abcde" }], ["expired", { ...claims, exp: now - 6 }], ["without `aud`", { sub: "ana", exp: now + 600 }], ["for another audience", { ...claims, aud: "other" }],
    ["not valid yet", { ...claims, nbf: now + 60 }], ["issued in the future", { ...claims, iat: now + 60 }],
  ])("refuses a token %s", async (_what, payload) => expect(await outcome(open(), await sign(payload))).toBe("401 AuthError"))

  test("tolerates five seconds", async () => {
    for (const payload of [{ ...claims, exp: now - 4 }, { ...claims, nbf: now + 4 }, { ...claims, iat: now + 4 }]) expect(await outcome(open(), await sign(payload))).toBe("accepted")
  })

  test.each([undefined, null, "", "a.b.c", 7, { $ne: 1 }, "x".repeat(1_000_001)])("refuses what is no token", async (token) => expect(await outcome(open(), token)).toBe("401 AuthError"))

  test("tries up to three keys, and no other", async () => {
    const app = open({ secretConfig: { signingKeys: ["a", "b", "c", "d"] } }, { a: other, b: secret, c: `${secret}c`, d: `${secret}d` })
    expect(await outcome(app, await sign(claims))).toBe("accepted")
    expect(await outcome(app, await sign(claims, `${secret}c`))).toBe("accepted")
    expect(await outcome(app, await sign(claims, `${secret}d`))).toBe("401 AuthError")
  })

  test("accepts the audiences that are configured: all of them, or any", async () => {
    const all = open({ config: { audience: ["one", "two"] } })
    const any = open({ config: { audience: ["one", "two"], requireAnyAudience: true } })
    for (const [aud, whenAll, whenAny] of [[["one", "two", "three"], "accepted", "accepted"], ["one", "401 AuthError", "accepted"], ["tasks-abcde", "401 AuthError", "401 AuthError"]] as const) {
      const token = await sign({ ...claims, aud: aud as string | string[] })
      expect(await outcome(all, token)).toBe(whenAll)
      expect(await outcome(any, token)).toBe(whenAny)
    }
  })

  test("takes no secret that could be guessed", async () => {
    const app = open({}, { key: "short" })
    expect(await outcome(app, await sign(claims, "short".padEnd(32, "x")))).toBe("401 AuthError")
    expect(app.app.warnings).toEqual(["auth-provider-misconfigured"])
  })

  test("reads the metadata fields anew at each login", async () => {
    const fields = [{ required: true, name: "profile.mail", fieldName: "email" }, { required: false, name: "https://example\\.com/role", fieldName: "role" }, { required: false, name: "missing", fieldName: undefined }, { required: false, name: "profile.age", fieldName: undefined }]
    const app = open({ metadataFields: fields })
    const token = (mail: string): Promise<string> => sign({ ...claims, profile: { mail, age: 13 }, "https://example.com/role": "admin" })
    const { user_id: id } = await app.logIn("custom-token", { token: await token("a@example.com") })
    expect((await app.users.profile(id))["data"]).toEqual({ email: "a@example.com", role: "admin", age: 13 })
    await app.logIn("custom-token", { token: await token("b@example.com") })
    expect((await app.users.profile(id))["data"]).toMatchObject({ email: "b@example.com" })
    expect(await outcome(app, await sign(claims))).toBe("401 AuthError")
    expect(await outcome(app, await sign({ ...claims, profile: { mail: "x".repeat(5000) } }))).toBe("401 AuthError")
  })

  test("keeps a field named __proto__ an ordinary field", async () => {
    const app = open({ metadataFields: [{ required: false, name: "evil", fieldName: "__proto__" }, { required: false, name: "__proto__.toString", fieldName: "leak" }] })
    const { user_id: id } = await app.logIn("custom-token", { token: await sign({ ...claims, evil: "x" }) })
    const data = (await app.users.profile(id))["data"] as Document
    expect(Object.keys(data)).toEqual(["__proto__"])
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
  })
})

describe("confusion of algorithms", () => {
  test("a public key as an HMAC secret is refused", async () => {
    const app = open({ config: { signingAlgorithm: "RS256" } }, { key: pem })
    expect(await outcome(app, await sign(claims, rsa.privateKey, { alg: "RS256" }))).toBe("accepted")
    expect(await outcome(app, await sign(claims, pem))).toBe("401 AuthError")
    expect(await outcome(app, `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.`)).toBe("401 AuthError")
  })

  test("a token cannot choose between a secret and a key set", async () => {
    expect(await outcome(open(), await sign(claims, rsa.privateKey, { alg: "RS256", kid: "k" }))).toBe("401 AuthError")
    const keySet = open({ config: { useJWKURI: true, jwkURI: "https://keys.example/jwks" } }, { key: secret }, { fetch: async () => Response.json({ keys: [] }) })
    expect(await outcome(keySet, await sign(claims))).toBe("401 AuthError")
  })
})

describe("a key set", () => {
  test("is fetched once for many logins, and needs a `kid`", async () => {
    let fetches = 0
    const app = withKeys(() => {
      fetches += 1
      return good()
    })
    for (let index = 0; index < 3; index++) expect(await outcome(app, await sign(claims, rsa.privateKey, { alg: "RS256", kid: "k1" }))).toBe("accepted")
    expect(fetches).toBe(1)
    expect(await outcome(app, await sign(claims, rsa.privateKey, { alg: "RS256" }))).toBe("401 AuthError")
    expect(await outcome(app, await sign(claims, rsa.privateKey, { alg: "RS256", kid: "k2" }))).toBe("401 AuthError")
  })

  test.each<[string, () => Promise<Response>]>([
    ["does not answer", () => Promise.reject(new TypeError("fetch failed"))], ["answers 500", async () => new Response("", { status: 500 })], ["is no key set", async () => new Response("nonsense")], ["redirects", async () => new Response(null, { status: 302, headers: { location: "http://10.0.0.1/" } })],
    ["is too large", async () => new Response("x".repeat(2_000_000))],
  ])("that %s is an outage, not a wrong token", async (_what, fetch) => expect(await outcome(withKeys(fetch), await sign(claims, rsa.privateKey, { alg: "RS256", kid: "k1" }))).toBe("503 InternalServerError"))

  test.each(["http://keys.example/jwks", "file:///etc/passwd", "nonsense"])("at %s is not asked", async (address) => {
    let asked = false
    const app = withKeys(async () => {
      asked = true
      return good()
    }, address)
    expect(await outcome(app, await sign(claims, rsa.privateKey, { alg: "RS256", kid: "k1" }))).toBe("401 AuthError")
    expect(asked).toBe(false)
  })
})

describe("the keys of a set", () => {
  const keyOf = async (kid: string, pair: { publicKey: CryptoKey } = rsa, parts: object = {}): Promise<object> => ({ ...(await exportJWK(pair.publicKey)), kid, ...parts })
  const signWith = (kid: string): Promise<string> => sign(claims, rsa.privateKey, { alg: "RS256", kid })

  test("are the first three that can sign; others of the set do not count", async () => {
    const elliptic = await generateKeyPair("ES256", { extractable: true })
    const keys = [await keyOf("encrypts", rsa, { use: "enc" }), await keyOf("other-kind", elliptic), await keyOf("other-algorithm", rsa, { alg: "RS512" }), null, await keyOf("k1"), await keyOf("k2"), await keyOf("k3"), await keyOf("k4")]
    const app = withKeys(async () => Response.json({ keys }))
    for (const kid of ["k1", "k2", "k3"]) expect(await outcome(app, await signWith(kid))).toBe("accepted")
    for (const kid of ["k4", "encrypts", "other-algorithm"]) expect(await outcome(app, await signWith(kid))).toBe("401 AuthError")
    expect(app.app.warnings).toEqual(["auth-key-set-cut"])
  })

  test("change: a new one is found by its id, at most every thirty seconds, and an old one is forgotten with the set", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    try {
      let kids = ["k1"]
      let fetches = 0
      const app = withKeys(async () => {
        fetches += 1
        return Response.json({ keys: await Promise.all(kids.map((kid) => keyOf(kid))) })
      })
      expect(await outcome(app, await signWith("k1"))).toBe("accepted")
      kids = ["k2"]
      for (let index = 0; index < 5; index++) expect(await outcome(app, await signWith("k2"))).toBe("401 AuthError")
      expect(fetches).toBe(1)
      vi.advanceTimersByTime(31_000)
      expect(await outcome(app, await signWith("k2"))).toBe("accepted")
      expect(await outcome(app, await signWith("k1"))).toBe("401 AuthError")
      expect(fetches).toBe(2)
      vi.advanceTimersByTime(601_000)
      expect(await outcome(app, await signWith("k2"))).toBe("accepted")
      expect(fetches).toBe(3)
    } finally {
      vi.useRealTimers()
    }
  })

  test("of a sign-in service are not counted", async () => {
    const keys = await Promise.all(["a", "b", "c", "d"].map((kid) => keyOf(kid)))
    const app = open({ config: { clientId: "client-1", openId: true } }, {}, { fetch: async () => Response.json({ keys }) })
    const token = await sign({ iss: "https://accounts.google.com", sub: "g1", aud: "client-1", exp: now + 600 }, rsa.privateKey, { alg: "RS256", kid: "d" })
    expect(await refusal(app.logIn("oauth2-google", { id_token: token }))).toBe("accepted")
  })
})

describe("ID tokens", () => {
  const google = { iss: "https://accounts.google.com", sub: "g1", aud: "client-1", exp: now + 600, email: "ana@example.com", email_verified: true }
  test("of Google log in without metadata", async () => {
    const { logIn, users } = openIdApp()
    const { user_id: id } = await logIn("oauth2-google", { id_token: await idToken(google) })
    expect(await users.profile(id)).toMatchObject({ data: {}, identities: [{ id: "g1", provider_type: "oauth2-google" }] })
  })

  test("of Apple log in with the address", async () => {
    const { logIn, users } = openIdApp()
    const { user_id: id } = await logIn("oauth2-apple", { id_token: await idToken({ ...google, iss: "https://appleid.apple.com" }) })
    expect((await users.profile(id))["data"]).toEqual({ email: "ana@example.com" })
  })

  test.each<[string, JWTPayload]>([["for another client", { ...google, aud: "client-2" }], ["of another issuer", { ...google, iss: "https://attacker.example" }], ["expired", { ...google, exp: now - 10 }], ["without subject", { ...google, sub: "" }]])("%s are refused", async (_what, payload) => {
    expect(await refusal(openIdApp().logIn("oauth2-google", { id_token: await idToken(payload) }))).toBe("401 AuthError")
  })

  test("for several clients name the one they were made for", async () => {
    const several = { ...google, aud: ["client-1", "client-2"] }
    for (const [azp, expected] of [["client-1", "accepted"], ["client-2", "401 AuthError"], [undefined, "401 AuthError"]] as const) {
      expect(await refusal(openIdApp().logIn("oauth2-google", { id_token: await idToken({ ...several, ...(azp === undefined ? {} : { azp }) }) }))).toBe(expected)
    }
  })

  test("of Google may name the issuer without its scheme; of Apple not", async () => {
    expect(await refusal(openIdApp().logIn("oauth2-google", { id_token: await idToken({ ...google, iss: "accounts.google.com" }) }))).toBe("accepted")
    expect(await refusal(openIdApp().logIn("oauth2-apple", { id_token: await idToken({ ...google, iss: "appleid.apple.com" }) }))).toBe("401 AuthError")
  })

  test("tolerate five seconds, and no more", async () => {
    for (const [change, expected] of [[{ exp: now - 4 }, "accepted"], [{ exp: now - 6 }, "401 AuthError"], [{ iat: now + 4 }, "accepted"], [{ iat: now + 6 }, "401 AuthError"]] as const) {
      expect(await refusal(openIdApp().logIn("oauth2-google", { id_token: await idToken({ ...google, ...change }) }))).toBe(expected)
    }
  })

  test("signed with an algorithm other than RS256 are refused", async () => {
    const { publicKey } = rsa
    const jwk = await exportJWK(publicKey)
    const forged = await sign(google, JSON.stringify(jwk), { alg: "HS256", kid: "k1" })
    expect(await refusal(openIdApp().logIn("oauth2-google", { id_token: forged }))).toBe("401 AuthError")
  })

  test("are held to the allowed domains, by verified addresses", async () => {
    const { logIn } = openIdApp({ domainRestrictions: ["Example.com"] })
    expect(await refusal(logIn("oauth2-google", { id_token: await idToken(google) }))).toBe("accepted")
    for (const change of [{ email: "ana@evil.example" }, { email: "ana@sub.example.com" }, { email_verified: false }, { email: undefined }]) {
      expect(await refusal(logIn("oauth2-google", { id_token: await idToken({ ...google, ...change } as JWTPayload) }))).toBe("401 DomainNotAllowed")
    }
  })

  test("are needed: codes are refused by name", async () => {
    const { logIn } = openIdApp()
    expect(await refusal(logIn("oauth2-google", { authCode: "x" }))).toBe("400 BadRequest")
    expect(await refusal(openIdApp({ config: { clientId: "client-1" } }).logIn("oauth2-google", { id_token: "x" }))).toBe("400 BadRequest")
  })
})

test("a metadata name is a path, in which an escaped dot is a dot", () => {
  expect(splitName("a.b\\.c.d")).toEqual(["a", "b.c", "d"])
})
