// What a bound expression comes to without any document.
import { combine, constant, makesCalls, nodeReadsDocument, readsDocument, reverse, type BoundExpression, type BoundNode } from "./bound.ts"
import { compileNode } from "./compile.ts"
import { bindComparison } from "./comparisons.ts"
import { missing, resolve, undetermined } from "./resolve.ts"
import type { Operand } from "./tree.ts"
import type { CallResult, CallTable, Ternary } from "./types.ts"

/**
 * The result of an expression that does not hang on the document, or `"depends"`.
 *
 * Calls without an answer count as undetermined and are noted in the call table: make them only if this gives undefined.
 */
export function constantOf(bound: BoundExpression): Ternary | "depends" {
  const node = settleCalls(bound.root, bound.calls)
  return node.kind === "constant" ? node.value : nodeReadsDocument(node) ? "depends" : undefined
}

/**
 * Puts in the calls that have their answer by now; what failed is undetermined. A call without an answer stays, and is noted
 * in the call table.
 */
export function settleCalls(node: BoundNode, calls: CallTable): BoundNode {
  switch (node.kind) {
    case "every": case "some": return makesCalls(node) ? combine(node.kind, node.of.map((part) => settleCalls(part, calls))) : node
    case "not": return reverse(settleCalls(node.of, calls))
    case "open": {
      if (readsDocument(node.operand)) return node
      const value = settleOperand(node.operand, calls)
      return value === undefined ? node : bindComparison(node.operator, node.subject, value)
    }
    case "isConstant": {
      if (readsDocument(node.operand)) return node
      const value = settleOperand(node.operand, calls)
      return value === undefined ? node : constant(value.kind === "literal" ? value.value === node.value : undefined)
    }
    case "elemMatch": {
      if (node.subject.kind === "document" || nodeReadsDocument(node.of)) return node
      const value = compileNode(node, calls)({}, missing)
      return value === undefined ? node : constant(value)
    }
    default: return node
  }
}

/** The operand with its value, or undefined while a call is wanted. */
function settleOperand(operand: Operand, calls: CallTable): Operand | undefined {
  let isWanted = false
  const watching: CallTable = {
    result(name, args) {
      const result: CallResult = calls.result(name, args)
      isWanted ||= result.state === "wanted"
      return result
    },
  }
  const value = resolve(operand, { scope: {}, item: missing, calls: watching })
  if (isWanted) return undefined
  return value === missing || value === undetermined ? { kind: "undetermined" } : { kind: "literal", value, expanded: operand.kind !== "list" }
}
