// Data sources with their rules: `data_sources/`, or the MongoDB services of the V1 layouts.
import { isDocument, type Document, type JsonPointer } from "../../kernel/index.ts"
import { isRecord, openFields, optionalText, requireText, type Fields, type Place } from "./fields.ts"
import { checkName } from "./names.ts"
import type { CollectionConfig, DataSource, RuleSource } from "./model.ts"
import type { Reading } from "./reading.ts"
import { readSecretConfig } from "./secrets.ts"
import { foldersBelow, namesBelow } from "./tree.ts"

const sourceKeys = ["id", "name", "type", "config", "secret_config", "version", "last_modified"]
const types = ["mongodb-atlas", "datalake", "mongodb"] as const

/** Reads all data sources, by name. */
export function readDataSources(reading: Reading): ReadonlyMap<string, DataSource> {
  const sources = new Map<string, DataSource>()
  const found = reading.family === "v2" ? foldersBelow(reading.tree, "data_sources").map((folder) => readSource(reading, "data_sources", folder)) : []
  const services = foldersBelow(reading.tree, "services").filter((folder) => isMongoService(reading, folder)).map((folder) => readSource(reading, "services", folder))
  for (const source of [...found, ...services]) {
    if (source === undefined) continue
    if (sources.has(source.name)) reading.report.error("duplicate-name", { file: source.file ?? "", pointer: "" }, `two data sources are called \`${source.name}\``)
    sources.set(source.name, source)
  }
  return sources
}

/** Whether a folder of `services/` is a MongoDB service. */
export function isMongoService(reading: Reading, folder: string): boolean {
  const type: unknown = reading.json(`services/${folder}/config.json`)?.value
  return isRecord(type) && types.some((each) => Object.hasOwn(type, "type") && each === type["type"])
}

function readSource(reading: Reading, parent: string, folder: string): DataSource | undefined {
  const directory = `${parent}/${folder}`
  const file = `${directory}/config.json`
  if (!reading.tree.files.has(file)) {
    reading.report.error("missing-key", { file, pointer: "" }, `the data source \`${folder}\` has no \`config.json\``)
    return undefined
  }
  const fields = reading.open(file, sourceKeys)
  if (fields === undefined) return undefined
  const name = optionalText(fields, "name") ?? folder
  if (name !== folder) reading.report.info("name-mismatch", fields.spot("name"), `the directory is called \`${folder}\`, the data source \`${name}\`; the name inside counts`)
  checkName(name, fields.spot("name"), reading.report)
  if (!fields.has("type")) reading.report.error("missing-key", fields.at, "`type` is missing")
  const type = fields.word("type", types) ?? "mongodb-atlas"
  return {
    name, type, file,
    id: optionalText(fields, "id"),
    config: { ...readSourceConfig(reading, fields, type), ...carriedUri(reading, fields, name) },
    defaultRule: readDefaultRule(reading, `${directory}/default_rule.json`),
    collections: parent === "services" ? readLegacyRules(reading, directory) : readCollections(reading, directory),
  }
}

function readDefaultRule(reading: Reading, file: string): RuleSource | undefined {
  const place = reading.json(file)
  // What is no object is refused where the rules are read.
  if (isRecord(place?.value)) reading.open(file, rulesKeys)
  return ruleSource(place)
}

function readSourceConfig(reading: Reading, fields: Fields, type: string): Document {
  const place = fields.object("config")
  if (place === undefined) return {}
  const config = openFields(place, reading.report, ["clusterName", "dataLakeName", "uri", "readPreference", "readPreferenceTagSets", "wireProtocolEnabled", "namespacePreimageConfigs", "sync", "flexible_sync", "clusterId", "clusterType"])
  for (const key of ["clusterName", "dataLakeName", "uri"]) config?.text(key)
  for (const key of ["readPreferenceTagSets", "namespacePreimageConfigs"]) config?.list(key)
  // Exports without identity have neither, and the operator's settings say where the data is.
  if (config !== undefined && optionalText(config, "clusterName") !== undefined && optionalText(config, "dataLakeName") !== undefined) {
    reading.report.warning("conflicting-keys", config.spot("dataLakeName"), "`clusterName` and `dataLakeName` exclude each other")
  }
  config?.word("readPreference", ["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"])
  if (config?.flag("wireProtocolEnabled") === true) reading.lose(place.file, "connections of drivers through App Services (`wireProtocolEnabled`)")
  for (const key of ["sync", "flexible_sync"]) {
    if (config?.has(key) === true) reading.lose(place.file, `Device Sync (\`config.${key}\`)`)
  }
  if (type === "datalake") reading.lose(place.file, "a federated database works only where its name is mapped to a connection string")
  return isDocument(place.value) ? place.value : {}
}

/** The name of the secret with the connection string, for services of type `mongodb`. */
function carriedUri(reading: Reading, fields: Fields, name: string): Document {
  const secrets = readSecretConfig(fields, name, reading)
  return Object.keys(secrets).length === 0 ? {} : { secret_config: secrets }
}

function readCollections(reading: Reading, directory: string): readonly CollectionConfig[] {
  const found: CollectionConfig[] = []
  for (const database of foldersBelow(reading.tree, directory)) {
    for (const collection of foldersBelow(reading.tree, `${directory}/${database}`)) {
      const folder = `${directory}/${database}/${collection}`
      const rules = ruleSource(reading.json(`${folder}/rules.json`, isInSchema))
      const schema = ruleSource(reading.json(`${folder}/schema.json`, () => true))
      const relationships = ruleSource(reading.json(`${folder}/relationships.json`))
      if (rules === undefined && schema === undefined && relationships === undefined) continue
      found.push(nameCollection(reading, { database, collection, rules, schema: realSchema(schema), relationships }, folder))
    }
  }
  return withoutDuplicates(reading, found)
}

/** SOURCE: app directory, 3.8. */
const rulesKeys = ["database", "collection", "roles", "filters", "schema", "relationships", "id", "_id"]

/** SOURCE: app directory, 3.8: the namespace inside the file wins over the names of the directories. */
function nameCollection(reading: Reading, config: CollectionConfig, folder: string): CollectionConfig {
  const file = `${folder}/rules.json`
  const place = reading.json(file)
  if (place === undefined) return config
  const fields = openFields(place, reading.report, rulesKeys)
  if (fields === undefined) return { ...config, rules: undefined }
  if (isEmpty(place.value)) reading.report.warning("empty-rules", place, "rules file cannot be empty; the collection has no rules of its own")
  const database = optionalText(fields, "database") ?? config.database
  const collection = optionalText(fields, "collection") ?? config.collection
  for (const [key, inside, outside] of [["database", database, config.database], ["collection", collection, config.collection]] as const) {
    if (inside !== outside) reading.report.warning("name-mismatch", fields.spot(key), `the directory is called \`${outside}\`, the ${key} \`${inside}\`; the file counts`)
  }
  const schema = config.schema ?? realSchema(ruleSource(fields.object("schema")))
  return { ...config, database, collection, schema, relationships: config.relationships ?? ruleSource(fields.object("relationships")) }
}

function readLegacyRules(reading: Reading, directory: string): readonly CollectionConfig[] {
  const found: CollectionConfig[] = []
  for (const name of namesBelow(reading.tree, `${directory}/rules`)) {
    const place = reading.json(`${directory}/rules/${name}`, isInSchema)
    const fields = place === undefined ? undefined : openFields(place, reading.report, rulesKeys)
    if (place === undefined || fields === undefined) continue
    if (isEmpty(place.value)) {
      reading.report.warning("empty-rules", place, "rules file cannot be empty; it is not read")
      continue
    }
    if (fields.has("valid") || (fields.has("fields") && !fields.has("roles"))) {
      reading.report.error("old-rules", place, "rules of the first Stitch generation are not read; export the app again with a later tool")
      continue
    }
    const database = requireText(fields, "database")
    const collection = requireText(fields, "collection")
    if (database === undefined || collection === undefined) continue
    if (name !== `${database}.${collection}.json`) reading.report.info("name-mismatch", fields.spot("collection"), `the file is called \`${name}\`, the collection \`${database}.${collection}\`; the names inside count`)
    found.push({ database, collection, rules: ruleSource(place), schema: realSchema(ruleSource(fields.object("schema"))), relationships: ruleSource(fields.object("relationships")) })
  }
  return withoutDuplicates(reading, found)
}

function withoutDuplicates(reading: Reading, collections: readonly CollectionConfig[]): readonly CollectionConfig[] {
  const seen = new Set<string>()
  return collections.filter(({ database, collection, rules, schema }) => {
    const namespace = JSON.stringify([database, collection])
    const isNew = !seen.has(namespace)
    seen.add(namespace)
    const file = (rules ?? schema)?.file ?? ""
    if (!isNew) reading.report.error("duplicate-namespace", { file, pointer: "" }, `must specify unique names when importing MongoDB Rules; duplicate name: ${database}.${collection}`)
    return isNew
  })
}

/** Whether a place of a rules file is in the schema that older versions put there. */
function isInSchema(pointer: JsonPointer): boolean {
  return pointer.startsWith("/schema/")
}

function ruleSource(place: Place | undefined): RuleSource | undefined {
  return place === undefined ? undefined : { file: place.file, raw: place.value, pointer: place.pointer }
}

/** SOURCE: app directory, 3.8: an empty object is no schema. */
function realSchema(source: RuleSource | undefined): RuleSource | undefined {
  return source === undefined || isEmpty(source.raw) ? undefined : source
}

function isEmpty(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0
}
