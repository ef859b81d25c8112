// Remarks about expressions that load but will surprise their author. Nothing here decides anything.
import { bindNode } from "./bind.ts"
import { noCalls } from "./calls.ts"
import { compileNode } from "./compile.ts"
import { missing } from "./resolve.ts"
import { referenceText, type Expression, type Leaf } from "./tree.ts"
import type { KnownScope, RuleWarning } from "./types.ts"

const withoutData: KnownScope = { user: { id: "", type: "normal", data: {}, custom_data: {}, identities: [] }, values: {}, environment: {}, request: {} }

/**
 * Remarks about one expression:
 * `holds-without-custom-data` a test of custom data that users without any pass;
 * `never-holds` a test no value can pass; `id-is-text` an `_id` beside `%%user.id`, which is text.
 */
export function analyse(expression: Expression): RuleWarning[] {
  const warnings: RuleWarning[] = []
  visit(expression, true)
  return warnings

  function visit(node: Expression, needed: boolean): void {
    switch (node.kind) {
      case "every": case "some": for (const part of node.of) visit(part, needed); return
      case "not": visit(node.of, !needed); return
      case "constant": case "elemMatch": return
      default: warnings.push(...remarks(node, needed))
    }
  }
}

function remarks(leaf: Leaf, needed: boolean): RuleWarning[] {
  const found: RuleWarning[] = []
  const remark = (code: string, message: string): void => void found.push({ code, path: leaf.pointer, message })
  if (leaf.kind === "isConstant") return found
  const { source, path } = leaf.subject
  if (source === "user" && path[0] === "custom_data" && compileNode(bindNode(leaf, withoutData), noCalls)({}, missing) === needed) {
    remark("holds-without-custom-data", `users without custom data pass this test: ${referenceText(leaf.subject)} is missing for them`)
  }
  if (leaf.kind !== "test") return found
  const { operand, operator } = leaf
  if (operator === "in" && operand.kind === "literal" && Array.isArray(operand.value) && operand.value.length === 0 && needed) remark("never-holds", "nothing is in an empty list")
  if (operator === "eq" && isText(leaf) && needed && (operand.kind === "list" || (operand.kind === "literal" && Array.isArray(operand.value)))) {
    remark("never-holds", `${referenceText(leaf.subject)} is text and no list; use \`$in\` to ask for one of several`)
  }
  if (path.length === 1 && path[0] === "_id" && operand.kind === "reference" && operand.source === "user" && operand.path[0] === "id") {
    remark("id-is-text", "`%%user.id` is text; where `_id` is an ObjectId, write `{\"%stringToOid\": \"%%user.id\"}`")
  }
  return found
}

function isText({ subject: { source, path } }: Leaf & { kind: "test" }): boolean {
  return source === "user" && path.length === 1 && (path[0] === "id" || path[0] === "type")
}
