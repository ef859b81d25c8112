// Equality and order of one value against one operand, by MongoDB's brackets of types.
import { bsonTypeOf, compareNumbers, compareValues, equalValues, rank, rankOf, type BSONRegExp, type Value } from "../../../kernel/index.ts"
import type { ValueTest } from "./filter-tree.ts"
import { compileRegex } from "./regex.ts"

/** A test for equality with the operand; a regular expression matches texts, and regular expressions equal to it. */
export function equalityTest(operand: Value): ValueTest {
  switch (typeof operand) {
    case "string": return (value) => value === operand || (typeof value === "object" && equalValues(value, operand))
    case "boolean": return (value) => value === operand
    case "number":
      if (!Number.isNaN(operand)) return (value) => value === operand || (typeof value === "object" && equalValues(value, operand))
      break
    case "undefined": return isNullish
  }
  if (operand === null) return isNullish
  if (operand instanceof Date) return (value) => value instanceof Date && value.getTime() === operand.getTime()
  if (bsonTypeOf(operand) === "ObjectId") return (value) => bsonTypeOf(value) === "ObjectId" && equalValues(value, operand)
  if (bsonTypeOf(operand) === "BSONRegExp") {
    const matches = regexTest(operand as BSONRegExp)
    return (value) => matches(value, true) || (typeof value === "object" && equalValues(value, operand))
  }
  return (value) => equalValues(value, operand)
}

function isNullish(value: Value): boolean {
  return value === null || value === undefined
}

/** A test whether a text or symbol matches a regular expression. */
export function regexTest(expression: BSONRegExp): ValueTest {
  const matches = compileRegex(expression.pattern, expression.options)
  return (value) => {
    if (typeof value === "string") return matches(value)
    return bsonTypeOf(value) === "BSONSymbol" && matches(String((value as { value: string }).value))
  }
}

export type RangeOperator = "$gt" | "$gte" | "$lt" | "$lte"

/** A test for order: only values of the operand's own bracket compare, but for the ends of the order. */
export function rangeTest(operator: RangeOperator, operand: Value): ValueTest {
  const holds = holdsFor[operator]
  const bracket = rankOf(operand)
  const includesEqual = operator === "$gte" || operator === "$lte"
  if (bracket === rank.null || bracket === rank.missing) return includesEqual ? isNullish : () => false
  if (bracket === rank.number) return numberRange(operator, operand)
  if (bracket === rank.minKey || bracket === rank.maxKey) return (value, present) => holds(present ? compareValues(value, operand) : rank.null - bracket)
  if (typeof operand === "string") return (value) => (typeof value === "string" || typeof value === "object") && rankOf(value) === bracket && holds(compareValues(value, operand))
  return (value) => rankOf(value) === bracket && holds(compareValues(value, operand))
}

const holdsFor: Record<RangeOperator, (order: number) => boolean> = {
  $gt:  (order) => order > 0,
  $gte: (order) => order >= 0,
  $lt:  (order) => order < 0,
  $lte: (order) => order <= 0,
}

function numberRange(operator: RangeOperator, operand: Value): ValueTest {
  const holds = holdsFor[operator]
  const isNaNOperand = isNotANumber(operand)
  const includesEqual = operator === "$gte" || operator === "$lte"
  const slow: ValueTest = (value) => {
    if (typeof value !== "number" && (typeof value !== "object" || rankOf(value) !== rank.number)) return false
    // NaN is equal to itself and neither less nor greater than any number.
    if (isNaNOperand || isNotANumber(value)) return includesEqual && isNaNOperand && isNotANumber(value)
    return holds(compareNumbers(value, operand))
  }
  if (typeof operand !== "number" || isNaNOperand) return slow
  // JavaScript's own comparison is false for NaN on either side, as MongoDB's is for operands that are no NaN.
  switch (operator) {
    case "$gt": return (value) => (typeof value === "number" ? value > operand : slow(value, true))
    case "$gte": return (value) => (typeof value === "number" ? value >= operand : slow(value, true))
    case "$lt": return (value) => (typeof value === "number" ? value < operand : slow(value, true))
    case "$lte": return (value) => (typeof value === "number" ? value <= operand : slow(value, true))
  }
}

/** Whether a value is NaN, of any kind of number. */
export function isNotANumber(value: Value): boolean {
  if (typeof value === "number") return Number.isNaN(value)
  const name = bsonTypeOf(value)
  if (name === "Double") return Number.isNaN((value as { value: number }).value)
  return name === "Decimal128" && String(value) === "NaN"
}

/** A test for membership. Looks a plain text or number up in a set, so that a long list costs no more than a short one. */
export function membershipTest(operands: readonly Value[]): ValueTest {
  const plain = new Set<Value>()
  const others: ValueTest[] = []
  for (const operand of operands) {
    if (typeof operand === "string" || (typeof operand === "number" && !Number.isNaN(operand))) plain.add(operand)
    others.push(equalityTest(operand))
  }
  const needsMore = operands.length > plain.size
  return (value, present) => {
    if (plain.has(value)) return true
    if (!needsMore && (typeof value === "string" || typeof value === "number")) return false
    return others.some((test) => test(value, present))
  }
}
