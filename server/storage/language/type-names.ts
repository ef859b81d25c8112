// Names and numbers of BSON types, as `$type` and `$convert` take them.
import { bsonTypeOf, isInt, isNumeric, type Code, type Value } from "../../../kernel/index.ts"
import { badRequest } from "./errors.ts"

const codes: Record<string, number> = {
  double: 1, string: 2, object: 3, array: 4, binData: 5, undefined: 6, objectId: 7, bool: 8, date: 9, null: 10, regex: 11, dbPointer: 12,
  javascript: 13, symbol: 14, javascriptWithScope: 15, int: 16, timestamp: 17, long: 18, decimal: 19, minKey: -1, maxKey: 127,
}
const names = new Map(Object.entries(codes).map(([name, code]) => [code, name]))

const nameOfClass: Record<string, string> = {
  Binary: "binData", BSONRegExp: "regex", BSONSymbol: "symbol", DBRef: "dbPointer", Decimal128: "decimal", Double: "double", Int32: "int",
  Long: "long", MaxKey: "maxKey", MinKey: "minKey", ObjectId: "objectId", Timestamp: "timestamp",
}

/** The name `$type` gives a value; a value that is not there is not asked about. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case "string": return "string"
    case "number": return isInt(value) ? "int" : "double"
    case "boolean": return "bool"
    case "undefined": return "undefined"
  }
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  if (value instanceof Date) return "date"
  const name = bsonTypeOf(value)
  if (name === undefined) return "object"
  if (name === "Code") return (value as Code).scope === null || (value as Code).scope === undefined ? "javascript" : "javascriptWithScope"
  return nameOfClass[name] ?? "object"
}

/** The set of type names an operand of `$type` stands for. Throws `StoreError` for what names no type. */
export function wantedTypes(operand: Value): ReadonlySet<string> {
  const wanted = new Set<string>()
  const list = Array.isArray(operand) ? (operand as readonly Value[]) : [operand]
  if (list.length === 0) throw badRequest("Cannot use `$type`: it must name at least one type", 9)
  for (const item of list) for (const name of typeNames(item)) wanted.add(name)
  return wanted
}

function typeNames(item: Value): readonly string[] {
  if (typeof item === "string") {
    if (item === "number") return ["int", "long", "double", "decimal"]
    if (!Object.hasOwn(codes, item)) throw badRequest("Cannot use `$type`: unknown type name")
    return [item]
  }
  if (!isNumeric(item)) throw badRequest("Cannot use `$type`: a type is a name or a number", 14)
  const name = names.get(Number(String(item)))
  if (name === undefined) throw badRequest("Cannot use `$type`: unknown type number")
  return [name]
}
