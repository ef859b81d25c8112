// What the server at the other end can do, found out by trying. Services that speak MongoDB's protocol name themselves replica sets
// and leave abilities out, or take an option and ignore it; so answers are looked at, and nothing is believed.
import type { Collection, MongoClient } from "mongodb"
import { ObjectId, type Document } from "../../../kernel/index.ts"
import { StoreError, type StoreAbilities } from "../../data/index.ts"
import { serverCodeOf } from "./errors.ts"

export interface ProbedAbilities extends StoreAbilities {
  /** `$documents` gives documents that are in no collection (MongoDB 5.1 and later). */
  readonly documentsStage: boolean
}

const notAllowed = new Set([13, 8000])

/** Tries each ability on one document of a private collection. Rejects when the account may not write there. */
export async function probeAbilities(client: MongoClient, probes: Collection<Document>): Promise<ProbedAbilities> {
  const probe: Document = { _id: `a${new ObjectId().toHexString()}`, n: 1, in: { list: [1, 2] } }
  await probes.insertOne({ ...probe }).catch((error: unknown) => {
    if (!notAllowed.has(serverCodeOf(error) ?? 0)) throw error
    throw new StoreError("unavailable", `Cannot use this MongoDB: the account may not write to the database \`${probes.dbName}\`; it needs \`readWrite\` on databases whose names begin with \`__backstitch\``)
  })
  try {
    const [documentsStage, transactions, changeStreams, collation, compareAndSwap] = await Promise.all([
      works(() => client.db(probes.dbName).aggregate([{ $documents: [{ a: 1 }] }]).toArray()),
      hasTransactions(client, probes, probe),
      hasChangeStreams(probes),
      finds(probes, { _id: String(probe["_id"]).toUpperCase() }, { locale: "en", strength: 2 }),
      comparesDocuments(probes, probe),
    ])
    return { documentsStage, transactions, changeStreams, collation, compareAndSwap }
  } finally {
    await probes.deleteOne({ _id: probe["_id"] } as Document).catch(() => undefined)
  }
}

async function works(attempt: () => Promise<unknown>): Promise<boolean> {
  return attempt().then(() => true, () => false)
}

async function finds(probes: Collection<Document>, filter: Document, collation?: { readonly locale: string; readonly strength: number }): Promise<boolean> {
  return probes.findOne(filter, collation === undefined ? {} : { collation }).then((found) => found !== null, () => false)
}

/** Written in a transaction that is undone, a document must be gone afterwards. */
async function hasTransactions(client: MongoClient, probes: Collection<Document>, probe: Document): Promise<boolean> {
  const inside = `${String(probe["_id"])}t`
  const session = client.startSession()
  try {
    session.startTransaction()
    await probes.insertOne({ _id: inside } as Document, { session })
    await session.abortTransaction()
    return !await finds(probes, { _id: inside })
  } catch {
    return false
  } finally {
    await session.endSession().catch(() => undefined)
    await probes.deleteOne({ _id: inside } as Document).catch(() => undefined)
  }
}

function hasChangeStreams(probes: Collection<Document>): Promise<boolean> {
  return works(async () => {
    const stream = probes.watch([], { maxAwaitTimeMS: 1 })
    try {
      await stream.tryNext()
    } finally {
      await stream.close()
    }
  })
}

/** A filter that compares a document as a whole must find it, and must not when anything in it is another. */
async function comparesDocuments(probes: Collection<Document>, probe: Document): Promise<boolean> {
  const [same, other] = await Promise.all([probe, { ...probe, n: 2 }].map((whole) => finds(probes, unchanged({ ...whole }))))
  return same === true && other === false
}

/** A filter for a document that is still, field by field and in order, what it was, by MongoDB's equality of values. */
export function unchanged(before: Document): Document {
  return { _id: { $eq: before["_id"] }, $expr: { $eq: ["$$ROOT", { $literal: before }] } }
}
