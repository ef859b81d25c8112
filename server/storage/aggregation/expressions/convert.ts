// `$convert` and its short forms.
import { bsonSize, bsonTypeOf, Decimal128, isDocument, isNumeric, toDouble, type Binary, type Document, type ObjectId, type Timestamp, type Value } from "../../../../kernel/index.ts"
import { StoreError } from "../../../data/index.ts"
import { isTruth, kindOf, truncatedInteger, typeName, unsupported } from "../../language/index.ts"
import { compileExpression } from "../compile.ts"
import { constantValue, isNullish, type Evaluate } from "../evaluate.ts"
import { integer, toDecimal, toNumber } from "../numbers.ts"
import { namedFields, unaryOrNull, wrong, type Operator } from "../operands.ts"
import { binaryFormat, binarySubtype, binaryText, toBinary, uuidSubtype, type BinaryFormat } from "./convert-binary.ts"
import { parseDate } from "./date-reading.ts"
import { parseDecimal, parseDouble, parseInteger, parseObjectId } from "./number-reading.ts"
import { dateText, numberText, textOf } from "./text.ts"

/** The types there are conversions to. */
const targets = { double: 1, string: 2, binData: 5, objectId: 7, bool: 8, date: 9, int: 16, long: 18, decimal: 19 } as const
/** Types that are no target of a conversion here or, most of them, in MongoDB. */
const otherTypes = {
  object: 3, array: 4, undefined: 6, null: 10, regex: 11, dbPointer: 12, javascript: 13, symbol: 14, javascriptWithScope: 15, timestamp: 17, minKey: -1, maxKey: 127, missing: 0,
} as const
const codes: Readonly<Record<string, number>> = { ...targets, ...otherTypes }
type Target = keyof typeof targets | keyof typeof otherTypes

function conversionFailure(name: string, detail: string): Error {
  return wrong(name, detail, 241)
}

/** How binary data is written as text, and what subtype is made. */
interface BinaryOptions { readonly format?: BinaryFormat | undefined; readonly subtype?: number | undefined }

/** The value as another type. Throws `StoreError` 241 where there is no such conversion. */
function convertValue(value: Value, target: Target, name: string, { format, subtype = 0 }: BinaryOptions = {}): Value {
  switch (target) {
    case "bool": return convertToBool(value, name)
    case "string": return format !== undefined && bsonTypeOf(value) === "Binary" ? binaryText(value as Binary, format, name) : convertToString(value, name)
    case "binData": return toBinary(value, subtype, format, name)
    case "int": case "long": return convertToInteger(value, target, name)
    case "double": return convertToDouble(value, name)
    case "decimal": return convertToDecimal(value, name)
    case "date": return convertToDate(value, name)
    case "objectId": return convertToObjectId(value, name)
    // MongoDB 8 makes these two of some values; of which, depends on its version.
    case "array": case "object": throw textOf(value) !== undefined || typeName(value) === target ? unsupported(`Cannot evaluate \`${name}\`: conversions to ${target} are not supported`) : impossible(value, target, name)
    default: throw impossible(value, target, name)
  }
}

function impossible(value: Value, target: Target, name: string): Error {
  return conversionFailure(name, `there is no conversion from ${typeName(value)} to ${target}`)
}

function convertToBool(value: Value, name: string): Value {
  const type = typeName(value)
  if (["bool", "int", "long", "double", "decimal", "string", "objectId", "date", "array", "object", "timestamp", "binData", "javascript", "regex", "minKey", "maxKey", "symbol"].includes(type)) return isTruth(value)
  throw impossible(value, "bool", name)
}

function convertToString(value: Value, name: string): Value {
  const text = textOf(value)
  if (text !== undefined) return text
  if (isNumeric(value)) return numberText(value)
  if (typeof value === "boolean") return String(value)
  if (value instanceof Date) return dateText(value)
  if (bsonTypeOf(value) === "ObjectId") return (value as ObjectId).toHexString()
  if (bsonTypeOf(value) === "Binary" && (value as Binary).sub_type === 4) return (value as Binary).toUUID().toHexString()
  throw impossible(value, "string", name)
}

function convertToInteger(value: Value, target: "int" | "long", name: string): Value {
  if (typeof value === "boolean") return integerResult(value ? 1n : 0n, target, name)
  const text = textOf(value)
  if (text !== undefined) {
    const parsed = parseInteger(text)
    if (parsed === undefined) throw conversionFailure(name, "the text is no integer")
    return integerResult(parsed, target, name)
  }
  if (isNumeric(value)) {
    const whole = truncatedInteger(value)
    if (whole === undefined) throw conversionFailure(name, "NaN and infinity are no integers")
    return integerResult(whole, target, name)
  }
  if (value instanceof Date && target === "long") return integerResult(BigInt(value.getTime()), target, name)
  throw impossible(value, target, name)
}

function integerResult(value: bigint, target: "int" | "long", name: string): Value {
  if (BigInt.asIntN(target === "int" ? 32 : 64, value) !== value) throw conversionFailure(name, `the number is out of the range of ${target}`)
  return integer(value, target)
}

function convertToDouble(value: Value, name: string): Value {
  if (typeof value === "boolean") return toDouble(value ? 1 : 0)
  const text = textOf(value)
  if (text !== undefined) {
    const parsed = parseDouble(text)
    if (parsed === undefined) throw conversionFailure(name, "the text is no number")
    return toDouble(parsed)
  }
  if (value instanceof Date) return toDouble(value.getTime())
  if (!isNumeric(value)) throw impossible(value, "double", name)
  const number = toNumber(value)
  if (!Number.isFinite(number) && /\d/.test(String(value))) throw conversionFailure(name, "the number is out of the range of double")
  return toDouble(number)
}

function convertToDecimal(value: Value, name: string): Value {
  if (typeof value === "boolean") return Decimal128.fromString(value ? "1" : "0")
  const text = textOf(value)
  if (text !== undefined) {
    const parsed = parseDecimal(text)
    if (parsed === undefined) throw conversionFailure(name, "the text is no number")
    return parsed
  }
  if (value instanceof Date) return Decimal128.fromString(String(value.getTime()))
  if (!isNumeric(value)) throw impossible(value, "decimal", name)
  return toDecimal(value)
}

function convertToDate(value: Value, name: string): Value {
  if (value instanceof Date) return value
  const text = textOf(value)
  if (text !== undefined) return parseDate(text, undefined, undefined, name)
  if (bsonTypeOf(value) === "ObjectId") return (value as ObjectId).getTimestamp()
  if (bsonTypeOf(value) === "Timestamp") return new Date((value as Timestamp).t * 1000)
  // SOURCE: manual, "$toDate": of numbers, an int is no date.
  if (!isNumeric(value) || kindOf(value) === "int") throw impossible(value, "date", name)
  const milliseconds = truncatedInteger(value)
  const date = new Date(Number(milliseconds ?? Number.NaN))
  if (Number.isNaN(date.getTime())) throw conversionFailure(name, "the number is out of the range of dates")
  return date
}

function convertToObjectId(value: Value, name: string): Value {
  if (bsonTypeOf(value) === "ObjectId") return value
  const text = textOf(value)
  if (text === undefined) throw impossible(value, "objectId", name)
  const parsed = parseObjectId(text)
  if (parsed === undefined) throw conversionFailure(name, "the text is no hexadecimal number of 24 digits")
  return parsed
}

function targetOf(value: Value, name: string): Target {
  if (typeof value === "string") {
    if (!Object.hasOwn(codes, value)) throw wrong(name, "`to` names no type", 2)
    return value as Target
  }
  if (!isNumeric(value)) throw wrong(name, "`to` is neither name nor number of a type", 9)
  const code = toNumber(value)
  if (!Number.isInteger(code)) throw wrong(name, "`to` is no integer", 9)
  const target = Object.keys(codes).find((type) => codes[type] === code)
  if (target === undefined) throw wrong(name, "`to` is the number of no type", 9)
  return target as Target
}

const convert: Operator = (operand, scope, name) => {
  const fields = namedFields(operand, name, ["input", "to"], ["onError", "onNull", "format", "base", "byteOrder"])
  for (const field of ["base", "byteOrder"]) if (Object.hasOwn(fields, field)) throw unsupported(`Cannot evaluate \`$convert\`: \`${field}\` is not supported`)
  const wish: Document = isDocument(fields["to"]) && Object.hasOwn(fields["to"], "type") ? namedFields(fields["to"], name, ["type"], ["subtype"]) : { type: fields["to"] }
  const part = (of: Document, field: string): Evaluate | undefined => (Object.hasOwn(of, field) ? compileExpression(of[field], scope) : undefined)
  const input = compileExpression(fields["input"], scope)
  const to = compileExpression(wish["type"], scope)
  const [subtypeOf, formatOf, onError, onNull] = [part(wish, "subtype"), part(fields, "format"), part(fields, "onError"), part(fields, "onNull")]
  const known = constantValue(to)
  const fixed = known === undefined || isNullish(known.value) ? undefined : targetOf(known.value, name)
  return (root) => {
    const value = input(root)
    const wanted = fixed ?? to(root)
    if (isNullish(value)) return onNull === undefined ? null : onNull(root)
    if (isNullish(wanted)) return null
    const target = fixed ?? targetOf(wanted, name)
    const [format, subtype] = [formatOf?.(root), subtypeOf?.(root)]
    if ((formatOf !== undefined && isNullish(format)) || (subtypeOf !== undefined && isNullish(subtype))) return null
    const options = { format: format === undefined ? undefined : binaryFormat(format, name), subtype: subtype === undefined ? undefined : binarySubtype(subtype, name) }
    try {
      return convertValue(value, target, name, options)
    } catch (error) {
      if (onError === undefined || !(error instanceof StoreError) || error.serverCode !== 241) throw error
      return onError(root)
    }
  }
}

function shortForm(target: Target): Operator {
  return unaryOrNull((value, { name }) => convertValue(value, target, name))
}

export const conversionOperators: Readonly<Record<string, Operator>> = {
  $convert:    convert,
  $toBool:     shortForm("bool"),
  $toString:   shortForm("string"),
  $toInt:      shortForm("int"),
  $toLong:     shortForm("long"),
  $toDouble:   shortForm("double"),
  $toDecimal:  shortForm("decimal"),
  $toDate:     shortForm("date"),
  $toObjectId: shortForm("objectId"),
  $toUUID:     unaryOrNull((value, { name }) => toBinary(value, uuidSubtype, "uuid", name)),
  $bsonSize: unaryOrNull((value, { name }) => {
    if (!isDocument(value)) throw wrong(name, "the argument is no document", 31393)
    return bsonSize(value)
  }),
}
