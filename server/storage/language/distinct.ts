// `distinct`, and the values an index on a path holds.
import { compareValues, splitPath, walkPath, type Document, type Value } from "../../../kernel/index.ts"

/** The distinct values at a path, lists opened, in the order they were first met; of equal numbers the first one met stays. */
export function distinctValues(documents: Iterable<Document>, field: string): Value[] {
  const segments = splitPath(field)
  const plain = new Set<Value>()
  const found: Value[] = []
  const add = (value: Value): void => {
    if (typeof value === "string" || typeof value === "boolean") {
      if (plain.has(value)) return
      plain.add(value)
    }
    found.push(value)
  }
  for (const document of documents) {
    walkPath(document, segments, (value, present) => {
      if (!present) return false
      if (Array.isArray(value)) for (const item of value as readonly Value[]) add(item)
      else add(value)
      return false
    })
  }
  return withoutRepeats(found)
}

function withoutRepeats(values: readonly Value[]): Value[] {
  const sorted = values.map((value, index) => ({ value, index })).toSorted((left, right) => compareValues(left.value, right.value) || left.index - right.index)
  const first = sorted.filter((entry, at) => at === 0 || compareValues((sorted[at - 1] as { value: Value }).value, entry.value) !== 0)
  return first.toSorted((left, right) => left.index - right.index).map(({ value }) => value)
}

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
