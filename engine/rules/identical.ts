// Whether a value was changed: unchanged means identical BSON, not merely equal (specification 9.3).
import { bsonTypeOf, isDocument, isInt, writeBson, type Value } from "../../kernel/index.ts"

/** Whether two values are the same BSON: kind, content and the order of embedded fields. */
export function identical(left: Value, right: Value): boolean {
  if (typeof left === "number" && typeof right === "number") return Object.is(left, right)
  if (left === right) return true
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return sameNumber(left, right)
  if (Array.isArray(left)) return Array.isArray(right) && sameItems(left as readonly Value[], right as readonly Value[])
  if (left instanceof Date) return right instanceof Date && Object.is(left.getTime(), right.getTime())
  if (isDocument(left)) return isDocument(right) && sameFields(left, right)
  const kind = bsonTypeOf(left)
  if (Array.isArray(right) || right instanceof Date || isDocument(right)) return false
  if (kind === "ObjectId" && bsonTypeOf(right) === "ObjectId") return String(left) === String(right)
  return sameNumber(left, right)
}

/** For objects of BSON classes, and for `Int32` and `Double` objects against plain numbers: their bytes decide. */
function sameNumber(left: Value, right: Value): boolean {
  if (!mayBeStored(left) || !mayBeStored(right)) return false
  const a = writeBson({ v: left })
  const b = writeBson({ v: right })
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

/** Strings, booleans, null and missing are identical only to themselves, which was asked before. */
function mayBeStored(value: Value): boolean {
  return typeof value === "object" ? value !== null : typeof value === "number" && (isInt(value) || !Number.isNaN(value))
}

function sameItems(left: readonly Value[], right: readonly Value[]): boolean {
  return left.length === right.length && left.every((item, index) => identical(item, right[index]))
}

function sameFields(left: { [field: string]: Value }, right: { [field: string]: Value }): boolean {
  const fields = Object.keys(left)
  const others = Object.keys(right)
  return fields.length === others.length && fields.every((field, index) => field === others[index] && identical(left[field], right[field]))
}
