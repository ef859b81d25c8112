// Attempts counted by all processes of an app together, without a request to the store where all is well.
import { hash } from "node:crypto"
import type { Clock } from "../../kernel/index.ts"
import { createLimiter, tooMany } from "./limits.ts"
import type { StateCollection } from "./ports.ts"

/** An attempt at a secret, whose end decides whether it counts. Exactly one of the two is to be called. */
export interface Attempt {
  failed(): Promise<void>
  succeeded(): Promise<void>
}

export interface Attempts {
  /** Counts something that counts whatever comes of it. Rejects with 429 `TooManyRequests` when none is left. */
  count(key: string): Promise<void>
  /** Begins an attempt; rejects as {@link count} does. */
  begin(key: string): Promise<Attempt>
  /** Forgets windows that are over. */
  sweep(): Promise<void>
  ensureIndexes(): Promise<void>
}

export interface AttemptsOptions {
  /** Keeps the counts of several kinds of attempts apart. */
  readonly purpose: string
  readonly limit: number
  readonly windowMs: number
  readonly clock: Clock
  /** `{ _id, count, expires }`. Without it this process is the only one. */
  readonly shared: StateCollection | undefined
}

/**
 * Makes the counts of one kind of attempt.
 *
 * INVARIANT: an attempt that is the only one of its key in this process and window goes ahead and is told of when it has failed; each further one is
 * told of before it begins. So all processes together let through the limit and one more each, and a login that succeeds at once costs nothing.
 */
export function createAttempts({ purpose, limit, windowMs, clock, shared }: AttemptsOptions): Attempts {
  const here = createLimiter({ limit, windowMs, clock })

  /** The count of a key in the present window. SECURITY: the key names an account and an address; the store gets a digest. */
  function counter(key: string, collection: StateCollection): { add(by: number): Promise<void>; take(): Promise<void> } {
    const window = Math.floor(clock().getTime() / windowMs)
    const _id = hash("sha256", `${purpose} ${window} ${key}`, "base64url")
    const add = async (by: number): Promise<void> => void await collection.updateOne({ _id }, { $inc: { count: by }, $setOnInsert: { expires: new Date((window + 2) * windowMs) } }, { upsert: true })
    return {
      add,
      async take() {
        await add(1)
        if (Number((await collection.findOne({ _id }))?.["count"]) > limit) throw tooMany()
      },
    }
  }

  return {
    async count(key) {
      here.take(key)
      if (shared !== undefined) await counter(key, shared).take()
    },
    async begin(key) {
      const isFirst = here.take(key) === 1
      if (shared === undefined) return { failed: () => Promise.resolve(), succeeded: async () => here.giveBack(key) }
      const everywhere = counter(key, shared)
      if (!isFirst) await everywhere.take()
      return {
        failed: async () => (isFirst ? everywhere.add(1) : undefined),
        async succeeded() {
          here.giveBack(key)
          if (!isFirst) await everywhere.add(-1)
        },
      }
    },
    sweep: async () => void await shared?.deleteMany({ expires: { $lt: clock() } }),
    ensureIndexes: async () => shared?.ensureIndex({ keys: { expires: 1 } }),
  }
}
