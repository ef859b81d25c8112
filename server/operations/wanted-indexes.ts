// The indexes an app wants in its own databases. The server's own state has its indexes already.
import { parseRules, type Rules } from "../../engine/index.ts"
import type { AppModel, RuleSource } from "../app/index.ts"
import type { Namespace, Store } from "../data/index.ts"
import { fieldsOfFilter, fieldsOfRole } from "./equality-fields.ts"

/** An index, and what for. */
export interface WantedIndex {
  readonly dataSource: string
  readonly namespace: Namespace
  readonly field: string
  /** Custom user data is looked up by an index on its field alone; rules are served by any index that begins with theirs. */
  readonly purpose: "custom-data" | "rules"
  /** The rules file it was derived from. */
  readonly file: string | undefined
}

/** Lists the indexes of an app, custom user data first. Nothing is guessed for collections that no rules file names. */
export function wantedIndexes(model: Pick<AppModel, "customUserData" | "dataSources">): readonly WantedIndex[] {
  const wanted: WantedIndex[] = []
  const { customUserData: custom } = model
  if (custom?.enabled === true && custom.userIdField !== "_id") {
    wanted.push({ dataSource: custom.dataSource, namespace: { database: custom.database, collection: custom.collection }, field: custom.userIdField, purpose: "custom-data", file: undefined })
  }
  for (const source of model.dataSources.values()) {
    if (source.type === "datalake") continue
    for (const { database, collection, rules } of source.collections) {
      const applied = rules ?? source.defaultRule
      if (applied === undefined) continue
      for (const field of equalityFields(applied, rules === undefined ? "default" : "collection")) wanted.push({ dataSource: source.name, namespace: { database, collection }, field, purpose: "rules", file: applied.file })
    }
  }
  return withoutRepeated(wanted)
}

/** INVARIANT: one field an index. An index over two fields that hold lists would make MongoDB refuse documents, and rules do not tell which do. */
function equalityFields({ raw }: RuleSource, kind: "default" | "collection"): readonly string[] {
  const rules: Rules = parseRules(raw, { kind, problems: { errors: [], warnings: [] } })
  const sets = [...rules.filters.flatMap(({ query }) => (query === undefined ? [] : fieldsOfFilter(query))), ...rules.roles.flatMap(fieldsOfRole)]
  return [...new Set(sets.filter((fields) => !fields.includes("_id")).flat())]
}

/** The first of each counts: custom user data asks for more than rules do. */
function withoutRepeated(wanted: readonly WantedIndex[]): WantedIndex[] {
  const seen = new Set<string>()
  return wanted.filter(({ dataSource, namespace: { database, collection }, field }) => {
    const key = JSON.stringify([dataSource, database, collection, field])
    const isNew = !seen.has(key)
    seen.add(key)
    return isNew
  })
}

/** Whether a store has an index that does. */
export async function hasIndex(store: Store, { namespace, field, purpose }: WantedIndex): Promise<boolean> {
  const found = (await store.indexes(namespace)).filter(({ partial }) => !partial).map(({ keys }) => Object.keys(keys))
  return found.some((keys) => keys[0] === field && (purpose === "rules" || keys.length === 1))
}

/** The command of the MongoDB shell that makes an index. */
export function shellCommand({ namespace: { database, collection }, field }: WantedIndex): string {
  return `db.getSiblingDB(${JSON.stringify(database)}).getCollection(${JSON.stringify(collection)}).createIndex(${JSON.stringify({ [field]: 1 })})`
}
