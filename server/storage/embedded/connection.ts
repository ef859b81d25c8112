import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"

/** A row of documents: insertion number and BSON bytes. */
export interface Row { readonly n: number; readonly doc: Uint8Array; readonly k?: Uint8Array }

const mostStatements = 500

/** One SQLite connection whose statements are compiled once. */
export class Connection {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

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
    const { lastInsertRowid, changes } = this.#statement(sql).run(...values)
    return { inserted: Number(lastInsertRowid), changed: Number(changes) }
  }

  /** The first row, as the caller knows it from the statement it wrote. */
  get<R>(sql: string, ...values: SQLInputValue[]): R | undefined {
    return this.#statement(sql).get(...values) as R | undefined
  }

  all<R>(sql: string, ...values: SQLInputValue[]): R[] {
    return this.#statement(sql).all(...values) as R[]
  }

  close(): void {
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      // The oldest goes; one that is in use is prepared again.
      const [oldest] = this.#statements.keys()
      if (this.#statements.size >= mostStatements && oldest !== undefined) this.#statements.delete(oldest)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
