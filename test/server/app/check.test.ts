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
    ["a role of one user", [{ ...role, apply_when: { "%%user.id": "64b1f0c2a7d93e5b8c214f06" }, write: true }]],
    ["a role of a user whom a value names", [{ ...role, apply_when: { "%%user.id": "%%values.admin" }, write: true }]],
    ["a permission that a function gives", [{ ...role, apply_when: own, write: { "%%true": { "%function": { name: "a" } } } }]],
    ["a role behind one that always applies", [role, { ...role, name: "s", apply_when: own, write: true }]],
    ["a role that hangs on custom data", [{ ...role, apply_when: { "%%user.custom_data.admin": true }, write: true }]],
    ["a role whose gate lets nobody write", [{ ...role, apply_when: own, write: true, document_filters: { read: true, write: false } }]],
    ["no write", [role]],
  ])("%s is no danger", (_name, roles) => {
    expect(writable(...roles).filter((each) => each.includes("custom-data-writable"))).toEqual([])
  })

  test.each([
    ["says that some custom data is there", { "%%user.custom_data.admin": { $exists: true } }],
    ["matches his own custom data with the document", { _id: { "%stringToOid": "%%user.custom_data._id" } }],
    ["asks whether he has no email", { "%%user.data.email": null }],
    ["asks whether he is not another", { "%%user.id": { $ne: "V" } }],
    ["lets chosen users or anybody in", { $or: [{ "%%user.custom_data.admin": true }, own] }],
  ])("a role that %s keeps nobody out", (_name, apply_when) => {
    expect(writable({ ...role, apply_when, write: true }).filter((each) => each.includes("custom-data-writable"))).not.toEqual([])
  })

  test("rules that read custom data of an app that has none", () => {
    expect(checked({ ...withRoles({ ...role, apply_when: { "%%user.custom_data.team": 1 } }) })).toEqual([`warning custom-data-off ${rulesFile}#/roles/0/apply_when/%%user.custom_data.team`])
    expect(checked({ "auth/custom_user_data.json": { ...custom["auth/custom_user_data.json"], enabled: false }, ...withRoles({ ...role, read: { team: "%%user.custom_data.team" } }) })).toEqual([`warning custom-data-off ${rulesFile}#/roles/0/read/team`])
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

describe("across the roles and filters of a file", () => {
  const onData = { "auth/custom_user_data.json": { enabled: true, mongo_service_name: "mongodb-atlas", database_name: "d", collection_name: "people", user_id_field: "user_id" } }
  const found = (...roles: object[]): string[] => checked({ ...onData, ...withRoles(...roles.map((each, index) => ({ ...role, name: `r${index}`, ...each }))) }).map((each) => each.replace(`warning `, "").replace(`${rulesFile}#`, ""))

  test("roles that stand in each other's way", () => {
    const banned = { apply_when: { "%%user.custom_data.banned": true }, read: false }
    expect(found(banned, {}, { apply_when: { owner: "%%user.id" } }, { apply_when: false })).toEqual(["withholding-can-fail /roles/0/apply_when", "unreachable-role /roles/2/apply_when", "never-applies /roles/3/apply_when"])
  })

  test("a permission of any depth is looked at, and a call rule", () => {
    expect(found({ read: undefined, write: undefined, fields: { a: { fields: { b: { read: { "%%user.rol": 1 } } } } }, additional_fields: { write: { "%%user.rol": 1 } } })).toEqual(["unknown-member /roles/0/fields/a/fields/b/read/%%user.rol", "unknown-member /roles/0/additional_fields/write/%%user.rol"])
    expect(checked({ "functions/config.json": [{ name: "a", can_evaluate: { "%%user.id": ["x"] } }], "functions/a.js": "exports = 1" })).toEqual(["warning never-holds functions/config.json#/0/can_evaluate/%%user.id"])
  })

  test("filters that never apply, and projections of both kinds", () => {
    const filters = [{ name: "a", apply_when: {}, projection: { x: 1 } }, { name: "b", apply_when: true, projection: { y: 0 } }, { name: "c", apply_when: false, query: {} }, { name: "d", apply_when: { "%%user.id": "V" }, projection: { z: 0 } }]
    expect(checked({ [sourceFile]: source, [rulesFile]: { database: "d", collection: "c", roles: [role], filters } })).toEqual([`warning conflicting-projections ${rulesFile}#/filters/1/projection`, `warning never-applies ${rulesFile}#/filters/2/apply_when`])
  })

  test("an id that the schema says is text is no trap", () => {
    expect(found({ apply_when: { _id: "%%user.id" } })).toEqual(["id-is-text /roles/0/apply_when/_id"])
    expect(checked({ ...withRoles({ ...role, apply_when: { _id: "%%user.id" } }), [schemaFile]: { bsonType: "object", properties: { _id: { bsonType: "string" } } } })).toEqual([])
  })

  const text = { bsonType: "string" }
  const objectId = { bsonType: "objectId" }
  const lists = { bsonType: "array", items: { bsonType: "array", items: { bsonType: "object", properties: { _id: text } } } }
  const ofMembers = { members: { $elemMatch: { _id: "%%user.id" } } }
  test.each<[string, object, object | undefined, boolean]>([
    ["an id on the right", { "%%user.id": "%%root._id" }, undefined, true],
    ["a text on the right", { "%%user.id": "%%root._id" }, { _id: text }, false],
    ["an id on the right, as the schema says", { "%%user.id": "%%root._id" }, { _id: objectId }, true],
    ["an id or a text", { _id: "%%user.id" }, { _id: { bsonType: ["string", "objectId"] } }, true],
    ["an id of any type", { _id: "%%user.id" }, { _id: { bsonType: "mixed" } }, true],
    ["a text or null", { _id: "%%user.id" }, { _id: { bsonType: ["string", "null"] } }, false],
    ["an id without a type", { _id: "%%user.id" }, { _id: {} }, true],
    ["ids of items, where those of documents are texts", ofMembers, { _id: text }, true],
    ["ids of items, as the schema says", ofMembers, { _id: text, members: { bsonType: "array", items: { bsonType: "object", properties: { _id: objectId } } } }, true],
    ["texts of items", ofMembers, { _id: objectId, members: { bsonType: "array", items: { bsonType: "object", properties: { _id: text } } } }, false],
    ["texts of items of lists of lists, in a document", { "group.members": { $elemMatch: { _id: "%%user.id" } } }, { group: { bsonType: "object", properties: { members: lists } } }, false],
    ["items each with a schema of its own", ofMembers, { members: { bsonType: "array", items: [{ properties: { _id: text } }] } }, true],
    ["items of a list that the schema does not know", ofMembers, { other: lists }, true],
  ])("of ids and texts: %s", (_name, apply_when, properties, isTrap) => {
    const schema = properties === undefined ? {} : { [schemaFile]: { bsonType: "object", properties } }
    expect(checked({ ...withRoles({ ...role, apply_when }), ...schema }).map((each) => each.includes(" id-is-text "))).toEqual(isTrap ? [true] : [])
  })
})

/** One expression at each place of an app that holds any. */
const everywhere = (expression: unknown, field: string): Readonly<Record<string, unknown>> => ({
  [sourceFile]: source,
  [rulesFile]: { database: "d", collection: "c", roles: [role], filters: [{ name: "f", apply_when: expression }, { name: "g", query: { [field]: Object.keys(expression as object)[0] } }] },
  "data_sources/mongodb-atlas/default_rule.json": { roles: [role], filters: [{ name: "f", apply_when: expression }] },
  [schemaFile]: { bsonType: "object", properties: { owner: { bsonType: "string", validate: expression } } },
  "functions/config.json": [{ name: "a", can_evaluate: expression }], "functions/a.js": "exports = 1",
  "https_endpoints/config.json": [{ route: "/a", http_method: "GET", function_name: "a", validation_method: "NO_VALIDATION", can_evaluate: expression }],
})
const placesOf = (name: string): string[] => [
  `data_sources/mongodb-atlas/d/c/rules.json#/filters/0/apply_when/${name}`, "data_sources/mongodb-atlas/d/c/rules.json#/filters/1/query/owner", `data_sources/mongodb-atlas/d/c/schema.json#/properties/owner/validate/${name}`,
  `data_sources/mongodb-atlas/default_rule.json#/filters/0/apply_when/${name}`, `functions/config.json#/0/can_evaluate/${name}`, `https_endpoints/config.json#/0/can_evaluate/${name}`,
]

describe("expressions of filters, schemas, functions and endpoints", () => {
  test.each([
    ["unknown-member", "%%user.rol"],
    ["unknown-value", "%%values.limit"],
    ["unknown-value", "%%environment.values.limit"],
    ["custom-data-off", "%%user.custom_data.team"],
  ])("%s: %s", (code, name) => {
    expect(checked(everywhere({ [name]: "x" }, "owner")).toSorted()).toEqual(placesOf(name).map((place) => `warning ${code} ${place}`))
  })

  test("misspelt custom data", () => {
    const files = {
      ...everywhere({ "%%user.custom_data.taem": "x" }, "owner"),
      "data_sources/mongodb-atlas/d/people/schema.json": { bsonType: "object", properties: { user_id: { bsonType: "string" }, team: { bsonType: "string" } } },
      "auth/custom_user_data.json": { enabled: true, mongo_service_name: "mongodb-atlas", database_name: "d", collection_name: "people", user_id_field: "user_id" },
    }
    expect(checked(files).toSorted()).toEqual(placesOf("%%user.custom_data.taem").map((place) => `warning misspelt-field ${place}`))
  })

  test("misspelt fields of the document", () => {
    const ofDocument = { ownr: 1, $or: [{ _id: 1 }, { ownre: "%%user.id" }], "items.0": { $elemMatch: { onwer: 1, ownr: "%%user.id" } }, "owner.ownr": 1, ower: { $mod: [2, 0] }, $comment: "ownr" }
    expect(checked({
      [sourceFile]: source,
      [rulesFile]: { database: "d", collection: "c", roles: [role], filters: [{ name: "f", query: ofDocument, projection: { "ownr.x": 0, owner: 0, _id: 0, title: 0 } }] },
      [schemaFile]: { bsonType: "object", properties: { owner: { bsonType: "string", validate: { "%%root.ownr": "%%this", "%%prevRoot.onwer": 1, owner: 1 } }, items: { bsonType: "array" } } },
    })).toEqual([
      `warning misspelt-field ${rulesFile}#/filters/0/query/ownr`, `warning misspelt-field ${rulesFile}#/filters/0/query/$or/1/ownre`, `warning misspelt-field ${rulesFile}#/filters/0/query/ower`, `warning misspelt-field ${rulesFile}#/filters/0/projection/ownr.x`,
      `warning misspelt-field ${schemaFile}#/properties/owner/validate/%%root.ownr`, `warning misspelt-field ${schemaFile}#/properties/owner/validate/%%prevRoot.onwer`,
    ])
  })

  test("arguments of a function are no fields of a document", () => {
    expect(checked({ ...everywhere({ "%%user.id": "V" }, "owner"), "functions/config.json": [{ name: "a", can_evaluate: { "%%args.ownr": 1, ownr: 1 } }] })).toEqual([])
  })

  test("an id in a `validate` is as the schema says", () => {
    const withId = (_id: object): string[] => checked({ [sourceFile]: source, [schemaFile]: { bsonType: "object", properties: { _id, owner: { bsonType: "string", validate: { "%%user.id": "%%root._id" } } } } })
    expect(withId({ bsonType: "objectId" })).toEqual([`warning id-is-text ${schemaFile}#/properties/owner/validate/%%user.id`])
    expect(withId({ bsonType: "string" })).toEqual([])
  })
})

describe("misspelt names", () => {
  const messages = (files: Readonly<Record<string, unknown>>): string[] => checkApp(appOf(files)).map(({ code, pointer, message }) => `${code} ${pointer}: ${/did you mean `(.*)`/.exec(message)?.[1]}`)

  test("of functions, values, fields of the collection and of custom data get the nearest", () => {
    expect(messages({
      ...withRoles({ ...role, apply_when: { "%%true": { "%function": { name: "isAdmn" } } }, read: { "%%values.limti": 1, ownr_id: "%%user.custom_data.tema" }, fields: { titel: { read: true }, other: { read: true } } }),
      [schemaFile]: { bsonType: "object", properties: { owner_id: { bsonType: "string" }, title: { bsonType: "string" } } },
      "data_sources/mongodb-atlas/d/people/schema.json": { bsonType: "object", properties: { user_id: { bsonType: "string" }, team: { bsonType: "string" } } },
      "auth/custom_user_data.json": { enabled: true, mongo_service_name: "mongodb-atlas", database_name: "d", collection_name: "people", user_id_field: "user_id" },
      "values/limit.json": { name: "limit", value: 1 },
      "functions/config.json": [{ name: "isAdmin" }], "functions/isAdmin.js": "exports = 1",
    })).toEqual([
      "unknown-function /roles/0/apply_when/%%true/%function: isAdmin", "unknown-value /roles/0/read/%%values.limti: limit",
      "misspelt-field /roles/0/read/ownr_id: owner_id", "misspelt-field /roles/0/read/ownr_id: team", "misspelt-field /roles/0/fields/titel: title",
    ])
  })

  test("a name that is near to none says nothing, nor one of a collection without a schema", () => {
    expect(checked({ ...withRoles({ ...role, read: { owner: 1 } }), [schemaFile]: { bsonType: "object", properties: { title: { bsonType: "string" } } } })).toEqual([])
    expect(checked(withRoles({ ...role, read: { ownr: 1 } }))).toEqual([])
  })
})
