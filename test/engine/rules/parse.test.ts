// Rules files: aliases, unknown keys, names that guard nothing, and what is only a warning.
import { describe, expect, test } from "vitest"
import { parseRules, type Problems, type Rules } from "../../../engine/index.ts"

function parse(raw: unknown): { rules: Rules; errors: string[]; warnings: string[] } {
  const problems: Problems = { errors: [], warnings: [] }
  const rules = parseRules(raw, { kind: "collection", problems })
  return { rules, errors: problems.errors.map(({ code, path }) => `${code} ${path}`), warnings: problems.warnings.map(({ code, path }) => `${code} ${path}`) }
}

const role = (more: object): unknown => ({ roles: [{ name: "r", apply_when: {}, ...more }] })

describe("keys", () => {
  test.each<[string, unknown, string[]]>([
    ["an unknown key of a role", role({ read: true, writes: false }), ["unknown-key /roles/0/writes"]],
    ["an unknown key of a field", role({ fields: { a: { red: true } } }), ["unknown-key /roles/0/fields/a/red"]],
    ["fields below additional_fields", role({ additional_fields: { fields: {} } }), ["unknown-key /roles/0/additional_fields/fields"]],
    ["an unknown key of a filter", { filters: [{ name: "f", querry: {} }] }, ["unknown-key /filters/0/querry"]],
    ["a key and its alias", role({ applyWhen: true }), ["conflicting-keys /roles/0/applyWhen"]],
    ["both spellings of a projection", { filters: [{ name: "f", project: { a: 1 }, projection: { b: 1 } }] }, ["conflicting-keys /filters/0/projection"]],
    ["a dotted name", role({ fields: { "a.b": { read: true } } }), ["bad-field-name /roles/0/fields/a.b"]],
    ["an empty name", role({ fields: { "": {} } }), ["bad-field-name /roles/0/fields/"]],
    ["an operator as a nested name", role({ fields: { a: { fields: { $x: {} } } } }), ["bad-field-name /roles/0/fields/a/fields/$x"]],
    ["search that is no boolean", role({ search: "true" }), ["wrong-operand /roles/0/search"]],
    ["a role without a name", { roles: [{ apply_when: {} }] }, ["wrong-operand /roles/0"]],
    ["two roles of one name", { roles: [{ name: "r", apply_when: {} }, { name: "r", apply_when: {} }] }, ["wrong-operand /roles/1/name"]],
    ["a name that is too long", { roles: [{ name: "r".repeat(101), apply_when: {} }] }, ["wrong-operand /roles/0/name"]],
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
    ["half a gate", role({ read: true, document_filters: { read: true } }), "half-document-filters /roles/0/document_filters"],
    ["an empty list of roles", { roles: [] }, "empty-roles /roles"],
    ["a list as an expression", role({ read: [] }), "no-expression /roles/0/read"],
    ["text as an expression", role({ read: "true" }), "no-expression /roles/0/read"],
    ["a filter without a name", { filters: [{ query: {} }] }, "no-name /filters/0"],
  ])("%s", (_name, raw, warning) => {
    const { errors, warnings } = parse(raw)
    expect(errors).toEqual([])
    expect(warnings).toContain(warning)
  })
})
