// Comparisons, booleans, conditions and `$let`.
import { compareValues, equalValues, isDocument, type Value } from "../../../../kernel/index.ts"
import { isTruth } from "../../language/index.ts"
import { compileExpression } from "../compile.ts"
import { folded, isNullish, withCells, type Cell, type Evaluate } from "../evaluate.ts"
import { binary, compileArguments, namedFields, unary, wrong, type Operator } from "../operands.ts"

const and: Operator = (operand, scope, name) => {
  const parts = compileArguments(operand, scope, name, 0, Number.POSITIVE_INFINITY)
  return folded((root) => {
    for (const part of parts) if (!isTruth(part(root))) return false
    return true
  }, parts)
}

const or: Operator = (operand, scope, name) => {
  const parts = compileArguments(operand, scope, name, 0, Number.POSITIVE_INFINITY)
  return folded((root) => {
    for (const part of parts) if (isTruth(part(root))) return true
    return false
  }, parts)
}

const cond: Operator = (operand, scope, name) => {
  const list = isDocument(operand) ? conditionFields(operand, name) : operand
  const parts = compileArguments(list, scope, name, 3, 3)
  const [test, whenTrue, whenFalse] = parts as [Evaluate, Evaluate, Evaluate]
  return folded((root) => (isTruth(test(root)) ? whenTrue(root) : whenFalse(root)), parts)
}

function conditionFields(operand: Value, name: string): Value[] {
  const fields = namedFields(operand, name, ["if", "then", "else"], [], 17083)
  return [fields["if"], fields["then"], fields["else"]]
}

const ifNull: Operator = (operand, scope, name) => {
  const parts = compileArguments(operand, scope, name, 2, Number.POSITIVE_INFINITY)
  return folded((root) => {
    let value: Value
    for (const part of parts) {
      value = part(root)
      if (!isNullish(value)) return value
    }
    return value
  }, parts)
}

const switchOperator: Operator = (operand, scope, name) => {
  const fields = namedFields(operand, name, ["branches"], ["default"], 40067)
  const list = fields["branches"]
  if (!Array.isArray(list)) throw wrong(name, "`branches` is no list", 40061)
  if (list.length === 0) throw wrong(name, "it has no branches", 40068)
  const branches = (list as readonly Value[]).map((branch) => {
    const each = namedFields(branch, name, ["case", "then"], [], 40063)
    return { test: compileExpression(each["case"], scope), then: compileExpression(each["then"], scope) }
  })
  const otherwise = Object.hasOwn(fields, "default") ? compileExpression(fields["default"], scope) : undefined
  return folded((root) => {
    for (const { test, then } of branches) if (isTruth(test(root))) return then(root)
    if (otherwise === undefined) throw wrong(name, "no branch applies, and there is no default", 40066)
    return otherwise(root)
  }, branches.flatMap(({ test, then }) => [test, then]).concat(otherwise ?? []))
}

/** Refuses names that variables of a request cannot have. */
export function checkVariableName(variable: string, name: string): void {
  if (variable !== "CURRENT" && !/^[a-z\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*$/.test(variable)) throw wrong(name, "a variable has a name that variables cannot have", 16867)
}

const letOperator: Operator = (operand, scope, name) => {
  const fields = namedFields(operand, name, ["vars", "in"], [], 16875)
  const variables = fields["vars"]
  if (!isDocument(variables)) throw wrong(name, "`vars` is no document", 16876)
  const bound = Object.keys(variables).map((variable) => {
    checkVariableName(variable, name)
    const cell: Cell = { value: undefined }
    return { variable, cell, evaluate: compileExpression(variables[variable], scope) }
  })
  const inner = compileExpression(fields["in"], withCells(scope, bound.map(({ variable, cell }) => [variable, cell])))
  return (root) => {
    // All are evaluated before any is bound: none sees another.
    const values = bound.map(({ evaluate }) => evaluate(root))
    bound.forEach(({ cell }, index) => {
      cell.value = values[index]
    })
    return inner(root)
  }
}

function comparison(holds: (order: number) => boolean): Operator {
  return binary((left, right) => holds(compareValues(left, right)))
}

export const comparisonOperators: Readonly<Record<string, Operator>> = {
  $eq:     binary((left, right) => equalValues(left, right)),
  $ne:     binary((left, right) => !equalValues(left, right)),
  $gt:     comparison((order) => order > 0),
  $gte:    comparison((order) => order >= 0),
  $lt:     comparison((order) => order < 0),
  $lte:    comparison((order) => order <= 0),
  $cmp:    binary((left, right) => Math.sign(compareValues(left, right))),
  $and:    and,
  $or:     or,
  $not:    unary((value) => !isTruth(value)),
  $cond:   cond,
  $ifNull: ifNull,
  $switch: switchOperator,
  $let:    letOperator,
}
