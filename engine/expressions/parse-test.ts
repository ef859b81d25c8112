// Operators below a key that are no logical operators: comparisons, lists, existence, and the rest of the table.
import { fromEjson, rank, rankOf, type Value } from "../../kernel/index.ts"
import { isLogical, isValueOperator, looksLikeOperator, operatorOf } from "./names.ts"
import { misspelt, readOperand, readValueOperator } from "./parse-operand.ts"
import { never, readCondition, readExpression } from "./parse.ts"
import { below, describe, isRecord, report, type Place } from "./reader.ts"
import { compileMongoRegex } from "./regex.ts"
import { truncate, typeNames } from "./tests.ts"
import { nowhere, type Expression, type Operand, type Reference } from "./tree.ts"

/** Reads one operator of the object `raw` that stands below a key. */
export function readOperatorTest(key: string, raw: Record<string, unknown>, subject: Reference, place: Place): Expression {
  const operator = operatorOf(key)
  const value: unknown = raw[key]
  const { pointer } = place
  if (isValueOperator(operator)) return test("eq", readValueOperator(key, value, place))
  switch (operator) {
    case "eq": return test("eq", readOperand(value, place))
    case "ne": return not(test("eq", readOperand(value, place)))
    case "gt": case "gte": case "lt": case "lte": return test(operator, readOperand(value, place))
    case "in": return readList(place, value, (operand) => test("in", operand))
    case "nin": return readList(place, value, (operand) => not(test("in", operand)))
    case "all": return readList(place, value, (operand) => test("all", operand))
    case "exists": return readExists(subject, value, place)
    case "elemMatch": return readElemMatch(subject, value, place)
    case "size": return readSize(subject, value, place)
    case "type": return readType(subject, value, place)
    case "mod": return readMod(subject, value, place)
    case "regex": return readRegex(subject, raw, value, place)
    case "options": return fail(place, "`$options` stands without `$regex`")
    default: return fail(place, misspelt(key), "unknown-operator")
  }

  function test(name: "eq" | "gt" | "gte" | "lt" | "lte" | "in" | "all", operand: Operand): Expression {
    return operand.kind === "undetermined" ? never(place) : { kind: "test", operator: name, subject, operand, pointer }
  }
}

function fail(place: Place, detail: string, code: "wrong-operand" | "unknown-operator" = "wrong-operand"): Expression {
  report(place, code, detail)
  return never(place)
}

function not(of: Expression): Expression {
  return { kind: "not", of }
}

function readList(place: Place, raw: unknown, make: (operand: Operand) => Expression): Expression {
  const operand = readOperand(raw, place)
  const wrong = (operand.kind === "literal" && !Array.isArray(operand.value)) || operand.kind === "conversion" || operand.kind === "document"
  if (wrong) return fail(place, `a list is needed, not ${describe(raw)}`)
  return make(operand)
}

function readExists(subject: Reference, raw: unknown, place: Place): Expression {
  const wanted = raw === "%%true" ? true : raw === "%%false" ? false : raw
  if (typeof wanted !== "boolean") return fail(place, `\`$exists\` takes true or false, not ${describe(raw)}`)
  const exists: Expression = { kind: "exists", subject, pointer: place.pointer }
  return wanted ? exists : not(exists)
}

function readElemMatch(subject: Reference, raw: unknown, place: Place): Expression {
  if (!isRecord(raw)) return fail(place, `\`$elemMatch\` takes an object, not ${describe(raw)}`)
  const keys = Object.keys(raw)
  const conditions = keys.every(looksLikeOperator) && !keys.every((key) => isLogical(operatorOf(key)) && operatorOf(key) !== "not")
  const inner: Place = { ...place, bare: "item", level: place.level + 1 }
  const of = conditions ? readCondition(raw, nowhere, inner) : readExpression(raw, inner)
  return { kind: "elemMatch", subject, of, documents: !conditions, pointer: place.pointer }
}

/** A JSON number or a wrapped one as a BSON number; undefined for anything else. */
function readNumber(raw: unknown): Value | undefined {
  try {
    const value = fromEjson(raw)
    return rankOf(value) === rank.number ? value : undefined
  } catch {
    return undefined
  }
}

function readSize(subject: Reference, raw: unknown, place: Place): Expression {
  const size = Number(String(readNumber(raw)))
  if (!Number.isSafeInteger(size) || size < 0) return fail(place, "`$size` takes a whole number from 0")
  return { kind: "size", subject, size, pointer: place.pointer }
}

function readType(subject: Reference, raw: unknown, place: Place): Expression {
  const list: unknown[] = Array.isArray(raw) ? raw : [raw]
  const types: (string | number)[] = []
  for (const [index, item] of list.entries()) {
    const known = typeof item === "string" ? Object.hasOwn(typeNames, item) : Object.values(typeNames).includes(item as number)
    if (known) types.push(item as string | number)
    else report(Array.isArray(raw) ? below(place, index) : place, "wrong-operand", "`$type` takes names or numbers of BSON types")
  }
  if (list.length === 0) return fail(place, "`$type` takes at least one type")
  return types.length === list.length ? { kind: "type", subject, types, pointer: place.pointer } : never(place)
}

function readMod(subject: Reference, raw: unknown, place: Place): Expression {
  const parts = Array.isArray(raw) && raw.length === 2 ? raw.map(readWhole) : []
  const [divisor, remainder] = parts
  if (divisor === undefined || remainder === undefined) return fail(place, "`$mod` takes a list of divisor and remainder")
  if (divisor === 0n) return fail(place, "the divisor of `$mod` is 0")
  return { kind: "mod", subject, divisor, remainder, pointer: place.pointer }
}

function readWhole(raw: unknown): bigint | undefined {
  const value = readNumber(raw)
  if (value === undefined) return undefined
  return truncate(value)
}

function readRegex(subject: Reference, raw: Record<string, unknown>, value: unknown, place: Place): Expression {
  const optionsKey = Object.keys(raw).find((key) => operatorOf(key) === "options")
  const options: unknown = optionsKey === undefined ? "" : raw[optionsKey]
  if (typeof value !== "string" || value.startsWith("%%") || typeof options !== "string") return fail(place, "`$regex` takes literal text")
  const result = compileMongoRegex(value, options)
  return "problem" in result ? fail(place, result.problem) : { kind: "regex", subject, regex: result.regex, pointer: place.pointer }
}
