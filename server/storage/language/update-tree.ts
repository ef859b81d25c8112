// Updates as a tree of paths, so that conflicts show and each container is copied once.
import { isIndex, type Document, type Value } from "../../../kernel/index.ts"
import { badRequest, serverCode } from "./errors.ts"

/** What an update is applied in. */
export interface UpdateContext { readonly root: Document; readonly now: Date; readonly isInsert: boolean }

/** Answers of a modifier instead of a value. */
export const removed = Symbol("removed")
export const unchanged = Symbol("unchanged")

/**
 * One operator at one path. `creates`: it makes what is missing on the way. `needsWay`: a value on the way that is neither a document
 * nor a list with such an index is an error, even where there would be nothing to do; to `$unset` it is not.
 */
export interface Modifier {
  readonly operator: string
  readonly path: string
  readonly creates: boolean
  readonly needsWay: boolean
  apply(value: Value, present: boolean, context: UpdateContext): Value | typeof removed | typeof unchanged
}

export type UpdateTree = Map<string, UpdateTree | Modifier>

/** Adds a modifier. Throws `StoreError` 40 when its path is, or lies above or below, one that is there. */
export function addModifier(tree: UpdateTree, segments: readonly string[], modifier: Modifier): void {
  const [field, ...rest] = segments as [string, ...string[]]
  const there = tree.get(field)
  if (rest.length === 0) {
    if (there !== undefined) throw conflict()
    tree.set(field, modifier)
    return
  }
  if (there !== undefined && !(there instanceof Map)) throw conflict()
  const below: UpdateTree = there ?? new Map()
  tree.set(field, below)
  addModifier(below, rest, modifier)
}

/** The two trees as one. Throws `StoreError` 40 where both change the same place. */
export function mergeTrees(left: UpdateTree | Modifier, right: UpdateTree | Modifier): UpdateTree | Modifier {
  if (!(left instanceof Map) || !(right instanceof Map)) throw conflict()
  const merged: UpdateTree = new Map(left)
  for (const [field, node] of right) {
    const there = merged.get(field)
    merged.set(field, there === undefined ? node : mergeTrees(there, node))
  }
  return sortTree(merged)
}

function conflict(): Error {
  return badRequest("Cannot update: two operators would change the same path", serverCode.conflictingUpdateOperators)
}

/** What is on the way of a path is neither a document nor a list with such an index. */
export function noWay(): Error {
  return badRequest("Cannot update: a path leads through a value that is no document", serverCode.pathNotViable)
}

/** Puts fields into the order in which new ones are made: indexes by number, names by their text. */
export function sortTree(tree: UpdateTree): UpdateTree {
  const entries = [...tree].map(([field, node]): [string, UpdateTree | Modifier] => [field, node instanceof Map ? sortTree(node) : node])
  return new Map(entries.toSorted(([left], [right]) => compareFields(left, right)))
}

function compareFields(left: string, right: string): number {
  if (isIndex(left) && isIndex(right)) return Number(left) - Number(right)
  return left < right ? -1 : left > right ? 1 : 0
}

/** The tree with every positional `$` replaced by the index of the matched element. */
export function fillPosition(tree: UpdateTree, position: string): UpdateTree {
  const filled: UpdateTree = new Map()
  for (const [field, node] of tree) {
    const below = node instanceof Map ? fillPosition(node, position) : node
    const name = field === "$" ? position : field
    const there = filled.get(name)
    filled.set(name, there === undefined ? below : mergeTrees(there, below))
  }
  return sortTree(filled)
}

/** Whether some segment of the tree satisfies a test. */
export function hasSegment(tree: UpdateTree, test: (segment: string) => boolean): boolean {
  for (const [field, node] of tree) if (test(field) || (node instanceof Map && hasSegment(node, test))) return true
  return false
}

/** Whether some modifier below would make what is missing. */
export function creates(node: UpdateTree | Modifier): boolean {
  return someModifier(node, (modifier) => modifier.creates)
}

/** Whether some modifier at or below a node satisfies a test. */
export function someModifier(node: UpdateTree | Modifier, test: (modifier: Modifier) => boolean): boolean {
  if (!(node instanceof Map)) return test(node)
  for (const below of node.values()) if (someModifier(below, test)) return true
  return false
}
