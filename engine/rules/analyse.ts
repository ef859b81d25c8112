// Remarks about the rules of one file that load but will surprise their author: across its roles and its filters. Nothing here decides anything.
import { childPointer, type JsonPointer } from "../../kernel/index.ts"
import { analyse, asksFunctions, needsCustomData, type AnalyseOptions, type Expression, type RuleWarning } from "../expressions/index.ts"
import { conditionText } from "./condition-text.ts"
import { kindOf } from "./filters.ts"
import { queryExpression } from "./query-expression.ts"
import type { FieldPermission, FieldRule, FieldRules, Filter, Role, Rules } from "./types.ts"

/**
 * Besides what `analyse` says of each expression of a role or filter:
 * `unreachable-role` an earlier role applies wherever this one does; `never-applies` an `apply_when` that is always false;
 * `withholding-can-fail` a role that is to keep somebody out hangs on what may be missing, and a later role grants;
 * `conflicting-projections` two filters that always apply include and exclude fields.
 */
export function analyseRules(rules: Rules, options: AnalyseOptions = {}): RuleWarning[] {
  const ofExpressions = expressionsOf(rules).flatMap(({ role, expression }) => {
    // A role that grants nothing may well be for users without custom data.
    const isGrant = expression !== role.applyWhen || grants(role)
    return analyse(expression, options).filter(({ code }) => isGrant || code !== "holds-without-custom-data")
  })
  // A filter that applies to users without custom data, or hides something from them, opens nothing to them.
  const ofFilters = filterExpressionsOf(rules).flatMap((expression) => analyse(expression, options).filter(({ code }) => code !== "holds-without-custom-data"))
  return [...rules.roles.flatMap((role, index) => remarksOnRole(role, rules.roles.slice(0, index), rules.roles.slice(index + 1))), ...remarksOnFilters(rules.filters), ...ofExpressions, ...ofFilters]
}

/** Every expression of the roles of a file, and of which role. */
export function expressionsOf({ roles }: Pick<Rules, "roles">): readonly { readonly role: Role; readonly expression: Expression }[] {
  const ofPermission = (of: FieldPermission | undefined): (Expression | undefined)[] => [of?.read, of?.write]
  const ofFields = (fields: FieldRules | undefined): (Expression | undefined)[] => [...(fields?.values() ?? [])].flatMap((field) => [...ofPermission(field), ...ofFields(field.fields)])
  return roles.flatMap((role) => {
    const all = [role.applyWhen, ...ofPermission(role.documentFilters), ...ofPermission(role), role.insert, role.delete, ...ofFields(role.fields), ...ofPermission(role.additionalFields)]
    return all.flatMap((expression) => (expression === undefined ? [] : [{ role, expression }]))
  })
}

/** Every `apply_when` of the filters of a file, and every query as an expression. */
export function filterExpressionsOf({ filters }: Pick<Rules, "filters">): readonly Expression[] {
  return filters.flatMap(({ applyWhen, query }) => [...(applyWhen === undefined ? [] : [applyWhen]), ...(query === undefined ? [] : [queryExpression(query)])])
}

function remarksOnRole(role: Role, earlier: readonly Role[], later: readonly Role[]): RuleWarning[] {
  const { applyWhen, name, pointer } = role
  if (applyWhen === undefined) return []
  const place = childPointer(pointer, "apply_when")
  if (isNever(applyWhen)) return [{ code: "never-applies", path: place, message: `\`apply_when\` of role \`${name}\` is always false` }]
  const first = shadowOf(role, earlier)
  if (first !== undefined) return [{ code: "unreachable-role", path: place, message: `role \`${name}\` is never assigned: role \`${first.name}\` stands before it and applies wherever it does` }]
  const granting = later.find((other) => mayHold(other.applyWhen) && !isNever(other.applyWhen) && grants(other))
  if (granting !== undefined && !grants(role) && (asksFunctions(applyWhen) || needsCustomData(applyWhen))) {
    return [{ code: "withholding-can-fail", path: place, message: `role \`${name}\` grants nothing, and where its \`apply_when\` has no value or its function fails, role \`${granting.name}\` is tried, which grants; write the condition into that role` }]
  }
  return []
}

/** The first of the earlier roles that applies wherever a role does, so that it is never assigned. */
export function shadowOf({ applyWhen }: Role, earlier: readonly Role[]): Role | undefined {
  if (applyWhen === undefined) return undefined
  const facts = new Set(factsOf(applyWhen))
  return earlier.find((other) => other.applyWhen !== undefined && follows(other.applyWhen, facts))
}

/** Whether an expression is false whatever is asked. */
function isNever(expression: Expression): boolean {
  switch (expression.kind) {
    case "constant": return expression.value === false
    case "every": return expression.of.some(isNever)
    case "some": return expression.of.every(isNever)
    default: return false
  }
}

/** The texts of what is true wherever an expression is. */
function factsOf(expression: Expression): readonly string[] {
  return expression.kind === "every" ? expression.of.flatMap(factsOf) : [conditionText(expression)]
}

/** Whether an expression is true for certain wherever some facts are: each of its parts is one of them. */
function follows(expression: Expression, facts: ReadonlySet<string>): boolean {
  switch (expression.kind) {
    case "constant": return expression.value === true
    case "every": return expression.of.every((part) => follows(part, facts))
    case "some": return expression.of.some((part) => follows(part, facts)) || facts.has(conditionText(expression))
    default: return facts.has(conditionText(expression))
  }
}

/** Whether a permission is there and is true for anybody. */
export function mayHold(expression: Expression | undefined): expression is Expression {
  return expression !== undefined && !(expression.kind === "constant" && expression.value !== true)
}

/** Whether a role lets anything be read or written. */
function grants({ read, write, fields, additionalFields }: Role): boolean {
  if (mayHold(read) || mayHold(write)) return true
  const entries: FieldRule[] = [...(fields?.values() ?? []), { read: additionalFields?.read, write: additionalFields?.write, fields: undefined }]
  // A field that may be written is shown too.
  return entries.some((entry) => entryGrants(entry, read === undefined, read === undefined || write === undefined))
}

/** `reads`, `writes`: no permission of that kind above the entry decides instead of those in it. */
function entryGrants({ read, write, fields }: FieldRule, reads: boolean, writes: boolean): boolean {
  if ((reads && mayHold(read)) || (writes && mayHold(write))) return true
  return [...(fields?.values() ?? [])].some((entry) => entryGrants(entry, reads && read === undefined, writes && write === undefined))
}

function remarksOnFilters(filters: readonly Filter[]): RuleWarning[] {
  const never = filters.flatMap(({ applyWhen, name, pointer }) => (applyWhen !== undefined && isNever(applyWhen) ? [{ code: "never-applies", path: childPointer(pointer, "apply_when"), message: `\`apply_when\` of filter \`${name}\` is always false` }] : []))
  const always = filters.filter(({ applyWhen }) => applyWhen === undefined || follows(applyWhen, new Set()))
  const [first, ...others] = always.map((filter) => ({ filter, kind: kindOf(filter.projection ?? {}) })).filter(({ kind }) => kind !== "neither")
  const other = others.find(({ kind }) => kind !== first?.kind)
  return other === undefined || first === undefined ? never : [...never, conflict(first.filter, other.filter)]
}

function conflict(first: Filter, { name, pointer }: Filter): RuleWarning {
  const path: JsonPointer = childPointer(pointer, "projection")
  return { code: "conflicting-projections", path, message: `the projections of the filters \`${first.name}\` and \`${name}\` include and exclude fields: every request fails` }
}

