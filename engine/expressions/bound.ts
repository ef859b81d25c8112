// The tree that is left once everything known has been put in.
import type { Value } from "../../kernel/index.ts"
import type { Check, MatchMode } from "./checks.ts"
import type { missing } from "./resolve.ts"
import { eachOperand, type Expression, type Operand, type Source, type TestOperator } from "./tree.ts"
import type { CallTable, KnownScope, Ternary } from "./types.ts"

/** Where a bound test looks: a place of the document, or a value that is known. */
export type BoundSubject =
  | { readonly kind: "document"; readonly source: Source; readonly path: readonly string[] }
  | { readonly kind: "known"; readonly value: Value | typeof missing; readonly path: readonly string[] }

/** A test whose operand is known. Where the subject is known too, it has been decided. */
export interface FixedTest {
  readonly kind: "fixed"
  readonly subject: BoundSubject & { readonly kind: "document" }
  readonly check: Check
  /** What the check is of, for `toQuery`. */
  readonly of:
    | { readonly kind: "eq"; readonly value: Value; readonly mode: MatchMode }
    | { readonly kind: "order"; readonly operator: "gt" | "gte" | "lt" | "lte"; readonly value: Value }
    | { readonly kind: "in"; readonly items: readonly Value[]; readonly looseNull: boolean }
    | { readonly kind: "exists" | "regex" }
    | { readonly kind: "size"; readonly size: number }
    | { readonly kind: "type"; readonly types: readonly (string | number)[] }
    | { readonly kind: "mod"; readonly divisor: bigint; readonly remainder: bigint }
}

/** A test whose operand hangs on the document or on a call. */
export interface OpenTest { readonly kind: "open"; readonly operator: TestOperator; readonly subject: BoundSubject; readonly operand: Operand; readonly mode: MatchMode }

export type BoundNode =
  | { readonly kind: "constant"; readonly value: Ternary }
  | { readonly kind: "every" | "some"; readonly of: readonly BoundNode[] }
  | { readonly kind: "not"; readonly of: BoundNode }
  | { readonly kind: "elemMatch"; readonly subject: BoundSubject; readonly of: BoundNode; readonly documents: boolean }
  | { readonly kind: "isConstant"; readonly operand: Operand; readonly value: boolean }
  | FixedTest
  | OpenTest

/** An expression with everything that is known put in. */
export interface BoundExpression {
  readonly source: Expression
  readonly known: KnownScope
  readonly calls: CallTable
  readonly root: BoundNode
}

/** The three constants. */
export const constants = { yes: { kind: "constant", value: true }, no: { kind: "constant", value: false }, unknown: { kind: "constant", value: undefined } } as const satisfies Record<string, BoundNode>

/** The node of a result. */
export function constant(value: Ternary): BoundNode {
  return value === undefined ? constants.unknown : value ? constants.yes : constants.no
}

/** And, or: drops what does not count, and ends early at what decides. Parts that make calls go last. */
export function combine(kind: "every" | "some", of: readonly BoundNode[]): BoundNode {
  const decisive = kind === "some"
  const parts: BoundNode[] = []
  let unknown = false
  for (const part of of) {
    if (part.kind === kind) for (const inner of part.of) parts.push(inner)
    else if (part.kind !== "constant") parts.push(part)
    else if (part.value === decisive) return constant(decisive)
    else if (part.value === undefined) unknown = true
  }
  if (parts.length === 0) return constant(unknown ? undefined : !decisive)
  // Evaluation stops at what decides, so a call is asked for only if nothing cheaper did.
  const ordered = parts.some(makesCalls) ? [...parts.filter((part) => !makesCalls(part)), ...parts.filter(makesCalls)] : parts
  if (unknown) return { kind, of: [constants.unknown, ...ordered] }
  return ordered.length === 1 ? (ordered[0] as BoundNode) : { kind, of: ordered }
}

/** Not. */
export function reverse(of: BoundNode): BoundNode {
  if (of.kind === "constant") return constant(of.value === undefined ? undefined : !of.value)
  return { kind: "not", of }
}

/** Whether evaluating a node may ask for a call. */
export function makesCalls(node: BoundNode): boolean {
  switch (node.kind) {
    case "every": case "some": return node.of.some(makesCalls)
    case "not": case "elemMatch": return makesCalls(node.of)
    case "open": case "isConstant": return operandHas(node.operand, (part) => part.kind === "call")
    default: return false
  }
}

/** Whether a part of an operand is such. */
function operandHas(operand: Operand, is: (part: Operand) => boolean): boolean {
  let found = false
  eachOperand(operand, (part) => { found ||= is(part) })
  return found
}

/** Whether an operand hangs on the document. INVARIANT: it has been bound. */
export function readsDocument(operand: Operand): boolean {
  return operandHas(operand, (part) => part.kind === "reference")
}

/** Whether an operand has its final value. */
export function isFixed(operand: Operand): boolean {
  return !operandHas(operand, (part) => part.kind === "reference" || part.kind === "call")
}

/** Whether a node hangs on the document; the item of an `$elemMatch` around it does not count. */
export function nodeReadsDocument(node: BoundNode): boolean {
  switch (node.kind) {
    case "constant": return false
    case "every": case "some": return node.of.some(nodeReadsDocument)
    case "not": return nodeReadsDocument(node.of)
    case "elemMatch": return outside(node.subject) || nodeReadsDocument(node.of)
    case "fixed": return outside(node.subject)
    case "open": return outside(node.subject) || readsDocument(node.operand)
    case "isConstant": return readsDocument(node.operand)
  }
}

function outside(subject: BoundSubject): boolean {
  return subject.kind === "document" && subject.source !== "item"
}
