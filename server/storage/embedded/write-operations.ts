// The writing operations of the port, over an access.
import { equalValues, readBson, writeBson, type Clock, type Document, type Value } from "../../../kernel/index.ts"
import { StoreError, type BulkOperation, type Change, type FindAndChangeOptions, type Namespace, type Swap, type SwapOutcome, type UpdateOptions, type UpdateResult } from "../../data/index.ts"
import { checkReplacement, compileUpdate, replaceDocument, upsertDocument, type LanguageOptions } from "../language/index.ts"
import { asReplacement, withId } from "../values.ts"
import type { Access } from "./access.ts"
import { changeAll, changeFirst } from "./change-documents.ts"
import { compileSearch, compileShape } from "./search.ts"
import type { Found, WriteContext } from "./write-context.ts"

/** How a document becomes another, and what is inserted when there is none. */
interface Transformation {
  readonly kind: "update" | "replace"
  readonly change: (before: Document) => Document
  readonly insertion: () => Document
}

export class WriteOperations {
  readonly #access: Access
  readonly #language: () => LanguageOptions
  readonly #clock: Clock

  constructor(access: Access, language: () => LanguageOptions, clock: Clock) {
    this.#access = access
    this.#language = language
    this.#clock = clock
  }

  async insert(namespace: Namespace, documents: readonly Document[], ordered: boolean): Promise<Value[]> {
    const complete = documents.map(withId)
    const refusal = await this.#access.write((context) => insertEach(context, namespace, complete, ordered))
    if (refusal !== undefined) throw refusal
    return complete.map(({ _id }) => _id)
  }

  async update(namespace: Namespace, filter: Document, update: Document | readonly Document[], options: UpdateOptions): Promise<UpdateResult> {
    const replacement = asReplacement(update)
    if (replacement !== undefined && options.many) throw new StoreError("bad-request", "Cannot update many documents: the update has no operators", { serverCode: 9 })
    return this.#change(namespace, filter, options, replacement === undefined ? this.#updating(filter, update, options.arrayFilters) : this.#replacing(filter, replacement))
  }

  replace(namespace: Namespace, filter: Document, replacement: Document, upsert: boolean): Promise<UpdateResult> {
    return this.#change(namespace, filter, { many: false, upsert }, this.#replacing(filter, replacement))
  }

  async #change(namespace: Namespace, filter: Document, options: UpdateOptions, { kind, change, insertion }: Transformation): Promise<UpdateResult> {
    const search = compileSearch(namespace, filter, options.sort === undefined ? {} : { sort: options.sort }, this.#language())
    let modified = 0
    let upserted: Document | undefined
    const apply = (context: WriteContext, found: Found): void => {
      if (context.replace(namespace, found, change(found.document), kind)) modified += 1
    }
    const none = (context: WriteContext): void => {
      if (options.upsert !== true) return
      upserted = withId(insertion())
      context.insert(namespace, upserted)
    }
    const matched = options.many
      ? await changeAll(this.#access, search, apply, none)
      : await changeFirst(this.#access, search, (context, found) => (found === null ? (none(context), 0) : (apply(context, found), 1)))
    return { matched, modified, ...(upserted === undefined ? {} : { upsertedId: upserted["_id"] }) }
  }

  async delete(namespace: Namespace, filter: Document, many: boolean): Promise<number> {
    const search = compileSearch(namespace, filter, {}, this.#language())
    if (many) return changeAll(this.#access, search, (context, found) => context.delete(namespace, found))
    return changeFirst(this.#access, search, (context, found) => (found === null ? 0 : (context.delete(namespace, found), 1)))
  }

  async findOneAndUpdate(namespace: Namespace, filter: Document, update: Document | readonly Document[], options: FindAndChangeOptions): Promise<Document | null> {
    const replacement = asReplacement(update)
    return this.#findAndChange(namespace, filter, options, replacement === undefined ? this.#updating(filter, update, options.arrayFilters) : this.#replacing(filter, replacement))
  }

  findOneAndReplace(namespace: Namespace, filter: Document, replacement: Document, options: FindAndChangeOptions): Promise<Document | null> {
    return this.#findAndChange(namespace, filter, options, this.#replacing(filter, replacement))
  }

  async #findAndChange(namespace: Namespace, filter: Document, options: FindAndChangeOptions, { kind, change, insertion }: Transformation): Promise<Document | null> {
    const search = compileSearch(namespace, filter, options.sort === undefined ? {} : { sort: options.sort }, this.#language())
    const shape = compileShape(options, filter, this.#language())
    return changeFirst(this.#access, search, (context, found) => {
      if (found === null) {
        if (options.upsert !== true) return null
        const inserted = withId(insertion())
        context.insert(namespace, inserted)
        return options.returnNewDocument === true ? shape(inserted) : null
      }
      const after = change(found.document)
      // The projection first: one that fails must leave the document as it was.
      const answer = shape(options.returnNewDocument === true ? after : found.document)
      context.replace(namespace, found, after, kind)
      return answer
    })
  }

  async findOneAndDelete(namespace: Namespace, filter: Document, options: { readonly sort?: Document; readonly projection?: Document }): Promise<Document | null> {
    const search = compileSearch(namespace, filter, options.sort === undefined ? {} : { sort: options.sort }, this.#language())
    const shape = compileShape(options, filter, this.#language())
    return changeFirst(this.#access, search, (context, found) => {
      if (found === null) return null
      const answer = shape(found.document)
      context.delete(namespace, found)
      return answer
    })
  }

  async bulkWrite(namespace: Namespace, operations: readonly BulkOperation[], ordered: boolean): Promise<void> {
    let first: unknown
    // Each operation is committed by itself; the disk is waited for once.
    const steps = new WriteOperations(this.#access.unflushed(), this.#language, this.#clock)
    for (const operation of operations) {
      try {
        await steps.#runOne(namespace, operation)
      } catch (error) {
        first ??= error
        if (ordered) break
      }
    }
    await this.#access.flushed()
    if (first !== undefined) throw first
  }

  async #runOne(namespace: Namespace, operation: BulkOperation): Promise<unknown> {
    if ("insertOne" in operation) return this.insert(namespace, [operation.insertOne.document], true)
    if ("updateOne" in operation) {
      const { filter, update, ...options } = operation.updateOne
      requireOperators(update)
      return this.update(namespace, filter, update, { ...options, many: false })
    }
    if ("updateMany" in operation) {
      const { filter, update, ...options } = operation.updateMany
      requireOperators(update)
      return this.update(namespace, filter, update, { ...options, many: true })
    }
    if ("replaceOne" in operation) return this.replace(namespace, operation.replaceOne.filter, operation.replaceOne.replacement, operation.replaceOne.upsert === true)
    if ("deleteOne" in operation) return this.delete(namespace, operation.deleteOne.filter, false)
    if ("deleteMany" in operation) return this.delete(namespace, operation.deleteMany.filter, true)
    throw new StoreError("bad-request", "Cannot write in bulk: one operation is of no known kind", { serverCode: 9 })
  }

  /** Swaps are all or nothing: one job. */
  async swap(namespace: Namespace, swaps: readonly Swap[]): Promise<SwapOutcome> {
    const conflict = new Conflict()
    try {
      return await this.#access.write((context) => {
        swaps.forEach((swap, at) => {
          if (!swapOne(context, namespace, swap)) throw conflict.found(at)
        })
        return { outcome: "done" } as const
      })
    } catch (error) {
      if (conflict.at !== undefined) return { outcome: "conflict", at: conflict.at }
      throw error
    }
  }

  /** What a change would make of a document, or (before: null) what an upsert would insert. */
  preview(before: Document | null, filter: Document, change: Change): Document {
    const { change: apply, insertion } = this.checkChange(filter, change)
    return before === null ? withId(insertion()) : apply(before)
  }

  /** Compiles a change: one that is malformed is refused here, whatever there is to change. */
  checkChange(filter: Document, change: Change): Transformation {
    return change.kind === "replace" ? this.#replacing(filter, change.replacement) : this.#updating(filter, change.update, change.arrayFilters)
  }

  #updating(filter: Document, update: Document | readonly Document[], arrayFilters: readonly Document[] | undefined): Transformation {
    const language = { ...this.#language(), now: this.#clock() }
    const filters = arrayFilters === undefined ? {} : { arrayFilters }
    const apply = compileUpdate(update, { ...language, ...filters, filter })
    return { kind: "update", change: (before) => apply(before, false), insertion: () => upsertDocument(filter, { kind: "update", update, ...filters }, language) }
  }

  #replacing(filter: Document, replacement: Document): Transformation {
    checkReplacement(replacement)
    return {
      kind: "replace",
      change: (before) => replaceDocument(before, replacement),
      insertion: () => upsertDocument(filter, { kind: "replace", replacement }, { ...this.#language(), now: this.#clock() }),
    }
  }
}

function requireOperators(update: Document | readonly Document[]): void {
  if (asReplacement(update) !== undefined) throw new StoreError("bad-request", "Cannot write in bulk: an update has no operators", { serverCode: 9 })
}

function insertEach(context: WriteContext, namespace: Namespace, documents: readonly Document[], ordered: boolean): StoreError | undefined {
  let first: StoreError | undefined
  for (const document of documents) {
    try {
      context.insert(namespace, document)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      first ??= error
      if (ordered) return first
    }
  }
  return first
}

function swapOne(context: WriteContext, namespace: Namespace, { before, after, replaces }: Swap): boolean {
  if (before === null) {
    if (after !== null) context.insert(namespace, withId(after))
    return true
  }
  const stored = context.fetchById(namespace, before["_id"])
  if (stored === undefined || !isSame(stored.bytes, before)) return false
  const found = { n: stored.n, document: before, size: stored.bytes.length }
  if (after === null) context.delete(namespace, found)
  else {
    if (!Object.hasOwn(after, "_id") || !equalValues(after["_id"], before["_id"])) throw new StoreError("bad-request", "Cannot change the `_id` of a document", { serverCode: 66 })
    context.replace(namespace, found, withId(after), replaces === true ? "replace" : "update")
  }
  return true
}

function isSame(stored: Uint8Array, image: Document): boolean {
  const bytes = writeBson(image)
  return Buffer.compare(stored, bytes) === 0 || Buffer.compare(writeBson(readBson(stored)), bytes) === 0
}

/** How the job of a swap says that it found another document than it was told. */
class Conflict {
  at: number | undefined

  found(at: number): StoreError {
    this.at = at
    return new StoreError("bad-request", "Cannot swap: a document has changed", { serverCode: 112 })
  }
}
