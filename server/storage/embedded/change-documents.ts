// Finding documents to change and changing them, so that nothing comes between the two and nobody waits long.
import { StoreError } from "../../data/index.ts"
import type { Access } from "./access.ts"
import { Slice } from "./cursor.ts"
import { searchBatches, searchWithin, type Search } from "./search.ts"
import type { Found, WriteContext } from "./write-context.ts"

/** Rows a job may look at while others wait; a longer search is done outside, and what it found is looked at again. */
const rowsWithinJob = 2000
const attempts = 8

/** Changes the first document of a search; `apply` gets null when there is none. */
export async function changeFirst<Result>(access: Access, search: Search, apply: (context: WriteContext, found: Found | null) => Result): Promise<Result> {
  const quick = await access.write((context) => {
    const found = searchWithin(context, search, 1, rowsWithinJob)
    return found === "over" ? undefined : { result: apply(context, found[0] ?? null) }
  })
  if (quick !== undefined) return quick.result
  for (let attempt = 0; attempt < attempts; attempt++) {
    const version = access.version()
    const [candidate] = await firstBatch(access, search)
    const settled = await access.write((context) => {
      if (candidate === undefined) return access.version() === version ? { result: apply(context, null) } : undefined
      const now = context.fetch(search.namespace, candidate.n)
      return now !== undefined && search.matches(now.document) ? { result: apply(context, now) } : undefined
    })
    if (settled !== undefined) return settled.result
  }
  // Others write faster than the search reads: now they wait.
  return access.write((context) => {
    const found = searchWithin(context, search, 1, Number.POSITIVE_INFINITY)
    return apply(context, found === "over" ? null : found[0] ?? null)
  })
}

async function firstBatch(access: Access, search: Search): Promise<Found[]> {
  for await (const batch of searchBatches(() => access.reader(), search, 0, 1)) return batch
  return []
}

/**
 * Changes every document of a search and gives the number found; `none` runs, with nothing written since, when there is none.
 *
 * As in MongoDB a change of many is not one step: each document is changed only if it still matches then, and when one
 * cannot be changed those before it stay changed.
 */
export async function changeAll(access: Access, search: Search, apply: (context: WriteContext, found: Found) => void, none: (context: WriteContext) => void = () => undefined): Promise<number> {
  const quick = await access.write((context) => {
    const found = searchWithin(context, search, Number.POSITIVE_INFINITY, rowsWithinJob)
    if (found === "over") return undefined
    if (found.length === 0) none(context)
    return applyEach(found, (each) => apply(context, each))
  })
  if (quick !== undefined) return settle(quick)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const version = access.version()
    const numbers: number[] = []
    for await (const batch of searchBatches(() => access.reader(), search)) for (const { n } of batch) numbers.push(n)
    if (numbers.length > 0) return changeNumbered(access, search, numbers, apply)
    const settled = await access.write((context) => (access.version() === version ? (none(context), true) : false))
    if (settled) return 0
  }
  throw new StoreError("unavailable", "Cannot update or insert: others write faster than the search for a match reads", { serverCode: 112 })
}

async function changeNumbered(access: Access, search: Search, numbers: readonly number[], apply: (context: WriteContext, found: Found) => void): Promise<number> {
  const turn = new Slice()
  let count = 0
  let at = 0
  while (at < numbers.length) {
    const from = at
    const step = await access.write((context) => {
      const slice = new Slice()
      const outcome = { count: 0, next: from, error: undefined as unknown }
      for (; outcome.next < numbers.length && !slice.isOver; outcome.next++) {
        const found = context.fetch(search.namespace, numbers[outcome.next] as number)
        if (found === undefined || !search.matches(found.document)) continue
        const applied = applyEach([found], (each) => apply(context, each))
        if (applied.error !== undefined) return { ...outcome, error: applied.error }
        outcome.count += 1
      }
      return outcome
    })
    if (step.error !== undefined) throw step.error
    count += step.count
    at = step.next
    // A transaction's writes do not wait for anything that would give way.
    if (turn.isOver) await turn.pause()
  }
  return count
}

/** Applies a change to documents in order; a refusal ends it and is kept, so that what came before is committed. */
function applyEach(found: readonly Found[], apply: (found: Found) => void): { readonly count: number; readonly error: unknown } {
  let count = 0
  for (const each of found) {
    try {
      apply(each)
    } catch (error) {
      // INVARIANT: a document is refused before anything of it is written. Other errors undo the whole step.
      if (error instanceof StoreError) return { count, error }
      throw error
    }
    count += 1
  }
  return { count, error: undefined }
}

function settle({ count, error }: { readonly count: number; readonly error: unknown }): number {
  if (error !== undefined) throw error
  return count
}
