// What MongoDB would make of a document, found out by MongoDB itself where nobody else looks: in collections of a private
// database, each used by one preview at a time.
import type { Collection } from "mongodb"
import { ObjectId, normalise, type Document } from "../../../kernel/index.ts"
import { StoreError, type Change } from "../../data/index.ts"
import { checkReplacement, replaceDocument } from "../language/index.ts"
import { asReplacement } from "../values.ts"
import { collectionOf, databaseOf, decodeRaw, exactOptions, rawReading, scratchDatabase, type MongoConnection } from "./connection.ts"

const staleAfterMilliseconds = 24 * 60 * 60 * 1000
const attempts = 3

export interface Scratch {
  preview(before: Document | null, filter: Document, change: Change): Promise<Document>
  /** Rejects what the server refuses even where there is no document. */
  checkChange(filter: Document, change: Change): Promise<void>
  /** Runs a pipeline over documents that are in no collection. */
  aggregate(documents: readonly Document[], pipeline: readonly Document[], maxTimeMS: number): Promise<Document[]>
  close(): Promise<void>
}

export function openScratch(connection: MongoConnection): Scratch {
  const { client } = connection
  const prefix = `p${Date.now().toString(36)}_${new ObjectId().toHexString()}_`
  const free: string[] = []
  const made: string[] = []
  const emptying = new Set<Promise<void>>()
  let swept: Promise<void> | undefined

  const inLane = async <Result>(work: (lane: Collection<Document>) => Promise<Result>): Promise<Result> => {
    swept ??= dropStale(connection)
    await swept
    let name = free.pop()
    if (name === undefined) {
      name = `${prefix}${made.length}`
      made.push(name)
    }
    const lane = collectionOf(client, { database: scratchDatabase, collection: name })
    try {
      return await work(lane)
    } finally {
      // The answer does not wait for the tidying; the lane does. One that could not be emptied is not used again.
      const emptied = lane.deleteMany({}).then(() => void free.push(lane.collectionName), () => undefined).finally(() => emptying.delete(emptied))
      emptying.add(emptied)
    }
  }

  const previewOnce = (before: Document | null, filter: Document, change: Change): Promise<Document | null> =>
    inLane(async (lane) => {
      if (before !== null) await lane.insertOne(before)
      const wanted = before === null ? filter : { $and: [{ _id: { $eq: before["_id"] } }, filter] }
      return applyChange(lane, wanted, change, before === null, connection.timeoutMS)
    })

  return {
    async preview(before, filter, change) {
      if (before !== null && change.kind === "replace") {
        // No computation: the `_id` stays, and everything else is as it was given.
        checkReplacement(change.replacement)
        return replaceDocument(before, change.replacement)
      }
      // A lane that lay idle for a day may have been dropped by another process; it is made again by the next insert.
      for (let attempt = 0; attempt < attempts; attempt++) {
        const after = await previewOnce(before, filter, change)
        if (after !== null) return normalise(after) as Document
      }
      throw new StoreError("bad-request", "Cannot preview the change: the document does not match the filter of the request", { serverCode: 2 })
    },

    async checkChange(filter, change) {
      if (change.kind === "replace") checkReplacement(change.replacement)
      else await inLane((lane) => applyChange(lane, filter, change, false, connection.timeoutMS))
    },

    aggregate: (documents, pipeline, maxTimeMS) => inLane(async (lane) => {
      if (documents.length > 0) await lane.insertMany(documents.map((document, _id): Document => ({ _id, document })))
      const found = await lane.aggregate<Document>([{ $sort: { _id: 1 } }, { $replaceRoot: { newRoot: "$document" } }, ...pipeline], { ...rawReading, maxTimeMS }).toArray()
      return found.map(decodeRaw)
    }),

    async close() {
      await Promise.all(emptying)
      const database = databaseOf(client, scratchDatabase)
      for (const name of made) await database.dropCollection(name).catch(() => undefined)
    },
  }
}

async function applyChange(lane: Collection<Document>, filter: Document, change: Change, upsert: boolean, maxTimeMS: number): Promise<Document | null> {
  const options = { upsert, returnDocument: "after", maxTimeMS, ...exactOptions } as const
  const replacement = change.kind === "replace" ? change.replacement : asReplacement(change.update)
  if (replacement !== undefined) return lane.findOneAndReplace(filter, replacement, options)
  const { update, arrayFilters } = change as Extract<Change, { kind: "update" }>
  return lane.findOneAndUpdate(filter, update as Document, arrayFilters === undefined ? options : { ...options, arrayFilters: [...arrayFilters] })
}

/** Drops what processes that were killed left behind. */
async function dropStale({ client }: MongoConnection): Promise<void> {
  const database = databaseOf(client, scratchDatabase)
  const names = await database.listCollections({}, { nameOnly: true }).toArray().catch(() => [])
  for (const { name } of names) {
    const born = /^p([0-9a-z]{8,9})_/.exec(name)?.[1]
    if (born !== undefined && Date.now() - Number.parseInt(born, 36) > staleAfterMilliseconds) await database.dropCollection(name).catch(() => undefined)
  }
}
