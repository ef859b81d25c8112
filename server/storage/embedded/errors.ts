import { StoreError } from "../../data/index.ts"

/** SQLite's primary result codes that have a sentence of their own. */
const busy = 5
const readOnly = 8
const inputOutput = 10
const corrupt = 11
const full = 13
const cannotOpen = 14
const notADatabase = 26

const sentences: Record<number, string> = {
  [busy]: "another program holds a lock on it",
  [readOnly]: "it may not be written",
  [inputOutput]: "reading or writing the disk failed",
  [corrupt]: "its content is damaged",
  [full]: "the disk or the size allowed for the file is full",
  [cannotOpen]: "it cannot be opened",
  [notADatabase]: "it is no SQLite file",
}

/** The primary result code of an error SQLite raised, or undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  const code: unknown = error instanceof Error && "errcode" in error ? error.errcode : undefined
  return typeof code === "number" ? code & 0xff : undefined
}

/** Turns whatever an operation threw into the one error a store rejects with. */
export function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const code = sqliteCode(error)
  const found = code === undefined ? "an unexpected error" : sentences[code] ?? `SQLite's error ${code}`
  return new StoreError("unavailable", `Cannot use the storage file: ${found}`, { cause: error })
}

/** The text of a refused key names the index and never holds the value. */
export function duplicateKey(namespace: { readonly database: string; readonly collection: string }, index: string): StoreError {
  return new StoreError("duplicate-key", `Duplicate key error collection: ${namespace.database}.${namespace.collection} index: ${index}`, { serverCode: 11000 })
}
