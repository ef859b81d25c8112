// Applies a tree of modifiers. Containers that change are copied once; everything else is shared with the document before.
import { isDocument, isIndex, setField, type Document, type Value } from "../../../kernel/index.ts"
import { elementName, type ArrayFilters } from "./array-filters.ts"
import { badRequest } from "./errors.ts"
import { creates, mergeTrees, noWay, removed, someModifier, unchanged, type Modifier, type UpdateContext, type UpdateTree } from "./update-tree.ts"

type Applied = Value | typeof removed | typeof unchanged

/** What an application reads besides the tree. */
export interface Application extends UpdateContext { readonly arrayFilters: ArrayFilters }

/** The document after the modifiers; the same object when nothing changed. Throws `StoreError` with MongoDB's number. */
export function applyTree(tree: UpdateTree, document: Document, application: Application): Document {
  const result = applyToDocument(tree, document, application)
  return result === unchanged ? document : (result as Document)
}

function applyNode(node: UpdateTree | Modifier, value: Value, present: boolean, application: Application): Applied {
  if (!(node instanceof Map)) return node.apply(value, present, application)
  if (Array.isArray(value)) return applyToList(node, value as readonly Value[], application)
  if (isDocument(value)) return applyToDocument(node, value, application)
  forbidElements(node, present)
  if (present) {
    if (mindsBarrier(node, application)) throw noWay()
    return unchanged
  }
  return creates(node) ? applyToMissing(node, application) : unchanged
}

function mindsBarrier(node: UpdateTree | Modifier, application: Application): boolean {
  return someModifier(node, (modifier) => modifier.needsWay && (!modifier.creates || wouldCreate(modifier, application)))
}

/** Whether a modifier has something to write; a `$rename` whose source is missing has not. */
function wouldCreate(modifier: Modifier, application: Application): boolean {
  return modifier.creates && (modifier.operator !== "$rename" || modifier.apply(undefined, false, application) !== unchanged)
}

function applyToMissing(node: UpdateTree, application: Application): Applied {
  return applyToDocument(node, {}, application)
}

function forbidElements(node: UpdateTree, present: boolean): void {
  for (const field of node.keys()) {
    if (elementName(field) !== undefined) throw badRequest(present ? "Cannot update: `$[…]` on a value that is no list" : "Cannot update: `$[…]` on a missing field")
  }
}

function applyToDocument(tree: UpdateTree, document: Document, application: Application): Document | typeof unchanged {
  forbidElements(tree, true)
  let changed: Document | undefined
  for (const [field, node] of tree) {
    const present = Object.hasOwn(document, field)
    const result = applyNode(node, present ? document[field] : undefined, present, application)
    if (result === unchanged) continue
    changed ??= copyDocument(document)
    if (result === removed) delete changed[field]
    else setField(changed, field, result)
  }
  return changed ?? unchanged
}

function copyDocument(document: Document): Document {
  // A spread copies an own `__proto__` as an own field, as it defines fields and does not set them.
  return { ...document }
}

// An index far beyond the end would fill memory with nulls.
const maxPadding = 1_500_000

function applyToList(tree: UpdateTree, list: readonly Value[], application: Application): Value[] | typeof unchanged {
  let changed: Value[] | undefined
  for (const [index, node] of elementNodes(tree, list, application)) {
    const present = index < list.length
    if (!present && !someModifier(node, (modifier) => wouldCreate(modifier, application))) continue
    const result = applyNode(node, list[index], present, application)
    if (result === unchanged || (result === removed && !present)) continue
    if (index - list.length > maxPadding) throw badRequest("Cannot update: an index is too far beyond the end of a list")
    changed ??= [...list]
    while (changed.length < index) changed.push(null)
    changed[index] = result === removed ? null : result
  }
  return changed ?? unchanged
}

function elementNodes(tree: UpdateTree, list: readonly Value[], application: Application): Map<number, UpdateTree | Modifier> {
  const nodes = new Map<number, UpdateTree | Modifier>()
  const add = (index: number, node: UpdateTree | Modifier): void => {
    const there = nodes.get(index)
    nodes.set(index, there === undefined ? node : mergeTrees(there, node))
  }
  for (const [field, node] of tree) {
    const name = elementName(field)
    if (name === undefined) {
      if (isIndex(field)) add(Number(field), node)
      else if (mindsBarrier(node, application)) throw noWay()
      continue
    }
    const matches = name === "" ? () => true : application.arrayFilters.get(name)
    list.forEach((item, index) => {
      if (matches?.(item) === true) add(index, node)
    })
  }
  return nodes
}
