// Why an expression did not hold: the leaves that decided it, with the value from the token beside the value in the document.
import type { JsonPointer, Value } from "../../kernel/index.ts"
import { bindNode, bindOperand } from "./bind.ts"
import type { BoundExpression } from "./bound.ts"
import { compileNode } from "./compile.ts"
import { documentRoot, knownRoot, missing, resolve, undetermined, valueAt } from "./resolve.ts"
import { typeNames, typeNumber } from "./tests.ts"
import { isKnown, referenceText, type Expression, type Operand, type Reference } from "./tree.ts"
import type { DocumentScope, Ternary } from "./types.ts"

/** One side of a test: how it is written, and its value where it has one. For the author of the rule; never for a client or a log. */
export interface ExplainedSide { readonly text: string; readonly value?: Value; readonly type: string }

/** A leaf that stood in the way. `needed` is what it would have had to be. */
export interface ExplainedLeaf {
  readonly pointer: JsonPointer
  readonly operator: string
  readonly needed: boolean
  readonly result: Ternary
  readonly subject: ExplainedSide | undefined
  readonly operand: ExplainedSide | undefined
  /** In one sentence, without values. */
  readonly reason: string
}

export interface Explanation {
  readonly result: Ternary
  /** Empty when the expression is true. */
  readonly because: readonly ExplainedLeaf[]
}

/** Evaluates a bound expression on one document and names the leaves because of which it is not true. */
export function explain(bound: BoundExpression, scope: DocumentScope): Explanation {
  const evaluate = (node: Expression): Ternary => compileNode(bindNode(node, bound.known), bound.calls)(scope, missing)
  const because: ExplainedLeaf[] = []
  collect(bound.source, true)
  return { result: evaluate(bound.source), because }

  function collect(node: Expression, needed: boolean): void {
    const result = evaluate(node)
    if (result === needed) return
    switch (node.kind) {
      case "every":
      case "some": for (const part of node.of) collect(part, needed); return
      case "not": collect(node.of, !needed); return
      default: because.push(explainLeaf(node, needed, result))
    }
  }

  function explainLeaf(node: Exclude<Expression, { kind: "every" | "some" | "not" }>, needed: boolean, result: Ternary): ExplainedLeaf {
    if (node.kind === "constant") return { pointer: node.pointer ?? "", operator: "constant", needed, result, subject: undefined, operand: undefined, reason: node.value === undefined ? "this part can never be decided" : `this part is always ${String(node.value)}` }
    const subject = "subject" in node ? explainReference(node.subject) : undefined
    const operand = "operand" in node ? explainOperand(node.operand) : undefined
    return { pointer: node.pointer, operator: node.kind === "test" ? node.operator : node.kind, needed, result, subject, operand, reason: reasonFor(result, subject, operand) }
  }

  function explainReference(reference: Reference): ExplainedSide {
    const known = isKnown(reference.source) ? knownRoot(bound.known, reference) : undefined
    const root = known === undefined ? documentRoot(reference.source, { scope, item: missing }) : known.value
    return side(referenceText(reference), valueAt(root, known?.path ?? reference.path))
  }

  function explainOperand(operand: Operand): ExplainedSide {
    const whole = side(operandText(operand), resolve(bindOperand(operand, bound.known), { scope, item: missing, calls: bound.calls }))
    // A list or document has no value because a part of it has none.
    return partsOf(operand).map(explainOperand).find((part) => part.type === "missing") ?? whole
  }
}

function partsOf(operand: Operand): readonly Operand[] {
  switch (operand.kind) {
    case "list": return operand.items
    case "document": return operand.fields.map(([, part]) => part)
    default: return []
  }
}

function side(text: string, value: Value | typeof missing | typeof undetermined): ExplainedSide {
  return value === missing || value === undetermined ? { text, type: "missing" } : { text, value, type: typeName(value) }
}

function typeName(value: Value): string {
  const number = typeNumber(value)
  return Object.keys(typeNames).find((name) => typeNames[name] === number) as string
}

function operandText(operand: Operand): string {
  switch (operand.kind) {
    case "reference": return referenceText(operand)
    case "conversion": return `%${operand.name} of ${operandText(operand.of)}`
    case "call": return `the result of \`${operand.name}\``
    default: return "the value in the rule"
  }
}

const numbers = new Set(["int", "long", "double", "decimal"])

function reasonFor(result: Ternary, subject: ExplainedSide | undefined, operand: ExplainedSide | undefined): string {
  if (result === undefined) {
    if (operand === undefined) return "what it asks of the items cannot be decided"
    return operand.type === "missing" ? `${operand.text} has no value, so the test cannot be decided` : "the operand is of a kind this test cannot use"
  }
  if (subject === undefined) return "the value is not the one needed"
  if (subject.type === "missing") return `${subject.text} has no value`
  if (operand === undefined || !areOfTwoTypes(subject, operand)) return `${subject.text} does not pass`
  return `${subject.text} is of type ${subject.type}, ${operand.text} of type ${operand.type}`
}

/** Whether two sides cannot be compared. Of a list its items can. */
function areOfTwoTypes({ type: left }: ExplainedSide, { type: right }: ExplainedSide): boolean {
  const isEither = (type: string): boolean => left === type || right === type
  return left !== right && !isEither("array") && !isEither("missing") && !(numbers.has(left) && numbers.has(right))
}
