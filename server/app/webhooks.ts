// Legacy webhooks: an HTTP service with sources of its own, read into endpoints and functions (app directory, 7.2).
import { openFields, optionalText, type Fields } from "./fields.ts"
import { readReturnType, validationMethods } from "./endpoints.ts"
import { checkSource, readRunSettings } from "./functions.ts"
import type { AppFunction, Endpoint } from "./model.ts"
import type { Reading } from "./reading.ts"
import { foldersBelow } from "./tree.ts"

const keys = [
  "id", "name", "can_evaluate", "disable_arg_logs", "run_as_authed_user", "run_as_user_id", "run_as_user_id_script_source", "run_as_system", "fetch_custom_user_data",
  "create_user_on_auth", "respond_result", "options", "disabled", "return_type", "last_modified",
]
const optionKeys = ["httpMethod", "validationMethod", "secret", "secretAsQueryParam"]
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "ANY", "*"] as const

export interface Webhook { readonly endpoint: Endpoint; readonly function: AppFunction }

/** Reads the webhooks of every HTTP, GitHub and Twilio service. */
export function readWebhooks(reading: Reading): readonly Webhook[] {
  return ["services", "http_endpoints", "https_endpoints"].flatMap((parent) => foldersBelow(reading.tree, parent).flatMap((folder) => readService(reading, `${parent}/${folder}`, folder)))
}

function readService(reading: Reading, directory: string, folder: string): readonly Webhook[] {
  const hooks = foldersBelow(reading.tree, `${directory}/incoming_webhooks`)
  if (hooks.length === 0) return []
  const service = reading.open(`${directory}/config.json`, undefined)
  const name = (service === undefined ? undefined : optionalText(service, "name")) ?? folder
  const type = (service === undefined ? undefined : optionalText(service, "type")) ?? "http"
  if (type !== "http") reading.lose(`${directory}/incoming_webhooks`, `webhooks of type \`${type}\` receive the plain HTTP request, not the parsed body`)
  return hooks.flatMap((hook) => readHook(reading, { directory: `${directory}/incoming_webhooks/${hook}`, service: name, serviceType: type, hook }) ?? [])
}

function readHook(reading: Reading, { directory, service, serviceType, hook }: { readonly directory: string; readonly service: string; readonly serviceType: string; readonly hook: string }): Webhook | undefined {
  const file = `${directory}/config.json`
  const sourceFile = `${directory}/source.js`
  const fields = reading.open(file, keys)
  if (fields === undefined) return undefined
  const source = reading.tree.files.get(sourceFile)
  const name = optionalText(fields, "name") ?? hook
  if (source === undefined) {
    reading.report.warning("missing-source", fields.at, `the webhook \`${name}\` has no source \`${sourceFile}\`; it does not exist`)
    return undefined
  }
  checkSource(sourceFile, source, reading)
  const optionsPlace = fields.object("options")
  const options = openFields(optionsPlace ?? { ...fields.at, value: {} }, reading.report, optionKeys)
  const checked = options === undefined ? undefined : readValidation(reading, options, service, name)
  const method = options !== undefined && optionalText(options, "httpMethod") !== undefined ? options.word("httpMethod", methods) : "POST"
  if (checked === undefined || method === undefined) return undefined
  const settings = readRunSettings(fields)
  const runAsAuthedUser = fields.flag("run_as_authed_user") ?? false
  const runsAsOther = runAsAuthedUser || settings.runAsUserId !== undefined || settings.runAsUserIdScript !== undefined
  // No function of the app can have a colon in its name, so this one cannot be called by name from outside.
  const functionName = `webhook:${service}/${name}`
  return {
    function: {
      ...settings, name: functionName, file: sourceFile, source, private: true, isWebhook: true,
      // SOURCE: app directory, 7.2: without a run-as key a webhook runs as the system user.
      runAsSystem: settings.runAsSystem || !runsAsOther,
    },
    endpoint: {
      kind: "webhook", route: `/${service}/${name}`, functionName, file, ...checked,
      method: method === "ANY" ? "*" : method,
      respondResult: fields.flag("respond_result") ?? false,
      returnType: readReturnType(fields),
      fetchCustomUserData: fields.flag("fetch_custom_user_data") ?? false,
      createUserOnAuth: fields.flag("create_user_on_auth") ?? false,
      disabled: fields.flag("disabled") ?? false,
      id: optionalText(fields, "id"),
      webhook: { service, serviceType, name, runAsAuthedUser },
    },
  }
}

/** The secret of a webhook stands in its file; it becomes a carried secret, so that the model holds a name only. */
function readValidation(reading: Reading, options: Fields, service: string, hook: string): Pick<Endpoint, "validation" | "secretName"> | undefined {
  // SOURCE: app directory, 7.2: `secretAsQueryParam` is the oldest form of SECRET_AS_QUERY_PARAM.
  const oldest = options.flag("secretAsQueryParam") === true ? "SECRET_AS_QUERY_PARAM" : "NO_VALIDATION"
  const validation = options.has("validationMethod") && options.text("validationMethod") !== "" ? options.word("validationMethod", validationMethods) : oldest
  if (validation === undefined || validation === "NO_VALIDATION") return validation === undefined ? undefined : { validation, secretName: undefined }
  const secret = optionalText(options, "secret")
  // SECURITY: without a secret nothing could be checked, and the webhook would be open or closed by accident.
  if (secret === undefined) options.report.error("missing-key", options.at, `\`secret\` is missing, which \`${validation}\` needs`)
  else reading.report.info("secrets-on-disk", options.spot("secret"), "the secret stands in clear in the file")
  const secretName = `__webhook_${service}_${hook}`
  if (secret !== undefined) reading.secrets.supply(secretName, secret)
  return { validation, secretName }
}
