import type { PermissionErrorCode } from "../errors.ts"
import type { Namespace } from "./store.ts"

/** What one request under rules did, for the app's log (`rule_metrics`). Holds no document value. */
export interface DataLogEntry {
  readonly operation: string
  readonly namespace: Namespace
  readonly metrics?: RuleMetrics
  /** Rules or the schema refused the write; `reason` names role, field and keyword, which the client is not told. */
  readonly refused?: { readonly code: PermissionErrorCode; readonly reason: string | undefined }
  /** `bulkWrite`: what functions do not get to see. */
  readonly counts?: BulkCounts
  /** The result was cut off at the limit of documents. */
  readonly truncatedAt?: number
}

export interface RuleMetrics {
  readonly roles: { readonly [role: string]: RoleMetrics }
  readonly noMatchingRole: number
}

/** Documents a role was assigned to; and of those it left to its fields, how many fields it judged and left out. */
export interface RoleMetrics { readonly matchingDocuments: number; readonly evaluatedFields: number; readonly discardedFields: number }

export interface BulkCounts { readonly insertedCount: number; readonly matchedCount: number; readonly modifiedCount: number; readonly deletedCount: number; readonly upsertedCount: number }

export type DataLog = (entry: DataLogEntry) => void
