// Custom HTTPS endpoints: `https_endpoints/config.json`, called `http_endpoints/config.json` before 20230101.
import { openFields, optionalText, requireText, type Fields, type Place } from "./fields.ts"
import type { FunctionReferences } from "./function-references.ts"
import type { Endpoint } from "./model.ts"
import type { Reading } from "./reading.ts"
import { checkSecret } from "./secrets.ts"

const keys = [
  "id", "route", "http_method", "function_name", "function_id", "validation_method", "verification_method", "secret_name", "secret_id", "respond_result", "return_type",
  "fetch_custom_user_data", "create_user_on_auth", "disabled", "can_evaluate", "last_modified",
]
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "*", "ANY"] as const

/** How a caller of an endpoint proves itself. */
export const validationMethods = ["NO_VALIDATION", "SECRET_AS_QUERY_PARAM", "VERIFY_PAYLOAD"] as const

/** Reads the endpoints of both directories; `https_endpoints` wins on a same route and method. */
export function readEndpoints(reading: Reading, references: FunctionReferences): readonly Endpoint[] {
  const files = ["https_endpoints/config.json", "http_endpoints/config.json"].filter((file) => reading.json(file) !== undefined)
  if (files.length > 1) reading.report.warning("hybrid-layout", { file: files[1] as string, pointer: "" }, "`https_endpoints/` is there too; it wins on a same route and method")
  const endpoints: Endpoint[] = []
  for (const file of files) {
    for (const place of entries(reading, file)) {
      const endpoint = readEndpoint(reading, place, references)
      if (endpoint === undefined) continue
      const twin = endpoints.find(({ route, method }) => route === endpoint.route && method === endpoint.method)
      if (twin === undefined) endpoints.push(endpoint)
      else if (twin.file === file) reading.report.error("duplicate-endpoint", place, `two endpoints answer ${endpoint.method} \`${endpoint.route}\``)
    }
  }
  return endpoints
}

function entries(reading: Reading, file: string): readonly Place[] {
  const place = reading.json(file)
  if (place === undefined) return []
  if (Array.isArray(place.value)) return place.value.map((value: unknown, index) => ({ file, pointer: `/${index}`, value }))
  // Some exports hold an empty object where there is no endpoint.
  const fields = openFields(place, reading.report, [])
  if (fields !== undefined && Object.keys(place.value ?? {}).length > 0) reading.report.error("wrong-type", place, "expected a list of endpoints")
  return []
}

function readEndpoint(reading: Reading, place: Place, references: FunctionReferences): Endpoint | undefined {
  const fields = openFields(place, reading.report, keys)
  if (fields === undefined) return undefined
  const route = requireText(fields, "route")
  if (route !== undefined && !route.startsWith("/")) reading.report.error("bad-value", fields.spot("route"), `the route \`${route}\` does not begin with \`/\``)
  if (!fields.has("http_method")) reading.report.error("missing-key", fields.at, "`http_method` is missing")
  const method = fields.word("http_method", methods)
  const disabled = fields.flag("disabled") ?? false
  const report = disabled ? reading.report.demoted() : reading.report
  const functionId = optionalText(fields, "function_id")
  const functionName = optionalText(fields, "function_name") ?? (functionId === undefined ? undefined : references.nameOf(functionId))
  if (functionName === undefined) report.error("missing-key", fields.at, "`function_name` is missing")
  else references.add({ name: functionName, at: fields.spot("function_name"), report })
  const validation = readValidation(fields)
  const secretName = optionalText(fields, "secret_name")
  if (validation !== undefined && validation !== "NO_VALIDATION") {
    if (secretName === undefined) report.error("missing-key", fields.at, `\`secret_name\` is missing, which \`${validation}\` needs`)
    else checkSecret(secretName, fields.spot("secret_name"), reading, report)
  }
  const canEvaluate = fields.any("can_evaluate")
  if (route === undefined || method === undefined || validation === undefined || functionName === undefined) return undefined
  return {
    kind: "endpoint", route, functionName, validation, secretName, disabled,
    method: method === "ANY" ? "*" : method,
    respondResult: fields.flag("respond_result") ?? false,
    returnType: readReturnType(fields),
    fetchCustomUserData: fields.flag("fetch_custom_user_data") ?? false,
    createUserOnAuth: fields.flag("create_user_on_auth") ?? false,
    file: place.file,
    id: optionalText(fields, "id"),
    ...(canEvaluate === undefined ? {} : { canEvaluate: { file: canEvaluate.file, raw: canEvaluate.value, pointer: canEvaluate.pointer } }),
  }
}

/** The form of the reply; an empty one counts as absent. */
export function readReturnType(fields: Fields): Endpoint["returnType"] {
  return optionalText(fields, "return_type") === undefined ? "JSON" : fields.word("return_type", ["JSON", "EJSON"]) ?? "JSON"
}

/** SECURITY: a forgotten key must not open an endpoint, so an absent method is an error and there is no default. */
function readValidation(fields: Fields): Endpoint["validation"] | undefined {
  const alias = fields.has("verification_method") && !fields.has("validation_method")
  if (alias) fields.report.warning("unknown-key", fields.spot("verification_method"), "read as `validation_method`, which is its name")
  const key = alias ? "verification_method" : "validation_method"
  if (!fields.has(key)) fields.report.error("missing-key", fields.at, "`validation_method` is missing")
  return fields.word(key, validationMethods)
}
