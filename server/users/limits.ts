import { RequestError } from "../errors.ts"

/** Counts attempts per key in fixed windows, in this process alone. */
export interface AttemptLimiter {
  /** Takes one attempt; throws 429 `TooManyRequests` when none is left. Gives how many are taken now. */
  take(key: string): number
  /** Gives one back: an attempt that turned out right is no attack. */
  giveBack(key: string): void
}

/** Makes a limiter. Holds at most `maxKeys` keys; beyond that the oldest window is forgotten. */
export function createLimiter({ limit, windowMs, clock, maxKeys = 100_000 }: { readonly limit: number; readonly windowMs: number; readonly clock: () => Date; readonly maxKeys?: number }): AttemptLimiter {
  const windows = new Map<string, { count: number; ends: number }>()
  return {
    take(key) {
      const now = clock().getTime()
      const found = windows.get(key)
      if (found !== undefined && found.ends > now) {
        if (found.count >= limit) throw tooMany()
        return (found.count += 1)
      }
      windows.delete(key)
      if (windows.size >= maxKeys) windows.delete(windows.keys().next().value as string)
      windows.set(key, { count: 1, ends: now + windowMs })
      return 1
    },
    giveBack(key) {
      const found = windows.get(key)
      if (found === undefined) return
      found.count -= 1
      if (found.count <= 0) windows.delete(key)
    },
  }
}

/** The refusal of whoever tries too often. */
export function tooMany(): RequestError {
  return new RequestError("TooManyRequests", "too many attempts, try again later")
}

/** Lets at most `width` pieces of work run and `waiting` wait; refuses the rest with 429, so that hashing cannot fill memory. */
export function createGate(width: number, waiting: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let running = 0
  const queue: (() => void)[] = []
  return async (work) => {
    if (running >= width) {
      if (queue.length >= waiting) throw tooMany()
      await new Promise<void>((resolve) => queue.push(resolve))
    } else {
      running += 1
    }
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
