// Whether a value was changed: unchanged means identical BSON, not merely equal (specification 9.3).
import { bsonTypeOf, isDocument, writeBson, type Value } from "../../kernel/index.ts"

/** Whether two values are the same BSON: kind, content and the order of embedded fields. */
export function identical(left: Value, right: Value): boolean {
  if (Object.is(left, right)) return true
  if (Array.isArray(left)) return Array.isArray(right) && sameItems(left as readonly Value[], right as readonly Value[])
  if (left instanceof Date) return right instanceof Date && Object.is(left.getTime(), right.getTime())
  if (isDocument(left)) return isDocument(right) && sameFields(left, right)
  const [kind, other] = [bsonTypeOf(left), bsonTypeOf(right)]
  if (kind === "ObjectId" && other === "ObjectId") return String(left) === String(right)
  // Plain values are identical only to themselves, but a number may also stand as an object of its class.
  return (kind !== undefined || other !== undefined) && sameBytes(left, right)
}

function sameBytes(left: Value, right: Value): boolean {
  // The first bytes are the length.
  const bytes = writeBson({ v: right })
  return writeBson({ v: left }).every((byte, index) => byte === bytes[index])
}

function sameItems(left: readonly Value[], right: readonly Value[]): boolean {
  return left.length === right.length && left.every((item, index) => identical(item, right[index]))
}

function sameFields(left: { [field: string]: Value }, right: { [field: string]: Value }): boolean {
  const fields = Object.keys(left)
  const others = Object.keys(right)
  return fields.length === others.length && fields.every((field, index) => field === others[index] && identical(left[field], right[field]))
}
