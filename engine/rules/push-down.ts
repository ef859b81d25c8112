// What of a list of roles the database can decide (specification 15).
import type { Document } from "../../kernel/index.ts"
import type { Expression, Pushed } from "../expressions/index.ts"
import { allOf, oneOf } from "./filter-query.ts"
import { hasFieldPermissions, type BoundRole, type BoundRules } from "./bound.ts"
import type { FieldPermission, Role } from "./types.ts"

/** A list of roles as a predicate: it admits at least what a user may see or change. */
export interface PushedRoles {
  readonly query: Document | "none"
  /** The predicate admits nothing else, and every document it admits is readable whole: nothing is left to do per document. */
  readonly exact: boolean
  /** The role of every document, where the user alone decides it. */
  readonly onlyRole: BoundRole | undefined
}

const everything: Pushed = { query: {}, exact: true }
const nothing: Pushed = { query: "none", exact: true }

/** The documents that are visible. Throws `CallsWanted`. */
export function pushVisible(rules: BoundRules): PushedRoles {
  return pushRoles(rules, (role) => pushReadable(role, rules))
}

/** The documents that have a role, whatever it grants: the candidates of a write. Throws `CallsWanted`. */
export function pushAssigned(rules: BoundRules): PushedRoles {
  return pushRoles(rules, () => everything)
}

function pushRoles(rules: BoundRules, grants: (role: BoundRole) => Pushed): PushedRoles {
  const visible: (Document | "none")[] = []
  const earlier: Document[] = []
  const used: BoundRole[] = []
  let exact = true
  for (const bound of rules.roles) {
    const applies = pushed(rules, bound.role.applyWhen, nothing)
    if (applies.query === "none") continue
    const granted = grants(bound)
    used.push(bound)
    visible.push(allOf([applies.query, ...earlier, granted.query]))
    exact &&= applies.exact && granted.exact
    if (applies.exact && isEverything(applies.query)) break
    // A role that is not exact shuts nobody out for certain: later roles are asked per document.
    if (applies.exact) earlier.push({ $nor: [applies.query] })
  }
  const [first] = used
  const alone = used.length === 1 && first !== undefined && isEverything(pushed(rules, first.role.applyWhen, nothing).query) && exact
  return { query: oneOf(visible), exact, onlyRole: alone ? first : undefined }
}

function pushReadable(bound: BoundRole, rules: BoundRules): Pushed {
  const { role } = bound
  const gate = pushGate(role.documentFilters, rules)
  const write = pushed(rules, role.write, nothing)
  if (role.read !== undefined) return both(gate, either(pushed(rules, role.read, nothing), write))
  if (!hasFieldPermissions(bound) || (write.exact && isEverything(write.query))) return both(gate, write)
  return { query: gate.query, exact: false }
}

function pushGate(gate: FieldPermission | undefined, rules: BoundRules): Pushed {
  if (gate === undefined) return everything
  const absent = rules.settings.absentDocumentFilter === "grant" ? everything : nothing
  return either(pushed(rules, gate.read, absent), pushed(rules, gate.write, absent))
}

function pushed(rules: BoundRules, expression: Expression | undefined, absent: Pushed): Pushed {
  return expression === undefined ? absent : rules.pushed(expression)
}

function both(left: Pushed, right: Pushed): Pushed {
  return { query: allOf([left.query, right.query]), exact: left.exact && right.exact }
}

function either(left: Pushed, right: Pushed): Pushed {
  return { query: oneOf([left.query, right.query]), exact: left.exact && right.exact }
}

function isEverything(query: Document | "none"): boolean {
  return query !== "none" && Object.keys(query).length === 0
}

/** Whether a deleted document, of which nothing is known, would certainly have been visible (specification 10, watch). Throws `CallsWanted`. */
export function isVisibleUnseen(rules: BoundRules): boolean {
  const { onlyRole, query, exact } = pushVisible(rules)
  return onlyRole !== undefined && exact && isEverything(query)
}

/** The expressions of a role by name, for readers that go over all of them. */
export function roleExpressions(role: Role): (readonly [string, Expression])[] {
  const named: (readonly [string, Expression | undefined])[] = [
    ["apply_when", role.applyWhen], ["document_filters.read", role.documentFilters?.read], ["document_filters.write", role.documentFilters?.write],
    ["read", role.read], ["write", role.write], ["insert", role.insert], ["delete", role.delete],
  ]
  return named.filter((pair): pair is readonly [string, Expression] => pair[1] !== undefined)
}
