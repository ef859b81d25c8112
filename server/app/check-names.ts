// Names of fields in expressions: those a schema does not have and nearly has.
import { expressionsOf, filterExpressionsOf, nearest, parseExpression, parseRules, parseSchema, referencesOf, schemaExpressions, type Expression, type Problems, type Reference, type Rules } from "../../engine/index.ts"
import { childPointer, getField, isIndex, type JsonPointer } from "../../kernel/index.ts"
import type { Warn } from "./check-references.ts"
import { isRecord } from "./fields.ts"
import type { AppModel, CollectionConfig, RuleSource } from "./model.ts"
import { callRules } from "./rule-sources.ts"

/**
 * Warns of fields in rules, schemas and call rules whose names are near to one of the schema, of the collection or of custom user data.
 * A schema need not name every field, so a name that is near to none says nothing.
 */
export function checkNames(app: AppModel, warn: Warn): void {
  const customData = customDataFields(app)
  const checkRules = (source: RuleSource | undefined, kind: "default" | "collection", fields: readonly string[] | undefined): void => {
    read(source, (raw, pointer, problems) => parseRules(raw, { kind, pointer, problems }), (rules, file) => {
      const check = openCheck(file, { customData, fields }, warn)
      for (const expression of [...expressionsOf(rules).map((each) => each.expression), ...filterExpressionsOf(rules)]) check.expression(expression)
      for (const { name, pointer } of namedFields(rules)) check.field(name, pointer)
    })
  }
  for (const { defaultRule, collections } of app.dataSources.values()) {
    checkRules(defaultRule, "default", undefined)
    for (const { rules, schema } of collections) {
      const fields = fieldsOf(schema)
      checkRules(rules, "collection", fields)
      read(schema, (raw, pointer, problems) => parseSchema(raw, { pointer, problems }), (parsed, file) => {
        for (const expression of schemaExpressions(parsed)) openCheck(file, { customData, fields }, warn).expression(expression)
      })
    }
  }
  for (const source of callRules(app)) {
    read(source, (raw, pointer, problems) => parseExpression(raw, { context: "call", pointer, problems }), (expression, file) => openCheck(file, { customData }, warn).expression(expression))
  }
}

/** Problems are reported where the app is parsed to be served. */
function read<Parsed>(source: RuleSource | undefined, parse: (raw: unknown, pointer: JsonPointer, problems: Problems) => Parsed, then: (parsed: Parsed, file: string) => void): void {
  if (source !== undefined) then(parse(source.raw, source.pointer ?? "", { errors: [], warnings: [] }), source.file)
}

interface KnownFields { readonly customData?: readonly string[] | undefined; readonly fields?: readonly string[] | undefined }

interface NameCheck { expression(expression: Expression): void; field(name: string | undefined, pointer: JsonPointer): void }

function openCheck(file: string, { customData, fields }: KnownFields, warn: Warn): NameCheck {
  const check = (name: string | undefined, names: readonly string[] | undefined, what: string, pointer: JsonPointer): void => {
    const near = name === undefined || names === undefined || names.includes(name) || isIndex(name) ? undefined : nearest(name, names, name.length > 4 ? 2 : 1)
    if (near !== undefined) warn("misspelt-field", { file, pointer }, `${what} has no \`${name}\`; did you mean \`${near}\`?`)
  }
  const field: NameCheck["field"] = (name, pointer) => check(name, fields, "the schema of the collection", pointer)
  return {
    field,
    expression(expression) {
      for (const { reference, pointer } of referencesOf(expression)) {
        field(fieldOf(reference), pointer)
        if (reference.source === "user" && reference.path[0] === "custom_data") check(reference.path[1], customData, "the schema of custom user data", pointer)
      }
    },
  }
}

/** The fields that rules name outside of expressions. */
function namedFields({ roles, filters }: Rules): readonly { readonly name: string | undefined; readonly pointer: JsonPointer }[] {
  return [
    ...roles.flatMap(({ fields, pointer }) => [...(fields?.keys() ?? [])].map((name) => ({ name, pointer: childPointer(`${pointer}/fields`, name) }))),
    ...filters.flatMap(({ projection, pointer }) => Object.keys(projection ?? {}).map((path) => ({ name: path.split(".", 1)[0], pointer: childPointer(`${pointer}/projection`, path) }))),
  ]
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
