// `$jsonSchema`: draft 4 as MongoDB has it, with `bsonType`. What a schema may not say is refused before any document is seen.
import { compareNumbers, compareValues, equalValues, isDocument, isNumeric, setField, type Document, type Value } from "../../../kernel/index.ts"
import { decimalParts } from "./arithmetic.ts"
import { badRequest, serverCode, unsupported } from "./errors.ts"
import { exactInteger } from "./integers.ts"
import { compileRegex } from "./regex.ts"
import { typeName, wantedTypes } from "./type-names.ts"

type Check = (value: Value) => boolean

/** Reads one keyword; `beside` is the schema it stands in. */
type Read = (operand: Value, keyword: string, beside: Document, depth: number) => Check

// SECURITY: a schema comes from a client; nesting beyond this is refused before it can exhaust the stack.
const maxDepth = 100

function wrongSchema(detail: string, code: number = serverCode.failedToParse): Error {
  return badRequest(`Cannot use \`$jsonSchema\`: ${detail}`, code)
}

/** Compiles a schema into a test of documents. Throws `StoreError` for what MongoDB refuses, and "unsupported" for `encrypt`. */
export function compileJsonSchema(schema: Document): (document: Document) => boolean {
  return readSchema(schema, 0)
}

function readSchema(schema: Value, depth: number): Check {
  if (!isDocument(schema)) throw wrongSchema("a schema is no document", serverCode.typeMismatch)
  if (depth > maxDepth) throw wrongSchema("it is nested too deep", 15)
  if (Object.hasOwn(schema, "type") && Object.hasOwn(schema, "bsonType")) throw wrongSchema("`type` and `bsonType` stand side by side")
  const checks = Object.keys(schema).map((keyword) => {
    const read = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined
    if (keyword === "encrypt" || keyword === "encryptMetadata") throw unsupported("Cannot use `$jsonSchema`: encryption is not supported")
    if (read === undefined) throw wrongSchema("a keyword is unknown")
    return read(schema[keyword], keyword, schema, depth + 1)
  })
  return (value) => checks.every((check) => check(value))
}

const passes: Check = () => true

const text: Read = (operand, keyword) => {
  if (typeof operand !== "string") throw wrongSchema(`\`${keyword}\` is no string`, serverCode.typeMismatch)
  return passes
}

const jsonTypes: Readonly<Record<string, string>> = { array: "array", boolean: "bool", null: "null", number: "number", object: "object", string: "string" }

const types: Read = (operand, keyword) => {
  const list: readonly Value[] = Array.isArray(operand) ? (operand as readonly Value[]) : [operand]
  if (list.some((item) => typeof item !== "string")) throw wrongSchema(`\`${keyword}\` is no name of a type`, serverCode.typeMismatch)
  if (new Set(list).size < list.length) throw wrongSchema(`\`${keyword}\` names a type twice`)
  if (keyword === "type" && list.some((item) => !Object.hasOwn(jsonTypes, item as string))) throw wrongSchema("`type` names no type of JSON", list.includes("integer") ? serverCode.failedToParse : serverCode.badValue)
  const wanted = wantedTypes(keyword === "type" ? list.map((item) => jsonTypes[item as string] as string) : list)
  return (value) => wanted.has(typeName(value))
}

const enumeration: Read = (operand) => {
  const values = nonEmptyList(operand, "enum").map(withSortedFields)
  if (hasTwins(values)) throw wrongSchema("`enum` holds a value twice")
  return (value) => {
    const sorted = withSortedFields(value)
    return values.some((each) => equalValues(each, sorted))
  }
}

function nonEmptyList(operand: Value, keyword: string): readonly Value[] {
  if (!Array.isArray(operand)) throw wrongSchema(`\`${keyword}\` is no list`, serverCode.typeMismatch)
  if (operand.length === 0) throw wrongSchema(`\`${keyword}\` is empty`)
  return operand as readonly Value[]
}

/** The value with the fields of every document in one order: schemas do not look at it. */
function withSortedFields(value: Value): Value {
  if (Array.isArray(value)) return (value as readonly Value[]).map(withSortedFields)
  if (!isDocument(value)) return value
  const sorted: Document = {}
  for (const field of Object.keys(value).toSorted()) setField(sorted, field, withSortedFields(value[field]))
  return sorted
}

function hasTwins(values: readonly Value[]): boolean {
  const sorted = values.toSorted(compareValues)
  return sorted.some((value, index) => index > 0 && equalValues(value, sorted[index - 1]))
}

function number(operand: Value, keyword: string): Value {
  if (!isNumeric(operand)) throw wrongSchema(`\`${keyword}\` is no number`, serverCode.typeMismatch)
  return operand
}

const bound = (sign: 1 | -1, exclusive: string): Read => (operand, keyword, beside) => {
  const limit = number(operand, keyword)
  const isOpen = beside[exclusive] === true
  return (value) => {
    if (!isNumeric(value)) return true
    const order = compareNumbers(value, limit) * sign
    return isOpen ? order > 0 : order >= 0
  }
}

const exclusive = (partner: string): Read => (operand, keyword, beside) => {
  if (typeof operand !== "boolean") throw wrongSchema(`\`${keyword}\` is no boolean`, serverCode.typeMismatch)
  if (!Object.hasOwn(beside, partner)) throw wrongSchema(`\`${keyword}\` needs \`${partner}\``)
  return passes
}

const multipleOf: Read = (operand, keyword) => {
  const step = decimalParts(number(operand, keyword))
  if (typeof step === "number" || step.digits <= 0n) throw wrongSchema("`multipleOf` is not positive")
  return (value) => {
    if (!isNumeric(value)) return true
    const parts = decimalParts(value)
    if (typeof parts === "number") return false
    const ten = Math.min(parts.ten, step.ten)
    return (parts.digits * 10n ** BigInt(parts.ten - ten)) % (step.digits * 10n ** BigInt(step.ten - ten)) === 0n
  }
}

/** A least or a greatest count of what `sizeOf` counts; undefined: there is nothing to count. */
const count = (sign: 1 | -1, sizeOf: (value: Value) => number | undefined): Read => (operand, keyword) => {
  const limit = exactInteger(operand)
  if (limit === undefined) throw wrongSchema(`\`${keyword}\` is no integer`, isNumeric(operand) ? serverCode.failedToParse : serverCode.typeMismatch)
  if (limit < 0n) throw wrongSchema(`\`${keyword}\` is negative`)
  return (value) => {
    const size = sizeOf(value)
    return size === undefined || (size - Number(limit)) * sign >= 0
  }
}

const lengthOf = (value: Value): number | undefined => (typeof value === "string" ? Array.from(value).length : undefined)
const itemsOf = (value: Value): number | undefined => (Array.isArray(value) ? value.length : undefined)
const fieldsOf = (value: Value): number | undefined => (isDocument(value) ? Object.keys(value).length : undefined)

const pattern: Read = (operand, keyword) => {
  if (typeof operand !== "string") throw wrongSchema(`\`${keyword}\` is no string`, serverCode.typeMismatch)
  const matches = compileRegex(operand, "")
  return (value) => typeof value !== "string" || matches(value)
}

const uniqueItems: Read = (operand, keyword) => {
  if (typeof operand !== "boolean") throw wrongSchema(`\`${keyword}\` is no boolean`, serverCode.typeMismatch)
  return operand ? (value) => !Array.isArray(value) || !hasTwins((value as readonly Value[]).map(withSortedFields)) : passes
}

const items: Read = (operand, _keyword, beside, depth) => {
  if (!Array.isArray(operand)) {
    const check = readSchema(operand, depth)
    return (value) => !Array.isArray(value) || (value as readonly Value[]).every(check)
  }
  const checks = (operand as readonly Value[]).map((schema) => readSchema(schema, depth))
  const rest = schemaOrBoolean(beside["additionalItems"], "additionalItems", depth)
  return (value) => !Array.isArray(value) || (value as readonly Value[]).every((item, index) => (checks[index] ?? rest)(item))
}

function schemaOrBoolean(operand: Value, keyword: string, depth: number): Check {
  if (operand === undefined || operand === true) return passes
  if (operand === false) return () => false
  if (!isDocument(operand)) throw wrongSchema(`\`${keyword}\` is neither boolean nor schema`, serverCode.typeMismatch)
  return readSchema(operand, depth)
}

/** The schemas of a document of schemas, by name. */
function namedSchemas(operand: Value, keyword: string, depth: number): [string, Check][] {
  if (!isDocument(operand)) throw wrongSchema(`\`${keyword}\` is no document`, serverCode.typeMismatch)
  return Object.keys(operand).map((name) => [name, readSchema(operand[name], depth)])
}

const properties: Read = (operand, keyword, _beside, depth) => {
  const schemas = namedSchemas(operand, keyword, depth)
  return (value) => !isDocument(value) || schemas.every(([name, check]) => !Object.hasOwn(value, name) || check(value[name]))
}

const patternProperties: Read = (operand, keyword, _beside, depth) => {
  const schemas = namedSchemas(operand, keyword, depth).map(([name, check]) => ({ matches: compileRegex(name, ""), check }))
  return (value) => !isDocument(value) || Object.keys(value).every((name) => schemas.every(({ matches, check }) => !matches(name) || check(value[name])))
}

const additionalProperties: Read = (operand, keyword, beside, depth) => {
  const check = schemaOrBoolean(operand, keyword, depth)
  const named = new Set(isDocument(beside["properties"]) ? Object.keys(beside["properties"]) : [])
  const patterns = isDocument(beside["patternProperties"]) ? Object.keys(beside["patternProperties"]).map((name) => compileRegex(name, "")) : []
  return (value) => !isDocument(value) || Object.keys(value).every((name) => named.has(name) || patterns.some((matches) => matches(name)) || check(value[name]))
}

function names(operand: Value, keyword: string): readonly string[] {
  const list = nonEmptyList(operand, keyword)
  if (list.some((item) => typeof item !== "string")) throw wrongSchema(`\`${keyword}\` holds something that is no name`, serverCode.typeMismatch)
  if (new Set(list).size < list.length) throw wrongSchema(`\`${keyword}\` holds a name twice`)
  return list as readonly string[]
}

function hasAll(wanted: readonly string[]): Check {
  return (value) => !isDocument(value) || wanted.every((name) => Object.hasOwn(value, name))
}

const dependencies: Read = (operand, keyword, _beside, depth) => {
  if (!isDocument(operand)) throw wrongSchema("`dependencies` is no document", serverCode.typeMismatch)
  const each = Object.keys(operand).map((name) => ({ name, check: Array.isArray(operand[name]) ? hasAll(names(operand[name], keyword)) : readSchema(operand[name], depth) }))
  return (value) => !isDocument(value) || each.every(({ name, check }) => !Object.hasOwn(value, name) || check(value))
}

const combined = (holds: (passed: number, of: number) => boolean): Read => (operand, keyword, _beside, depth) => {
  const checks = nonEmptyList(operand, keyword).map((schema) => readSchema(schema, depth))
  return (value) => holds(checks.filter((check) => check(value)).length, checks.length)
}

const keywords: Readonly<Record<string, Read>> = {
  title: text, description: text, type: types, bsonType: types, enum: enumeration,
  minimum: bound(1, "exclusiveMinimum"), maximum: bound(-1, "exclusiveMaximum"), exclusiveMinimum: exclusive("minimum"), exclusiveMaximum: exclusive("maximum"), multipleOf,
  minLength: count(1, lengthOf), maxLength: count(-1, lengthOf), pattern,
  minItems: count(1, itemsOf), maxItems: count(-1, itemsOf), uniqueItems, items,
  additionalItems: (operand, keyword, _beside, depth) => (schemaOrBoolean(operand, keyword, depth), passes),
  minProperties: count(1, fieldsOf), maxProperties: count(-1, fieldsOf), required: (operand, keyword) => hasAll(names(operand, keyword)),
  properties, patternProperties, additionalProperties, dependencies,
  allOf: combined((passed, of) => passed === of), anyOf: combined((passed) => passed > 0), oneOf: combined((passed) => passed === 1),
  not: (operand, _keyword, _beside, depth) => {
    const check = readSchema(operand, depth)
    return (value) => !check(value)
  },
}
