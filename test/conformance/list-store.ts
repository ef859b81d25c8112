// The smallest store that runs the cases: a list of documents and the query language, no index, no file.
import { cloneValue, equalValues, ObjectId, type Document, type Value } from "../../kernel/index.ts"
import { StoreError, type BulkOperation, type Change, type Cursor, type FindAndChangeOptions, type FindOptions, type Namespace, type UpdateOptions, type UpdateResult } from "../../server/data/store.ts"
import {
  compileFilter, compileProjection, compileUpdate, sortDocuments, upsertDocument, type LanguageOptions,
} from "../../server/storage/language/index.ts"
import { DistinctValues } from "../../server/storage/aggregation/index.ts"
import type { CrudStore } from "./crud-cases.ts"

/** A store over lists in memory. */
export class ListStore implements CrudStore {
  readonly #collections = new Map<string, Document[]>()
  readonly #language: LanguageOptions

  constructor(language: LanguageOptions = {}) {
    this.#language = language
  }

  #list({ collection }: Namespace): Document[] {
    const list = this.#collections.get(collection) ?? []
    this.#collections.set(collection, list)
    return list
  }

  #select(namespace: Namespace, filter: Document, { sort, skip = 0, limit = 0 }: FindOptions = {}): Document[] {
    const found = this.#list(namespace).filter(compileFilter(filter, this.#language))
    const sorted = sort === undefined ? found : sortDocuments(found, sort)
    return sorted.slice(skip, limit === 0 ? undefined : skip + limit)
  }

  find(namespace: Namespace, filter: Document, options: FindOptions = {}): Cursor {
    const run = (): Document[] => this.#select(namespace, filter, options).map(compileProjection(options.projection ?? {}, { ...this.#language, filter }))
    return {
      toArray: async () => run(),
      close: async () => {},
      async *[Symbol.asyncIterator]() { yield* run() },
    }
  }

  aggregate(): Cursor {
    throw new StoreError("unsupported", "Cannot aggregate here")
  }

  async count(namespace: Namespace, filter: Document, options: { limit?: number; skip?: number } = {}): Promise<number> {
    return this.#select(namespace, filter, options).length
  }

  async distinct(namespace: Namespace, field: string, filter: Document): Promise<Value[]> {
    const found = new DistinctValues(field)
    for (const document of this.#select(namespace, filter)) found.add(document)
    return found.values
  }

  async insert(namespace: Namespace, documents: readonly Document[], { ordered = true }: { ordered?: boolean } = {}): Promise<Value[]> {
    const errors: unknown[] = []
    const ids: Value[] = []
    for (const document of documents) {
      try {
        ids.push(this.#insertOne(namespace, document))
      } catch (error) {
        if (ordered) throw error
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
    return ids
  }

  #insertOne(namespace: Namespace, document: Document): Value {
    const list = this.#list(namespace)
    const inserted: Document = { _id: Object.hasOwn(document, "_id") ? document["_id"] : new ObjectId(), ...cloneValue(document) }
    if (list.some((there) => equalValues(there["_id"], inserted["_id"]))) throw new StoreError("duplicate-key", "Cannot insert: the `_id` is there", { serverCode: 11000 })
    list.push(inserted)
    return inserted["_id"]
  }

  async update(namespace: Namespace, filter: Document, update: Document | readonly Document[], { many, upsert = false, arrayFilters, sort }: UpdateOptions): Promise<UpdateResult> {
    const change: Change = { kind: "update", update, ...(arrayFilters === undefined ? {} : { arrayFilters }) }
    return this.#change(namespace, filter, change, { many, upsert, ...(sort === undefined ? {} : { sort }) })
  }

  async replace(namespace: Namespace, filter: Document, replacement: Document, { upsert = false }: { upsert?: boolean } = {}): Promise<UpdateResult> {
    return this.#change(namespace, filter, { kind: "replace", replacement }, { many: false, upsert })
  }

  #compile(filter: Document, change: Change): (before: Document) => Document {
    const update = change.kind === "replace" ? change.replacement : change.update
    const arrayFilters = change.kind === "update" ? change.arrayFilters : undefined
    const compiled = compileUpdate(update, { ...this.#language, now: new Date(), filter, ...(arrayFilters === undefined ? {} : { arrayFilters }) })
    return (before) => compiled(before, false)
  }

  #change(namespace: Namespace, filter: Document, change: Change, { many, upsert, sort }: { many: boolean; upsert: boolean; sort?: Document }): UpdateResult {
    const list = this.#list(namespace)
    const compiled = this.#compile(filter, change)
    const found = this.#select(namespace, filter, { ...(sort === undefined ? {} : { sort }), limit: many ? 0 : 1 })
    if (found.length === 0 && upsert) return { matched: 0, modified: 0, upsertedId: this.#insertOne(namespace, upsertDocument(filter, change, { ...this.#language, now: new Date() })) }
    let modified = 0
    for (const before of found) {
      const after = compiled(before)
      if (after === before) continue
      modified += 1
      list[list.indexOf(before)] = after
    }
    return { matched: found.length, modified }
  }

  async delete(namespace: Namespace, filter: Document, { many }: { many: boolean }): Promise<number> {
    const found = this.#select(namespace, filter, { limit: many ? 0 : 1 })
    this.#collections.set(namespace.collection, this.#list(namespace).filter((document) => !found.includes(document)))
    return found.length
  }

  async findOneAndUpdate(namespace: Namespace, filter: Document, update: Document | readonly Document[], options: FindAndChangeOptions = {}): Promise<Document | null> {
    return this.#findAndChange(namespace, filter, { kind: "update", update, ...(options.arrayFilters === undefined ? {} : { arrayFilters: options.arrayFilters }) }, options)
  }

  async findOneAndReplace(namespace: Namespace, filter: Document, replacement: Document, options: FindAndChangeOptions = {}): Promise<Document | null> {
    return this.#findAndChange(namespace, filter, { kind: "replace", replacement }, options)
  }

  #findAndChange(namespace: Namespace, filter: Document, change: Change, { sort, projection = {}, upsert = false, returnNewDocument = false }: FindAndChangeOptions): Document | null {
    const project = compileProjection(projection, { ...this.#language, filter })
    const compiled = this.#compile(filter, change)
    const [before] = this.#select(namespace, filter, { ...(sort === undefined ? {} : { sort }), limit: 1 })
    const list = this.#list(namespace)
    if (before === undefined) {
      if (!upsert) return null
      const inserted = upsertDocument(filter, change, { ...this.#language, now: new Date() })
      this.#insertOne(namespace, inserted)
      return returnNewDocument ? project(inserted) : null
    }
    const after = compiled(before)
    list[list.indexOf(before)] = after
    return project(returnNewDocument ? after : before)
  }

  async findOneAndDelete(namespace: Namespace, filter: Document, { sort, projection = {} }: { sort?: Document; projection?: Document } = {}): Promise<Document | null> {
    const [found] = this.#select(namespace, filter, { ...(sort === undefined ? {} : { sort }), limit: 1 })
    if (found === undefined) return null
    this.#collections.set(namespace.collection, this.#list(namespace).filter((document) => document !== found))
    return compileProjection(projection, { ...this.#language, filter })(found)
  }

  async bulkWrite(namespace: Namespace, operations: readonly BulkOperation[], { ordered = true }: { ordered?: boolean } = {}): Promise<void> {
    const errors: unknown[] = []
    for (const operation of operations) {
      try {
        await this.#runBulk(namespace, operation)
      } catch (error) {
        if (ordered) throw error
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }

  async #runBulk(namespace: Namespace, operation: BulkOperation): Promise<void> {
    if ("insertOne" in operation) this.#insertOne(namespace, operation.insertOne.document)
    else if ("updateOne" in operation) await this.update(namespace, operation.updateOne.filter, operation.updateOne.update, { many: false, ...operation.updateOne })
    else if ("updateMany" in operation) await this.update(namespace, operation.updateMany.filter, operation.updateMany.update, { many: true, ...operation.updateMany })
    else if ("replaceOne" in operation) await this.replace(namespace, operation.replaceOne.filter, operation.replaceOne.replacement, operation.replaceOne)
    else if ("deleteOne" in operation) await this.delete(namespace, operation.deleteOne.filter, { many: false })
    else await this.delete(namespace, operation.deleteMany.filter, { many: true })
  }
}
