// Values as text that is the same exactly for values MongoDB calls equal: for groups, sets and joins.
import { bsonTypeOf, compareNumbers, isDocument, isNumeric, type Binary, type BSONRegExp, type Code, type ObjectId, type Value } from "../../../kernel/index.ts"
import { decimalParts, kindOf } from "../language/index.ts"

/** The key of a value. Of equal numbers of different kinds it is the same. */
export function valueKey(value: Value): string {
  switch (typeof value) {
    case "string": return `s${value.length}:${value}`
    case "number": return numberKey(value)
    case "boolean": return value ? "t" : "f"
    case "undefined": return "u"
  }
  if (value === null) return "n"
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(valueKey).join(",")}]`
  if (value instanceof Date) return `D${value.getTime()}`
  if (isDocument(value)) return `{${Object.keys(value).map((field) => `${field.length}:${field}=${valueKey(value[field])}`).join(",")}}`
  if (isNumeric(value)) return exactKey(value)
  return objectKey(value)
}

function numberKey(value: number): string {
  if (value === 0) return "d0"
  return Number.isInteger(value) && Math.abs(value) >= 2 ** 53 ? `d${BigInt(value)}` : `d${value}`
}

function exactKey(value: Value): string {
  const kind = kindOf(value)
  if (kind === "double" || kind === "int") return numberKey(Number(String(value)))
  if (kind === "long") return `d${String(value)}`
  const parts = decimalParts(value)
  if (typeof parts === "number") return numberKey(parts)
  const near = Number(String(value))
  if (Number.isFinite(near) && compareNumbers(near, value) === 0) return numberKey(near)
  let { digits, ten } = parts
  while (digits % 10n === 0n) {
    digits /= 10n
    ten += 1
  }
  return ten >= 0 && ten < 40 ? `d${digits * 10n ** BigInt(ten)}` : `d${digits}e${ten}`
}

function objectKey(value: Value): string {
  const name = bsonTypeOf(value)
  switch (name) {
    case "ObjectId": return `o${(value as ObjectId).toHexString()}`
    case "BSONSymbol": return valueKey(String(value))
    case "Binary": {
      const { buffer, position, sub_type: kind } = value as Binary
      return `b${kind}:${Buffer.from(buffer.buffer, buffer.byteOffset, position).toString("base64")}`
    }
    case "BSONRegExp": return `r${(value as BSONRegExp).pattern.length}:${(value as BSONRegExp).pattern}/${(value as BSONRegExp).options}`
    case "Code": return `c${String((value as Code).code)}${valueKey((value as Code).scope as Value)}`
    default: return `${name}:${String((value as { toString(): string }).toString())}`
  }
}
