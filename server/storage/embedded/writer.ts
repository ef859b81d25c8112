// One writer at a time. Writes that wait together share one transaction and one flush; each is answered when it is on the disk.
import { StoreError } from "../../data/index.ts"
import { loadCatalog, type Catalog } from "./catalog.ts"
import type { ChangeLog, RowChange } from "./change-log.ts"
import type { Connection } from "./connection.ts"
import { Slice } from "./cursor.ts"
import type { Durability } from "./durability.ts"
import { asStoreError } from "./errors.ts"
import { WriteContext } from "./write-context.ts"

/** Something to do in a transaction, at once and without waiting. Throwing undoes it. */
export type Job<Result> = (context: WriteContext) => Result

interface Waiting {
  readonly run: (context: WriteContext) => unknown
  readonly flush: boolean
  readonly resolve: (value: unknown) => void
  readonly reject: (error: StoreError) => void
}

interface Exclusive { readonly begin: () => Promise<void> }

export interface WriterParts {
  readonly connection: Connection
  readonly durability: Durability
  readonly changes: ChangeLog
}

/** The queue in front of the one connection that writes. */
export class Writer {
  /** What readers may see: the catalog as of the last commit. */
  committed: Catalog
  /** Runs before each commit, so that no reader holds on to what was before it. */
  beforeCommit: () => void = () => undefined
  /** Grows with each commit. */
  version = 0
  readonly #parts: WriterParts
  readonly #queue: (Waiting | Exclusive)[] = []
  #busy = false
  #closed = false
  #idle: (() => void)[] = []

  constructor(parts: WriterParts) {
    this.#parts = parts
    this.committed = loadCatalog(parts.connection)
  }

  /** Runs a job in a transaction, alone or with others; resolves when its result is on the disk (or, without `flush`, committed). */
  submit<Result>(job: Job<Result>, options: { readonly flush: boolean } = { flush: true }): Promise<Result> {
    if (this.#closed) return Promise.reject(closedError())
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ run: job, flush: options.flush, resolve: resolve as (value: unknown) => void, reject })
      this.#wake()
    })
  }

  /** Runs work that waits between its steps, in a transaction that nobody else writes in. */
  exclusive<Result>(work: (context: WriteContext) => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(closedError())
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ begin: () => this.#runExclusive(work).then(resolve, reject) })
      this.#wake()
    })
  }

  /** Resolves when all that is committed is on the disk. */
  flushed(): Promise<void> {
    return this.#parts.durability.flushed()
  }

  /** Refuses new work and resolves when all that was accepted is done. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#busy || this.#queue.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
    await this.#parts.durability.close()
  }

  #wake(): void {
    if (this.#busy) return
    this.#busy = true
    // After this turn's input has been read, so that requests that came together are written together.
    setImmediate(() => void this.#drain())
  }

  async #drain(): Promise<void> {
    const slice = new Slice()
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if ("begin" in next) {
        this.#queue.shift()
        await next.begin()
      } else this.#runGroup(slice)
      if (slice.isOver) await slice.pause()
    }
    this.#busy = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Runs the jobs at the head of the queue in one transaction, until the slice is over. */
  #runGroup(slice: Slice): void {
    const { connection } = this.#parts
    const done: { readonly waiting: Waiting; readonly result: unknown }[] = []
    const changes: RowChange[] = []
    let catalog = this.committed
    // A job that has the transaction to itself needs no way back to before it but the transaction's.
    const isAlone = this.#queue.length === 1
    try {
      connection.run("BEGIN IMMEDIATE")
    } catch (error) {
      this.#rejectHead(error)
      return
    }
    for (let next = this.#queue[0]; next !== undefined && !("begin" in next); next = this.#queue[0]) {
      this.#queue.shift()
      const context = new WriteContext(connection, catalog, this.#parts.changes)
      try {
        if (!isAlone) connection.run("SAVEPOINT job")
        const result = next.run(context)
        if (!isAlone) connection.run("RELEASE job")
        catalog = context.catalog
        for (const change of context.changes) changes.push(change)
        done.push({ waiting: next, result })
      } catch (error) {
        next.reject(asStoreError(error))
        // SQLite ends the whole transaction by itself when the disk is full or broken.
        if (!connection.inTransaction) {
          for (const { waiting } of done) waiting.reject(asStoreError(error))
          return
        }
        if (isAlone) {
          connection.run("ROLLBACK")
          return
        }
        connection.run("ROLLBACK TO job")
        connection.run("RELEASE job")
      }
      if (slice.isOver) break
    }
    this.#finish(catalog, changes, done)
  }

  #finish(catalog: Catalog, changes: readonly RowChange[], done: readonly { readonly waiting: Waiting; readonly result: unknown }[]): void {
    try {
      this.#commit(catalog)
    } catch (error) {
      for (const { waiting } of done) waiting.reject(asStoreError(error))
      return
    }
    for (const { waiting, result } of done) if (!waiting.flush) waiting.resolve(result)
    const flushing = done.filter(({ waiting }) => waiting.flush)
    if (flushing.length === 0 && changes.length === 0) return
    this.#parts.durability.flushed().then(
      () => {
        this.#parts.changes.publish(changes)
        for (const { waiting, result } of flushing) waiting.resolve(result)
      },
      (error: unknown) => {
        for (const { waiting } of flushing) waiting.reject(asStoreError(error))
      },
    )
  }

  async #runExclusive<Result>(work: (context: WriteContext) => Promise<Result>): Promise<Result> {
    const { connection } = this.#parts
    const context = new WriteContext(connection, this.committed, this.#parts.changes)
    try {
      connection.run("BEGIN IMMEDIATE")
      const result = await work(context)
      this.#commit(context.catalog)
      await this.#parts.durability.flushed()
      this.#parts.changes.publish(context.changes)
      return result
    } catch (error) {
      if (connection.inTransaction) connection.run("ROLLBACK")
      throw asOwnError(error)
    }
  }

  #commit(catalog: Catalog): void {
    const { connection } = this.#parts
    try {
      this.beforeCommit()
      connection.run("COMMIT")
    } catch (error) {
      if (connection.inTransaction) connection.run("ROLLBACK")
      throw error
    }
    this.committed = catalog
    this.version += 1
  }

  #rejectHead(error: unknown): void {
    const head = this.#queue.shift()
    if (head !== undefined && !("begin" in head)) head.reject(asStoreError(error))
  }
}

/** What the caller's own work in a transaction threw goes to the caller as it is. */
function asOwnError(error: unknown): unknown {
  return error instanceof Error && "errcode" in error ? asStoreError(error) : error
}

export function closedError(): StoreError {
  return new StoreError("closed", "Cannot use the store: it is closed")
}
