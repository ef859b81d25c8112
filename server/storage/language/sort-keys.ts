// Sort keys: what a document is sorted by, when lists stand on the way.
import { compareValues, isDocument, isIndex, type Document, type Value } from "../../../kernel/index.ts"
import { badRequest } from "./errors.ts"

/** One part of a sort: a path and its direction. */
export interface SortPart { readonly segments: readonly string[]; readonly direction: 1 | -1 }

/** Compares two keys of one sort. */
export function compareKeys(left: readonly Value[], right: readonly Value[], parts: readonly SortPart[]): number {
  for (let index = 0; index < parts.length; index++) {
    const order = compareValues(left[index], right[index])
    if (order !== 0) return order * (parts[index] as SortPart).direction
  }
  return 0
}

/**
 * The key of a document: of all the keys its lists give, the one that comes first in the sort.
 * A missing value sorts as null and an empty list before it. Throws `StoreError` when two lists that are side by side have a part.
 */
export function sortKey(document: Document, parts: readonly SortPart[]): readonly Value[] {
  const states = parts.map((part): State => descend({ value: document, at: 0, isLeafElement: false }, part.segments))
  if (states.every((state) => state.done)) return states.map((state) => state.value)
  let best: readonly Value[] | undefined
  for (const key of expand(states, parts)) if (best === undefined || compareKeys(key, best, parts) < 0) best = key
  return best ?? parts.map(() => null)
}

/** How far the walk along one path has come; it stops at a list, which gives several keys. */
interface State { readonly value: Value; readonly at: number; readonly done?: boolean; readonly isLeafElement: boolean }

function descend(from: State, segments: readonly string[]): State {
  let { value, at } = from
  if (at === segments.length && from.isLeafElement) return { value, at, done: true, isLeafElement: true }
  for (;;) {
    if (Array.isArray(value)) return { value, at, isLeafElement: false }
    if (at === segments.length) return { value, at, done: true, isLeafElement: false }
    const segment = segments[at] as string
    if (!isDocument(value) || !Object.hasOwn(value, segment)) return { value: null, at, done: true, isLeafElement: false }
    value = value[segment]
    at += 1
  }
}

function* expand(states: readonly State[], parts: readonly SortPart[]): Generator<readonly Value[]> {
  const open = states.find((state) => state.done !== true)
  if (open === undefined) {
    yield states.map((state) => state.value)
    return
  }
  const list = open.value as readonly Value[]
  if (states.some((state) => state.done !== true && state.value !== list)) throw badRequest("Cannot sort: two lists side by side")
  const isOpen = states.map((state) => state.done !== true)
  // An index picks one element, unless the elements are documents that may have such a field.
  const step = (element: Value, isEmpty: boolean): State[] => states.map((state, index) => {
    if (!isOpen[index]) return state
    const { segments } = parts[index] as SortPart
    if (state.at === segments.length) return { value: isEmpty ? undefined : element, at: state.at, done: true, isLeafElement: true }
    const segment = segments[state.at] as string
    if (isIndex(segment) && Number(segment) < list.length && !list.some((item) => isDocument(item) && Object.hasOwn(item, segment))) {
      return descend({ value: list[Number(segment)], at: state.at + 1, isLeafElement: false }, segments)
    }
    if (!isDocument(element)) return { value: null, at: state.at, done: true, isLeafElement: false }
    return descend({ value: element, at: state.at, isLeafElement: false }, segments)
  })
  if (list.length === 0) yield* expand(step(null, true), parts)
  for (const element of list) yield* expand(step(element, false), parts)
}
