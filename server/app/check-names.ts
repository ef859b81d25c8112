// Names of fields in rules: those a schema does not have and nearly has.
import { expressionsOf, nearest, parseRules, referencesOf, type Problems, type Reference } from "../../engine/index.ts"
import { childPointer, getField, isIndex, type JsonPointer } from "../../kernel/index.ts"
import type { Warn } from "./check-references.ts"
import { isRecord } from "./fields.ts"
import type { AppModel, CollectionConfig, RuleSource } from "./model.ts"

/** Warns of fields in rules whose names are near to one of the schema, of the collection or of custom user data. A schema need not name every field, so a name that is near to none says nothing. */
export function checkNames(app: AppModel, warn: Warn): void {
  const customData = customDataFields(app)
  for (const { defaultRule, collections } of app.dataSources.values()) {
    checkFile(defaultRule, "default", { customData }, warn)
    for (const collection of collections) checkFile(collection.rules, "collection", { customData, fields: fieldsOf(collection.schema) }, warn)
  }
}

interface KnownFields { readonly customData?: readonly string[] | undefined; readonly fields?: readonly string[] | undefined }

function checkFile(source: RuleSource | undefined, kind: "default" | "collection", known: KnownFields, warn: Warn): void {
  if (source === undefined) return
  const problems: Problems = { errors: [], warnings: [] }
  const rules = parseRules(source.raw, { kind, pointer: source.pointer ?? "", problems })
  const check = (name: string | undefined, names: readonly string[] | undefined, what: string, pointer: JsonPointer): void => {
    const near = name === undefined || names === undefined || names.includes(name) || isIndex(name) ? undefined : nearest(name, names, name.length > 4 ? 2 : 1)
    if (near !== undefined) warn("misspelt-field", { file: source.file, pointer }, `${what} has no \`${name}\`; did you mean \`${near}\`?`)
  }
  for (const { expression } of expressionsOf(rules)) {
    for (const { reference, pointer } of referencesOf(expression)) {
      check(fieldOf(reference), known.fields, "the schema of the collection", pointer)
      if (reference.source === "user" && reference.path[0] === "custom_data") check(reference.path[1], known.customData, "the schema of custom user data", pointer)
    }
  }
  for (const { fields, pointer } of rules.roles) for (const name of fields?.keys() ?? []) check(name, known.fields, "the schema of the collection", childPointer(`${pointer}/fields`, name))
}

function fieldOf({ source, path }: Reference): string | undefined {
  return source === "root" || source === "prevRoot" ? path[0] : undefined
}

function customDataFields({ customUserData, dataSources }: AppModel): readonly string[] | undefined {
  if (customUserData?.enabled !== true) return undefined
  const { dataSource, database, collection } = customUserData
  const found: CollectionConfig | undefined = dataSources.get(dataSource)?.collections.find((each) => each.database === database && each.collection === collection)
  return fieldsOf(found?.schema)
}

/** The fields a schema names, and `_id`; undefined where it names none. */
function fieldsOf(schema: RuleSource | undefined): readonly string[] | undefined {
  const properties = isRecord(schema?.raw) ? getField(schema.raw, "properties") : undefined
  if (!isRecord(properties) || Object.keys(properties).length === 0) return undefined
  return ["_id", ...Object.keys(properties)]
}
