// The connection, and what the server at its other end can do.
import { MongoClient, type Collection, type Db } from "mongodb"
import { exactReading, type Document } from "../../../kernel/index.ts"
import { StoreError, type Namespace, type StoreAbilities } from "../../data/index.ts"
import { decodeDocument } from "../decode.ts"
import { probeAbilities } from "./abilities.ts"
import { asStoreError } from "./errors.ts"

/** Where previews are computed: a database of the server's own, whose collections belong to one process each. */
export const scratchDatabase = "__backstitch_scratch"

export interface MongoOptions {
  readonly uri: string
  /** The most time one call may take on the server; 30 seconds if absent. A server that hangs is given up after little more than twice that. */
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

/** INVARIANT: read at the primary, whatever the URI prefers, unless a call says otherwise: state, custom data and what a write depends on must be as last written. */
export function databaseOf(client: MongoClient, database: string): Db {
  return client.db(database, { ignoreUndefined: false, readPreference: "primary" })
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
    const { documentsStage: hasDocumentsStage, ...abilities } = await probeAbilities(client, collectionOf(client, { database: scratchDatabase, collection: "probe" }))
    return { client, isRouter, timeoutMS, hasDocumentsStage, hasPreImages: Number(hello["maxWireVersion"]) >= 17 && isCluster, abilities }
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
      // A little more than the server gets for itself, so that its answer arrives. The driver tries a call that hung once more.
      socketTimeoutMS: timeoutMS + 2000,
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
