// What the rules make of a request before any document is seen, as its author is told (docs/explain.md).
import { describe, expect, test } from "vitest"
import { bindRules, createCallTable, defaultRuleSettings, explainFilters, explainRules, parseRules, type Problems, type ReceiptFilter, type RulesReceipt } from "../../../engine/index.ts"
import { bound } from "./bind-roles.ts"

describe("a filter", () => {
  function receiptOf(filter: object): Omit<ReceiptFilter, "name"> {
    const problems: Problems = { errors: [], warnings: [] }
    const rules = parseRules({ roles: [], filters: [{ name: "f", ...filter }] }, { kind: "collection", problems })
    expect(problems.errors).toEqual([])
    const [{ name, ...rest }] = explainFilters(bindRules(rules, { user: { id: "u1" } }, createCallTable(), defaultRuleSettings)) as [ReceiptFilter]
    expect(name).toBe("f")
    return rest
  }

  const query = { a: "%%user.id" }
  const asked = { a: { $eq: "u1" } }
  test.each<[string, object, Omit<ReceiptFilter, "name">]>([
    ["applies without `apply_when`", { query }, { applies: true, query: asked, projection: undefined }],
    ["applies where that is true", { apply_when: { "%%user.id": "u1" }, query }, { applies: true, query: asked, projection: undefined }],
    ["does not where it is false, and asks nothing", { apply_when: { "%%user.id": "u2" }, query }, { applies: false, query: undefined, projection: undefined }],
    ["applies where it is undetermined", { apply_when: { "%%user.id": { "%stringToOid": "x" } }, query }, { applies: undefined, query: asked, projection: undefined }],
    ["asks nothing without a query", { apply_when: {}, projection: { a: 1 } }, { applies: true, query: undefined, projection: { a: 1 } }],
    ["asks for no document where its value is missing", { query: { a: "%%user.custom_data.none" } }, { applies: true, query: "none", projection: undefined }],
  ])("%s", (_name, filter, receipt) => {
    expect(receiptOf(filter)).toEqual(receipt)
  })
})

describe("a role", () => {
  const lines = ({ roles }: RulesReceipt): string[] => roles.flatMap(({ role, pointer, cutsFields, parts }) => [
    `${role} ${pointer}${cutsFields ? " cuts fields" : ""}`,
    ...parts.map(({ name, pushed, exact, leftOver }) => `${name} ${JSON.stringify(pushed)} ${exact ? "exact" : leftOver.map(({ pointer: at }) => at).join(" ")}`),
  ])
  const a = { a: 1 }
  const open = { a: "%%root.b" }

  test("says of each permission what the database is asked, and what is left over", () => {
    const rules = bound([{ apply_when: a, document_filters: { read: { b: 1 }, write: false }, read: open, write: { c: 1, "%or": [open, { d: 1 }] }, insert: true, delete: true }])
    const applies = ["r0 /roles/0", 'apply_when {"a":{"$eq":1}} exact']
    expect(lines(explainRules(rules, "read"))).toEqual([
      ...applies, 'document_filters.read {"b":{"$eq":1}} exact', 'document_filters.write "none" exact', "read {} /roles/0/read/a", 'write {"c":{"$eq":1}} /roles/0/write/%or/0/a',
    ])
    // What a write may touch is judged per document.
    expect(lines(explainRules(rules, "write"))).toEqual(applies)
  })

  test.each<[string, object, boolean]>([
    ["by `fields`", { fields: { a: { read: true } } }, true], ["by `additional_fields`", { additional_fields: { read: true } }, true], ["by both", { fields: {}, additional_fields: { read: true } }, true], ["not without either", { write: true }, false],
    ["not where `read` decides", { read: true, fields: { a: { read: true } } }, false], ["nor there by `additional_fields`", { read: a, additional_fields: { read: true } }, false],
  ])("cuts fields %s", (_name, role, cuts) => {
    expect(explainRules(bound([role]), "read").roles.map(({ cutsFields }) => cutsFields)).toEqual([cuts])
  })

  test.each<[string, object[], "read" | "write", Pick<RulesReceipt, "query" | "exact" | "whole">]>([
    ["a read", [{ apply_when: a, read: true }], "read", { query: { a: { $eq: 1 } }, exact: true, whole: true }],
    ["a read of what is cut", [{ apply_when: a, fields: { b: {} }, additional_fields: { read: true } }], "read", { query: { a: { $eq: 1 } }, exact: true, whole: false }],
    ["a read of nothing", [{ apply_when: a, read: false }], "read", { query: "none", exact: true, whole: true }],
    ["a write, which judges each document with a role", [{ apply_when: a, read: false }], "write", { query: { a: { $eq: 1 } }, exact: true, whole: false }],
    ["a write where roles hang on the document", [{ apply_when: open, read: true }], "write", { query: {}, exact: false, whole: false }],
  ])("comes to one query: %s", (_name, roles, purpose, receipt) => {
    expect(explainRules(bound(roles), purpose)).toMatchObject(receipt)
  })
})
