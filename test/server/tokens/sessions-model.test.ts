// Random histories over two processes, compared with the plainest account of what a session is: whatever is remembered, cached or
// heard of late must not show (with an age of zero), at whatever difference of clocks.
import fc from "fast-check"
import { expect, test } from "vitest"
import { openApp, provider, refusal, type TestApp } from "../users/app.ts"
import { memoryState } from "../users/memory-state.ts"

type Step =
  | { readonly kind: "login"; readonly user: number; readonly at: number }
  | { readonly kind: "refresh" | "verify" | "logout"; readonly session: number; readonly at: number }
  | { readonly kind: "disable" | "enable" | "revokeSessions" | "delete"; readonly user: number; readonly at: number }
  | { readonly kind: "advance"; readonly seconds: number; readonly at: number }
  | { readonly kind: "rotate" | "sweep"; readonly at: number }

const at = fc.integer({ min: 0, max: 1 })
const user = fc.integer({ min: 0, max: 1 })
const session = fc.nat({ max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("login" as const), user, at }) },
  { weight: 9, arbitrary: fc.record({ kind: fc.constantFrom("refresh" as const, "verify" as const), session, at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("logout" as const), session, at }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("disable" as const, "enable" as const, "revokeSessions" as const, "delete" as const), user, at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("advance" as const), seconds: fc.constantFrom(0.001, 1, 6, 300), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("rotate" as const, "sweep" as const), at }) },
)

interface ModelSession { readonly account: Account; readonly access: string; readonly refresh: string; ended: boolean; revoked: boolean }
interface Account { readonly id: string; disabled: boolean; gone: boolean }

async function play(steps: readonly Step[], skewSeconds: number): Promise<void> {
  const state = memoryState()
  const options = { state, providers: [provider("custom-function", { config: { authFunctionName: "f" } })], functions: { f: (payload: unknown) => (payload as { id: string }).id }, tokens: { stateAgeMs: 0, refreshesPerMinute: 1000 } }
  const processes = [openApp(options), openApp(options)] as [TestApp, TestApp]
  processes[1].advance(skewSeconds)
  const accounts: (Account | undefined)[] = [undefined, undefined]
  const sessions: ModelSession[] = []
  let passed = 0
  const endAll = (account: Account): void => {
    for (const each of sessions) if (each.account === account) [each.ended, each.revoked] = [true, true]
  }

  for (const each of steps) {
    const here = processes[each.at as 0 | 1]
    switch (each.kind) {
      case "login": {
        const account = accounts[each.user]
        const attempt = here.logIn("custom-function", { id: `user-${each.user}` })
        if (account?.disabled === true) {
          expect(await refusal(attempt)).toBe("401 UserDisabled")
          break
        }
        const reply = await attempt
        if (account === undefined || account.gone) {
          expect(sessions.map(({ account: other }) => other.id)).not.toContain(reply.user_id)
          accounts[each.user] = { id: reply.user_id, disabled: false, gone: false }
        } else expect(reply.user_id).toBe(account.id)
        sessions.push({ account: accounts[each.user] as Account, access: reply.access_token, refresh: reply.refresh_token as string, ended: false, revoked: false })
        break
      }
      case "refresh":
      case "verify":
      case "logout": {
        const subject = sessions[each.session]
        if (subject === undefined) break
        if (each.kind === "verify") expect(await refusal(here.tokens.verifyAccess(subject.access))).toBe(subject.revoked ? "401 InvalidSession" : "accepted")
        else if (each.kind === "refresh") expect(await refusal(here.signIn.refresh(subject.refresh))).toBe(subject.ended ? "401 InvalidSession" : "accepted")
        else {
          expect(await refusal(here.signIn.logOut(subject.refresh))).toBe(subject.ended ? "401 InvalidSession" : "accepted")
          subject.ended = true
        }
        break
      }
      case "disable":
      case "enable":
      case "revokeSessions":
      case "delete": {
        const account = accounts[each.user]
        if (account === undefined) break
        expect(await refusal(here.users.administration[each.kind](account.id))).toBe(account.gone ? "404 UserNotFound" : "accepted")
        if (account.gone) break
        if (each.kind !== "enable") endAll(account)
        if (each.kind === "delete") accounts[each.user] = { ...account, disabled: false, gone: true }
        else if (each.kind !== "revokeSessions") account.disabled = each.kind === "disable"
        break
      }
      case "advance":
        // Access tokens shall not expire meanwhile: that is tested elsewhere.
        passed += each.seconds
        if (passed < 1700) for (const app of processes) app.advance(each.seconds)
        break
      case "rotate": await here.tokens.keys.rotate(); break
      case "sweep": await here.tokens.sweep(); break
    }
  }
}

test("two processes agree with the plain model of sessions", { timeout: 60_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), fc.constantFrom(0, 0.5, 3, -3), play), { numRuns: 400 })
})
