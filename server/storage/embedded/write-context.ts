// What a writer does inside a transaction: rows, index entries, the catalog, and the record of changes.
import { isDocument, writeBson, type Document, type Value } from "../../../kernel/index.ts"
import { StoreError, type IndexSpecification, type Namespace } from "../../data/index.ts"
import { createCollection, createIndex, lookUp, withCollection, type Catalog, type CollectionInfo, type IndexInfo } from "./catalog.ts"
import type { ChangeLog, RowChange } from "./change-log.ts"
import type { Connection } from "./connection.ts"
import { entriesOf, keyText, rivalKeys } from "./entries.ts"
import { duplicateKey, sqliteCode } from "./errors.ts"
import { encodeKey } from "./keys.ts"
import { decodeDocument } from "../decode.ts"
import { checkNamespace, isReserved } from "../namespaces.ts"

const maxDocumentBytes = 16 * 1024 * 1024
/** The most levels of documents and lists in a stored document, itself counted, as in MongoDB; and the least bytes one takes. */
const maxLevels = 180
const levelBytes = 6
const constraintCode = 19

/** A row found by a search: the document under its insertion number, and its size in bytes. */
export interface Found { readonly n: number; readonly document: Document; readonly size: number }

/** One write transaction, or one step of a group of them. */
export class WriteContext {
  readonly connection: Connection
  readonly changes: RowChange[] = []
  catalog: Catalog
  readonly #log: ChangeLog

  constructor(connection: Connection, catalog: Catalog, log: ChangeLog) {
    this.connection = connection
    this.catalog = catalog
    this.#log = log
  }

  collection(namespace: Namespace): CollectionInfo | undefined {
    return lookUp(this.catalog, namespace)
  }

  /** The collection, made if it is not there yet. */
  ensureCollection(namespace: Namespace): CollectionInfo {
    const known = lookUp(this.catalog, namespace)
    if (known !== undefined) return known
    checkNamespace(namespace)
    const made = createCollection(this.connection, namespace)
    this.catalog = withCollection(this.catalog, made)
    return made
  }

  fetch(namespace: Namespace, n: number): Found | undefined {
    const info = this.collection(namespace)
    if (info === undefined) return undefined
    const row = this.connection.row(`SELECT n, doc FROM ${info.table} WHERE n = ?`, n)
    return row === undefined ? undefined : { n, document: decodeDocument(row[1]), size: row[1].length }
  }

  fetchById(namespace: Namespace, id: Value): { readonly n: number; readonly bytes: Uint8Array } | undefined {
    const info = this.collection(namespace)
    if (info === undefined) return undefined
    const row = this.connection.row(`SELECT n, doc FROM ${info.table} WHERE id = ?`, encodeKey(id))
    return row === undefined ? undefined : { n: row[0], bytes: row[1] }
  }

  /** Inserts a document that has its `_id`, in first place. */
  insert(namespace: Namespace, document: Document): void {
    const info = this.ensureCollection(namespace)
    const bytes = encode(document)
    const entries = this.#newEntries(info, document, undefined)
    let inserted: number
    try {
      inserted = this.connection.run(`INSERT INTO ${info.table} (id, doc) VALUES (?, ?)`, encodeKey(document["_id"]), bytes).inserted
    } catch (error) {
      throw sqliteCode(error) === constraintCode ? duplicateKey(namespace, "_id_") : error
    }
    for (const { index, keys } of entries) for (const key of keys) this.#addEntry(index, key, inserted)
    this.#record(info, { kind: "insert", after: document })
  }

  /** Puts another document in the place of one; the number stays. Returns whether anything is different. */
  replace(namespace: Namespace, { n, document: before, size }: Found, after: Document, kind: "update" | "replace"): boolean {
    if (after === before) return false
    const info = this.ensureCollection(namespace)
    const bytes = encode(after)
    if (bytes.length === size && Buffer.compare(bytes, writeBson(before)) === 0) return false
    const fresh = this.#newEntries(info, after, n)
    for (const { index, keys } of fresh) this.#moveEntries(index, entriesOf(index, before).keys, keys, n)
    this.connection.run(`UPDATE ${info.table} SET doc = ? WHERE n = ?`, bytes, n)
    this.#record(info, { kind, before, after })
    return true
  }

  delete(namespace: Namespace, { n, document }: Pick<Found, "n" | "document">): void {
    const info = this.ensureCollection(namespace)
    for (const index of info.indexes) for (const key of entriesOf(index, document).keys) this.#dropEntry(index, key, n)
    this.connection.run(`DELETE FROM ${info.table} WHERE n = ?`, n)
    this.#record(info, { kind: "delete", before: document })
  }

  addIndex(namespace: Namespace, { keys, unique }: IndexSpecification, name: string): IndexInfo {
    const info = this.ensureCollection(namespace)
    const made = createIndex(this.connection, info, name, keys, unique === true)
    this.catalog = withCollection(this.catalog, { ...info, indexes: [...info.indexes, made] })
    return made
  }

  /** Enters one document into an index that is being built. */
  enter(namespace: Namespace, indexId: number, { n, document }: Found): void {
    const index = this.collection(namespace)?.indexes.find(({ id }) => id === indexId)
    if (index === undefined) return
    const entries = entriesOf(index, document)
    if (index.unique) this.#refuseRivals(namespace, index, entries.keys, n)
    if (entries.multikey && !index.multikey) this.#markMultikey(namespace, index)
    for (const key of entries.keys) this.#addEntry(index, key, n)
  }

  /** From now on the changes of a collection are kept. */
  keepChanges(namespace: Namespace): void {
    const info = this.ensureCollection(namespace)
    if (info.logged) return
    this.connection.run("UPDATE collections SET logged = 1 WHERE id = ?", info.id)
    this.catalog = withCollection(this.catalog, { ...info, logged: true })
  }

  /** The same for every collection there is and will be, in one database or (the empty name) in all that are not the server's own. */
  keepAllChanges(database: string): void {
    if (this.connection.get("SELECT database FROM watched WHERE database = ?", database) !== undefined) return
    this.connection.run("INSERT INTO watched (database) VALUES (?)", database)
    for (const { namespace } of this.catalog.values()) {
      if (database === "" ? !isReserved(namespace.database) : namespace.database === database) this.keepChanges(namespace)
    }
  }

  /** The keys of a new image in each index, after checking that no other document has them. */
  #newEntries(info: CollectionInfo, document: Document, n: number | undefined): { readonly index: IndexInfo; readonly keys: readonly Uint8Array[] }[] {
    return info.indexes.map((index) => {
      const entries = entriesOf(index, document)
      if (index.unique) this.#refuseRivals(info.namespace, index, entries.keys, n)
      if (entries.multikey && !index.multikey) this.#markMultikey(info.namespace, index)
      return { index, keys: entries.keys }
    })
  }

  #refuseRivals(namespace: Namespace, index: IndexInfo, keys: readonly Uint8Array[], n: number | undefined): void {
    for (const key of keys) {
      const rivals = rivalKeys(key)
      if (rivals === null) continue
      const rival = this.connection.get(`SELECT n FROM ${index.table} WHERE k IN (?, ?) AND n <> ? LIMIT 1`, ...rivals, n ?? -1)
      if (rival !== undefined) throw duplicateKey(namespace, index.name)
    }
  }

  #markMultikey(namespace: Namespace, index: IndexInfo): void {
    const info = this.ensureCollection(namespace)
    this.connection.run("UPDATE indexes SET multikey = 1 WHERE id = ?", index.id)
    this.catalog = withCollection(this.catalog, { ...info, indexes: info.indexes.map((each) => (each.id === index.id ? { ...each, multikey: true } : each)) })
  }

  #moveEntries(index: IndexInfo, before: readonly Uint8Array[], after: readonly Uint8Array[], n: number): void {
    const [left, kept] = [keySet(before), keySet(after)]
    for (const key of before) if (!kept.has(keyText(key))) this.#dropEntry(index, key, n)
    for (const key of after) if (!left.has(keyText(key))) this.#addEntry(index, key, n)
  }

  #addEntry(index: IndexInfo, key: Uint8Array, n: number): void {
    this.connection.run(`INSERT OR IGNORE INTO ${index.table} (k, n) VALUES (?, ?)`, key, n)
  }

  #dropEntry(index: IndexInfo, key: Uint8Array, n: number): void {
    this.connection.run(`DELETE FROM ${index.table} WHERE k = ? AND n = ?`, key, n)
  }

  #record(info: CollectionInfo, change: Pick<RowChange, "kind" | "before" | "after">): void {
    const recorded = this.#log.record(this.connection, info, change)
    if (recorded !== undefined) this.changes.push(recorded)
  }
}

function encode(document: Document): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = writeBson(document)
  } catch (error) {
    throw new StoreError("document-invalid", "Cannot store a document that BSON cannot hold", { serverCode: 22, cause: error })
  }
  if (bytes.length > maxDocumentBytes) {
    throw new StoreError("document-invalid", `Cannot store a document of ${bytes.length} bytes: the most is ${maxDocumentBytes}`, { serverCode: 10334 })
  }
  // A document that has so many levels has so many bytes.
  if (bytes.length > maxLevels * levelBytes && isDeeperThan(maxLevels, document)) {
    throw new StoreError("document-invalid", `Cannot store a document of more than ${maxLevels} levels`, { serverCode: 15 })
  }
  return bytes
}

function isDeeperThan(levels: number, value: Value): boolean {
  if (Array.isArray(value)) return levels === 0 || (value as readonly Value[]).some((item) => isDeeperThan(levels - 1, item))
  return isDocument(value) && (levels === 0 || Object.keys(value).some((field) => isDeeperThan(levels - 1, value[field])))
}

function keySet(keys: readonly Uint8Array[]): ReadonlySet<string> {
  return new Set(keys.map(keyText))
}
