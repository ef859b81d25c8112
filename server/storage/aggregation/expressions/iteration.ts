// Operators that evaluate an expression for each element: `$map`, `$filter`, `$reduce`.
import type { Value } from "../../../../kernel/index.ts"
import { isTruth } from "../../language/index.ts"
import { compileExpression } from "../compile.ts"
import { constantValue, isNullish, withCells, type Cell, type Evaluate } from "../evaluate.ts"
import { asInt32, namedFields, wrong, type Operator } from "../operands.ts"
import { asList } from "./arrays.ts"
import { checkVariableName } from "./comparison.ts"

function elementName(as: Value, isThere: boolean, name: string): string {
  if (!isThere) return "this"
  if (typeof as !== "string") throw wrong(name, "`as` is no name of a variable", 16867)
  checkVariableName(as, name)
  return as
}

const map: Operator = (operand, scope, name) => {
  const fields = namedFields(operand, name, ["input", "in"], ["as"], 16879)
  const cell: Cell = { value: undefined }
  const input = compileExpression(fields["input"], scope)
  const each = compileExpression(fields["in"], withCells(scope, [[elementName(fields["as"], Object.hasOwn(fields, "as"), name), cell]]))
  return (root) => {
    const value = input(root)
    if (isNullish(value)) return null
    const list = asList(value, name, 16883, "`input`")
    const made = new Array<Value>(list.length)
    for (let index = 0; index < list.length; index++) {
      scope.meter.spend(1)
      cell.value = list[index]
      const mapped = each(root)
      made[index] = mapped === undefined ? null : mapped
    }
    return made
  }
}

const filter: Operator = (operand, scope, name) => {
  const fields = namedFields(operand, name, ["input", "cond"], ["as", "limit"], 28647)
  const cell: Cell = { value: undefined }
  const input = compileExpression(fields["input"], scope)
  const keep = compileExpression(fields["cond"], withCells(scope, [[elementName(fields["as"], Object.hasOwn(fields, "as"), name), cell]]))
  const limit = Object.hasOwn(fields, "limit") ? compileExpression(fields["limit"], scope) : undefined
  if (limit !== undefined && constantValue(limit) !== undefined) filterLimit(limit, name)
  return (root) => {
    const value = input(root)
    if (isNullish(value)) return null
    const list = asList(value, name, 28651, "`input`")
    const most = limit === undefined ? Number.POSITIVE_INFINITY : filterLimit(() => limit(root), name)
    const kept: Value[] = []
    for (const item of list) {
      scope.meter.spend(1)
      cell.value = item
      if (isTruth(keep(root))) kept.push(item)
      if (kept.length >= most) break
    }
    return kept
  }
}

function filterLimit(limit: Evaluate, name: string): number {
  const value = limit({})
  if (isNullish(value)) return Number.POSITIVE_INFINITY
  const most = asInt32(value)
  if (most === undefined) throw wrong(name, "`limit` is no integer of 32 bits", 327391)
  if (most < 1) throw wrong(name, "`limit` is not positive", 327392)
  return most
}

const reduce: Operator = (operand, scope, name) => {
  const fields = namedFields(operand, name, ["input", "initialValue", "in"], [], 40076)
  const item: Cell = { value: undefined }
  const sofar: Cell = { value: undefined }
  const input = compileExpression(fields["input"], scope)
  const initial = compileExpression(fields["initialValue"], scope)
  const step = compileExpression(fields["in"], withCells(scope, [["this", item], ["value", sofar]]))
  return (root) => {
    const value = input(root)
    if (isNullish(value)) return null
    let result = initial(root)
    for (const each of asList(value, name, 40080, "`input`")) {
      scope.meter.spend(1)
      item.value = each
      sofar.value = result
      result = step(root)
    }
    return result
  }
}

export const iterationOperators: Readonly<Record<string, Operator>> = { $map: map, $filter: filter, $reduce: reduce }
