// The embedded store: one SQLite file in write-ahead mode, one connection that writes and one that reads.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setImmediate as nextTurn } from "node:timers/promises"
import { systemClock, type Clock } from "../../../kernel/index.ts"
import { StoreError, type IndexSpecification, type Namespace, type Store } from "../../data/index.ts"
import { sharedAccess, transactionAccess, type TransactionAccess } from "./access.ts"
import { createCatalogTables, lookUp } from "./catalog.ts"
import { ChangeLog } from "./change-log.ts"
import { Connection } from "./connection.ts"
import { flushLog, volatileDurability } from "./durability.ts"
import { asStoreError } from "./errors.ts"
import { claimFile, type ClaimedFile } from "./file.ts"
import { requireIndexKeys, sameIndex } from "./index-keys.ts"
import { startScan } from "./scan.ts"
import { View, type ViewParts } from "./view.ts"
import { refuseWatch, watchCollection } from "./watch.ts"
import { WriteContext } from "./write-context.ts"
import { Writer } from "./writer.ts"

export interface EmbeddedOptions {
  /** Path of the file, made if there is none; `":memory:"` for a store that ends with the process. */
  readonly file: string
  readonly clock?: Clock
  /** `disk` (default): what is acknowledged survives loss of power. `process`: only the end of the process, however it ends. */
  readonly durability?: "disk" | "process"
  /** The most bytes the file may grow to; beyond it writes are refused as on a full disk. */
  readonly maxBytes?: number
  /** Seconds a transaction may take before it is undone; 60 as in MongoDB. */
  readonly transactionSeconds?: number
  /** Seconds a transaction may do nothing before it is undone; 10 if absent. All other writers, the server's own too, wait for it. */
  readonly idleSeconds?: number
}

/** A store in a file of its own. */
export interface EmbeddedStore extends Store {
  /** Where the file is; undefined for a store in memory. */
  readonly file: string | undefined
  /** The same store with the server's own databases open: for state, never for an app's operations. */
  readonly internal: Store
}

const pageBytes = 4096

/**
 * Opens (or makes) an embedded store. Throws `StoreError`: "locked" when another process has the file, "foreign-file" when it is
 * not ours (it is left as it is), "unavailable" when it cannot be read or written.
 */
export function openEmbeddedStore(options: EmbeddedOptions): EmbeddedStore {
  const inMemory = options.file === ":memory:"
  const place = inMemory ? privatePlace() : claimFile(options.file)
  try {
    return open(place, { ...options, durability: inMemory ? "process" : options.durability ?? "disk" }, inMemory)
  } catch (error) {
    place.release()
    throw asStoreError(error)
  }
}

/** A folder that is removed with the store: SQLite's own memory databases let no reader pass beside a writer. */
function privatePlace(): ClaimedFile {
  const folder = mkdtempSync(join(tmpdir(), "backstitch-"))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.once("exit", remove)
  return {
    path: join(folder, "memory.sqlite"),
    release: () => {
      process.off("exit", remove)
      remove()
    },
  }
}

function open(place: ClaimedFile, options: EmbeddedOptions, inMemory: boolean): EmbeddedStore {
  const clock = options.clock ?? systemClock
  const connection = new Connection(place.path)
  try {
    // Flushing is ours (see durability.ts): NORMAL leaves it to checkpoints, which keep the file whole.
    connection.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${inMemory ? "OFF" : "NORMAL"}; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768`)
    if (options.maxBytes !== undefined) connection.exec(`PRAGMA max_page_count = ${Math.ceil(options.maxBytes / pageBytes)}`)
    createCatalogTables(connection)
    const reading = new Connection(place.path, { readOnly: true })
    reading.exec("PRAGMA cache_size = -32768; PRAGMA mmap_size = 268435456")
    reading.get("SELECT count(*) FROM collections")
    return assemble(place, options, clock, connection, reading, inMemory)
  } catch (error) {
    connection.close()
    throw error
  }
}

function assemble(place: ClaimedFile, options: EmbeddedOptions, clock: Clock, connection: Connection, reading: Connection, inMemory: boolean): EmbeddedStore {
  const changes = new ChangeLog(clock)
  const durability = options.durability === "process" ? volatileDurability : flushLog(`${place.path}-wal`)
  const writer = new Writer({ connection, durability, changes })
  const closing = new AbortController()
  const access = sharedAccess(reading, writer, () => !closing.signal.aborted)

  const close = async (): Promise<void> => {
    if (closing.signal.aborted) return
    closing.abort()
    await writer.close()
    reading.close()
    connection.close()
    place.release()
  }

  const transaction = <Result>(internal: boolean, work: (store: Store) => Promise<Result>): Promise<Result> =>
    writer.exclusive(async (context) => {
      const own = transactionAccess(context, () => new WriteContext(connection, context.catalog, changes))
      const view = new View({
        access: own, clock, internal,
        transaction: () => Promise.reject(new StoreError("unsupported", "Cannot begin a transaction inside a transaction")),
        ensureIndex: () => Promise.reject(new StoreError("unsupported", "Cannot make an index inside a transaction", { serverCode: 263 })),
        watch: refuseWatch,
        close: () => Promise.reject(new StoreError("unsupported", "Cannot close the store inside a transaction")),
      })
      return within(options, own, work(view)).finally(() => own.end())
    })

  const parts = (internal: boolean): ViewParts => ({
    access, clock, internal, close,
    transaction: (work) => transaction(internal, work),
    ensureIndex: (namespace, index) => buildIndex(writer, namespace, index),
    watch: (namespace, watching) => watchCollection({ connection: reading, writer, changes, closing: closing.signal }, namespace, watching),
  })
  return Object.assign(new View(parts(false)), { file: inMemory ? undefined : place.path, internal: new View(parts(true)) })
}

/** Makes an index and enters what is there, in one transaction; others read meanwhile, and write after it. */
async function buildIndex(writer: Writer, namespace: Namespace, index: IndexSpecification): Promise<void> {
  const name = requireIndexKeys(index)
  if (sameIndex(lookUp(writer.committed, namespace), index, name)) return
  await writer.exclusive(async (context) => {
    if (sameIndex(context.collection(namespace), index, name)) return
    const made = context.addIndex(namespace, index, name)
    const scan = startScan(namespace, { kind: "natural", backwards: false, sorted: true }, { expected: 512 })
    for (let rows = scan.next(context); rows !== null; rows = scan.next(context)) {
      for (const row of rows) context.enter(namespace, made.id, row)
      await nextTurn()
    }
  })
}

/** The result of work in a transaction, unless it takes too long or does nothing for too long. */
async function within<Result>({ transactionSeconds = 60, idleSeconds = 10 }: EmbeddedOptions, access: TransactionAccess, work: Promise<Result>): Promise<Result> {
  const begun = performance.now()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setInterval(() => {
      const now = performance.now()
      const found = now - begun > transactionSeconds * 1000 ? `took more than ${transactionSeconds} seconds` : now - access.lastUsed > idleSeconds * 1000 ? `did nothing for ${idleSeconds} seconds` : undefined
      if (found !== undefined) reject(new StoreError("unavailable", `Cannot finish the transaction: it ${found}`, { serverCode: 290 }))
    }, Math.min(250, idleSeconds * 250, transactionSeconds * 250))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearInterval(timer)
  }
}
