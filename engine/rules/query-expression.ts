// The query of a filter as an expression, for remarks about it. Nothing here decides anything.
import type { Expression, Reference } from "../expressions/index.ts"
import type { FilterQuery } from "./filter-query.ts"

/** What a query asks, by its fields. A condition that only the database understands stands there as one that names its field. */
export function queryExpression(query: FilterQuery, source: "root" | "item" = "root"): Expression {
  switch (query.kind) {
    case "every": case "some": return { kind: query.kind, of: query.of.map((part) => queryExpression(part, source)) }
    case "not": return { kind: "not", of: queryExpression(query.of, source) }
    case "leaf": return source === "item" ? ofItem(query.expression) : query.expression
    case "elemMatch": return { kind: "elemMatch", subject: fieldAt(query.path, source), of: queryExpression(query.of, "item"), documents: true, pointer: query.pointer }
    case "literal": {
      const [key = "$"] = Object.keys(query.query)
      return key.startsWith("$") ? { kind: "constant", value: undefined, pointer: query.pointer } : { kind: "exists", subject: fieldAt(key, source), pointer: query.pointer }
    }
  }
}

function fieldAt(path: string, source: "root" | "item"): Reference {
  return { kind: "reference", source, path: path.split(".") }
}

/** INVARIANT: an expression in a query is one test of a field, or the reverse of one. */
function ofItem(expression: Expression): Expression {
  if (expression.kind === "not") return { kind: "not", of: ofItem(expression.of) }
  return "subject" in expression ? { ...expression, subject: { ...expression.subject, source: "item" } } : expression
}
