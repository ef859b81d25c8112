// Update documents as a tree of modifiers. What MongoDB refuses is refused here.
import { isDocument, isIndex, splitPath, type Document, type Value } from "../../../kernel/index.ts"
import { compileArrayFilters, elementName, type ArrayFilters } from "./array-filters.ts"
import { badRequest, serverCode } from "./errors.ts"
import { addToSet, popValue, pullAll, pullMatching, pushValues } from "./list-updates.ts"
import type { LanguageOptions } from "./options.ts"
import { addModifier, hasSegment, noWay, removed, sortTree, unchanged, type Modifier, type UpdateContext, type UpdateTree } from "./update-tree.ts"
import { changeBits, currentDate, incrementValue, lowerValue, multiplyValue, raiseValue, setValue, unsetValue } from "./value-updates.ts"

/** An update that was read. `onInsert` has what `$setOnInsert` adds. */
export interface ParsedUpdate {
  readonly onUpdate: UpdateTree
  readonly onInsert: UpdateTree
  readonly arrayFilters: ArrayFilters
  readonly isPositional: boolean
}

type Make = (path: string, operand: Value, options: LanguageOptions) => Modifier

const makers: Record<string, Make> = {
  $set:         setValue,
  $setOnInsert: setValue,
  $unset:       unsetValue,
  $inc:         incrementValue,
  $mul:         multiplyValue,
  $min:         lowerValue,
  $max:         raiseValue,
  $bit:         changeBits,
  $currentDate: currentDate,
  $push:        pushValues,
  $addToSet:    addToSet,
  $pop:         popValue,
  $pull:        pullMatching,
  $pullAll:     pullAll,
}

// SECURITY: a path comes from a client; each segment is one level of recursion.
const maxSegments = 200

/** Parses an update document of operators. Throws `StoreError`. */
export function parseUpdate(update: Document, arrayFilters: readonly Document[], options: LanguageOptions): ParsedUpdate {
  const onUpdate: UpdateTree = new Map()
  const onInsert: UpdateTree = new Map()
  for (const operator of Object.keys(update)) {
    const operand = update[operator]
    if (operator !== "$rename" && !Object.hasOwn(makers, operator)) throw badRequest(`Cannot update: unknown operator \`${operator}\``, serverCode.failedToParse)
    if (!isDocument(operand)) throw badRequest(`Cannot use \`${operator}\`: its operand is no document of fields`, serverCode.failedToParse)
    for (const path of Object.keys(operand)) {
      for (const [segments, modifier] of read(operator, path, operand[path], options)) {
        // Both trees are filled, so that a conflict with `$setOnInsert` is refused whatever happens to the document.
        addModifier(onInsert, segments, modifier)
        if (operator !== "$setOnInsert") addModifier(onUpdate, segments, modifier)
      }
    }
  }
  const filters = compileArrayFilters(arrayFilters, options)
  checkNames(onInsert, filters)
  return { onUpdate: sortTree(onUpdate), onInsert: sortTree(onInsert), arrayFilters: filters, isPositional: hasSegment(onInsert, (segment) => segment === "$") }
}

function read(operator: string, path: string, operand: Value, options: LanguageOptions): [readonly string[], Modifier][] {
  const segments = updatePath(path)
  if (operator === "$rename") return rename(path, segments, operand)
  return [[segments, (makers[operator] as Make)(path, operand, options)]]
}

function updatePath(path: string): string[] {
  const segments = splitPath(path)
  if (segments.some((segment) => segment === "")) throw badRequest("Cannot update: a path has an empty part", serverCode.emptyFieldName)
  if (segments.length > maxSegments) throw badRequest("Cannot update: a path is too long")
  const [first] = segments as [string]
  if (first === "$" || elementName(first) !== undefined) throw badRequest("Cannot update: a path begins with a positional part")
  for (const segment of segments) {
    if (segment.startsWith("$") && segment !== "$" && elementName(segment) === undefined && segment !== "$id" && segment !== "$ref" && segment !== "$db") {
      throw badRequest("Cannot update: a field name begins with `$`", serverCode.dollarPrefixedField)
    }
  }
  if (segments.filter((segment) => segment === "$").length > 1) throw badRequest("Cannot update: a path has more than one `$`")
  // SOURCE: case uer-16018b91; a path below `_id` is in conflict with the `_id` every document has.
  if (first === "_id" && segments.length > 1) throw badRequest("Cannot update: a path leads into `_id`", serverCode.conflictingUpdateOperators)
  return segments
}

function checkNames(tree: UpdateTree, filters: ArrayFilters): void {
  const used = new Set<string>()
  hasSegment(tree, (segment) => {
    const name = elementName(segment)
    if (name !== undefined && name !== "") used.add(name)
    return false
  })
  for (const name of used) if (!filters.has(name)) throw badRequest("Cannot update: there is no array filter for an identifier in a path")
  for (const name of filters.keys()) if (!used.has(name)) throw badRequest("Cannot update: an array filter is not used in any path", serverCode.failedToParse)
}

function rename(path: string, source: readonly string[], operand: Value): [readonly string[], Modifier][] {
  if (typeof operand !== "string") throw badRequest("Cannot use `$rename`: the new name is no text")
  const target = updatePath(operand)
  if ([...source, ...target].some((segment) => segment === "$" || elementName(segment) !== undefined)) throw badRequest("Cannot use `$rename`: a path is positional")
  if (source.every((segment, at) => at >= target.length || segment === target[at])) throw badRequest("Cannot use `$rename`: both names are on one path")
  const take: Modifier = {
    operator: "$rename", path: operand, creates: true, needsWay: true,
    apply: (_value, _present, context) => {
      const moved = plainRead(context, source)
      if (moved === undefined) return unchanged
      forbidLists(context, target)
      return moved.value
    },
  }
  const drop: Modifier = { operator: "$rename", path, creates: false, needsWay: false, apply: (_, present) => (present ? removed : unchanged) }
  return [[target, take], [source, drop]]
}

/** The value at the path of a source, which must lead through documents only. */
function plainRead({ root }: UpdateContext, path: readonly string[]): { value: Value } | undefined {
  let value: Value = root
  let isInList = false
  for (const segment of path) {
    if (Array.isArray(value)) {
      if (!isIndex(segment)) throw noWay()
      if (Number(segment) >= value.length) return undefined
      isInList = true
      value = (value as readonly Value[])[Number(segment)]
      continue
    }
    if (!isDocument(value)) throw noWay()
    if (!Object.hasOwn(value, segment)) return undefined
    value = value[segment]
  }
  if (isInList) throw badRequest("Cannot use `$rename`: a path leads into a list")
  return { value }
}

function forbidLists({ root }: UpdateContext, path: readonly string[]): void {
  let value: Value = root
  for (const segment of path) {
    if (Array.isArray(value)) throw badRequest("Cannot use `$rename`: a path leads into a list")
    if (!isDocument(value) || !Object.hasOwn(value, segment)) return
    value = value[segment]
  }
}

