// Compare-and-swap with a bounded number of attempts.
import { setTimeout as sleep } from "node:timers/promises"
import { identical } from "../../engine/index.ts"
import type { Document } from "../../kernel/index.ts"
import type { RuleRequest } from "./request.ts"
import { StoreError } from "./store.ts"
import { idKey, type Target } from "./targets.ts"

/** What an attempt wants written, all of it admitted. */
export interface Plan { readonly targets: readonly Target[]; readonly insert: Document | undefined; readonly replaces?: boolean }

/** MongoDB's number for a write conflict. */
const writeConflict = 112

/**
 * Decides and writes, again as often as another writer comes between, at most `maxWriteAttempts` times.
 *
 * Where the store cannot swap several documents at once, those written before a conflict stay, are counted, and are left out
 * of the next attempt (`except`).
 */
export async function writeWithRetry(request: RuleRequest, plan: (except: ReadonlySet<string>) => Promise<Plan>): Promise<{ readonly targets: readonly Target[]; readonly upserted: Document | undefined }> {
  const { store, namespace, settings } = request
  const done: Target[] = []
  let duplicates = 0
  for (let attempt = 1; attempt <= settings.maxWriteAttempts; attempt++) {
    const { targets, insert, replaces = false } = await plan(new Set(done.map(({ before }) => idKey(before))))
    if (insert !== undefined) {
      try {
        await store.insert(namespace, [insert])
        return { targets: done, upserted: insert }
      } catch (error) {
        // Another writer inserted it first, or a hidden document has the same `_id`: the second time it is the latter.
        duplicates += 1
        if (!(error instanceof StoreError) || error.code !== "duplicate-key" || duplicates > 1) throw error
        continue
      }
    }
    const changed = targets.filter(({ before, after }) => after === null || !identical(before, after))
    const outcome = changed.length === 0 ? ({ outcome: "done" } as const) : await store.swap(namespace, replaces ? changed.map(({ before, after }) => ({ before, after, replaces })) : changed)
    if (outcome.outcome === "done") return { targets: [...done, ...targets], upserted: undefined }
    if (!store.abilities.transactions) done.push(...changed.slice(0, outcome.at))
    if (attempt > 3) await sleep(Math.random() * Math.min(attempt, 20))
  }
  throw new StoreError("bad-request", `Write conflict: other writers changed the documents ${settings.maxWriteAttempts} times`, { serverCode: writeConflict })
}
