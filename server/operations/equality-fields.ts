// Which fields the database is asked for by equality when rules are pushed into a query: what an index can serve.
import { isIndex, type Document } from "../../kernel/index.ts"
import type { Expression, Filter, Role } from "../../engine/index.ts"

type Test = Extract<Expression, { kind: "test" }>
type Operand = Test["operand"]
type FilterQuery = NonNullable<Filter["query"]>

/** Sets of fields; a document is looked for by all fields of one of them. An empty set: by none. */
export type FieldSets = readonly (readonly string[])[]

const none: FieldSets = [[]]
const most = 8

/** The sets of one role: what must be equal for it to apply and to admit a read. */
export function fieldsOfRole({ applyWhen, read, write, documentFilters }: Role): FieldSets {
  const visible = read === undefined || write === undefined ? read ?? write : undefined
  return all([applyWhen, documentFilters?.read, visible].map((each) => (each === undefined ? none : fieldsOf(each))))
}

/** The sets of a filter's query. */
export function fieldsOfFilter(query: FilterQuery): FieldSets {
  switch (query.kind) {
    case "every": return all(query.of.map(fieldsOfFilter))
    case "some": return some(query.of.map(fieldsOfFilter))
    case "leaf": return fieldsOf(query.expression)
    case "literal": return fieldsOfLiteral(query.query)
    default: return none
  }
}

function fieldsOfLiteral(query: Document): FieldSets {
  const names = Object.keys(query).filter((field) => !field.startsWith("$") && isEquality(query[field]))
  return [names]
}

function isEquality(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true
  const first = Object.keys(value)[0]
  return first === undefined || !first.startsWith("$") || first === "$eq" || first === "$in"
}

function fieldsOf(expression: Expression): FieldSets {
  switch (expression.kind) {
    case "every": return all(expression.of.map(fieldsOf))
    case "some": return some(expression.of.map(fieldsOf))
    case "test": return fieldsOfTest(expression)
    default: return none
  }
}

function fieldsOfTest({ operator, subject, operand }: Test): FieldSets {
  if (operator !== "eq" && operator !== "in") return none
  if (subject.source === "root") return readsDocument(operand) || subject.path.some(isIndex) ? none : [[subject.path.join(".")]]
  // The other way round: `{ "%%user.id": "%%root.owner" }`.
  const isRoot = operand.kind === "reference" && operand.source === "root"
  return isRoot && !documentSources.has(subject.source) && !operand.path.some(isIndex) ? [[operand.path.join(".")]] : none
}

const documentSources = new Set(["root", "prevRoot", "this", "prev", "item"])

function readsDocument(operand: Operand): boolean {
  switch (operand.kind) {
    case "reference": return documentSources.has(operand.source)
    case "list": return operand.items.some(readsDocument)
    case "document": return operand.fields.some(([, value]) => readsDocument(value))
    case "conversion": return readsDocument(operand.of)
    case "call": return operand.args.some(readsDocument)
    default: return false
  }
}

function some(parts: readonly FieldSets[]): FieldSets {
  const sets = parts.flat()
  // One alternative without a field makes the database look at everything all the same.
  return sets.length > most || sets.some((fields) => fields.length === 0) ? none : sets
}

function all(parts: readonly FieldSets[]): FieldSets {
  return parts.reduce((sets, part) => (sets.length * part.length > most ? sets : sets.flatMap((left) => part.map((right) => [...new Set([...left, ...right])]))), none)
}
