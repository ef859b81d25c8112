// Authentication providers: `auth/providers.json`, or `auth_providers/*.json` of the V1 layouts.
import { isDocument, type Document } from "../../kernel/index.ts"
import { isRecord, openFields, optionalText, requireText, type Fields, type Place } from "./fields.ts"
import type { Report } from "./findings.ts"
import type { FunctionReferences } from "./function-references.ts"
import type { AuthProvider } from "./model.ts"
import type { Reading } from "./reading.ts"
import { readSecretConfig } from "./secrets.ts"
import { namesBelow } from "./tree.ts"

const providerKeys = ["id", "name", "type", "disabled", "config", "secret_config", "metadata_fields", "redirect_uris", "domain_restrictions", "domain_id"]

type Kind = "text" | "flag" | "texts"
const passwordKeys = {
  autoConfirm: "flag", emailConfirmationUrl: "text", confirmEmailSubject: "text", runConfirmationFunction: "flag", confirmationFunctionName: "text", confirmationFunctionId: "text",
  resetPasswordUrl: "text", resetPasswordSubject: "text", runResetFunction: "flag", resetFunctionName: "text", resetFunctionId: "text",
} as const
const configKeys: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  "anon-user": {},
  "local-userpass": passwordKeys,
  "api-key": {},
  "custom-token": { audience: "texts", requireAnyAudience: "flag", signingAlgorithm: "text", useJWKURI: "flag", jwkURI: "text" },
  "custom-function": { authFunctionName: "text", authFunctionId: "text" },
  "oauth2-google": { clientId: "text", openId: "flag" },
  "oauth2-facebook": { clientId: "text" },
  "oauth2-apple": { clientId: "text" },
}

/** Every type of provider that App Services has. */
export const providerTypes: readonly string[] = Object.keys(configKeys)

/** Reads all providers by type. What they say of functions goes to `references`. */
export function readProviders(reading: Reading, references: FunctionReferences): ReadonlyMap<string, AuthProvider> {
  const providers = new Map<string, AuthProvider>()
  for (const { key, place } of providerPlaces(reading)) {
    const provider = readProvider(key, place, reading, references)
    if (provider === undefined) continue
    if (providers.has(provider.type)) reading.report.error("duplicate-name", place, `two providers are of type \`${provider.type}\``)
    providers.set(provider.type, provider)
  }
  return providers
}

function providerPlaces(reading: Reading): readonly { readonly key: string; readonly place: Place }[] {
  if (reading.family === "v2") {
    const whole = reading.open("auth/providers.json", undefined)
    const all = reading.json("auth/providers.json")?.value
    return (isRecord(all) ? Object.keys(all) : []).flatMap((key) => {
      const place = whole?.any(key)
      return place === undefined ? [] : [{ key, place }]
    })
  }
  return namesBelow(reading.tree, "auth_providers").filter((file) => file.endsWith(".json")).flatMap((file) => {
    const place = reading.json(`auth_providers/${file}`)
    return place === undefined ? [] : [{ key: file.replace(/\.json$/, ""), place }]
  })
}

function readProvider(key: string, place: Place, reading: Reading, references: FunctionReferences): AuthProvider | undefined {
  const raw: unknown = isRecord(place.value) && Object.hasOwn(place.value, "disabled") ? place.value["disabled"] : false
  // A provider that is switched off must not block a start.
  const report = raw === true ? reading.report.demoted() : reading.report
  const fields = openFields(place, report, providerKeys)
  if (fields === undefined) return undefined
  const type = optionalText(fields, "type") ?? optionalText(fields, "name") ?? key
  const disabled = fields.flag("disabled") ?? false
  if (!Object.hasOwn(configKeys, type)) {
    reading.report[disabled ? "info" : "warning"]("unsupported", fields.spot("type"), `unsupported: ${place.file}: no login with the provider \`${type}\``)
    reading.unsupported.push({ path: place.file, loss: `login with the provider \`${type}\`` })
  }
  const config = withNames(readConfig(type, fields, report), references)
  const provider: AuthProvider = {
    type, disabled, config,
    id: optionalText(fields, "id"),
    secretConfig: readSecretConfig(fields, type, reading, report),
    metadataFields: readMetadataFields(fields),
    redirectUris: fields.texts("redirect_uris"),
    domainRestrictions: fields.texts("domain_restrictions"),
  }
  checkProvider(provider, fields, report, references, reading)
  return provider
}

function readConfig(type: string, fields: Fields, report: Report): Document {
  const place = fields.object("config")
  if (place === undefined) return {}
  const known = Object.hasOwn(configKeys, type) ? configKeys[type] : undefined
  const config = openFields(place, report, known === undefined ? undefined : Object.keys(known))
  for (const [key, kind] of Object.entries(known ?? {})) {
    if (kind === "flag") config?.flag(key)
    else if (kind === "text" || !Array.isArray(config?.any(key)?.value)) config?.text(key)
    else config.texts(key)
  }
  return isDocument(place.value) ? place.value : {}
}

/** SOURCE: app directory, 3.6: the Admin API writes `…FunctionId` where files have `…FunctionName`. */
function withNames(config: Document, references: FunctionReferences): Document {
  const named: Document = { ...config }
  for (const key of Object.keys(config).filter((each) => each.endsWith("FunctionId"))) {
    const name = key.replace(/Id$/, "Name")
    const id = config[key]
    if (typeof id === "string" && id !== "" && (config[name] ?? "") === "") named[name] = references.nameOf(id)
  }
  return named
}

function readMetadataFields(fields: Fields): AuthProvider["metadataFields"] {
  return fields.list("metadata_fields").flatMap((place) => {
    const each = openFields(place, fields.report, ["required", "name", "field_name"])
    const name = each === undefined ? undefined : requireText(each, "name", "missing-name")
    if (each === undefined || name === undefined) return []
    const fieldName = optionalText(each, "field_name")
    if ((fieldName ?? "").length >= 64) fields.report.warning("bad-value", each.spot("field_name"), "`field_name` has 64 characters or more")
    return [{ required: each.flag("required") ?? false, name, fieldName }]
  })
}

function checkProvider(provider: AuthProvider, fields: Fields, report: Report, references: FunctionReferences, reading: Reading): void {
  const place = fields.object("config") ?? { ...fields.at, value: {} }
  const config = openFields(place, report, undefined)
  if (config === undefined) return
  const refer = (key: string, wanted: boolean): void => {
    const name = provider.config[key]
    if (typeof name === "string" && name !== "") references.add({ name, at: config.spot(key), report: wanted ? report : report.demoted() })
    else if (wanted) report.error("missing-key", config.at, `\`${key}\` is missing`)
  }
  if (provider.type === "local-userpass") checkPasswords(provider, config, report, refer)
  if (provider.type === "custom-function") refer("authFunctionName", true)
  if (provider.type === "custom-token") checkTokens(provider, config, fields, report, reading)
  if (signInServices.has(provider.type)) checkClient(provider, config, fields, report)
}

const signInServices = new Set(["oauth2-google", "oauth2-facebook", "oauth2-apple"])

/** Nothing here keeps an app from being served: logins with the provider are refused, and the others work. */
function checkClient({ type, disabled, config: raw, secretConfig }: AuthProvider, config: Fields, fields: Fields, report: Report): void {
  const remark = disabled ? report.info : report.warning
  if (![raw["clientId"]].flat().some((client) => typeof client === "string" && client !== "")) remark("missing-key", config.at, "`clientId` is missing, and without it no token can be checked")
  if (type === "oauth2-facebook" && secretConfig["clientSecret"] === undefined) remark("missing-key", fields.at, "`secret_config` names no `clientSecret`, and without it no token can be checked")
  if (type === "oauth2-google" && raw["openId"] !== true) remark("unsupported", config.at, "unsupported: login by authorization code or redirect; users log in with an ID token once `openId` is on")
}

function checkPasswords({ disabled }: AuthProvider, config: Fields, report: Report, refer: (key: string, wanted: boolean) => void): void {
  const byFunction = config.flag("runConfirmationFunction") ?? false
  const automatic = config.flag("autoConfirm") ?? false
  refer("confirmationFunctionName", byFunction)
  refer("resetFunctionName", config.flag("runResetFunction") ?? false)
  if (automatic && byFunction) report.warning("conflicting-keys", config.spot("runConfirmationFunction"), "`autoConfirm` and `runConfirmationFunction` exclude each other; users are confirmed automatically")
  if (!automatic && !byFunction) report[disabled ? "info" : "warning"]("needs-email", config.at, "new users are to be confirmed by e-mail, which needs a way to send it")
  for (const key of ["confirmEmailSubject", "resetPasswordSubject"]) {
    if ((config.text(key) ?? "").length > 256) report.warning("bad-value", config.spot(key), `\`${key}\` has more than 256 characters`)
  }
}

function checkTokens(provider: AuthProvider, config: Fields, fields: Fields, report: Report, { secrets }: Reading): void {
  // Exports write an empty algorithm beside an address of keys.
  if (optionalText(config, "signingAlgorithm") !== undefined) config.word("signingAlgorithm", ["HS256", "RS256"])
  if (config.flag("useJWKURI") === true) {
    const address = optionalText(config, "jwkURI")
    if (address === undefined) report.error("missing-key", config.at, "`jwkURI` is missing")
    else if (URL.parse(address)?.protocol !== "https:") report.warning("bad-value", config.spot("jwkURI"), "keys are fetched from https addresses alone")
    return
  }
  if (optionalText(config, "signingAlgorithm") === undefined) report.error("missing-key", config.at, "`signingAlgorithm` is missing")
  const keys = [provider.secretConfig["signingKeys"] ?? []].flat()
  if (keys.length === 0 || keys.length > 3) report.error("missing-key", fields.spot("secret_config"), "`signingKeys` must name one to three secrets")
  const weak = provider.config["signingAlgorithm"] === "HS256" ? keys.filter((name) => !/^[A-Za-z0-9_-]{32,512}$/.test(secrets.lookup(String(name)) ?? "x".repeat(32))) : []
  for (const name of weak) report.warning("bad-secret", fields.spot("secret_config"), `the secret \`${String(name)}\` is not 32 to 512 letters, digits, \`_\` and \`-\`, and is not used`)
}
