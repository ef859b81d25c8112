// The connection, and what the server at its other end can do.
import { MongoClient, type Collection, type Db } from "mongodb"
import { exactReading, ObjectId, type Document } from "../../../kernel/index.ts"
import { StoreError, type Namespace, type StoreAbilities } from "../../data/index.ts"
import { decodeDocument } from "../decode.ts"
import { asStoreError } from "./errors.ts"

/** Where previews are computed: a database of the server's own, whose collections belong to one process each. */
export const scratchDatabase = "__backstitch_scratch"

export interface MongoOptions {
  readonly uri: string
  /** The most time one call may take; 30 seconds if absent. */
  readonly timeoutMS?: number
  /** How long to look for a server before saying that none answers; 5 seconds if absent. */
  readonly serverSelectionTimeoutMS?: number
  readonly maxPoolSize?: number
}

export interface MongoConnection {
  readonly client: MongoClient
  readonly abilities: StoreAbilities
  /** Whether the other end is a router of a sharded cluster. */
  readonly isRouter: boolean
  /** Images before a change can be asked for (MongoDB 6 and later). */
  readonly hasPreImages: boolean
  /** `$documents` gives documents that are in no collection (MongoDB 5.1 and later). */
  readonly hasDocumentsStage: boolean
  readonly timeoutMS: number
}

/**
 * Options of calls whose answers hold values outside a cursor's batches. With them numbers in errors are objects too, which keeps
 * the driver from knowing some errors by their number, so nothing else is given them: cursors take {@link rawReading}.
 */
export const exactOptions = exactReading

/** Options of cursors: documents come as bytes for {@link decodeRaw}, and the rest of the answer as the driver likes it. */
export const rawReading = { raw: true } as const

/** The bytes of a document, of which the driver says that it is one. */
export function decodeRaw(bytes: unknown): Document {
  return decodeDocument(bytes as Uint8Array)
}

/** The driver's collection under a namespace. */
export function collectionOf(client: MongoClient, { database, collection }: Namespace): Collection<Document> {
  return databaseOf(client, database).collection<Document>(collection)
}

export function databaseOf(client: MongoClient, database: string): Db {
  return client.db(database, { ignoreUndefined: false })
}

/** Connects and asks the server for its abilities. Throws `StoreError`; the URI, which may hold a password, is in no message. */
export async function connect(options: MongoOptions): Promise<MongoConnection> {
  const timeoutMS = options.timeoutMS ?? 30_000
  const client = newClient(options, timeoutMS)
  try {
    await client.connect()
    const hello = await greet(client)
    const isRouter = hello["msg"] === "isdbgrid"
    const isCluster = isRouter || typeof hello["setName"] === "string"
    const hasDocumentsStage = await works(() => databaseOf(client, scratchDatabase).aggregate([{ $documents: [{ a: 1 }] }]).toArray())
    return {
      client, isRouter, timeoutMS, hasDocumentsStage,
      hasPreImages: Number(hello["maxWireVersion"]) >= 17 && isCluster,
      abilities: {
        transactions: isCluster && hello["logicalSessionTimeoutMinutes"] !== undefined && hello["logicalSessionTimeoutMinutes"] !== null,
        changeStreams: isCluster || await hasChangeStreams(client),
        collation: isCluster || await hasCollation(client),
      },
    }
  } catch (error) {
    await client.close().catch(() => undefined)
    throw asStoreError(error)
  }
}

function newClient(options: MongoOptions, timeoutMS: number): MongoClient {
  try {
    return new MongoClient(options.uri, {
      appName: "backstitch",
      connectTimeoutMS: Math.min(10_000, timeoutMS),
      serverSelectionTimeoutMS: options.serverSelectionTimeoutMS ?? 5000,
      // A little more than the server gets for itself, so that its answer arrives.
      socketTimeoutMS: timeoutMS + 5000,
      waitQueueTimeoutMS: timeoutMS,
      ...(options.maxPoolSize === undefined ? {} : { maxPoolSize: options.maxPoolSize }),
    })
  } catch {
    // SECURITY: no cause: the driver quotes parts of the URI.
    throw new StoreError("unavailable", "Cannot connect to MongoDB: the URI is not valid")
  }
}

async function greet(client: MongoClient): Promise<Record<string, unknown>> {
  const admin = client.db("admin")
  const hello = await admin.command({ hello: 1 }).catch(() => undefined)
  // Older servers, and stand-ins for tests, know the command by its former name only.
  return hello ?? await admin.command({ isMaster: 1 })
}

async function works(probe: () => Promise<unknown>): Promise<boolean> {
  return probe().then(() => true, () => false)
}

function hasChangeStreams(client: MongoClient): Promise<boolean> {
  return works(async () => {
    const stream = databaseOf(client, scratchDatabase).collection("probe").watch([])
    try {
      await stream.tryNext()
    } finally {
      await stream.close()
    }
  })
}

/** A server that takes the option and ignores it would give wrong answers, so the answer is looked at. */
async function hasCollation(client: MongoClient): Promise<boolean> {
  const probe = databaseOf(client, scratchDatabase).collection<Document>("probe")
  const _id = `a${new ObjectId().toHexString()}`
  try {
    await probe.insertOne({ _id } as Document)
    const found = await probe.findOne({ _id: _id.toUpperCase() } as Document, { collation: { locale: "en", strength: 2 } })
    return found !== null
  } catch {
    return false
  } finally {
    await probe.deleteOne({ _id } as Document).catch(() => undefined)
  }
}
