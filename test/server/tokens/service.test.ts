import { describe, expect, test } from "vitest"
import { jwtVerify, createLocalJWKSet } from "jose"
import type { Document } from "../../../kernel/index.ts"
import { claimsOf, customDataConfig, domainId, email, openApp, password, refusal, refusalText, registered } from "../users/app.ts"
import { memoryState } from "../users/memory-state.ts"

const invalid = "401 InvalidSession"

describe("claims", () => {
  test("of an access token are those of the specification and no others", async () => {
    const { reply } = await registered()
    const claims = claimsOf(reply.access_token)
    expect(claims).toEqual({
      baas_device_id: "000000000000000000000000", baas_domain_id: domainId, exp: 1_714_566_600, iat: 1_714_564_800, iss: expect.stringMatching(/^[0-9a-f]{24}$/), jti: expect.stringMatching(/^[0-9a-f]{24}$/),
      stitch_devId: "000000000000000000000000", stitch_domainId: domainId, sub: reply.user_id, typ: "access",
    })
  })

  test("of a refresh token name the session and the identity, and hold no custom data", async () => {
    const { reply, users } = await registered({ customUserData: customDataConfig })
    const claims = claimsOf(reply.refresh_token as string)
    const { identities } = (await users.profile(reply.user_id)) as { identities: Document[] }
    const used = { id: identities[0]?.["id"], provider_type: "local-userpass", provider_id: identities[0]?.["provider_id"] }
    expect(claims).toEqual({
      baas_data: null, baas_device_id: "000000000000000000000000", baas_domain_id: domainId, baas_id: claimsOf(reply.access_token)["iss"], baas_identity: used, exp: 1_714_564_800 + 5_184_000, iat: 1_714_564_800, jti: expect.any(String),
      stitch_data: null, stitch_devId: "000000000000000000000000", stitch_domainId: domainId, stitch_id: claimsOf(reply.access_token)["iss"], stitch_ident: used, sub: reply.user_id, typ: "refresh",
    })
  })

  test("of an anonymous refresh token last fifty years", async () => {
    const { logIn } = openApp({ tokens: { refreshTokenSeconds: () => 1800 } })
    const { exp, iat } = claimsOf((await logIn("anon-user")).refresh_token as string) as { exp: number; iat: number }
    expect(exp - iat).toBe(1_576_800_000)
  })

  test("of a refresh keep session and device, and bring a new jti", async () => {
    const { reply, signIn, advance } = await registered()
    advance(10)
    const [before, after] = [claimsOf(reply.access_token), claimsOf((await signIn.refresh(reply.refresh_token)).access_token)]
    expect(after).toMatchObject({ iss: before["iss"], sub: before["sub"], iat: (before["iat"] as number) + 10 })
    expect(after["jti"]).not.toBe(before["jti"])
  })
})

describe("refresh", () => {
  test("is not single use", async () => {
    const { reply, signIn } = await registered()
    const all = await Promise.all([1, 2, 3].map(() => signIn.refresh(reply.refresh_token)))
    expect(new Set(all.map(({ access_token: token }) => token)).size).toBe(3)
  })

  test("answers 429 from the thirty-first in a minute on, and goes on after it", async () => {
    const { reply, signIn, advance } = await registered()
    for (let index = 0; index < 30; index++) await signIn.refresh(reply.refresh_token)
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe("429 TooManyRequests")
    advance(60)
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe("accepted")
  })

  test("with a changed lifetime acts on new tokens alone", async () => {
    let seconds = 3600
    const { reply, signIn, logIn, advance } = await registered({ tokens: { refreshTokenSeconds: () => seconds } })
    seconds = 1800
    const later = await logIn("local-userpass", { username: email, password })
    advance(1806)
    expect(await refusal(signIn.refresh(later.refresh_token))).toBe(invalid)
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe("accepted")
  })

  test("notes the time in the session, exact to an hour", async () => {
    const { reply, signIn, tokens, advance } = await registered()
    advance(1800)
    await signIn.refresh(reply.refresh_token)
    await tokens.close()
    expect(await tokens.lastActivity(reply.user_id)).toEqual(new Date("2024-05-01T12:00:00Z"))
    advance(1800)
    await signIn.refresh(reply.refresh_token)
    await tokens.close()
    expect(await tokens.lastActivity(reply.user_id)).toEqual(new Date("2024-05-01T13:00:00Z"))
  })
})

describe("ending", () => {
  test("a session twice is refused with the words realm-web passes over", async () => {
    const { reply, signIn } = await registered()
    await signIn.logOut(reply.refresh_token)
    expect(await refusal(signIn.logOut(reply.refresh_token))).toBe(invalid)
    expect(await refusalText(signIn.logOut(reply.refresh_token))).toContain("failed to find refresh token")
  })

  test("leaves the access token alive but for `accessTokenCheck: session`", async () => {
    for (const [accessTokenCheck, expected] of [["signature", "accepted"], ["user", "accepted"], ["session", invalid]] as const) {
      const { reply, signIn, tokens } = await registered({ tokens: { accessTokenCheck } })
      await tokens.verifyAccess(reply.access_token)
      await signIn.logOut(reply.refresh_token)
      expect(await refusal(tokens.verifyAccess(reply.access_token))).toBe(expected)
    }
  })

  test.each(["disable", "revokeSessions", "delete"] as const)("by %s stops access tokens at once, but for `signature`", async (action) => {
    for (const [accessTokenCheck, expected] of [["signature", "accepted"], ["user", invalid], ["session", invalid]] as const) {
      const { reply, signIn, users, tokens } = await registered({ tokens: { accessTokenCheck } })
      await tokens.verifyAccess(reply.access_token)
      await users.administration[action](reply.user_id)
      expect(await refusal(tokens.verifyAccess(reply.access_token))).toBe(expected)
      expect(await refusal(signIn.refresh(reply.refresh_token))).toBe(invalid)
    }
  })

  test("by revocation spares a login of the same millisecond", async () => {
    const { reply, users, logIn, signIn, tokens } = await registered()
    await users.administration.revokeSessions(reply.user_id)
    const again = await logIn("local-userpass", { username: email, password })
    expect((await tokens.verifyAccess(again.access_token)).userId).toBe(reply.user_id)
    expect(await refusal(signIn.refresh(again.refresh_token))).toBe("accepted")
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe(invalid)
  })

  test("by disabling is not undone by enabling", async () => {
    const { reply, users, logIn, signIn } = await registered()
    await users.administration.disable(reply.user_id)
    expect(await refusal(logIn("local-userpass", { username: email, password }))).toBe("401 UserDisabled")
    await users.administration.enable(reply.user_id)
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe(invalid)
    expect(await refusal(logIn("local-userpass", { username: email, password }))).toBe("accepted")
  })

  test("of the oldest session keeps `maxSessionsPerUser`", async () => {
    const { reply, logIn, signIn, advance } = await registered({ tokens: { maxSessionsPerUser: 2 } })
    advance(1)
    const second = await logIn("local-userpass", { username: email, password })
    advance(1)
    await logIn("local-userpass", { username: email, password })
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe(invalid)
    expect(await refusal(signIn.refresh(second.refresh_token))).toBe("accepted")
  })
})

describe("several processes", () => {
  test("share sessions and keys, and hear within the set time what another ended", async () => {
    const state = memoryState()
    const [here, there] = [await registered({ state, tokens: { stateAgeMs: 0 } }), openApp({ state, tokens: { stateAgeMs: 0 } })]
    const other = await there.logIn("local-userpass", { username: email, password })
    await here.signIn.refresh(other.refresh_token)
    await there.signIn.refresh(here.reply.refresh_token)
    await there.signIn.logOut(here.reply.refresh_token)
    expect(await refusal(here.signIn.refresh(here.reply.refresh_token))).toBe(invalid)
    expect(await refusal(here.signIn.refresh(other.refresh_token))).toBe("accepted")
    await there.users.administration.revokeSessions(other.user_id)
    expect(await refusal(here.signIn.refresh(other.refresh_token))).toBe(invalid)
    expect(await refusal(here.tokens.verifyAccess(other.access_token))).toBe(invalid)
  })

  test("make one signing key though all begin at once", async () => {
    const state = memoryState()
    const apps = [1, 2, 3, 4].map(() => openApp({ state }))
    const replies = await Promise.all(apps.map(({ logIn }) => logIn("anon-user")))
    const keys = (await (apps[0] as (typeof apps)[0]).tokens.keys.list()).map((key) => key.state)
    expect(keys.filter((each) => each === "current")).toHaveLength(1)
    for (const app of apps) for (const reply of replies) expect((await app.tokens.verifyAccess(reply.access_token)).userId).toBe(reply.user_id)
  })

  test("do not trust a session they know while the store cannot tell of endings", async () => {
    const state = memoryState()
    const { reply, signIn } = await registered({ state, tokens: { stateAgeMs: 0 } })
    await signIn.refresh(reply.refresh_token)
    state.sessions.find = () => Promise.reject(new Error("away"))
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe("500 InternalServerError")
  })
})

describe("keys", () => {
  test.each(["HS256", "ES256", "EdDSA"] as const)("of %s rotate without refusing any live token", async (algorithm) => {
    const { reply, tokens, signIn, advance } = await registered({ tokens: { algorithm } })
    await tokens.keys.rotate()
    expect((await tokens.keys.list()).map(({ state }) => state)).toEqual(["retired", "current", "next"])
    const renewed = (await signIn.refresh(reply.refresh_token)).access_token
    expect((await tokens.verifyAccess(renewed)).userId).toBe(reply.user_id)
    expect((await tokens.verifyAccess(reply.access_token)).userId).toBe(reply.user_id)
    await tokens.keys.rotate()
    advance(1800)
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe("accepted")
  })

  test("are published before they sign and until nothing lives that they signed; a secret never", async () => {
    const { reply, tokens, advance } = await registered({ tokens: { algorithm: "EdDSA" } })
    const { payload } = await jwtVerify(reply.access_token, createLocalJWKSet(await tokens.jwks()), { currentDate: new Date("2024-05-01T12:00:00Z") })
    expect(payload.sub).toBe(reply.user_id)
    expect((await tokens.jwks()).keys).toHaveLength(2)
    for (const key of (await tokens.jwks()).keys) expect(key).not.toHaveProperty("d")
    await tokens.keys.rotate()
    expect((await tokens.jwks()).keys).toHaveLength(3)
    advance(1806)
    expect((await tokens.jwks()).keys).toHaveLength(2)
    expect((await (await registered()).tokens.jwks()).keys).toEqual([])
  })

  test("that are deleted take their tokens along, also those verified before", async () => {
    const { reply, tokens, signIn, logIn } = await registered()
    await tokens.verifyAccess(reply.access_token)
    const [current] = await tokens.keys.list()
    expect(await tokens.keys.remove(current?.kid as string)).toBe(true)
    expect(await refusal(tokens.verifyAccess(reply.access_token))).toBe(invalid)
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe(invalid)
    const again = await logIn("local-userpass", { username: email, password })
    expect((await tokens.verifyAccess(again.access_token)).userId).toBe(reply.user_id)
  })

  test("that retired are dropped for refresh tokens after the configured time", async () => {
    const { tokens, signIn, logIn, advance } = openApp({ tokens: { retiredKeySeconds: 10_000 } })
    const reply = await logIn("anon-user")
    await tokens.keys.rotate()
    advance(10_000)
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe("accepted")
    advance(1)
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe(invalid)
    await tokens.sweep()
    expect((await tokens.keys.list()).map(({ state }) => state)).toEqual(["current", "next"])
  })

  test("of another algorithm retire when the option changes", async () => {
    const state = memoryState()
    const { reply } = await registered({ state })
    const after = openApp({ state, tokens: { algorithm: "ES256" } })
    const renewed = (await after.signIn.refresh(reply.refresh_token)).access_token
    expect(JSON.parse(Buffer.from(renewed.split(".")[0] as string, "base64url").toString())).toMatchObject({ alg: "ES256" })
    expect((await after.tokens.verifyAccess(reply.access_token)).userId).toBe(reply.user_id)
    expect((await after.tokens.verifyAccess(renewed)).userId).toBe(reply.user_id)
  })
})

test("sweeping deletes expired sessions and those that ended a day ago", async () => {
  const { reply, signIn, tokens, state, logIn, advance } = await registered()
  await signIn.logOut(reply.refresh_token)
  await tokens.sweep()
  expect(state.sessions.documents.size).toBe(1)
  advance(86_401)
  await logIn("local-userpass", { username: email, password })
  await tokens.sweep()
  expect(state.sessions.documents.size).toBe(1)
  advance(5_184_001)
  await tokens.sweep()
  expect(state.sessions.documents.size).toBe(0)
})
