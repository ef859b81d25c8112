// Between the port's words and the driver's.
import { bsonSize, normalise, type Document } from "../../../kernel/index.ts"
import { StoreError, type UpdateResult } from "../../data/index.ts"
import { compileFilter } from "../language/index.ts"

const mostDocumentBytes = 16 * 1024 * 1024

/** The filter as a predicate of this process: no way to the server for each event. Undefined for what is the server's alone, and for what it shall refuse. */
export function predicateHere(filter: Document): ((document: Document) => boolean) | undefined {
  try {
    return compileFilter(filter)
  } catch {
    return undefined
  }
}

/** The driver refuses such a document with an error of its own that has no number. */
export function refuseTooLarge(documents: readonly Document[]): void {
  for (const document of documents) {
    if (bsonSize(document) > mostDocumentBytes) throw new StoreError("document-invalid", `Cannot store a document of more than ${mostDocumentBytes} bytes`, { serverCode: 10334 })
  }
}

export function documentOf(found: Document | null): Document | null {
  return found === null ? null : normalise(found) as Document
}

export function outcomeOf(result: { readonly matchedCount: number; readonly modifiedCount: number; readonly upsertedId?: unknown; readonly upsertedCount?: number }): UpdateResult {
  const upserted = result.upsertedId !== undefined && result.upsertedId !== null
  return { matched: Number(result.matchedCount), modified: Number(result.modifiedCount), ...(upserted ? { upsertedId: normalise(result.upsertedId) } : {}) }
}
