// The port over one access: the shared store, or the view that work in a transaction gets.
import type { Clock, Document, Value } from "../../../kernel/index.ts"
import {
  StoreError, type BulkOperation, type Change, type ChangeEvent, type Cursor, type FindAndChangeOptions, type FindOptions, type FindPlan, type IndexDescription, type IndexSpecification, type Namespace, type Store, type StoreAbilities, type StreamOptions,
  type Swap, type SwapOutcome, type UpdateOptions, type UpdateResult,
} from "../../data/index.ts"
import { DistinctValues, expressionHook, inBatches, preparePipeline } from "../aggregation/index.ts"
import { compileFilter, compileProjection, type LanguageOptions } from "../language/index.ts"
import { isReserved, refuseReserved } from "../namespaces.ts"
import type { Access } from "./access.ts"
import { describeIndexes, lookUp } from "./catalog.ts"
import { cursorOf } from "./cursor.ts"
import { asStoreError } from "./errors.ts"
import { findFirstInserted } from "./first-inserted.ts"
import { splitPipeline } from "./pipeline.ts"
import { pipelineSource } from "./pipeline-source.ts"
import { compileSearch, compileShape, countAll, searchAll, searchBatches, type Search } from "./search.ts"
import { TimeLimit } from "./time-limit.ts"
import { WriteOperations } from "./write-operations.ts"

/** What a view needs of the store it belongs to. */
export interface ViewParts {
  readonly access: Access
  readonly clock: Clock
  /** Whether the databases of the server itself are open to this view. */
  readonly internal: boolean
  transaction<Result>(work: (store: Store) => Promise<Result>): Promise<Result>
  ensureIndex(namespace: Namespace, index: IndexSpecification): Promise<void>
  watch(namespace: Namespace, options: StreamOptions): AsyncIterable<ChangeEvent>
  close(): Promise<void>
}

export const embeddedAbilities: StoreAbilities = { transactions: true, changeStreams: true, collation: false, compareAndSwap: true }

export class View implements Store {
  readonly abilities = embeddedAbilities
  readonly #parts: ViewParts
  readonly #writes: WriteOperations

  constructor(parts: ViewParts) {
    this.#parts = parts
    this.#writes = new WriteOperations(parts.access, () => this.#language(), parts.clock)
  }

  #language(): LanguageOptions {
    return { variables: { NOW: this.#parts.clock() }, evaluate: expressionHook }
  }

  #allow({ database }: Namespace): void {
    if (!this.#parts.internal) refuseReserved(database)
  }

  async #write<Result>(namespace: Namespace, work: () => Promise<Result>): Promise<Result> {
    try {
      this.#allow(namespace)
      return await work()
    } catch (error) {
      throw asStoreError(error)
    }
  }

  /** A find, read and checked. */
  #prepare(namespace: Namespace, filter: Document, options: FindOptions): { search: Search; shape: (document: Document) => Document; skip: number; limit: number } {
    this.#allow(namespace)
    refuseCollation(options.collation)
    const language = this.#language()
    return {
      shape: compileShape(options, filter, language), search: compileSearch(namespace, filter, options, language),
      skip: count(options.skip, "skip"), limit: count(options.limit, "limit"),
    }
  }

  async *#batches(namespace: Namespace, filter: Document, options: FindOptions): AsyncGenerator<Document[], void, void> {
    const { search, shape, skip, limit } = this.#prepare(namespace, filter, options)
    for await (const batch of searchBatches(() => this.#parts.access.reader(), search, skip, limit)) yield batch.map(({ document }) => shape(document))
  }

  find(namespace: Namespace, filter: Document, options: FindOptions = {}): Cursor {
    return cursorOf(() => this.#batches(namespace, filter, options), async () => {
      const { search, shape, skip, limit } = this.#prepare(namespace, filter, options)
      return searchAll(() => this.#parts.access.reader(), search, skip, limit, ({ document }) => shape(document))
    })
  }

  async explain(namespace: Namespace, filter: Document, options: FindOptions = {}): Promise<FindPlan> {
    return this.#write(namespace, async () => {
      const { search, limit } = this.#prepare(namespace, filter, options)
      const plan = search.plan(this.#parts.access.reader(), limit)
      if (plan === undefined || plan.kind === "natural") return { index: null, sorted: plan?.sorted ?? true }
      return { index: plan.kind === "index" ? plan.index?.name ?? null : "_id_", sorted: plan.sorted }
    })
  }

  aggregate(namespace: Namespace, pipeline: readonly Document[], options: { readonly maxTimeMS?: number } = {}): Cursor {
    return cursorOf(() => this.#aggregated(namespace, pipeline, options.maxTimeMS))
  }

  async *#aggregated(namespace: Namespace, pipeline: readonly Document[], maxTimeMS: number | undefined): AsyncGenerator<Document[], void, void> {
    this.#allow(namespace)
    const { filter, sort, skip, limit, rest } = splitPipeline(pipeline)
    const source = pipelineSource(this, namespace, this.#parts.transaction, (collection) => lookUp(this.#parts.access.reader().catalog, { ...namespace, collection })?.indexes ?? [])
    const time = new TimeLimit(maxTimeMS)
    // Everything is read and checked before the search begins.
    const run = preparePipeline(rest, { now: this.#parts.clock(), language: this.#language(), source: { ...source, lookup: (collection, wanted) => time.of(source.lookup(collection, wanted)) } })
    yield* time.of(run(time.of(this.#batches(namespace, filter, { skip, limit, ...(sort === undefined ? {} : { sort }) }))))
  }

  aggregateOver(documents: AsyncIterable<Document>, pipeline: readonly Document[], options: { readonly maxTimeMS?: number } = {}): Cursor {
    const run = async function* (language: LanguageOptions, now: Date): AsyncGenerator<Document[], void, void> {
      const time = new TimeLimit(options.maxTimeMS)
      yield* time.of(preparePipeline(pipeline, { now, language })(inBatches(time.of(documents))))
    }
    return cursorOf(() => run(this.#language(), this.#parts.clock()))
  }

  async count(namespace: Namespace, filter: Document, options: { readonly limit?: number; readonly skip?: number } = {}): Promise<number> {
    return this.#write(namespace, async () => {
      if (Object.keys(filter).length === 0) {
        const all = await countAll(() => this.#parts.access.reader(), namespace)
        const rest = Math.max(0, all - count(options.skip, "skip"))
        return count(options.limit, "limit") === 0 ? rest : Math.min(rest, count(options.limit, "limit"))
      }
      let total = 0
      const search = compileSearch(namespace, filter, {}, this.#language())
      for await (const batch of searchBatches(() => this.#parts.access.reader(), search, count(options.skip, "skip"), count(options.limit, "limit"))) total += batch.length
      return total
    })
  }

  async distinct(namespace: Namespace, field: string, filter: Document): Promise<Value[]> {
    return this.#write(namespace, async () => {
      if (typeof field !== "string") throw new StoreError("bad-request", "Cannot find distinct values: the field is no name", { serverCode: 14 })
      const found = new DistinctValues(field)
      for await (const batch of this.#batches(namespace, filter, {})) for (const document of batch) found.add(document)
      return found.values
    })
  }

  insert(namespace: Namespace, documents: readonly Document[], options: { readonly ordered?: boolean } = {}): Promise<Value[]> {
    return this.#write(namespace, () => this.#writes.insert(namespace, documents, options.ordered !== false))
  }

  update(namespace: Namespace, filter: Document, update: Document | readonly Document[], options: UpdateOptions): Promise<UpdateResult> {
    return this.#write(namespace, () => this.#writes.update(namespace, filter, update, options))
  }

  replace(namespace: Namespace, filter: Document, replacement: Document, options: { readonly upsert?: boolean } = {}): Promise<UpdateResult> {
    return this.#write(namespace, () => this.#writes.replace(namespace, filter, replacement, options.upsert === true))
  }

  delete(namespace: Namespace, filter: Document, options: { readonly many: boolean }): Promise<number> {
    return this.#write(namespace, () => this.#writes.delete(namespace, filter, options.many))
  }

  findOneAndUpdate(namespace: Namespace, filter: Document, update: Document | readonly Document[], options: FindAndChangeOptions = {}): Promise<Document | null> {
    return this.#write(namespace, () => this.#writes.findOneAndUpdate(namespace, filter, update, options))
  }

  findOneAndReplace(namespace: Namespace, filter: Document, replacement: Document, options: FindAndChangeOptions = {}): Promise<Document | null> {
    return this.#write(namespace, () => this.#writes.findOneAndReplace(namespace, filter, replacement, options))
  }

  findOneAndDelete(namespace: Namespace, filter: Document, options: { readonly sort?: Document; readonly projection?: Document } = {}): Promise<Document | null> {
    return this.#write(namespace, () => this.#writes.findOneAndDelete(namespace, filter, options))
  }

  bulkWrite(namespace: Namespace, operations: readonly BulkOperation[], options: { readonly ordered?: boolean } = {}): Promise<void> {
    return this.#write(namespace, () => this.#writes.bulkWrite(namespace, operations, options.ordered !== false))
  }

  preview(namespace: Namespace, before: Document | null, filter: Document, change: Change): Promise<Document> {
    return this.#write(namespace, async () => this.#writes.preview(before, filter, change))
  }

  checkChange(namespace: Namespace, filter: Document, change: Change): Promise<void> {
    return this.#write(namespace, async () => void this.#writes.checkChange(filter, change))
  }

  swap(namespace: Namespace, swaps: readonly Swap[]): Promise<SwapOutcome> {
    return this.#write(namespace, () => this.#writes.swap(namespace, swaps))
  }

  async matches(document: Document, filter: Document): Promise<boolean> {
    return compileFilter(filter, this.#language())(document)
  }

  project(document: Document, projection: Document, filter: Document = {}): Document {
    return Object.keys(projection).length === 0 ? document : compileProjection(projection, { ...this.#language(), filter })(document)
  }

  transaction<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
    return this.#parts.transaction(work)
  }

  ensureIndex(namespace: Namespace, index: IndexSpecification): Promise<void> {
    return this.#write(namespace, () => this.#parts.ensureIndex(namespace, index))
  }

  async indexes(namespace: Namespace): Promise<IndexDescription[]> {
    return this.#write(namespace, async () => {
      const info = lookUp(this.#parts.access.reader().catalog, namespace)
      return info === undefined ? [] : describeIndexes(info)
    })
  }

  async listDatabases(): Promise<string[]> {
    const names = new Set<string>()
    for (const { namespace } of this.#parts.access.reader().catalog.values()) if (this.#parts.internal || !isReserved(namespace.database)) names.add(namespace.database)
    return [...names].toSorted()
  }

  async listCollections(database: string): Promise<string[]> {
    this.#allow({ database, collection: "" })
    return [...this.#parts.access.reader().catalog.values()].filter(({ namespace }) => namespace.database === database).map(({ namespace }) => namespace.collection).toSorted()
  }

  watch(namespace: Namespace, options: StreamOptions = {}): AsyncIterable<ChangeEvent> {
    this.#allow(namespace)
    return this.#parts.watch(namespace, options)
  }

  findFirstInserted(namespace: Namespace, field: string, value: Value): Promise<Document | null> {
    return this.#write(namespace, () => findFirstInserted(this.#parts.access, namespace, field, value))
  }

  close(): Promise<void> {
    return this.#parts.close()
  }
}

function count(value: number | undefined, name: string): number {
  if (value === undefined) return 0
  if (!Number.isSafeInteger(value) || (name === "skip" && value < 0)) throw new StoreError("bad-request", `Cannot find: \`${name}\` is no usable number`, { serverCode: 2 })
  // A negative limit is one that the shell sends to ask for a single batch.
  return Math.abs(value)
}

function refuseCollation(collation: Document | undefined): void {
  if (collation === undefined || collation["locale"] === "simple") return
  throw new StoreError("unsupported", "Cannot find: the embedded store has no collations but `simple`")
}
