// Remarks about the rules of one file that load but will surprise their author: across its roles and its filters. Nothing here decides anything.
import { childPointer, ejsonText, type JsonPointer, type Value } from "../../kernel/index.ts"
import { analyse, asksFunctions, needsCustomData, type Expression, type Regex, type RuleWarning } from "../expressions/index.ts"
import { kindOf } from "./filters.ts"
import type { FieldPermission, FieldRules, Filter, Role, Rules } from "./types.ts"

/**
 * Besides what `analyse` says of each expression of a role:
 * `unreachable-role` an earlier role applies wherever this one does; `never-applies` an `apply_when` that is always false;
 * `withholding-can-fail` a role that is to keep somebody out hangs on what may be missing, and a later role grants;
 * `conflicting-projections` two filters that always apply include and exclude fields.
 */
export function analyseRules(rules: Rules): RuleWarning[] {
  const ofExpressions = expressionsOf(rules).flatMap(({ role, expression }) => {
    // A role that grants nothing may well be for users without custom data.
    const isGrant = expression !== role.applyWhen || grants(role)
    return analyse(expression).filter(({ code }) => isGrant || code !== "holds-without-custom-data")
  })
  return [...rules.roles.flatMap((role, index) => remarksOnRole(role, rules.roles.slice(0, index), rules.roles.slice(index + 1))), ...remarksOnFilters(rules.filters), ...ofExpressions]
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

function remarksOnRole(role: Role, earlier: readonly Role[], later: readonly Role[]): RuleWarning[] {
  const { applyWhen, name, pointer } = role
  if (applyWhen === undefined) return []
  const place = childPointer(pointer, "apply_when")
  if (isNever(applyWhen)) return [{ code: "never-applies", path: place, message: `\`apply_when\` of role \`${name}\` is always false` }]
  const first = shadowOf(role, earlier)
  if (first !== undefined) return [{ code: "unreachable-role", path: place, message: `role \`${name}\` is never assigned: role \`${first.name}\` stands before it and applies wherever it does` }]
  const granting = later.find((other) => other.applyWhen !== undefined && !isNever(other.applyWhen) && grants(other))
  if (granting !== undefined && !grants(role) && (asksFunctions(applyWhen) || needsCustomData(applyWhen))) {
    return [{ code: "withholding-can-fail", path: place, message: `role \`${name}\` grants nothing, and where its \`apply_when\` has no value or its function fails, role \`${granting.name}\` is tried, which grants; write the condition into that role` }]
  }
  return []
}

/** The first of the earlier roles that applies wherever a role does, so that it is never assigned. */
export function shadowOf({ applyWhen }: Role, earlier: readonly Role[]): Role | undefined {
  return applyWhen === undefined ? undefined : earlier.find((other) => other.applyWhen !== undefined && implies(applyWhen, other.applyWhen))
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

/** Whether wherever the first expression is true, the second is for certain: each of its parts is one of the first's. */
function implies(first: Expression, second: Expression): boolean {
  const facts = new Set<string>()
  const gather = (node: Expression): void => {
    facts.add(textOf(node))
    if (node.kind === "every") node.of.forEach(gather)
  }
  gather(first)
  const holds = (node: Expression): boolean => {
    switch (node.kind) {
      case "constant": return node.value === true
      case "every": return node.of.every(holds)
      case "some": return node.of.some(holds) || facts.has(textOf(node))
      default: return facts.has(textOf(node))
    }
  }
  return holds(second)
}

/** An expression without its places: equal texts ask the same. */
function textOf(expression: Expression): string {
  return JSON.stringify(expression, (key, value: unknown) => {
    if (key === "pointer") return undefined
    if (typeof value === "bigint") return String(value)
    if (key === "regex") return [(value as Regex).source, (value as Regex).options]
    // Values of BSON are told apart by their canonical text; JSON's own would make one of NaN and null.
    return key === "value" && typeof value !== "boolean" ? ejsonText(value as Value) : value
  })
}

/** Whether a permission is there and is true for anybody. */
export function mayHold(expression: Expression | undefined): expression is Expression {
  return expression !== undefined && !(expression.kind === "constant" && expression.value !== true)
}

/** Whether a role lets anything be read or written. */
function grants({ read, write, fields, additionalFields }: Role): boolean {
  const below = (rules: FieldRules | undefined): boolean => [...(rules?.values() ?? [])].some((rule) => mayHold(rule.read) || mayHold(rule.write) || below(rule.fields))
  if (mayHold(write) || mayHold(read)) return true
  return read === undefined && (below(fields) || mayHold(additionalFields?.read) || mayHold(additionalFields?.write))
}

function remarksOnFilters(filters: readonly Filter[]): RuleWarning[] {
  const never = filters.flatMap(({ applyWhen, name, pointer }) => (applyWhen !== undefined && isNever(applyWhen) ? [{ code: "never-applies", path: childPointer(pointer, "apply_when"), message: `\`apply_when\` of filter \`${name}\` is always false` }] : []))
  const always = filters.filter(({ applyWhen }) => applyWhen === undefined || implies({ kind: "constant", value: true }, applyWhen))
  const [first, ...others] = always.map((filter) => ({ filter, kind: kindOf(filter.projection ?? {}) })).filter(({ kind }) => kind !== "neither")
  const other = others.find(({ kind }) => kind !== first?.kind)
  return other === undefined || first === undefined ? never : [...never, conflict(first.filter, other.filter)]
}

function conflict(first: Filter, { name, pointer }: Filter): RuleWarning {
  const path: JsonPointer = childPointer(pointer, "projection")
  return { code: "conflicting-projections", path, message: `the projections of the filters \`${first.name}\` and \`${name}\` include and exclude fields: every request fails` }
}

