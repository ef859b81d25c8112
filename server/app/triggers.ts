// Triggers: `triggers/*.json`, checked as section 10 of the specification says. `config` keeps the names of the files, defaults filled in.
import { EjsonError, fromEjson, isDocument, type Document, type Value } from "../../kernel/index.ts"
import { isRecord, openFields, optionalText, requireText, within, type Fields, type Place } from "./fields.ts"
import type { FunctionReferences } from "./function-references.ts"
import { checkName } from "./names.ts"
import type { DataSource, Trigger } from "./model.ts"
import { providerTypes } from "./providers.ts"
import type { Reading } from "./reading.ts"
import { isEverDue, parseSchedule } from "./schedule.ts"
import { checkProjection } from "./trigger-projection.ts"
import { namesBelow } from "./tree.ts"

const keys = ["id", "name", "type", "disabled", "config", "event_processors", "function_name", "function_id", "error_handler", "last_modified"]
const types = ["DATABASE", "SCHEDULED", "AUTHENTICATION"] as const
const configKeys = {
  DATABASE: [
    "service_name", "service_id", "database", "collection", "operation_types", "full_document", "full_document_before_change", "match", "project", "unordered",
    "skip_catchup_events", "tolerate_resume_errors", "maximum_throughput",
  ],
  SCHEDULED: ["schedule", "skip_catchup_events", "skip_catchup_event"],
  AUTHENTICATION: ["operation_type", "operation_types", "providers"],
} as const

const documentOperations = ["INSERT", "UPDATE", "REPLACE", "DELETE"]
const databaseOperations = [
  "CREATE_COLLECTION", "MODIFY_COLLECTION", "RENAME_COLLECTION", "DROP_COLLECTION", "SHARD_COLLECTION", "RESHARD_COLLECTION", "REFINE_COLLECTION_SHARD_KEY",
  "CREATE_INDEXES", "DROP_INDEXES",
]
const deploymentOperations = ["DROP_DATABASE"]
// LOGOUT is an extension: no export of App Services has it, and nothing is queued unless a trigger names it.
const userOperations = ["LOGIN", "CREATE", "DELETE", "LOGOUT"]

/** Reads all triggers. What they say of functions goes to `references`. */
export function readTriggers(reading: Reading, dataSources: readonly DataSource[], references: FunctionReferences): readonly Trigger[] {
  const triggers: Trigger[] = []
  for (const file of namesBelow(reading.tree, "triggers").filter((name) => name.endsWith(".json"))) {
    const place = reading.json(`triggers/${file}`)
    const trigger = place === undefined ? undefined : readTrigger(reading, place, file, dataSources, references)
    if (trigger === undefined) continue
    if (triggers.some(({ name }) => name === trigger.name)) reading.report.error("duplicate-name", { file: trigger.file, pointer: "/name" }, `two triggers are called \`${trigger.name}\``)
    else triggers.push(trigger)
  }
  return triggers
}

function readTrigger(reading: Reading, place: Place, file: string, dataSources: readonly DataSource[], references: FunctionReferences): Trigger | undefined {
  const fields = openFields(place, reading.report, keys)
  if (fields === undefined) return undefined
  const name = requireText(fields, "name", "missing-name")
  if (!fields.has("type")) fields.report.error("missing-key", fields.at, "`type` is missing")
  const type = fields.word("type", types)
  const configPlace = fields.object("config")
  if (!fields.has("config")) fields.report.error("missing-key", fields.at, "`config` is missing")
  if (name === undefined || type === undefined || configPlace === undefined) return undefined
  checkName(name, fields.spot("name"), reading.report)
  if (`${name}.json` !== file) reading.report.info("name-mismatch", fields.spot("name"), `the file is called \`${file}\`, the trigger \`${name}\`; the name inside counts`)
  const isOff = fields.flag("disabled") ?? false
  // SOURCE: a data source may be deleted while only triggers that are off name it (app directory, 11.1), so exports hold such triggers.
  const report = isOff ? reading.report.demoted() : reading.report
  const target = readTarget(reading, { ...fields, report }, name, references)
  const config = openFields(configPlace, report, configKeys[type])
  const readers = { DATABASE: readDatabaseConfig, SCHEDULED: readScheduleConfig, AUTHENTICATION: readUserConfig }
  const settings = config === undefined ? {} : readers[type](config, dataSources)
  const lost = type === "DATABASE" && config !== undefined ? unreported(config) : []
  if (lost.length > 0) reading.lose(place.file, `operations that change no document are not reported (${lost.join(", ")})`, isOff ? "info" : "warning")
  return {
    name, type,
    id: optionalText(fields, "id"),
    disabled: isOff || target.isForeign,
    config: settings,
    functionName: target.name,
    file: place.file,
  }
}

/** SOURCE: app directory, 3.10: `event_processors` wins over the older `function_name`. */
function readTarget(reading: Reading, fields: Fields, trigger: string, references: FunctionReferences): { readonly name: string | undefined; readonly isForeign: boolean } {
  const processors = inner(fields, "event_processors", ["FUNCTION", "AWS_EVENTBRIDGE"])
  const newer = inner(inner(processors, "FUNCTION", ["config", "type"]), "config", ["function_name", "function_id"])
  const older = optionalText(fields, "function_name")
  const found = newer === undefined ? undefined : optionalText(newer, "function_name")
  const name = found ?? older
  if (found !== undefined && older !== undefined && found !== older) fields.report.warning("conflicting-keys", fields.spot("function_name"), `\`event_processors\` names \`${found}\`, which counts, not \`${older}\``)
  if (name !== undefined) {
    const at = found !== undefined && newer !== undefined ? newer.spot("function_name") : fields.spot("function_name")
    references.add({ name, at, report: fields.report, wording: `invalid event processor config for trigger '${trigger}', function '${name}' does not exist` })
    return { name, isForeign: false }
  }
  if (processors?.has("AWS_EVENTBRIDGE") === true) {
    reading.lose(fields.at.file, "events are not sent to AWS EventBridge; the trigger is off")
    return { name, isForeign: true }
  }
  const id = (newer === undefined ? undefined : optionalText(newer, "function_id")) ?? optionalText(fields, "function_id")
  if (id === undefined) {
    fields.report.error("missing-key", fields.at, `the trigger \`${trigger}\` names no function`)
    return { name: undefined, isForeign: false }
  }
  const byId = references.nameOf(id)
  references.add({ name: byId, at: newer?.at ?? fields.at, report: fields.report, wording: `invalid event processor config for trigger '${trigger}', function '${byId}' does not exist` })
  return { name: byId, isForeign: false }
}

function inner(fields: Fields | undefined, key: string, known: readonly string[]): Fields | undefined {
  const place = fields?.object(key)
  return place === undefined || fields === undefined ? undefined : openFields(place, fields.report, known)
}

function readDatabaseConfig(fields: Fields, dataSources: readonly DataSource[]): Document {
  const { report } = fields
  const flags = Object.fromEntries([
    "full_document", "full_document_before_change", "unordered", "skip_catchup_events", "tolerate_resume_errors", "maximum_throughput",
  ].map((key) => [key, fields.flag(key) ?? false]))
  const database = fields.text("database") ?? ""
  const collection = fields.text("collection") ?? ""
  if (database === "" && collection !== "") report.error("missing-key", fields.at, "`collection` without `database`")
  const level = database === "" ? "deployment" : collection === "" ? "database" : "collection"
  const operations = fields.texts("operation_types")
  const allowed = [...documentOperations, ...operationsBeside(fields)]
  if (operations.length === 0) report.error("missing-key", fields.at, "`operation_types` must name at least one operation")
  checkOperations(fields, "operation_types", operations, allowed, `at the level of a ${level}`)
  if (flags["full_document_before_change"] === true && level !== "collection") report.error("pre-image-level", fields.spot("full_document_before_change"), "documents before the change are for one collection only")
  if (flags["maximum_throughput"] === true && flags["unordered"] !== true) report.error("bad-throughput", fields.spot("maximum_throughput"), "`maximum_throughput` needs `unordered`")
  const project = decoded(fields, "project")
  checkProjection(fields, project)
  return { service_name: serviceName(fields, dataSources), database, collection, operation_types: [...operations], ...flags, match: decoded(fields, "match"), project }
}

/** The operations beside those on documents that a trigger of this level may name. */
function operationsBeside(fields: Fields): readonly string[] {
  if (optionalText(fields, "database") === undefined) return [...databaseOperations, ...deploymentOperations]
  return optionalText(fields, "collection") === undefined ? databaseOperations : []
}

/** What a trigger names, may name, and does not hear of. */
function unreported(fields: Fields): readonly string[] {
  const known = operationsBeside(fields)
  return fields.texts("operation_types").filter((operation) => known.includes(operation))
}

function serviceName(fields: Fields, dataSources: readonly DataSource[]): string {
  const name = optionalText(fields, "service_name")
  const id = optionalText(fields, "service_id")
  const found = dataSources.find((each) => (name === undefined ? id !== undefined && each.id === id : each.name === name))
  if (name === undefined && id === undefined) fields.report.error("missing-key", fields.at, "`service_name` is missing")
  else if (found === undefined) fields.report.error("unknown-data-source", fields.spot(name === undefined ? "service_id" : "service_name"), `there is no data source \`${name ?? id}\``)
  return found?.name ?? name ?? ""
}

function readScheduleConfig(fields: Fields): Document {
  const schedule = requireText(fields, "schedule") ?? ""
  const parsed = parseSchedule(schedule)
  if (schedule !== "" && "fault" in parsed) fields.report.error("bad-schedule", fields.spot("schedule"), parsed.fault)
  else if ("schedule" in parsed && !isEverDue(parsed.schedule)) fields.report.warning("bad-schedule", fields.spot("schedule"), `\`${schedule}\` is never due: all five fields must match, and a step \`x/n\` is every value of \`x\` that \`n\` divides`)
  return { schedule, skip_catchup_events: fields.flag("skip_catchup_events") ?? fields.flag("skip_catchup_event") ?? false }
}

/** SOURCE: app directory, 3.10: one string in every export; a list fires for each. `operation_types` always holds the list. */
function readUserConfig(fields: Fields): Document {
  const key = fields.has("operation_type") ? "operation_type" : "operation_types"
  const operations = Array.isArray(fields.any(key)?.value) ? fields.texts(key) : [fields.text(key) ?? []].flat()
  if (operations.length === 0) fields.report.error("missing-key", fields.at, "`operation_type` is missing")
  checkOperations(fields, key, operations, userOperations, "for an authentication trigger")
  const providers = fields.texts("providers")
  if (providers.length === 0) fields.report.warning("missing-key", fields.at, "`providers` names none; the trigger never runs")
  for (const [index, provider] of providers.entries()) {
    if (!providerTypes.includes(provider)) fields.report.warning("bad-value", within(fields.spot("providers"), index), `\`${provider}\` is no type of provider; there are ${providerTypes.join(", ")}`)
  }
  return { operation_type: operations.length === 1 ? operations[0] : [...operations], operation_types: [...operations], providers: [...providers] }
}

function checkOperations(fields: Fields, key: string, found: readonly string[], allowed: readonly string[], where: string): void {
  for (const operation of found) {
    if (!allowed.includes(operation)) fields.report.error("bad-operation-type", fields.spot(key), `\`${operation}\` is no operation ${where}; there are ${allowed.join(", ")}`)
  }
}

function decoded(fields: Fields, key: string): Value {
  const place = fields.object(key)
  if (place === undefined || !isRecord(place.value)) return {}
  try {
    const value = fromEjson(place.value)
    return isDocument(value) ? value : {}
  } catch (error) {
    if (!(error instanceof EjsonError)) throw error
    fields.report.error("invalid-ejson", { file: place.file, pointer: `${place.pointer}${error.path}` }, error.message)
    return {}
  }
}
