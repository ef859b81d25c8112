// Accumulators that are expressions too: `$sum`, `$avg`, `$min`, `$max`, deviations, `$minN`, `$maxN`, `$median`, `$percentile`.
import { compareValues, isNumeric, type Document, type Value } from "../../../../kernel/index.ts"
import { Deviation, percentiles, Sum } from "../accumulators/sums.ts"
import { compileExpression } from "../compile.ts"
import { constantValue, folded, isNullish, type Scope } from "../evaluate.ts"
import { toNumber } from "../numbers.ts"
import { compileArguments, named, namedFields, wrong, type Operator } from "../operands.ts"
import { asList, positiveCount } from "./arrays.ts"

/** Of several arguments they are the values; of one that is a list, its elements are. */
function summary(compute: (values: readonly Value[]) => Value): Operator {
  return (operand, scope, name) => {
    const parts = compileArguments(operand, scope, name, 0, Number.POSITIVE_INFINITY)
    return folded((root) => {
      const values = parts.map((part) => part(root))
      const list = values.length === 1 && Array.isArray(values[0]) ? (values[0] as readonly Value[]) : values
      scope.meter.spend(list.length >> 1)
      return compute(list)
    }, parts)
  }
}

function summed(values: readonly Value[]): Sum {
  const sum = new Sum()
  for (const value of values) sum.add(value)
  return sum
}

function deviation(isSample: boolean): Operator {
  return summary((values) => {
    const state = new Deviation()
    for (const value of values) state.add(value)
    return state.result(isSample)
  })
}

function extreme(sign: 1 | -1): Operator {
  return summary((values) => {
    let best: Value
    for (const value of values) if (!isNullish(value) && (best === undefined || compareValues(value, best) * sign > 0)) best = value
    return best === undefined ? null : best
  })
}

function extremes(sign: 1 | -1): Operator {
  return named(["input", "n"], [], (values: { readonly [name in "input" | "n"]: Value }, { name, meter }) => {
    const count = positiveCount(values.n, name)
    const list = asList(values.input, name, 5788200, "`input`")
    meter.spend(list.length * 2)
    return list.filter((item) => !isNullish(item)).toSorted((left, right) => compareValues(right, left) * sign).slice(0, count)
  }, 5787900)
}

/** What `$median` and `$percentile` are given. Throws `StoreError` for a malformed operand. */
export function percentileFields(operand: Value, scope: Scope, name: string): { readonly input: Value; readonly wanted: readonly number[] | undefined } {
  const fields: Document = namedFields(operand, name, name === "$median" ? ["input", "method"] : ["input", "p", "method"], [], 40414)
  if (fields["method"] !== "approximate") throw wrong(name, "`method` is not `approximate`", 2)
  if (name === "$median") return { input: fields["input"], wanted: undefined }
  const p = constantValue(compileExpression(fields["p"], scope))?.value
  if (!Array.isArray(p) || p.length === 0) throw wrong(name, "`p` is no list of numbers", 7750300)
  const wanted = (p as readonly Value[]).map((each) => {
    const number = isNumeric(each) ? toNumber(each) : Number.NaN
    if (!(number >= 0 && number <= 1)) throw wrong(name, "`p` holds something that is no number from 0 to 1", 7750303)
    return number
  })
  return { input: fields["input"], wanted }
}

const percentile: Operator = (operand, scope, name) => {
  const { input, wanted } = percentileFields(operand, scope, name)
  const evaluate = compileExpression(input, scope)
  return (root) => {
    const value = evaluate(root)
    const list = Array.isArray(value) ? (value as readonly Value[]) : [value]
    scope.meter.spend(list.length * 2)
    const found = percentiles(list, wanted ?? [0.5])
    return wanted === undefined ? (found[0] as Value) : found
  }
}

export const summaryOperators: Readonly<Record<string, Operator>> = {
  $sum:        summary((values) => summed(values).result),
  $avg:        summary((values) => summed(values).mean),
  $min:        extreme(-1),
  $max:        extreme(1),
  $minN:       extremes(-1),
  $maxN:       extremes(1),
  $stdDevPop:  deviation(false),
  $stdDevSamp: deviation(true),
  $median:     percentile,
  $percentile: percentile,
}
