// The executable specification of rule expressions: raw JSON in, true / false / undetermined out, slowly and obviously.
// It shares no code with engine/: only the order of BSON values and Extended JSON come from the kernel.
import { compareNumbers, compareValues, fromEjson, isDocument, rank, rankOf, type Document, type Value } from "../../kernel/index.ts"

export type Result = true | false | undefined
export interface Scope { readonly user?: Document; readonly values?: Document; readonly environment?: Document; readonly request?: Document; readonly args?: Value; readonly root?: Document; readonly prevRoot?: Document; readonly this?: Value; readonly prev?: Value }
/** Answers a call; undefined when it fails. */
export type Answer = (name: string, args: readonly Value[]) => Value
/** What stands at the ends of a path; `closed`: not opened if it is a list, because an index picked it. */
interface End { readonly value: Value; readonly closed?: boolean }
interface Ends { readonly list: readonly End[]; readonly absent: boolean }
/** A resolved operand: `mode` tells how it matches. */
type Operand = { readonly value: Value; readonly mode: "literal" | "item" | "expanded"; readonly items?: readonly (Operand | undefined)[] } | undefined

const logical = new Set(["and", "or", "nor", "not"])
const known = new Set(["user", "values", "environment", "request", "args"])

/** Evaluates a raw expression that parses without errors. `bare` is what a bare key reads. */
export function evaluateModel(raw: unknown, scope: Scope, answer: Answer, bare: Value | "missing" = scope.root ?? "missing"): Result {
  if (typeof raw === "boolean") return raw
  return allOf(Object.entries(raw as object).map(([key, value]): Result => {
    if (key.startsWith("%%true") || key.startsWith("%%false")) return constant(key.startsWith("%%true"), value)
    if (key.startsWith("%%")) return condition(value, expansionEnds(key), isKnownText(key))
    if (key.startsWith("$") || key.startsWith("%")) return combine(key, value, (part) => evaluateModel(part, scope, answer, bare))
    return condition(value, bare === "missing" ? { list: [], absent: true } : endsOf(bare, key.split(".")), false)
  }))

  function constant(wanted: boolean, value: unknown): Result {
    const call = typeof value === "object" && value !== null && "%function" in value
    if (typeof value === "string" || call) {
      const resolved = operand(value)
      return resolved === undefined ? undefined : resolved.value === wanted
    }
    const result = evaluateModel(value, scope, answer, bare)
    return result === undefined ? undefined : result === wanted
  }

  function condition(value: unknown, ends: Ends, subjectIsKnown: boolean): Result {
    if (isOperators(value)) {
      return allOf(Object.entries(value).map(([key, inner]) => {
        const name = key.slice(1)
        if (logical.has(name)) return combine(key, inner, (part) => condition(part, ends, subjectIsKnown))
        if (name === "function" || name.startsWith("stringTo") || name.endsWith("ToString")) return equal(ends, operand({ [key]: inner }), subjectIsKnown && readsDocument(inner))
        return operator(name, inner, ends, subjectIsKnown)
      }))
    }
    return equal(ends, operand(value), subjectIsKnown && readsDocument(value))
  }

  function operator(name: string, raw: unknown, ends: Ends, subjectIsKnown: boolean): Result {
    switch (name) {
      case "eq": return equal(ends, operand(raw), subjectIsKnown && readsDocument(raw))
      case "ne": return not(equal(ends, operand(raw), subjectIsKnown && readsDocument(raw)))
      case "in": return among(ends, operand(raw), false)
      case "nin": return not(among(ends, operand(raw), false))
      case "all": return among(ends, operand(raw), true)
      case "exists": return (raw === "%%true" || raw === true) === ends.list.length > 0
      case "size": return ends.list.some(({ value }) => Array.isArray(value) && value.length === raw)
      // Of these three only what can be said without a table: texts, whole numbers, and patterns that JavaScript reads alike.
      case "type": return opened(ends).some((left) => raw === "string" && typeof left === "string")
      case "mod": return opened(ends).some((left) => rankOf(left) === rank.number && Math.trunc(Number(String(left))) % (raw as number[])[0]! === (raw as number[])[1]!)
      case "regex": return opened(ends).some((left) => typeof left === "string" && new RegExp(raw as string, "u").test(left))
      case "elemMatch": {
        const lists = ends.list.map(({ value }) => value).filter((each): each is Value[] => Array.isArray(each))
        return anyOf(lists.flatMap((list) => list.map((item): Result => {
          if (isOperators(raw) && !Object.keys(raw).every((key) => ["and", "or", "nor"].includes(key.slice(1)))) return condition(raw, { list: [{ value: item, closed: true }], absent: false }, false)
          return isDocument(item) ? evaluateModel(raw, scope, answer, item) : false
        })))
      }
      default: return ordered(name, ends, operand(raw))
    }
  }

  function ordered(name: string, ends: Ends, right: Operand): Result {
    const ranks: number[] = [rank.number, rank.string, rank.date, rank.boolean, rank.objectId]
    if (right === undefined || !ranks.includes(rankOf(right.value))) return undefined
    return opened(ends).some((left) => {
      if (rankOf(left) !== rankOf(right.value)) return false
      const order = compareValues(left, right.value)
      if (rankOf(left) === rank.number && (isNaNumber(left) || isNaNumber(right.value))) return order === 0 && name.endsWith("te")
      return name === "gt" ? order > 0 : name === "gte" ? order >= 0 : name === "lt" ? order < 0 : order <= 0
    })
  }

  function among(ends: Ends, right: Operand, all: boolean): Result {
    if (right === undefined || !Array.isArray(right.value)) return undefined
    const items = right.items ?? right.value.map((value: Value): Operand => ({ value, mode: right.mode === "literal" ? "literal" : "item" }))
    const results = items.map((item) => equal(ends, item === undefined ? undefined : { ...item, mode: item.mode === "literal" ? "literal" : "item" }, false))
    return all ? results.length > 0 && allOf(results) : anyOf(results)
  }

  /** Specification 5.1. `swapped`: a known value against the document, read as the document against the known value. */
  function equal(ends: Ends, right: Operand, swapped: boolean): Result {
    if (right === undefined || whole(right) === undefined) return undefined
    if (swapped && right.mode === "expanded" && ends.list.length <= 1) {
      return ends.list.length === 1 && equal({ list: [{ value: right.value }], absent: false }, { value: ends.list[0]?.value, mode: "expanded" }, false)
    }
    const { value, mode } = right
    if (value === null && mode === "literal" && (ends.absent || ends.list.some((each) => each.value === undefined))) return true
    if (opened(ends).some((left) => same(left, value))) return true
    const anyList = ends.list.some((each) => Array.isArray(each.value))
    return mode === "expanded" && Array.isArray(value) && !anyList && ends.list.some((left) => value.some((item: Value) => same(left.value, item)))
  }

  function operand(raw: unknown): Operand {
    if (typeof raw === "string" && raw.startsWith("%%")) {
      if (raw === "%%true" || raw === "%%false") return { value: raw === "%%true", mode: "literal" }
      const value = expansionValue(raw)
      return value === undefined ? undefined : { value, mode: "expanded" }
    }
    if (Array.isArray(raw)) {
      const items = raw.map(operand)
      return { value: items.map((item) => item?.value), mode: "literal", items, ...(items.some((item) => whole(item) === undefined) ? { broken: true } : {}) } as Operand
    }
    if (typeof raw !== "object" || raw === null) return { value: fromEjson(raw), mode: "literal" }
    const [key = "", inner] = Object.entries(raw)[0] ?? []
    if (key === "%function") return callFunction(inner as { name: string; arguments?: unknown[] })
    if (key.startsWith("%")) return convert(key, operand(inner)?.value)
    const decoded = fromEjson(raw)
    if (!isDocument(decoded)) return { value: decoded, mode: "literal" }
    const fields = Object.entries(raw).map(([field, part]) => [field, whole(operand(part))] as const)
    return fields.some(([, part]) => part === undefined) ? undefined : { value: Object.fromEntries(fields.map(([field, part]) => [field, part?.value])), mode: "literal" }
  }

  function callFunction({ name, arguments: args = [] }: { name: string; arguments?: unknown[] }): Operand {
    const value = answer(name, args.map((each) => operand(each)?.value ?? null))
    return value === undefined ? undefined : { value, mode: "expanded" }
  }

  function expansionRoot(text: string): { root: Value; path: string[] } {
    const [name = "", ...path] = text.slice(2).split(".")
    const root = (scope as Record<string, Value>)[name]
    const data = name === "user" && path[0] === "custom_data" ? (root as Document | undefined)?.["custom_data"] : undefined
    const empty = name === "user" && path[0] === "custom_data" && (!isDocument(data) || Object.keys(data).length === 0)
    return { root: empty ? undefined : root, path }
  }

  function expansionEnds(text: string): Ends {
    const { root, path } = expansionRoot(text)
    return root === undefined ? { list: [], absent: true } : endsOf(root, path)
  }

  function expansionValue(text: string): Value {
    const { root, path } = expansionRoot(text)
    const values = operandEnds(root, path)
    return values.mapped ? (values.list.length === 0 ? undefined : [...values.list]) : values.list[0]
  }
}

function convert(key: string, value: Value): Operand {
  if (key === "%stringToOid" && typeof value === "string" && /^[0-9a-f]{24}$/i.test(value)) return { value: fromEjson({ $oid: value }), mode: "expanded" }
  if (key === "%oidToString" && rankOf(value) === rank.objectId) return { value: String(value), mode: "expanded" }
  return undefined
}

function combine(key: string, raw: unknown, evaluate: (part: unknown) => Result): Result {
  if (key.slice(1) === "not") return not(evaluate(raw))
  const results = (raw as unknown[]).map(evaluate)
  if (key.slice(1) === "and") return allOf(results)
  return key.slice(1) === "or" ? anyOf(results) : not(anyOf(results))
}

function allOf(results: readonly Result[]): Result {
  return results.includes(false) ? false : results.includes(undefined) ? undefined : true
}

function anyOf(results: readonly Result[]): Result {
  return results.includes(true) ? true : results.includes(undefined) ? undefined : false
}

function not(result: Result): Result {
  return result === undefined ? undefined : !result
}

/** A list with an item that has no value is no list to equal; its items still count for `$in`. */
function whole(operand: Operand): Operand {
  return operand !== undefined && "broken" in operand ? undefined : operand
}

function same(left: Value, right: Value): boolean {
  return left !== undefined && compareValues(left, right) === 0
}

function isNaNumber(value: Value): boolean {
  return compareNumbers(value, Number.NaN) === 0
}

function isOperators(raw: unknown): raw is Record<string, unknown> {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw) || !isDocument(fromEjson(raw))) return false
  const keys = Object.keys(raw)
  return keys.length > 0 && keys.every((key) => key.startsWith("$") || (key.startsWith("%") && !key.startsWith("%%")))
}

function isKnownText(text: string): boolean {
  return known.has(text.slice(2).split(".")[0] as string)
}

function readsDocument(raw: unknown): boolean {
  return /"%%(root|prevRoot|this|prev)\b/.test(JSON.stringify(raw))
}

/** The ends and the items of those that are lists. */
function opened({ list }: Ends): Value[] {
  return list.flatMap(({ value, closed }): Value[] => (Array.isArray(value) && closed !== true ? [value as Value, ...(value as Value[])] : [value]))
}

function endsOf(root: Value, path: readonly string[]): Ends {
  const [segment, ...rest] = path
  if (segment === undefined) return { list: [{ value: root }], absent: false }
  if (Array.isArray(root)) {
    const index = /^(0|[1-9]\d*)$/.test(segment) ? [elementEnds(root as Value[], Number(segment), rest)] : []
    const parts = [...index, ...root.filter(isDocument).map((item) => endsOf(item, path))]
    return { list: parts.flatMap(({ list }) => list), absent: parts.some(({ absent }) => absent) }
  }
  if (!isDocument(root) || !Object.keys(root).includes(segment)) return { list: [], absent: true }
  return endsOf(root[segment], rest)
}

function elementEnds(list: readonly Value[], index: number, rest: readonly string[]): Ends {
  if (index >= list.length) return { list: [], absent: true }
  return rest.length === 0 ? { list: [{ value: list[index], closed: true }], absent: false } : endsOf(list[index], rest)
}

function valueOf({ list, mapped }: { readonly list: readonly Value[]; readonly mapped: boolean }): Value {
  return mapped ? [...list] : list[0]
}

function operandEnds(root: Value, path: readonly string[]): { list: readonly Value[]; mapped: boolean } {
  const [segment, ...rest] = path
  if (segment === undefined) return { list: root === undefined ? [] : [root], mapped: false }
  if (Array.isArray(root)) {
    const items = root.filter(isDocument).map((item) => operandEnds(item, path)).filter(({ list }) => list.length > 0)
    const index = /^(0|[1-9]\d*)$/.test(segment) && Number(segment) < root.length ? operandEnds(root[Number(segment)], rest) : { list: [], mapped: false }
    if (items.length === 0) return index
    return { list: [...(index.list.length > 0 ? [valueOf(index)] : []), ...items.map(valueOf)], mapped: true }
  }
  return isDocument(root) && Object.keys(root).includes(segment) ? operandEnds(root[segment], rest) : { list: [], mapped: false }
}
