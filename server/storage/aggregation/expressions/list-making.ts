// Operators that make lists: `$concatArrays`, `$range`, `$reverseArray`, `$sortArray`, `$zip`.
import { compareValues, isDocument, isNumeric, type Document, type Value } from "../../../../kernel/index.ts"
import { compileSort } from "../../language/index.ts"
import { compileExpression } from "../compile.ts"
import { isNullish, mostElements } from "../evaluate.ts"
import { intOrLong } from "../numbers.ts"
import { asInt32, namedFields, unaryOrNull, variadic, wrong, type Call, type Operator } from "../operands.ts"
import { asList } from "./arrays.ts"

function checkLength(length: number, { name, meter }: Call): void {
  if (length > mostElements) throw wrong(name, "the list is too long", 146)
  meter.spend(length >> 1)
}

function concatArrays(values: readonly Value[], call: Call): Value {
  let length = 0
  for (const value of values) {
    if (isNullish(value)) return null
    length += asList(value, call.name, 28664).length
  }
  checkLength(length, call)
  return (values as readonly (readonly Value[])[]).flat()
}

function range(values: readonly Value[], call: Call): Value {
  const [start, end, step = 1] = values.map((value, index) => {
    const number = asInt32(value)
    if (number === undefined) throw wrong(call.name, "an argument is no integer of 32 bits", (isNumeric(value) ? 34444 : 34443) + 2 * index)
    return number
  }) as [number, number, number?]
  if (step === 0) throw wrong(call.name, "the step is zero", 34449)
  checkLength(Math.max(0, Math.ceil((end - start) / step)) * 2, call)
  const list: Value[] = []
  if (step > 0) for (let value = start; value < end; value += step) list.push(intOrLong(value))
  else for (let value = start; value > end; value += step) list.push(intOrLong(value))
  return list
}

const sortArray: Operator = (operand, scope, name) => {
  const fields = namedFields(operand, name, ["input", "sortBy"], [], 2942500)
  const input = compileExpression(fields["input"], scope)
  const compare = elementOrder(fields["sortBy"], name)
  return (root) => {
    const value = input(root)
    if (isNullish(value)) return null
    const list = asList(value, name, 2942504, "`input`")
    scope.meter.spend(list.length * 8)
    return list.map((item) => (item === undefined ? null : item)).toSorted(compare)
  }
}

/** The order of elements: of whole values, or of documents by their fields. Throws `StoreError` for what is no order. */
export function elementOrder(sortBy: Value, name: string): (left: Value, right: Value) => number {
  if (isNumeric(sortBy)) {
    const direction = asInt32(sortBy)
    if (direction !== 1 && direction !== -1) throw wrong(name, "a direction is neither 1 nor -1", 15975)
    return (left, right) => compareValues(left, right) * direction
  }
  if (!isDocument(sortBy)) throw wrong(name, "`sortBy` is neither a direction nor a document", 2942505)
  if (Object.keys(sortBy).length === 0) throw wrong(name, "`sortBy` has no keys", 15976)
  const compare = compileSort(sortBy)
  const none: Document = {}
  return (left, right) => compare(isDocument(left) ? left : none, isDocument(right) ? right : none)
}

const zip: Operator = (operand, scope, name) => {
  const fields = namedFields(operand, name, ["inputs"], ["useLongestLength", "defaults"], 34464)
  const inputs = fields["inputs"]
  if (!Array.isArray(inputs)) throw wrong(name, "`inputs` is no list", 34461)
  if (inputs.length === 0) throw wrong(name, "`inputs` is empty", 34465)
  const parts = (inputs as readonly Value[]).map((input) => compileExpression(input, scope))
  const longest = Object.hasOwn(fields, "useLongestLength") ? fields["useLongestLength"] : false
  if (typeof longest !== "boolean") throw wrong(name, "`useLongestLength` is no boolean", 34463)
  const defaults = Object.hasOwn(fields, "defaults") ? fields["defaults"] : undefined
  if (defaults !== undefined && !Array.isArray(defaults)) throw wrong(name, "`defaults` is no list", 34462)
  if (defaults !== undefined && !longest) throw wrong(name, "`defaults` needs `useLongestLength`", 34466)
  if (defaults !== undefined && defaults.length !== inputs.length) throw wrong(name, "`defaults` and `inputs` differ in length", 34467)
  const fillers = (defaults as readonly Value[] | undefined)?.map((filler) => compileExpression(filler, scope))
  return (root) => {
    const values = parts.map((part) => part(root))
    if (values.some(isNullish)) return null
    const lists = values.map((value) => asList(value, name, 34468, "an input"))
    const lengths = lists.map((list) => list.length)
    const length = longest ? Math.max(...lengths) : Math.min(...lengths)
    checkLength(length * lists.length, { name, meter: scope.meter })
    return Array.from({ length }, (_, row) => lists.map((list, column) => {
      const value = row < list.length ? list[row] : fillers?.[column]?.(root)
      return value === undefined ? null : value
    }))
  }
}

export const listMakingOperators: Readonly<Record<string, Operator>> = {
  $concatArrays: variadic(concatArrays),
  $range:        variadic(range, 2, 3),
  $reverseArray: unaryOrNull((value, { name, meter }) => {
    const list = asList(value, name, 34435)
    meter.spend(list.length >> 1)
    return list.toReversed()
  }),
  $sortArray: sortArray,
  $zip:       zip,
}

