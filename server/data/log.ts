import type { Namespace } from "./store.ts"

/** What one request under rules did, for the app's log (`rule_metrics`). Holds no document value. */
export interface DataLogEntry {
  readonly operation: string
  readonly namespace: Namespace
  readonly metrics?: RuleMetrics
  /** `bulkWrite`: what functions do not get to see. */
  readonly counts?: BulkCounts
  /** The result was cut off at the limit of documents. */
  readonly truncatedAt?: number
}

export interface RuleMetrics {
  readonly roles: { readonly [role: string]: { readonly matchingDocuments: number } }
  readonly noMatchingRole: number
}

export interface BulkCounts { readonly insertedCount: number; readonly matchedCount: number; readonly modifiedCount: number; readonly deletedCount: number; readonly upsertedCount: number }

export type DataLog = (entry: DataLogEntry) => void
