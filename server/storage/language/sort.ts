// Sorts, by the kernel's order of values.
import { bsonTypeOf, compareValues, isDocument, isNumeric, splitPath, type Document, type Value } from "../../../kernel/index.ts"
import { badRequest, unsupported } from "./errors.ts"
import { compareKeys, sortKey, type SortPart } from "./sort-keys.ts"

/** Reads a sort. Throws `StoreError` for what MongoDB refuses. */
export function parseSort(sort: Document): SortPart[] {
  const fields = Object.keys(sort)
  if (fields.length > 32) throw badRequest("Cannot sort: more than 32 keys", 13103)
  return fields.map((field) => ({ segments: sortPath(field), direction: sortDirection(sort[field]) }))
}

function sortPath(field: string): string[] {
  const segments = splitPath(field)
  if (segments.some((segment) => segment === "")) throw badRequest("Cannot sort: a path has an empty part", 15998)
  if (segments.some((segment) => segment.startsWith("$") && segment !== "$id" && segment !== "$ref" && segment !== "$db")) {
    throw badRequest("Cannot sort: a field name begins with `$`", 16410)
  }
  return segments
}

function sortDirection(value: Value): 1 | -1 {
  if (isDocument(value) && Object.hasOwn(value, "$meta")) throw unsupported("Cannot sort: `$meta` is not supported")
  if (!isNumeric(value)) throw badRequest("Cannot sort: a direction is neither 1 nor -1", isDocument(value) ? 15975 : 15974)
  const direction = bsonTypeOf(value) === undefined ? (value as number) : Number(String(value))
  if (direction !== 1 && direction !== -1) throw badRequest("Cannot sort: a direction is neither 1 nor -1", 15975)
  return direction
}

/**
 * Compiles a sort into a comparison of documents: by its keys in order, a list by its least (or, downwards, greatest) element,
 * a missing field as null. An empty sort finds all documents equal. To sort many documents, {@link sortDocuments} is cheaper.
 */
export function compileSort(sort: Document): (left: Document, right: Document) => number {
  const key = compileSortKey(sort)
  const parts = parseSort(sort)
  return (left, right) => compareKeys(key(left), key(right), parts)
}

/** Compiles the key of a sort; keys are compared by {@link compileKeyOrder} of the same sort. */
export function compileSortKey(sort: Document): (document: Document) => readonly Value[] {
  const parts = parseSort(sort)
  const [only] = parts
  if (only !== undefined && parts.length === 1 && only.segments.length === 1) {
    const field = only.segments[0] as string
    return (document) => {
      const value = Object.hasOwn(document, field) ? document[field] : null
      return Array.isArray(value) ? sortKey(document, parts) : [value]
    }
  }
  return (document) => sortKey(document, parts)
}

/** Compares keys made by {@link compileSortKey} of the same sort. */
export function compileKeyOrder(sort: Document): (left: readonly Value[], right: readonly Value[]) => number {
  const parts = parseSort(sort)
  const [only] = parts
  if (only !== undefined && parts.length === 1) {
    const { direction } = only
    return (left, right) => compareValues(left[0], right[0]) * direction
  }
  return (left, right) => compareKeys(left, right, parts)
}

/** The documents in the order of a sort, as a new list; equal ones keep their order. Each key is made once. Also takes `$natural`. */
export function sortDocuments<D extends Document>(documents: readonly D[], sort: Document): D[] {
  // The order in which the documents come is their natural one.
  if (Object.hasOwn(sort, "$natural")) return sortDirection(sort["$natural"]) === 1 ? [...documents] : documents.toReversed()
  const key = compileSortKey(sort)
  const order = compileKeyOrder(sort)
  return documents.map((document) => ({ document, key: key(document) })).toSorted((left, right) => order(left.key, right.key)).map(({ document }) => document)
}
