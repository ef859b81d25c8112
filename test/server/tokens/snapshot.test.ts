// The copy of custom data: in tokens, and with the session.
import { describe, expect, test } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import { claimsOf, customDataConfig, refusal, registered } from "../users/app.ts"

describe("the snapshot", () => {
  test("of a verified token is decoded once, frozen, and the same object at each check", async () => {
    const documents = new Map<string, Document>()
    const { reply, tokens, signIn } = await registered({ customUserData: customDataConfig, documents })
    documents.set(reply.user_id, { user_id: reply.user_id, joined: new Date(5), tags: ["a"] })
    const { access_token: token } = await signIn.refresh(reply.refresh_token)
    const { customData } = await tokens.verifyAccess(token)
    expect(customData).toEqual({ user_id: reply.user_id, joined: new Date(5), tags: ["a"] })
    expect((await tokens.verifyAccess(token)).customData).toBe(customData)
    expect(() => {
      customData["role"] = "admin"
    }).toThrow(TypeError)
    expect(Object.isFrozen(customData["tags"])).toBe(true)
  })

  test("of the session's last token is used again under the policy `previous`, for a day", async () => {
    const documents = new Map<string, Document>()
    const { app, reply, signIn, advance } = await registered({ customUserData: customDataConfig, documents, policy: { onReadError: "previous" } })
    documents.set(reply.user_id, { theme: "dark" })
    await signIn.refresh(reply.refresh_token)
    app.down = true
    expect(claimsOf((await signIn.refresh(reply.refresh_token)).access_token)["user_data"]).toEqual({ theme: "dark" })
    expect(app.warnings).toContain("custom-data-unavailable")
    advance(24 * 3600 - 1)
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe("accepted")
    // Falling back on a copy makes it no younger.
    advance(1)
    expect(await refusal(signIn.refresh(reply.refresh_token))).toBe("503 InternalServerError")
  })

  test("is kept with the session, written again only when it is another, and goes when the session ends", async () => {
    const documents = new Map<string, Document>()
    const { reply, signIn, tokens, state, advance } = await registered({ customUserData: customDataConfig, documents })
    const writes: Document[] = []
    const update = state.sessions.updateOne.bind(state.sessions)
    state.sessions.updateOne = (filter, change) => {
      writes.push(change)
      return update(filter, change)
    }
    const kept = async (): Promise<unknown> => {
      await tokens.close()
      const [{ snapshot, snapshot_at: at }] = (await state.sessions.find({})) as [Document]
      return [snapshot, at]
    }
    const refresh = async (): Promise<void> => void (await signIn.refresh(reply.refresh_token))
    expect(await kept()).toEqual([null, new Date("2024-05-01T12:00:00Z")])
    documents.set(reply.user_id, { theme: "dark" })
    advance(60)
    await refresh()
    expect(await kept()).toEqual(['{"theme":"dark"}', new Date("2024-05-01T12:01:00Z")])
    advance(60)
    for (let index = 0; index < 5; index++) await refresh()
    expect([await kept(), writes.length]).toEqual([['{"theme":"dark"}', new Date("2024-05-01T12:01:00Z")], 1])
    documents.delete(reply.user_id)
    await refresh()
    expect([await kept(), writes.length]).toEqual([[null, new Date("2024-05-01T12:02:00Z")], 2])
    documents.set(reply.user_id, { theme: "light" })
    await refresh()
    await signIn.logOut(reply.refresh_token)
    expect(await kept()).toEqual([undefined, undefined])
  })

  test("that could not be kept is kept by the next refresh", async () => {
    const documents = new Map<string, Document>()
    const { app, reply, signIn, tokens, state } = await registered({ customUserData: customDataConfig, documents })
    const update = state.sessions.updateOne.bind(state.sessions)
    documents.set(reply.user_id, { theme: "dark" })
    await signIn.refresh(reply.refresh_token)
    await tokens.close()
    documents.set(reply.user_id, { theme: "light" })
    state.sessions.updateOne = () => Promise.reject(new Error("away"))
    await signIn.refresh(reply.refresh_token)
    await tokens.close()
    expect(app.warnings).toEqual(["session-note-failed"])
    state.sessions.updateOne = update
    await signIn.refresh(reply.refresh_token)
    await tokens.close()
    expect(await state.sessions.findOne({})).toMatchObject({ snapshot: '{"theme":"light"}' })
  })

  test("that was absent stays absent under `previous`", async () => {
    const { app, reply, signIn } = await registered({ customUserData: customDataConfig, policy: { onReadError: "previous" } })
    app.down = true
    expect(claimsOf((await signIn.refresh(reply.refresh_token)).access_token)).not.toHaveProperty("user_data")
  })
})
