// What users without custom data come to, whatever else a request, its user and a document hold.
import { bindNode } from "./bind.ts"
import { nowhere, type Expression, type Operand, type Reference } from "./tree.ts"

type Part = Exclude<Expression, { kind: "every" | "some" | "not" }>

export function isCustomData({ source, path }: Reference): boolean {
  return source === "user" && path[0] === "custom_data"
}

/** Whether an expression may come out as wanted for users without custom data; what it takes from elsewhere may be anything. */
export function mayBeWithoutData(node: Expression, wanted: boolean): boolean {
  switch (node.kind) {
    case "every": return wanted ? node.of.every((part) => mayBeWithoutData(part, true)) : node.of.some((part) => mayBeWithoutData(part, false))
    case "some": return wanted ? node.of.some((part) => mayBeWithoutData(part, true)) : node.of.every((part) => mayBeWithoutData(part, false))
    case "not": return mayBeWithoutData(node.of, !wanted)
    default: {
      const bound = bindNode(open(node), {})
      return bound.kind !== "constant" || bound.value === wanted
    }
  }
}

/** Whether a test comes out as wanted where its subject, which is known before any document, is missing. */
export function passesMissing(leaf: Extract<Part, { readonly subject: Reference }>, wanted: boolean): boolean {
  const bound = bindNode(leaf.kind === "test" ? { ...leaf, operand: openOperand(leaf.operand) } : leaf, {})
  // Whatever an operand is that is left open, a missing subject does not match it.
  return bound.kind === "constant" ? bound.value === wanted : !wanted
}

/** A test with nothing known but that there is no custom data: all else it reads is left open. */
function open(part: Part): Expression {
  switch (part.kind) {
    case "constant": return part
    case "isConstant": return { ...part, operand: openOperand(part.operand) }
    case "test": return { ...part, subject: openReference(part.subject), operand: openOperand(part.operand) }
    // Of tests without an operand a missing subject passes none.
    default: return { kind: "exists", subject: openReference(part.subject), pointer: part.pointer }
  }
}

function openReference(reference: Reference): Reference {
  return isCustomData(reference) ? reference : nowhere
}

function openOperand(operand: Operand): Operand {
  switch (operand.kind) {
    case "reference": return openReference(operand)
    case "list": return { ...operand, items: operand.items.map(openOperand) }
    case "document": return { ...operand, fields: operand.fields.map(([field, value]) => [field, openOperand(value)]) }
    case "conversion": return { ...operand, of: openOperand(operand.of) }
    default: return operand
  }
}
