// What the rest of the server sees of the MongoDB service under rules: one guard, asked for every operation.
import type { Document, Value } from "../../kernel/index.ts"
import type { BulkOperation, ChangeEvent, Cursor, FindAndChangeOptions, FindOptions, Namespace } from "./store.ts"

/** On whose behalf data is touched. */
export interface Caller {
  /** True: no rules, filters or schema apply. */
  readonly system: boolean
  /** `%%user`: `{ id, type, data, custom_data, identities }`; for work without a user `{ type: "system", … }` without `id`. */
  readonly user: Document
  /** `%%request`. */
  readonly request: Document
  /** How many rule functions deep this work is (a rule calls a function that reads a collection …); absent: 0. */
  readonly ruleDepth?: number
}

/** Results have the shapes of functions (function specification, 4.2); the wire shapes of clients are the same but for number kinds. */
export interface UpdateOutcome { readonly matchedCount: number; readonly modifiedCount: number; readonly upsertedId?: Value }

/** A collection as one caller may see it. Rejects with `PermissionError`, `RequestError` or `StoreError`. */
export interface GuardedCollection {
  find(filter: Document, options?: FindOptions): Cursor
  findOne(filter: Document, options?: FindOptions): Promise<Document | null>
  count(filter: Document, options?: { readonly limit?: number }): Promise<number>
  distinct(field: string, filter: Document): Promise<Value[]>
  aggregate(pipeline: readonly Document[], options?: { readonly maxTimeMS?: number; readonly allowDiskUse?: boolean }): Cursor
  insertOne(document: Document): Promise<{ readonly insertedId: Value }>
  insertMany(documents: readonly Document[], options?: { readonly ordered?: boolean }): Promise<{ readonly insertedIds: Value[] }>
  /** `countChanged`: `modifiedCount` counts only documents whose content changed, as functions see it; clients see all that were written. */
  updateOne(filter: Document, update: Document, options?: { readonly upsert?: boolean; readonly arrayFilters?: readonly Document[]; readonly countChanged?: boolean }): Promise<UpdateOutcome>
  updateMany(filter: Document, update: Document, options?: { readonly upsert?: boolean; readonly arrayFilters?: readonly Document[]; readonly countChanged?: boolean }): Promise<UpdateOutcome>
  replaceOne(filter: Document, replacement: Document, options?: { readonly upsert?: boolean; readonly countChanged?: boolean }): Promise<UpdateOutcome>
  deleteOne(filter: Document): Promise<{ readonly deletedCount: number }>
  deleteMany(filter: Document): Promise<{ readonly deletedCount: number }>
  findOneAndUpdate(filter: Document, update: Document, options?: FindAndChangeOptions): Promise<Document | null>
  findOneAndReplace(filter: Document, replacement: Document, options?: FindAndChangeOptions): Promise<Document | null>
  findOneAndDelete(filter: Document, options?: { readonly sort?: Document; readonly projection?: Document }): Promise<Document | null>
  bulkWrite(operations: readonly BulkOperation[], options?: { readonly ordered?: boolean }): Promise<null>
  /** `onOpen` is called once, when every change from now on will be seen. The stream opens when its first event is asked for. */
  watch(options: { readonly ids?: readonly Value[]; readonly filter?: Document; readonly signal?: AbortSignal; readonly onOpen?: () => void }): AsyncIterable<ChangeEvent>
}

/** A transaction of a function: operations join it until it is committed or aborted. */
export interface DataSession {
  commit(): Promise<void>
  abort(): Promise<void>
}

export interface DataService {
  /** Names of the data sources. */
  readonly services: readonly string[]
  /** Throws `RequestError` ServiceNotFound for an unknown data source. */
  collection(service: string, namespace: Namespace, caller: Caller, session?: DataSession): GuardedCollection
  /** A client's service action (client protocol, 4.3): one argument object in, the reply's value out. */
  call(service: string, action: string, argument: Document, caller: Caller): Promise<Value>
  startSession(service: string, caller: Caller): Promise<DataSession>
  listDatabases(service: string, caller: Caller): Promise<string[]>
  listCollections(service: string, database: string, caller: Caller): Promise<string[]>
}

/** What the guard needs of functions: the value of a `%function`. Filled by server/functions; rejecting makes the call undetermined. */
export interface RuleFunctions {
  call(name: string, args: readonly Value[], caller: Caller): Promise<Value>
}
