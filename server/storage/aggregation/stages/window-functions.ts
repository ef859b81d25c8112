// Functions of `$setWindowFields` that see the sorted partition itself: ranks, shifts, filling, moving averages, slopes.
import { compareValues, Decimal128, isDocument, isNumeric, toDouble, type Document, type Value } from "../../../../kernel/index.ts"
import { exactInteger, kindOf } from "../../language/index.ts"
import { compileExpression } from "../compile.ts"
import { constantValue, isNullish, type Evaluate } from "../evaluate.ts"
import { quotient } from "../expressions/arithmetic.ts"
import { lengths } from "../expressions/date-arithmetic.ts"
import { add, multiply, negate, toDecimal, toNumber } from "../numbers.ts"
import { namedFields } from "../operands.ts"
import { wrongStage } from "../stage.ts"
import { fixedUnit, forbidWindow, readWindow, sortValue, type Partition, type Sorting, type WindowField } from "./window-extents.ts"

/** Compiles one output field. Throws `StoreError`. */
export type CompileField = (operand: Value, window: Value, sorting: Sorting) => WindowField

type Rank = (partition: Partition) => (at: number) => number

function ranking(rank: Rank, isPlain: boolean): CompileField {
  return (operand, window, { sortBy, name }) => {
    if (!isDocument(operand) || Object.keys(operand).length > 0) throw wrongStage(name, "a rank takes an empty document", 5371603)
    forbidWindow(window, name, 5371601)
    if (sortBy === undefined || (!isPlain && Object.keys(sortBy).length !== 1)) throw wrongStage(name, "a rank needs `sortBy` of one field", 5371602)
    return rank
  }
}

const rank: Rank = ({ documents, sameKey }) => {
  const ranks: number[] = []
  for (let at = 0; at < documents.length; at++) ranks.push(at > 0 && sameKey(at - 1, at) ? (ranks[at - 1] as number) : at + 1)
  return (at) => ranks[at] as number
}

const denseRank: Rank = ({ documents, sameKey }) => {
  const ranks: number[] = []
  for (let at = 0; at < documents.length; at++) ranks.push(at === 0 ? 1 : (ranks[at - 1] as number) + (sameKey(at - 1, at) ? 0 : 1))
  return (at) => ranks[at] as number
}

const shift: CompileField = (operand, window, { sortBy, scope, name }) => {
  const fields = namedFields(operand, "$shift", ["output", "by"], ["default"], 9)
  forbidWindow(window, name)
  if (sortBy === undefined) throw wrongStage(name, "`$shift` needs `sortBy`", 9)
  const by = exactInteger(fields["by"])
  if (by === undefined) throw wrongStage(name, "`by` is no integer", 9)
  const fallback = Object.hasOwn(fields, "default") ? constantValue(compileExpression(fields["default"], scope)) : { value: null }
  if (fallback === undefined) throw wrongStage(name, "`default` is no constant", 9)
  const output = compileExpression(fields["output"], scope)
  return ({ documents }) => (at) => {
    const other = documents[at + Number(by)]
    return other === undefined ? fallback.value : output(other)
  }
}

/** The last value that was neither null nor missing. */
const locf: CompileField = (operand, window, { scope, name }) => {
  forbidWindow(window, name)
  const evaluate = compileExpression(operand, scope)
  return ({ documents }) => {
    let last: Value = null
    const values = documents.map((document) => {
      scope.meter.begin()
      const value = evaluate(document)
      if (!isNullish(value)) last = value
      return last
    })
    return (at) => values[at]
  }
}

const linearFill: CompileField = (operand, window, { sortBy, scope, name }) => {
  forbidWindow(window, name)
  const xOf = sortValue(sortBy)
  if (xOf === undefined) throw wrongStage(name, "`$linearFill` needs `sortBy` of one field", 605001)
  const yOf = compileExpression(operand, scope)
  return ({ documents }) => {
    const filled = interpolated(documents, xOf, yOf, { scope, name })
    return (at) => filled[at]
  }
}

/**
 * The values of sorted documents, those that are null or missing put on the line between their neighbours; null before the first
 * and after the last. Throws `StoreError`: 14 for what is neither number nor, to sort by, date; 6050106 for a repeated place.
 */
export function interpolated(documents: readonly Document[], xOf: Evaluate, yOf: Evaluate, { scope, name }: Omit<Sorting, "sortBy">): Value[] {
  const ys: Value[] = []
  const xs: Value[] = []
  let known = -1
  for (const [at, document] of documents.entries()) {
    scope.meter.begin()
    const [x, y] = [xOf(document), yOf(document)]
    if (!isNullish(y) && !isNumeric(y)) throw wrongStage(name, "a value to fill by is no number", 14)
    const place = x instanceof Date ? x.getTime() : x
    if (!isNumeric(place) || (at > 0 && xs[0] instanceof Date !== x instanceof Date)) throw wrongStage(name, "the values to sort by are neither all numbers nor all dates", 14)
    if (at > 0 && compareValues(xs[at - 1], x) === 0) throw wrongStage(name, "a value to sort by is repeated", 6050106)
    xs.push(x)
    ys.push(isNullish(y) ? null : y)
    if (isNullish(y)) continue
    if (known >= 0) for (let between = known + 1; between < at; between++) ys[between] = onLine(xs, ys, known, at, between)
    known = at
  }
  return ys
}

function onLine(xs: readonly Value[], ys: readonly Value[], left: number, right: number, at: number): Value {
  const slope = quotient(difference(ys[right], ys[left]), difference(xs[right], xs[left]))
  return add(ys[left], multiply(difference(xs[at], xs[left]), slope))
}

/** The difference of two numbers, or of two dates in milliseconds. */
export function difference(left: Value, right: Value): Value {
  return left instanceof Date && right instanceof Date ? left.getTime() - right.getTime() : add(left, negate(right))
}

const expMovingAvg: CompileField = (operand, window, { sortBy, scope, name }) => {
  const fields = namedFields(operand, "$expMovingAvg", ["input"], ["N", "alpha"], 9)
  forbidWindow(window, name)
  if (sortBy === undefined) throw wrongStage(name, "`$expMovingAvg` needs `sortBy`", 9)
  const alpha = weight(fields, name)
  const rest = add(Decimal128.fromString("1"), negate(alpha))
  const input = compileExpression(fields["input"], scope)
  return ({ documents }) => {
    let average: Value
    let isDecimal = false
    const averages = documents.map((document) => {
      scope.meter.begin()
      const value = input(document)
      if (!isNumeric(value)) return null
      isDecimal ||= kindOf(value) === "decimal"
      average = average === undefined ? toDecimal(value) : add(multiply(toDecimal(value), alpha), multiply(average, rest))
      return isDecimal ? average : toDouble(toNumber(average))
    })
    return (at) => averages[at]
  }
}

/** The weight of the newest value, reckoned in decimals. */
function weight(fields: Document, name: string): Value {
  if (Object.hasOwn(fields, "N") === Object.hasOwn(fields, "alpha")) throw wrongStage(name, "`$expMovingAvg` takes either `N` or `alpha`", 9)
  if (Object.hasOwn(fields, "N")) {
    const count = exactInteger(fields["N"])
    if (count === undefined || count <= 0n) throw wrongStage(name, "`N` is no integer from 1", 9)
    return quotient(Decimal128.fromString("2"), Decimal128.fromString(String(count + 1n)))
  }
  const { alpha } = fields
  if (!isNumeric(alpha) || !(toNumber(alpha) > 0 && toNumber(alpha) < 1)) throw wrongStage(name, "`alpha` is no number between 0 and 1", 9)
  return toDecimal(alpha)
}

const derivative: CompileField = (operand, window, sorting) => {
  const { sortBy, scope, name } = sorting
  const fields = namedFields(operand, "$derivative", ["input"], ["unit"], 9)
  if (window === undefined) throw wrongStage(name, "`$derivative` needs a window", 9)
  const unit = fixedUnit(fields, name)
  const xOf = sortValue(sortBy)
  if (xOf === undefined) throw wrongStage(name, "`$derivative` needs `sortBy` of one field", 9)
  const yOf = compileExpression(fields["input"], scope)
  const { extents } = readWindow(window, sorting)
  return (partition) => {
    const extentOf = extents(partition)
    return (at) => {
      const [first, last] = extentOf(at)
      const [left, right] = [partition.documents[first], partition.documents[last]]
      if (left === undefined || right === undefined || first > last) return null
      const [x1, x2] = [xOf(left), xOf(right)]
      for (const x of [x1, x2]) {
        if (unit !== undefined && !(x instanceof Date)) throw wrongStage(name, "`$derivative` with `unit` is over values that are no dates", 5624900)
        if (unit === undefined && !isNumeric(x)) throw wrongStage(name, "`$derivative` without `unit` is over values that are no numbers", 5624901)
      }
      const [y1, y2] = [yOf(left), yOf(right)]
      if (isNullish(y1) || isNullish(y2)) return null
      if (!isNumeric(y1) || !isNumeric(y2)) throw wrongStage(name, "the input of `$derivative` is no number", 14)
      const distance = difference(x2, x1)
      if (toNumber(distance) === 0) return null
      const slope = quotient(difference(y2, y1), distance)
      return unit === undefined ? slope : multiply(slope, lengths[unit])
    }
  }
}

/** The functions that are no accumulators. */
export const windowFunctions: Readonly<Record<string, CompileField>> = {
  $documentNumber: ranking(() => (at) => at + 1, true),
  $rank:           ranking(rank, false),
  $denseRank:      ranking(denseRank, false),
  $shift:          shift,
  $locf:           locf,
  $linearFill:     linearFill,
  $expMovingAvg:   expMovingAvg,
  $derivative:     derivative,
}
