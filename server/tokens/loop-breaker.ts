import { RequestError } from "../errors.ts"

/** Stops a client that refreshes without end: realm-web repeats a call as long as it is answered 401. */
export interface LoopBreaker {
  /** Counts one access token; throws 429, which keeps the client's tokens and ends its loop. */
  take(sessionId: string): void
}

const minuteMs = 60_000

/** Makes a breaker that allows a number of access tokens per session and minute, in this process. */
export function createLoopBreaker({ limit, clock, maxSessions = 50_000 }: { readonly limit: number; readonly clock: () => Date; readonly maxSessions?: number }): LoopBreaker {
  const windows = new Map<string, { count: number; ends: number }>()
  return {
    take(sessionId) {
      const now = clock().getTime()
      const found = windows.get(sessionId)
      if (found !== undefined && now < found.ends) {
        if (found.count >= limit) throw new RequestError("TooManyRequests", "too many access tokens asked for with one refresh token, try again in a minute")
        found.count += 1
        return
      }
      windows.delete(sessionId)
      if (windows.size >= maxSessions) windows.delete(windows.keys().next().value as string)
      windows.set(sessionId, { count: 1, ends: now + minuteMs })
    },
  }
}
