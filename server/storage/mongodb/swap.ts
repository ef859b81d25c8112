// Compare-and-swap on whole documents.
import type { ClientSession } from "mongodb"
import type { Document } from "../../../kernel/index.ts"
import type { Namespace, Swap, SwapOutcome } from "../../data/index.ts"
import { withId } from "../values.ts"
import { collectionOf, type MongoConnection } from "./connection.ts"
import { serverCodeOf } from "./errors.ts"

/** MongoDB says that another transaction wrote the same document. */
const writeConflict = 112
const attempts = 5

/** Writes swaps one after another, each only if the document is still what it was; in a session as part of its transaction. */
export async function swapInOrder(connection: MongoConnection, namespace: Namespace, swaps: readonly Swap[], session?: ClientSession): Promise<SwapOutcome> {
  for (const [at, swap] of swaps.entries()) if (!(await swapOne(connection, namespace, swap, session))) return { outcome: "conflict", at }
  return { outcome: "done" }
}

/** All or nothing. A clash with another transaction begins again: the swaps themselves say whether anything changed. */
export async function swapTogether(connection: MongoConnection, namespace: Namespace, swaps: readonly Swap[]): Promise<SwapOutcome> {
  for (let attempt = 1; ; attempt++) {
    const session = connection.client.startSession()
    try {
      session.startTransaction({ readConcern: { level: "snapshot" }, writeConcern: { w: "majority" } })
      const outcome = await swapInOrder(connection, namespace, swaps, session)
      if (outcome.outcome === "done") await session.commitTransaction()
      else await session.abortTransaction()
      return outcome
    } catch (error) {
      if (session.inTransaction()) await session.abortTransaction().catch(() => undefined)
      if (serverCodeOf(error) !== writeConflict || attempt === attempts) throw error
    } finally {
      await session.endSession()
    }
  }
}

async function swapOne({ client, abilities, timeoutMS }: MongoConnection, namespace: Namespace, { before, after }: Swap, session: ClientSession | undefined): Promise<boolean> {
  const collection = collectionOf(client, namespace)
  const inSession = session === undefined ? {} : { session }
  if (before === null) {
    if (after !== null) await collection.insertOne(withId(after), inSession)
    return true
  }
  const options = { ...inSession, maxTimeMS: timeoutMS, ...(abilities.collation ? { collation: { locale: "simple" } } : {}) }
  if (after === null) return (await collection.deleteOne(unchanged(before), options)).deletedCount > 0
  return Number((await collection.replaceOne(unchanged(before), withId(after), options)).matchedCount) > 0
}

/**
 * The document as a whole, field by field in order, by MongoDB's equality of values. A collection's own collation would take
 * other spellings for equal, so the simple one is named.
 */
function unchanged(before: Document): Document {
  return { _id: { $eq: before["_id"] }, $expr: { $eq: ["$$ROOT", { $literal: before }] } }
}
