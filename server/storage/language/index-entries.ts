// The values an index on a path holds.
import { splitPath, walkPath, type Document, type Value } from "../../../kernel/index.ts"

/**
 * The entries an index on `field` holds for a document: each value at the path, and each element of a list that ends it.
 * A document that has nothing there has the entry null. {@link filterBounds} speaks of these entries.
 */
export function indexEntries(document: Document, field: string): Value[] {
  const entries: Value[] = []
  walkPath(document, splitPath(field), (value) => {
    entries.push(value ?? null)
    if (Array.isArray(value)) entries.push(...(value as readonly Value[]))
    return false
  })
  return entries.length === 0 ? [null] : entries
}
