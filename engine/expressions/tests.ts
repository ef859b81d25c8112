// What the operators mean for one value. Everything else is built of these.
import {
  bsonTypeOf, compareNumbers, compareValues, equalValues, fromDecimalText, numberKind, rank, rankOf, type Binary, type BSONSymbol, type Value,
} from "../../kernel/index.ts"
import type { Leaf } from "./tree.ts"

/** A test of one value. */
export type ValueTest = (value: Value) => boolean

/**
 * A test of a subject: of a value, where `opens` also of the items of a list, and of a subject that is missing.
 * A subject with several ends (a path over a list) passes when one end does.
 */
export interface SubjectTest { readonly holds: ValueTest; readonly opens: boolean; readonly missing: boolean }

// SOURCE: MongoDB manual, "$type".
export const typeNames: Record<string, number | "number"> = {
  double: 1, string: 2, object: 3, array: 4, binData: 5, undefined: 6, objectId: 7, bool: 8, date: 9, null: 10, regex: 11, dbPointer: 12,
  javascript: 13, symbol: 14, javascriptWithScope: 15, int: 16, timestamp: 17, long: 18, decimal: 19, minKey: -1, maxKey: 127, number: "number",
}

const typeOfClass: Record<string, number> = {
  Binary: 5, BSONRegExp: 11, BSONSymbol: 14, Code: 13, DBRef: 12, Decimal128: 19, Double: 1, Int32: 16, Long: 18, MaxKey: 127, MinKey: -1, ObjectId: 7, Timestamp: 17,
}

/** The number of a value's BSON type. */
export function typeNumber(value: Value): number {
  switch (typeof value) {
    case "string": return 2
    case "number": return numberKind(value) === "int" ? 16 : 1
    case "boolean": return 8
    case "undefined": return 6
  }
  if (value === null) return 10
  if (Array.isArray(value)) return 4
  if (value instanceof Date) return 9
  return rankOf(value) === rank.codeWithScope ? 15 : (typeOfClass[bsonTypeOf(value) as string] ?? 3)
}

/** The test that a value equals another, by BSON type and value. */
export function equalTo(operand: Value): ValueTest {
  if (typeof operand === "string") return (value) => value === operand || (typeof value === "object" && equalValues(value, operand))
  if (typeof operand === "boolean") return (value) => value === operand
  return (value) => equalValues(value, operand)
}

/** Whether an operand can be ordered; the test is undetermined otherwise (specification 5.2). */
export function isOrdered(operand: Value): boolean {
  switch (rankOf(operand)) {
    case rank.number: case rank.string: case rank.date: case rank.boolean: case rank.objectId: return true
    default: return false
  }
}

function isNaNValue(value: Value): boolean {
  return rankOf(value) === rank.number && compareNumbers(value, Number.NaN) === 0
}

const accepts = {
  gt:  (order: number) => order > 0,
  gte: (order: number) => order >= 0,
  lt:  (order: number) => order < 0,
  lte: (order: number) => order <= 0,
} satisfies Record<string, (order: number) => boolean>

/** The test that a value is of the operand's kind and on one side of it. */
export function ordered(operator: "gt" | "gte" | "lt" | "lte", operand: Value): ValueTest {
  const accept = accepts[operator]
  const bracket = rankOf(operand)
  if (bracket === rank.number) {
    // SOURCE: as in MongoDB, NaN is on no side of a number, and equal to itself.
    if (isNaNValue(operand)) return operator === "gte" || operator === "lte" ? isNaNValue : () => false
    if (typeof operand === "number") {
      const plain = plainOrder(operator, operand)
      return (value) => (typeof value === "number" ? plain(value) : hasOrder(value) && accept(compareNumbers(value, operand)))
    }
    return (value) => hasOrder(value) && accept(compareNumbers(value, operand))
  }
  return (value) => rankOf(value) === bracket && accept(compareValues(value, operand))
}

function plainOrder(operator: "gt" | "gte" | "lt" | "lte", operand: number): (value: number) => boolean {
  switch (operator) {
    case "gt": return (value) => value > operand
    case "gte": return (value) => value >= operand
    case "lt": return (value) => value < operand
    case "lte": return (value) => value <= operand
  }
}

/** Whether a value is a number that has a place among numbers. */
function hasOrder(value: Value): boolean {
  return rankOf(value) === rank.number && !isNaNValue(value)
}

/** The test that a value equals one of many. */
export function oneOf(items: readonly Value[]): ValueTest {
  const same = new Set(items)
  const others = items.filter((item) => typeof item !== "string").map(equalTo)
  return (value) => same.has(value) || others.some((equals) => equals(value)) || (bsonTypeOf(value) === "BSONSymbol" && same.has((value as BSONSymbol).value))
}

const ofWhole = { opens: false, missing: false } as const
const ofItems = { opens: true, missing: false } as const

/** The tests that need no operand of their own. */
export function leafTest(leaf: Extract<Leaf, { kind: "exists" | "size" | "type" | "mod" }>): SubjectTest {
  switch (leaf.kind) {
    case "exists": return { holds: () => true, ...ofWhole }
    case "size": return { holds: (value) => Array.isArray(value) && value.length === leaf.size, ...ofWhole }
    case "type": return { holds: ofTypes(leaf.types), ...ofItems }
    case "mod": return { holds: (value) => hasRemainder(value, leaf.divisor, leaf.remainder), ...ofItems }
  }
}

function ofTypes(types: readonly (string | number)[]): ValueTest {
  const numbers = new Set(types.flatMap((type) => {
    const number = typeof type === "number" ? type : typeNames[type]
    return number === "number" ? [1, 16, 18, 19] : [number]
  }))
  return (value) => numbers.has(typeNumber(value))
}

function hasRemainder(value: Value, divisor: bigint, remainder: bigint): boolean {
  if (rankOf(value) !== rank.number) return false
  const whole = truncate(value)
  return whole !== undefined && whole % divisor === remainder
}

/** A number of any kind without its fraction; undefined for NaN, infinities, and what does not fit 64 bits. */
export function truncate(value: Value): bigint | undefined {
  const whole = wholeOf(value)
  return whole !== undefined && BigInt.asIntN(64, whole) === whole ? whole : undefined
}

function wholeOf(value: Value): bigint | undefined {
  const text = String(value)
  const kind = numberKind(value as number)
  if (kind === "long" || kind === "decimal") {
    const exact = fromDecimalText(text)
    return typeof exact === "number" ? undefined : (exact.digits * 10n ** BigInt(Math.max(exact.ten, 0))) / 10n ** BigInt(Math.max(-exact.ten, 0))
  }
  const number = Math.trunc(Number(text))
  return Number.isFinite(number) ? BigInt(number) : undefined
}

/** Whether a binary value is a UUID. */
export function isUuid(value: Value): value is Binary {
  return bsonTypeOf(value) === "Binary" && (value as Binary).sub_type === 4 && (value as Binary).position === 16
}
