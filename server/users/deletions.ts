// Deleting a user, in steps that each may be the last one of a process. The first notes what is to be done, the last strikes the
// note; whoever finds a note that nobody works at goes through all the steps again.
import type { Clock, Document } from "../../kernel/index.ts"
import { toUser, type UserRecord } from "./records.ts"
import type { StateCollection } from "./ports.ts"

export interface Deletions {
  /** Deletes a user and all that is the user's own. False: there is none, or another deletion is under way. */
  delete(userId: string): Promise<boolean>
  /** Finishes what was begun for a user and left. */
  finish(userId: string): Promise<"none" | "under-way" | "finished">
  /** Finishes all that was left; resolves to whether some may be under way elsewhere. */
  finishAll(): Promise<boolean>
}

export interface DeletionsOptions {
  /** `{ _id: userId, since, until }`; nearly always empty. */
  readonly deletions: StateCollection
  readonly users: StateCollection
  readonly identities: StateCollection
  readonly clock: Clock
  readonly exclusive: boolean
  readonly onUserChanged: (userId: string) => void
  readonly endSessions: (userId: string) => Promise<unknown>
  /** Removes registrations and keys. */
  readonly removeBelongings: (user: UserRecord) => Promise<void>
  /** Queues the DELETE event; false when it could not be. The same call again queues nothing new. */
  readonly announce: (user: UserRecord, since: Date) => Promise<boolean>
}

const leaseMs = 15_000

/** Makes the deletions of one app. */
export function createDeletions({ deletions, users, identities, clock, exclusive, onUserChanged, endSessions, removeBelongings, announce }: DeletionsOptions): Deletions {
  /** Deletions that run in this process. */
  const running = new Set<string>()

  const isLive = ({ _id, until }: Document): boolean => running.has(_id as string) || (!exclusive && until instanceof Date && until > clock())
  const lease = (): Date => new Date(clock().getTime() + leaseMs)

  async function find(userId: string): Promise<UserRecord | undefined> {
    const document = await users.findOne({ _id: userId })
    return document === null ? undefined : toUser(document)
  }

  /** INVARIANT: each step may find its work done. What a user could come back by goes before what tells that there was one. */
  async function goThrough(userId: string, since: Date): Promise<boolean> {
    const user = await find(userId)
    if (user !== undefined) {
      // Another process hears of ended sessions, and not of users; the second time for those begun meanwhile.
      await endSessions(userId)
      if (!user.disabled) await users.updateOne({ _id: userId }, { $set: { disabled: true } })
      onUserChanged(userId)
      await endSessions(userId)
      // SECURITY: before the identities, so that a new account of the same identity never meets the old password.
      await removeBelongings(user)
    }
    await identities.deleteMany({ user_id: userId })
    if (user !== undefined) {
      if (!(await announce(user, since))) return true
      await users.deleteMany({ _id: userId })
      onUserChanged(userId)
    }
    await deletions.deleteMany({ _id: userId })
    return user !== undefined
  }

  /** Resolves to whether there still was a user. */
  async function run(userId: string, since: Date): Promise<boolean> {
    running.add(userId)
    try {
      return await goThrough(userId, since)
    } finally {
      running.delete(userId)
    }
  }

  /** Takes a note over from a process that is gone; false if another one was quicker. */
  async function takeOver({ _id, since, until }: Document): Promise<boolean> {
    if ((await deletions.updateOne({ _id, until }, { $set: { until: lease() } })) === 0) return false
    await run(_id as string, since as Date)
    return true
  }

  async function finishNote(note: Document | null): Promise<"none" | "under-way" | "finished"> {
    if (note === null) return "none"
    return !isLive(note) && (await takeOver(note)) ? "finished" : "under-way"
  }

  const finish: Deletions["finish"] = async (userId) => finishNote(await deletions.findOne({ _id: userId }))

  return {
    finish,
    async delete(userId) {
      if (running.has(userId) || (await find(userId)) === undefined) return false
      const since = clock()
      if ((await deletions.insertOne({ _id: userId, since, until: lease() })) === "duplicate") return (await finish(userId)) === "finished"
      return run(userId, since)
    },
    async finishAll() {
      let left = false
      for (const note of await deletions.find({})) if ((await finishNote(note)) === "under-way") left = true
      return left
    },
  }
}
