// The root file, the identity files beside it, environments and values.
import { createHash } from "node:crypto"
import type { Document, Value } from "../../kernel/index.ts"
import { isRecord, openFields, optionalText, requireText, within, type Fields } from "./fields.ts"
import { checkValueName } from "./names.ts"
import type { AppValue, Environment, FormatVersion } from "./model.ts"
import type { Reading } from "./reading.ts"
import { checkSecret } from "./secrets.ts"
import { isRootFile, namesBelow, rootFiles, type RootFile } from "./tree.ts"

export interface RootSettings {
  readonly version: FormatVersion
  readonly name: string
  readonly clientAppId: string
  readonly appId: string | undefined
  readonly projectId: string | undefined
  readonly deploymentModel: string
  readonly providerRegion: string
  readonly allowedRequestOrigins: readonly string[]
  readonly fields: Fields
}

const rootKeys = [
  "config_version", "app_id", "name", "location", "provider_region", "deployment_model", "environment", "allowed_request_origins", "last_modified",
  "security", "custom_user_data_config", "hosting", "sync",
]
const versionOfFile: Record<RootFile, FormatVersion> = { "root_config.json": 20230101, "realm_config.json": 20210101, "config.json": 20200603, "stitch.json": 20180301 }
const versions: readonly number[] = Object.values(versionOfFile)
const environmentNames = ["no-environment", "development", "testing", "qa", "production"]

/** Reads the root file and the identity. */
export function readRoot(reading: Reading, explicitAppId: string | undefined): RootSettings | undefined {
  const { rootFile, tree } = reading
  const fields = reading.open(rootFile, rootKeys)
  const meta = readMeta(reading)
  if (fields === undefined) return undefined
  for (const other of rootFiles.slice(rootFiles.indexOf(rootFile) + 1)) {
    if (!isRootFile(other, tree.files.get(other))) continue
    reading.notice(other)
    reading.report.info("hybrid-layout", { file: other, pointer: "" }, `\`${rootFile}\` is newer and decides; this file is not read`)
  }
  const clientAppId = explicitAppId ?? meta.clientAppId ?? optionalText(fields, "app_id")
  const name = optionalText(fields, "name") ?? clientAppId?.replace(/-[a-z]{5,7}$/, "") ?? "app"
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,31}$/.test(name)) reading.report.warning("bad-name", fields.spot("name"), `an app's name has 1 to 32 letters, digits, \`_\` or \`-\` and begins with a letter; \`${name}\` does not`)
  if (clientAppId === undefined) reading.report.info("generated-app-id", fields.at, `no App ID in the export; \`${derivedAppId(name)}\` is derived from the name`)
  return {
    fields, name,
    version: versionOf(reading, fields, meta.version),
    clientAppId: clientAppId ?? derivedAppId(name),
    appId: meta.appId, projectId: meta.projectId,
    deploymentModel: optionalText(fields, "deployment_model") ?? "",
    providerRegion: optionalText(fields, "provider_region") ?? optionalText(fields, "location") ?? "",
    allowedRequestOrigins: readOrigins(reading, fields),
  }
}

/** An App ID in App Services' form that is the same at every load of one name: the lower-cased name and five letters. */
export function derivedAppId(name: string): string {
  const letters = [...createHash("sha256").update(name).digest().subarray(0, 5)].map((byte) => String.fromCodePoint(97 + (byte % 26))).join("")
  return `${name.toLowerCase()}-${letters}`
}

function versionOf({ rootFile, report }: Reading, fields: Fields, metaVersion: number | undefined): FormatVersion {
  const written = fields.number("config_version")
  if (written !== undefined && !versions.includes(written)) report.warning("unknown-version", fields.spot("config_version"), `\`config_version\` is none of ${versions.join(", ")}; the layout of \`${rootFile}\` is read`)
  const candidates = [written, rootFile === "root_config.json" ? 20230101 : metaVersion]
  return (candidates.find((each) => each !== undefined && versions.includes(each)) as FormatVersion | undefined) ?? versionOfFile[rootFile]
}

function readMeta(reading: Reading): { clientAppId?: string | undefined; appId?: string | undefined; projectId?: string | undefined; version?: number | undefined } {
  const { tree } = reading
  const path = [".mdb/meta.json", ".mdb/app_meta.json"].find((each) => tree.files.has(each))
  if (path === undefined) return {}
  const fields = reading.open(path, undefined)
  if (fields === undefined) {
    if (tree.files.get(path)?.trim() !== "") reading.report.error("broken-json", { file: path, pointer: "" }, `failed to parse app meta at ${path}`)
    return {}
  }
  return { clientAppId: optionalText(fields, "client_app_id"), appId: optionalText(fields, "app_id"), projectId: optionalText(fields, "group_id"), version: fields.number("config_version") }
}

function readOrigins(reading: Reading, fields: Fields): readonly string[] {
  const place = fields.object("security")
  const security = place === undefined ? undefined : openFields(place, reading.report, ["allowed_request_origins", "allowed_origins"])
  const [from, key] = security !== undefined && !fields.has("allowed_request_origins")
    ? [security, security.has("allowed_request_origins") ? "allowed_request_origins" : "allowed_origins"] as const
    : [fields, "allowed_request_origins"] as const
  const origins = from.texts(key)
  for (const [index, origin] of origins.entries()) {
    // SECURITY: an origin that cannot match would silently lock every browser out, or look like protection that is none.
    if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/i.test(origin)) reading.report.warning("bad-value", within(from.spot(key), index), `\`${origin}\` is no origin of the form scheme://host[:port]`)
  }
  return origins
}

/** The name of the active environment, before templates can be read. Undefined after findings when the root file is no JSON object. */
export function readEnvironmentTag(reading: Reading): string | undefined {
  const fields = reading.open(reading.rootFile, rootKeys)
  if (fields === undefined) return undefined
  const tag = fields.text("environment") ?? ""
  // SOURCE: app directory, 3.1: `none` occurs and means no environment.
  if (tag === "" || tag === "none" || tag === "no-environment") return ""
  if (!environmentNames.includes(tag)) fields.report.error("unknown-environment", fields.spot("environment"), `the environment \`${tag}\` is none of ${environmentNames.slice(1).join(", ")}`)
  return tag
}

/** The active environment and its values. */
export function readEnvironment(reading: Reading, tag: string): Environment {
  let values: Document = {}
  for (const file of namesBelow(reading.tree, "environments")) {
    const path = `environments/${file}`
    const name = file.replace(/\.json$/, "")
    if (!environmentNames.includes(name) || name === file) {
      reading.notice(path)
      reading.report.warning("unknown-environment", { file: path, pointer: "" }, `\`${name}\` is none of the five environments; the file is not read`)
      continue
    }
    const place = reading.open(path, ["values"])?.object("values")
    if (name === (tag === "" ? "no-environment" : tag) && isRecord(place?.value)) values = place.value
  }
  return { tag, values }
}

/** The values of `values/`, by name. */
export function readValues(reading: Reading): ReadonlyMap<string, AppValue> {
  const values = new Map<string, AppValue>()
  for (const file of namesBelow(reading.tree, "values")) {
    const path = `values/${file}`
    const fields = file.endsWith(".json") ? reading.open(path, ["id", "name", "value", "from_secret", "private", "last_modified"]) : undefined
    if (fields === undefined) continue
    const name = requireText(fields, "name", "missing-name")
    if (name === undefined) continue
    checkValueName(name, fields.spot("name"), reading.report)
    if (`${name}.json` !== file) reading.report.warning("name-mismatch", fields.spot("name"), `the file is called \`${file}\`, the value \`${name}\`; the name inside counts`)
    if (values.has(name)) reading.report.error("duplicate-name", fields.spot("name"), `two values are called \`${name}\``)
    const fromSecret = fields.flag("from_secret") ?? false
    const value = fields.any("value")?.value
    const raw = reading.json(path)?.value
    if (!fromSecret && isRecord(raw) && !Object.hasOwn(raw, "value")) reading.report.warning("missing-key", fields.at, `\`value\` is missing; \`${name}\` is null`)
    if (fromSecret && typeof value === "string") checkSecret(value, fields.spot("value"), reading, reading.report)
    else if (fromSecret) reading.report.error("wrong-type", fields.spot("value"), "`value` must be the name of a secret")
    values.set(name, { name, value: (value ?? null) as Value, fromSecret })
  }
  return values
}
