// Each part of an app with its faults, one row each: the files, and what is found in them.
import { describe, expect, test } from "vitest"
import { appOf, found, source, sourceFile } from "./support.ts"

type Row = readonly [name: string, files: Record<string, unknown>, findings: readonly string[]]

function rows(title: string, table: readonly Row[]): void {
  describe(title, () => {
    test.each(table)("%s", (_name, files, findings) => {
      expect(found(appOf(files))).toEqual(findings)
    })
  })
}

const hello = { "functions/hello.js": "exports = () => 1" }

rows("root", [
  ["no root file", { "realm.json": {}, "root_config.json": undefined }, ["error app-not-found "]],
  ["unknown environment", { "root_config.json": { name: "a", environment: "staging" }, ".mdb/meta.json": { client_app_id: "a-bcdef" } }, ["error unknown-environment root_config.json#/environment"]],
  ["`none` is no environment", { "root_config.json": { name: "a", environment: "none" }, ".mdb/meta.json": { client_app_id: "a-bcdef" } }, []],
  ["name and origins", { "root_config.json": { name: "1 app", app_id: "x-abcde", allowed_request_origins: ["https://a.example", "a.example/x", 1] } }, [
    "warning bad-name root_config.json#/name", "warning bad-value root_config.json#/allowed_request_origins/1", "error wrong-type root_config.json#/allowed_request_origins/2",
  ]],
  ["unknown keys and versions", { "realm_config.json": { name: "a", app_id: "a-bcdef", config_version: 20990101, colour: 1 } }, [
    "warning unknown-version realm_config.json#/config_version", "info unknown-key realm_config.json#/colour",
  ]],
  ["two root files", { "root_config.json": { name: "a" }, "realm_config.json": { name: "b" }, ".mdb/meta.json": { client_app_id: "a-bcdef" } }, ["info hybrid-layout realm_config.json"]],
  ["a config.json that is no root file", { "config.json": { colour: 1 }, "stitch.json": { config_version: 20180301, name: "a", app_id: "a-bcdef" } }, ["info unread-file config.json"]],
  ["one beside a newer root file", { "config.json": { colour: 1 }, "root_config.json": { name: "a", app_id: "a-bcdef" } }, ["info unread-file config.json"]],
  ["a broken root file", { "root_config.json": "{" }, ["error broken-json root_config.json", "error broken-json root_config.json"]],
  ["a broken identity file", { "root_config.json": { name: "a", app_id: "a-bcdef" }, ".mdb/meta.json": "{,}" }, ["error broken-json .mdb/meta.json", "error broken-json .mdb/meta.json"]],
  ["an environment nobody knows", { "environments/staging.json": { values: {} } }, ["warning unknown-environment environments/staging.json"]],
  ["a file nobody reads", { "data_sources/readme.json": {} }, ["info unread-file data_sources/readme.json"]],
])

rows("values", [
  ["no name", { "values/a.json": { value: 1 } }, ["error missing-name values/a.json"]],
  ["another name", { "values/a.json": { name: "b", value: 1 } }, ["warning name-mismatch values/a.json#/name"]],
  ["a name twice", { "values/a.json": { name: "a", value: 1 }, "values/b.json": { name: "a", value: null } }, ["error duplicate-name values/b.json#/name", "warning name-mismatch values/b.json#/name"]],
  ["a name with a dot", { "values/a.b.json": { name: "a.b", value: true } }, ["warning bad-name values/a.b.json#/name"]],
  ["a name that begins with neither letter nor digit", { "values/_a.json": { name: "_a", value: 1 } }, ["warning bad-name values/_a.json#/name"]],
  ["no value", { "values/a.json": { name: "a" } }, ["warning missing-key values/a.json"]],
  ["a secret without a name", { "values/a.json": { name: "a", value: 7, from_secret: true } }, ["error wrong-type values/a.json#/value"]],
  ["flags of another type", { "values/a.json": { name: "a", value: 7, from_secret: "yes" } }, ["error wrong-type values/a.json#/from_secret"]],
  ["a list instead of an object", { "values/a.json": [] }, ["error wrong-type values/a.json"]],
  ["a key twice", { "values/a.json": "{\"name\": \"b\", \"name\": \"a\", \"value\": 1}" }, ["warning duplicate-key values/a.json#/name"]],
])

const data = { enabled: true, mongo_service_name: "mongodb-atlas", database_name: "d", collection_name: "c", user_id_field: "u" }
const custom = "auth/custom_user_data.json"
rows("custom user data", [
  ["complete", { [custom]: data, [sourceFile]: source }, []],
  ["off and empty", { [custom]: { enabled: false } }, []],
  ["off with faults", { [custom]: { ...data, enabled: false, user_id_field: "", on_user_creation_function_name: "nobody" } }, [
    `warning missing-key ${custom}`, `warning unknown-data-source ${custom}#/mongo_service_name`, `warning unknown-function ${custom}#/on_user_creation_function_name`,
  ]],
  ["no data source", { [custom]: { ...data, mongo_service_name: undefined }, [sourceFile]: source }, [`error missing-key ${custom}`]],
  ["unknown data source", { [custom]: data }, [`error unknown-data-source ${custom}#/mongo_service_name`]],
  ["every key missing", { [custom]: { enabled: true } }, Array.from({ length: 4 }, () => `error missing-key ${custom}`)],
  ["a field that is no path", { [custom]: { ...data, user_id_field: "a..b" }, [sourceFile]: source }, [`error bad-value ${custom}#/user_id_field`]],
  ["a dotted field", { [custom]: { ...data, user_id_field: "a.b" }, [sourceFile]: source }, []],
  ["by id", { [custom]: { ...data, mongo_service_name: undefined, mongo_service_id: "65a1" }, [sourceFile]: { ...source, id: "65a1" } }, []],
  ["`enabled` as text", { [custom]: { ...data, enabled: "true" }, [sourceFile]: source }, [`error wrong-type ${custom}#/enabled`]],
])

const providers = "auth/providers.json"
rows("providers", [
  ["e-mail without a way to send it", { [providers]: { "local-userpass": { config: {} } } }, [`warning needs-email ${providers}#/local-userpass/config`]],
  ["two ways of confirming", { [providers]: { "local-userpass": { config: { autoConfirm: true, runConfirmationFunction: true, confirmationFunctionName: "hello" } } }, ...hello }, [`warning conflicting-keys ${providers}#/local-userpass/config/runConfirmationFunction`]],
  ["no reset function", { [providers]: { "local-userpass": { config: { autoConfirm: true, runResetFunction: true } } } }, [`error missing-key ${providers}#/local-userpass/config`]],
  ["an unused reset function", { [providers]: { "local-userpass": { config: { autoConfirm: true, resetFunctionName: "gone" } } } }, [`warning unknown-function ${providers}#/local-userpass/config/resetFunctionName`]],
  ["an unknown provider", { [providers]: { "oauth2-other": {} } }, [`warning unsupported ${providers}#/oauth2-other/type`]],
  ["a disabled provider may be half configured", { [providers]: { "custom-function": { disabled: true } } }, [`warning missing-key ${providers}#/custom-function`]],
  ["what disabled ones could not do is only noted", { [providers]: { "local-userpass": { disabled: true, config: {} }, "oauth2-google": { disabled: true, config: { clientId: "" } }, "oauth2-other": { disabled: true } } }, [
    `info needs-email ${providers}#/local-userpass/config`, `info missing-key ${providers}#/oauth2-google/config`, `info unsupported ${providers}#/oauth2-google/config`, `info unsupported ${providers}#/oauth2-other/type`,
  ]],
  ["a token provider without keys", { [providers]: { "custom-token": { config: { signingAlgorithm: "none" } } } }, [
    `error missing-key ${providers}#/custom-token/secret_config`, `error bad-value ${providers}#/custom-token/config/signingAlgorithm`,
  ]],
  ["a token provider with an address of keys", { [providers]: { "custom-token": { config: { useJWKURI: true, jwkURI: "https://a.example/keys", signingAlgorithm: "" } } } }, []],
  ["keys that may be read on the way", { [providers]: { "custom-token": { config: { useJWKURI: true, jwkURI: "http://a.example/keys", signingAlgorithm: "" } } } }, [`warning bad-value ${providers}#/custom-token/config/jwkURI`]],
  ["sign-in services that lack what a token is checked with", { [providers]: { "oauth2-google": { config: {} }, "oauth2-apple": { config: {} }, "oauth2-facebook": { config: { clientId: "" } } } }, [
    `warning missing-key ${providers}#/oauth2-google/config`, `warning unsupported ${providers}#/oauth2-google/config`, `warning missing-key ${providers}#/oauth2-apple/config`,
    `warning missing-key ${providers}#/oauth2-facebook`, `warning missing-key ${providers}#/oauth2-facebook/config`,
  ]],
  ["a client secret nobody has", { [providers]: { "oauth2-google": { config: { clientId: "x", openId: true }, secret_config: { clientSecret: "google" } } } }, [`error unknown-secret ${providers}#/oauth2-google/secret_config/clientSecret`]],
  ["config of other types", { [providers]: { "local-userpass": { config: { autoConfirm: "true", runConfirmationFunction: 1 } } } }, [
    `warning needs-email ${providers}#/local-userpass/config`, `error wrong-type ${providers}#/local-userpass/config/autoConfirm`, `error wrong-type ${providers}#/local-userpass/config/runConfirmationFunction`,
  ]],
  ["metadata fields", { [providers]: { "custom-token": { config: { useJWKURI: true, jwkURI: "https://a.example" }, metadata_fields: [{ required: true }, { name: "a", field_name: "x".repeat(64) }, { name: "b", field_name: "x".repeat(63) }] } } }, [
    `error missing-name ${providers}#/custom-token/metadata_fields/0`, `warning bad-value ${providers}#/custom-token/metadata_fields/1/field_name`,
  ]],
])

const rules = (folder: string): string => `data_sources/mongodb-atlas/${folder}/rules.json`
rows("data sources", [
  ["no config.json", { [rules("d/c")]: { database: "d", collection: "c" } }, [`error missing-key ${sourceFile}`, `info unread-file ${rules("d/c")}`]],
  ["unknown type", { [sourceFile]: { name: "mongodb-atlas", type: "postgres" } }, [`error bad-value ${sourceFile}#/type`]],
  ["empty rules", { [sourceFile]: source, [rules("d/c")]: {} }, [`warning empty-rules ${rules("d/c")}`]],
  ["an empty file is like none", { [sourceFile]: source, [rules("d/c")]: "" }, []],
  ["keys of rules that nothing reads", {
    [sourceFile]: source, [rules("d/c")]: { database: "d", collection: "c", id: "x", roles: [], filters: [], schema: {}, relationships: {}, colour: 1 },
    "data_sources/mongodb-atlas/default_rule.json": { roles: [], filters: [], size: 1 },
  }, [`info unknown-key ${rules("d/c")}#/colour`, "info unknown-key data_sources/mongodb-atlas/default_rule.json#/size"]],
  ["another namespace inside", { [sourceFile]: source, [rules("d/c")]: { database: "d", collection: "other", roles: [] } }, [`warning name-mismatch ${rules("d/c")}#/collection`]],
  ["a namespace twice", { [sourceFile]: source, [rules("d/a")]: { database: "d", collection: "b", roles: [] }, [rules("d/b")]: { database: "d", collection: "b", roles: [] } }, [
    `warning name-mismatch ${rules("d/a")}#/collection`, `error duplicate-namespace ${rules("d/b")}`,
  ]],
  ["wire protocol and old sync", { [sourceFile]: { ...source, config: { clusterName: "a", wireProtocolEnabled: true, sync: {} } } }, [`warning unsupported ${sourceFile}`, `warning unsupported ${sourceFile}`]],
  ["a cluster and a federated database", { [sourceFile]: { ...source, config: { clusterName: "a", dataLakeName: "b" } } }, [`warning conflicting-keys ${sourceFile}#/config/dataLakeName`]],
  ["neither, as exports without identity have it", { [sourceFile]: { ...source, config: {} } }, []],
  ["lists that are none", { [sourceFile]: { ...source, config: { readPreferenceTagSets: {}, namespacePreimageConfigs: "x" } } }, [
    `error wrong-type ${sourceFile}#/config/readPreferenceTagSets`, `error wrong-type ${sourceFile}#/config/namespacePreimageConfigs`,
  ]],
  ["a connection string nobody has", { [sourceFile]: { name: "mongodb-atlas", type: "mongodb", secret_config: { uri: "address" } } }, [`error unknown-secret ${sourceFile}#/secret_config/uri`]],
])

rows("functions", [
  ["an entry without a source", { "functions/config.json": [{ name: "a" }] }, ["warning missing-source functions/config.json#/0/name"]],
  ["an entry without a name", { "functions/config.json": [{ private: true }] }, ["error missing-name functions/config.json#/0"]],
  ["an entry twice", { "functions/config.json": [{ name: "hello" }, { name: "hello" }], ...hello }, ["error duplicate-function functions/config.json#/1/name"]],
  ["the separator of Windows", { "functions/config.json": [{ name: "a\\b", private: true }], "functions/a/b.js": "exports = () => 1" }, []],
  ["both separators", { "functions/config.json": [{ name: "a\\b" }, { name: "a/b" }], "functions/a/b.js": "exports = () => 1" }, ["error duplicate-function functions/config.json#/1/name"]],
  ["two ways to run", { "functions/config.json": [{ name: "hello", run_as_user_id: "a", run_as_user_id_script_source: "exports = () => 1" }], ...hello }, ["error conflicting-keys functions/config.json#/0/run_as_user_id_script_source"]],
  ["an identity script that does not parse", { "functions/config.json": [{ name: "hello", run_as_user_id_script_source: "exports = (" }], ...hello }, ["warning function-syntax functions/config.json#/0/run_as_user_id_script_source"]],
  ["a call rule that is text", { "functions/config.json": [{ name: "hello", can_evaluate: "true" }], ...hello }, ["error wrong-type functions/config.json#/0/can_evaluate"]],
  ["no exports", { "functions/a.js": "const a = 1" }, ["warning function-without-exports functions/a.js"]],
  ["closing the wrapper is no way out", { "functions/a.js": "}); exports = 1; (function () {" }, ["error function-syntax functions/a.js"]],
  ["an import statement", { "functions/a.js": "import x from 'y'\nexports = x" }, ["error function-syntax functions/a.js"]],
  ["a name that climbs", { "functions/config.json": [{ name: "../root" }], "functions/../root.js": "exports = 1" }, ["error bad-name functions/../root.js"]],
  ["not a list", { "functions/config.json": {} }, ["error wrong-type functions/config.json"]],
])

const trigger = (config: object, type = "DATABASE"): Record<string, unknown> => ({ "triggers/t.json": { name: "t", type, config, event_processors: { FUNCTION: { config: { function_name: "hello" } } } }, [sourceFile]: source, ...hello })
const watch = { service_name: "mongodb-atlas", database: "d", collection: "c", operation_types: ["INSERT"] }
const t = "triggers/t.json"
rows("triggers", [
  ["a good one", trigger(watch), []],
  ["a database is not a collection", trigger({ ...watch, collection: "", operation_types: ["DROP_COLLECTION"] }), [`warning unsupported ${t}`]],
  ["a database operation on a collection", trigger({ ...watch, operation_types: ["DROP_COLLECTION"] }), [`error bad-operation-type ${t}#/config/operation_types`]],
  ["a deployment operation on a database", trigger({ ...watch, collection: "", operation_types: ["DROP_DATABASE"] }), [`error bad-operation-type ${t}#/config/operation_types`]],
  ["a deployment operation", trigger({ ...watch, database: "", collection: "", operation_types: ["INSERT", "DROP_DATABASE"] }), [`warning unsupported ${t}`]],
  ["no operations", trigger({ ...watch, operation_types: [] }), [`error missing-key ${t}#/config`]],
  ["before the change, of a database", trigger({ ...watch, collection: "", full_document_before_change: true }), [`error pre-image-level ${t}#/config/full_document_before_change`]],
  ["throughput", trigger({ ...watch, maximum_throughput: true }), [`error bad-throughput ${t}#/config/maximum_throughput`]],
  ["a mixed projection", trigger({ ...watch, project: { a: 1, b: 0 } }), [`error bad-project ${t}#/config/project`]],
  ["a projection that is mixed below a field", trigger({ ...watch, project: { fullDocument: { a: 1, b: { c: { $numberInt: "0" } } } } }), [`error bad-project ${t}#/config/project`]],
  ["a projection that removes below a field and keeps another", trigger({ ...watch, project: { fullDocument: { a: false }, ns: true } }), [`error bad-project ${t}#/config/project`]],
  ["a projection that keeps and computes, also texts that read as numbers", trigger({ ...watch, project: { ns: { $numberLong: "1" }, a: { $literal: 0 }, b: "", c: "0", d: [], e: null } }), []],
  ["a projection that removes below a field", trigger({ ...watch, project: { _id: 1, ns: false, fullDocument: { a: 0, b: { c: 0 } } } }), []],
  ["a projection without the token", trigger({ ...watch, project: { _id: 0, a: { $numberInt: "1" } } }), []],
  ["a match that is no Extended JSON", trigger({ ...watch, match: { a: { $oid: "x" } } }), [`error invalid-ejson ${t}#/config/match/a/$oid`]],
  ["an unknown type", trigger(watch, "MANUAL"), [`error bad-value ${t}#/type`]],
  ["a user operation", trigger({ operation_type: "REFRESH", providers: ["anon-user"] }, "AUTHENTICATION"), [`error bad-operation-type ${t}#/config/operation_type`]],
  ["no provider that exists", trigger({ operation_type: "LOGIN", providers: ["anon-user", "anonymous"] }, "AUTHENTICATION"), [`warning bad-value ${t}#/config/providers/1`]],
  ["no provider at all", trigger({ operation_type: "LOGIN", providers: [] }, "AUTHENTICATION"), [`warning missing-key ${t}#/config`]],
  ["off, of what is gone", { [t]: { name: "t", type: "DATABASE", disabled: true, config: { ...watch, operation_types: ["OPEN"] }, function_name: "gone" } }, [
    `warning unknown-data-source ${t}#/config/service_name`, `warning bad-operation-type ${t}#/config/operation_types`, `warning unknown-function ${t}#/function_name`,
  ]],
  ["two user operations", trigger({ operation_type: ["LOGIN", "CREATE"], providers: ["anon-user"] }, "AUTHENTICATION"), []],
  ...["5/10 * * * *", "* 7/2 * * *", "* * 1/2 * *", "0 0 31 4 *", "0 0 30,31 feb,2 *", "* * * 5/2 *", "* * * * 5/2"].map((schedule): [string, Record<string, unknown>, string[]] => [
    `the schedule \`${schedule}\`, which is never due`, trigger({ schedule }, "SCHEDULED"), [`warning bad-schedule ${t}#/config/schedule`],
  ]),
  ...["0 0 29 2 *", "10/5 * * * *", "0 0 31 2,3 *", "59 23 31 12 0"].map((schedule): [string, Record<string, unknown>, string[]] => [`the schedule \`${schedule}\`, which is due`, trigger({ schedule }, "SCHEDULED"), []]),
  ["a schedule", trigger({ schedule: "0 0 * * 7" }, "SCHEDULED"), [`error bad-schedule ${t}#/config/schedule`]],
  ["EventBridge", { [t]: { name: "t", type: "AUTHENTICATION", config: { operation_type: "LOGIN", providers: ["anon-user"] }, event_processors: { AWS_EVENTBRIDGE: { config: {} } } } }, [`warning unsupported ${t}`]],
  ["two functions", { [t]: { name: "t", type: "SCHEDULED", config: { schedule: "* * * * *" }, function_name: "other", event_processors: { FUNCTION: { config: { function_name: "hello" } } } }, ...hello }, [`warning conflicting-keys ${t}#/function_name`]],
  ["no function", { [t]: { name: "t", type: "SCHEDULED", config: { schedule: "* * * * *" } } }, [`error missing-key ${t}`]],
])

const endpoint = { route: "/a", http_method: "GET", function_name: "hello", validation_method: "NO_VALIDATION" }
const e = "https_endpoints/config.json"
rows("endpoints", [
  ["a good one", { [e]: [endpoint, { ...endpoint, http_method: "POST" }, { ...endpoint, http_method: "ANY" }], ...hello }, []],
  ["twice", { [e]: [endpoint, endpoint], ...hello }, [`error duplicate-endpoint ${e}#/1`]],
  ["`ANY` and `*` are one", { [e]: [{ ...endpoint, http_method: "*" }, { ...endpoint, http_method: "ANY" }], ...hello }, [`error duplicate-endpoint ${e}#/1`]],
  ["no validation", { [e]: [{ ...endpoint, validation_method: undefined }], ...hello }, [`error missing-key ${e}#/0`]],
  ["an alias", { [e]: [{ ...endpoint, validation_method: undefined, verification_method: "NO_VALIDATION" }], ...hello }, [`warning unknown-key ${e}#/0/verification_method`]],
  ["no secret", { [e]: [{ ...endpoint, validation_method: "VERIFY_PAYLOAD" }], ...hello }, [`error missing-key ${e}#/0`]],
  ["an unknown secret", { [e]: [{ ...endpoint, validation_method: "VERIFY_PAYLOAD", secret_name: "x" }], ...hello }, [`error unknown-secret ${e}#/0/secret_name`]],
  ["a disabled one", { [e]: [{ ...endpoint, disabled: true, function_name: "nobody" }] }, [`warning unknown-function ${e}#/0/function_name`]],
  ["a route without a slash", { [e]: [{ ...endpoint, route: "a" }], ...hello }, [`error bad-value ${e}#/0/route`]],
  ["both directories", { [e]: [endpoint], "http_endpoints/config.json": [{ ...endpoint, respond_result: true }], ...hello }, ["warning hybrid-layout http_endpoints/config.json"]],
  ["an empty form of the reply", { [e]: [{ ...endpoint, return_type: "" }], ...hello }, []],
  ["an unknown method", { [e]: [{ ...endpoint, http_method: "ALL" }], ...hello }, [`error bad-value ${e}#/0/http_method`]],
])

rows("what is kept and not run", [
  ["sync", { "sync/config.json": { state: "enabled", database_name: "d" } }, ["warning unsupported sync/config.json"]],
  ["sync that is off", { "sync/config.json": { development_mode_enabled: false } }, ["info unsupported sync/config.json"]],
  ["GraphQL", { "graphql/config.json": {} }, ["info unsupported graphql"]],
  ["resolvers", { "graphql/custom_resolvers/a.json": {} }, ["warning unsupported graphql"]],
  ["hosting", { "hosting/config.json": { enabled: true } }, ["warning unsupported hosting"]],
  ["forwarders", { "log_forwarders/a.json": { name: "a" } }, ["warning unsupported log_forwarders/a.json"]],
  ["the Data API", { "https_endpoints/data_api_config.json": { disabled: false } }, ["warning unsupported https_endpoints/data_api_config.json"]],
  ["an archive of packages", { "functions/node_modules.tar.gz": "" }, []],
  ["TypeScript", { "functions/a.ts": "export {}", "functions/a.d.ts": "" }, ["warning unsupported functions/a.ts"]],
  ["third parties", { "services/mail/config.json": { name: "mail", type: "aws" } }, ["warning unsupported services/mail"]],
])
