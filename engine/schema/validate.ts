// A document against its schema: first its form, then the `validate` expressions over the change.
import { isDocument, type Document, type Value } from "../../kernel/index.ts"
import { bind, compile, explain, type CallTable, type DocumentScope, type ExplainedLeaf, type Expression, type KnownScope, type Predicate, type Ternary } from "../expressions/index.ts"
import { itemNode } from "./array-keywords.ts"
import { fieldBelow } from "./object-keywords.ts"
import type { Schema, SchemaNode, SchemaProblem } from "./types.ts"

/** One change of one document. */
export interface Change {
  /** The document before; absent on insert. */
  readonly before?: Document
  /** The document as the operation leaves it. */
  readonly after: Document
  /** Whether the server makes the `_id`, so that a `required` which names it is satisfied. */
  readonly generatedId?: boolean
}

/** A schema for one request: what its `validate` expressions know is bound. */
export type SchemaValidator = (change: Change) => readonly SchemaProblem[]

/**
 * Binds a schema to what is known in a request; the validator then checks any number of changes and gives what is wrong with each.
 *
 * A `%function` that has no answer yet leaves its `validate` undetermined and is noted in the call table: when a problem is
 * `undetermined` and calls are wanted, make them and validate again. No call is asked for by a document whose form is wrong.
 */
export function bindSchema(schema: Schema, known: KnownScope, calls: CallTable): SchemaValidator {
  const predicates = new Map<Expression, Predicate>()
  const predicateOf = (expression: Expression): Predicate => {
    const made = predicates.get(expression) ?? compile(bind(expression, known, calls))
    predicates.set(expression, made)
    return made
  }
  return (change) => problemsOf<SchemaProblem>(schema, change, (expression, scope, problem) => {
    const result = predicateOf(expression)(scope)
    return result === true ? undefined : problem(result)
  })
}

/** One way in which a document misses its schema; of a `validate`, the first leaf that failed. For the author: it holds values. */
export interface ExplainedProblem extends SchemaProblem { readonly failing?: ExplainedLeaf | undefined }

/** What is wrong with one change, as {@link bindSchema} finds it, and why each `validate` is not true. */
export function explainSchema(schema: Schema, { known, calls, ...change }: Change & { readonly known: KnownScope; readonly calls: CallTable }): readonly ExplainedProblem[] {
  return problemsOf<ExplainedProblem>(schema, change, (expression, scope, problem) => {
    const { result, because } = explain(bind(expression, known, calls), scope)
    return result === true ? undefined : { ...problem(result), failing: because[0] }
  })
}

/** Puts one `validate` to a value; undefined: it is true. */
type Judge<Problem> = (expression: Expression, scope: DocumentScope, problem: (result: Ternary) => SchemaProblem) => Problem | undefined

/** The form first; only a document whose form is right is asked of its `validate` expressions. */
function problemsOf<Problem extends SchemaProblem>(schema: Schema, { before, after, generatedId = false }: Change, judge: Judge<Problem>): readonly (SchemaProblem | Problem)[] {
  const form: SchemaProblem[] = []
  schema.root.check(after, "", { problems: form, generatedId })
  if (form.length > 0) return form
  const problems: Problem[] = []
  walk(schema.root, after, before, "", { root: after, prevRoot: before, judge(expression, scope, field) {
    const found = judge(expression, scope, (result) => ({ field, kind: "validate", detail: "the change is not allowed by `validate`", ...(result === undefined ? { undetermined: true } : {}) }))
    if (found !== undefined) problems.push(found)
  } })
  return problems
}

/** Checks one change; see {@link bindSchema} for many in one request. */
export function validateDocument(schema: Schema, { known, calls, ...change }: Change & { readonly known: KnownScope; readonly calls: CallTable }): readonly SchemaProblem[] {
  return bindSchema(schema, known, calls)(change)
}

interface Walk {
  readonly judge: (expression: Expression, scope: DocumentScope, field: string) => void
  readonly root: Document
  readonly prevRoot: Document | undefined
}

/** Puts each `validate` to the value it stands at. SOURCE: it must be true; an absent property is asked with `%%this` missing. */
function walk(node: SchemaNode, value: Value, previous: Value, field: string, walking: Walk): void {
  if (!node.hasValidate) return
  const { judge, root, prevRoot } = walking
  if (node.validate !== undefined) judge(node.validate, { root, this: value, prev: previous, ...(prevRoot === undefined ? {} : { prevRoot }) }, field)
  for (const part of node.allOf) walk(part, value, previous, field, walking)
  // SECURITY: the fields of a document that is gone are asked too, or removing it would get round them.
  for (const [name, child] of node.properties) walk(child, own(value, name), own(previous, name), fieldBelow(field, name), walking)
  if (node.patterns.length > 0 || node.additional !== undefined) walkOthers(node, value, previous, field, walking)
  if (Array.isArray(value) && node.items !== undefined) walkItems(node, value as Value[], previous, field, walking)
}

function walkOthers(node: SchemaNode, value: Value, previous: Value, field: string, walking: Walk): void {
  const names = new Set([value, previous].flatMap((each) => (isDocument(each) ? Object.keys(each) : [])))
  for (const name of names) {
    const matching = node.patterns.filter(({ pattern }) => pattern.test(name) !== false).map((each) => each.node)
    const isOther = matching.length === 0 && !node.properties.has(name) && node.additional !== undefined
    for (const child of isOther ? [node.additional] : matching) walk(child, own(value, name), own(previous, name), fieldBelow(field, name), walking)
  }
}

function walkItems(node: SchemaNode, list: readonly Value[], previous: Value, field: string, walking: Walk): void {
  const before: readonly Value[] = Array.isArray(previous) ? previous : []
  for (const [index, item] of list.entries()) {
    const child = itemNode(node.items, node.additionalItems, index)
    if (child !== undefined) walk(child, item, before[index], fieldBelow(field, index), walking)
  }
}

/** An own field of a document; undefined, which is missing, for anything else. */
function own(value: Value, name: string): Value {
  return isDocument(value) && Object.hasOwn(value, name) ? value[name] : undefined
}
