// Rules files: aliases, unknown keys, names that guard nothing, and what is only a warning.
import { describe, expect, test } from "vitest"
import { parseRules, type Problems, type Rules } from "../../../engine/index.ts"

function parse(raw: unknown): { rules: Rules; errors: string[]; warnings: string[] } {
  const problems: Problems = { errors: [], warnings: [] }
  const rules = parseRules(raw, { kind: "collection", problems })
  return { rules, errors: problems.errors.map(({ code, path }) => `${code} ${path}`), warnings: problems.warnings.map(({ code, path }) => `${code} ${path}`) }
}

const role = (more: object): unknown => ({ roles: [{ name: "r", apply_when: {}, ...more }] })

function nestedFields(levels: number): object {
  let fields: object = { read: true }
  for (let level = 0; level < levels; level += 1) fields = { fields: { a: fields } }
  return fields
}

describe("keys", () => {
  test.each<[string, unknown, string[]]>([
    ["an unknown key of a role", role({ read: true, writes: false }), ["unknown-key /roles/0/writes"]],
    ["an unknown key of a field", role({ fields: { a: { red: true } } }), ["unknown-key /roles/0/fields/a/red"]],
    ["fields below additional_fields", role({ additional_fields: { fields: {} } }), ["unknown-key /roles/0/additional_fields/fields"]],
    ["an unknown key of a filter", { filters: [{ name: "f", querry: {} }] }, ["unknown-key /filters/0/querry"]],
    ["roles under a misspelt name", { rolez: [] }, ["unknown-key /rolez"]],
    ["roles and filters in the singular", { role: [], filter: [] }, ["unknown-key /role", "unknown-key /filter"]],
    ["filters in capitals", { roles: [], Filters: [] }, ["unknown-key /Filters"]],
    ["other keys of the file", { database: "d", collection: "c", id: "x", schema: {}, relationships: {}, roles: [], filters: [], colour: 1 }, []],
    ["a key and its alias", role({ applyWhen: true }), ["conflicting-keys /roles/0/applyWhen"]],
    ["both spellings of a projection", { filters: [{ name: "f", project: { a: 1 }, projection: { b: 1 } }] }, ["conflicting-keys /filters/0/projection"]],
    ["a dotted name", role({ fields: { "a.b": { read: true } } }), ["bad-field-name /roles/0/fields/a.b"]],
    ["an empty name", role({ fields: { "": {} } }), ["bad-field-name /roles/0/fields/"]],
    ["an operator as a nested name", role({ fields: { a: { fields: { $x: {} } } } }), ["bad-field-name /roles/0/fields/a/fields/$x"]],
    ["fields in 101 levels", role(nestedFields(101)), [`too-deep /roles/0${"/fields/a".repeat(100)}/fields`]],
    ["fields in 20,000 levels", role(nestedFields(20_000)), [`too-deep /roles/0${"/fields/a".repeat(100)}/fields`]],
    ["fields in 100 levels", role(nestedFields(100)), []],
    ["search that is one", { roles: [{ name: "r", apply_when: {}, search: true }, { name: "s", apply_when: {}, search: false }] }, []],
    ["search that is no boolean", role({ search: "true" }), ["wrong-operand /roles/0/search"]],
    ["a role without a name", { roles: [{ apply_when: {} }] }, ["wrong-operand /roles/0"]],
    ["two roles without a name", { roles: [{ apply_when: {} }, { apply_when: {} }] }, ["wrong-operand /roles/0", "wrong-operand /roles/1"]],
    ["two roles of one name", { roles: [{ name: "r", apply_when: {} }, { name: "r", apply_when: {} }] }, ["wrong-operand /roles/1/name"]],
    ["a name that is no text", { roles: [{ name: 7, apply_when: {} }] }, ["wrong-operand /roles/0/name"]],
    ["roles that are no list", { roles: {} }, ["wrong-operand /roles"]],
    ["rules of the first generation", { read: {}, valid: {}, fields: {} }, ["unknown-key "]],
    ["inherited names as keys", role(JSON.parse('{"__proto__": {"read": true}, "constructor": true}') as object), ["unknown-key /roles/0/__proto__", "unknown-key /roles/0/constructor"]],
  ])("%s", (_name, raw, errors) => {
    expect(parse(raw).errors).toEqual(errors)
  })

  test("all problems of a file are collected, in expressions too", () => {
    const raw = { roles: [{ name: "a", apply_when: { x: { $inn: [] } }, red: 1 }, { name: "b", apply_when: "%%user.id", read: { "%%usr.id": 1 }, fields: { "a.b": {} } }] }
    expect(parse(raw).errors.toSorted()).toEqual(["bad-field-name /roles/1/fields/a.b", "unknown-expansion /roles/1/read/%%usr.id", "unknown-key /roles/0/red", "unknown-operator /roles/0/apply_when/x/$inn"])
  })

  test("aliases are read, ids ignored, null is absent", () => {
    const { rules, errors } = parse({ roles: [{ _id: 1, id: "x", name: "r", applyWhen: true, document_filter: { read: true, write: null }, read: null, search: null, insert: null }], filters: [{ name: "f", project: { a: 1 }, query: null }] })
    expect(errors).toEqual([])
    const [only] = rules.roles
    expect(only?.applyWhen).toMatchObject({ kind: "constant", value: true })
    expect(only?.documentFilters).toMatchObject({ read: { value: true }, write: undefined })
    expect([only?.read, only?.insert, only?.search]).toEqual([undefined, undefined, undefined])
    expect(rules.filters).toMatchObject([{ projection: { a: 1 }, query: undefined }])
  })

  test("a field named like an inherited property has only the entry the file gives it", () => {
    const raw = JSON.parse('{"roles": [{"name": "r", "apply_when": {}, "fields": {"__proto__": {"read": true}, "a": {}}}]}') as unknown
    const fields = parse(raw).rules.roles[0]?.fields
    expect([...(fields?.keys() ?? [])]).toEqual(["__proto__", "a"])
    expect(fields?.get("constructor")).toBeUndefined()
  })
})

describe("warnings", () => {
  test.each<[string, unknown, string]>([
    ["no apply_when", { roles: [{ name: "r", read: true }] }, "never-applies /roles/0"],
    ["nothing granted", role({ insert: true, delete: true, additional_fields: {} }), "grants-nothing /roles/0"],
    ["write false beside a writable field", role({ read: true, write: false, fields: { a: { write: true } } }), "write-false-is-final /roles/0"],
    ["half a gate under its other name", role({ read: true, document_filter: { read: true } }), "half-document-filters /roles/0/document_filter"],
    ["half a gate", role({ read: true, document_filters: { read: true } }), "half-document-filters /roles/0/document_filters"],
    ["an empty list of roles", { roles: [] }, "empty-roles /roles"],
    ["a list as an expression", role({ read: [] }), "no-expression /roles/0/read"],
    ["text as an expression", role({ read: "true" }), "no-expression /roles/0/read"],
    ["a name that is too long", { roles: [{ name: "r".repeat(101), apply_when: {}, read: true }] }, "long-name /roles/0/name"],
    ["a filter's too", { filters: [{ name: "f".repeat(101), query: {} }] }, "long-name /filters/0/name"],
    ["a filter without a name", { filters: [{ query: {} }] }, "no-name /filters/0"],
  ])("%s", (_name, raw, warning) => {
    const { errors, warnings } = parse(raw)
    expect(errors).toEqual([])
    expect(warnings).toContain(warning)
  })
})

describe("no warning is given", () => {
  test.each<[string, unknown]>([
    ["write false without writable fields", role({ read: true, write: false, fields: { a: { read: true, write: false } }, additional_fields: { read: true } })],
    ["a write that hangs on the document, beside a writable field", role({ read: true, write: { a: 1 }, fields: { a: { write: true } } })],
    ["a true write beside a writable field", role({ write: true, fields: { a: { write: true } } })],
    ["a role that only writes", role({ write: { a: 1 } })], ["one that reads nothing, as it says", role({ read: false })], ["one with an entry, even an empty one", role({ fields: { a: {} } })],
    ["additional fields to read", role({ additional_fields: { read: true } })], ["additional fields to write", role({ additional_fields: { write: true } })], ["a whole gate", role({ read: true, document_filters: { read: true, write: false } })],
    ["files without roles", {}], ["roles that are null", { roles: null, filters: null }],
  ])("%s", (_name, raw) => {
    expect(parse(raw)).toMatchObject({ errors: [], warnings: [] })
  })
})

describe("a warning is given", () => {
  test.each<[string, unknown, string[]]>([
    ["write false beside additional fields to write", role({ read: true, write: false, additional_fields: { write: true } }), ["write-false-is-final /roles/0"]],
    ["write false beside a nested field to write", role({ read: true, write: false, fields: { a: { fields: { b: { read: true }, c: { write: { d: 1 } } } } } }), ["write-false-is-final /roles/0"]],
    ["the other half of a gate", role({ read: true, document_filters: { write: true } }), ["half-document-filters /roles/0/document_filters"]],
    ["an empty gate", role({ read: true, document_filters: {} }), ["half-document-filters /roles/0/document_filters"]],
    ["nothing granted, without field permissions", role({ insert: true }), ["grants-nothing /roles/0"]],
    ["nothing granted, by empty ones", role({ fields: {}, additional_fields: {} }), ["grants-nothing /roles/0"]],
  ])("%s", (_name, raw, warnings) => {
    expect(parse(raw)).toMatchObject({ errors: [], warnings })
  })
})

describe("what is no rules file is refused where it is wrong", () => {
  test.each<[string, unknown, string[]]>([
    ["a list", [], ["wrong-operand "]], ["null", null, ["wrong-operand "]], ["a text", "rules", ["wrong-operand "]],
    ["rules of the first generation by path", { rules: {} }, ["unknown-key "]], ["a role that is a text", { roles: ["r"] }, ["wrong-operand /roles/0", "wrong-operand /roles/0"]], ["one that is null", { roles: [null] }, ["wrong-operand /roles/0", "wrong-operand /roles/0"]], ["one that is a list", { roles: [[]] }, ["wrong-operand /roles/0", "wrong-operand /roles/0"]],
    ["a name that is a number", { roles: [{ name: 5, apply_when: {}, read: true }] }, ["wrong-operand /roles/0/name"]], ["fields that are a list", role({ fields: [] }), ["wrong-operand /roles/0/fields"]], ["a field that is true", role({ fields: { a: true } }), ["wrong-operand /roles/0/fields/a"]],
    ["a gate that is true", role({ read: true, document_filters: true }), ["wrong-operand /roles/0/document_filters"]], ["additional fields that are a list", role({ additional_fields: [] }), ["wrong-operand /roles/0/additional_fields"]],
    ["a projection that is a list", { filters: [{ name: "f", projection: [] }] }, ["wrong-operand /filters/0/projection"]], ["a projection that is a number", { filters: [{ name: "f", projection: 5 }] }, ["wrong-operand /filters/0/projection"]], ["one that is no Extended JSON", { filters: [{ name: "f", projection: { a: { $oid: "x" } } }] }, ["wrong-operand /filters/0/projection"]],
    ["filters that are an object", { filters: {} }, ["wrong-operand /filters"]],
  ])("%s", (_name, raw, errors) => {
    expect(parse(raw).errors).toEqual(errors)
  })

  test("one with `roles` is of a later generation, whatever else is in it", () => {
    expect(parse({ roles: [], rules: {}, read: {}, valid: {} }).errors).toEqual([])
    for (const raw of [{ read: {} }, { valid: {} }]) expect(parse(raw).errors).toEqual([])
  })
})

test("a name may have 100 characters", () => {
  expect(parse({ roles: [{ name: "r".repeat(100), apply_when: {}, read: true }] })).toMatchObject({ errors: [], warnings: [], rules: { roles: [{ name: "r".repeat(100) }] } })
})

test.each<["collection" | "default", string]>([["collection", "an empty list of roles is like none: the default roles serve"], ["default", "an empty list of roles serves nobody"]])("an empty list of roles in a %s file: %s", (kind, message) => {
  const problems: Problems = { errors: [], warnings: [] }
  parseRules({ roles: [] }, { kind, problems })
  expect(problems.warnings).toEqual([{ code: "empty-roles", path: "/roles", message }])
})

test("a search that is none is refused, and searches nothing", () => {
  expect(parse(role({ read: true, search: 1 })).rules.roles[0]?.search).toBe(false)
})

test("an entry that is null is there, and grants nothing", () => {
  const { rules, errors } = parse(role({ fields: { a: null }, additional_fields: { read: true } }))
  expect([errors, rules.roles[0]?.fields?.get("a")]).toEqual([[], { read: undefined, write: undefined, fields: undefined }])
})

test("an empty projection of a filter is none", () => {
  expect(parse({ filters: [{ name: "f", projection: {} }] }).rules.filters[0]?.projection).toBeUndefined()
})

test("the namespace inside a file is that of its collection; a default rule has none", () => {
  const namespace = (raw: unknown, kind: "collection" | "default"): unknown => {
    const { database, collection } = parseRules(raw, { kind, problems: { errors: [], warnings: [] } })
    return [database, collection]
  }
  expect(namespace({ database: "d", collection: "c" }, "collection")).toEqual(["d", "c"])
  expect(namespace({ database: "d", collection: "c" }, "default")).toEqual([undefined, undefined])
  expect(namespace({ database: 5 }, "collection")).toEqual([undefined, undefined])
})
