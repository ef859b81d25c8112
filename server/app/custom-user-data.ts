// Custom user data: `auth/custom_user_data.json`, or `custom_user_data_config` of the root file. The file in `auth/` wins.
import { openFields, optionalText, type Fields, type Place } from "./fields.ts"
import type { FunctionReferences } from "./function-references.ts"
import type { CustomUserDataConfig, DataSource } from "./model.ts"
import type { Reading } from "./reading.ts"

const keys = [
  "enabled", "mongo_service_name", "mongo_service_id", "database_name", "collection_name", "user_id_field",
  "on_user_creation_function_name", "on_user_creation_function_id",
]

/** Reads the configuration, also when it is off: its problems are then warnings (users and tokens, 1.1). */
export function readCustomUserData(reading: Reading, root: Fields, dataSources: readonly DataSource[], references: FunctionReferences): CustomUserDataConfig | undefined {
  const place = findPlace(reading, root)
  if (place === undefined) return undefined
  const enabled = openFields(place, reading.report, undefined)?.flag("enabled") ?? false
  const report = enabled ? reading.report : reading.report.demoted()
  const fields = openFields(place, report, keys)
  // A bare `{"enabled": false}` is how exports say that the feature was never set up.
  if (fields === undefined || (!enabled && keys.slice(1).every((key) => !fields.has(key) || fields.text(key) === ""))) return undefined
  const require = (key: string): string => {
    const found = optionalText(fields, key)
    if (found === undefined) report.error("missing-key", fields.at, `custom user data needs \`${key}\``)
    return found ?? ""
  }
  const key = optionalText(fields, "on_user_creation_function_name") === undefined ? "on_user_creation_function_id" : "on_user_creation_function_name"
  const creation = optionalText(fields, key)
  const onUserCreationFunction = creation === undefined || !key.endsWith("_id") ? creation : references.nameOf(creation)
  if (onUserCreationFunction !== undefined) references.add({ name: onUserCreationFunction, at: fields.spot(key), report })
  const userIdField = require("user_id_field")
  if (userIdField !== "" && (userIdField.startsWith("$") || userIdField.split(".").includes(""))) report.error("bad-value", fields.spot("user_id_field"), `\`${userIdField}\` is no path of a field`)
  return {
    enabled, userIdField, onUserCreationFunction,
    dataSource: dataSourceOf(fields, dataSources),
    database: require("database_name"),
    collection: require("collection_name"),
  }
}

function findPlace(reading: Reading, root: Fields): Place | undefined {
  const file = "auth/custom_user_data.json"
  const inFile = reading.json(file)
  if (inFile === undefined) return root.any("custom_user_data_config")
  if (root.has("custom_user_data_config")) reading.report.info("hybrid-layout", root.spot("custom_user_data_config"), `\`${file}\` counts, not this key`)
  return inFile
}

function dataSourceOf(fields: Fields, dataSources: readonly DataSource[]): string {
  const name = optionalText(fields, "mongo_service_name")
  const id = optionalText(fields, "mongo_service_id")
  const found = name === undefined ? dataSources.find((each) => id !== undefined && each.id === id) : dataSources.find((each) => each.name === name)
  if (found !== undefined) return found.name
  if (name === undefined && id === undefined) fields.report.error("missing-key", fields.at, "must specify a mongo service id: custom user data needs `mongo_service_name`")
  else fields.report.error("unknown-data-source", fields.spot(name === undefined ? "mongo_service_id" : "mongo_service_name"), `must specify a mongo service id: there is no data source \`${name ?? id}\``)
  return name ?? ""
}
