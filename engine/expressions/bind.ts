// Partial evaluation: what is known before a document is read is decided once; what is left hangs on the document and on calls.
import { isDocument } from "../../kernel/index.ts"
import { constant, combine, isFixed, makesCalls, nodeReadsDocument, reverse, type BoundExpression, type BoundNode, type BoundSubject } from "./bound.ts"
import { noCalls } from "./calls.ts"
import { anyEnd, pattern } from "./checks.ts"
import { bindComparison, fixed, nothing } from "./comparisons.ts"
import { compileNode } from "./compile.ts"
import { knownRoot, missing, resolve, spelledBoth, undetermined, valueAt } from "./resolve.ts"
import { leafTest } from "./tests.ts"
import { isKnown, type Expression, type Operand, type Reference } from "./tree.ts"
import type { CallTable, KnownScope } from "./types.ts"

/**
 * Binds an expression to what is known in a request. Do it once per request, then {@link compile}, {@link toQuery} or
 * {@link constantOf} as often as needed. No call is asked for yet.
 */
export function bind(expression: Expression, known: KnownScope, calls: CallTable = noCalls): BoundExpression {
  return { source: expression, known, calls, root: bindNode(expression, known) }
}

/** Binds one node. */
export function bindNode(node: Expression, known: KnownScope): BoundNode {
  switch (node.kind) {
    case "constant": return constant(node.value)
    case "every": return combine("every", node.of.map((part) => bindNode(part, known)))
    case "some": return combine("some", node.of.map((part) => bindNode(part, known)))
    case "not": return reverse(bindNode(node.of, known))
    case "isConstant": return bindIsConstant(bindOperand(node.operand, known), node.value)
    case "elemMatch": return bindElemMatch(node, known)
    case "test": return bindTest(node, known)
    case "exists": return fixed(bindSubject(node.subject, known), anyEnd(leafTest(node)), { kind: "exists" })
    case "size": return fixed(bindSubject(node.subject, known), anyEnd(leafTest(node)), { kind: "size", size: node.size })
    case "type": return fixed(bindSubject(node.subject, known), anyEnd(leafTest(node)), { kind: "type", types: node.types })
    case "mod": return fixed(bindSubject(node.subject, known), anyEnd(leafTest(node)), { kind: "mod", divisor: node.divisor, remainder: node.remainder })
    case "regex": return fixed(bindSubject(node.subject, known), pattern(node.regex), { kind: "regex" })
  }
}

/** Replaces what is known in an operand. */
export function bindOperand(operand: Operand, known: KnownScope): Operand {
  switch (operand.kind) {
    case "reference": {
      if (!isKnown(operand.source)) return operand
      const { value: root, path } = knownRoot(known, operand)
      const value = valueAt(root, path)
      return value === missing ? { kind: "missing" } : { kind: "literal", value, expanded: true }
    }
    case "list": return { kind: "list", items: operand.items.map((item) => bindOperand(item, known)) }
    case "document": return { kind: "document", fields: operand.fields.map(([field, value]) => [field, bindOperand(value, known)]) }
    case "call": return { ...operand, args: operand.args.map((argument) => bindOperand(argument, known)) }
    case "conversion": return { ...operand, of: bindOperand(operand.of, known) }
    default: return operand
  }
}

function bindSubject(reference: Reference, known: KnownScope): BoundSubject {
  if (!isKnown(reference.source)) return { kind: "document", source: reference.source, path: reference.path }
  let { value, path } = knownRoot(known, reference)
  // A path is walked as far as it has one end; the rest goes over a list.
  while (path.length > 0 && !Array.isArray(value)) {
    const [segment, ...rest] = path
    value = isDocument(value) && Object.hasOwn(value, segment as string) ? value[segment as string] : missing
    path = rest
  }
  return { kind: "known", value, path }
}

function bindIsConstant(operand: Operand, wanted: boolean): BoundNode {
  if (!isFixed(operand)) return { kind: "isConstant", operand, value: wanted }
  const value = resolve(operand, nothing)
  return constant(value === missing || value === undetermined ? undefined : value === wanted)
}

function bindElemMatch({ subject, of, documents }: Expression & { kind: "elemMatch" }, known: KnownScope): BoundNode {
  const at = bindSubject(subject, known)
  const isIdentities = documents && subject.source === "user" && subject.path.join(".") === "identities"
  const node: BoundNode = { kind: "elemMatch", subject: isIdentities && at.kind === "known" ? { ...at, value: spelledBoth(at.value) } : at, of: bindNode(of, known), documents }
  if (node.subject.kind === "document" || nodeReadsDocument(node.of) || makesCalls(node.of)) return node
  return constant(compileNode(node, noCalls)({}, missing))
}

function bindTest(node: Expression & { kind: "test" }, known: KnownScope): BoundNode {
  return bindComparison(node.operator, bindSubject(node.subject, known), bindOperand(node.operand, known))
}

