// Accumulators that only windows have: `$integral`, `$covariancePop`, `$covarianceSamp`.
import { isNumeric, toDouble, type Value } from "../../../../kernel/index.ts"
import type { Accumulator, MakeAccumulator } from "../accumulators/accumulators.ts"
import { Sum } from "../accumulators/sums.ts"
import { compileExpression } from "../compile.ts"
import type { Evaluate } from "../evaluate.ts"
import { quotient } from "../expressions/arithmetic.ts"
import { lengths } from "../expressions/date-arithmetic.ts"
import { add, multiply } from "../numbers.ts"
import { namedFields } from "../operands.ts"
import { wrongStage } from "../stage.ts"
import { fixedUnit, sortValue, type Sorting } from "./window-extents.ts"
import { difference } from "./window-functions.ts"

/** Compiles the operand of such an accumulator; `operator` is its name. Throws `StoreError`. */
export type CompileAccumulator = (operand: Value, sorting: Sorting, operator: string) => MakeAccumulator

/** The area below the line from document to document. */
const integral: CompileAccumulator = (operand, { sortBy, scope, name }, operator) => {
  const fields = namedFields(operand, operator, ["input"], ["unit"], 9)
  const unit = fixedUnit(fields, name)
  const xOf = sortValue(sortBy)
  if (xOf === undefined) throw wrongStage(name, "`$integral` needs `sortBy` of one field", 9)
  const yOf = compileExpression(fields["input"], scope)
  return () => {
    const total = new Sum()
    let before: { readonly x: Value; readonly y: Value } | undefined
    return {
      add(document) {
        const [x, y] = [xOf(document), yOf(document)]
        if (unit !== undefined && !(x instanceof Date)) throw wrongStage(name, "`$integral` with `unit` is over values that are no dates", 5423901)
        if (unit === undefined && !isNumeric(x)) throw wrongStage(name, "`$integral` without `unit` is over values that are no numbers", 5423902)
        if (!isNumeric(y)) throw wrongStage(name, "the input of `$integral` is no number", 5423900)
        if (before !== undefined) total.add(multiply(add(before.y, y), quotient(difference(x, before.x), toDouble(2))))
        before = { x, y }
      },
      result: () => (before === undefined ? null : unit === undefined ? total.result : quotient(total.result, lengths[unit])),
    }
  }
}

/** The covariance of what pairs of numbers there are, by Welford's recurrence. */
const covariance = (isSample: boolean): CompileAccumulator => (operand, { scope, name }, operator) => {
  if (!Array.isArray(operand) || operand.length !== 2) throw wrongStage(name, `\`${operator}\` takes two expressions`, 9)
  const [xOf, yOf] = (operand as readonly Value[]).map((expression) => compileExpression(expression, scope)) as [Evaluate, Evaluate]
  return (): Accumulator => {
    let count = 0
    let [meanX, meanY, products]: [Value, Value, Value] = [toDouble(0), toDouble(0), toDouble(0)]
    return {
      add(document) {
        const [x, y] = [xOf(document), yOf(document)]
        if (!isNumeric(x) || !isNumeric(y)) return
        count += 1
        const distance = difference(x, meanX)
        meanX = add(meanX, quotient(distance, count))
        meanY = add(meanY, quotient(difference(y, meanY), count))
        products = add(products, multiply(distance, difference(y, meanY)))
      },
      result: () => (count <= (isSample ? 1 : 0) ? null : quotient(products, isSample ? count - 1 : count)),
    }
  }
}

/** The accumulators of windows alone. */
export const windowAccumulators: Readonly<Record<string, CompileAccumulator>> = {
  $integral: integral, $covariancePop: covariance(false), $covarianceSamp: covariance(true),
}
