// Comparisons with an operand that has its value, taken apart into tests that are true or false.
import type { Value } from "../../kernel/index.ts"
import { constant, constants, combine, isFixed, type BoundNode, type BoundSubject, type FixedTest } from "./bound.ts"
import { noCalls } from "./calls.ts"
import { equality, membership, order, type Check, type MatchMode } from "./checks.ts"
import { missing, resolve, undetermined } from "./resolve.ts"
import type { Operand, TestOperator } from "./tree.ts"

/** The reading of an operand that hangs on nothing. */
export const nothing = { scope: {}, item: missing, calls: noCalls } as const

/** A test with a known operand; decided at once when the subject is known too. */
export function fixed(subject: BoundSubject, check: Check, of: FixedTest["of"]): BoundNode {
  return subject.kind === "known" ? constant(check.run(subject.value, subject.path, false)) : { kind: "fixed", subject, check, of }
}

/** How a value in the place of this operand matches. */
function modeOf(operand: Operand): MatchMode {
  switch (operand.kind) {
    case "literal": return operand.expanded ? "expanded" : "literal"
    case "list": return "literal"
    default: return "expanded"
  }
}

/** A comparison; one whose operand is not known yet stays open. */
export function bindComparison(operator: TestOperator, subject: BoundSubject, operand: Operand): BoundNode {
  if (operand.kind === "list" && operator === "in") return bindMembership(subject, operand.items)
  if (operand.kind === "list" && operator === "all") return bindAll(subject, operand.items)
  const mode = modeOf(operand)
  if (!isFixed(operand)) return { kind: "open", operator, subject, operand, mode }
  const value = resolve(operand, nothing)
  if (value === missing || value === undetermined) return constants.unknown
  return bindFixed(operator, subject, value, mode)
}

/** A test of a value that is there. */
function bindFixed(operator: TestOperator, subject: BoundSubject, value: Value, mode: MatchMode): BoundNode {
  switch (operator) {
    case "eq": return fixed(subject, equality(value, mode), { kind: "eq", value, mode })
    case "in": {
      if (!Array.isArray(value)) return constants.unknown
      const looseNull = mode === "literal" && value.includes(null)
      return fixed(subject, membership(value, looseNull), { kind: "in", items: value, looseNull })
    }
    case "all": return Array.isArray(value) ? bindAll(subject, value.map((item: Value) => ({ kind: "literal", value: item, expanded: mode !== "literal" }))) : constants.unknown
    default: {
      const check = order(operator, value)
      return check === undefined ? constants.unknown : fixed(subject, check, { kind: "order", operator, value })
    }
  }
}

/** One item decides `$in`; an item without a value leaves it open, the others still count. */
function bindMembership(subject: BoundSubject, items: readonly Operand[]): BoundNode {
  const values: Value[] = []
  const parts: BoundNode[] = []
  let looseNull = false
  for (const item of items) {
    if (!isFixed(item)) {
      parts.push({ kind: "open", operator: "eq", subject, operand: item, mode: itemMode(item) })
      continue
    }
    const value = resolve(item, nothing)
    if (value === missing || value === undetermined) parts.push(constants.unknown)
    else {
      values.push(value)
      looseNull ||= value === null && itemMode(item) === "literal"
    }
  }
  return combine("some", [fixed(subject, membership(values, looseNull), { kind: "in", items: values, looseNull }), ...parts])
}

function bindAll(subject: BoundSubject, items: readonly Operand[]): BoundNode {
  if (items.length === 0) return constants.no
  return combine("every", items.map((item): BoundNode => {
    const mode = itemMode(item)
    if (!isFixed(item)) return { kind: "open", operator: "eq", subject, operand: item, mode }
    const value = resolve(item, nothing)
    return value === missing || value === undetermined ? constants.unknown : fixed(subject, equality(value, mode), { kind: "eq", value, mode })
  }))
}

/** Items compare like literals, but an expanded null does not match a missing subject. */
function itemMode(item: Operand): MatchMode {
  return modeOf(item) === "literal" ? "literal" : "item"
}

