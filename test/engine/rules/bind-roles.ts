// Roles bound for a user, as tests of decisions need them.
import { assignRole, bindRules, createCallTable, decideDelete, decideInsert, decideUpdate, defaultRuleSettings, parseRules, storedScope, type BoundRules, type Problems, type RuleSettings, type WriteDecision } from "../../../engine/index.ts"
import type { Document } from "../../../kernel/index.ts"

/** Binds roles for user `u1`; a name and an `apply_when` of `{}` are given to those that have none. Throws where the rules are wrong. */
export function bound(roles: readonly object[], settings: Partial<RuleSettings> = {}): BoundRules {
  const problems: Problems = { errors: [], warnings: [] }
  const rules = parseRules({ roles: roles.map((role, index) => ({ name: `r${index}`, apply_when: {}, ...role })) }, { kind: "collection", problems })
  if (problems.errors[0] !== undefined) throw problems.errors[0]
  return bindRules(rules, { user: { id: "u1" } }, createCallTable(), { ...defaultRuleSettings, ...settings })
}

/** A decision in one word, with the field that stood in the way. */
export function inWords(decision: WriteDecision): string {
  return decision.outcome === "granted" ? "granted" : [decision.because, ...(decision.field === undefined ? [] : [decision.field])].join(" ")
}

export function insertion(rules: BoundRules, document: Document, generatedId = true): string {
  return inWords(decideInsert(rules, document, generatedId))
}

export function deletion(rules: BoundRules, document: Document): string {
  const role = assignRole(rules, storedScope(document))
  return role === undefined ? "no role" : inWords(decideDelete(rules, role, document))
}

export function update(rules: BoundRules, before: Document, after: Document): string {
  const role = assignRole(rules, storedScope(before))
  return role === undefined ? "no role" : inWords(decideUpdate(rules, role, before, after))
}
