// What a filter says of one path: an operand to be equal to, or a document of operators.
import { bsonTypeOf, equalValues, isDocument, isNumeric, type BSONRegExp, type Document, type Value, BSONRegExp as RegularExpression } from "../../../kernel/index.ts"
import { equalityTest, membershipTest, rangeTest, regexTest } from "./comparisons.ts"
import { conditionTest } from "./compile-tree.ts"
import { badRequest, unsupported } from "./errors.ts"
import type { Condition, Test, ValueTest } from "./filter-tree.ts"
import { bitsTest, modTest, sizeTest } from "./number-tests.ts"
import { typeName, wantedTypes } from "./type-names.ts"

/** Compiles a filter over the elements of a list, for `$elemMatch`; given by the parser of filters, which uses this one. */
export type ElementFilter = (filter: Document) => (document: Document) => boolean

/** Parses what stands beside a path in a filter. */
export function parseCondition(operand: Value, elementFilter: ElementFilter): Condition {
  if (!isOperatorDocument(operand)) return equality(operand)
  return every(parseOperators(operand, elementFilter))
}

/** Whether a value is a document of operators: its first key begins with `$` and it is no reference (`$ref`, `$id`, `$db`). */
export function isOperatorDocument(value: Value): value is Document {
  if (!isDocument(value)) return false
  const first = Object.keys(value)[0]
  return first !== undefined && first.startsWith("$") && first !== "$ref" && first !== "$id" && first !== "$db"
}

function parseOperators(operators: Document, elementFilter: ElementFilter): Condition[] {
  const conditions: Condition[] = []
  for (const operator of Object.keys(operators)) {
    if (operator === "$options") {
      if (!Object.hasOwn(operators, "$regex")) throw badRequest("Cannot use `$options`: there is no `$regex` beside it")
      continue
    }
    conditions.push(parseOperator(operator, operators[operator], operators, elementFilter))
  }
  return conditions
}

function parseOperator(operator: string, operand: Value, beside: Document, elementFilter: ElementFilter): Condition {
  switch (operator) {
    // SOURCE: MongoDB manual, "$eq": with this operator a regular expression is a value like any other.
    case "$eq": return bsonTypeOf(operand) === "BSONRegExp" ? leaf(operator, operand, (value) => equalValues(value, operand)) : equality(operand)
    case "$ne": return not([withoutRegex(operator, operand)])
    case "$gt": case "$gte": case "$lt": case "$lte":
      if (bsonTypeOf(operand) === "BSONRegExp") throw badRequest(`Cannot use \`${operator}\`: its operand is a regular expression`)
      return leaf(operator, operand, rangeTest(operator, operand))
    case "$in": return membership(operand)
    case "$nin": return not([membership(operand, "$nin")])
    case "$exists": return isTrue(operand) ? leaf(operator, true, (_, present) => present) : not([leaf(operator, true, (_, present) => present)])
    case "$type": {
      const types = wantedTypes(operand)
      return leaf(operator, operand, (value, present) => present && types.has(typeName(value)))
    }
    case "$regex": return regex(operand, beside)
    case "$mod": return leaf(operator, operand, modTest(operand))
    case "$size": return closed(operator, operand, sizeTest(operand))
    case "$bitsAllSet": case "$bitsAllClear": case "$bitsAnySet": case "$bitsAnyClear": return leaf(operator, operand, bitsTest(operator, operand))
    case "$all": return all(operand, elementFilter)
    case "$elemMatch": return elemMatch(operand, elementFilter)
    case "$not": return negation(operand, elementFilter)
    case "$comment": return every([])
    case "$near": case "$nearSphere": case "$geoWithin": case "$geoIntersects": case "$within": case "$geoNear":
    case "$maxDistance": case "$minDistance": case "$uniqueDocs":
      throw unsupported(`Cannot use \`${operator}\`: geospatial queries are not supported`)
    default: throw badRequest(`Cannot use \`${operator}\`: unknown operator`)
  }
}

const leaf = (operator: string, operand: Value, test: ValueTest): Test => ({ kind: "test", operator, operand, test, opens: true })
const closed = (operator: string, operand: Value, test: ValueTest): Test => ({ kind: "test", operator, operand, test, opens: false })
const not = (of: readonly Condition[]): Condition => ({ kind: "not", of })
const equality = (operand: Value): Test => leaf(bsonTypeOf(operand) === "BSONRegExp" ? "$regex" : "$eq", operand, equalityTest(operand))

function every(of: readonly Condition[]): Condition {
  return of.length === 1 ? (of[0] as Condition) : { kind: "every", of }
}

function withoutRegex(operator: string, operand: Value): Test {
  if (bsonTypeOf(operand) === "BSONRegExp") throw badRequest(`Cannot use \`${operator}\`: its operand is a regular expression`)
  return equality(operand)
}

function isTrue(operand: Value): boolean {
  if (isNumeric(operand)) return Number(String(operand)) !== 0
  return operand !== false && operand !== null && operand !== undefined
}

function membership(operand: Value, operator = "$in"): Test {
  if (!Array.isArray(operand)) throw badRequest(`Cannot use \`${operator}\`: its operand is no list`)
  const items = operand as readonly Value[]
  if (items.some(isOperatorDocument)) throw badRequest(`Cannot use \`${operator}\`: its list holds an operator`)
  return leaf("$in", operand, membershipTest(items))
}

function regex(operand: Value, beside: Document): Condition {
  const options = Object.hasOwn(beside, "$options") ? beside["$options"] : undefined
  if (options !== undefined && typeof options !== "string") throw badRequest("Cannot use `$options`: it is no text")
  if (typeof operand === "string") {
    const expression = new RegularExpression(checkPattern(operand), checkOptions(options ?? ""))
    return leaf("$regex", expression, regexTest(expression))
  }
  if (bsonTypeOf(operand) !== "BSONRegExp") throw badRequest("Cannot use `$regex`: its operand is no text and no regular expression")
  const given = operand as BSONRegExp
  if (options !== undefined && given.options !== "") throw badRequest("Cannot use `$regex`: options are set both in it and in `$options`", 51075)
  const expression = options === undefined ? given : new RegularExpression(given.pattern, checkOptions(options))
  return leaf("$regex", expression, equalityTest(expression))
}

function checkOptions(options: string): string {
  if (/[^imsxu]/.test(options)) throw badRequest("Cannot use `$options`: unknown option", 51108)
  return options
}

function checkPattern(pattern: string): string {
  if (pattern.includes("\0")) throw badRequest("Cannot use `$regex`: the pattern holds a NUL character")
  return pattern
}

function all(operand: Value, elementFilter: ElementFilter): Condition {
  if (!Array.isArray(operand)) throw badRequest("Cannot use `$all`: its operand is no list")
  const items = operand as readonly Value[]
  if (items.length === 0) return { kind: "some", of: [] }
  const areElements = isDocument(items[0]) && Object.keys(items[0])[0] === "$elemMatch"
  return { kind: "every", of: items.map((item) => {
    if (areElements) {
      if (!isDocument(item) || Object.keys(item)[0] !== "$elemMatch" || Object.keys(item).length !== 1) throw badRequest("Cannot use `$all`: `$elemMatch` stands beside something else")
      return elemMatch(item["$elemMatch"], elementFilter)
    }
    if (isOperatorDocument(item)) throw badRequest("Cannot use `$all`: its list holds an operator")
    return equality(item)
  }) }
}

function elemMatch(operand: Value, elementFilter: ElementFilter): Test {
  if (!isDocument(operand)) throw badRequest("Cannot use `$elemMatch`: its operand is no document")
  const element = elementTest(operand, elementFilter)
  return { ...closed("$elemMatch", operand, (value) => Array.isArray(value) && value.some((item: Value) => element(item, true))), element }
}

const ofDocuments = new Set(["$and", "$or", "$nor", "$expr", "$where", "$text", "$jsonSchema", "$comment"])

/** Whether a document is a condition on a value, and not a filter on a document, where it could be either (`$elemMatch`, `$pull`). */
export function isValueCondition(operand: Document): boolean {
  return isOperatorDocument(operand) && !ofDocuments.has(Object.keys(operand)[0] as string)
}

/** How `$elemMatch` tests one element: operators test the element itself, anything else is a filter on a document. */
export function elementTest(operand: Document, elementFilter: ElementFilter): ValueTest {
  if (isValueCondition(operand)) return conditionTest(every(parseOperators(operand, elementFilter)))
  const matches = elementFilter(operand)
  return (item) => {
    if (isDocument(item)) return matches(item)
    // A list inside the list is a document of its indexes.
    return Array.isArray(item) && matches({ ...item } as unknown as Document)
  }
}

function negation(operand: Value, elementFilter: ElementFilter): Condition {
  if (bsonTypeOf(operand) === "BSONRegExp") return not([equality(operand)])
  if (!isDocument(operand)) throw badRequest("Cannot use `$not`: its operand is no document and no regular expression")
  const operators = Object.keys(operand)
  if (operators.length === 0) throw badRequest("Cannot use `$not`: its operand is empty")
  if (!isOperatorDocument(operand)) throw badRequest("Cannot use `$not`: its operand holds no operator")
  return not([every(parseOperators(operand, elementFilter))])
}
