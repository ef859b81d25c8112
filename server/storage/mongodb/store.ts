// The port on a MongoDB.
import { ReadPreference, type ClientSession, type Collection, type ReadPreferenceMode } from "mongodb"
import { bsonSize, normalise, type Document, type Value } from "../../../kernel/index.ts"
import {
  StoreError, type BulkOperation, type Change, type ChangeEvent, type Cursor, type FindAndChangeOptions, type FindOptions, type FindPlan, type IndexDescription, type IndexSpecification, type Namespace, type Store, type StoreAbilities, type StreamOptions,
  type Swap, type SwapOutcome, type UpdateOptions, type UpdateResult,
} from "../../data/index.ts"
import { compileProjection } from "../language/index.ts"
import { isReserved, refuseReserved } from "../namespaces.ts"
import { asReplacement, withId } from "../values.ts"
import { toDriverOperation } from "./bulk.ts"
import { collectionOf, databaseOf, decodeRaw, exactOptions, rawReading, scratchDatabase, type MongoConnection } from "./connection.ts"
import { documentOf, outcomeOf, predicateHere, refuseTooLarge } from "./conversions.ts"
import { cursorOver } from "./cursor.ts"
import { asStoreError, serverCodeOf } from "./errors.ts"
import type { FirstInserted } from "./first-inserted.ts"
import { refuseReservedStages } from "./reserved-stages.ts"
import { planOf } from "./plan.ts"
import type { Scratch } from "./scratch.ts"
import { swapInOrder, swapTogether } from "./swap.ts"
import { watchCollection } from "./watch.ts"

/** What every view of one connection shares. */
export interface SharedParts {
  readonly connection: MongoConnection
  readonly scratch: Scratch
  readonly firstInserted: FirstInserted
}

/** Which members of a replica set answer reads that no write depends on, as a data source configures it. */
export interface ReadingPreference {
  readonly mode: ReadPreferenceMode
  /** Each set a choice of members, the first that has any wins. */
  readonly tagSets?: readonly Readonly<Record<string, string>>[]
}

const namespaceNotFound = 26
const ownDatabases = new Set(["admin", "config", "local"])
/** The most that travels as one `$documents` stage. */
const mostInlineBytes = 12 * 1024 * 1024

export class MongoView implements Store {
  readonly abilities: StoreAbilities
  readonly #shared: SharedParts
  readonly #session: ClientSession | undefined
  readonly #internal: boolean
  readonly #reading: { readonly readPreference?: ReadPreference }

  constructor(shared: SharedParts, options: { readonly internal: boolean; readonly session?: ClientSession; readonly reading?: ReadPreference }) {
    this.abilities = shared.connection.abilities
    this.#shared = shared
    this.#session = options.session
    this.#internal = options.internal
    this.#reading = options.reading === undefined ? {} : { readPreference: options.reading }
  }

  /** The time a caller wants to give the server, within the time it may take. 0 asks for no limit, and gets this store's. */
  #within(wanted: number | undefined): number {
    const { timeoutMS } = this.#shared.connection
    return wanted === undefined || wanted <= 0 ? timeoutMS : Math.min(wanted, timeoutMS)
  }

  /** What every call is given: the session, if any, and the time the server may take. */
  get #base(): { readonly maxTimeMS: number; readonly session?: ClientSession } {
    return { maxTimeMS: this.#shared.connection.timeoutMS, ...(this.#session === undefined ? {} : { session: this.#session }) }
  }

  /** The same store with reads that no write depends on sent where a data source wants them. */
  reading({ mode, tagSets = [] }: ReadingPreference): Store {
    return new MongoView(this.#shared, { internal: this.#internal, reading: new ReadPreference(mode, [...tagSets]) })
  }

  #collection(namespace: Namespace): Collection<Document> {
    if (!this.#internal) refuseReserved(namespace.database)
    return collectionOf(this.#shared.connection.client, namespace)
  }

  async #run<Result>(namespace: Namespace, work: (collection: Collection<Document>) => Promise<Result>): Promise<Result> {
    try {
      return await work(this.#collection(namespace))
    } catch (error) {
      throw asStoreError(error, namespace)
    }
  }

  find(namespace: Namespace, filter: Document, { forWrite, ...options }: FindOptions = {}): Cursor {
    return cursorOver(() => {
      if (options.collation !== undefined && !this.abilities.collation) throw new StoreError("unsupported", "Cannot find: this MongoDB has no collations")
      return this.#collection(namespace).find<Document>(filter, { ...this.#base, ...rawReading, ...(forWrite === true ? {} : this.#reading), ...options } as object)
    }, namespace)
  }

  async explain(namespace: Namespace, filter: Document, options: FindOptions = {}): Promise<FindPlan | undefined> {
    try {
      return await this.#run(namespace, async (collection) => planOf(await collection.find(filter, { ...this.#base, ...options } as object).explain("queryPlanner")))
    } catch (error) {
      // A server by others may not know the command; then nobody can say.
      if (error instanceof StoreError && error.code === "unsupported") return undefined
      throw error
    }
  }

  aggregate(namespace: Namespace, pipeline: readonly Document[], options: { readonly allowDiskUse?: boolean; readonly maxTimeMS?: number } = {}): Cursor {
    return cursorOver(() => {
      if (!this.#internal) refuseReservedStages(pipeline)
      return this.#collection(namespace).aggregate<Document>([...pipeline], { ...this.#base, ...rawReading, ...this.#reading, ...options, maxTimeMS: this.#within(options.maxTimeMS) })
    }, namespace)
  }

  aggregateOver(documents: AsyncIterable<Document>, pipeline: readonly Document[], options: { readonly maxTimeMS?: number } = {}): Cursor {
    const { scratch, connection: { client, hasDocumentsStage } } = this.#shared
    const maxTimeMS = this.#within(options.maxTimeMS)
    return cursorOver(async () => {
      if (!this.#internal) refuseReservedStages(pipeline)
      const all: Document[] = []
      let bytes = 0
      for await (const document of documents) {
        all.push(document)
        bytes += bsonSize(document)
      }
      if (!hasDocumentsStage || bytes > mostInlineBytes) return scratch.aggregate(all, pipeline, maxTimeMS)
      return databaseOf(client, scratchDatabase).aggregate<Document>([{ $documents: { $literal: all } }, ...pipeline], { ...rawReading, maxTimeMS })
    })
  }

  count(namespace: Namespace, filter: Document, options: { readonly limit?: number; readonly skip?: number } = {}): Promise<number> {
    return this.#run(namespace, async (collection) => Number(await collection.countDocuments(filter, { ...this.#base, ...this.#reading, ...options })))
  }

  distinct(namespace: Namespace, field: string, filter: Document): Promise<Value[]> {
    return this.#run(namespace, async (collection) => normalise(await collection.distinct(field, filter, { ...this.#base, ...this.#reading, ...exactOptions })) as Value[])
  }

  insert(namespace: Namespace, documents: readonly Document[], options: { readonly ordered?: boolean } = {}): Promise<Value[]> {
    return this.#run(namespace, async (collection) => {
      const complete = documents.map(withId)
      refuseTooLarge(complete)
      if (complete.length === 1) await collection.insertOne(complete[0] as Document, this.#base)
      else if (complete.length > 0) await collection.insertMany(complete, { ...this.#base, ordered: options.ordered !== false })
      return complete.map(({ _id }) => _id)
    })
  }

  update(namespace: Namespace, filter: Document, update: Document | readonly Document[], { many, upsert, arrayFilters, sort }: UpdateOptions): Promise<UpdateResult> {
    const replacement = asReplacement(update)
    if (replacement !== undefined && many) return Promise.reject(new StoreError("bad-request", "Cannot update many documents: the update has no operators", { serverCode: 9 }))
    return this.#run(namespace, async (collection) => {
      const options = { ...this.#base, ...(upsert === true ? exactOptions : {}), upsert: upsert === true, ...(arrayFilters === undefined ? {} : { arrayFilters: [...arrayFilters] }) }
      const wanted = sort === undefined ? filter : await this.#pinned(collection, filter, sort)
      if (replacement !== undefined) return outcomeOf(await collection.replaceOne(wanted, replacement, options))
      return outcomeOf(many ? await collection.updateMany(wanted, update as Document, options) : await collection.updateOne(wanted, update as Document, options))
    })
  }

  /** The filter narrowed to the document that comes first; an update with a sort is MongoDB 8's alone. */
  async #pinned(collection: Collection<Document>, filter: Document, sort: Document): Promise<Document> {
    const [bytes] = await collection.find(filter, { ...this.#base, ...rawReading, sort: sort as Record<string, 1 | -1>, projection: { _id: 1 }, limit: 1 }).toArray()
    const first = bytes === undefined ? null : decodeRaw(bytes)
    return first === null ? filter : { $and: [{ _id: { $eq: first["_id"] } }, filter] }
  }

  replace(namespace: Namespace, filter: Document, replacement: Document, options: { readonly upsert?: boolean } = {}): Promise<UpdateResult> {
    return this.#run(namespace, async (collection) => outcomeOf(await collection.replaceOne(filter, replacement, { ...this.#base, ...(options.upsert === true ? exactOptions : {}), upsert: options.upsert === true })))
  }

  delete(namespace: Namespace, filter: Document, { many }: { readonly many: boolean }): Promise<number> {
    return this.#run(namespace, async (collection) => Number((many ? await collection.deleteMany(filter, this.#base) : await collection.deleteOne(filter, this.#base)).deletedCount))
  }

  findOneAndUpdate(namespace: Namespace, filter: Document, update: Document | readonly Document[], options: FindAndChangeOptions = {}): Promise<Document | null> {
    const replacement = asReplacement(update)
    if (replacement !== undefined) return this.findOneAndReplace(namespace, filter, replacement, options)
    return this.#run(namespace, async (collection) => documentOf(await collection.findOneAndUpdate(filter, update as Document, this.#changeOptions(options))))
  }

  findOneAndReplace(namespace: Namespace, filter: Document, replacement: Document, options: FindAndChangeOptions = {}): Promise<Document | null> {
    return this.#run(namespace, async (collection) => documentOf(await collection.findOneAndReplace(filter, replacement, this.#changeOptions(options))))
  }

  findOneAndDelete(namespace: Namespace, filter: Document, options: { readonly sort?: Document; readonly projection?: Document } = {}): Promise<Document | null> {
    return this.#run(namespace, async (collection) => documentOf(await collection.findOneAndDelete(filter, { ...this.#base, ...exactOptions, ...options } as object)))
  }

  #changeOptions({ returnNewDocument, ...options }: FindAndChangeOptions): object {
    return { ...this.#base, ...exactOptions, ...options, returnDocument: returnNewDocument === true ? "after" : "before" }
  }

  bulkWrite(namespace: Namespace, operations: readonly BulkOperation[], options: { readonly ordered?: boolean } = {}): Promise<void> {
    return this.#run(namespace, async (collection) => {
      if (operations.length === 0) return
      await collection.bulkWrite(operations.map(toDriverOperation), { ...this.#base, ordered: options.ordered !== false })
    })
  }

  preview(namespace: Namespace, before: Document | null, filter: Document, change: Change): Promise<Document> {
    return this.#run(namespace, () => this.#shared.scratch.preview(before, filter, change))
  }

  checkChange(namespace: Namespace, filter: Document, change: Change): Promise<void> {
    return this.#run(namespace, () => this.#shared.scratch.checkChange(filter, change))
  }

  swap(namespace: Namespace, swaps: readonly Swap[]): Promise<SwapOutcome> {
    return this.#run(namespace, () => (this.#session === undefined && this.abilities.transactions && swaps.length > 1
      ? swapTogether(this.#shared.connection, namespace, swaps)
      : swapInOrder(this.#shared.connection, namespace, swaps, this.#session)))
  }

  async matches(document: Document, filter: Document): Promise<boolean> {
    const decide = predicateHere(filter)
    if (decide !== undefined) return decide(document)
    const one = async function* (): AsyncGenerator<Document> {
      yield document
    }
    return (await this.aggregateOver(one(), [{ $match: filter }]).toArray()).length > 0
  }

  project(document: Document, projection: Document, filter: Document = {}): Document {
    return Object.keys(projection).length === 0 ? document : compileProjection(projection, { filter })(document)
  }

  async transaction<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
    if (!this.abilities.transactions) throw new StoreError("unsupported", "Cannot begin a transaction: this MongoDB has none; they need a replica set")
    if (this.#session !== undefined) throw new StoreError("unsupported", "Cannot begin a transaction inside a transaction")
    const session = this.#shared.connection.client.startSession()
    try {
      session.startTransaction({ readPreference: "primary", readConcern: { level: "snapshot" }, writeConcern: { w: "majority" } })
      const result = await work(new MongoView(this.#shared, { internal: this.#internal, session }))
      await session.commitTransaction().catch((error: unknown) => {
        throw asStoreError(error)
      })
      return result
    } catch (error) {
      if (session.inTransaction()) await session.abortTransaction().catch(() => undefined)
      throw error
    } finally {
      await session.endSession().catch(() => undefined)
    }
  }

  ensureIndex(namespace: Namespace, { keys, name, unique }: IndexSpecification): Promise<void> {
    return this.#run(namespace, async (collection) => {
      await collection.createIndex(keys as Record<string, 1 | -1>, { ...(unique === true ? { unique } : {}), ...(name === undefined ? {} : { name }) })
    })
  }

  indexes(namespace: Namespace): Promise<IndexDescription[]> {
    return this.#run(namespace, async (collection) => {
      const found = await collection.indexes().catch((error: unknown) => {
        if (serverCodeOf(error) === namespaceNotFound) return []
        throw error
      })
      return found.map((index) => ({
        name: String(index.name), keys: normalise({ ...index.key }) as Document,
        unique: index.unique === true || index.name === "_id_", partial: index.partialFilterExpression !== undefined || index.sparse === true,
        ...(index.expireAfterSeconds === undefined ? {} : { expires: true as const }),
      }))
    })
  }

  async listDatabases(): Promise<string[]> {
    try {
      const { databases } = await this.#shared.connection.client.db("admin").admin().listDatabases({ nameOnly: true })
      return databases.map(({ name }) => name).filter((name) => !ownDatabases.has(name) && (this.#internal || !isReserved(name))).toSorted()
    } catch (error) {
      throw asStoreError(error)
    }
  }

  async listCollections(database: string): Promise<string[]> {
    try {
      if (!this.#internal) refuseReserved(database)
      const found = await databaseOf(this.#shared.connection.client, database).listCollections({}, { nameOnly: true }).toArray()
      return found.map(({ name }) => name).filter((name) => !name.startsWith("system.")).toSorted()
    } catch (error) {
      throw asStoreError(error)
    }
  }

  watch(namespace: Namespace, options: StreamOptions = {}): AsyncIterable<ChangeEvent> {
    if (!this.#internal) refuseReserved(namespace.database)
    return watchCollection(this.#shared.connection, namespace, options)
  }

  findFirstInserted(namespace: Namespace, field: string, value: Value): Promise<Document | null> {
    return this.#run(namespace, () => this.#shared.firstInserted(namespace, field, value))
  }

  async close(): Promise<void> {
    if (this.#session !== undefined) throw new StoreError("unsupported", "Cannot close the store inside a transaction")
    await this.#shared.scratch.close()
    await this.#shared.connection.client.close()
  }
}
