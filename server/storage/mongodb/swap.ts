// Compare-and-swap on whole documents.
import type { ClientSession } from "mongodb"
import { writeBson, type Document } from "../../../kernel/index.ts"
import { StoreError, type Namespace, type Swap, type SwapOutcome } from "../../data/index.ts"
import { changedPaths } from "../describe-update.ts"
import { compileUpdate } from "../language/index.ts"
import { withId } from "../values.ts"
import { unchanged } from "./abilities.ts"
import { collectionOf, type MongoConnection } from "./connection.ts"

/** Writes swaps one after another, each only if the document is still what it was; in a session as part of its transaction. */
export async function swapInOrder(connection: MongoConnection, namespace: Namespace, swaps: readonly Swap[], session?: ClientSession): Promise<SwapOutcome> {
  for (const [at, swap] of swaps.entries()) if (!(await swapOne(connection, namespace, swap, session))) return { outcome: "conflict", at }
  return { outcome: "done" }
}

/**
 * All or nothing. The driver begins again after a clash with another transaction, and commits again when it does not know whether it
 * has: the swaps themselves say whether anything changed.
 */
export function swapTogether(connection: MongoConnection, namespace: Namespace, swaps: readonly Swap[]): Promise<SwapOutcome> {
  return connection.client.withSession((session) => session.withTransaction(async () => {
    const outcome = await swapInOrder(connection, namespace, swaps, session)
    if (outcome.outcome === "conflict") await session.abortTransaction()
    return outcome
  }, { readConcern: { level: "snapshot" }, writeConcern: { w: "majority" } }))
}

async function swapOne({ client, abilities, timeoutMS }: MongoConnection, namespace: Namespace, { before, after, replaces }: Swap, session: ClientSession | undefined): Promise<boolean> {
  const collection = collectionOf(client, namespace)
  const inSession = session === undefined ? {} : { session }
  if (before === null) {
    if (after !== null) await collection.insertOne(withId(after), inSession)
    return true
  }
  if (!abilities.compareAndSwap) throw new StoreError("unsupported", "Cannot write under rules: this MongoDB cannot compare a document as a whole (`$expr` with `$$ROOT`)")
  // A collection's own collation would take other spellings for equal, so the simple one is named.
  const options = { ...inSession, maxTimeMS: timeoutMS, ...(abilities.collation ? { collation: { locale: "simple" } } : {}) }
  if (after === null) return (await collection.deleteOne(unchanged(before), options)).deletedCount > 0
  const operators = replaces === true ? undefined : asOperators(before, after)
  const { matchedCount } = operators === undefined
    ? await collection.replaceOne(unchanged(before), withId(after), options)
    : await collection.updateOne(unchanged(before), operators, options)
  return Number(matchedCount) > 0
}

/**
 * The change as `$set` and `$unset`, so that change streams tell it as the update it is. Undefined where these operators would not
 * give exactly the same document, as with another order of its fields or names that are no paths.
 */
function asOperators(before: Document, after: Document): Document | undefined {
  const { updated, removed } = changedPaths(before, after)
  const set = Object.entries(updated).toSorted(([left], [right]) => (left < right ? -1 : 1))
  const update: Document = {
    ...(set.length === 0 ? {} : { $set: Object.fromEntries(set) }),
    ...(removed.length === 0 ? {} : { $unset: Object.fromEntries(removed.map((path) => [path, ""])) }),
  }
  try {
    const made = compileUpdate(update, { now: new Date(0) })(before, false)
    return Buffer.compare(writeBson(made), writeBson(after)) === 0 ? update : undefined
  } catch {
    return undefined
  }
}
