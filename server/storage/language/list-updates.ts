// Update operators on lists.
import { bsonTypeOf, compareValues, equalValues, isDocument, isNumeric, type Document, type Value } from "../../../kernel/index.ts"
import { badRequest, serverCode } from "./errors.ts"
import { compileFilter } from "./filter.ts"
import { exactInteger } from "./integers.ts"
import type { LanguageOptions } from "./options.ts"
import { isValueCondition } from "./parse-condition.ts"
import { compileSort } from "./sort.ts"
import { unchanged, type Modifier } from "./update-tree.ts"

type ChangeList = (list: readonly Value[]) => readonly Value[] | typeof unchanged

function onList(operator: string, path: string, creates: boolean, code: number, change: ChangeList): Modifier {
  return {
    operator, path, creates, needsWay: true,
    apply: (value, present) => {
      if (!present) return creates ? noneAsEmpty(change([])) : unchanged
      if (!Array.isArray(value)) throw badRequest(`Cannot use \`${operator}\`: the field is no list`, code)
      return change(value as readonly Value[])
    },
  }
}

function noneAsEmpty(result: readonly Value[] | typeof unchanged): Value {
  return result === unchanged ? [] : result
}

/** `$push`, with `$each`, `$position`, `$sort` and `$slice`. */
export function pushValues(path: string, operand: Value): Modifier {
  if (!isDocument(operand) || !Object.hasOwn(operand, "$each")) return onList("$push", path, true, serverCode.badValue, (list) => [...list, operand])
  for (const key of Object.keys(operand)) if (!pushClauses.has(key)) throw badRequest("Cannot use `$push`: an unknown clause stands beside `$each`")
  const items = eachItems("$push", operand["$each"], serverCode.badValue)
  const position = clause(operand, "$position")
  const slice = clause(operand, "$slice")
  const order = Object.hasOwn(operand, "$sort") ? elementOrder(operand["$sort"]) : undefined
  return onList("$push", path, true, serverCode.badValue, (list) => {
    const at = position === undefined ? list.length : position < 0 ? Math.max(0, list.length + position) : Math.min(position, list.length)
    const grown = [...list.slice(0, at), ...items, ...list.slice(at)]
    if (order !== undefined) grown.sort(order)
    const result = slice === undefined ? grown : slice < 0 ? grown.slice(Math.max(0, grown.length + slice)) : grown.slice(0, slice)
    return result.length === list.length && result.every((item, index) => item === list[index]) ? unchanged : result
  })
}

const pushClauses = new Set(["$each", "$position", "$slice", "$sort"])

function eachItems(operator: string, value: Value, code: number): readonly Value[] {
  if (!Array.isArray(value)) throw badRequest(`Cannot use \`${operator}\`: \`$each\` is no list`, code)
  return value as readonly Value[]
}

function clause(operand: Document, name: string): number | undefined {
  if (!Object.hasOwn(operand, name)) return undefined
  const integer = exactInteger(operand[name])
  if (integer === undefined) throw badRequest(`Cannot use \`$push\`: \`${name}\` is no integer`)
  return Number(integer)
}

function elementOrder(sort: Value): (left: Value, right: Value) => number {
  if (!isDocument(sort)) {
    const direction = isNumeric(sort) ? Number(String(sort)) : 0
    if (direction !== 1 && direction !== -1) throw badRequest("Cannot use `$push`: `$sort` is neither 1 nor -1")
    return (left, right) => compareValues(left, right) * direction
  }
  if (Object.keys(sort).length === 0) throw badRequest("Cannot use `$push`: `$sort` is empty")
  const order = compileSort(sort)
  return (left, right) => order(asDocument(left), asDocument(right))
}

/** An element as the keys of a sort see it: what is no document has none of them. */
function asDocument(value: Value): Document {
  return isDocument(value) ? value : {}
}

/** `$addToSet`, with `$each`. */
export function addToSet(path: string, operand: Value): Modifier {
  const isEach = isDocument(operand) && Object.hasOwn(operand, "$each")
  if (isEach && Object.keys(operand).length > 1) throw badRequest("Cannot use `$addToSet`: something stands beside `$each`")
  const items = isEach ? eachItems("$addToSet", operand["$each"], serverCode.typeMismatch) : [operand]
  return onList("$addToSet", path, true, serverCode.badValue, (list) => {
    const result = [...list]
    for (const item of items) if (!result.some((there) => equalValues(there, item))) result.push(item)
    return result.length === list.length ? unchanged : result
  })
}

/** `$pop`: 1 takes the last element, -1 the first. */
export function popValue(path: string, operand: Value): Modifier {
  const end = exactInteger(operand)
  if (end !== 1n && end !== -1n) throw badRequest("Cannot use `$pop`: its operand is neither 1 nor -1", serverCode.failedToParse)
  return onList("$pop", path, false, serverCode.typeMismatch, (list) => {
    if (list.length === 0) return unchanged
    return end === 1n ? list.slice(0, -1) : list.slice(1)
  })
}

/** `$pullAll`: every element that is equal to one of the list. */
export function pullAll(path: string, operand: Value): Modifier {
  if (!Array.isArray(operand)) throw badRequest("Cannot use `$pullAll`: its operand is no list")
  const unwanted = operand as readonly Value[]
  return onList("$pullAll", path, false, serverCode.badValue, without((item) => unwanted.some((each) => equalValues(each, item))))
}

/** `$pull`: every element that matches a condition. */
export function pullMatching(path: string, operand: Value, options: LanguageOptions): Modifier {
  return onList("$pull", path, false, serverCode.badValue, without(pullTest(operand, options)))
}

function pullTest(operand: Value, options: LanguageOptions): (item: Value) => boolean {
  if (isDocument(operand) && !isValueCondition(operand)) {
    const matches = compileFilter(operand, options)
    return (item) => isDocument(item) && matches(item)
  }
  if (isDocument(operand) || bsonTypeOf(operand) === "BSONRegExp") {
    const matches = compileFilter({ item: operand }, options)
    return (item) => matches({ item })
  }
  return (item) => equalValues(item, operand)
}

function without(isUnwanted: (item: Value) => boolean): ChangeList {
  return (list) => {
    const kept = list.filter((item) => !isUnwanted(item))
    return kept.length === list.length ? unchanged : kept
  }
}
