// Which identities' CREATE events are still owed. The debt stands in the identity's record from the write that makes it, and is
// struck off after the event is queued: whoever dies in between leaves it to the next login.
import { setTimeout as sleep } from "node:timers/promises"
import type { Clock, Value } from "../../kernel/index.ts"
import type { StateCollection } from "./ports.ts"

export interface Announcements {
  /**
   * Queues what is owed for an identity. Resolves when it is queued, by this call or another one; false when it could not be and
   * remains owed. `since` is the debt as it was read.
   */
  settle(key: string, since: Date, queue: () => Promise<void>): Promise<boolean>
}

/** How long a process that says nothing is taken to be at the queue; it is there for two writes. */
const claimMs = 5000

/** Makes the settling of debts over the identities of one app. `exclusive`: no other process has them. */
export function createAnnouncements({ identities, clock, exclusive }: { readonly identities: StateCollection; readonly clock: Clock; readonly exclusive: boolean }): Announcements {
  /** Claims that calls of this process hold. */
  const held = new Set<string>()

  function isLive(key: string, until: Value): boolean {
    if (!(until instanceof Date)) return false
    return exclusive ? held.has(key) : until > clock()
  }

  async function queueAndStrike(key: string, since: Date, until: Date, queue: () => Promise<void>): Promise<boolean> {
    const mine = { _id: key, owed: since, owed_until: until }
    try {
      await queue()
    } catch {
      await identities.updateOne(mine, { $unset: { owed_until: 1 } }).catch(() => undefined)
      return false
    }
    // Should this fail, the event is queued a second time under the same number.
    await identities.updateOne(mine, { $unset: { owed: 1, owed_until: 1 } }).catch(() => undefined)
    return true
  }

  return {
    async settle(key, since, queue) {
      let found: Value = null
      for (let pause = 5; ; pause = Math.min(pause * 2, 100)) {
        if (!isLive(key, found)) {
          const until = new Date(clock().getTime() + claimMs)
          held.add(key)
          try {
            if ((await identities.updateOne({ _id: key, owed: since, owed_until: found ?? null }, { $set: { owed_until: until } })) === 1) return await queueAndStrike(key, since, until, queue)
          } finally {
            held.delete(key)
          }
        } else {
          await sleep(pause)
        }
        const record = await identities.findOne({ _id: key, owed: since })
        if (record === null) return true
        found = record["owed_until"]
      }
    },
  }
}
