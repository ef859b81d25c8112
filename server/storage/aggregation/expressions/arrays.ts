// Operators that read lists: size, elements, parts, membership.
import { equalValues, isNumeric, type Value } from "../../../../kernel/index.ts"
import { isNullish } from "../evaluate.ts"
import { asInt32, asSafeInteger, binary, binaryOrNull, named, unary, unaryOrNull, variadic, wrong, type Call, type Operator } from "../operands.ts"

/** The value as a list. Throws `StoreError` when it is none. */
export function asList(value: Value, name: string, code: number, what = "the argument"): readonly Value[] {
  if (!Array.isArray(value)) throw wrong(name, `${what} is no list`, code)
  return value as readonly Value[]
}

function elementAt(list: Value, at: Value, { name }: Call): Value {
  const items = asList(list, name, 28689, "the first argument")
  const index = asInt32(at)
  if (index === undefined) throw wrong(name, "the place is no integer of 32 bits", isNumeric(at) ? 28691 : 28690)
  return items[index < 0 ? items.length + index : index]
}

function end(which: "first" | "last"): Operator {
  return unaryOrNull((value, { name }) => asList(value, name, 28689).at(which === "first" ? 0 : -1))
}

function slice(values: readonly Value[], { name }: Call): Value {
  if (values.some(isNullish)) return null
  const list = asList(values[0], name, 28724, "the first argument")
  const [second, third] = [1, 2].map((index) => {
    if (values.length <= index) return undefined
    const number = asInt32(values[index])
    if (number === undefined) throw wrong(name, "a number of elements is no integer of 32 bits", isNumeric(values[index]) ? 28726 : 28725)
    return number
  })
  const number = second as number
  if (third === undefined) return number >= 0 ? list.slice(0, number) : list.slice(number)
  if (third <= 0) throw wrong(name, "the number of elements is not positive", 28729)
  const from = number < 0 ? Math.max(0, list.length + number) : number
  return list.slice(from, from + third)
}

function isIn(value: Value, list: Value, { name, meter }: Call): boolean {
  const items = asList(list, name, 40081, "the second argument")
  meter.spend(items.length >> 2)
  return items.some((item) => equalValues(item, value))
}

function indexOfArray(values: readonly Value[], { name, meter }: Call): Value {
  if (isNullish(values[0])) return null
  const list = asList(values[0], name, 40090, "the first argument")
  const [start = 0, stop = list.length] = [2, 3].map((index) => {
    if (values.length <= index) return undefined
    const place = asInt32(values[index])
    if (place === undefined) throw wrong(name, "a place is no integer", 40096)
    if (place < 0) throw wrong(name, "a place is negative", 40097)
    return place
  })
  meter.spend(list.length >> 2)
  for (let index = start; index < Math.min(stop, list.length); index++) if (equalValues(list[index], values[1])) return index
  return -1
}

function endElements(which: "first" | "last"): Operator {
  return named(["input", "n"], [], (values: { readonly [name in "input" | "n"]: Value }, { name }) => {
    const count = positiveCount(values.n, name)
    const list = asList(values.input, name, 5788200, "`input`")
    return which === "first" ? list.slice(0, count) : list.slice(Math.max(0, list.length - count))
  }, 5787801)
}

/** The `n` of `$firstN` and its like. Throws `StoreError` unless it is an integer above zero. */
export function positiveCount(value: Value, name: string): number {
  const count = asSafeInteger(value)
  if (count === undefined) throw wrong(name, "`n` is no integer", isNumeric(value) ? 5787903 : 5787902)
  if (count <= 0) throw wrong(name, "`n` is not positive", 5787908)
  return count
}

export const arrayOperators: Readonly<Record<string, Operator>> = {
  $arrayElemAt:  binaryOrNull(elementAt),
  $first:        end("first"),
  $last:         end("last"),
  $firstN:       endElements("first"),
  $lastN:        endElements("last"),
  $slice:        variadic(slice, 2, 3),
  $size:         unary((value, { name }) => asList(value, name, 17124).length),
  $isArray:      unary((value) => Array.isArray(value)),
  $in:           binary(isIn),
  $indexOfArray: variadic(indexOfArray, 2, 4),
}
