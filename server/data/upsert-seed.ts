// What the inserted document of an upsert takes from predicates (specification of rules, 12).
import { bsonTypeOf, equalValues, isDocument, setField, type Document, type Value } from "../../kernel/index.ts"

/**
 * The query of filters without the equalities that the request's own predicate has too, and each of the others once: a database
 * refuses an upsert whose predicate fixes one path twice, with the same value as well.
 */
export function withoutRepeats(filters: Document, filter: Document): Document {
  const fixed = new Map<string, Value>()
  withoutFixed(filter, fixed)
  return withoutFixed(filters, fixed)
}

/** The query without equalities that are `fixed`; the others are added to them. */
function withoutFixed(query: Document, fixed: Map<string, Value>): Document {
  const rest: Document = {}
  for (const key of Object.keys(query)) {
    const condition = query[key]
    if (key === "$and" && Array.isArray(condition)) {
      const parts = (condition as readonly Value[]).filter(isDocument).map((part) => withoutFixed(part, fixed)).filter((part) => Object.keys(part).length > 0)
      if (parts.length > 0) rest[key] = parts
      continue
    }
    const equality = key.startsWith("$") ? undefined : equalityOf(condition)
    if (equality !== undefined) {
      if (fixed.has(key) && equalValues(fixed.get(key), equality.value)) continue
      fixed.set(key, equality.value)
    }
    setField(rest, key, condition)
  }
  return rest
}

function equalityOf(condition: Value): { readonly value: Value } | undefined {
  if (!isDocument(condition) || !Object.keys(condition).some((key) => key.startsWith("$"))) return bsonTypeOf(condition) === "BSONRegExp" ? undefined : { value: condition }
  if (Object.hasOwn(condition, "$eq")) return { value: condition["$eq"] }
  const items = condition["$in"]
  return Array.isArray(items) && items.length === 1 ? { value: items[0] as Value } : undefined
}
