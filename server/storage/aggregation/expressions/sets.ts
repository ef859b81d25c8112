// Lists as sets: of equal elements one counts, and their order is the order of values.
import { compareValues, type Value } from "../../../../kernel/index.ts"
import { isTruth } from "../../language/index.ts"
import { isNullish } from "../evaluate.ts"
import { binary, binaryOrNull, unary, variadic, type Call, type Operator } from "../operands.ts"
import { asList } from "./arrays.ts"

/** The different elements of a list, in the order of values. */
function sortedSet(list: readonly Value[], { meter }: Pick<Call, "meter">): Value[] {
  meter.spend(list.length * 8)
  return list.toSorted(compareValues).filter((item, index, sorted) => index === 0 || compareValues(sorted[index - 1], item) !== 0)
}

/** The place of a value in a sorted list, or -1. */
function placeOf(sorted: readonly Value[], value: Value): number {
  let low = 0
  let high = sorted.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const order = compareValues(sorted[middle], value)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return -1
}

function holds(sorted: readonly Value[], value: Value): boolean {
  return placeOf(sorted, value) >= 0
}

function union(values: readonly Value[], call: Call): Value {
  const all: Value[] = []
  for (const value of values) {
    if (isNullish(value)) return null
    for (const item of asList(value, call.name, 17043)) all.push(item)
  }
  return sortedSet(all, call)
}

function intersection(values: readonly Value[], call: Call): Value {
  if (values.some(isNullish)) return null
  const [first, ...others] = values.map((value) => sortedSet(asList(value, call.name, 17047), call))
  return (first ?? []).filter((item) => others.every((other) => holds(other, item)))
}

function difference(left: Value, right: Value, call: Call): Value {
  const from = asList(left, call.name, 17048)
  const dropped = sortedSet(asList(right, call.name, 17049), call)
  const kept = sortedSet(from, call).filter((item) => !holds(dropped, item))
  const open = new Set(kept.keys())
  // The order of the first list stays.
  return from.filter((item) => open.delete(placeOf(kept, item)))
}

function equalSets(values: readonly Value[], call: Call): Value {
  const [first, ...others] = values.map((value) => sortedSet(asList(value, call.name, 17044), call)) as [Value[], ...Value[][]]
  return others.every((other) => compareValues(first, other) === 0)
}

function isSubset(left: Value, right: Value, call: Call): Value {
  const part = asList(left, call.name, 17046)
  const whole = sortedSet(asList(right, call.name, 17042), call)
  return part.every((item) => holds(whole, item))
}

export const setOperators: Readonly<Record<string, Operator>> = {
  $setUnion:        variadic(union),
  $setIntersection: variadic(intersection),
  $setDifference:   binaryOrNull(difference),
  $setEquals:       variadic(equalSets, 2),
  $setIsSubset:     binary(isSubset),
  $anyElementTrue:  unary((value, { name }) => asList(value, name, 17041).some(isTruth)),
  $allElementsTrue: unary((value, { name }) => asList(value, name, 17040).every(isTruth)),
}
