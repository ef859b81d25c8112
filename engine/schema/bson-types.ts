// The types a schema may name. SOURCE: specification 13; `number`, and lists of types, are ours.
import { bsonTypeOf, isDocument, numberKind, rank, rankOf, type Binary, type Value } from "../../kernel/index.ts"

type Is = (value: Value) => boolean

function numberOf(...kinds: readonly string[]): Is {
  return (value) => rankOf(value) === rank.number && kinds.includes(numberKind(value as number))
}

function ofClass(name: string): Is {
  return (value) => bsonTypeOf(value) === name
}

/** Whether a value is stored as null: undefined is too. */
export function isNull(value: Value): boolean {
  return value === null || value === undefined
}

const bsonTypes: Record<string, Is> = {
  array:     Array.isArray,
  binData:   ofClass("Binary"),
  bool:      (value) => typeof value === "boolean",
  date:      (value) => value instanceof Date,
  decimal:   numberOf("decimal"),
  double:    numberOf("double"),
  int:       numberOf("int"),
  long:      numberOf("int", "long"),
  mixed:     () => true,
  null:      isNull,
  number:    numberOf("int", "long", "double", "decimal"),
  object:    isDocument,
  objectId:  ofClass("ObjectId"),
  regex:     ofClass("BSONRegExp"),
  string:    (value) => typeof value === "string",
  timestamp: ofClass("Timestamp"),
  uuid:      (value) => bsonTypeOf(value) === "Binary" && (value as Binary).sub_type === 4,
}

/** Names that real schemas hold although no page lists them, read as what they must have meant. */
const synonyms: Record<string, string> = { boolean: "bool", float: "double" }

const jsonTypes: Record<string, string> = { array: "array", boolean: "bool", null: "null", number: "number", object: "object", string: "string" }

/** The test for a name under `bsonType` or `type`, or undefined for an unknown one; `meant` tells of a synonym. */
export function typeTest(keyword: "bsonType" | "type", name: unknown): { readonly is: Is; readonly meant?: string } | undefined {
  if (typeof name !== "string") return undefined
  const table = keyword === "type" ? jsonTypes : bsonTypes
  if (Object.hasOwn(table, name)) return { is: bsonTypes[keyword === "type" ? (jsonTypes[name] as string) : name] as Is }
  if (keyword === "type" || !Object.hasOwn(synonyms, name)) return undefined
  const meant = synonyms[name] as string
  return { is: bsonTypes[meant] as Is, meant }
}

/** Names a keyword knows, for suggestions. */
export function typeNamesOf(keyword: "bsonType" | "type"): string[] {
  return Object.keys(keyword === "type" ? jsonTypes : bsonTypes)
}
