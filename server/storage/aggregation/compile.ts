// Expressions as functions: literals, field paths, variables, documents, lists and operators.
import { bsonTypeOf, isDocument, setField, splitPath, type Document, type Value } from "../../../kernel/index.ts"
import { badRequest, unsupported } from "../language/index.ts"
import { constant, folded, type Cell, type Evaluate, type Scope } from "./evaluate.ts"
import { operators, refusedOperators } from "./operators.ts"

// SECURITY: an expression comes from a client; nesting beyond this is refused before it can exhaust the stack.
const mostDepth = 100

/**
 * Compiles an aggregation expression. Throws `StoreError`: "bad-request" with MongoDB's number for a malformed one, "unsupported"
 * for an operator this store does not have. What depends on the document is refused when it is evaluated.
 */
export function compileExpression(expression: Value, scope: Scope): Evaluate {
  if (scope.depth > mostDepth) throw badRequest("Cannot evaluate: an expression is nested too deep", 15)
  if (typeof expression === "string") return compileText(expression, scope)
  const inner: Scope = { ...scope, depth: scope.depth + 1 }
  if (Array.isArray(expression)) return compileList(expression as readonly Value[], inner)
  if (!isDocument(expression)) return constant(bsonTypeOf(expression) === "BSONSymbol" ? String(expression) : expression)
  const [first, ...others] = Object.keys(expression)
  if (first === undefined || !first.startsWith("$")) return compileDocument(expression, inner)
  if (others.length > 0) throw badRequest("Cannot evaluate: an expression has more than one operator", 15983)
  const operator = Object.hasOwn(operators, first) ? operators[first] : undefined
  if (operator !== undefined) return operator(expression[first], inner, first)
  if (refusedOperators.has(first)) throw unsupported(`Cannot evaluate \`${first}\`: this operator is not supported`)
  throw badRequest(`Cannot evaluate \`${first}\`: unknown operator`, 168)
}

function compileText(text: string, scope: Scope): Evaluate {
  if (!text.startsWith("$")) return constant(text)
  if (text.startsWith("$$")) return compileVariable(text.slice(2), scope)
  const segments = fieldPath(text.slice(1))
  const current = scope.cells.get("CURRENT")
  if (current !== undefined) return (root) => readPath(current === undefined ? root : current.value, segments, 0)
  const [only] = segments as [string]
  if (segments.length === 1) return (root) => (Object.hasOwn(root, only) ? root[only] : undefined)
  return (root) => readPath(root, segments, 0)
}

/** The segments of a field path. Throws `StoreError` for one that no field can have. */
export function fieldPath(path: string): string[] {
  const segments = splitPath(path)
  if (segments.some((segment) => segment === "")) throw badRequest("Cannot evaluate: a field path has an empty part", 40353)
  if (segments.some((segment) => segment.startsWith("$"))) throw badRequest("Cannot evaluate: a part of a field path begins with `$`", 16410)
  if (segments.some((segment) => segment.includes("\0"))) throw badRequest("Cannot evaluate: a field path holds a NUL character", 16411)
  if (segments.length > 200) throw badRequest("Cannot evaluate: a field path is too long", 5984700)
  return segments
}

/** The value at a path: lists on the way are mapped over their documents. */
export function readPath(value: Value, segments: readonly string[], from: number): Value {
  let here = value
  for (let at = from; at < segments.length; at++) {
    if (Array.isArray(here)) return readList(here as readonly Value[], segments, at)
    const segment = segments[at] as string
    // SECURITY: own fields only.
    if (typeof here !== "object" || here === null || !isDocument(here) || !Object.hasOwn(here, segment)) return undefined
    here = here[segment]
  }
  return here
}

function readList(list: readonly Value[], segments: readonly string[], at: number): Value {
  const found: Value[] = []
  for (const item of list) {
    const value = isDocument(item) ? readPath(item, segments, at) : undefined
    if (value !== undefined) found.push(value)
  }
  return found
}

function compileVariable(path: string, scope: Scope): Evaluate {
  const [name, ...segments] = splitPath(path) as [string, ...string[]]
  if (segments.length > 0) fieldPath(segments.join("."))
  const read = (from: Evaluate): Evaluate => (segments.length === 0 ? from : (root) => readPath(from(root), segments, 0))
  const cell: Cell | undefined = scope.cells.get(name)
  if (cell !== undefined) return name === "NOW" ? folded(read(constant(cell.value)), [constant(null)]) : read(() => cell.value)
  switch (name) {
    case "ROOT": case "CURRENT": return read((root) => root)
    case "REMOVE": return constant(undefined)
    case "CLUSTER_TIME": case "SEARCH_META": case "USER_ROLES": throw unsupported(`Cannot evaluate: the variable \`${name}\` is not supported`)
    default: throw badRequest(name === "" ? "Cannot evaluate: a variable has no name" : "Cannot evaluate: a variable is not defined", name === "" ? 16869 : 17276)
  }
}

function compileList(items: readonly Value[], scope: Scope): Evaluate {
  const parts = items.map((item) => compileExpression(item, scope))
  return folded((root) => {
    const list = new Array<Value>(parts.length)
    for (let index = 0; index < parts.length; index++) {
      const value = (parts[index] as Evaluate)(root)
      list[index] = value === undefined ? null : value
    }
    return list
  }, parts)
}

function compileDocument(document: Document, scope: Scope): Evaluate {
  const fields = Object.keys(document)
  const parts = fields.map((field) => {
    checkFieldName(field)
    return compileExpression(document[field], scope)
  })
  return folded((root) => {
    const made: Document = {}
    for (let index = 0; index < parts.length; index++) {
      const value = (parts[index] as Evaluate)(root)
      if (value !== undefined) setField(made, fields[index] as string, value)
    }
    return made
  }, parts)
}

function checkFieldName(field: string): void {
  if (field.startsWith("$")) throw badRequest("Cannot evaluate: a field name of a document begins with `$`", 16410)
  if (field === "") throw badRequest("Cannot evaluate: a field of a document has no name", 15998)
  if (field.includes(".")) throw badRequest("Cannot evaluate: a field name of a document has a dot", 16405)
}
