// Why a user may or may not do something with one document: for the author of the rules, never for a client or a log, since it
// holds values of tokens and documents.
import type { Document, JsonPointer } from "../../kernel/index.ts"
import type { DocumentScope, ExplainedLeaf, Expression, Ternary } from "../expressions/index.ts"
import { hasFieldPermissions, holds, storedScope, type BoundRole, type BoundRules } from "./bound.ts"
import { explainFields, type ExplainedFields } from "./explain-fields.ts"
import { explained, withheld, type ExplainedPermission } from "./explain-permission.ts"
import { assignRole, decideRead, type ReadDecision } from "./read.ts"
import type { Role } from "./types.ts"
import { decideDelete, decideInsert, decideUpdate, type WriteDecision } from "./write.ts"

/** What is asked about. */
export type AccessQuestion =
  | { readonly operation: "read" | "delete"; readonly document: Document }
  | { readonly operation: "insert"; readonly document: Document; readonly generatedId?: boolean }
  | { readonly operation: "update"; readonly document: Document; readonly after: Document }

export interface ExplainedRole { readonly role: string; readonly pointer: JsonPointer; readonly applies: Ternary; readonly failing: ExplainedLeaf | undefined }

/** Which role is assigned on one image of a document, and what it says. */
export interface AssignedExplanation extends ExplainedFields {
  /** Roles in the order they were tried, the assigned one last. */
  readonly tried: readonly ExplainedRole[]
  readonly assigned: string | undefined
  /** The assigned role's permissions on the document. */
  readonly permissions: readonly ExplainedPermission[]
}

export interface AccessExplanation extends AssignedExplanation {
  readonly operation: AccessQuestion["operation"]
  readonly decision: { readonly outcome: "granted" } | { readonly outcome: "hidden" | "refused"; readonly because: string; readonly field?: string }
  /** The role of the document as an update leaves it, where that is another than before: it must admit the update too. */
  readonly after?: AssignedExplanation | undefined
}

/** Explains the decision on one document. Throws `CallsWanted`: an explanation asks for every call its expressions hold. */
export function explainAccess(rules: BoundRules, question: AccessQuestion): AccessExplanation {
  return rules.evaluate(() => explainNow(rules, question), () => false)
}

function explainNow(rules: BoundRules, question: AccessQuestion): AccessExplanation {
  const chosen: Images = question.operation === "insert" ? { root: question.document } : { root: question.document, prevRoot: question.document }
  const role = assignRole(rules, chosen)
  const judged: Images = question.operation === "update" ? { root: question.after, prevRoot: question.document } : chosen
  return {
    operation: question.operation,
    decision: decide(rules, role, question),
    ...explainAssigned(rules, role, question, { chosen, judged }),
    after: explainAfter(rules, role, question, judged),
  }
}

/** The document as it shall be, and as it was. */
interface Images extends DocumentScope { readonly root: Document }

/** The scopes of a decision: that in which the role was chosen, and that in which it is asked. */
interface Scopes { readonly chosen: Images; readonly judged: Images }

function explainAssigned(rules: BoundRules, role: BoundRole | undefined, question: AccessQuestion, { chosen, judged }: Scopes): AssignedExplanation {
  const common = { tried: triedRoles(rules, role, chosen), assigned: role?.role.name }
  if (role === undefined) return { ...common, permissions: [], fields: [] }
  const read = question.operation === "read" ? decideRead(rules, question.document) : undefined
  const kind = question.operation === "read" ? "read" : question.operation === "update" ? "change" : "whole"
  const exempt = new Set(needsNoId(question) ? ["_id"] : [])
  const fields: ExplainedFields = isLeftToFields(rules, role, judged, read) ? explainFields(rules, role, { kind, scope: judged, read, exempt }) : { fields: [] }
  return {
    ...common,
    permissions: permissionsOf(role.role, question.operation).map(([name, expression]) => (expression === undefined ? explainAbsentHalf(rules, role.role, name) : explainPermission(rules, name, expression, question, judged))),
    ...fields,
  }
}

/** SOURCE: rules, 9.1: neither an `_id` that the server makes nor that of a deleted document needs a permission. */
function needsNoId(question: AccessQuestion): boolean {
  return question.operation === "delete" || (question.operation === "insert" && question.generatedId === true)
}

/** SOURCE: rules, 9.2: the gate of an update is asked of the document before and of that after it; what fails first is shown. */
function explainPermission(rules: BoundRules, name: string, expression: Expression, question: AccessQuestion, judged: DocumentScope): ExplainedPermission {
  const before = question.operation === "update" && name === "document_filters.write" ? explained(rules, name, expression, storedScope(question.document)) : undefined
  return before !== undefined && before.result !== true ? before : explained(rules, name, expression, judged)
}

/** SOURCE: rules, 7 and 21: what the absent half of a gate does is a choice. */
function explainAbsentHalf({ settings }: BoundRules, { pointer }: Role, name: string): ExplainedPermission {
  if (settings.absentDocumentFilter === "grant") return { name, result: true, failing: undefined }
  return withheld(name, pointer, "absent", `\`${name}\` is absent, and an absent half is not passed`)
}

/** Only an update is judged on other images than its role was chosen by, so that only an update may find another role. */
function explainAfter(rules: BoundRules, role: BoundRole | undefined, question: AccessQuestion, judged: Images): AssignedExplanation | undefined {
  const { roleAfterWrite } = rules.settings
  if (role === undefined || roleAfterWrite === "none") return undefined
  const next = assignRole(rules, judged)
  const isAsked = next === undefined || (next !== role && roleAfterWrite === "writes")
  return isAsked ? explainAssigned(rules, next, question, { chosen: judged, judged }) : undefined
}

/** Whether the document's permissions let a read or write come as far as its fields. */
function isLeftToFields({ settings }: BoundRules, role: BoundRole, judged: DocumentScope, read: ReadDecision | undefined): boolean {
  if (read !== undefined) return read.outcome === "granted" ? !read.whole : read.because === "nothing-readable"
  return role.write === undefined || (settings.writeFalse === "fields" && hasFieldPermissions(role) && !holds(role.write, judged))
}

function triedRoles(rules: BoundRules, assigned: BoundRole | undefined, scope: DocumentScope): ExplainedRole[] {
  const tried = assigned === undefined ? rules.roles : rules.roles.slice(0, rules.roles.indexOf(assigned) + 1)
  return tried.map(({ role }) => {
    const { result, failing } = explained(rules, "apply_when", role.applyWhen, scope)
    return { role: role.name, pointer: role.pointer, applies: result, failing }
  })
}

function decide(rules: BoundRules, role: BoundRole | undefined, question: AccessQuestion): AccessExplanation["decision"] {
  if (question.operation === "read") return shortened(decideRead(rules, question.document))
  if (question.operation === "insert") return shortened(decideInsert(rules, question.document, question.generatedId === true))
  if (role === undefined) return { outcome: "refused", because: "no-role-applies" }
  return shortened("after" in question ? decideUpdate(rules, role, question.document, question.after) : decideDelete(rules, role, question.document))
}

function shortened(decision: ReadDecision | WriteDecision): AccessExplanation["decision"] {
  if (decision.outcome === "granted") return { outcome: "granted" }
  const { role: _role, ...refusal } = decision
  return refusal
}

/** What bears on an operation: those of the role that are there, and both halves of a gate that is. */
function permissionsOf(role: Role, operation: AccessQuestion["operation"]): (readonly [string, Expression | undefined])[] {
  const { documentFilters: gate } = role
  const halves = gate === undefined ? [] : operation === "read" ? (["read", "write"] as const) : (["write"] as const)
  return [
    ...halves.map((half) => [`document_filters.${half}`, gate?.[half]] as const),
    ...defined(operation === "read" ? [["read", role.read], ["write", role.write]] : [["write", role.write], ["insert", operation === "insert" ? role.insert : undefined], ["delete", operation === "delete" ? role.delete : undefined]]),
  ]
}

function defined(named: readonly (readonly [string, Expression | undefined])[]): (readonly [string, Expression])[] {
  return named.filter((pair): pair is readonly [string, Expression] => pair[1] !== undefined)
}
