// Filters as predicates.
import type { Document } from "../../../kernel/index.ts"
import { compileNode } from "./compile-tree.ts"
import type { LanguageOptions } from "./options.ts"
import { parseFilter } from "./parse-filter.ts"

/**
 * Compiles a filter of MongoDB's query language into a predicate.
 *
 * Throws `StoreError` "bad-request" with MongoDB's number for a malformed filter, and "unsupported" for `$where`, `$text`,
 * geospatial operators, and regular expressions beyond a linear-time engine.
 */
export function compileFilter(filter: Document, options: LanguageOptions = {}): (document: Document) => boolean {
  return compileNode(parseFilter(filter, options))
}
