// A document against its schema: first its form, then the `validate` expressions over the change.
import { isDocument, type Document, type Value } from "../../kernel/index.ts"
import { bind, compile, type CallTable, type Expression, type KnownScope, type Predicate } from "../expressions/index.ts"
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
  return ({ before, after, generatedId = false }) => {
    if (schema.isEmpty) return []
    const problems: SchemaProblem[] = []
    schema.root.check(after, "", { problems, generatedId })
    if (problems.length === 0 && schema.root.hasValidate) {
      walk(schema.root, after, before, "", { problems, predicateOf, root: after, prevRoot: before })
    }
    return problems
  }
}

/** Checks one change; see {@link bindSchema} for many in one request. */
export function validateDocument(schema: Schema, { known, calls, ...change }: Change & { readonly known: KnownScope; readonly calls: CallTable }): readonly SchemaProblem[] {
  return bindSchema(schema, known, calls)(change)
}

interface Walk {
  readonly problems: SchemaProblem[]
  readonly predicateOf: (expression: Expression) => Predicate
  readonly root: Document
  readonly prevRoot: Document | undefined
}

/** Puts each `validate` to the value it stands at. SOURCE: it must be true; an absent property is asked with `%%this` missing. */
function walk(node: SchemaNode, value: Value, previous: Value, field: string, walking: Walk): void {
  if (!node.hasValidate) return
  const { problems, predicateOf, root, prevRoot } = walking
  if (node.validate !== undefined) {
    const scope = { root, this: value, prev: previous, ...(prevRoot === undefined ? {} : { prevRoot }) }
    const result = predicateOf(node.validate)(scope)
    if (result !== true) problems.push({ field, kind: "validate", detail: "the change is not allowed by `validate`", ...(result === undefined ? { undetermined: true } : {}) })
  }
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
