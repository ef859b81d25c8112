// What collections and indexes there are: tables of their own in SQLite, and an immutable copy in memory. A writer changes
// its own copy; readers get it when the transaction is committed.
import { readBson, splitPath, writeBson, type Document } from "../../../kernel/index.ts"
import type { IndexDescription, Namespace } from "../../data/index.ts"
import type { Connection } from "./connection.ts"
import { isReserved } from "../namespaces.ts"

export interface IndexField { readonly field: string; readonly path: readonly string[]; readonly descending: boolean }

export interface IndexInfo {
  readonly name: string
  readonly keys: Document
  readonly fields: readonly IndexField[]
  readonly unique: boolean
  /** Some document has, or once had, a list at or on the way to an indexed field: one document may stand at several keys. */
  readonly multikey: boolean
  readonly table: string
  readonly id: number
}

export interface CollectionInfo {
  readonly id: number
  readonly namespace: Namespace
  readonly table: string
  /** Whether changes are kept for those who watch. */
  readonly logged: boolean
  readonly indexes: readonly IndexInfo[]
}

export type Catalog = ReadonlyMap<string, CollectionInfo>

/** Makes the tables every storage file has. */
export function createCatalogTables(connection: Connection): void {
  connection.exec(`
    CREATE TABLE IF NOT EXISTS collections (id INTEGER PRIMARY KEY AUTOINCREMENT, database TEXT NOT NULL, name TEXT NOT NULL, logged INTEGER NOT NULL DEFAULT 0, UNIQUE (database, name));
    CREATE TABLE IF NOT EXISTS indexes (id INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER NOT NULL, name TEXT NOT NULL, keys BLOB NOT NULL, is_unique INTEGER NOT NULL, multikey INTEGER NOT NULL DEFAULT 0, UNIQUE (collection, name));
    CREATE TABLE IF NOT EXISTS changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER NOT NULL, entry BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS changes_of_collection ON changes (collection, seq);
    CREATE TABLE IF NOT EXISTS watched (database TEXT PRIMARY KEY) WITHOUT ROWID;
  `)
}

interface CollectionRow { readonly id: number; readonly database: string; readonly name: string; readonly logged: number }
interface IndexRow { readonly id: number; readonly collection: number; readonly name: string; readonly keys: Uint8Array; readonly is_unique: number; readonly multikey: number }

export function loadCatalog(connection: Connection): Catalog {
  const indexes = new Map<number, IndexInfo[]>()
  for (const row of connection.all<IndexRow>("SELECT id, collection, name, keys, is_unique, multikey FROM indexes ORDER BY id")) {
    const info = indexInfo(row.id, row.name, readBson(row.keys), row.is_unique === 1, row.multikey === 1)
    indexes.set(row.collection, [...indexes.get(row.collection) ?? [], info])
  }
  const catalog = new Map<string, CollectionInfo>()
  for (const row of connection.all<CollectionRow>("SELECT id, database, name, logged FROM collections ORDER BY id")) {
    const namespace = { database: row.database, collection: row.name }
    catalog.set(catalogKey(namespace), { id: row.id, namespace, table: `c${row.id}`, logged: row.logged === 1, indexes: indexes.get(row.id) ?? [] })
  }
  return catalog
}

export function lookUp(catalog: Catalog, namespace: Namespace): CollectionInfo | undefined {
  return catalog.get(catalogKey(namespace))
}

/** A copy of the catalog in which one collection is new or different. */
export function withCollection(catalog: Catalog, info: CollectionInfo): Catalog {
  return new Map(catalog).set(catalogKey(info.namespace), info)
}

/** Makes a collection and its table. The number a row gets there is never given to another. */
export function createCollection(connection: Connection, namespace: Namespace): CollectionInfo {
  const logged = isWatched(connection, namespace.database)
  const { inserted } = connection.run("INSERT INTO collections (database, name, logged) VALUES (?, ?, ?)", namespace.database, namespace.collection, logged ? 1 : 0)
  connection.exec(`CREATE TABLE c${inserted} (n INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, doc BLOB NOT NULL)`)
  return { id: inserted, namespace, table: `c${inserted}`, logged, indexes: [] }
}

/** Whether somebody watches this database as a whole, or all of them (the empty name), so that new collections are logged too. */
function isWatched(connection: Connection, database: string): boolean {
  return !isReserved(database) && connection.get("SELECT database FROM watched WHERE database IN (?, '') LIMIT 1", database) !== undefined
}

/** Makes an index and its empty table. */
export function createIndex(connection: Connection, collection: CollectionInfo, name: string, keys: Document, unique: boolean): IndexInfo {
  const { inserted } = connection.run("INSERT INTO indexes (collection, name, keys, is_unique) VALUES (?, ?, ?, ?)", collection.id, name, writeBson(keys), unique ? 1 : 0)
  connection.exec(`CREATE TABLE i${inserted} (k BLOB NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (k, n)) WITHOUT ROWID`)
  return indexInfo(inserted, name, keys, unique, false)
}

export function describeIndexes(collection: CollectionInfo): IndexDescription[] {
  return [
    { name: "_id_", keys: { _id: 1 }, unique: true, partial: false },
    ...collection.indexes.map(({ name, keys, unique }) => ({ name, keys, unique, partial: false })),
  ]
}

function indexInfo(id: number, name: string, keys: Document, unique: boolean, multikey: boolean): IndexInfo {
  const fields = Object.keys(keys).map((field) => ({ field, path: splitPath(field), descending: keys[field] === -1 }))
  return { id, name, keys, fields, unique, multikey, table: `i${id}` }
}

function catalogKey(namespace: Namespace): string {
  return `${namespace.database}\0${namespace.collection}`
}
