// What the author of the rules is told about one document: roles tried, permissions, fields and the decision (docs/explain.md).
import { describe, expect, test } from "vitest"
import { CallsWanted, type AccessExplanation, type AccessQuestion, type AssignedExplanation, type RuleSettings } from "../../../engine/index.ts"
import { Double } from "../../../kernel/index.ts"
import { explain, fieldsIn, permissionsIn, shownIn, triedIn } from "./explain-lines.ts"

const document = { _id: 1, a: 1, b: 2 }
const read: AccessQuestion = { operation: "read", document }
const insert: AccessQuestion = { operation: "insert", document }
const remove: AccessQuestion = { operation: "delete", document }
const update: AccessQuestion = { operation: "update", document, after: { _id: 1, a: 5, c: 3 } }
const one = { "%%root.a": 1 }
const five = { "%%root.a": 5 }

describe("the roles tried", () => {
  const roles = [{ apply_when: { a: 2 } }, { apply_when: { a: 1 }, read: true }, { apply_when: true, read: true }]
  test.each<[string, readonly object[], AccessQuestion, string[], string | undefined]>([
    ["end with the one assigned", roles, read, ["r0: false /roles/0/apply_when/a", "r1: true"], "r1"],
    ["are all, where none is assigned", [{ apply_when: false }, { apply_when: { a: "%%user.custom_data.none" } }], read, ["r0: false /roles/0/apply_when", "r1: undefined /roles/1/apply_when/a"], undefined],
    ["have one without `apply_when`, which never applies", [{ apply_when: undefined }, {}], read, ["r0: false", "r1: true"], "r1"],
    ["see no document before an insert", [{ apply_when: { "%%prevRoot": { $exists: true } } }, {}], insert, ["r0: false /roles/0/apply_when/%%prevRoot/$exists", "r1: true"], "r1"],
    ["see the stored one on both sides of a deletion", [{ apply_when: { "%%prevRoot.a": 1, "%%root.a": 1 } }], remove, ["r0: true"], "r0"],
    ["and of an update", [{ apply_when: { "%%prevRoot.a": 1, "%%root.a": 1 } }], update, ["r0: true"], "r0"],
  ])("%s", (_name, tried, question, lines, assigned) => {
    const explained = explain(tried, question)
    expect([triedIn(explained), explained.assigned]).toEqual([lines, assigned])
  })
})

describe("the decision", () => {
  test.each<[string, readonly object[], AccessQuestion, AccessExplanation["decision"]]>([
    ["a read", [{ read: true }], read, { outcome: "granted" }],
    ["a read without a role", [], read, { outcome: "hidden", because: "no-role-applies" }],
    ["a read that the gate refuses", [{ document_filters: { read: false }, read: true }], read, { outcome: "hidden", because: "gate-refuses" }],
    ["a read of no field", [{ fields: { x: { read: true } } }], read, { outcome: "hidden", because: "nothing-readable" }],
    ["an insert", [{ write: true }], insert, { outcome: "granted" }],
    ["an insert without a role", [], insert, { outcome: "refused", because: "no-role-applies" }],
    ["an insert with an `_id` of the client's", [{ fields: { a: { write: true }, b: { write: true } } }], insert, { outcome: "refused", because: "field-forbids", field: "_id" }],
    ["an insert with one of the server's", [{ fields: { a: { write: true }, b: { write: true } } }], { ...insert, generatedId: true }, { outcome: "granted" }],
    ["an insert that `insert` forbids", [{ write: true, insert: false }], insert, { outcome: "refused", because: "insert-forbidden" }],
    ["a deletion", [{ write: true }], remove, { outcome: "granted" }],
    ["a deletion without a role", [], remove, { outcome: "refused", because: "no-role-applies" }],
    ["a deletion that `delete` forbids", [{ write: true, delete: false }], remove, { outcome: "refused", because: "delete-forbidden" }],
    ["an update", [{ write: true }], update, { outcome: "granted" }],
    ["an update without a role", [], update, { outcome: "refused", because: "no-role-applies" }],
    ["an update of a field", [{ fields: { a: { write: true }, b: { write: false } } }], update, { outcome: "refused", because: "field-forbids", field: "b" }],
  ])("on %s", (_name, roles, question, decision) => {
    const explained = explain(roles, question)
    expect(explained.decision).toEqual(decision)
    expect(Object.keys(explained.decision)).toEqual(Object.keys(decision))
  })
})

describe("the permissions of the role", () => {
  const all = { document_filters: { read: true, write: true }, read: false, write: true, insert: true, delete: false }
  test.each<[string, object, AccessQuestion, string[]]>([
    ["read", all, read, ["document_filters.read: true", "document_filters.write: true", "read: false /roles/0/read", "write: true"]],
    ["insert", all, insert, ["document_filters.write: true", "write: true", "insert: true"]],
    ["delete", all, remove, ["document_filters.write: true", "write: true", "delete: false /roles/0/delete"]],
    ["update", all, update, ["document_filters.write: true", "write: true"]],
    ["none of a role that has none", {}, read, []],
    ["`write` of an update, of the document after it alone", { write: five }, update, ["write: true"]],
    ["the gate of an update, of the document before it", { document_filters: { write: five }, write: true }, update, ["document_filters.write: false /roles/0/document_filters/write/%%root.a", "write: true"]],
    ["and of the document after it", { document_filters: { write: one }, write: true }, update, ["document_filters.write: false /roles/0/document_filters/write/%%root.a", "write: true"]],
    ["the gate of an insert, where no document was before", { document_filters: { write: { "%%prevRoot": { $exists: false } } }, write: true }, insert, ["document_filters.write: true", "write: true"]],
  ])("%s", (_name, role, question, lines) => {
    expect(permissionsIn(explain([role], question))).toEqual(lines)
  })

  const noWrite = "document_filters.write: false /roles/0"
  test.each<[string, object, AccessQuestion, string[], string]>([
    ["for a read, neither", {}, read, ["document_filters.read: false /roles/0", noWrite, "read: true"], "hidden gate-refuses"],
    ["for a read, `write` alone", { write: false }, read, ["document_filters.read: false /roles/0", "document_filters.write: false /roles/0/document_filters/write", "read: true"], "hidden gate-refuses"],
    ["for a read, `read` alone", { read: true }, read, ["document_filters.read: true", noWrite, "read: true"], "granted"],
    ["for an insert", { read: true }, insert, [noWrite], "refused gate-refuses"], ["for a deletion", { read: true }, remove, [noWrite], "refused gate-refuses"], ["for an update", { read: true }, update, [noWrite], "refused gate-refuses"],
    ["for a write that has its half", { write: one }, insert, ["document_filters.write: true"], "refused field-forbids _id"],
  ])("name an absent half of the gate: %s", (_name, gate, question, lines, outcome) => {
    const explained = explain([{ document_filters: gate, read: true }], question)
    expect([permissionsIn(explained), Object.values(explained.decision).join(" ")]).toEqual([lines, outcome])
  })

  test("say that an absent half is not passed, or that it is where the settings pass it", () => {
    const role = { document_filters: { read: false }, read: true }
    expect(explain([role], insert).permissions).toEqual([{ name: "document_filters.write", result: false, failing: {
      pointer: "/roles/0", operator: "absent", needed: true, result: false, subject: undefined, operand: undefined, reason: "`document_filters.write` is absent, and an absent half is not passed",
    } }])
    const passed = explain([role], read, { absentDocumentFilter: "grant" })
    expect([permissionsIn(passed), passed.decision]).toEqual([["document_filters.read: false /roles/0/document_filters/read", "document_filters.write: true", "read: true"], { outcome: "granted" }])
    expect(permissionsIn(explain([{ document_filters: {}, write: true }], { operation: "update", document, after: document }, { absentDocumentFilter: "grant" }))).toEqual(["document_filters.write: true", "write: true"])
  })

  test("of the gate show the side that failed", () => {
    const valueIn = (gate: object): unknown => explain([{ document_filters: { write: gate }, write: true }], update).permissions[0]?.failing?.subject?.value
    expect([valueIn(five), valueIn(one)]).toEqual([1, 5])
  })
})

describe("fields are listed", () => {
  const fields = { fields: { a: { read: true, write: false }, b: {} } }
  const additional = { ...fields, additional_fields: { write: true } }
  const listed = ["_id none", "a fields read: true write: false /roles/0/fields/a/write", "b fields"]
  test.each<[string, object, AccessQuestion, string[]]>([
    ["for a read that is left to them", fields, read, listed],
    ["for one that finds none readable", { fields: { b: { read: false } } }, read, ["_id none", "a none", "b fields read: false /roles/0/fields/b/read"]],
    ["not for one of the whole document", { ...fields, write: true }, read, []],
    ["not for one that `read` decides", { ...fields, read: false }, read, []],
    ["not for one that the gate refuses", { ...fields, document_filters: { read: false } }, read, []],
    ["for writes that are left to them", fields, insert, listed],
    ["not for those that `write` decides", { ...fields, write: false }, insert, []],
    ["nor those that it admits", { ...fields, write: true }, insert, []],
    ["without an `_id` that the server makes", fields, { ...insert, generatedId: true }, listed.slice(1)],
    ["with one that it does not", fields, { ...insert, generatedId: false }, listed],
    ["without the `_id` of a deleted document", fields, remove, listed.slice(1)],
    ["by the entry that speaks of them", additional, read, ["_id additional_fields write: true", "a fields read: true write: false /roles/0/fields/a/write", "b fields"]],
    ["of an update, those before and those after", additional, update, ["_id additional_fields write: true", "a fields read: true write: false /roles/0/fields/a/write", "b fields", "c additional_fields write: true"]],
  ])("%s", (_name, role, question, lines) => {
    expect(fieldsIn(explain([role], question))).toEqual(lines)
  })

  test("also where writable fields may lift a `write` that is not true", () => {
    const settings = { writeFalse: "fields" } as const
    expect(fieldsIn(explain([{ ...fields, write: false }], insert, settings))).toEqual(listed)
    expect(fieldsIn(explain([{ ...fields, write: one }], insert, settings))).toEqual([])
    expect(fieldsIn(explain([{ write: false }], insert, settings))).toEqual([])
  })

  test("with their own values, of before and of after, and no inherited ones", () => {
    const entry = { write: { "%%this": { $exists: true }, "%%prev": { $exists: true } } }
    const roles = [{ additional_fields: entry }]
    const missing = (field: string): string => `additional_fields write: false /roles/0/additional_fields/write/${field}/$exists`
    expect(fieldsIn(explain(roles, { operation: "update", document: { a: 1, toString: 1 }, after: { a: 1, valueOf: 1 } }))).toEqual(["a additional_fields write: true", `toString ${missing("%%this")}`, `valueOf ${missing("%%prev")}`])
    expect(fieldsIn(explain(roles, { operation: "insert", document: { a: 1 } }))).toEqual([`a ${missing("%%prev")}`])
    expect(fieldsIn(explain(roles, { operation: "delete", document: { a: 1 } }))).toEqual(["a additional_fields write: true"])
  })

  test("as whole, in part, or hidden", () => {
    const role = { fields: { a: { read: true }, b: { fields: { x: { read: true } } }, n: { read: true }, d: { write: true }, l: { fields: { x: { read: false } } } } }
    const explained = explain([role], { operation: "read", document: { a: [1], b: { x: 1, y: 2 }, n: Number.NaN, d: new Double(1), l: { x: 1 }, o: 1 } })
    expect(shownIn(explained)).toEqual(["a whole", "b part", "b.x whole", "b.y hidden", "n whole", "d whole", "l hidden", "l.x hidden", "o hidden"])
    expect(shownIn(explain([{ fields: { a: { read: false } } }], read))).toEqual(["_id hidden", "a hidden", "b hidden"])
    expect(shownIn(explain([{ fields: { a: { read: true } } }], read, { alwaysShowId: true }))).toEqual(["_id whole", "a whole", "b hidden"])
  })
})

describe("the role of the document after an update", () => {
  const moves = [{ apply_when: one, write: true }, { apply_when: five, write: { a: 6 } }]
  const goes: AccessQuestion = { operation: "update", document, after: { _id: 1, a: 7 } }
  const stays: AccessQuestion = { operation: "update", document, after: { _id: 1, a: 1 } }

  test("is explained where it is another, as it must admit the update too", () => {
    const { decision, assigned, after } = explain(moves, update)
    expect([decision, assigned]).toEqual([{ outcome: "refused", because: "role-after-forbids" }, "r0"])
    expect([after?.assigned, triedIn(after as AssignedExplanation), permissionsIn(after as AssignedExplanation)]).toEqual(["r1", ["r0: false /roles/0/apply_when/%%root.a", "r1: true"], ["write: false /roles/1/write/a"]])
  })

  test("is explained where there is none", () => {
    const { decision, after } = explain(moves, goes)
    expect([decision, after?.assigned, triedIn(after as AssignedExplanation)]).toEqual([{ outcome: "refused", because: "no-role-after" }, undefined, ["r0: false /roles/0/apply_when/%%root.a", "r1: false /roles/1/apply_when/%%root.a"]])
  })

  test.each<[string, readonly object[], AccessQuestion, Partial<RuleSettings>]>([
    ["where it stays", moves, stays, {}], ["where none was before", [{ apply_when: five, write: true }], update, {}], ["of an insert", moves, insert, {}], ["of a read", moves, read, {}], ["of a deletion", moves, remove, {}],
    ["where nothing is asked of it", moves, update, { roleAfterWrite: "none" }], ["not even that there is one", moves, goes, { roleAfterWrite: "none" }], ["where it is asked that there is one", moves, update, { roleAfterWrite: "any" }],
  ])("is not explained %s", (_name, roles, question, settings) => {
    expect(explain(roles, question, settings).after).toBeUndefined()
  })

  test("is explained where it is asked that there is one, and there is none", () => {
    expect(explain(moves, goes, { roleAfterWrite: "any" })).toMatchObject({ decision: { because: "no-role-after" }, after: { assigned: undefined } })
  })
})

test("an explanation waits for every call, those that the decision does without among them", () => {
  const call = { "%%true": { "%function": { name: "f", arguments: [] } } }
  expect(() => explain([{ read: true, write: call }], read)).toThrow(CallsWanted)
  expect(() => explain([{ read: true }, { apply_when: call }], read)).not.toThrow()
})
