// How one permission comes out, for the author of the rules.
import type { JsonPointer } from "../../kernel/index.ts"
import { bind, explain, type DocumentScope, type ExplainedLeaf, type Expression, type Ternary } from "../expressions/index.ts"
import type { BoundRules } from "./bound.ts"

/** How one expression came out, and the first leaf that stood in its way. */
export interface ExplainedPermission { readonly name: string; readonly result: Ternary; readonly failing: ExplainedLeaf | undefined }

/** How an expression comes out in a scope; one that is absent is not true. */
export function explained(rules: BoundRules, name: string, expression: Expression | undefined, scope: DocumentScope): ExplainedPermission {
  if (expression === undefined) return { name, result: false, failing: undefined }
  const { result, because } = explain(bind(expression, rules.known, rules.table), scope)
  return { name, result, failing: because[0] }
}

/** A permission that is not there, or that something else decides: `kind` of reason, and where that stands. */
export function withheld(name: string, pointer: JsonPointer, kind: "absent" | "above" | "value", reason: string): ExplainedPermission {
  return { name, result: false, failing: { pointer, operator: kind, needed: true, result: false, subject: undefined, operand: undefined, reason } }
}
