// The rules of a data source, read once when an app is loaded.
import { effectiveRules, parseRules, type EffectiveRules, type ExpressionError, type Problems, type Rules, type RuleWarning } from "../../engine/index.ts"
import { compileCollectionSchema, type CollectionSchema } from "./schema.ts"
import type { Namespace } from "./store.ts"

/** A rules or schema file: plain JSON, and where it came from. */
export interface RuleFile { readonly file: string; readonly raw: unknown }

/** A data source as an app directory describes it. */
export interface DataSourceFiles {
  readonly name: string
  /** `datalake`: no rules, only the system user reaches it. */
  readonly type: string
  readonly defaultRule: RuleFile | undefined
  readonly collections: readonly (Namespace & { readonly rules: RuleFile | undefined; readonly schema: RuleFile | undefined })[]
}

/** A data source with its rules compiled. Rules belong to source, database and collection together. */
export interface RuledDataSource {
  readonly name: string
  rulesOf(namespace: Namespace): EffectiveRules | undefined
  schemaOf(namespace: Namespace): CollectionSchema | undefined
}

/** What was found in one file. */
export interface FileProblems { readonly file: string; readonly errors: readonly ExpressionError[]; readonly warnings: readonly RuleWarning[] }

export interface CompileOptions {
  /** The app's setting that lets optional fields be null. */
  readonly nullTypes?: boolean
}

/** Compiles the rules and schemas of a data source. A source with errors in `problems` must not be served. */
export function compileDataSource(files: DataSourceFiles, options: CompileOptions = {}): { readonly dataSource: RuledDataSource; readonly problems: readonly FileProblems[] } {
  const problems: FileProblems[] = []
  const read = <Result>(source: RuleFile | undefined, parse: (raw: unknown, problems: Problems) => Result): Result | undefined => {
    if (source === undefined) return undefined
    const found: Problems = { errors: [], warnings: [] }
    const result = parse(source.raw, found)
    if (found.errors.length > 0 || found.warnings.length > 0) problems.push({ file: source.file, ...found })
    return result
  }
  const ruled = files.type !== "datalake"
  const defaults = ruled ? read(files.defaultRule, (raw, found) => parseRules(raw, { kind: "default", problems: found })) : undefined
  const rules = new Map<string, Rules>()
  const schemas = new Map<string, CollectionSchema>()
  for (const collection of ruled ? files.collections : []) {
    const parsed = read(collection.rules, (raw, found) => parseRules(raw, { kind: "collection", problems: found }))
    if (parsed !== undefined) rules.set(keyOf(collection), parsed)
    const schema = read(collection.schema, (raw, found) => compileCollectionSchema(raw, found, options))
    if (schema !== undefined) schemas.set(keyOf(collection), schema)
  }
  const effective = new Map<string, EffectiveRules | undefined>()
  const unlisted = effectiveRules(undefined, defaults)
  for (const [key, own] of rules) effective.set(key, effectiveRules(own, defaults))
  return {
    problems,
    dataSource: {
      name: files.name,
      rulesOf(namespace) {
        const serving = effective.get(keyOf(namespace)) ?? unlisted
        return serving?.from === "default" && isOfDatabase(namespace) ? undefined : serving
      },
      schemaOf: (namespace) => (schemas.size === 0 ? undefined : schemas.get(keyOf(namespace))),
    },
  }
}

const databasesOfServer = new Set(["admin", "config", "local"])

/** SECURITY: the database's own collections, such as the log of all changes. No default role means them. */
function isOfDatabase({ database, collection }: Namespace): boolean {
  return databasesOfServer.has(database) || collection.startsWith("system.")
}

// SECURITY: names come from clients; the quotes of JSON keep two namespaces from sharing a key.
function keyOf({ database, collection }: Namespace): string {
  return JSON.stringify([database, collection])
}
