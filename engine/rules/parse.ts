// A rules file → Rules (specification 6). All problems of a file are collected; nothing throws.
import { childPointer, EjsonError, fromEjson, isDocument, type Document, type JsonPointer } from "../../kernel/index.ts"
import { ExpressionError, nearest, parseExpression, type Expression, type ExpressionContext, type Problems } from "../expressions/index.ts"
import { mayHold } from "./analyse.ts"
import { parseFilterQuery } from "./filter-query.ts"
import { readKeys, type Keys } from "./keys.ts"
import type { FieldPermission, FieldRule, FieldRules, Filter, Role, Rules } from "./types.ts"

export interface ParseRulesOptions {
  readonly kind: "collection" | "default"
  /** Where the rules stand in their file. */
  readonly pointer?: JsonPointer
  readonly problems: Problems
}

/**
 * Reads the content of `rules.json` or `default_rule.json`.
 *
 * Check `problems.errors` before using the result: what had errors in it grants nothing, but the file must not be deployed.
 */
export function parseRules(raw: unknown, { kind, pointer = "", problems }: ParseRulesOptions): Rules {
  const none: Rules = { database: undefined, collection: undefined, roles: [], filters: [] }
  if (!isPlainObject(raw)) {
    report(problems, "wrong-operand", pointer, "rules are an object")
    return none
  }
  if (isFirstGeneration(raw)) {
    report(problems, "unknown-key", pointer, "this is a rules file of the first Stitch generation (2017–2018); export the app again from a later version")
    return none
  }
  refuseMisspelt(raw, pointer, problems)
  const roles = readList(raw, "roles", pointer, problems).map(({ item, at }) => parseRole(item, at, problems))
  const filters = readList(raw, "filters", pointer, problems).map(({ item, at }) => parseFilter(item, at, problems))
  if (Array.isArray(raw["roles"]) && raw["roles"].length === 0) {
    warn(problems, "empty-roles", childPointer(pointer, "roles"), kind === "collection" ? "an empty list of roles is like none: the default roles serve" : "an empty list of roles serves nobody")
  }
  refuseEqualNames(roles, problems)
  const isNamed = kind === "collection"
  return { database: isNamed ? text(raw["database"]) : undefined, collection: isNamed ? text(raw["collection"]) : undefined, roles, filters }
}

// SOURCE: Stitch manual of 2018: rules by field path beside a rule for all other fields, before roles existed.
function isFirstGeneration(raw: Record<string, unknown>): boolean {
  return !Object.hasOwn(raw, "roles") && (Object.hasOwn(raw, "rules") || (Object.hasOwn(raw, "read") && Object.hasOwn(raw, "valid")))
}

const lists = ["roles", "filters"] as const

/** SECURITY: roles under a misspelt name would be no roles, so that the default ones serve; filters would filter nothing. */
function refuseMisspelt(raw: Record<string, unknown>, pointer: JsonPointer, problems: Problems): void {
  for (const key of Object.keys(raw)) {
    // `rules` is a key of the first generation, which later exports may have kept.
    const near = key === "rules" ? undefined : nearest(key, lists)
    if (near !== undefined && near !== key) report(problems, "unknown-key", childPointer(pointer, key), `this key is not known here; did you mean \`${near}\`?`)
  }
}

function readList(raw: Record<string, unknown>, key: string, pointer: JsonPointer, problems: Problems): { item: unknown; at: JsonPointer }[] {
  const list = raw[key]
  const at = childPointer(pointer, key)
  if (list === undefined || list === null) return []
  if (Array.isArray(list)) return list.map((item: unknown, index) => ({ item, at: childPointer(at, index) }))
  report(problems, "wrong-operand", at, `\`${key}\` is a list`)
  return []
}

const roleKeys = ["name", "apply_when", "document_filters", "read", "write", "insert", "delete", "search", "fields", "additional_fields"] as const
const roleAliases = { document_filter: "document_filters", applyWhen: "apply_when" } as const
const permissionKeys = ["read", "write"] as const
const fieldKeys = ["read", "write", "fields"] as const
const filterKeys = ["name", "apply_when", "query", "projection"] as const
const filterAliases = { project: "projection", applyWhen: "apply_when" } as const

function parseRole(raw: unknown, pointer: JsonPointer, problems: Problems): Role {
  const keys = readKeys(raw, { known: roleKeys, aliases: roleAliases, pointer, problems })
  const expression = (key: (typeof roleKeys)[number]): Expression | undefined => readExpression(keys, key, "role", problems)
  const role: Role = {
    name: parseName(keys, pointer, "error", problems),
    pointer,
    applyWhen: expression("apply_when"),
    documentFilters: parsePermission(keys, "document_filters", "role", problems),
    read: expression("read"),
    write: expression("write"),
    insert: expression("insert"),
    delete: expression("delete"),
    search: parseSearch(keys, problems),
    fields: parseFields(keys, problems),
    additionalFields: parsePermission(keys, "additional_fields", "field", problems),
  }
  warnAboutRole(role, keys, problems)
  return role
}

function parseName(keys: Keys<"name">, pointer: JsonPointer, absence: "error" | "warning", problems: Problems): string {
  const name = keys.get("name")
  if (name === undefined) {
    if (absence === "error") report(problems, "wrong-operand", pointer, "a role needs a name")
    else warn(problems, "no-name", pointer, "a filter should have a name")
    return ""
  }
  const at = keys.pointer("name")
  if (typeof name !== "string") {
    report(problems, "wrong-operand", at, "a name is text of at most 100 characters")
    return ""
  }
  // SOURCE: app directory, section 10, row 18: a name beyond the documented length is no reason to refuse the app.
  if (name.length > 100) warn(problems, "long-name", at, "a name has at most 100 characters in App Services")
  return name
}

function parseSearch(keys: Keys<"search">, problems: Problems): boolean | undefined {
  const search = keys.get("search")
  if (search === undefined || typeof search === "boolean") return search
  report(problems, "wrong-operand", keys.pointer("search"), "`search` is true or false")
  return false
}

function parsePermission<Key extends string>(keys: Keys<Key>, key: Key, context: ExpressionContext, problems: Problems): FieldPermission | undefined {
  const raw = keys.get(key)
  if (raw === undefined) return undefined
  const inner = readKeys(raw, { known: permissionKeys, aliases: {}, pointer: keys.pointer(key), problems })
  return { read: readExpression(inner, "read", context, problems), write: readExpression(inner, "write", context, problems) }
}

/** Levels of nested fields. SOURCE: specification 2.5: a path has as many segments. */
const maxFieldLevels = 100

function parseFields(keys: Keys<"fields">, problems: Problems, level = 1): FieldRules | undefined {
  const raw = keys.get("fields")
  if (raw === undefined) return undefined
  const pointer = keys.pointer("fields")
  if (!isPlainObject(raw)) {
    report(problems, "wrong-operand", pointer, "`fields` is an object")
    return new Map()
  }
  if (level > maxFieldLevels) {
    report(problems, "too-deep", pointer, `more than ${maxFieldLevels} levels of fields`)
    return new Map()
  }
  return new Map(Object.keys(raw).map((name) => [name, parseField(name, raw[name], childPointer(pointer, name), problems, level)]))
}

function parseField(name: string, raw: unknown, pointer: JsonPointer, problems: Problems, level: number): FieldRule {
  // SECURITY: such an entry would guard nothing; nested fields are written as nested objects.
  if (name === "" || name.includes(".") || name.startsWith("$")) report(problems, "bad-field-name", pointer, "a name under `fields` is one field, without dots, not empty and not beginning with `$`")
  if (raw === null) return { read: undefined, write: undefined, fields: undefined }
  const keys = readKeys(raw, { known: fieldKeys, aliases: {}, pointer, problems })
  return { read: readExpression(keys, "read", "field", problems), write: readExpression(keys, "write", "field", problems), fields: parseFields(keys, problems, level + 1) }
}

function parseFilter(raw: unknown, pointer: JsonPointer, problems: Problems): Filter {
  const keys = readKeys(raw, { known: filterKeys, aliases: filterAliases, pointer, problems })
  const query = keys.get("query")
  return {
    name: parseName(keys, pointer, "warning", problems),
    pointer,
    applyWhen: readExpression(keys, "apply_when", "filter", problems),
    query: query === undefined ? undefined : parseFilterQuery(query, keys.pointer("query"), problems),
    projection: parseProjection(keys, problems),
  }
}

function parseProjection(keys: Keys<"projection">, problems: Problems): Document | undefined {
  const raw = keys.get("projection")
  if (raw === undefined) return undefined
  try {
    const projection = fromEjson(raw)
    if (isDocument(projection)) return Object.keys(projection).length === 0 ? undefined : projection
  } catch (error) {
    if (!(error instanceof EjsonError)) throw error
  }
  report(problems, "wrong-operand", keys.pointer("projection"), "`projection` is an object")
  return undefined
}

function readExpression<Key extends string>(keys: Keys<Key>, key: Key, context: ExpressionContext, problems: Problems): Expression | undefined {
  const raw = keys.get(key)
  if (raw === undefined) return undefined
  if (Array.isArray(raw)) {
    warn(problems, "no-expression", keys.pointer(key), "a list is no expression; it never grants")
    return { kind: "constant", value: undefined, pointer: keys.pointer(key) }
  }
  return parseExpression(raw, { context, pointer: keys.pointer(key), problems })
}

function refuseEqualNames(roles: readonly Role[], problems: Problems): void {
  const seen = new Set<string>()
  for (const { name, pointer } of roles) {
    if (name !== "" && seen.has(name)) report(problems, "wrong-operand", childPointer(pointer, "name"), "another role of this file has the same name")
    seen.add(name)
  }
}

function warnAboutRole(role: Role, keys: Keys<"document_filters">, problems: Problems): void {
  if (role.applyWhen === undefined) warn(problems, "never-applies", role.pointer, `role \`${role.name}\` has no \`apply_when\` and never applies`)
  if (role.write?.kind === "constant" && role.write.value === false && grantsWrite(role)) {
    warn(problems, "write-false-is-final", role.pointer, `\`write\` of role \`${role.name}\` is false: its writable fields cannot lift that`)
  }
  if (role.read === undefined && role.write === undefined && (role.fields?.size ?? 0) === 0 && isEmpty(role.additionalFields)) {
    warn(problems, "grants-nothing", role.pointer, `role \`${role.name}\` has no \`read\`, \`write\` or field permission and grants nothing`)
  }
  if (role.documentFilters !== undefined && (role.documentFilters.read === undefined || role.documentFilters.write === undefined)) {
    warn(problems, "half-document-filters", keys.pointer("document_filters"), "the absent half is not passed")
  }
}

function grantsWrite({ fields, additionalFields }: Role): boolean {
  const below = (rules: FieldRules | undefined): boolean => rules !== undefined && [...rules.values()].some((rule) => mayHold(rule.write) || below(rule.fields))
  return mayHold(additionalFields?.write) || below(fields)
}

function isEmpty(permission: FieldPermission | undefined): boolean {
  return permission?.read === undefined && permission?.write === undefined
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function report(problems: Problems, code: ExpressionError["code"], pointer: JsonPointer, detail: string): void {
  problems.errors.push(new ExpressionError(code, pointer, detail))
}

function warn(problems: Problems, code: string, path: JsonPointer, message: string): void {
  problems.warnings.push({ code, path, message })
}
