// Whether a document is selected by a MongoDB predicate, as the embedded store reads it.
import type { Document } from "../../kernel/index.ts"
import { compileFilter } from "../../server/storage/language/index.ts"

export function matchesQuery(query: Document, document: Document): boolean {
  return compileFilter(query)(document)
}
