// What of an expression the database cannot decide, and why: for the author of the rules.
import { isIndex, type JsonPointer } from "../../kernel/index.ts"
import { bindNode } from "./bind.ts"
import type { BoundExpression } from "./bound.ts"
import { toQuery } from "./to-query.ts"
import { eachOperand, isKnown, type Expression, type Operand, type Reference } from "./tree.ts"

/** A part that is judged per document after the database has answered. */
export interface LeftOver { readonly pointer: JsonPointer; readonly reason: string }

type Leaf = Exclude<Expression, { kind: "constant" | "every" | "some" | "not" }>

/** The leaves because of which the query of an expression is not exact. Empty when it is. */
export function leftOver(bound: BoundExpression): readonly LeftOver[] {
  const found: LeftOver[] = []
  const isExact = (node: Expression, wanted: boolean): boolean => {
    const asked: Expression = wanted ? node : { kind: "not", of: node }
    return toQuery({ ...bound, source: asked, root: bindNode(asked, bound.known) }).exact
  }
  const collect = (node: Expression, wanted: boolean): void => {
    if (isExact(node, wanted)) return
    switch (node.kind) {
      case "constant": return
      case "every":
      case "some": for (const part of node.of) collect(part, wanted); return
      case "not": return collect(node.of, !wanted)
      default: found.push({ pointer: node.pointer, reason: reasonFor(node) })
    }
  }
  collect(bound.source, true)
  return found
}

function reasonFor(node: Leaf): string {
  if ("operand" in node && hasCall(node.operand)) return "the result of a function is asked for each document"
  if (node.kind === "regex" || node.kind === "type" || node.kind === "mod" || node.kind === "elemMatch") return `\`$${node.kind}\` is decided here, alike for every store`
  if (node.kind === "isConstant") return "a value of the document is compared with a constant"
  const places = [node.subject, ...("operand" in node ? referencesIn(node.operand) : [])].filter(({ source }) => !isKnown(source))
  if (places.some(({ source }) => source === "this" || source === "prev")) return "it looks at one field's value, which a query does not know"
  if (places.length > 1 && places[0] === node.subject) return "two places of the document are compared with each other"
  return reasonOf(places.map(({ path }) => path))
}

function reasonOf(paths: readonly (readonly string[])[]): string {
  if (paths.some((path) => path.length === 0)) return "the document as a whole is compared"
  if (paths.some((path) => path.some((segment) => segment.startsWith("$")))) return "the database cannot address a field whose name begins with `$`"
  if (paths.some((path) => path.some(isIndex))) return "databases differ in what a number in a path means"
  return "the database decides this comparison differently for some values"
}

function referencesIn(operand: Operand): Reference[] {
  const found: Reference[] = []
  eachOperand(operand, (part) => { if (part.kind === "reference") found.push(part) })
  return found
}

function hasCall(operand: Operand): boolean {
  let found = false
  eachOperand(operand, (part) => { found ||= part.kind === "call" })
  return found
}
