// The one order of BSON values: what sorts, range operators, equality and indexes all go by.
// SOURCE: MongoDB manual, "Comparison/Sort Order"; numbers of all kinds compare by exact value, NaN equals NaN and is least.
import {
  bsonTypeOf, isInt, isDocument, type Binary, type BSONRegExp, type BSONSymbol, type Code, type Decimal128, type Document, type Double, type Int32, type Long,
  type ObjectId, type Timestamp, type Value,
} from "./bson.ts"
import { compareNumbers } from "./numbers.ts"

/** Ranks of the bracket a type belongs to; values of different brackets compare by rank alone. */
export const rank = {
  minKey: -1, missing: 0, null: 5, number: 10, string: 15, document: 20, array: 25, binary: 30, objectId: 35,
  boolean: 40, date: 45, timestamp: 47, regex: 50, dbPointer: 55, code: 60, codeWithScope: 65, maxKey: 127,
} as const

const rankOfClass: Record<string, number> = {
  Binary: rank.binary, BSONRegExp: rank.regex, BSONSymbol: rank.string, DBRef: rank.dbPointer, Decimal128: rank.number, Double: rank.number,
  Int32: rank.number, Long: rank.number, MaxKey: rank.maxKey, MinKey: rank.minKey, ObjectId: rank.objectId, Timestamp: rank.timestamp,
}

/** The bracket of a value; `undefined` (missing, or the deprecated BSON type) comes before null. */
export function rankOf(value: Value): number {
  switch (typeof value) {
    case "string": return rank.string
    case "number": return rank.number
    case "boolean": return rank.boolean
    case "undefined": return rank.missing
  }
  if (value === null) return rank.null
  if (Array.isArray(value)) return rank.array
  if (value instanceof Date) return rank.date
  const name = bsonTypeOf(value)
  if (name === undefined) return rank.document
  if (name === "Code") return (value as Code).scope === null || (value as Code).scope === undefined ? rank.code : rank.codeWithScope
  return rankOfClass[name] ?? rank.document
}

/** Compares two values: negative, zero or positive. Total, transitive, and zero exactly for values MongoDB calls equal. */
export function compareValues(left: Value, right: Value): number {
  if (typeof left === "number" && typeof right === "number") return left < right ? -1 : left > right ? 1 : left === right ? 0 : compareNumbers(left, right)
  if (typeof left === "string" && typeof right === "string") return compareStrings(left, right)
  const leftRank = rankOf(left)
  const rightRank = rankOf(right)
  return leftRank === rightRank ? compareWithin(leftRank, left, right) : leftRank - rightRank
}

/** Whether two values are equal to MongoDB: same bracket and same content; documents also in the order of their fields. */
export function equalValues(left: Value, right: Value): boolean {
  if (left === right) return true
  if (typeof left === "string" && typeof right === "string") return false
  return compareValues(left, right) === 0
}

function compareWithin(bracket: number, left: Value, right: Value): number {
  switch (bracket) {
    case rank.number: return compareNumbers(left as number, right as number)
    case rank.string: return compareStrings(textOf(left), textOf(right))
    case rank.document: return compareDocuments(left as Document, right as Document)
    case rank.array: return compareLists(left as Value[], right as Value[])
    case rank.binary: return compareBinaries(left as Binary, right as Binary)
    case rank.objectId: return compareBytes((left as ObjectId).id, (right as ObjectId).id)
    case rank.boolean: return Number(left) - Number(right)
    case rank.date: return Math.sign((left as Date).getTime() - (right as Date).getTime())
    case rank.timestamp: return (left as Timestamp as unknown as Long).compare(right as Timestamp as unknown as Long)
    case rank.regex: return compareStrings((left as BSONRegExp).pattern, (right as BSONRegExp).pattern) || compareStrings((left as BSONRegExp).options, (right as BSONRegExp).options)
    case rank.code: return compareStrings(codeText(left), codeText(right))
    case rank.codeWithScope: return compareStrings(codeText(left), codeText(right)) || compareDocuments((left as Code).scope as Document, (right as Code).scope as Document)
    case rank.dbPointer: return compareStrings(JSON.stringify(left), JSON.stringify(right))
    default: return 0
  }
}

/** Compares strings by the bytes of their UTF-8: like code units, except that surrogates come after U+E000 to U+FFFF. */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a === b) continue
    const aIsSurrogate = (a & 0xf800) === 0xd800
    const bIsSurrogate = (b & 0xf800) === 0xd800
    return aIsSurrogate === bIsSurrogate ? a - b : aIsSurrogate ? (b >= 0xe000 ? 1 : a - b) : a >= 0xe000 ? -1 : a - b
  }
  return left.length - right.length
}

function compareDocuments(left: Document, right: Document): number {
  const leftFields = Object.keys(left)
  const rightFields = Object.keys(right)
  const length = Math.min(leftFields.length, rightFields.length)
  for (let index = 0; index < length; index++) {
    const leftField = leftFields[index] as string
    const rightField = rightFields[index] as string
    const a = left[leftField]
    const b = right[rightField]
    const order = rankOf(a) - rankOf(b) || compareStrings(leftField, rightField) || compareValues(a, b)
    if (order !== 0) return order
  }
  return leftFields.length - rightFields.length
}

function compareLists(left: readonly Value[], right: readonly Value[]): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const order = compareValues(left[index], right[index])
    if (order !== 0) return order
  }
  return left.length - right.length
}

function compareBinaries(left: Binary, right: Binary): number {
  return left.position - right.position || left.sub_type - right.sub_type || compareBytes(left.buffer.subarray(0, left.position), right.buffer.subarray(0, right.position))
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  for (let index = 0; index < left.length && index < right.length; index++) {
    const difference = (left[index] as number) - (right[index] as number)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

function textOf(value: Value): string {
  return typeof value === "string" ? value : (value as BSONSymbol).value
}

function codeText(value: Value): string {
  const code: unknown = (value as Code).code
  return typeof code === "string" ? code : String(code)
}

/** Whether two numbers of any kind have the same kind too: int 1 and double 1.0 are equal values of different kinds. */
export function numberKind(value: number | Decimal128 | Long): "int" | "double" | "long" | "decimal" {
  if (typeof value === "number") return isInt(value) ? "int" : "double"
  const name = bsonTypeOf(value)
  return name === "Long" ? "long" : name === "Decimal128" ? "decimal" : name === "Int32" ? "int" : "double"
}

/** Whether a value is a number of any BSON kind. */
export function isNumeric(value: Value): value is number | Double | Int32 | Long | Decimal128 {
  return typeof value === "number" || (typeof value === "object" && value !== null && rankOf(value) === rank.number)
}

/** Whether two values are the same in BSON: equal, and of the same type and kind of number all the way down. */
export function identicalValues(left: Value, right: Value): boolean {
  if (typeof left !== "object" || typeof right !== "object") return left === right ? left !== 0 || Object.is(left, right) : Object.is(left, right)
  if (left === right) return true
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item: Value, index) => identicalValues(item, right[index]))
  }
  if (isDocument(left) && isDocument(right)) {
    const fields = Object.keys(left)
    const others = Object.keys(right)
    return fields.length === others.length && fields.every((field, index) => field === others[index] && identicalValues(left[field], right[field]))
  }
  const name = bsonTypeOf(left)
  if (name !== bsonTypeOf(right) || !equalValues(left, right)) return false
  if (name === "Decimal128") return String(left) === String(right)
  if (name === "Double") return Object.is((left as Double).value, (right as Double).value)
  return true
}
