// Stages that make one document of one document: `$project`, `$addFields`, `$set`, `$unset`, `$replaceRoot`, `$replaceWith`.
import { isDocument, isNumeric, setField, splitPath, type Document, type Value } from "../../../kernel/index.ts"
import { badRequest, isTruth } from "../language/index.ts"
import { compileExpression } from "./compile.ts"
import type { Evaluate, Scope } from "./evaluate.ts"
import { namedFields } from "./operands.ts"

/** A document → document. */
export type Reshape = (document: Document) => Document
type MakeReshape = (operand: Value, scope: Scope, name: string) => Reshape

type Leaf = { readonly kind: "keep" | "drop" } | { readonly kind: "compute"; readonly evaluate: Evaluate }
type Tree = Map<string, Leaf | Tree>

interface Reading { readonly tree: Tree; readonly scope: Scope; readonly name: string; readonly isProjection: boolean }

function pathOf(field: string, name: string): string[] {
  const segments = splitPath(field)
  if (field === "") throw badRequest(`Cannot run \`${name}\`: a field has no name`, 40352)
  if (segments.some((segment) => segment === "")) throw badRequest(`Cannot run \`${name}\`: a path has an empty part`, 40353)
  if (segments.some((segment) => segment.startsWith("$"))) throw badRequest(`Cannot run \`${name}\`: a field name begins with \`$\``, 16410)
  if (segments.length > 100) throw badRequest(`Cannot run \`${name}\`: a path is too long`, 15)
  return segments
}

function place(tree: Tree, segments: readonly string[], leaf: Leaf, name: string): void {
  let here = tree
  segments.forEach((segment, index) => {
    const there = here.get(segment)
    if (index === segments.length - 1) {
      if (there !== undefined) throw badRequest(`Cannot run \`${name}\`: two paths collide`, there instanceof Map ? 31249 : 31250)
      here.set(segment, leaf)
      return
    }
    if (there !== undefined && !(there instanceof Map)) throw badRequest(`Cannot run \`${name}\`: two paths collide`, 31249)
    const below: Tree = there ?? new Map()
    here.set(segment, below)
    here = below
  })
}

function readFields(reading: Reading, above: readonly string[], fields: Document): void {
  const { name } = reading
  if (above.length > 100) throw badRequest(`Cannot run \`${name}\`: it is nested too deep`, 15)
  for (const field of Object.keys(fields)) {
    const value = fields[field]
    const segments = [...above, ...pathOf(field, name)]
    if (isDocument(value) && !Object.keys(value).some((key) => key.startsWith("$"))) {
      if (Object.keys(value).length === 0) throw badRequest(`Cannot run \`${name}\`: an empty document says nothing`, reading.isProjection ? 51270 : 40180)
      readFields(reading, segments, value)
    } else place(reading.tree, segments, readLeaf(reading, value), name)
  }
}

function readLeaf({ isProjection, scope }: Reading, value: Value): Leaf {
  if (isProjection && (typeof value === "boolean" || isNumeric(value))) return { kind: isTruth(value) ? "keep" : "drop" }
  return { kind: "compute", evaluate: compileExpression(value, scope) }
}

function hasComputed(node: Leaf | Tree): boolean {
  return node instanceof Map ? [...node.values()].some(hasComputed) : node.kind === "compute"
}

/** Applies what is computed, over the fields that are there: each element of a list on the way, and a document in place of a scalar. */
function compute(value: Value, tree: Tree, root: Document): Value {
  if (Array.isArray(value)) return (value as readonly Value[]).map((item) => compute(item, tree, root))
  const result: Document = isDocument(value) ? { ...value } : {}
  for (const [field, node] of tree) {
    if (node instanceof Map) {
      if (hasComputed(node)) setField(result, field, compute(Object.hasOwn(result, field) ? result[field] : undefined, node, root))
    } else if (node.kind === "compute") {
      const made = node.evaluate(root)
      if (made === undefined) delete result[field]
      else setField(result, field, made)
    }
  }
  return result
}

const gone = Symbol("gone")

/** What is included. A scalar goes, or stands in as an empty document where something below its path is computed. */
function keep(value: Value, tree: Tree): Value | typeof gone {
  if (Array.isArray(value)) return (value as readonly Value[]).map((item) => keep(item, tree)).filter((item) => item !== gone)
  if (!isDocument(value)) return hasComputed(tree) ? {} : gone
  const result: Document = {}
  for (const field of Object.keys(value)) {
    const node = tree.get(field)
    if (node === undefined || (!(node instanceof Map) && node.kind !== "keep")) continue
    const kept = node instanceof Map ? keep(value[field], node) : value[field]
    if (kept !== gone) setField(result, field, kept)
  }
  return result
}

function drop(value: Value, tree: Tree): Value {
  if (Array.isArray(value)) return (value as readonly Value[]).map((item) => drop(item, tree))
  if (!isDocument(value)) return value
  const result: Document = {}
  for (const field of Object.keys(value)) {
    const node = tree.get(field)
    if (node === undefined || (!(node instanceof Map) && node.kind === "keep")) setField(result, field, value[field])
    else if (node instanceof Map) setField(result, field, drop(value[field], node))
  }
  return result
}

function leafKinds(tree: Tree, isTop: boolean, kinds: Set<string>): Set<string> {
  for (const [field, node] of tree) {
    if (node instanceof Map) leafKinds(node, false, kinds)
    else if (!isTop || field !== "_id" || node.kind === "compute") kinds.add(node.kind)
  }
  return kinds
}

const project: MakeReshape = (operand, scope, name) => {
  if (!isDocument(operand)) throw badRequest(`Cannot run \`${name}\`: its operand is no document`, 15969)
  if (Object.keys(operand).length === 0) throw badRequest(`Cannot run \`${name}\`: it has no fields`, 51272)
  const tree: Tree = new Map()
  readFields({ tree, scope, name, isProjection: true }, [], operand)
  const kinds = leafKinds(tree, true, new Set())
  const id = tree.get("_id")
  const dropsId = id !== undefined && !(id instanceof Map) && id.kind === "drop"
  if (kinds.has("drop")) {
    if (kinds.has("keep")) throw badRequest(`Cannot run \`${name}\`: it includes and excludes`, Object.keys(operand).length > 0 ? 31254 : 31253)
    if (kinds.has("compute")) throw badRequest(`Cannot run \`${name}\`: it computes and excludes`, 31310)
    return (document) => drop(document, tree) as Document
  }
  if (kinds.size === 0 && dropsId) return (document) => drop(document, tree) as Document
  if (id === undefined) tree.set("_id", { kind: "keep" })
  const computes = hasComputed(tree)
  return (document) => {
    const kept = keep(document, tree) as Document
    return computes ? idFirst(compute(kept, tree, document) as Document) : kept
  }
}

function idFirst(document: Document): Document {
  if (!Object.hasOwn(document, "_id") || Object.keys(document)[0] === "_id") return document
  return { _id: document["_id"], ...document }
}

const addFields: MakeReshape = (operand, scope, name) => {
  if (!isDocument(operand)) throw badRequest(`Cannot run \`${name}\`: its operand is no document`, 40272)
  if (Object.keys(operand).length === 0) throw badRequest(`Cannot run \`${name}\`: it has no fields`, 40177)
  const tree: Tree = new Map()
  readFields({ tree, scope, name, isProjection: false }, [], operand)
  return (document) => compute(document, tree, document) as Document
}

const unset: MakeReshape = (operand, _scope, name) => {
  const fields = Array.isArray(operand) ? (operand as readonly Value[]) : [operand]
  if (fields.length === 0) throw badRequest("Cannot run `$unset`: it names no field", 31119)
  const tree: Tree = new Map()
  for (const field of fields) {
    if (typeof field !== "string") throw badRequest("Cannot run `$unset`: a field is no string", Array.isArray(operand) ? 31120 : 31002)
    place(tree, pathOf(field, name), { kind: "drop" }, name)
  }
  return (document) => drop(document, tree) as Document
}

const replaceRoot: MakeReshape = (operand, scope, name) => {
  const newRoot = name === "$replaceRoot" ? namedFields(operand, name, ["newRoot"], [], 40229)["newRoot"] : operand
  const evaluate = compileExpression(newRoot, scope)
  return (document) => {
    const made = evaluate(document)
    if (!isDocument(made)) throw badRequest(`Cannot run \`${name}\`: the new root is no document`, 40228)
    return made
  }
}

/** The stages an update pipeline may have, which work on one document at a time. */
export const reshapers: Readonly<Record<string, MakeReshape>> = {
  $project: project, $addFields: addFields, $set: addFields, $unset: unset, $replaceRoot: replaceRoot, $replaceWith: replaceRoot,
}
