// Google, Facebook and Apple by their tokens, as realm-web sends them.
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose"
import * as Realm from "realm-web"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { fakeGraph, type FakeGraph } from "../../server/users/facebook-graph.ts"
import { serveClients, type ClientsServed } from "../clients-app.ts"
import { client, refusal } from "./client.ts"

let served: ClientsServed
let graph: FakeGraph
let key: CryptoKey

beforeAll(async () => {
  graph = await fakeGraph()
  graph.answers.debug = { data: { app_id: "1111", type: "USER", is_valid: true, expires_at: 0, user_id: "42" } }
  const pair = await generateKeyPair("RS256", { extractable: true })
  key = pair.privateKey
  const keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "RS256", use: "sig" }] }
  const network = globalThis.fetch
  const published = new Set(["https://www.googleapis.com/oauth2/v3/certs", "https://appleid.apple.com/auth/keys"])
  vi.stubGlobal("fetch", async (address: string | URL, options?: RequestInit) => (published.has(String(address)) ? Response.json(keys) : network(address, options)))
  served = await serveClients({
    secrets: { jwtKey: "0123456789abcdef0123456789abcdef", facebookSecret: "app-secret" },
    settings: { users: { facebookGraphUrl: graph.url } },
    providers: {
      "oauth2-facebook": {
        name: "oauth2-facebook", type: "oauth2-facebook", disabled: false, config: { clientId: "1111" }, secret_config: { clientSecret: "facebookSecret" },
        metadata_fields: [{ required: true, name: "name" }, { required: false, name: "picture" }, { required: false, name: "min_age" }],
      },
      "oauth2-google": { name: "oauth2-google", type: "oauth2-google", disabled: false, config: { clientId: "google-client", openId: true } },
      "oauth2-apple": { name: "oauth2-apple", type: "oauth2-apple", disabled: false, config: { clientId: "apple-client" } },
    },
  })
})
afterAll(async () => {
  await served.close()
  await graph.close()
  vi.unstubAllGlobals()
})

const idToken = (claims: Record<string, unknown>): Promise<string> => new SignJWT({ email: "ana@example.com", email_verified: true, ...claims }).setProtectedHeader({ alg: "RS256", kid: "k1" }).setIssuedAt().setExpirationTime("5m").sign(key)

describe("login", () => {
  test("by a token of Facebook is checked there, and its metadata is in the profile", async () => {
    const { app, lines, requests } = client(served)
    const user = await app.logIn(Realm.Credentials.facebook("good-token"))
    expect(requests[1]?.body).toMatchObject({ accessToken: "good-token" })
    expect(lines().slice(1)).toEqual([`POST /app/${served.appId}/auth/providers/oauth2-facebook/login 200`, "GET /auth/profile 200"])
    expect(user.profile).toMatchObject({ name: "Ana Ruiz", pictureUrl: "https://pictures.example/42", minAge: 21 })
    expect(user.identities).toMatchObject([{ id: "42", providerType: "oauth2-facebook" }])
  })

  test("by a token that Facebook gave another app is refused", async () => {
    const before = graph.answers.debug
    graph.answers.debug = { data: { app_id: "2222", type: "USER", is_valid: true, expires_at: 0, user_id: "42" } }
    expect(await refusal(client(served).app.logIn(Realm.Credentials.facebook("stolen")))).toEqual({ status: 401, code: "AuthError", text: "unauthorized" })
    graph.answers.debug = before
  })

  test("by an ID token of Google", async () => {
    const { app, requests } = client(served)
    const token = await idToken({ iss: "https://accounts.google.com", aud: "google-client", sub: "g1" })
    const user = await app.logIn(Realm.Credentials.google({ idToken: token }))
    expect(requests[1]?.body).toMatchObject({ id_token: token })
    expect([user.profile, user.identities]).toMatchObject([{}, [{ id: "g1", providerType: "oauth2-google" }]])
  })

  test("by an ID token of Apple", async () => {
    const { app, requests } = client(served)
    const token = await idToken({ iss: "https://appleid.apple.com", aud: "apple-client", sub: "a1" })
    const user = await app.logIn(Realm.Credentials.apple(token))
    expect(requests[1]?.body).toMatchObject({ id_token: token })
    expect([user.profile, user.identities]).toMatchObject([{ email: "ana@example.com" }, [{ id: "a1", providerType: "oauth2-apple" }]])
  })

  test("by an ID token for another client is refused", async () => {
    const token = await idToken({ iss: "https://accounts.google.com", aud: "somebody-else", sub: "g1" })
    expect(await refusal(client(served).app.logIn(Realm.Credentials.google({ idToken: token })))).toEqual({ status: 401, code: "AuthError", text: "unauthorized" })
  })

  test("by an authorization code says that this server takes ID tokens", async () => {
    expect(await refusal(client(served).app.logIn(Realm.Credentials.google({ authCode: "code" })))).toMatchObject({ status: 400, code: "BadRequest" })
  })
})
