// What the operators mean for one value. Everything else is built of these.
import {
  bsonTypeOf, compareNumbers, compareValues, equalValues, numberKind, rank, rankOf,
  type Binary, type BSONSymbol, type Double, type Long, type Value,
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
  const name = bsonTypeOf(value)
  if (name === undefined) return 3
  return name === "Code" && rankOf(value) === rank.codeWithScope ? 15 : (typeOfClass[name] ?? 3)
}

/** The test that a value equals another, by BSON type and value. */
export function equalTo(operand: Value): ValueTest {
  if (typeof operand === "string") return (value) => value === operand || (typeof value === "object" && value !== null && equalValues(value, operand))
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
  return typeof value === "number" ? Number.isNaN(value) : rankOf(value) === rank.number && compareNumbers(value, Number.NaN) === 0
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
      return (value) => (typeof value === "number" ? plain(value) : isWrappedNumber(value) && accept(compareNumbers(value, operand)))
    }
    return (value) => rankOf(value) === rank.number && !isNaNValue(value) && accept(compareNumbers(value, operand))
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

function isWrappedNumber(value: Value): boolean {
  return typeof value === "object" && rankOf(value) === rank.number && !isNaNValue(value)
}

/** The test that a value equals one of many. */
export function oneOf(items: readonly Value[]): ValueTest {
  const texts = new Set<Value>(items.filter((item) => typeof item === "string"))
  const others = items.filter((item) => typeof item !== "string").map(equalTo)
  if (others.length === 0) return (value) => texts.has(value) || (rankOf(value) === rank.string && typeof value !== "string" && texts.has((value as BSONSymbol).value))
  return (value) => texts.has(value) || others.some((equals) => equals(value)) || (rankOf(value) === rank.string && typeof value !== "string" && texts.has((value as BSONSymbol).value))
}

/** The tests that need no operand of their own. */
export function leafTest(leaf: Extract<Leaf, { kind: "exists" | "size" | "type" | "mod" }>): SubjectTest {
  switch (leaf.kind) {
    case "exists": return { holds: () => true, opens: false, missing: false }
    case "size": return { holds: (value) => Array.isArray(value) && value.length === leaf.size, opens: false, missing: false }
    case "type": return { holds: ofTypes(leaf.types), opens: true, missing: false }
    case "mod": return { holds: (value) => hasRemainder(value, leaf.divisor, leaf.remainder), opens: true, missing: false }
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
  const kind = numberKind(value as number)
  if (kind === "long") return (value as Long).toBigInt()
  const number = kind === "decimal" ? Number(String(value)) : typeof value === "number" ? value : (value as Double).value
  return Number.isFinite(number) && Math.abs(number) < 2 ** 63 ? BigInt(Math.trunc(number)) : undefined
}

/** Whether a binary value is a UUID. */
export function isUuid(value: Value): value is Binary {
  return bsonTypeOf(value) === "Binary" && (value as Binary).sub_type === 4 && (value as Binary).position === 16
}
