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
 * a missing field as null. An empty sort finds all documents equal. The keys of documents it has seen are kept for as long as
 * the documents are. To sort a whole list, {@link sortDocuments} is cheaper.
 */
export function compileSort(sort: Document): (left: Document, right: Document) => number {
  const parts = parseSort(sort)
  const byKeys = compareByKeys(sort)
  if (parts.some(({ segments }) => segments.length > 1)) return byKeys
  const fields = parts.map(({ segments }) => segments[0] as string)
  return (left, right) => {
    let decided = 0
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index] as string
      const a = Object.hasOwn(left, field) ? left[field] : null
      const b = Object.hasOwn(right, field) ? right[field] : null
      // Also when an earlier field has decided: two lists side by side are refused whatever stands before them.
      if (Array.isArray(a) || Array.isArray(b)) return byKeys(left, right)
      if (decided === 0) decided = compareValues(a, b) * (parts[index] as SortPart).direction
    }
    return decided
  }
}

/** Compares by keys, each made once: a sort compares a document many times. */
function compareByKeys(sort: Document): (left: Document, right: Document) => number {
  const key = compileSortKey(sort)
  const order = compileKeyOrder(sort)
  const keys = new WeakMap<Document, readonly Value[]>()
  const keyOf = (document: Document): readonly Value[] => {
    const known = keys.get(document)
    if (known !== undefined) return known
    const made = key(document)
    keys.set(document, made)
    return made
  }
  return (left, right) => order(keyOf(left), keyOf(right))
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
