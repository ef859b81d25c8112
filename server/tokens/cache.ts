/** Answers that may be up to a few seconds old; reads of one key at the same moment are one read. */
export interface RecentCache<Answer> {
  get(key: string): Promise<Answer>
  forget(key: string): void
}

/** Makes a cache over a read. A read that fails is not kept, and the next caller reads again. */
export function createRecentCache<Answer>({ read, maxAgeMs, now, maxEntries = 10_000 }: { readonly read: (key: string) => Promise<Answer>; readonly maxAgeMs: number; readonly now: () => number; readonly maxEntries?: number }): RecentCache<Answer> {
  const entries = new Map<string, { readonly at: number; readonly answer: Promise<Answer> }>()
  return {
    get(key) {
      const at = now()
      const found = entries.get(key)
      if (found !== undefined && at - found.at < maxAgeMs && at >= found.at) return found.answer
      entries.delete(key)
      if (entries.size >= maxEntries) entries.delete(entries.keys().next().value as string)
      const answer = read(key)
      const entry = { at, answer }
      entries.set(key, entry)
      answer.catch(() => {
        if (entries.get(key) === entry) entries.delete(key)
      })
      return answer
    },
    forget(key) {
      entries.delete(key)
    },
  }
}
