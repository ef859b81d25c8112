// The storage port of the data service: the operations App Services exposes, in MongoDB's terms, and what the guard needs
// to change documents without anything refused ever being visible. Implemented by server/storage.
import { BackstitchError, type Document, type Value } from "../../kernel/index.ts"

export interface Namespace { readonly database: string; readonly collection: string }

export interface FindOptions {
  readonly projection?: Document
  /** Keys in order, 1 or -1 each. Without it: the order of insertion. */
  readonly sort?: Document
  readonly skip?: number
  /** 0 or absent: no limit. */
  readonly limit?: number
  readonly hint?: Document | string
  readonly collation?: Document
  /** How many documents the reader expects to want; it may leave after fewer and read on after more. A hint for the first batch. */
  readonly batchSize?: number
  /** What is read decides a write: it is read where writes go, whatever the reads of this store prefer. */
  readonly forWrite?: boolean
}

/** The way a store takes to the documents of a find. */
export interface FindPlan {
  /** The index it uses; null: it reads the collection from one end to the other. */
  readonly index: string | null
  /** Documents come in the wanted order without being sorted. */
  readonly sorted: boolean
}

/** Documents one after another, read lazily. Leaving a `for await` loop, or `close()`, frees what the store holds. */
export interface Cursor extends AsyncIterable<Document> {
  toArray(): Promise<Document[]>
  close(): Promise<void>
}

/** One change to one document, in MongoDB's terms. */
export type Change =
  | { readonly kind: "update"; readonly update: Document | readonly Document[]; readonly arrayFilters?: readonly Document[] }
  | { readonly kind: "replace"; readonly replacement: Document }

/** A document as it was read and as it shall be; `before: null` inserts, `after: null` deletes. `replaces`: watchers are told of a replacement, not of an update. */
export interface Swap { readonly before: Document | null; readonly after: Document | null; readonly replaces?: boolean }

/** `conflict`: some document is no longer what `before` says, and nothing (or, where the store is not atomic, only earlier swaps) was written. */
export type SwapOutcome = { readonly outcome: "done" } | { readonly outcome: "conflict"; readonly at: number }

export interface UpdateOptions { readonly many: boolean; readonly upsert?: boolean; readonly arrayFilters?: readonly Document[]; readonly sort?: Document }
/** `matched`, and `modified`: those whose content really changed. `upsertedId` only after an upsert. */
export interface UpdateResult { readonly matched: number; readonly modified: number; readonly upsertedId?: Value }

export interface FindAndChangeOptions { readonly sort?: Document; readonly projection?: Document; readonly upsert?: boolean; readonly returnNewDocument?: boolean; readonly arrayFilters?: readonly Document[] }

export type BulkOperation =
  | { readonly insertOne: { readonly document: Document } }
  | { readonly updateOne: { readonly filter: Document; readonly update: Document | readonly Document[]; readonly upsert?: boolean; readonly arrayFilters?: readonly Document[] } }
  | { readonly updateMany: { readonly filter: Document; readonly update: Document | readonly Document[]; readonly upsert?: boolean; readonly arrayFilters?: readonly Document[] } }
  | { readonly replaceOne: { readonly filter: Document; readonly replacement: Document; readonly upsert?: boolean } }
  | { readonly deleteOne: { readonly filter: Document } }
  | { readonly deleteMany: { readonly filter: Document } }

/** What a store can do besides the common operations; found out when it is opened. */
export interface StoreAbilities {
  /** `swap` of several documents is all or nothing, and `transaction` works. */
  readonly transactions: boolean
  readonly changeStreams: boolean
  readonly collation: boolean
  /** `swap` works: a document can be compared as a whole. Without it users cannot change documents. */
  readonly compareAndSwap: boolean
}

export interface IndexSpecification { readonly keys: Document; readonly name?: string; readonly unique?: boolean }
/** `expires`: documents are deleted by themselves some time after the date in the indexed field. */
export interface IndexDescription { readonly name: string; readonly keys: Document; readonly unique: boolean; readonly partial: boolean; readonly expires?: true }

export interface StreamOptions {
  /**
   * Watches more than the collection: its whole database, or everything but the server's own databases and MongoDB's.
   * SECURITY: never for a user's request; rules are a collection's.
   */
  readonly scope?: "database" | "deployment"
  readonly resumeAfter?: Document
  readonly signal?: AbortSignal
  /** Called once, when every change from now on will be seen. */
  readonly onOpen?: () => void
  /**
   * Called when the stream stands, and now and then while nothing of the collection changes, with a token to resume after:
   * nothing that has not been handed out, and asked past, lies before it. Undefined where the database names no place without an event.
   */
  readonly onPosition?: (token: Document | undefined) => void
}

/** A change as MongoDB's change streams report it; `fullDocument` is the document after the change, where there is one. */
export interface ChangeEvent {
  readonly _id: Document
  readonly operationType: "insert" | "update" | "replace" | "delete"
  readonly ns: { readonly db: string; readonly coll: string }
  readonly documentKey: Document
  readonly fullDocument?: Document
  readonly fullDocumentBeforeChange?: Document
  readonly updateDescription?: Document
  readonly clusterTime?: Value
}

/**
 * A store of documents. Values are in the kernel's normal form in both directions.
 * Every method rejects with a {@link StoreError}; nothing else leaves a store.
 */
export interface Store {
  readonly abilities: StoreAbilities
  find(namespace: Namespace, filter: Document, options?: FindOptions): Cursor
  /** How a find would be answered; undefined (or no such method) where the store cannot say. */
  explain?(namespace: Namespace, filter: Document, options?: FindOptions): Promise<FindPlan | undefined>
  aggregate(namespace: Namespace, pipeline: readonly Document[], options?: { readonly allowDiskUse?: boolean; readonly maxTimeMS?: number }): Cursor
  count(namespace: Namespace, filter: Document, options?: { readonly limit?: number; readonly skip?: number }): Promise<number>
  distinct(namespace: Namespace, field: string, filter: Document): Promise<Value[]>
  /** Inserts in order; a document without `_id` gets one, placed first. Resolves to the ids; on a duplicate key what came before stays. */
  insert(namespace: Namespace, documents: readonly Document[], options?: { readonly ordered?: boolean }): Promise<Value[]>
  /** An update without operators replaces the document. */
  update(namespace: Namespace, filter: Document, update: Document | readonly Document[], options: UpdateOptions): Promise<UpdateResult>
  replace(namespace: Namespace, filter: Document, replacement: Document, options?: { readonly upsert?: boolean }): Promise<UpdateResult>
  delete(namespace: Namespace, filter: Document, options: { readonly many: boolean }): Promise<number>
  findOneAndUpdate(namespace: Namespace, filter: Document, update: Document | readonly Document[], options?: FindAndChangeOptions): Promise<Document | null>
  findOneAndReplace(namespace: Namespace, filter: Document, replacement: Document, options?: FindAndChangeOptions): Promise<Document | null>
  findOneAndDelete(namespace: Namespace, filter: Document, options?: { readonly sort?: Document; readonly projection?: Document }): Promise<Document | null>
  bulkWrite(namespace: Namespace, operations: readonly BulkOperation[], options?: { readonly ordered?: boolean }): Promise<void>

  /**
   * What this store would make of a document under a change, without writing anything that another reader of the
   * namespace can see. `filter` is the request's own predicate (the positional `$` refers to it).
   * `before: null` asks for the document an upsert would insert (with an `_id`).
   */
  preview(namespace: Namespace, before: Document | null, filter: Document, change: Change): Promise<Document>
  /** Rejects a change that this store would make to no document at all: one that is malformed. For a request that has met nothing to preview it on. */
  checkChange(namespace: Namespace, filter: Document, change: Change): Promise<void>
  /** Writes swaps, each only if the document is still `before`. All or nothing where `abilities.transactions`. */
  swap(namespace: Namespace, swaps: readonly Swap[]): Promise<SwapOutcome>
  /** Whether a document matches a predicate, decided by this store's query language. */
  matches(document: Document, filter: Document): Promise<boolean>
  /** Runs a pipeline over the given documents instead of a collection: the visible collection of a user. */
  aggregateOver(documents: AsyncIterable<Document>, pipeline: readonly Document[], options?: { readonly maxTimeMS?: number }): Cursor
  /** Applies a projection to a document. */
  project(document: Document, projection: Document, filter?: Document): Document

  /** Runs work on a view of this store whose writes are seen by nobody else until it resolves; rejecting undoes them. `StoreError` "unsupported" where `abilities.transactions` is false. */
  transaction<Result>(work: (store: Store) => Promise<Result>): Promise<Result>
  ensureIndex(namespace: Namespace, index: IndexSpecification): Promise<void>
  indexes(namespace: Namespace): Promise<IndexDescription[]>
  listDatabases(): Promise<string[]>
  listCollections(database: string): Promise<string[]>
  /** Changes of a collection from now on (or after `resumeAfter`). `StoreError` "unsupported" where `abilities.changeStreams` is false. */
  watch(namespace: Namespace, options?: StreamOptions): AsyncIterable<ChangeEvent>
  /**
   * The first inserted document whose value at `field` itself (not an element of a list, no list on the way) is exactly `value`;
   * null if there is none. O(log n) where an index on `field` exists.
   */
  findFirstInserted(namespace: Namespace, field: string, value: Value): Promise<Document | null>
  close(): Promise<void>
}

/**
 * `bad-request`: the query, update or pipeline is wrong; `duplicate-key`; `document-invalid`: the database refused the document;
 * `unsupported`: this store cannot do it; `unavailable`: the database is away, full or too slow; `closed`.
 * Only from opening a storage file: `locked`: another process has it; `foreign-file`: it is not ours.
 */
export type StoreErrorCode = "bad-request" | "duplicate-key" | "document-invalid" | "unsupported" | "unavailable" | "closed" | "locked" | "foreign-file"

/** A store refused or could not be reached. `serverCode` is MongoDB's number for the error, where it has one. */
export class StoreError extends BackstitchError {
  override readonly name = "StoreError"
  readonly code: StoreErrorCode
  readonly serverCode: number | undefined

  constructor(code: StoreErrorCode, message: string, details: { readonly serverCode?: number; readonly cause?: unknown } = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause })
    this.code = code
    this.serverCode = details.serverCode
  }

  get fault(): "caller" | "server" {
    return this.code === "unavailable" || this.code === "closed" || this.code === "locked" || this.code === "foreign-file" ? "server" : "caller"
  }
}
