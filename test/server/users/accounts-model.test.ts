// Logins, links and deletions in any interleaving: whatever meets whatever, each identity leads to one account
// at most, and each account's identities lead to it.
import fc from "fast-check"
import { expect, test } from "vitest"
import type { Document, Value } from "../../../kernel/index.ts"
import { InternalError } from "../../../kernel/index.ts"
import type { StateCollection } from "../../../server/users/index.ts"
import { customDataConfig, openApp, provider, refusal } from "./app.ts"
import { memoryCollection, memoryState } from "./memory-state.ts"

/** A collection whose operations take effect when the scheduler says, so that operations of several requests interleave. */
function scheduled(inner: ReturnType<typeof memoryCollection>, scheduler: fc.Scheduler, name: string): ReturnType<typeof memoryCollection> {
  const later = <Args extends unknown[], Result>(what: string, work: (...args: Args) => Promise<Result>) => async (...args: Args): Promise<Result> => {
    await scheduler.schedule(Promise.resolve(), `${name}.${what}`)
    return work(...args)
  }
  const wrapped: StateCollection = {
    findOne: later("findOne", inner.findOne), find: later("find", inner.find), insertOne: later("insertOne", inner.insertOne), updateOne: later("updateOne", inner.updateOne), deleteMany: later("deleteMany", inner.deleteMany), ensureIndex: inner.ensureIndex,
  }
  return { ...wrapped, documents: inner.documents }
}

type Request = { readonly kind: "login" | "link"; readonly identity: number } | { readonly kind: "delete"; readonly identity: number }
const request: fc.Arbitrary<Request> = fc.record({ kind: fc.constantFrom("login" as const, "login" as const, "link" as const, "delete" as const), identity: fc.integer({ min: 0, max: 2 }) })

test("however requests interleave, identities and accounts agree when all is done", { timeout: 60_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(request, { minLength: 2, maxLength: 6 }), fc.boolean(), fc.scheduler(), async (requests, veto, scheduler) => {
    const plain = memoryState()
    let vetoes = veto ? 1 : 0
    const ran: string[] = []
    const options = {
      providers: [provider("custom-function", { config: { authFunctionName: "f" } }), provider("anon-user")], customUserData: { ...customDataConfig, onUserCreationFunction: "onCreate" },
      functions: {
        f: (payload: Value) => (payload as Document)["id"] as Value,
        onCreate: (user: Value): Value => {
          const [identity] = (user as Document)["identities"] as Document[]
          if (identity?.["provider_type"] !== "custom-function") return null
          if (vetoes-- > 0) throw new Error("veto")
          ran.push((user as Document)["id"] as string)
          return null
        },
      },
    }
    const calm = openApp({ ...options, state: plain })
    // One account with a token to link to, made in peace.
    const base = await calm.logIn("anon-user")
    const state = { ...plain, users: scheduled(plain.users, scheduler, "users"), identities: scheduled(plain.identities, scheduler, "identities") }
    const app = openApp({ ...options, state })
    const outcomes = requests.map(({ kind, identity }) => {
      const payload = { id: `i${identity}` }
      if (kind === "login") return refusal(app.logIn("custom-function", payload))
      if (kind === "link") return refusal(app.link(base.access_token, "custom-function", payload))
      return refusal((async () => {
        const claim = await state.identities.findOne({ _id: `custom-function:i${identity}`, state: "active" })
        if (claim !== null) await app.users.delete(claim["user_id"] as string)
      })())
    })
    // Waiting logins poll, so operations keep coming: run the scheduler until every request has ended.
    const progress = { ended: false }
    const done = Promise.all(outcomes).finally(() => {
      progress.ended = true
    })
    while (!progress.ended) {
      if (scheduler.count() > 0) await scheduler.waitOne()
      else await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const results = await done
    for (const result of results) expect(["accepted", "400 FunctionExecutionError", "400 InvalidParameter", "401 InvalidSession", "404 UserNotFound"]).toContain(result)

    const users = new Map([...plain.users.documents].map(([id, user]) => [id, (user["identities"] as Document[]).map((each) => `${String(each["provider_type"])}:${String(each["id"])}`)]))
    // Each identity of an account leads to it, and to no other.
    for (const [id, keys] of users) for (const key of keys) expect(plain.identities.documents.get(key)).toMatchObject({ user_id: id, state: "active" })
    // No account was made twice by its function.
    expect(new Set(ran).size).toBe(ran.length)
    // Logging in still works for every identity, and gives what the records say.
    for (const identity of [0, 1, 2]) {
      vetoes = 0
      const claim = plain.identities.documents.get(`custom-function:i${identity}`)
      const reply = await calm.logIn("custom-function", { id: `i${identity}` })
      if (claim !== undefined && users.has(claim["user_id"] as string)) expect(reply.user_id).toBe(claim["user_id"])
    }
  }), { numRuns: 200 })
})

test("an outage at any step of a first login leaves something the next login mends", async () => {
  for (let failing = 1; failing <= 12; failing++) {
    const plain = memoryState()
    let step = 0
    const guard = <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) => async (...args: Args): Promise<Result> => {
      step += 1
      // From the failing step on everything fails, as when the database goes away.
      if (step >= failing) throw new InternalError("unavailable", "away")
      return work(...args)
    }
    const fragile = (inner: ReturnType<typeof memoryCollection>): ReturnType<typeof memoryCollection> =>
      ({ ...inner, findOne: guard(inner.findOne), find: guard(inner.find), insertOne: guard(inner.insertOne), updateOne: guard(inner.updateOne), deleteMany: guard(inner.deleteMany) })
    const providers = [provider("custom-function", { config: { authFunctionName: "f" } })]
    let runs = 0
    const functions = { f: () => "ana", onCreate: () => {
      runs += 1
      return null
    } }
    const options = { providers, functions, customUserData: { ...customDataConfig, onUserCreationFunction: "onCreate" } }
    const away = openApp({ ...options, state: { ...plain, users: fragile(plain.users), identities: fragile(plain.identities), sessions: fragile(plain.sessions) } })
    const first = await refusal(away.logIn("custom-function"))
    const back = openApp({ ...options, state: plain })
    back.advance(16)
    const reply = await back.logIn("custom-function")
    expect((await back.tokens.verifyAccess(reply.access_token)).userId).toBe(reply.user_id)
    expect(plain.users.documents.size).toBe(1)
    // The function runs again only where its end could not be noted.
    expect(runs).toBeLessThanOrEqual(2)
    if (first === "accepted") expect(runs).toBe(1)
    expect([...away.app.events, ...back.app.events].filter(({ operationType }) => operationType === "CREATE").length).toBeGreaterThanOrEqual(1)
  }
})
