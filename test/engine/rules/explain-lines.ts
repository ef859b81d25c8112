// Explanations as lines, for tests of them.
import { explainAccess, type AccessExplanation, type AccessQuestion, type AssignedExplanation, type ExplainedLeaf, type RuleSettings, type Ternary } from "../../../engine/index.ts"
import { bound } from "./bind-roles.ts"

/** Explains a decision on one document for user `u1`. */
export function explain(roles: readonly object[], question: AccessQuestion, settings: Partial<RuleSettings> = {}): AccessExplanation {
  return explainAccess(bound(roles, settings), question)
}

/** How one expression came out, and where it failed. */
export const line = (name: string, result: Ternary, failing: ExplainedLeaf | undefined): string => `${name}: ${String(result)}${failing === undefined ? "" : ` ${failing.pointer}`}`
export const triedIn = ({ tried }: AssignedExplanation): string[] => tried.map(({ role, applies, failing }) => line(role, applies, failing))
export const permissionsIn = ({ permissions }: AssignedExplanation): string[] => permissions.map(({ name, result, failing }) => line(name, result, failing))
export const fieldsIn = ({ fields }: AssignedExplanation): string[] => fields.map(({ field, entry, permissions }) => [field, entry, ...permissions.map(({ name, result, failing }) => line(name, result, failing))].join(" "))
export const shownIn = ({ fields }: AssignedExplanation): string[] => fields.map(({ field, shown }) => `${field} ${shown}`)
