// What the database is asked for a list of roles, shape by shape (specification of rules, 15).
import { describe, expect, test } from "vitest"
import { decideRead, pushAssigned, pushVisible, type PushedRoles } from "../../../engine/index.ts"
import type { Document } from "../../../kernel/index.ts"
import { compileFilter } from "../../../server/storage/language/index.ts"
import { bound } from "./bind-roles.ts"

const documents: readonly Document[] = [{ _id: 1 }, { _id: 2, a: 1 }, { _id: 3, b: 1 }, { _id: 4, a: 1, b: 1 }, { _id: 5, a: 2, b: 1 }]
const admitted = ({ query }: PushedRoles): unknown[] => (query === "none" ? [] : documents.filter(compileFilter(query)).map(({ _id }) => _id))
const everyone = [1, 2, 3, 4, 5]

const a = { a: 1 }
const b = { b: 1 }
/** A comparison of two fields, which the database is not asked for. */
const open = { a: "%%root.b" }
const mine = { "%%user.id": "u1" }
const theirs = { "%%user.id": "u2" }

describe("the visible documents", () => {
  test.each<[string, readonly object[], { ids: number[]; exact: boolean; whole: boolean; only: string | undefined }]>([
    ["one role for all", [{ read: true }], { ids: everyone, exact: true, whole: true, only: "r0" }],
    ["one that never applies", [{ apply_when: false, read: true }], { ids: [], exact: true, whole: true, only: undefined }],
    ["one of some documents", [{ apply_when: a, read: true }], { ids: [2, 4], exact: true, whole: true, only: "r0" }],
    ["one of the user's, before another", [{ apply_when: mine, read: true }, { read: false }], { ids: everyone, exact: true, whole: true, only: "r0" }],
    ["one of another user's, before another", [{ apply_when: theirs, read: false }, { read: true }], { ids: everyone, exact: true, whole: true, only: "r1" }],
    ["what an earlier one withholds", [{ apply_when: a, read: false }, { read: true }], { ids: [1, 3, 5], exact: true, whole: true, only: undefined }],
    ["two that grant", [{ apply_when: a, read: true }, { apply_when: b, read: true }], { ids: [2, 3, 4, 5], exact: true, whole: true, only: undefined }],
    ["one that is judged here withholds nothing for certain", [{ apply_when: open, read: false }, { read: true }], { ids: everyone, exact: false, whole: true, only: undefined }],
    ["one that is judged here, after one that is not", [{ apply_when: a, read: false }, { apply_when: open, read: true }], { ids: [1, 3, 5], exact: false, whole: true, only: undefined }],
    ["one that is judged here, alone", [{ apply_when: open, read: true }], { ids: everyone, exact: false, whole: true, only: undefined }],
    ["a read of some documents", [{ read: a }], { ids: [2, 4], exact: true, whole: true, only: "r0" }],
    ["or a write of others", [{ read: a, write: b }], { ids: [2, 3, 4, 5], exact: true, whole: true, only: "r0" }],
    ["a read that is judged here", [{ read: open }], { ids: everyone, exact: false, whole: true, only: "r0" }],
    ["a write that is judged here, beside a read", [{ read: a, write: open }], { ids: everyone, exact: false, whole: true, only: "r0" }],
    ["a write alone", [{ write: a }], { ids: [2, 4], exact: true, whole: true, only: "r0" }],
    ["a certain write beside fields", [{ write: true, fields: { a: {} } }], { ids: everyone, exact: true, whole: true, only: "r0" }],
    ["a write of some beside fields with `_id`", [{ write: a, fields: { _id: { read: true } } }], { ids: everyone, exact: true, whole: false, only: "r0" }],
    ["fields with `_id`", [{ fields: { _id: { read: true }, a: {} } }], { ids: everyone, exact: true, whole: false, only: "r0" }],
    ["additional fields, `_id` among them", [{ fields: { a: {} }, additional_fields: { read: true } }], { ids: everyone, exact: true, whole: false, only: "r0" }],
    ["all fields, one by one or as additional ones", [{ fields: { a: { write: true } }, additional_fields: { read: true } }], { ids: everyone, exact: true, whole: true, only: "r0" }],
    ["one of some documents, which shows fields", [{ apply_when: a, fields: { _id: { read: true } } }], { ids: [2, 4], exact: true, whole: false, only: "r0" }],
    ["one of some documents and one of the rest", [{ apply_when: a, read: true }, { apply_when: {}, read: b }], { ids: [2, 3, 4, 5], exact: true, whole: true, only: undefined }],
    ["fields without `_id`", [{ fields: { a: { read: true } } }], { ids: everyone, exact: false, whole: false, only: "r0" }],
    ["fields with an `_id` by its value", [{ fields: { _id: { read: { "%%this": { $gt: 1 } } } } }], { ids: everyone, exact: false, whole: false, only: "r0" }],
    ["a gate", [{ document_filters: { read: a, write: b }, read: true }], { ids: [2, 3, 4, 5], exact: true, whole: true, only: "r0" }],
    ["half a gate", [{ document_filters: { read: a }, read: true }], { ids: [2, 4], exact: true, whole: true, only: "r0" }],
    ["an empty gate", [{ document_filters: {}, read: true }], { ids: [], exact: true, whole: true, only: "r0" }],
    ["a gate that is judged here", [{ document_filters: { read: open, write: a }, read: true }], { ids: everyone, exact: false, whole: true, only: "r0" }],
    ["a gate beside a read", [{ document_filters: { read: a }, read: b }], { ids: [4], exact: true, whole: true, only: "r0" }],
    ["a gate that is judged here beside a read", [{ document_filters: { read: open }, read: b }], { ids: [3, 4, 5], exact: false, whole: true, only: "r0" }],
    ["a gate that is judged here before fields with `_id`", [{ document_filters: { read: open }, fields: { _id: { read: true } } }], { ids: everyone, exact: false, whole: false, only: "r0" }],
    ["a gate before fields with `_id`", [{ document_filters: { read: a }, fields: { _id: { read: true } } }], { ids: [2, 4], exact: true, whole: false, only: "r0" }],
    ["one that shows all and one that shows fields", [{ apply_when: a, read: true }, { fields: { _id: { read: true } } }], { ids: everyone, exact: true, whole: false, only: undefined }],
    ["one that shows fields and one that shows all", [{ apply_when: a, fields: { b: { read: true } } }, { read: true }], { ids: everyone, exact: false, whole: false, only: undefined }],
    ["no permission at all", [{ insert: true }], { ids: [], exact: true, whole: true, only: "r0" }],
  ])("%s", (_name, roles, { ids, exact, whole, only }) => {
    const rules = bound(roles)
    const pushed = pushVisible(rules)
    expect({ ids: admitted(pushed), exact: pushed.exact, whole: pushed.whole, only: pushed.onlyRole?.role.name }).toEqual({ ids, exact, whole, only })
    const seen = documents.filter((document) => decideRead(rules, document).outcome === "granted").map(({ _id }) => _id)
    expect(exact ? ids : ids.filter((id) => seen.includes(id))).toEqual(seen)
  })

  const wide = { read: true }
  test.each<[string, readonly object[], Document | undefined]>([
    ["nothing, where all is readable", [wide], {}],
    ["what is hidden, where the rest is readable", [{ fields: { a: {}, b: { read: false }, c: { read: mine } }, additional_fields: { read: true } }], { a: 0, b: 0 }],
    ["what is readable, where the rest is hidden", [{ fields: { _id: { read: true }, a: { write: mine }, b: { read: theirs } } }], { _id: 1, a: 1 }],
    ["what is readable, where `_id` is not", [{ fields: { a: { read: true }, b: {} } }], { _id: 0, a: 1 }],
    ["what is hidden by a parent, whatever is said below it", [{ fields: { a: { read: false, fields: { b: { read: true } } } }, additional_fields: { write: true } }], { a: 0 }],
    ["no projection, where the value decides", [{ fields: { a: { read: { "%%this": 1 } } }, additional_fields: { read: true } }], undefined],
    ["no projection, where the value decides a write", [{ fields: { a: { write: { "%%this": 1 } } }, additional_fields: { read: true } }], undefined],
    ["no projection, where the document decides of the rest", [{ fields: { _id: { read: true } }, additional_fields: { read: b } }], undefined],
    ["no projection, where fields lie in fields", [{ fields: { a: { fields: { b: { read: true } } } }, additional_fields: { read: true } }], undefined],
    ["no projection, where a write may show all", [{ write: b, fields: { a: {} }, additional_fields: { read: true } }], undefined],
    ["what is hidden, where nobody may write all", [{ write: theirs, fields: { a: {} }, additional_fields: { read: true } }], { a: 0 }],
    ["no projection, where a function decides", [{ fields: { a: { read: { "%%true": { "%function": { name: "f", arguments: [] } } } } }, additional_fields: { read: true } }], undefined],
    ["no projection for two roles", [{ apply_when: a, fields: { a: {} }, additional_fields: { read: true } }, wide], undefined],
    ["no projection for a role that is judged here", [{ apply_when: open, fields: { a: {} }, additional_fields: { read: true } }], undefined],
  ])("are left by a projection: %s", (_name, roles, projection) => {
    expect(pushVisible(bound(roles)).projection).toEqual(projection)
  })

  test("what a gate and a permission ask alike is asked once", () => {
    expect(pushVisible(bound([{ document_filters: { read: a, write: a }, read: a }])).query).toEqual({ a: { $eq: 1 } })
    expect(pushVisible(bound([{ read: a, write: b }, { read: b }])).query).toEqual({ $or: [{ a: { $eq: 1 } }, { b: { $eq: 1 } }] })
  })

  test("an absent half of a gate admits under the setting for it", () => {
    expect(admitted(pushVisible(bound([{ document_filters: { read: { a: 7 } }, read: true }], { absentDocumentFilter: "grant" })))).toEqual(everyone)
    expect(admitted(pushVisible(bound([{ document_filters: { read: a, write: b }, read: true }], { absentDocumentFilter: "grant" })))).toEqual([2, 3, 4, 5])
  })
})

describe("the candidates of a write", () => {
  test.each<[string, readonly object[], number[], boolean]>([
    ["whatever the role grants", [{ apply_when: a, read: false }], [2, 4], true], ["every role that applies", [{ apply_when: a }, { apply_when: b, document_filters: {} }], [2, 3, 4, 5], true], ["one that is judged here", [{ apply_when: open, write: true }], everyone, false], ["none", [{ apply_when: false, write: true }], [], true],
  ])("%s", (_name, roles, ids, exact) => {
    const pushed = pushAssigned(bound(roles))
    expect([admitted(pushed), pushed.exact]).toEqual([ids, exact])
  })
})
