// What of a list of roles the database can decide (specification 15).
import { isIndex, type Document } from "../../kernel/index.ts"
import type { Expression, Pushed } from "../expressions/index.ts"
import { allOf, oneOf } from "./resolve-filter-query.ts"
import { hasFieldPermissions, type BoundRole, type BoundRules } from "./bound.ts"
import { readableProjection } from "./standing.ts"
import type { FieldPermission, FieldRules } from "./types.ts"

/** A list of roles as a predicate: it admits at least what a user may see or change. */
export interface PushedRoles {
  readonly query: Document | "none"
  /** The predicate admits nothing else. */
  readonly exact: boolean
  /** Every document it admits is readable whole: nothing is to be cut. */
  readonly whole: boolean
  /** The role of every document it admits, where that is one. */
  readonly onlyRole: BoundRole | undefined
  /** What leaves of every document it admits what is readable; undefined where documents differ. */
  readonly projection: Document | undefined
}

/** What one role grants; `projection` as in {@link PushedRoles}, `{}` where documents are readable whole. */
interface Granted extends Pushed { readonly projection: Document | undefined }

const everything: Pushed = { query: {}, exact: true }
const nothing: Pushed = { query: "none", exact: true }

/** The documents that are visible. Throws `CallsWanted`. */
export function pushVisible(rules: BoundRules): PushedRoles {
  return pushRoles(rules, (role) => pushReadable(role, rules))
}

/** The documents that have a role, whatever it grants: the candidates of a write. Throws `CallsWanted`. */
export function pushAssigned(rules: BoundRules): PushedRoles {
  return pushRoles(rules, () => ({ ...everything, projection: {} }))
}

function pushRoles(rules: BoundRules, grants: (role: BoundRole) => Granted): PushedRoles {
  const visible: (Document | "none")[] = []
  const earlier: Document[] = []
  const served: { readonly bound: BoundRole; readonly applies: Pushed; readonly projection: Document | undefined }[] = []
  let exact = true
  for (const bound of rules.roles) {
    const applies = pushed(rules, bound.role.applyWhen, nothing)
    if (applies.query === "none") continue
    const granted = grants(bound)
    visible.push(allOf([applies.query, ...earlier, granted.query]))
    served.push({ bound, applies, projection: granted.projection })
    exact &&= applies.exact && granted.exact
    if (isCertain(applies)) break
    // A role that is not exact shuts nobody out for certain: later roles are asked per document.
    if (applies.exact) earlier.push({ $nor: [applies.query] })
  }
  const only = served.length === 1 && served[0]?.applies.exact === true ? served[0] : undefined
  const whole = served.every(({ projection }) => projection !== undefined && Object.keys(projection).length === 0)
  return { query: oneOf(visible), exact, whole, onlyRole: only?.bound, projection: only?.projection }
}

function pushReadable(bound: BoundRole, rules: BoundRules): Granted {
  const { role } = bound
  const gate = pushGate(role.documentFilters, rules)
  const write = pushed(rules, role.write, nothing)
  if (role.read !== undefined) return { ...both(gate, either(pushed(rules, role.read, nothing), write)), projection: {} }
  if (!hasFieldPermissions(bound) || isCertain(write)) return { ...both(gate, write), projection: {} }
  // Every stored document has an `_id`: where that is always readable, no document is left without a readable field. Where `write` may lift all, documents differ.
  const projection = write.query === "none" ? readableProjection(bound) : undefined
  return { query: gate.query, exact: gate.exact && isPathAlwaysReadable(rules, bound, ["_id"]), projection }
}

/**
 * Whether every document of a role lets a path be tested, whatever stands in it. Not asked for `_id` as a predicate, which is
 * exempt, but as a field. Throws `CallsWanted`.
 */
export function isPathAlwaysReadable(rules: BoundRules, { role }: BoundRole, [field, ...rest]: readonly string[]): boolean {
  let entry: FieldPermission & { readonly fields?: FieldRules | undefined } | undefined = role.fields?.get(field as string) ?? role.additionalFields
  let writeCounts = true
  for (;;) {
    if (entry === undefined) return false
    if (isCertain(pushed(rules, entry.read, nothing)) || (writeCounts && isCertain(pushed(rules, entry.write, nothing)))) return true
    writeCounts &&= entry.write === undefined
    const segment = rest.shift()
    // A number may be an element or a field; that hangs on the document.
    if (entry.read !== undefined || segment === undefined || isIndex(segment)) return false
    entry = entry.fields?.get(segment)
  }
}

/** Whether something holds for every document. */
function isCertain({ query, exact }: Pushed): boolean {
  return exact && query !== "none" && Object.keys(query).length === 0
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

/** Whether a deleted document, of which nothing is known, would certainly have been visible (specification 10, watch). Throws `CallsWanted`. */
export function isVisibleUnseen(rules: BoundRules): boolean {
  const visible = pushVisible(rules)
  return visible.whole && isCertain(visible)
}
