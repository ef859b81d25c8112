// The driver's errors as a store's. What they are is told by classes, numbers and labels, never by texts, and the texts are
// not passed on: MongoDB quotes document values in them.
import { MongoError, MongoInvalidArgumentError, MongoNetworkError, MongoServerError, MongoServerSelectionError } from "mongodb"
import { StoreError, type Namespace } from "../../data/index.ts"

const duplicateKeys = new Set([11000, 11001, 12582])
const refusedDocuments = new Set([121, 10334, 17280, 17419, 17420, 22])
const missingAbilities = new Set([20, 59, 72, 115, 238, 263, 303, 40573])
/** Away, stepping down, shutting down, too slow, or not letting this server in. */
const away = new Set([6, 7, 13, 18, 50, 89, 91, 112, 133, 134, 189, 202, 244, 251, 262, 290, 317, 358, 8000, 9001, 10058, 10107, 11600, 11602, 13435, 13436])

/** MongoDB's number of an error, where it has one. */
export function serverCodeOf(error: unknown): number | undefined {
  if (!(error instanceof MongoServerError)) return undefined
  // A BSON Int32 where values are read with their kinds.
  const code = Number(error.code)
  return Number.isInteger(code) ? code : undefined
}

/** Turns whatever the driver threw into the one error a store rejects with. */
export function asStoreError(error: unknown, namespace?: Namespace): StoreError {
  if (error instanceof StoreError) return error
  const wrapped: unknown = error instanceof MongoServerError ? error.errorResponse : undefined
  // A bulk that was cut off is reported as if the server had answered.
  if (wrapped instanceof MongoError && wrapped !== error) return asStoreError(wrapped, namespace)
  if (error instanceof MongoServerError) return fromServer(error, serverCodeOf(error), namespace)
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return new StoreError("unavailable", "Cannot reach MongoDB: no server answers", { cause: error })
  if (error instanceof MongoInvalidArgumentError) return new StoreError("bad-request", "Cannot run the operation: the driver refuses its arguments", { serverCode: 2, cause: error })
  if (error instanceof MongoError) return new StoreError("unavailable", `Cannot run the operation on MongoDB: ${error.name}`, { cause: error })
  return new StoreError("unavailable", "Cannot run the operation on MongoDB: an unexpected error", { cause: error })
}

function fromServer(error: MongoServerError, serverCode: number | undefined, namespace: Namespace | undefined): StoreError {
  // SECURITY: the driver's error is not kept as a cause either: its text, and the key it carries, hold document values.
  if (serverCode === undefined) return new StoreError("bad-request", "Cannot run the operation: MongoDB refuses it without a number")
  const name = typeof error.codeName === "string" && error.codeName !== "" ? ` ${error.codeName}` : ""
  if (duplicateKeys.has(serverCode)) return duplicateKey(error, namespace)
  if (refusedDocuments.has(serverCode)) return new StoreError("document-invalid", `Cannot write the document: MongoDB refuses it (${serverCode}${name})`, { serverCode })
  if (missingAbilities.has(serverCode)) return new StoreError("unsupported", `Cannot run the operation: this MongoDB does not support it (${serverCode}${name})`, { serverCode })
  if (away.has(serverCode) || isTransient(error)) return new StoreError("unavailable", `Cannot run the operation: MongoDB is not available for it (${serverCode}${name})`, { serverCode })
  return new StoreError("bad-request", `Cannot run the operation: MongoDB refuses it (${serverCode}${name})`, { serverCode })
}

function isTransient(error: MongoServerError): boolean {
  return error.hasErrorLabel("TransientTransactionError") || error.hasErrorLabel("RetryableWriteError") || error.hasErrorLabel("NetworkError")
}

function duplicateKey(error: MongoServerError, namespace: Namespace | undefined): StoreError {
  const pattern: unknown = error["keyPattern"] ?? firstWriteError(error)?.["keyPattern"]
  const where = namespace === undefined ? "" : ` collection: ${namespace.database}.${namespace.collection}`
  return new StoreError("duplicate-key", `Duplicate key error${where}${indexName(pattern)}`, { serverCode: 11000 })
}

function firstWriteError(error: MongoServerError): Record<string, unknown> | undefined {
  const writeErrors: unknown = error["writeErrors"]
  const first: unknown = Array.isArray(writeErrors) ? writeErrors[0] : writeErrors
  const inner: unknown = typeof first === "object" && first !== null && "err" in first ? first.err : undefined
  return typeof inner === "object" && inner !== null ? inner as Record<string, unknown> : undefined
}

function indexName(pattern: unknown): string {
  if (typeof pattern !== "object" || pattern === null) return ""
  const keys = Object.entries(pattern).map(([field, direction]) => `${field}_${String(direction)}`).join("_")
  return ` index: ${keys === "_id_1" ? "_id_" : keys}`
}
