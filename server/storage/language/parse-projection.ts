// Projections of `find` as a tree. What MongoDB refuses is refused here.
import { isDocument, isNumeric, splitPath, type Document, type Value } from "../../../kernel/index.ts"
import { badRequest, serverCode, unsupported } from "./errors.ts"
import type { ValueTest } from "./filter-tree.ts"
import { exactInteger, truncatedInteger } from "./integers.ts"
import { compileNode } from "./compile-tree.ts"
import type { LanguageOptions } from "./options.ts"
import { elementTest } from "./parse-condition.ts"
import { parseFilter } from "./parse-filter.ts"

/** What a projection does with one field. */
export type ProjectionLeaf =
  | { readonly kind: "include" | "exclude" | "positional" }
  | { readonly kind: "slice"; readonly skip: number | undefined; readonly limit: number }
  | { readonly kind: "elemMatch"; readonly element: ValueTest }
  | { readonly kind: "computed"; readonly expression: Value }

/** Fields under a path, each a leaf or a deeper tree, in the order of the projection. */
export type ProjectionTree = Map<string, ProjectionLeaf | ProjectionTree>

/** A projection that was read: everything not named is kept (`exclusion`) or dropped (`inclusion`). */
export interface ParsedProjection {
  readonly mode: "inclusion" | "exclusion"
  readonly tree: ProjectionTree
  /** Whether `_id` stays. */
  readonly keepsId: boolean
  readonly positionalPath: readonly string[] | undefined
}

interface Reading { mode: "inclusion" | "exclusion" | undefined; keepsId: boolean | undefined; positionalPath: string[] | undefined; hasElemMatch: boolean; readonly tree: ProjectionTree; readonly options: LanguageOptions }

/** Reads a projection. Throws `StoreError`. */
export function parseProjection(projection: Document, options: LanguageOptions): ParsedProjection {
  const reading: Reading = { mode: undefined, keepsId: undefined, positionalPath: undefined, hasElemMatch: false, tree: new Map(), options }
  for (const field of Object.keys(projection)) readField(reading, pathSegments(field), projection[field])
  return { mode: reading.mode ?? undecidedMode(reading), tree: reading.tree, keepsId: reading.keepsId ?? true, positionalPath: reading.positionalPath }
}

/** The mode where no field but `_id` says it: `_id: 1` includes; else `$slice` excludes, and `$elemMatch` without it includes. */
function undecidedMode({ keepsId, hasElemMatch, tree }: Reading): "inclusion" | "exclusion" {
  if (keepsId === true) return "inclusion"
  return hasElemMatch && !hasSlice(tree) ? "inclusion" : "exclusion"
}

function hasSlice(tree: ProjectionTree): boolean {
  return [...tree.values()].some((node) => (node instanceof Map ? hasSlice(node) : node.kind === "slice"))
}

function pathSegments(field: string): string[] {
  const segments = splitPath(field)
  if (segments.some((segment) => segment === "")) throw badRequest("Cannot project: a path has an empty part", 40352)
  segments.forEach((segment, index) => {
    if (segment === "$" && index === segments.length - 1 && index > 0) return
    if (segment.startsWith("$") && segment !== "$id" && segment !== "$ref" && segment !== "$db") throw badRequest("Cannot project: a field name begins with `$`", index === 0 ? 16410 : 31394)
  })
  return segments
}

function readField(reading: Reading, segments: string[], value: Value): void {
  if (isDocument(value) && !Object.keys(value).some((key) => key.startsWith("$"))) {
    const fields = Object.keys(value)
    if (fields.length === 0) throw badRequest("Cannot project: an empty document says nothing", 51270)
    for (const field of fields) readField(reading, [...segments, ...pathSegments(field)], value[field])
    return
  }
  if (segments.at(-1) === "$") readPositional(reading, segments.slice(0, -1), value)
  else if (isDocument(value)) readOperator(reading, segments, value)
  else if (isNumeric(value) || typeof value === "boolean") readFlag(reading, segments, typeof value === "boolean" ? value : Number(String(value)) !== 0)
  else addComputed(reading, segments, value)
}

function readFlag(reading: Reading, segments: readonly string[], isIncluded: boolean): void {
  if (segments.length === 1 && segments[0] === "_id") {
    if (reading.keepsId !== undefined) throw collision(serverCode.samePath)
    reading.keepsId = isIncluded
    return
  }
  setMode(reading, isIncluded ? "inclusion" : "exclusion")
  place(reading.tree, segments, { kind: isIncluded ? "include" : "exclude" })
}

function setMode(reading: Reading, mode: "inclusion" | "exclusion"): void {
  if (reading.mode !== undefined && reading.mode !== mode) {
    throw mode === "inclusion"
      ? badRequest("Cannot project: a field is included in an exclusion", serverCode.inclusionInExclusion)
      : badRequest("Cannot project: a field is excluded in an inclusion", serverCode.exclusionInInclusion)
  }
  reading.mode = mode
}

function readPositional(reading: Reading, segments: string[], value: Value): void {
  if (reading.positionalPath !== undefined) throw badRequest("Cannot project: more than one positional `$`", serverCode.positionalAlone)
  if (reading.hasElemMatch) throw badRequest("Cannot project: positional `$` beside `$elemMatch`", 31256)
  const isIncluded = value === true || (isNumeric(value) && Number(String(value)) !== 0)
  if (!isIncluded) throw badRequest("Cannot project: positional `$` takes no value but 1", 31271)
  if (reading.mode === "exclusion") throw badRequest("Cannot project: positional `$` in an exclusion", serverCode.positionalInExclusion)
  reading.mode = "inclusion"
  reading.positionalPath = segments
  place(reading.tree, segments, { kind: "positional" })
}

function readOperator(reading: Reading, segments: readonly string[], value: Document): void {
  const [operator, ...more] = Object.keys(value)
  if (operator === "$slice" && more.length === 0 && !isSliceExpression(value["$slice"])) {
    place(reading.tree, segments, sliceLeaf(value["$slice"]))
    return
  }
  if (operator === "$elemMatch" && more.length === 0) {
    addElemMatch(reading, segments, value["$elemMatch"])
    return
  }
  if (operator === "$meta") throw unsupported("Cannot project: `$meta` is not supported")
  if (more.length > 0) throw badRequest("Cannot project: an expression has more than one operator", 15983)
  addComputed(reading, segments, value)
}

/** `$slice` with a list whose first item is no number is the aggregation expression of that name. */
function isSliceExpression(operand: Value): boolean {
  return Array.isArray(operand) && operand.length >= 2 && !isNumeric(operand[0])
}

function wrongSlice(): Error {
  return badRequest("Cannot project: `$slice` takes a number, or a list of skip and limit", serverCode.sliceOperand)
}

function sliceLeaf(operand: Value): ProjectionLeaf {
  if (!Array.isArray(operand)) {
    if (!isNumeric(operand)) throw wrongSlice()
    return { kind: "slice", skip: undefined, limit: toInt32(operand) }
  }
  const [skip, limit] = operand as readonly Value[]
  if (operand.length !== 2 || !isNumeric(skip) || !isNumeric(limit)) throw wrongSlice()
  if (toInt32(limit) <= 0) throw badRequest("Cannot project: the limit of `$slice` is not positive", 28724)
  return { kind: "slice", skip: toInt32(skip), limit: toInt32(limit) }
}

function toInt32(value: Value): number {
  const whole = exactInteger(value) ?? truncatedInteger(value) ?? 0n
  return Math.max(-0x7fffffff, Math.min(0x7fffffff, Number(whole)))
}

function addElemMatch(reading: Reading, segments: readonly string[], operand: Value): void {
  if (!isDocument(operand)) throw badRequest("Cannot project: the operand of `$elemMatch` is no document", serverCode.elemMatchOperand)
  if (segments.length > 1) throw badRequest("Cannot project: `$elemMatch` on a dotted path", 31275)
  if (reading.positionalPath !== undefined) throw badRequest("Cannot project: positional `$` beside `$elemMatch`", 31255)
  reading.hasElemMatch = true
  const element = elementTest(operand, (filter) => compileNode(parseFilter(filter, reading.options)))
  place(reading.tree, segments, { kind: "elemMatch", element })
}

function addComputed(reading: Reading, segments: readonly string[], expression: Value): void {
  setMode(reading, "inclusion")
  if (needsHook(expression)) {
    if (reading.options.evaluate === undefined) throw unsupported("Cannot project: aggregation expressions are not available here")
    reading.options.evaluate.checkExpression?.(expression)
  }
  place(reading.tree, segments, { kind: "computed", expression })
}

/** Whether a computed value is more than a literal. */
export function needsHook(expression: Value): boolean {
  return typeof expression === "string" ? expression.startsWith("$") : Array.isArray(expression) || isDocument(expression)
}

function place(tree: ProjectionTree, segments: readonly string[], leaf: ProjectionLeaf): void {
  const field = segments[0] as string
  const there = tree.get(field)
  if (segments.length === 1) {
    if (there !== undefined) throw collision(serverCode.samePath)
    tree.set(field, leaf)
    return
  }
  if (there !== undefined && !(there instanceof Map)) throw collision(serverCode.pathCollision)
  const below: ProjectionTree = there ?? new Map()
  tree.set(field, below)
  place(below, segments.slice(1), leaf)
}

function collision(code: number): Error {
  return badRequest("Cannot project: two paths collide", code)
}
