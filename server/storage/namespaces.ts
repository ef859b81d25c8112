import { StoreError, type Namespace } from "../data/index.ts"

/** Databases with this beginning hold the server's own state; operations of apps never reach them. */
export const reservedPrefix = "__backstitch"

export function isReserved(database: string): boolean {
  return database.startsWith(reservedPrefix)
}

/** Refuses names that MongoDB would refuse. */
export function checkNamespace({ database, collection }: Namespace): void {
  if (database === "" || database.length > 63 || /[/\\. "$\0]/.test(database)) throw invalid("database")
  if (collection === "" || /[$\0]/.test(collection) || collection.startsWith("system.") || collection.startsWith(".") || collection.endsWith(".")) throw invalid("collection")
  if (database.length + collection.length > 254) throw invalid("collection")
}

/** SECURITY: users, sessions and keys live in the same file or cluster; whoever runs an app's operation is refused them here, below every rule. */
export function refuseReserved(database: string): void {
  if (isReserved(database)) throw new StoreError("bad-request", "Cannot use a database whose name is reserved for this server", { serverCode: 13 })
}

function invalid(what: string): StoreError {
  return new StoreError("bad-request", `Cannot use a ${what} of this name: MongoDB does not allow it`, { serverCode: 73 })
}
