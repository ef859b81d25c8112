// Acknowledged means on the disk: after a commit the write-ahead log is flushed outside the event loop, one flush for
// all commits that wait for it.
import { closeSync, fdatasync, openSync } from "node:fs"
import { StoreError } from "../../data/index.ts"

/** Flushes what was committed. */
export interface Durability {
  /** Resolves when every commit made before the call is on the disk. */
  flushed(): Promise<void>
  close(): Promise<void>
}

/** Nothing is flushed: for stores that end with the process. */
export const volatileDurability: Durability = { flushed: () => Promise.resolve(), close: () => Promise.resolve() }

/**
 * Flushes a write-ahead log. SQLite locks the database and its shared memory, never the log, so a handle of our own on
 * the log takes no lock from it; the log keeps its place on the disk as long as the database is open.
 */
export function flushLog(logPath: string): Durability {
  const handle = openSync(logPath, "r+")
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  let failure: unknown

  const flush = (): Promise<void> => new Promise((resolve, reject) => {
    fdatasync(handle, (error) => {
      if (error === null) resolve()
      else reject(failure = new StoreError("unavailable", "Cannot write to the storage file: flushing it to the disk failed, and it must be opened again", { cause: error }))
    })
  })

  const start = (): Promise<void> => {
    running = flush().finally(() => {
      running = undefined
    })
    return running
  }

  return {
    flushed() {
      // After a failed flush the system may have dropped the pages: a later success would prove nothing.
      if (failure !== undefined) return Promise.reject(failure)
      if (running === undefined) return start()
      next ??= running.then(() => undefined, () => undefined).then(() => {
        next = undefined
        return start()
      })
      return next
    },
    async close() {
      // The one that waits becomes the running one while the running one is waited for.
      for (let last = next ?? running; last !== undefined; last = next ?? running) await last.catch(() => undefined)
      closeSync(handle)
    },
  }
}
