// Operators on documents.
import { isDocument, isNumeric, setField, type Document, type Value } from "../../../../kernel/index.ts"
import { typeName } from "../../language/index.ts"
import { compileExpression } from "../compile.ts"
import { constant, constantValue, folded, isNullish, type Evaluate, type Scope } from "../evaluate.ts"
import { namedFields, unary, unaryOrNull, variadic, wrong, type Call, type Operator } from "../operands.ts"
import { asList } from "./arrays.ts"

function mergeObjects(values: readonly Value[], { name }: Call): Value {
  const merged: Document = {}
  for (const value of values) {
    if (isNullish(value)) continue
    if (!isDocument(value)) throw wrong(name, "it takes documents only", 40400)
    for (const field of Object.keys(value)) setField(merged, field, value[field])
  }
  return merged
}

const objectToArray = unaryOrNull((value, { name, meter }) => {
  if (!isDocument(value)) throw wrong(name, "the argument is no document", 40390)
  const fields = Object.keys(value)
  meter.spend(fields.length)
  return fields.map((field) => ({ k: field, v: value[field] }))
})

const arrayToObject = unaryOrNull((value, { name, meter }) => {
  const list = asList(value, name, 40386)
  meter.spend(list.length)
  const made: Document = {}
  const isPairs = Array.isArray(list[0])
  for (const item of list) {
    const [field, content] = isPairs ? pairOf(item, name) : entryOf(item, name)
    if (field.includes("\0")) throw wrong(name, "a field name holds a NUL character", 4940400)
    setField(made, field, content)
  }
  return made
})

function pairOf(item: Value, name: string): [string, Value] {
  if (!Array.isArray(item)) throw wrong(name, "an element is no list, while the first is one", 40396)
  if (item.length !== 2) throw wrong(name, "an element is not of length 2", 40397)
  const [field, content] = item as readonly Value[]
  if (typeof field !== "string") throw wrong(name, "a field name is no string", 40395)
  return [field, content]
}

function entryOf(item: Value, name: string): [string, Value] {
  if (!isDocument(item)) throw wrong(name, "an element is no document of `k` and `v`", 40398)
  if (Object.keys(item).length !== 2) throw wrong(name, "an element has not exactly two fields", 40392)
  if (!Object.hasOwn(item, "k") || !Object.hasOwn(item, "v")) throw wrong(name, "an element lacks `k` or `v`", 40393)
  if (typeof item["k"] !== "string") throw wrong(name, "a field name is no string", 40394)
  return [item["k"], item["v"]]
}

/** The name in `field`: it must be constant, and may come from `$literal`. */
function constantName(field: Value, scope: Scope, name: string): string {
  if (typeof field === "string" && field.startsWith("$")) throw wrong(name, "`field` is no constant; use `$literal` for a name that begins with `$`", 4161108)
  const found = constantValue(compileExpression(field, scope))
  if (found === undefined) throw wrong(name, "`field` is no constant", 4161106)
  if (typeof found.value !== "string") throw wrong(name, "`field` is no string", 4161107)
  return found.value
}

const getField: Operator = (operand, scope, name) => {
  const isFull = isDocument(operand) && !Object.keys(operand).some((key) => key.startsWith("$"))
  const fields: Document = isFull ? namedFields(operand, name, ["field", "input"], [], 3041704) : { field: operand, input: "$$CURRENT" }
  const input = compileExpression(fields["input"], scope)
  const field = nameExpression(fields["field"], scope, name)
  return (root) => {
    const from = input(root)
    const wanted = field(root)
    if (typeof wanted !== "string") throw wrong(name, "`field` is no string", 3041704)
    if (isNullish(from)) return from
    return isDocument(from) && Object.hasOwn(from, wanted) ? from[wanted] : undefined
  }
}

function nameExpression(field: Value, scope: Scope, name: string): Evaluate {
  const evaluate = compileExpression(field, scope)
  const found = constantValue(evaluate)
  if (found !== undefined && typeof found.value !== "string") throw wrong(name, "`field` is no string", 5654602)
  return evaluate
}

function fieldSetter(isUnset: boolean): Operator {
  return (operand, scope, name) => {
    const fields = namedFields(operand, name, isUnset ? ["field", "input"] : ["field", "input", "value"], [], 4161102)
    const field = constantName(fields["field"], scope, name)
    const input = compileExpression(fields["input"], scope)
    const value = isUnset ? constant(undefined) : compileExpression(fields["value"], scope)
    return folded((root) => {
      const from = input(root)
      if (isNullish(from)) return null
      if (!isDocument(from)) throw wrong(name, "`input` is no document", 4161105)
      const content = value(root)
      const made = { ...from }
      if (content === undefined) delete made[field]
      else setField(made, field, content)
      return made
    }, [input, value])
  }
}

export const objectOperators: Readonly<Record<string, Operator>> = {
  $mergeObjects:  variadic(mergeObjects),
  $objectToArray: objectToArray,
  $arrayToObject: arrayToObject,
  $getField:      getField,
  $setField:      fieldSetter(false),
  $unsetField:    fieldSetter(true),
  $type:          unary((value) => (value === undefined ? "missing" : typeName(value))),
  $isNumber:      unary((value) => isNumeric(value)),
}

