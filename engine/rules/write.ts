// Whether a user may insert, change or delete one document (specification 9.1 to 9.3): decided on the images before and after.
import { getField, type Document } from "../../kernel/index.ts"
import type { DocumentScope } from "../expressions/index.ts"
import { entryOf, hasFieldPermissions, holds, storedScope, type BoundRole, type BoundRules } from "./bound.ts"
import { admitsDifference, admitsWhole } from "./difference.ts"
import { identical } from "./identical.ts"
import { assignRole } from "./read.ts"
import type { RuleSettings } from "./settings.ts"

export type WriteRefusal =
  | "no-role-applies" | "gate-refuses" | "role-forbids" | "field-forbids" | "insert-forbidden" | "delete-forbidden"
  | "no-role-after" | "role-after-forbids"

/** The answer to a write. `field` is a dotted path of names; no value of the document is in it. */
export type WriteDecision =
  | { readonly outcome: "granted"; readonly role: string }
  | { readonly outcome: "refused"; readonly because: WriteRefusal; readonly role: string | undefined; readonly field?: string }

/** Whether a new document may be inserted. `generatedId`: this server made the `_id`, which then needs no permission. */
export function decideInsert(rules: BoundRules, document: Document, generatedId: boolean): WriteDecision {
  const scope: DocumentScope = { root: document }
  const role = assignRole(rules, scope)
  if (role === undefined) return refused("no-role-applies", undefined)
  if (!passesWriteGate(role, scope, rules.settings)) return refused("gate-refuses", role)
  const fields = mayWriteAll(role, document, scope, rules.settings, generatedId)
  if (fields !== undefined) return fields
  return role.insert === undefined || role.insert.of(scope) ? granted(role) : refused("insert-forbidden", role)
}

/** Whether a stored document may be deleted by the role assigned to it. */
export function decideDelete(rules: BoundRules, role: BoundRole, document: Document): WriteDecision {
  const scope = storedScope(document)
  if (!passesWriteGate(role, scope, rules.settings)) return refused("gate-refuses", role)
  const fields = mayWriteAll(role, document, scope, rules.settings, true)
  if (fields !== undefined) return fields
  return role.delete === undefined || role.delete.of(scope) ? granted(role) : refused("delete-forbidden", role)
}

/**
 * Whether a document may become another. `role` was assigned on the document as it was.
 *
 * SECURITY: the role of the result must admit the change too, or a user could move a document to where he could not have put it.
 */
export function decideUpdate(rules: BoundRules, role: BoundRole, before: Document, after: Document): WriteDecision {
  const own = admitsChange(role, before, after, rules.settings)
  if (own.outcome === "refused" || rules.settings.roleAfterWrite === "none") return own
  const next = assignRole(rules, { root: after, prevRoot: before })
  if (next === undefined) return refused("no-role-after", role)
  if (next === role || rules.settings.roleAfterWrite === "any") return own
  const theirs = admitsChange(next, before, after, rules.settings)
  return theirs.outcome === "refused" ? { ...theirs, because: "role-after-forbids" } : own
}

function admitsChange(role: BoundRole, before: Document, after: Document, settings: RuleSettings): WriteDecision {
  const scope: DocumentScope = { root: after, prevRoot: before }
  if (!passesWriteGate(role, storedScope(before), settings) || !passesWriteGate(role, scope, settings)) return refused("gate-refuses", role)
  const whole = mayWriteDocument(role, scope, settings)
  if (whole !== "ask-fields") return whole === "yes" ? granted(role) : refused("role-forbids", role)
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const was = Object.hasOwn(before, field)
    const is = Object.hasOwn(after, field)
    if (was && is && identical(before[field], after[field])) continue
    const entry = entryOf(role, field)
    const images = { root: after, prevRoot: before, was, is, prev: getField(before, field), this: getField(after, field) }
    if (entry === undefined || !admitsDifference(entry, images)) return { ...refused("field-forbids", role), field }
  }
  return granted(role)
}

/** Undefined when every field may be written. */
function mayWriteAll(role: BoundRole, document: Document, scope: DocumentScope, settings: RuleSettings, exemptId: boolean): WriteDecision | undefined {
  const whole = mayWriteDocument(role, scope, settings)
  if (whole !== "ask-fields") return whole === "yes" ? undefined : refused("role-forbids", role)
  for (const field of Object.keys(document)) {
    if (field === "_id" && exemptId) continue
    const entry = entryOf(role, field)
    if (entry === undefined || !admitsWhole(entry, document[field], scope)) return { ...refused("field-forbids", role), field }
  }
  return hasFieldPermissions(role) ? undefined : refused("role-forbids", role)
}

function mayWriteDocument(role: BoundRole, scope: DocumentScope, { writeFalse }: RuleSettings): "yes" | "no" | "ask-fields" {
  if (role.write === undefined) return "ask-fields"
  if (role.write.of(scope)) return "yes"
  return writeFalse === "fields" && hasFieldPermissions(role) ? "ask-fields" : "no"
}

function passesWriteGate({ gate }: BoundRole, scope: DocumentScope, { absentDocumentFilter }: RuleSettings): boolean {
  if (gate === undefined) return true
  if (gate.write === undefined) return absentDocumentFilter === "grant"
  return holds(gate.write, scope)
}

function granted(role: BoundRole): WriteDecision {
  return { outcome: "granted", role: role.role.name }
}

function refused(because: WriteRefusal, role: BoundRole | undefined): WriteDecision & { outcome: "refused" } {
  return { outcome: "refused", because, role: role?.role.name }
}
