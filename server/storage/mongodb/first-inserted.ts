// The lookup of custom user data on MongoDB.
import type { Collection } from "mongodb"
import type { Document, Value } from "../../../kernel/index.ts"
import type { Namespace } from "../../data/index.ts"
import { holdsExactly } from "../values.ts"
import { collectionOf, databaseOf, decodeRaw, rawReading, type MongoConnection } from "./connection.ts"
import { serverCodeOf } from "./errors.ts"

/** How many documents are read where a collation lets other spellings match. */
const mostCandidates = 100
const knownForMilliseconds = 60_000
const namespaceNotFound = 26

interface Known { readonly hint: string | undefined; readonly isSharded: boolean; readonly until: number }

export type FirstInserted = (namespace: Namespace, field: string, value: Value) => Promise<Document | null>

/**
 * Finds the first inserted document that holds exactly a value at a field.
 *
 * SOURCE: users-and-tokens 1.2 and 1.3: an indexed equality and the same as an expression, which is false for lists; hinted to
 * the index on this field alone, whose equal keys are in order of insertion; the natural order without such an index.
 */
export function firstInsertedLookup({ client, isRouter, timeoutMS, abilities }: MongoConnection): FirstInserted {
  const known = new Map<string, Known>()

  const look = async (namespace: Namespace, field: string): Promise<Known> => {
    const key = `${namespace.database}\0${namespace.collection}\0${field}`
    const before = known.get(key)
    if (before !== undefined && before.until > Date.now()) return before
    const collection = collectionOf(client, namespace)
    const found = { hint: await usableIndex(collection, field), isSharded: isRouter && await isSharded(client, namespace), until: Date.now() + knownForMilliseconds }
    known.set(key, found)
    return found
  }

  const read = async (namespace: Namespace, field: string, value: Value, { hint, isSharded: sharded }: Known): Promise<Document | null> => {
    const isIt = holdsExactly(field, value)
    // Without expressions the lists that hold the value are candidates too, any number of them.
    const { compareAndSwap: hasExpressions } = abilities
    const filter: Document = { [field]: { $eq: value }, ...(hasExpressions ? { $expr: { $eq: [`$${field}`, { $literal: value }] } } : {}) }
    const cursor = collectionOf(client, namespace).find<Document>(filter, {
      ...rawReading, ...(hasExpressions ? { limit: mostCandidates } : {}), batchSize: 2, maxTimeMS: timeoutMS,
      // A sharded collection has no order of insertion; `_id` is what comes nearest.
      ...(sharded ? { sort: { _id: 1 } } : hint === undefined || field === "_id" ? {} : { hint }),
    })
    try {
      for await (const bytes of cursor) {
        const document = decodeRaw(bytes)
        if (isIt(document)) return document
      }
      return null
    } finally {
      await cursor.close()
    }
  }

  return async (namespace, field, value) => {
    const first = await look(namespace, field)
    try {
      return await read(namespace, field, value, first)
    } catch (error) {
      // The index was dropped meanwhile: any refusal of a hinted query is tried once more without what was known.
      if (first.hint === undefined || serverCodeOf(error) === undefined) throw error
      known.clear()
      return read(namespace, field, value, { ...first, hint: undefined })
    }
  }
}

/** The name of an ordinary index on this field alone. */
async function usableIndex(collection: Collection<Document>, field: string): Promise<string | undefined> {
  const indexes = await collection.indexes().catch((error: unknown) => {
    if (serverCodeOf(error) === namespaceNotFound) return []
    throw error
  })
  const found = indexes.find((index) => {
    const [first, ...others] = Object.entries(index.key as Record<string, unknown>)
    if (first === undefined || others.length > 0 || first[0] !== field || Math.abs(Number(first[1])) !== 1) return false
    return index.partialFilterExpression === undefined && index.sparse !== true && index.hidden !== true && index.collation === undefined
  })
  return found?.name
}

async function isSharded(client: MongoConnection["client"], namespace: Namespace): Promise<boolean> {
  const statistics = await databaseOf(client, namespace.database).command({ collStats: namespace.collection }).catch(() => undefined)
  return statistics?.["sharded"] === true
}
