// Passwords that were right a moment ago. Whoever calls an endpoint with email and password sends both with every request, and a
// hash that is made to be slow would be computed each time.
import { createHmac, randomBytes } from "node:crypto"

/** Remembers which password was right for which hash. */
export interface RememberedPasswords {
  has(password: string, hash: string): boolean
  add(password: string, hash: string): void
}

const most = 10_000

/**
 * Makes an empty memory. An entry counts for a minute from when the password was really verified, however often it is asked for.
 *
 * SECURITY: what is kept is a digest under a key of this process alone, of password and stored hash together: no password, and
 * nothing that is of use outside of this process. A changed password has another hash, so that an old one is never found again;
 * whether the account is enabled is asked elsewhere, each time. Only right passwords are kept, and wrong ones cost what they did.
 */
export function createRememberedPasswords(lifetimeMs = 60_000, now: () => number = () => performance.now()): RememberedPasswords {
  const key = randomBytes(32)
  const until = new Map<string, number>()
  const digest = (password: string, hash: string): string => createHmac("sha256", key).update(`${hash.length}:${hash}${password}`).digest("base64")

  return {
    has(password, hash) {
      if (until.size === 0) return false
      const entry = digest(password, hash)
      const end = until.get(entry)
      if (end === undefined) return false
      if (end > now()) return true
      until.delete(entry)
      return false
    },
    add(password, hash) {
      const entry = digest(password, hash)
      // The oldest are at the front, since all live equally long.
      until.delete(entry)
      for (const [each, end] of until) {
        if (end > now() && until.size < most) break
        until.delete(each)
      }
      until.set(entry, now() + lifetimeMs)
    },
  }
}
