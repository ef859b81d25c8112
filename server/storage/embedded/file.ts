// Opening the storage file: is it ours, may we write it, does another process have it.
import { closeSync, constants, accessSync, fsyncSync, openSync, readSync, realpathSync, statSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { StoreError } from "../../data/index.ts"
import { asStoreError, sqliteCode } from "./errors.ts"

/** "Bstc", in the header of each file that is ours (SQLite's `application_id`). */
const applicationId = 0x42737463
const layoutVersion = 1
const sqliteMagic = "SQLite format 3\0"
const busyCode = 5

/** Files this process has open: POSIX drops all locks a process holds on a file when it closes any handle of that file. */
const openHere = new Set<string>()

/** A file that is ours and locked for this process alone. */
export interface ClaimedFile {
  readonly path: string
  release(): void
}

/** Checks and locks a storage file, and makes it if there is none. Throws `StoreError` and leaves a file that is not ours as it was. */
export function claimFile(file: string): ClaimedFile {
  const path = realPath(file)
  if (openHere.has(path)) throw locked(path)
  inspect(path)
  const lock = lockFile(path)
  try {
    // The file may have changed before the lock was ours.
    inspect(path)
    initialise(path)
  } catch (error) {
    lock.close()
    throw asStoreError(error)
  }
  openHere.add(path)
  return {
    path,
    release: () => {
      openHere.delete(path)
      lock.close()
    },
  }
}

function realPath(file: string): string {
  const path = resolve(file)
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined ? join(realpathSync(dirname(path)), basename(path)) : realpathSync(path)
  } catch (error) {
    throw new StoreError("unavailable", `Cannot open the storage file \`${path}\`: its folder cannot be read`, { cause: error })
  }
}

/** Refuses what is no file, not ours, newer than this program, or not writable. */
function inspect(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false })
  if (status === undefined) return requireWritable(dirname(path), path)
  if (!status.isFile()) throw new StoreError("foreign-file", `Cannot open the storage file \`${path}\`: it is no ordinary file`)
  requireWritable(path, path)
  requireWritable(dirname(path), path)
  if (status.size === 0) return
  const header = readHeader(path)
  if (header.toString("latin1", 0, 16) !== sqliteMagic || header.readUInt32BE(68) !== applicationId) {
    throw new StoreError("foreign-file", `Cannot open the storage file \`${path}\`: it is not a file of this server, and was left as it is`)
  }
  if (header.readUInt32BE(60) > layoutVersion) {
    throw new StoreError("foreign-file", `Cannot open the storage file \`${path}\`: it was written by a newer version of this server`)
  }
}

function readHeader(path: string): Buffer {
  const header = Buffer.alloc(100)
  const handle = openSync(path, "r")
  try {
    readSync(handle, header, 0, header.length, 0)
  } finally {
    closeSync(handle)
  }
  return header
}

function requireWritable(target: string, path: string): void {
  try {
    accessSync(target, constants.W_OK)
  } catch (error) {
    const found = target === path ? "it may not be written" : `its folder \`${target}\` may not be written or is missing`
    throw new StoreError("unavailable", `Cannot open the storage file \`${path}\`: ${found}`, { cause: error })
  }
}

/** The operating system frees the lock when the process ends, however it ends. */
function lockFile(path: string): DatabaseSync {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(`${path}-lock`)
    lock.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
    return lock
  } catch (error) {
    lock?.close()
    throw sqliteCode(error) === busyCode ? locked(path) : asStoreError(error)
  }
}

function locked(path: string): StoreError {
  return new StoreError("locked", `Cannot open the storage file \`${path}\`: it is open already, here or in another process`)
}

/** Writes our mark before the file changes to write-ahead logging, so that it stands in the file itself from the first page on. */
function initialise(path: string): void {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0) return
  const database = new DatabaseSync(path)
  try {
    database.exec(`PRAGMA synchronous = FULL; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${layoutVersion}`)
  } finally {
    database.close()
  }
  syncFolder(dirname(path))
}

function syncFolder(folder: string): void {
  if (process.platform === "win32") return
  const handle = openSync(folder, "r")
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
