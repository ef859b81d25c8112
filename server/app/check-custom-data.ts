// Custom user data decides about rights, so who can write it decides too (users and tokens, 1.9).
import { childPointer, getField, type Document, type JsonPointer } from "../../kernel/index.ts"
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
  const rules = rolesOf(collection).length > 0 ? collection?.rules : source.defaultRule
  if (rules === undefined) return
  const relied = new Set([...reliedFields(app), config.userIdField.split(".", 1)[0] ?? ""])
  const base = childPointer(rules.pointer ?? "", "roles")
  for (const [index, role] of listOf(rules.raw, "roles").entries()) {
    if (!isRecord(role) || isGuarded(role)) continue
    for (const field of relied) {
      const at = writableAt(role, field, childPointer(base, index))
      if (at !== undefined) warn("custom-data-writable", { file: rules.file, pointer: at }, `users in the role \`${String(getField(role, "name"))}\` can write \`${field}\` of custom user data, on which rules rely`)
    }
  }
}

function warnOfSecrets(schema: RuleSource | undefined, warn: Warn): void {
  const properties = isRecord(schema?.raw) ? getField(schema.raw, "properties") : undefined
  for (const name of isRecord(properties) ? Object.keys(properties) : []) {
    if (schema !== undefined && looksSecret.test(name)) warn("custom-data-exposed", { file: schema.file, pointer: childPointer(`${schema.pointer ?? ""}/properties`, name) }, `\`${name}\` travels in every access token, which its user can read`)
  }
}

/** The first segments of `%%user.custom_data.…` in all expressions of the app. */
function reliedFields(app: AppModel): readonly string[] {
  const found = new Set<string>()
  for (const { raw } of ruleSources(app)) {
    walkJson(raw, "", (key, value) => {
      for (const text of [key, value]) {
        const field = typeof text === "string" ? /^%%user\.custom_data\.([^.%]+)/.exec(text)?.[1] : undefined
        if (field !== undefined) found.add(field)
      }
    })
  }
  return [...found]
}

/** A role that hangs on custom data or on a function is in somebody's hands already; what it may write is its author's choice. */
function isGuarded(role: Document): boolean {
  const gates = [own(role, "apply_when"), own(role, "document_filters"), own(role, "write")]
  if (gates[0] === false || gates[0] === undefined) return true
  return /"(?:%%user\.custom_data|%function)/.test(JSON.stringify(gates))
}

/** The place that lets a role write a field, or undefined. SOURCE: rules, 9.1: a defined `write` decides alone. */
function writableAt(role: Document, field: string, pointer: JsonPointer): JsonPointer | undefined {
  const gate = own(role, "document_filters")
  if (gate !== undefined && (own(gate, "write") === undefined || own(gate, "write") === false)) return undefined
  const write = own(role, "write")
  if (write !== undefined) return write === false ? undefined : `${pointer}/write`
  const entry = own(own(role, "fields"), field)
  const [permission, at] = entry === undefined ? [own(role, "additional_fields"), `${pointer}/additional_fields`] : [entry, childPointer(`${pointer}/fields`, field)]
  const allowed = own(permission, "write")
  if (allowed === undefined || allowed === false || /"(?:%%user\.custom_data|%function)/.test(JSON.stringify(allowed))) return undefined
  return `${at}/write`
}

function rolesOf(collection: CollectionConfig | undefined): readonly unknown[] {
  return listOf(collection?.rules?.raw, "roles")
}

function listOf(raw: unknown, key: string): readonly unknown[] {
  const list = isRecord(raw) ? getField(raw, key) : undefined
  return Array.isArray(list) ? list : []
}

function own(from: unknown, key: string): unknown {
  return isRecord(from) ? getField(from, key) ?? undefined : undefined
}
