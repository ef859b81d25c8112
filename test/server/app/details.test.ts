// What the model holds: defaults, names of old layouts, secrets, templates.
import { describe, expect, test } from "vitest"
import { derivedAppId, formatFinding } from "../../../server/app/index.ts"
import { bsonTypeOf } from "../../../kernel/index.ts"
import { appOf, found, source, sourceFile } from "./support.ts"

const hello = { "functions/hello.js": "exports = () => 1" }

const trigger = (type: string, config: object): unknown => appOf({ ...hello, [sourceFile]: { ...source, id: "65a1" }, "triggers/t.json": { name: "t", type, config, function_name: "hello" } }).app?.triggers[0]

const hook = (config: object): Record<string, unknown> => ({
  "realm_config.json": { name: "a", app_id: "a-bcdef" }, "http_endpoints/svc/config.json": { name: "svc", type: "http" },
  "http_endpoints/svc/incoming_webhooks/in/config.json": { name: "in", ...config }, "http_endpoints/svc/incoming_webhooks/in/source.js": "exports = () => 1",
})

describe("templates", () => {
  const qa = { "root_config.json": { name: "a", app_id: "a-bcdef", environment: "qa" }, "environments/qa.json": { values: { cluster: "C1", deep: { er: "x" }, n: 1, marked: "%(%%environment.values.cluster)" } } }
  const nameOf = (text: string, more: Record<string, unknown> = {}): unknown => {
    const loaded = appOf({ ...qa, ...more, [sourceFile]: { ...source, config: { clusterName: text } } })
    return loaded.app?.dataSources.get("mongodb-atlas")?.config["clusterName"] ?? found(loaded)
  }

  test.each([
    ["%(%%environment.values.cluster)", "C1"], ["pre-%(%%environment.values.deep.er)-%(%%environment.tag)", "pre-x-qa"], ["%%environment.values.cluster", "%%environment.values.cluster"],
    ["%(%%environment.values.marked)", "%(%%environment.values.cluster)"],
  ])("%s becomes %s", (text, expected) => {
    expect(nameOf(text)).toBe(expected)
  })

  test.each(["%(%%environment.values.nothing)", "%(%%environment.values.n)", "%(%%values.nothing)", "%(%%user.id)", "%(%%environment.values.constructor)"])("%s is an error with its place", (text) => {
    expect(nameOf(text)).toEqual([`error bad-template ${sourceFile}#/config/clusterName`])
  })

  test("stand in the root file too, under the environment that it names", () => {
    const root = { name: "a", app_id: "a-bcdef", environment: "qa", allowed_request_origins: ["https://%(%%environment.values.cluster).example"], provider_region: "%(%%values.v)" }
    const loaded = appOf({ ...qa, "root_config.json": root, "values/v.json": { name: "v", value: "aws-%(%%environment.tag)" } })
    expect([found(loaded), loaded.app?.allowedRequestOrigins, loaded.app?.providerRegion]).toEqual([[], ["https://C1.example"], "aws-qa"])
    expect(found(appOf({ ...qa, "root_config.json": { ...root, provider_region: "%(%%environment.values.nothing)" } }))).toEqual(["error bad-template root_config.json#/provider_region"])
    const old = { config_version: 20200603, ...root, provider_region: "", custom_user_data_config: { enabled: true, mongo_service_name: "mongodb-atlas", database_name: "%(%%environment.values.cluster)", collection_name: "c", user_id_field: "u" } }
    expect(appOf({ "environments/qa.json": qa["environments/qa.json"], "config.json": old, "services/mongodb-atlas/config.json": source }).app?.customUserData?.database).toBe("C1")
  })

  test("a plain value may be named, a secret never", () => {
    const values = { "values/v.json": { name: "v", value: "C2" }, "values/s.json": { name: "s", value: "hidden", from_secret: true } }
    expect(nameOf("%(%%values.v)", { "values/v.json": values["values/v.json"] })).toBe("C2")
    const loaded = appOf({ ...qa, ...values, [sourceFile]: { ...source, config: { clusterName: "%(%%values.s)" } } }, { secrets: () => "top" })
    expect(found(loaded)).toEqual([`error bad-template ${sourceFile}#/config/clusterName`])
    expect(JSON.stringify(loaded.findings)).not.toContain("top")
  })

  test("sources and schemas inside JSON are left alone", () => {
    const script = "exports = () => 7 %(3)"
    const loaded = appOf({
      [sourceFile]: source, ...hello, "functions/config.json": [{ name: "hello", run_as_user_id_script_source: script }],
      "data_sources/mongodb-atlas/d/c/rules.json": { database: "d", collection: "c", schema: { title: "%(x)" } },
    })
    expect([found(loaded), loaded.app?.functions.get("hello")?.runAsUserIdScript]).toEqual([[], script])
  })

  test("schemas, environments and sources are left alone; rules are not; the files keep their text", () => {
    const text = "%(%%environment.values.cluster)"
    const loaded = appOf({
      ...qa, [sourceFile]: source, "functions/a.js": `exports = () => "${text}"`,
      "data_sources/mongodb-atlas/d/c/schema.json": { title: text }, "data_sources/mongodb-atlas/d/c/rules.json": { database: "d", collection: "c", roles: [], filters: [{ name: "f", query: { a: text } }] },
    })
    const [collection] = loaded.app?.dataSources.get("mongodb-atlas")?.collections ?? []
    expect(collection?.schema?.raw).toEqual({ title: text })
    expect(collection?.rules?.raw).toMatchObject({ filters: [{ query: { a: "C1" } }] })
    expect(loaded.app?.functions.get("a")?.source).toContain(text)
    expect(loaded.files.get("data_sources/mongodb-atlas/d/c/rules.json")).toContain(text)
  })
})

describe("secrets", () => {
  const value = { "values/v.json": { name: "v", value: "my-key", from_secret: true } }

  test("come from the operator first, then from the environment", () => {
    expect(appOf(value, { env: { BACKSTITCH_SECRET_MY_KEY: "b" } }).secrets("my-key")).toBe("b")
    expect(appOf(value, { secrets: () => "a", env: { BACKSTITCH_SECRET_MY_KEY: "b" } }).secrets("my-key")).toBe("a")
    expect(found(appOf(value))).toEqual(["error unknown-secret values/v.json#/value"])
    expect(appOf(value).findings[0]?.message).toBe('could not find secret "my-key"; supply it as `BACKSTITCH_SECRET_MY_KEY` or in the file of secrets')
  })

  test("a name beyond letters, digits, `_` and `-`, or with more than 64, is a warning", () => {
    for (const name of ["a b", "n".repeat(65)]) expect(found(appOf({ "values/v.json": { name: "v", value: name, from_secret: true } }, { secrets: () => "a" }))).toEqual(["warning bad-name values/v.json#/value"])
  })

  test("the model holds names only, findings hold no text", () => {
    const loaded = appOf(value, { secrets: () => `Q${"q".repeat(600)}` })
    expect(loaded.app?.values.get("v")).toEqual({ name: "v", value: "my-key", fromSecret: true })
    expect(found(loaded)).toEqual(["warning bad-secret values/v.json#/value"])
    expect(loaded.findings.map(formatFinding).join()).not.toContain("Qq")
  })

  const provider = { "stitch.json": { config_version: 20180301, app_id: "a-bcdef" }, "auth_providers/oauth2-google.json": { name: "oauth2-google", type: "oauth2-google", config: { clientId: "c" } } }

  test("secrets.json by field is wired in", () => {
    const loaded = appOf({ ...provider, "secrets.json": { auth_providers: { "oauth2-google": { clientSecret: "s" } } } })
    expect(loaded.app?.providers.get("oauth2-google")?.secretConfig).toEqual({ clientSecret: "__oauth2-google_clientSecret" })
    expect(loaded.secrets("__oauth2-google_clientSecret")).toBe("s")
    expect(found(loaded)).toEqual(["warning unsupported auth_providers/oauth2-google.json#/config", "warning secrets-on-disk secrets.json"])
  })

  test("secrets.json by name, and flat", () => {
    const named = { ...provider["auth_providers/oauth2-google.json"], secret_config: { clientSecret: "google" } }
    expect(appOf({ ...provider, "auth_providers/oauth2-google.json": named, "secrets.json": { auth_providers: { "oauth2-google": { google: "s" } } } }).secrets("google")).toBe("s")
    expect(appOf({ ...provider, "auth_providers/oauth2-google.json": named, "secrets.json": { google: "t" } }).secrets("google")).toBe("t")
  })
})

describe("triggers", () => {
  test("have every default, and Extended JSON decoded", () => {
    const read = trigger("DATABASE", { service_id: "65a1", database: "d", collection: "c", operation_types: ["UPDATE"], match: { a: { $oid: "65a1c0ffee0123456789abcd" } } }) as { config: { match: { a: unknown } } }
    expect(bsonTypeOf(read.config.match.a)).toBe("ObjectId")
    expect(read).toMatchObject({
      functionName: "hello", disabled: false,
      config: {
        service_name: "mongodb-atlas", database: "d", collection: "c", operation_types: ["UPDATE"], full_document: false, full_document_before_change: false, unordered: false,
        skip_catchup_events: false, tolerate_resume_errors: false, maximum_throughput: false, project: {},
      },
    })
  })

  test("of users have a list of operations whatever the file has", () => {
    expect(trigger("AUTHENTICATION", { operation_type: "LOGIN", providers: ["anon-user"] })).toMatchObject({ config: { operation_type: "LOGIN", operation_types: ["LOGIN"], providers: ["anon-user"] } })
    expect(trigger("AUTHENTICATION", { operation_type: ["LOGIN", "CREATE"], providers: [] })).toMatchObject({ config: { operation_types: ["LOGIN", "CREATE"] } })
    expect(trigger("SCHEDULED", { schedule: "*/5 * * * *", skip_catchup_event: true })).toMatchObject({ config: { schedule: "*/5 * * * *", skip_catchup_events: true } })
  })
})

describe("webhooks", () => {
  test("become endpoints with a function of their own, run as the system", () => {
    const { app } = appOf(hook({ options: { httpMethod: "ANY", validationMethod: "NO_VALIDATION" }, respond_result: true }))
    expect(app?.endpoints).toMatchObject([{ kind: "webhook", route: "/svc/in", method: "*", functionName: "webhook:svc/in", respondResult: true, webhook: { service: "svc", serviceType: "http", name: "in", runAsAuthedUser: false } }])
    expect(app?.functions.get("webhook:svc/in")).toMatchObject({ isWebhook: true, private: true, runAsSystem: true })
  })

  test.each([[{ run_as_authed_user: true }], [{ run_as_user_id: "u" }]])("run as somebody else where they say so: %j", (config) => {
    expect(appOf(hook(config)).app?.functions.get("webhook:svc/in")?.runAsSystem).toBe(false)
  })

  test("the secret in the file is supplied by name", () => {
    const loaded = appOf(hook({ options: { secret: "open sesame", secretAsQueryParam: true } }))
    expect(loaded.app?.endpoints).toMatchObject([{ method: "POST", validation: "SECRET_AS_QUERY_PARAM", secretName: "__webhook_svc_in" }])
    expect(loaded.secrets("__webhook_svc_in")).toBe("open sesame")
    expect(JSON.stringify(loaded.findings)).not.toContain("sesame")
  })

  test("a service in the folder of HTTP services is one without saying so", () => {
    const loaded = appOf({ ...hook({}), "http_endpoints/svc/config.json": { name: "svc" }, "http_endpoints/svc/rules/r.json": { name: "r", actions: ["get"], when: {} } })
    expect([found(loaded), loaded.app?.httpServices.get("svc")?.rules.map(({ name }) => name)]).toEqual([[], ["r"]])
    expect(found(appOf({ ...hook({}), "services/other/config.json": { name: "other" } }))).toEqual(["warning unsupported services/other"])
  })

  test("an empty method is none", () => {
    expect(appOf(hook({ options: { httpMethod: "" }, return_type: "" })).app?.endpoints).toMatchObject([{ method: "POST", returnType: "JSON" }])
  })

  test("validation without a secret is refused", () => {
    expect(found(appOf(hook({ options: { validationMethod: "VERIFY_PAYLOAD" } })))).toContain("error missing-key http_endpoints/svc/incoming_webhooks/in/config.json#/options")
  })
})

describe("identity", () => {
  test("the setting wins over the identity file, and that over the root file", () => {
    const files = { "root_config.json": { name: "a", app_id: "root-abcde" }, ".mdb/meta.json": { client_app_id: "meta-abcde" } }
    expect(appOf(files, { clientAppId: "mine-abcde" }).app?.clientAppId).toBe("mine-abcde")
    expect(appOf(files).app?.clientAppId).toBe("meta-abcde")
    expect(appOf({ "root_config.json": files["root_config.json"] }).app?.clientAppId).toBe("root-abcde")
  })

  test("a derived App ID is the same at every load", () => {
    expect(derivedAppId("WorkTracker")).toMatch(/^worktracker-[a-z]{5}$/)
    expect(appOf({ "root_config.json": { name: "WorkTracker" } }).app?.clientAppId).toBe(derivedAppId("WorkTracker"))
  })

  test("the App ID without its suffix is the name where there is none", () => {
    expect(appOf({ "stitch.json": { config_version: 20180301, app_id: "doko-abcde" } }).app?.name).toBe("doko")
  })
})

test("a broken identity file is named in the words of App Services", () => {
  expect(appOf({ "root_config.json": { name: "a", app_id: "a-bcdef" }, ".mdb/app_meta.json": "{" }).findings.map(({ message }) => message)).toContain("failed to parse app meta at .mdb/app_meta.json")
})

test("a function of the manifest without a source is told where one of its name is", () => {
  const { findings } = appOf({ "functions/config.json": [{ name: "makeUser" }, { name: "other" }], "functions/user/makeUser.js": "exports = () => 1" })
  expect(findings.map(({ message }) => /`functions\/user\/makeUser.js` is the function `user\/makeUser`/.test(message))).toEqual([true, false])
})

test("functions may be named by id, as the Admin API does", () => {
  const loaded = appOf({
    ...hello, [sourceFile]: source, "functions/config.json": [{ name: "hello", id: "65a1" }],
    "auth/custom_user_data.json": { enabled: true, mongo_service_name: "mongodb-atlas", database_name: "d", collection_name: "c", user_id_field: "u", on_user_creation_function_id: "65a1" },
    "auth/providers.json": { "custom-function": { config: { authFunctionId: "65a1" } } },
    "triggers/t.json": { name: "t", type: "SCHEDULED", config: { schedule: "* * * * *" }, event_processors: { FUNCTION: { config: { function_id: "65a1" } } } },
    "https_endpoints/config.json": [{ route: "/a", http_method: "GET", function_id: "65a1", validation_method: "NO_VALIDATION" }],
  })
  expect(found(loaded)).toEqual([])
  expect(loaded.app?.customUserData?.onUserCreationFunction).toBe("hello")
  expect(loaded.app?.providers.get("custom-function")?.config["authFunctionName"]).toBe("hello")
  expect([loaded.app?.triggers[0]?.functionName, loaded.app?.endpoints[0]?.functionName]).toEqual(["hello", "hello"])
})
