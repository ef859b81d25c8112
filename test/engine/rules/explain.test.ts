// What the author of the rules is told about one document: roles tried, permissions, fields and the decision (docs/explain.md).
import { describe, expect, test } from "vitest"
import { CallsWanted, explainAccess, type AccessExplanation, type AccessQuestion, type AssignedExplanation, type ExplainedLeaf, type RuleSettings, type Ternary } from "../../../engine/index.ts"
import { Double, type Document, type Value } from "../../../kernel/index.ts"
import { bound } from "./bind-roles.ts"

function explain(roles: readonly object[], question: AccessQuestion, settings: Partial<RuleSettings> = {}): AccessExplanation {
  return explainAccess(bound(roles, settings), question)
}

const line = (name: string, result: Ternary, failing: ExplainedLeaf | undefined): string => `${name}: ${String(result)}${failing === undefined ? "" : ` ${failing.pointer}`}`
const triedIn = ({ tried }: AssignedExplanation): string[] => tried.map(({ role, applies, failing }) => line(role, applies, failing))
const permissionsIn = ({ permissions }: AssignedExplanation): string[] => permissions.map(({ name, result, failing }) => line(name, result, failing))
const fieldsIn = ({ fields }: AssignedExplanation): string[] => fields.map(({ field, entry, permissions }) => [field, entry, ...permissions.map(({ name, result, failing }) => line(name, result, failing))].join(" "))
const shownIn = ({ fields }: AssignedExplanation): string[] => fields.map(({ field, shown }) => `${field} ${shown}`)

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

describe("nested fields are listed", () => {
  const at = "/roles/0/fields/a/fields"
  const none = "the entry speaks only of fields below it, and there are none"
  const noDocument = "the entry speaks only of fields below it, and the value is no document"
  const itself = (what: string): string => `a fields write: false /roles/0/fields/a: ${what}, which needs a \`write\` in the entry itself`
  const small = { "%%this": { $lt: 5 } }
  const [reads, writes, smallReads, smallWrites] = [{ read: true }, { write: true }, { read: small }, { write: small }]

  /** Field, what is shown of it in a read, entry, permissions, and the place and reason of what failed. */
  function told(entries: object, question: AccessQuestion, role: object = {}): string[] {
    const { fields } = explain([{ fields: { a: entries }, ...role }], question)
    return fields.filter(({ field }) => field !== "_id").map(({ field, entry, shown, permissions }) => [
      field, ...(question.operation === "read" ? [shown] : []), entry,
      ...permissions.map((each) => `${line(each.name, each.result, each.failing)}${["above", "value"].includes(each.failing?.operator ?? "") ? `: ${String(each.failing?.reason)}` : ""}`),
    ].join(" "))
  }

  test.each<[string, object, Value, string[]]>([
    ["those that entries name and others", { fields: { x: reads, y: { read: false } } }, { x: 1, y: 2, z: 3 }, ["a part fields", "a.x whole fields read: true", `a.y hidden fields read: false ${at}/y/read`, "a.z hidden none"]],
    ["deeper", { fields: { x: { fields: { y: smallReads, z: writes } } } }, { x: { y: 5, z: 1 } }, ["a part fields", "a.x part fields", `a.x.y hidden fields read: false ${at}/x/fields/y/read/%%this/$lt`, "a.x.z whole fields write: true"]],
    ["by their own values, which stand for before and after", { fields: { x: { read: { "%%prev": 3, "%%this": 3 } } } }, { x: 3 }, ["a part fields", "a.x whole fields read: true"]],
    ["none below a `read`", { read: false, fields: { x: reads } }, { x: 1 }, ["a hidden fields read: false /roles/0/fields/a/read"]],
    ["none below what is shown", { write: true, fields: { x: reads } }, { x: 1 }, ["a whole fields write: true"]],
    ["none below a value that is shown", { write: true, fields: { x: reads } }, 5, ["a whole fields write: true"]],
    ["below a `write` that is not true, which decides for those below", { write: false, fields: { x: { write: true }, y: { read: false, write: true }, z: { fields: { q: writes } } } }, { x: 1, y: 2, z: { q: 1 } }, [
      "a hidden fields write: false /roles/0/fields/a/write", "a.x hidden fields write: false /roles/0/fields/a/write: `write` of a field above decides for those below it, and is not true",
      `a.y hidden fields read: false ${at}/y/read write: false /roles/0/fields/a/write: \`write\` of a field above decides for those below it, and is not true`,
      "a.z hidden fields", "a.z.q hidden fields write: false /roles/0/fields/a/write: `write` of a field above decides for those below it, and is not true",
    ]],
    ["none of a value that is no document", { fields: { x: reads } }, "x", [`a hidden fields read: false /roles/0/fields/a: ${noDocument}`]],
    ["nor of null", { fields: { x: reads } }, null, [`a hidden fields read: false /roles/0/fields/a: ${noDocument}`]],
    ["nor of an empty document", { fields: { x: reads } }, {}, [`a hidden fields read: false /roles/0/fields/a: ${none}`]],
    ["nor of an empty list", { fields: { x: reads } }, [], [`a hidden fields read: false /roles/0/fields/a: ${none}`]],
    ["of a list once, where its items are alike", { fields: { x: reads, y: smallReads } }, [{ x: 1, y: 7 }, { x: 2, y: 7 }], ["a part fields", "a.$[].x whole fields read: true", `a.$[].y hidden fields read: false ${at}/y/read/%%this/$lt`]],
    ["item by item, where one comes out otherwise", { fields: { x: smallReads } }, [{ x: 1 }, { x: 7 }], ["a part fields", "a.0.x whole fields read: true", `a.1.x hidden fields read: false ${at}/x/read/%%this/$lt`]],
    ["item by item, where another value fails", { fields: { x: smallReads } }, [{ x: 8 }, { x: 7 }], ["a hidden fields", `a.0.x hidden fields read: false ${at}/x/read/%%this/$lt`, `a.1.x hidden fields read: false ${at}/x/read/%%this/$lt`]],
    ["item by item, where one has another field", { fields: { x: reads } }, [{ x: 1 }, { x: 1, y: 1 }], ["a part fields", "a.0.x whole fields read: true", "a.1.x whole fields read: true", "a.1.y hidden none"]],
    ["by the index of the only item", { fields: { x: reads } }, [{ x: 1 }], ["a part fields", "a.0.x whole fields read: true"]],
    ["items that are no documents, and empty ones", { fields: { x: reads } }, [{ x: 1 }, 5, {}], ["a part fields", "a.0.x whole fields read: true", `a.1 hidden fields read: false /roles/0/fields/a: ${noDocument}`, `a.2 hidden fields read: false /roles/0/fields/a: ${none}`]],
    ["items none of which is a document", { fields: { x: reads } }, [5, 6], ["a hidden fields", `a.$[] hidden fields read: false /roles/0/fields/a: ${noDocument}`]],
    ["lists in lists", { fields: { x: reads } }, [[{ x: 1 }, { y: 1 }], []], ["a part fields", "a.0.0.x whole fields read: true", "a.0.1.y hidden none", `a.1 hidden fields read: false /roles/0/fields/a: ${none}`]],
    ["no inherited ones", { fields: { x: reads } }, { constructor: 1, toString: 2 }, ["a hidden fields", "a.constructor hidden none", "a.toString hidden none"]],
    ["names with a slash", { fields: { "x/y": { read: false } } }, { "x/y": 1 }, ["a hidden fields", `a.x/y hidden fields read: false ${at}/x~1y/read`]],
  ])("of a read: %s", (_name, entries, value, lines) => {
    expect(told(entries, { operation: "read", document: { _id: 1, a: value } })).toEqual(lines)
  })

  test.each<[string, object, Value, string[]]>([
    ["those that entries name and others", { fields: { x: writes, y: { read: true, write: false } } }, { x: 1, y: 2, z: 3 }, ["a fields", "a.x fields write: true", `a.y fields read: true write: false ${at}/y/write`, "a.z none"]],
    ["none below a `write`", { write: false, fields: { x: writes } }, { x: 1 }, ["a fields write: false /roles/0/fields/a/write"]],
    ["below a `read`, with those to write alone", { read: true, fields: { x: { read: false, write: true } } }, { x: 1 }, ["a fields read: true", "a.x fields write: true"]],
    ["none of a list, which is written whole", { fields: { x: writes } }, [{ x: 1 }], [itself("the value is written whole")]],
    ["nor of an empty document", { fields: { x: writes } }, {}, [itself("the value is written whole")]],
    ["nor of what is no document", { fields: { x: writes } }, 5, [itself("the value is written whole")]],
  ])("of an insert and a deletion: %s", (_name, entries, value, lines) => {
    expect(told(entries, { operation: "insert", document: { _id: 1, a: value } })).toEqual(lines)
    expect(told(entries, { operation: "delete", document: { _id: 1, a: value } })).toEqual(lines)
  })

  test("of an insert without a value before, of a deletion with the same before and after", () => {
    const entries = { fields: { x: { write: { "%%prev": { $exists: true }, "%%this": 1 } } } }
    expect(told(entries, { operation: "insert", document: { a: { x: 1 } } })).toEqual(["a fields", `a.x fields write: false ${at}/x/write/%%prev/$exists`])
    expect(told(entries, { operation: "delete", document: { a: { x: 1 } } })).toEqual(["a fields", "a.x fields write: true"])
  })

  const sizes = { fields: { x: smallWrites } }
  test.each<[string, object, Value, Value, string[]]>([
    ["those before and those after, with both values", { fields: { x: { write: { "%%prev": 1, "%%this": 2 } }, y: { write: { "%%prev": { $exists: true } } } } }, { x: 1, z: 1 }, { x: 2, z: 1, y: 1 }, ["a fields", "a.x fields write: true", "a.z none", `a.y fields write: false ${at}/y/write/%%prev/$exists`]],
    ["of a value that comes", sizes, undefined, { x: 7 }, ["a fields", `a.x fields write: false ${at}/x/write/%%this/$lt`]],
    ["of a value that goes", { fields: { x: { write: { "%%prev": 1 } } } }, { x: 1 }, undefined, ["a fields", "a.x fields write: true"]],
    ["none of a value that becomes another", sizes, { x: 1 }, "x", [itself("the value itself changes")]],
    ["nor of one that was none", sizes, 5, 6, [itself("the value itself changes")]],
    ["nor of one that becomes a list", sizes, { x: 1 }, [{ x: 1 }], [itself("the value itself changes")]],
    ["nor of an empty document that comes", sizes, undefined, {}, [itself("the value is written whole")]],
    ["or goes", sizes, {}, undefined, [itself("the value is written whole")]],
    ["nor of a list that comes", sizes, undefined, [{ x: 1 }], [itself("the value is written whole")]],
    ["nor of another order", sizes, { x: 1, y: 1 }, { y: 1, x: 1 }, [itself("the order of its fields changes")]],
    ["nor of a list of another length", sizes, [{ x: 1 }], [{ x: 1 }, { x: 1 }], [itself("the length of the list changes")]],
    ["of a list the items that change", sizes, [{ x: 7 }, { x: 1 }, { x: 1 }, 5], [{ x: 7 }, { x: 8 }, { x: 2 }, 5], ["a fields", `a.1.x fields write: false ${at}/x/write/%%this/$lt`, "a.2.x fields write: true"]],
    ["once, where all change and are alike", sizes, [{ x: 1 }, { x: 2 }], [{ x: 2 }, { x: 3 }], ["a fields", "a.$[].x fields write: true"]],
    ["of a list that stays, all items", sizes, [{ x: 7 }, { x: 1 }], [{ x: 7 }, { x: 1 }], ["a fields", `a.0.x fields write: false ${at}/x/write/%%this/$lt`, "a.1.x fields write: true"]],
    ["items that change themselves", sizes, [{ x: 1 }, { x: 1, y: 1 }, 5], ["x", { y: 1, x: 1 }, 5], ["a fields", ...[itself("the value itself changes"), itself("the order of its fields changes")].map((each, index) => `a.${index}${each.slice(1)}`)]],
    ["of a value that stays and is no document, none", sizes, 5, 5, ["a fields"]],
    ["of an empty one that stays, none", sizes, {}, {}, ["a fields"]],
  ])("of an update: %s", (_name, entries, before, after, lines) => {
    const image = (value: Value): Document => (value === undefined ? { _id: 1 } : { _id: 1, a: value })
    expect(told(entries, { operation: "update", document: image(before), after: image(after) })).toEqual(lines)
  })

  test("not of an `_id` that needs no permission", () => {
    const entries = { fields: { _id: { fields: { x: writes } } } }
    expect(fieldsIn(explain([entries], { operation: "delete", document: { _id: { x: 1 } } }))).toEqual([])
    expect(fieldsIn(explain([entries], { operation: "insert", document: { _id: { x: 1 } }, generatedId: false }))).toEqual(["_id fields", "_id.x fields write: true"])
  })

  test("of the role after an update too", () => {
    const roles = [{ apply_when: one, write: true }, { fields: { a: { write: true }, b: sizes } }]
    const { after } = explain(roles, { operation: "update", document: { a: 1, b: { x: 1 } }, after: { a: 2, b: { x: 7 } } })
    expect(fieldsIn(after as AssignedExplanation)).toEqual(["a fields write: true", "b fields", "b.x fields write: false /roles/1/fields/b/fields/x/write/%%this/$lt"])
  })

  describe("in bounds", () => {
    const many = <Item>(count: number, item: (index: number) => Item): Item[] => Array.from({ length: count }, (_, index) => item(index))
    const wide = (count: number): Document => Object.fromEntries(many(count, (index) => [`f${index}`, index]))
    const pathsOf = ({ fields }: AssignedExplanation): string[] => fields.map(({ field }) => field)
    const hides = (value: number): object => ({ fields: { a: { fields: { x: { read: { "%%this": { $ne: value } } }, y: reads } } } })

    test("all 500 of them, and of more those that are not admitted", () => {
      const role = { fields: { a: { fields: { f7: { read: false }, ...Object.fromEntries(many(600, (index) => [`f${index}`, { read: index !== 7 }])) } } } }
      const exactly = explain([role], { operation: "read", document: { a: wide(499) } })
      expect([exactly.fields.length, exactly.omitted]).toEqual([500, undefined])
      const more = explain([role], { operation: "read", document: { a: wide(500) } })
      expect([pathsOf(more), more.omitted]).toEqual([["a", "a.f7"], "admitted"])
    })

    test("of long lists what is not admitted, as far as 2000 fields are looked at", () => {
      const long = (length: number): AccessQuestion => ({ operation: "read", document: { a: many(length, (x) => ({ x, y: 1 })) } })
      const listed = explain([hides(2400)], long(2500))
      expect([pathsOf(listed), listed.omitted]).toEqual([["a", "a.2400.x"], "admitted"])
      for (const [length, paths, omitted] of [[999, ["a", "a.$[].x", "a.$[].y"], undefined], [1000, ["a"], "admitted"]] as const) {
        const alike = explain([hides(-1)], long(length))
        expect([pathsOf(alike), alike.omitted]).toEqual([paths, omitted])
      }
    })

    test("no more than 500, where more are not admitted", () => {
      const { fields, omitted } = explain([{ fields: { a: { fields: { x: { read: { "%%this": -1 } } } } } }], { operation: "read", document: { a: many(501, (x) => ({ x })) } })
      expect([fields.length, fields.at(-1)?.field, omitted]).toEqual([500, "a.498.x", "more"])
      const unseen = explain([{ fields: { a: { fields: { x: { read: false } } } } }], { operation: "read", document: { a: many(2500, (x) => ({ x, y: 1, z: 2 })) } })
      expect([unseen.fields.length, unseen.omitted]).toEqual([500, "more"])
    })

    test("of top-level fields too", () => {
      const role = { fields: { f3: { read: false } }, additional_fields: reads }
      const { fields, omitted } = explain([role], { operation: "read", document: wide(501) })
      expect([fields.map(({ field, shown }) => `${field} ${shown}`), omitted]).toEqual([["f3 hidden"], "admitted"])
      const all = explain([role], { operation: "read", document: wide(500) })
      expect([all.fields.length, all.omitted]).toEqual([500, undefined])
      const hidden = explain([{ fields: { f3: reads } }], { operation: "read", document: wide(3000) })
      expect([hidden.fields.length, pathsOf(hidden)[3], hidden.omitted]).toEqual([500, "f4", "more"])
    })

    test("of writes those that are refused, and of an update what changes", () => {
      const role = { fields: { f3: { write: false }, a: sizes }, additional_fields: writes }
      const inserted = explain([role], { operation: "insert", document: wide(600), generatedId: true })
      expect([pathsOf(inserted), inserted.omitted]).toEqual([["f3"], "admitted"])
      const list = many(600, () => ({ x: 9 }))
      const changed = explain([role], { operation: "update", document: { ...wide(600), a: list }, after: { ...wide(600), f5: "new", a: list.with(7, { x: 8 }) } })
      expect([pathsOf(changed), changed.omitted]).toEqual([["a", "a.7.x"], "admitted"])
    })

    test("deep documents", () => {
      const deep = (levels: number): Value => (levels === 0 ? { x: 1, y: 2 } : [deep(levels - 1)])
      const path = `a${".0".repeat(90)}`
      expect(shownIn(explain([{ fields: { a: { fields: { x: reads } } } }], { operation: "read", document: { a: deep(90) } }))).toEqual(["a part", `${path}.x whole`, `${path}.y hidden`])
    })

    test.each<[string, Value, boolean]>([
      ["a text of 300 characters", "x".repeat(298), false], ["a longer one", "x".repeat(299), true], ["a long list", [...many(100, (index) => index)], true], ["a long document", wide(50), true], ["a short one", { y: 1 }, false], ["a number", 7, false],
    ])("a long value is told once: %s", (_name, value, isOnce) => {
      const [asSubject, asOperand] = [{ read: { "%%root.v": { $exists: false } } }, { read: { "%%true": "%%root.v" } }]
      const explained = explain([{ fields: { a: { fields: { x: asSubject, y: asSubject } } }, additional_fields: asOperand }], { operation: "read", document: { a: { x: 1, y: 2 }, b: 3, v: value } })
      const sides = explained.fields.flatMap(({ permissions }) => permissions.map(({ failing }) => failing?.subject ?? failing?.operand))
      const type = sides[0]?.type
      const again = isOnce ? { text: "%%root.v", type } : { text: "%%root.v", type, value }
      expect(sides).toEqual([{ text: "%%root.v", type, value }, again, again, again])
    })

    test("a value that is not there is told as often", () => {
      const explained = explain([{ additional_fields: { read: { none: 1 } } }], { operation: "read", document: { a: 1, b: 2 } })
      expect(explained.fields.map(({ permissions }) => permissions[0]?.failing?.subject)).toEqual([{ text: "%%root.none", type: "missing" }, { text: "%%root.none", type: "missing" }])
    })
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
