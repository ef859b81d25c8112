// Custom user data decides about rights, so who can write it decides too (users and tokens, 1.9).
import { choosesUsers, mayHold, parseRules, shadowOf, type FieldPermission, type FieldRules, type Problems, type Role, type Rules } from "../../engine/index.ts"
import { childPointer, getField, type JsonPointer } from "../../kernel/index.ts"
import { walkJson, type Warn } from "./check-references.ts"
import { isRecord } from "./fields.ts"
import type { AppModel, CollectionConfig, RuleSource } from "./model.ts"
import { ruleSources } from "./rule-sources.ts"

const looksSecret = /passw|secret|api_?key|private_?key|credit_?card/i

/** Warns where users can write the custom data that rules rely on, and where a token would carry what looks like a secret. */
export function checkCustomData(app: AppModel, warn: Warn): void {
  const config = app.customUserData
  const source = config?.enabled === true ? app.dataSources.get(config.dataSource) : undefined
  if (config === undefined || source === undefined) return
  const collection = source.collections.find((each) => each.database === config.database && each.collection === config.collection)
  warnOfSecrets(collection?.schema, warn)
  const serving = servingRules(collection, source.defaultRule)
  if (serving === undefined) return
  const { file, rules: { roles } } = serving
  const reasons = new Map([...reliedFields(app)].map(([field, place]) => [field, `on which ${place} relies`]))
  const idField = config.userIdField.split(".", 1)[0] ?? ""
  reasons.set(idField, `which says whose data a document is: they can make or take over one`)
  for (const [index, role] of roles.entries()) {
    if (!mayHold(role.applyWhen) || choosesUsers(role.applyWhen) || shadowOf(role, roles.slice(0, index)) !== undefined) continue
    for (const [field, reason] of reasons) {
      const at = writableAt(role, field)
      if (at !== undefined) warn("custom-data-writable", { file, pointer: at }, `users in the role \`${role.name}\` can write \`${field}\` of custom user data, ${reason}`)
    }
  }
}

function warnOfSecrets(schema: RuleSource | undefined, warn: Warn): void {
  const properties = isRecord(schema?.raw) ? getField(schema.raw, "properties") : undefined
  for (const name of isRecord(properties) ? Object.keys(properties) : []) {
    if (schema !== undefined && looksSecret.test(name)) warn("custom-data-exposed", { file: schema.file, pointer: childPointer(`${schema.pointer ?? ""}/properties`, name) }, `\`${name}\` travels in every access token, which its user can read`)
  }
}

/** The first segments of `%%user.custom_data.…` in all expressions of the app, each with the first place that reads it. */
function reliedFields(app: AppModel): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { file, raw, pointer = "" } of ruleSources(app)) {
    walkJson(raw, pointer, (key, value, at) => {
      for (const text of [key, value]) {
        const field = typeof text === "string" ? /^%%user\.custom_data\.([^.%]+)/.exec(text)?.[1] : undefined
        if (field !== undefined && !found.has(field)) found.set(field, `${file}#${at}`)
      }
    })
  }
  return found
}

/** SOURCE: rules, 6.3: the collection's own roles, or else the default ones. */
function servingRules(collection: CollectionConfig | undefined, defaultRule: RuleSource | undefined): { readonly file: string; readonly rules: Rules } | undefined {
  const own = parsed(collection?.rules, "collection")
  return own !== undefined && own.rules.roles.length > 0 ? own : parsed(defaultRule, "default")
}

function parsed(source: RuleSource | undefined, kind: "collection" | "default"): { readonly file: string; readonly rules: Rules } | undefined {
  if (source === undefined) return undefined
  const problems: Problems = { errors: [], warnings: [] }
  return { file: source.file, rules: parseRules(source.raw, { kind, pointer: source.pointer ?? "", problems }) }
}

/** The place that lets ordinary users of a role write a field, or undefined. SOURCE: rules, 9.1: a defined `write` decides alone. */
function writableAt({ documentFilters: gate, write, fields, additionalFields, pointer }: Role, field: string): JsonPointer | undefined {
  if (gate !== undefined && !letsWrite(gate)) return undefined
  if (write !== undefined) return letsWrite({ write }) ? `${pointer}/write` : undefined
  const entry = fields?.get(field)
  if (entry === undefined) return letsWrite(additionalFields) ? `${pointer}/additional_fields/write` : undefined
  const at = childPointer(`${pointer}/fields`, field)
  if (entry.write !== undefined) return letsWrite(entry) ? `${at}/write` : undefined
  return letsWriteBelow(entry.fields) ? `${at}/fields` : undefined
}

function letsWriteBelow(fields: FieldRules | undefined): boolean {
  return [...(fields?.values() ?? [])].some((entry) => (entry.write === undefined ? letsWriteBelow(entry.fields) : letsWrite(entry)))
}

/** What only chosen users may write is their choosers' affair. */
function letsWrite(permission: Pick<FieldPermission, "write"> | undefined): boolean {
  return mayHold(permission?.write) && !choosesUsers(permission.write)
}
