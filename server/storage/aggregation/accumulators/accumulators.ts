// Accumulators of `$group`, `$bucket` and windows.
import { compareValues, isDocument, setField, type Document, type Value } from "../../../../kernel/index.ts"
import { badRequest, compileKeyOrder, compileSortKey, unsupported } from "../../language/index.ts"
import { compileExpression } from "../compile.ts"
import { isNullish, type Evaluate, type Scope } from "../evaluate.ts"
import { percentileFields } from "../expressions/summaries.ts"
import { positiveCount } from "../expressions/arrays.ts"
import { sizeOf, type Budget } from "../memory.ts"
import { namedFields, wrong } from "../operands.ts"
import { valueKey } from "../value-key.ts"
import { Deviation, percentiles, Sum } from "./sums.ts"

/** What gathers values of the documents of one group; undefined as a result stands for null. */
export interface Accumulator {
  add(root: Document): void
  result(): Value
}

/** Makes the accumulator of a group; `key` is the group's `_id`. */
export type MakeAccumulator = (key: Value, budget: Budget) => Accumulator

type Compile = (operand: Value, scope: Scope, name: string) => MakeAccumulator

/** An accumulator whose operand is one expression. */
function ofValue(make: (budget: Budget) => { add(value: Value): void; result(): Value }): Compile {
  return (operand, scope, name) => {
    if (Array.isArray(operand) && operand.length !== 1) throw wrong(name, "it takes one argument here", 40237)
    const evaluate = compileExpression(Array.isArray(operand) ? (operand[0] as Value) : operand, scope)
    return (_key, budget) => {
      const state = make(budget)
      return { add: (root) => state.add(evaluate(root)), result: () => state.result() }
    }
  }
}

const sum = ofValue(() => {
  const state = new Sum()
  return { add: (value) => state.add(value), result: () => state.result }
})

const average = ofValue(() => {
  const state = new Sum()
  return { add: (value) => state.add(value), result: () => state.mean }
})

const deviation = (isSample: boolean): Compile => ofValue(() => {
  const state = new Deviation()
  return { add: (value) => state.add(value), result: () => state.result(isSample) }
})

const extreme = (sign: 1 | -1): Compile => ofValue(() => {
  let best: Value
  return {
    add(value) {
      if (!isNullish(value) && (best === undefined || compareValues(value, best) * sign > 0)) best = value
    },
    result: () => best,
  }
})

const first = ofValue(() => {
  let [found, isThere]: [Value, boolean] = [undefined, false]
  return {
    add(value) {
      if (!isThere) [found, isThere] = [value, true]
    },
    result: () => found,
  }
})

const last = ofValue(() => {
  let found: Value
  return {
    add(value) {
      found = value
    },
    result: () => found,
  }
})

const push = ofValue((budget) => {
  const list: Value[] = []
  return {
    add(value) {
      if (value === undefined) return
      budget.take(8 + sizeOf(value))
      list.push(value)
    },
    result: () => list,
  }
})

const addToSet = ofValue((budget) => {
  const found = new Map<string, Value>()
  return {
    add(value) {
      if (value === undefined) return
      const key = valueKey(value)
      if (found.has(key)) return
      budget.take(32 + key.length + sizeOf(value))
      found.set(key, value)
    },
    result: () => [...found.values()],
  }
})

const mergeObjects = ofValue((budget) => {
  const merged: Document = {}
  return {
    add(value) {
      if (isNullish(value)) return
      if (!isDocument(value)) throw wrong("$mergeObjects", "it takes documents only", 40400)
      for (const field of Object.keys(value)) {
        budget.take(field.length + sizeOf(value[field]))
        setField(merged, field, value[field])
      }
    },
    result: () => merged,
  }
})

const concatArrays = (isSet: boolean): Compile => ofValue((budget) => {
  const found = new Map<string | number, Value>()
  return {
    add(value) {
      if (isNullish(value)) return
      if (!Array.isArray(value)) throw wrong(isSet ? "$setUnion" : "$concatArrays", "it takes lists only", 28664)
      for (const item of value as readonly Value[]) {
        budget.take(16 + sizeOf(item))
        const key = isSet ? valueKey(item) : found.size
        if (!found.has(key)) found.set(key, item)
      }
    },
    result: () => [...found.values()],
  }
})

const count: Compile = (operand, _scope, name) => {
  if (!isDocument(operand) || Object.keys(operand).length > 0) throw wrong(name, "it takes an empty document", 9)
  return () => {
    const state = new Sum()
    return { add: () => state.add(1), result: () => state.result }
  }
}

/** `n`, which may depend on the group's `_id` only. */
function countOf(operand: Value, scope: Scope, name: string): (key: Value) => number {
  const evaluate = compileExpression(operand, scope)
  return (key) => positiveCount(evaluate(isDocument(key) ? key : {}), name)
}

/** `$firstN`, `$lastN`, `$minN`, `$maxN`. */
const several = (kind: "first" | "last" | "min" | "max"): Compile => (operand, scope, name) => {
  const fields = namedFields(operand, name, ["input", "n"], [], 5787801)
  const evaluate = compileExpression(fields["input"], scope)
  const most = countOf(fields["n"], scope, name)
  if (isConstantNumber(fields["n"])) most(null)
  return (key, budget) => {
    const n = most(key)
    let list: Value[] = []
    const order = kind === "min" ? compareValues : (left: Value, right: Value): number => compareValues(right, left)
    const isSorted = kind === "min" || kind === "max"
    return {
      add(root) {
        const value = evaluate(root)
        if (isSorted ? isNullish(value) : kind === "first" && list.length >= n) return
        const kept = value === undefined ? null : value
        budget.take(8 + sizeOf(kept))
        list.push(kept)
        if (list.length < 2 * n + 16) return
        if (isSorted) list = list.toSorted(order)
        for (const dropped of isSorted ? list.splice(n) : list.splice(0, list.length - n)) budget.release(8 + sizeOf(dropped))
      },
      result: () => (isSorted ? list.toSorted(order).slice(0, n) : kind === "first" ? list.slice(0, n) : list.slice(-n)),
    }
  }
}

function isConstantNumber(value: Value): boolean {
  return typeof value === "number" || typeof value === "boolean" || value === null || (typeof value === "string" && !value.startsWith("$"))
}

/** `$top`, `$bottom`, `$topN`, `$bottomN`. */
const ranked = (side: "top" | "bottom", isSingle: boolean): Compile => (operand, scope, name) => {
  const fields = namedFields(operand, name, isSingle ? ["sortBy", "output"] : ["sortBy", "output", "n"], [], 5788002)
  const sortBy = fields["sortBy"]
  if (!isDocument(sortBy)) throw wrong(name, "`sortBy` is no document", 10065)
  if (Object.keys(sortBy).length === 0) throw badRequest(`Cannot evaluate \`${name}\`: \`sortBy\` has no keys`, 15976)
  const [keyOf, order] = [compileSortKey(sortBy), compileKeyOrder(sortBy)]
  const output = compileExpression(fields["output"], scope)
  const most = isSingle ? () => 1 : countOf(fields["n"], scope, name)
  if (!isSingle && isConstantNumber(fields["n"])) most(null)
  return (key, budget) => {
    const n = most(key)
    let list: { readonly key: readonly Value[]; readonly value: Value }[] = []
    const cut = (): void => {
      list = list.toSorted((left, right) => order(left.key, right.key))
      list = side === "top" ? list.slice(0, n) : list.slice(Math.max(0, list.length - n))
    }
    return {
      add(root) {
        const value = output(root)
        const entry = { key: keyOf(root), value: value === undefined ? null : value }
        budget.take(32 + sizeOf(entry.value))
        list.push(entry)
        if (list.length < 2 * n + 16) return
        const before = list
        cut()
        for (const each of before) budget.release(32 + sizeOf(each.value))
        for (const each of list) budget.take(32 + sizeOf(each.value))
      },
      result() {
        cut()
        return isSingle ? list[0]?.value : list.map(({ value }) => value)
      },
    }
  }
}

const percentile: Compile = (operand, scope, name) => {
  const { input, wanted } = percentileFields(operand, scope, name)
  const evaluate: Evaluate = compileExpression(input, scope)
  return (_key, budget) => {
    const list: Value[] = []
    return {
      add(root) {
        budget.take(32)
        list.push(evaluate(root))
      },
      result() {
        const found = percentiles(list, wanted ?? [0.5])
        return wanted === undefined ? (found[0] as Value) : found
      },
    }
  }
}

/** Every accumulator this store has. */
export const accumulators: Readonly<Record<string, Compile>> = {
  $sum: sum, $avg: average, $min: extreme(-1), $max: extreme(1), $first: first, $last: last, $push: push, $addToSet: addToSet, $count: count,
  $mergeObjects: mergeObjects, $concatArrays: concatArrays(false), $setUnion: concatArrays(true), $stdDevPop: deviation(false), $stdDevSamp: deviation(true),
  $firstN: several("first"), $lastN: several("last"), $minN: several("min"), $maxN: several("max"),
  $top: ranked("top", true), $bottom: ranked("bottom", true), $topN: ranked("top", false), $bottomN: ranked("bottom", false),
  $median: percentile, $percentile: percentile,
}

/** Compiles `{ $operator: operand }`. Throws `StoreError` for anything else. */
export function compileAccumulator(field: string, definition: Value, scope: Scope): MakeAccumulator {
  if (field.includes(".")) throw badRequest("Cannot group: the name of a field has a dot", 40235)
  if (field.startsWith("$")) throw badRequest("Cannot group: the name of a field begins with `$`", 40236)
  const names = isDocument(definition) ? Object.keys(definition) : []
  const [name] = names
  if (name === undefined || !name.startsWith("$")) throw badRequest("Cannot group: a field is no accumulator", 40234)
  if (names.length > 1) throw badRequest("Cannot group: a field has more than one accumulator", 40238)
  if (name === "$accumulator" || name === "$function") throw unsupported(`Cannot group: \`${name}\` is not supported`)
  if (!Object.hasOwn(accumulators, name)) throw badRequest(`Cannot group: unknown accumulator \`${name}\``, 15952)
  return (accumulators[name] as Compile)((definition as Document)[name], scope, name)
}
