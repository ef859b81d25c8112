// The first login of an identity: it makes one account, also when two first logins meet or a process dies in the middle.
import { randomBytes } from "node:crypto"
import type { Clock, Document } from "../../kernel/index.ts"
import type { Credentials } from "./accounts.ts"
import type { StateCollection } from "./ports.ts"
import { toDocument, type UserRecord } from "./records.ts"

export interface FirstLogins {
  /** Claims an identity nobody has, and makes its account. Undefined: another login was quicker. `owed`: since when a CREATE event is. */
  begin(key: string, credentials: Credentials, userId: string, owed: Date | undefined): Promise<UserRecord | undefined>
  /** Whether a claim was left by a process that is gone. */
  isLeft(claim: Document): boolean
  /** Goes on with a claim that was left: with the user id it had chosen, and without repeating what it had finished. */
  takeOver(key: string, credentials: Credentials, claim: Document): Promise<UserRecord | undefined>
  /** The end of the first login of an identity, if this process runs it. Never rejects. */
  running(key: string): Promise<void> | undefined
}

export interface FirstLoginsOptions {
  readonly users: StateCollection
  readonly identities: StateCollection
  readonly clock: Clock
  /** Runs the creation function, if one is configured now, and resolves to whether there was one; rejecting vetoes the account. */
  readonly beforeCreation: (user: UserRecord) => Promise<boolean>
  readonly exclusive: boolean
}

const leaseMs = 15_000

/** Makes the first logins of one app. */
export function createFirstLogins({ users, identities, clock, beforeCreation, exclusive }: FirstLoginsOptions): FirstLogins {
  /** First logins running in this process, so that others here need not poll. */
  const creating = new Map<string, Promise<void>>()
  /** Claimants of this process, from before their claim is stored. */
  const held = new Set<string>()

  const claimed = (): Document => ({ claimant: randomBytes(9).toString("base64url"), lease: new Date(clock().getTime() + leaseMs) })

  async function holding<Result>({ claimant }: Document, work: () => Promise<Result>): Promise<Result> {
    held.add(claimant as string)
    try {
      return await work()
    } finally {
      held.delete(claimant as string)
    }
  }

  function create(key: string, credentials: Credentials, claim: Document): Promise<UserRecord> {
    const work = runCreation(key, credentials, claim)
    // Waiters only want to know when it has ended; how is told to the login that runs it.
    const ended = work.then(() => undefined, () => undefined)
    creating.set(key, ended)
    void ended.then(() => creating.delete(key))
    return work
  }

  async function runCreation(key: string, { identity, type }: Credentials, claim: Document): Promise<UserRecord> {
    const now = clock()
    const mine = { _id: key, claimant: claim["claimant"] as string }
    const user: UserRecord = {
      id: claim["user_id"] as string, type: type ?? "normal", disabled: false, identities: [identity], lastIdentity: identity.id, created: now, lastLogin: now,
      sessionsValidSince: 0, anonymous: identity.providerType === "anon-user", version: 0,
    }
    const heartbeat = setInterval(() => {
      // A lost heartbeat only lets another process take over once the lease is over.
      identities.updateOne(mine, { $set: { lease: new Date(clock().getTime() + leaseMs) } }).catch(() => undefined)
    }, leaseMs / 3)
    try {
      // From its end on the function is not run again: a failure to note that leaves the claim, and with it the user id.
      if (claim["ran"] !== true && (await runFunction())) await identities.updateOne(mine, { $set: { ran: true } })
    } finally {
      clearInterval(heartbeat)
    }
    // A duplicate here is the record of the process that died after writing it.
    await users.insertOne(toDocument(user))
    await identities.updateOne(mine, { $set: { state: "active" }, $unset: { lease: 1, claimant: 1, ran: 1 } })
    return user

    async function runFunction(): Promise<boolean> {
      try {
        return await beforeCreation(user)
      } catch (error) {
        await identities.deleteMany(mine)
        throw error
      }
    }
  }

  return {
    begin(key, credentials, userId, owed) {
      const claim: Document = { _id: key, user_id: userId, identity_id: credentials.identity.id, state: "creating", ...claimed(), ran: false, ...(owed === undefined ? {} : { owed }) }
      // INVARIANT: `_id` is provider and identity, so of two first logins one inserts, before the creation function runs.
      return holding(claim, async () => ((await identities.insertOne(claim)) === "duplicate" ? undefined : create(key, credentials, claim)))
    },
    isLeft: ({ claimant, lease }) => (exclusive ? !held.has(claimant as string) : (lease as Date).getTime() <= clock().getTime()),
    takeOver(key, credentials, claim) {
      const mine = claimed()
      return holding(mine, async () => {
        const taken = await identities.updateOne({ _id: key, state: "creating", claimant: claim["claimant"] }, { $set: mine })
        return taken === 1 ? create(key, credentials, { ...claim, ...mine }) : undefined
      })
    },
    running: (key) => creating.get(key),
  }
}
