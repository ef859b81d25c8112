// Two ways to the same file: the shared one (reads see what is committed, writes are queued), and that of a transaction.
import { StoreError } from "../../data/index.ts"
import type { Connection } from "./connection.ts"
import type { Reader } from "./scan.ts"
import { WriteContext } from "./write-context.ts"
import { closedError, type Job, type Writer } from "./writer.ts"

/** What operations need of the file. */
export interface Access {
  /** Reads at once; what it sees is whole. */
  reader(): Reader
  write<Result>(job: Job<Result>): Promise<Result>
  /** The same, answered when a write is committed: whoever uses it waits for `flushed` before saying that it is done. */
  unflushed(): Access
  /** Resolves when all that is committed is on the disk. */
  flushed(): Promise<void>
  /** Differs when others may have written since it was asked last. */
  version(): number
}

/**
 * The reading connection keeps one read transaction open between two commits: nobody but our writer changes the file, and
 * beginning one anew costs more than a read by key.
 */
export function sharedAccess(connection: Connection, writer: Writer, isOpen: () => boolean): Access {
  let reading = false
  writer.beforeCommit = () => {
    if (reading) connection.run("COMMIT")
    reading = false
  }
  const access: Access = {
    reader() {
      if (!isOpen()) throw closedError()
      if (!reading) {
        connection.run("BEGIN")
        reading = true
      }
      return { connection, catalog: writer.committed }
    },
    write: (job) => writer.submit(job),
    version: () => writer.version,
    unflushed: () => ({ ...access, write: (job) => writer.submit(job, { flush: false }) }),
    flushed: () => writer.flushed(),
  }
  return access
}

/** Access to a transaction, when it was used last, and the end of it. */
export interface TransactionAccess extends Access {
  readonly lastUsed: number
  end(): void
}

export function transactionAccess(context: WriteContext, begin: () => WriteContext): TransactionAccess {
  let open = true
  let lastUsed = performance.now()
  const check = (): void => {
    if (!open) throw new StoreError("closed", "Cannot use the transaction: it has ended")
    lastUsed = performance.now()
  }
  const access: TransactionAccess = {
    get lastUsed() {
      return lastUsed
    },
    reader() {
      check()
      return { connection: context.connection, catalog: context.catalog }
    },
    async write(job) {
      check()
      const { connection } = context
      const step = begin()
      connection.run("SAVEPOINT step")
      try {
        const result = job(step)
        connection.run("RELEASE step")
        context.catalog = step.catalog
        for (const change of step.changes) context.changes.push(change)
        return result
      } catch (error) {
        if (connection.inTransaction) {
          connection.run("ROLLBACK TO step")
          connection.run("RELEASE step")
        }
        throw error
      }
    },
    version: () => 0,
    unflushed: () => access,
    flushed: () => Promise.resolve(),
    end() {
      open = false
    },
  }
  return access
}
