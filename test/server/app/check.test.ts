import { describe, expect, test } from "vitest"
import { checkApp } from "../../../server/app/index.ts"
import { appOf, source, sourceFile } from "./support.ts"

/** What the engine and the checks of rights find: `severity code file#pointer`. */
function checked(files: Readonly<Record<string, unknown>>): string[] {
  return checkApp(appOf(files)).map(({ severity, code, file, pointer, line }) => `${severity} ${code} ${file}#${pointer}${line === undefined ? " without a line" : ""}`)
}

const rulesFile = "data_sources/mongodb-atlas/d/c/rules.json"
const schemaFile = "data_sources/mongodb-atlas/d/c/schema.json"
const withRoles = (...roles: object[]): Record<string, unknown> => ({ [sourceFile]: source, [rulesFile]: { database: "d", collection: "c", roles, filters: [] } })
const role = { name: "r", apply_when: {}, read: true, write: false, insert: false, delete: false, search: false }

describe("checks by the engine", () => {
  test("every role, filter and default rule is parsed, and every problem is reported", () => {
    expect(checked({
      ...withRoles({ ...role, apply_when: { a: { $inn: [] } }, read: { "%%nobody.id": 1 } }, { ...role, name: "s", reed: true }),
      "data_sources/mongodb-atlas/default_rule.json": { roles: [{ ...role, fields: { "a.b": { read: true } } }], filters: [{ name: "f", apply_when: { "%%root.a": 1 }, query: {} }] },
    })).toEqual([
      `error unknown-operator ${rulesFile}#/roles/0/apply_when/a/$inn`,
      `error unknown-expansion ${rulesFile}#/roles/0/read/%%nobody.id`,
      `error unknown-key ${rulesFile}#/roles/1/reed`,
      "error bad-field-name data_sources/mongodb-atlas/default_rule.json#/roles/0/fields/a.b",
      "error expansion-not-available data_sources/mongodb-atlas/default_rule.json#/filters/0/apply_when/%%root.a",
    ])
  })

  test("call rules carry the place inside their list", () => {
    expect(checked({
      "functions/config.json": [{ name: "a" }, { name: "b", can_evaluate: { "%%user.id": { $near: 1 } } }], "functions/a.js": "exports = 1", "functions/b.js": "exports = 1",
      "https_endpoints/config.json": [{ route: "/a", http_method: "GET", function_name: "a", validation_method: "NO_VALIDATION", can_evaluate: { "%%root.x": 1 } }],
    })).toEqual(["error unknown-operator functions/config.json#/1/can_evaluate/%%user.id/$near", "error expansion-not-available https_endpoints/config.json#/0/can_evaluate/%%root.x"])
  })

  test("schemas, with the expressions in them", () => {
    expect(checked({
      [sourceFile]: source,
      [schemaFile]: { bsonType: "object", required: "a", properties: { a: { bsonType: "string", validate: { "%%this": { $inn: [] } } } } },
    })).toEqual([`error wrong-operand ${schemaFile}#/required`, `error unknown-operator ${schemaFile}#/properties/a/validate/%%this/$inn`])
  })

  test("rules of the old layouts are checked in their own files", () => {
    expect(checked({
      "stitch.json": { config_version: 20180301, app_id: "a-bcdef" },
      "services/mongodb-atlas/config.json": { name: "mongodb-atlas", type: "mongodb-atlas", config: {} },
      "services/mongodb-atlas/rules/d.c.json": { id: "1", database: "d", collection: "c", roles: [{ ...role, apply_when: { "%neq": 1 } }], schema: { properties: { a: { bsonType: "string" } } } },
    })).toEqual(["error unknown-operator services/mongodb-atlas/rules/d.c.json#/roles/0/apply_when/%neq"])
  })
})

describe("names in expressions", () => {
  test("functions and values that do not exist", () => {
    expect(checked({
      ...withRoles({ ...role, apply_when: { "%%true": { "%function": { name: "nobody", arguments: [] } } }, read: { "%%values.limit": { $gt: 1 }, "%%root.a": "%%environment.values.b.c" } }),
      "values/other.json": { name: "other", value: 1 },
    })).toEqual([
      `warning unknown-function ${rulesFile}#/roles/0/apply_when/%%true/%function`,
      `warning unknown-value ${rulesFile}#/roles/0/read/%%values.limit`,
      `warning unknown-value ${rulesFile}#/roles/0/read/%%root.a`,
    ])
  })
})

describe("custom user data", () => {
  const custom = { "auth/custom_user_data.json": { enabled: true, mongo_service_name: "mongodb-atlas", database_name: "d", collection_name: "c", user_id_field: "user_id" } }
  const relying = { "functions/config.json": [{ name: "a", can_evaluate: { "%%user.custom_data.admin": true } }], "functions/a.js": "exports = 1" }
  const own = { "%%root.user_id": "%%user.id" }
  const writable = (...roles: object[]): string[] => checked({ ...custom, ...relying, ...withRoles(...roles) })

  test("a user who can write his own document can make himself an admin", () => {
    expect(writable({ ...role, apply_when: own, write: true })).toEqual([`warning custom-data-writable ${rulesFile}#/roles/0/write`, `warning custom-data-writable ${rulesFile}#/roles/0/write`])
  })

  test.each([
    ["a writable field that no rule relies on", [{ ...role, apply_when: own, read: undefined, write: undefined, fields: { nick: { read: true, write: true } } }]],
    ["a role that hangs on custom data", [{ ...role, apply_when: { "%%user.custom_data.admin": true }, write: true }]],
    ["a role whose gate lets nobody write", [{ ...role, apply_when: own, write: true, document_filters: { read: true, write: false } }]],
    ["no write", [role]],
  ])("%s is no danger", (_name, roles) => {
    expect(writable(...roles).filter((each) => each.includes("custom-data-writable"))).toEqual([])
  })

  test("further fields and single fields are looked at", () => {
    const bare = { ...role, apply_when: own, read: undefined, write: undefined }
    expect(writable({ ...bare, additional_fields: { read: true, write: true } })).toHaveLength(2)
    expect(writable({ ...bare, fields: { user_id: { read: true, write: false } }, additional_fields: { read: true, write: true } })).toEqual([`warning custom-data-writable ${rulesFile}#/roles/0/additional_fields/write`])
    expect(writable({ ...bare, fields: { admin: { read: true, write: {} } } })).toEqual([`warning custom-data-writable ${rulesFile}#/roles/0/fields/admin/write`])
  })

  test("the default rule counts where the collection has no roles", () => {
    expect(checked({ ...custom, ...relying, [sourceFile]: source, "data_sources/mongodb-atlas/default_rule.json": { roles: [{ ...role, write: true }] } })).toHaveLength(2)
  })

  test("a schema with a password is a warning", () => {
    expect(checked({ ...custom, [sourceFile]: source, [schemaFile]: { bsonType: "object", properties: { passwordHash: { bsonType: "string" }, name: { bsonType: "string" } } } })).toEqual([`warning custom-data-exposed ${schemaFile}#/properties/passwordHash`])
  })
})
