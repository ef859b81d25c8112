// Accounts: first login, veto, linking, deletion; also when several logins or processes meet.
import { describe, expect, test } from "vitest"
import { ObjectId, type Document, type Value } from "../../../kernel/index.ts"
import { customDataConfig, openApp, provider, refusal, type AppOptions, type TestApp } from "./app.ts"
import { memoryState } from "./memory-state.ts"

const byFunction = provider("custom-function", { config: { authFunctionName: "authenticate" } })
const emailPassword = provider("local-userpass", { config: { autoConfirm: true } })
const withCreation = { ...customDataConfig, onUserCreationFunction: "onCreate" }
const authenticate = (payload: Value): Value => (payload as Document)["id"] as Value

function open(options: AppOptions = {}): TestApp {
  return openApp({ providers: [byFunction, emailPassword, provider("anon-user"), provider("api-key")], ...options, functions: { authenticate, ...options.functions } })
}

const refuse = (): Value => {
  throw new Error("unauthorized")
}
const operations = ({ app }: TestApp): string[] => app.events.map(({ operationType, providers }) => `${operationType} ${providers.join()}`)

describe("the first login", () => {
  test("makes one account for two logins at once, and runs the creation function once", async () => {
    let runs = 0
    const functions = { onCreate: async () => {
      runs += 1
      await new Promise((resolve) => setTimeout(resolve, 30))
      return null
    } }
    const app = open({ customUserData: withCreation, functions })
    const replies = await Promise.all(Array.from({ length: 8 }, () => app.logIn("custom-function", { id: "ana" })))
    expect(new Set(replies.map(({ user_id: id }) => id)).size).toBe(1)
    expect(runs).toBe(1)
    expect(app.state.users.documents.size).toBe(1)
    expect(operations(app).filter((each) => each.startsWith("CREATE"))).toHaveLength(1)
    expect(operations(app).filter((each) => each.startsWith("LOGIN"))).toHaveLength(8)
  })

  test("makes one account for two processes at once", async () => {
    const state = memoryState()
    let runs = 0
    const functions = { onCreate: async () => {
      runs += 1
      await new Promise((resolve) => setTimeout(resolve, 50))
      return null
    } }
    const apps = [1, 2, 3].map(() => open({ state, customUserData: withCreation, functions }))
    const replies = await Promise.all(apps.map(({ logIn }) => logIn("custom-function", { id: "ana" })))
    expect(new Set(replies.map(({ user_id: id }) => id)).size).toBe(1)
    expect(runs).toBe(1)
    expect(apps.flatMap(operations).filter((each) => each.startsWith("CREATE"))).toHaveLength(1)
  })

  test("gives the creation function the user with its final id, before the user exists", async () => {
    let sawUsers = -1
    const app = open({ customUserData: withCreation, functions: { onCreate: () => {
      sawUsers = app.state.users.documents.size
      return null
    } } })
    const reply = await app.logIn("custom-function", { id: "ana" })
    expect(sawUsers).toBe(0)
    expect(app.app.calls.find(({ name }) => name === "onCreate")?.args).toEqual([{ id: reply.user_id, type: "normal", data: {}, custom_data: {}, identities: [{ id: "ana", provider_type: "custom-function", data: {} }] }])
  })

  test("that is vetoed leaves nothing, and the next may succeed", async () => {
    let veto = true
    const app = open({ customUserData: withCreation, functions: { onCreate: () => {
      if (veto) throw new Error("no seats left")
      return null
    } } })
    expect(await refusal(app.logIn("custom-function", { id: "ana" }))).toBe("400 FunctionExecutionError")
    expect([app.state.users.documents.size, app.state.identities.documents.size, app.state.sessions.documents.size]).toEqual([0, 0, 0])
    expect(operations(app)).toEqual([])
    veto = false
    expect(await refusal(app.logIn("custom-function", { id: "ana" }))).toBe("accepted")
  })

  test("goes on where a process that died had stopped, without running what had been run", async () => {
    for (const [ran, expected] of [[true, 0], [false, 1]] as const) {
      let runs = 0
      const app = open({ customUserData: withCreation, functions: { onCreate: () => {
        runs += 1
        return null
      } } })
      const userId = "64b1f0c2a7d93e5b8c214f06"
      await app.state.identities.insertOne({ _id: "custom-function:ana", user_id: userId, identity_id: "ana", state: "creating", claimant: "dead", lease: new Date(app.app.now.getTime() - 1), ran })
      expect((await app.logIn("custom-function", { id: "ana" })).user_id).toBe(userId)
      expect(runs).toBe(expected)
    }
  })

  test("waits for the lease of another process that may still be alive", async () => {
    const app = open()
    await app.state.identities.insertOne({ _id: "custom-function:ana", user_id: "64b1f0c2a7d93e5b8c214f06", identity_id: "ana", state: "creating", claimant: "other", lease: new Date(app.app.now.getTime() + 15_000), ran: false })
    const login = app.logIn("custom-function", { id: "ana" })
    const early = await Promise.race([login.then(() => "logged in"), new Promise((resolve) => setTimeout(() => resolve("waiting"), 60))])
    expect(early).toBe("waiting")
    app.advance(16)
    expect((await login).user_id).toBe("64b1f0c2a7d93e5b8c214f06")
  })

  test("is not run into a veto by an outage: the caller may try again", async () => {
    const { InternalError } = await import("../../../kernel/index.ts")
    const app = open({ customUserData: withCreation, functions: { onCreate: () => {
      throw new InternalError("unavailable", "Cannot run a function: the executor is away")
    } } })
    expect(await refusal(app.logIn("custom-function", { id: "ana" }))).toBe("503 InternalServerError")
    expect(app.state.identities.documents.size).toBe(0)
  })
})

describe("a later login", () => {
  test("finds the same account and refreshes its metadata", async () => {
    let name = "Ana"
    const app = open({ functions: { authenticate: () => ({ id: "ana", name }) } })
    const first = await app.logIn("custom-function")
    name = "Ana B"
    expect((await app.logIn("custom-function")).user_id).toBe(first.user_id)
    expect((await app.users.profile(first.user_id))["data"]).toEqual({ name: "Ana B" })
    expect(operations(app)).toEqual(["CREATE custom-function", "LOGIN custom-function", "LOGIN custom-function"])
  })

  test("is refused to a disabled user", async () => {
    const app = open()
    const { user_id: id } = await app.logIn("custom-function", { id: "ana" })
    await app.users.administration.disable(id)
    expect(await refusal(app.logIn("custom-function", { id: "ana" }))).toBe("401 UserDisabled")
  })

  test("tells of the account's creation if the first login could not", async () => {
    const app = open({ customUserData: customDataConfig })
    app.app.down = true
    expect(await refusal(app.logIn("custom-function", { id: "ana" }))).toBe("503 InternalServerError")
    expect(operations(app)).toEqual([])
    app.app.down = false
    await app.logIn("custom-function", { id: "ana" })
    expect(operations(app)).toEqual(["CREATE custom-function", "LOGIN custom-function"])
  })

  test("works though no event can be queued, and says so in the log", async () => {
    const app = open({ users: { onEvent: () => Promise.reject(new Error("queue away")) } })
    expect(await refusal(app.logIn("custom-function", { id: "ana" }))).toBe("accepted")
    expect(app.app.warnings).toEqual(["auth-event-delayed", "auth-event-lost"])
  })
})

describe("linking", () => {
  test("keeps the user id, appends the identity and tells of its creation", async () => {
    const app = open()
    const anonymous = await app.logIn("anon-user")
    await app.users.userpass.register({ email: "ana@example.com", password: "secret1" }, "a")
    const linked = await app.link(anonymous.access_token, "local-userpass", { username: "ana@example.com", password: "secret1" })
    expect(linked).toEqual({ access_token: expect.any(String), user_id: anonymous.user_id, device_id: anonymous.device_id })
    const profile = await app.users.profile(anonymous.user_id)
    expect((profile["identities"] as Document[]).map((each) => each["provider_type"])).toEqual(["anon-user", "local-userpass"])
    expect(profile["data"]).toEqual({ email: "ana@example.com" })
    expect(operations(app)).toEqual(["CREATE anon-user", "LOGIN anon-user", "CREATE local-userpass"])
    expect((await app.logIn("local-userpass", { username: "ana@example.com", password: "secret1" })).user_id).toBe(anonymous.user_id)
    expect(await app.users.administration.pending()).toEqual([])
  })

  test("is repeated without harm", async () => {
    const app = open()
    const anonymous = await app.logIn("anon-user")
    for (let time = 0; time < 2; time++) expect((await app.link(anonymous.access_token, "custom-function", { id: "ana" })).user_id).toBe(anonymous.user_id)
    expect(((await app.users.profile(anonymous.user_id))["identities"] as Document[]).length).toBe(2)
    expect(operations(app).filter((each) => each === "CREATE custom-function")).toHaveLength(1)
  })

  test("is refused as 400 when the identity belongs to another, to anonymous users and to keys", async () => {
    const app = open()
    await app.logIn("custom-function", { id: "ana" })
    const anonymous = await app.logIn("anon-user")
    expect(await refusal(app.link(anonymous.access_token, "custom-function", { id: "ana" }))).toBe("400 InvalidParameter")
    expect(await refusal(app.link(anonymous.access_token, "anon-user"))).toBe("400 InvalidParameter")
    expect(await refusal(app.link(anonymous.access_token, "api-key", { key: "x" }))).toBe("400 InvalidParameter")
    expect(((await app.users.profile(anonymous.user_id))["identities"] as Document[]).length).toBe(1)
  })

  test("is refused for a second e-mail identity, and the address stays free for a login of its own", async () => {
    const app = open()
    for (const email of ["one@example.com", "two@example.com"]) await app.users.userpass.register({ email, password: "secret1" }, "a")
    const first = await app.logIn("local-userpass", { username: "one@example.com", password: "secret1" })
    expect(await refusal(app.link(first.access_token, "local-userpass", { username: "two@example.com", password: "secret1" }))).toBe("400 InvalidParameter")
    expect((await app.logIn("local-userpass", { username: "two@example.com", password: "secret1" })).user_id).not.toBe(first.user_id)
  })

  test("of one identity by two users at once gives it to one", async () => {
    const app = open()
    const users = await Promise.all([app.logIn("anon-user"), app.logIn("anon-user")])
    const outcomes = await Promise.all(users.map(({ access_token: token }) => refusal(app.link(token, "custom-function", { id: "ana" }))))
    expect(outcomes.toSorted()).toEqual(["400 InvalidParameter", "accepted"])
  })

  test("is never answered 401 with what makes a client refresh without end", async () => {
    const app = open({ functions: { authenticate: refuse }, providers: [byFunction, emailPassword, provider("anon-user"), provider("custom-token")] })
    const { access_token: token } = await app.logIn("anon-user")
    for (const [name, payload] of [["custom-function", {}], ["local-userpass", { username: "nobody@example.com", password: "secret1" }], ["custom-token", { token: "a.b.c" }]] as const) {
      const error = await app.link(token, name, payload).then(() => undefined, (thrown: unknown) => thrown as { code: string; message: string })
      expect(error?.code).not.toBe("InvalidSession")
      expect(error?.message).not.toBe("unauthorized")
    }
  })
})

describe("deleting", () => {
  test("ends sessions, frees the credentials and tells of it with all providers", async () => {
    const app = open()
    const anonymous = await app.logIn("anon-user")
    await app.users.userpass.register({ email: "ana@example.com", password: "secret1" }, "a")
    const linked = await app.link(anonymous.access_token, "local-userpass", { username: "ana@example.com", password: "secret1" })
    const { key } = await app.users.createApiKey(anonymous.user_id, { name: "k" })
    await app.signIn.deleteUser(linked.access_token)
    expect(app.app.events.at(-1)).toMatchObject({ operationType: "DELETE", providers: ["anon-user", "local-userpass"], user: { id: anonymous.user_id, custom_data: {} } })
    expect(await refusal(app.signIn.refresh(anonymous.refresh_token))).toBe("401 InvalidSession")
    expect(await refusal(app.signIn.profile(linked.access_token))).toBe("401 InvalidSession")
    expect(await refusal(app.signIn.logOut(anonymous.refresh_token))).toBe("401 InvalidSession")
    expect(await refusal(app.logIn("api-key", { key: key as Value }))).toBe("401 AuthError")
    expect(await refusal(app.logIn("local-userpass", { username: "ana@example.com", password: "secret1" }))).toBe("401 InvalidPassword")
    await app.users.userpass.register({ email: "ana@example.com", password: "secret2" }, "a")
    expect((await app.logIn("local-userpass", { username: "ana@example.com", password: "secret2" })).user_id).not.toBe(anonymous.user_id)
  })

  test("by two at once tells of it once", async () => {
    const app = open()
    const { user_id: id } = await app.logIn("custom-function", { id: "ana" })
    const outcomes = await Promise.all([refusal(app.users.delete(id)), refusal(app.users.delete(id))])
    expect(outcomes.toSorted()).toEqual(["404 UserNotFound", "accepted"])
    expect(operations(app).filter((each) => each.startsWith("DELETE"))).toHaveLength(1)
  })

  test("of a pending user tells nothing", async () => {
    const app = open()
    await app.users.userpass.register({ email: "ana@example.com", password: "secret1" }, "a")
    await app.users.administration.deletePending("ana@example.com")
    expect(operations(app)).toEqual([])
    expect(await app.users.administration.pending()).toEqual([])
  })
})

describe("an event that no token is made for", () => {
  const deletions = (app: TestApp): Value[] => app.app.events.filter(({ operationType }) => operationType === "DELETE").map(({ user }) => user["custom_data"])

  test("of a deletion carries the document there is", async () => {
    const documents = new Map<string, Document>()
    const app = open({ customUserData: customDataConfig, documents })
    const { user_id: id } = await app.logIn("anon-user")
    documents.set(id, { _id: new ObjectId(id), team: "red" })
    await app.users.delete(id)
    expect(deletions(app)).toEqual([{ _id: id, team: "red" }])
  })

  test("of a deletion waits for a document that cannot be read", async () => {
    const documents = new Map<string, Document>()
    const app = open({ customUserData: customDataConfig, documents, users: { exclusive: true } })
    const { user_id: id } = await app.logIn("anon-user")
    documents.set(id, { team: "red" })
    app.app.down = true
    await app.users.delete(id)
    expect([deletions(app), app.app.warnings.includes("auth-event-delayed")]).toEqual([[], true])
    app.app.down = false
    await app.users.sweep()
    expect(deletions(app)).toEqual([{ team: "red" }])
  })

  test("of a deletion is not held up by a document that no token could carry", async () => {
    const documents = new Map<string, Document>()
    const app = open({ customUserData: customDataConfig, documents })
    const { user_id: id } = await app.logIn("anon-user")
    documents.set(id, { blob: "x".repeat(70_000) })
    await app.users.delete(id)
    expect(deletions(app)).toEqual([{}])
  })

  test("of an administrator's creation carries what the creation function inserted", async () => {
    const documents = new Map<string, Document>()
    const onCreate = (user: Value): Value => {
      documents.set((user as Document)["id"] as string, { team: "blue" })
      return null
    }
    const app = open({ customUserData: { ...customDataConfig, onUserCreationFunction: "onCreate" }, documents, functions: { onCreate } })
    await app.users.administration.create({ email: "ana@example.com", password: "secret1" })
    expect(app.app.events).toMatchObject([{ operationType: "CREATE", user: { custom_data: { team: "blue" } } }])
  })

  test("reads nothing when nobody wants events", async () => {
    const asked: string[] = []
    const app = open({ users: { wantsEvents: () => false, customDataOf: async (id) => ({ at: asked.push(id) }) } })
    await app.users.delete((await app.logIn("anon-user")).user_id)
    await app.users.administration.create({ email: "ana@example.com", password: "secret1" })
    expect(asked).toEqual([])
  })
})

describe("metadata", () => {
  test("of two identities is merged, and that of the last login wins", async () => {
    const app = open({ functions: { authenticate: (payload) => ({ id: (payload as Document)["id"] as string, name: (payload as Document)["name"] as string }) } })
    const anonymous = await app.logIn("anon-user")
    await app.link(anonymous.access_token, "custom-function", { id: "a", name: "first" })
    await app.link(anonymous.access_token, "custom-function", { id: "b", name: "second" })
    expect((await app.users.profile(anonymous.user_id))["data"]).toEqual({ name: "second" })
    await app.logIn("custom-function", { id: "a", name: "first" })
    expect((await app.users.profile(anonymous.user_id))["data"]).toEqual({ name: "first" })
    expect((await app.tokens.stateOf(anonymous.user_id))?.data).toEqual({ name: "first" })
  })
})
