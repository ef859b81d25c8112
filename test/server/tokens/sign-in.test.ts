import { describe, expect, test } from "vitest"
import { ObjectId, type Document } from "../../../kernel/index.ts"
import { readBearer } from "../../../server/tokens/index.ts"
import { claimsOf, customDataConfig, openApp, refusal } from "../users/app.ts"

const zeros = "000000000000000000000000"
const known = "66322f80b1c2d3e4f5061730"

async function device(payload: Document): Promise<string> {
  const { logIn } = openApp()
  const reply = await logIn("anon-user", payload)
  expect(claimsOf(reply.access_token)["baas_device_id"]).toBe(reply.device_id)
  expect(claimsOf(reply.refresh_token as string)["stitch_devId"]).toBe(reply.device_id)
  return reply.device_id
}

describe("the device id of a login", () => {
  test.each<[Document]>([[{}], [{ options: {} }], [{ options: { device: null } }], [{ options: "x" }], [{ options: { device: [] } }]])("is zeros for %j", async (payload) => {
    expect(await device(payload)).toBe(zeros)
  })

  test.each<[Document]>([[{ options: { device: { platform: "node" } } }], [{ options: { device: { deviceId: "nonsense" } } }], [{ options: { device: { deviceId: zeros } } }], [{ options: { device: { deviceId: new ObjectId(zeros) } } }]])("is new for %j", async (payload) => {
    const id = await device(payload)
    expect(id).toMatch(/^[0-9a-f]{24}$/)
    expect(id).not.toBe(zeros)
  })

  test("is kept when it is known, as text or as an id", async () => {
    expect(await device({ options: { device: { deviceId: new ObjectId(known) } } })).toBe(known)
    expect(await device({ options: { device: { deviceId: known } } })).toBe(known)
  })

  test("and what else is told is listed for the user, in bounds", async () => {
    const { logIn, tokens, advance, users } = openApp()
    await users.userpass.register({ email: "ana@example.com", password: "secret1" }, "a")
    const login = { username: "ana@example.com", password: "secret1", options: { device: { deviceId: known, platform: "node", sdkVersion: "2.0.1", appId: "x".repeat(1000), other: "dropped", platformVersion: { $ne: 1 } } } }
    const { user_id: id } = await logIn("local-userpass", login)
    advance(60)
    await logIn("local-userpass", login)
    expect(await tokens.sessions.devicesOf(id)).toEqual([{ _id: known, platform: "node", sdkVersion: "2.0.1", appId: "x".repeat(256), last_seen: new Date("2024-05-01T12:01:00Z") }])
  })
})

describe("events", () => {
  test("come in order, with the snapshot of the token, after the session is stored", async () => {
    const documents = new Map<string, Document>()
    const seen: [string, number, Document][] = []
    const opened = openApp({
      customUserData: { ...customDataConfig, onUserCreationFunction: "onCreate" }, documents,
      functions: { onCreate: (user) => {
        documents.set((user as Document)["id"] as string, { theme: "dark", team: new ObjectId(known) })
        return null
      } },
      users: { onEvent: async ({ operationType, user }) => void seen.push([operationType, opened.state.sessions.documents.size, user["custom_data"] as Document]) },
    })
    await opened.logIn("anon-user")
    const snapshot = { theme: "dark", team: known }
    expect(seen).toEqual([["CREATE", 1, snapshot], ["LOGIN", 1, snapshot]])
  })

  test("are none for a refresh, a failed login and a logout", async () => {
    const { app, logIn, signIn } = openApp()
    const reply = await logIn("anon-user")
    app.events.length = 0
    await signIn.refresh(reply.refresh_token)
    await refusal(logIn("local-userpass", { username: "x@y", password: "secret1" }))
    await signIn.logOut(reply.refresh_token)
    expect(app.events).toEqual([])
  })
})

describe("the bearer", () => {
  test.each([["Bearer a.b.c", "a.b.c"], ["bearer a.b.c", "a.b.c"], ["BEARER  a.b.c ", "a.b.c"], ["Bearer null", "null"], [undefined, undefined], ["", undefined]])("of %j is %j", (header, token) => expect(readBearer(header)).toBe(token))

  test.each(["a.b.c", "Basic a.b.c", "Bearer", "Bearer ", "Bearer a b", "Bearer a.b.c, Bearer d.e.f"])("of %j is refused", async (header) => {
    expect(await refusal((async () => readBearer(header))())).toBe("401 InvalidSession")
  })
})

test("a route without a token asks for one", async () => {
  const { signIn } = openApp()
  for (const work of [signIn.profile(undefined), signIn.refresh(undefined), signIn.logOut(undefined), signIn.deleteUser(undefined), signIn.logIn("anon-user", {}, { address: "a", link: { accessToken: undefined } })]) {
    expect(await refusal(work)).toBe("401 MissingAuthReq")
  }
})

test("linking with an expired token is the one refusal that a refresh cures", async () => {
  const { logIn, link, advance } = openApp()
  const { access_token: token } = await logIn("anon-user")
  advance(1806)
  expect(await refusal(link(token, "local-userpass", { username: "a@b", password: "secret1" }))).toBe("401 InvalidSession")
})
