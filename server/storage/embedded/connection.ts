import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"

/** A row of documents: insertion number, BSON bytes, and where it was asked for the key of its index entry. */
export type Row = readonly [n: number, doc: Uint8Array, k?: Uint8Array]

const mostStatements = 500

/** One SQLite connection whose statements are compiled once. */
export class Connection {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #rowStatements = new Map<string, StatementSync>()

  constructor(path: string, options: { readonly readOnly?: boolean } = {}) {
    this.#database = new DatabaseSync(path, { readOnly: options.readOnly === true, timeout: 5000 })
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  /** Runs a statement and gives the row number of what it inserted. */
  run(sql: string, ...values: SQLInputValue[]): { readonly inserted: number; readonly changed: number } {
    const { lastInsertRowid, changes } = this.#statement(this.#statements, sql).run(...values)
    return { inserted: Number(lastInsertRowid), changed: Number(changes) }
  }

  /** The first row, as the caller knows it from the statement it wrote. */
  get<R>(sql: string, ...values: SQLInputValue[]): R | undefined {
    return this.#statement(this.#statements, sql).get(...values) as R | undefined
  }

  all<R>(sql: string, ...values: SQLInputValue[]): R[] {
    return this.#statement(this.#statements, sql).all(...values) as R[]
  }

  /** The first row of a statement whose columns are those of {@link Row}. As lists: an object a row costs more than the read. */
  row(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(this.#rowStatements, sql).get(...values) as Row | undefined
  }

  rows(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(this.#rowStatements, sql).all(...values) as unknown as Row[]
  }

  close(): void {
    this.#statements.clear()
    this.#rowStatements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #statement(known: Map<string, StatementSync>, sql: string): StatementSync {
    const prepared = known.get(sql)
    if (prepared !== undefined) return prepared
    const statement = this.#database.prepare(sql)
    if (known === this.#rowStatements) statement.setReturnArrays(true)
    // The oldest goes; one that is in use is prepared again.
    const [oldest] = known.keys()
    if (known.size >= mostStatements && oldest !== undefined) known.delete(oldest)
    known.set(sql, statement)
    return statement
  }
}
