// Inserts and deletions need write on all fields (specification of rules, 9.1), nested permissions included (8.2, 9.3).
import { describe, expect, test } from "vitest"
import { assignRole, decideUpdate, storedScope, type BoundRole } from "../../../engine/index.ts"
import type { Document } from "../../../kernel/index.ts"
import { bound, deletion, insertion, update } from "./bind-roles.ts"

const nested = { fields: { title: { write: true }, address: { fields: { city: { write: true }, zip: { write: { "%%this": { $gt: "0" } } }, note: { read: true } } } } }

describe("under nested permissions", () => {
  test.each<[string, Document, string]>([
    ["every nested field is writable", { address: { city: "a", zip: "1" } }, "granted"],
    ["beside another field", { title: "t", address: { city: "a" } }, "granted"],
    ["one is not writable with this value", { address: { city: "a", zip: "0" } }, "field-forbids address"],
    ["one is only readable", { address: { city: "a", note: "n" } }, "field-forbids address"],
    ["one has no entry", { address: { street: "s", city: "a" } }, "field-forbids address"],
    ["the document is empty", { address: {} }, "field-forbids address"],
    ["there is a list instead", { address: [{ city: "a" }] }, "field-forbids address"],
    ["there is a text instead", { address: "a" }, "field-forbids address"],
    ["there is null instead", { address: null }, "field-forbids address"],
    ["another top-level field has no entry", { title: "t", other: 1 }, "field-forbids other"],
  ])("%s", (_name, document, decision) => {
    expect(insertion(bound([nested]), document)).toBe(decision)
    expect(deletion(bound([nested]), { _id: 1, ...document })).toBe(decision)
  })

  test("the write of an entry decides for all below it", () => {
    const withheld = { fields: { address: { write: false, fields: { city: { write: true } } } } }
    expect(insertion(bound([withheld]), { address: { city: "a" } })).toBe("field-forbids address")
    const open = { fields: { address: { write: true, fields: { city: { write: false } } } } }
    expect(insertion(bound([open]), { address: { city: "a", any: 1 } })).toBe("granted")
    expect(deletion(bound([open]), { _id: 1, address: { city: "a", any: 1 } })).toBe("granted")
  })

  test("an entry that only reads admits no write", () => {
    expect(insertion(bound([{ fields: { a: { read: true } } }]), { a: { b: 1 } })).toBe("field-forbids a")
    expect(insertion(bound([{ fields: { a: {} }, additional_fields: { write: true } }]), { a: 1, b: 1 })).toBe("field-forbids a")
  })
})

describe("what expressions see", () => {
  const fieldRole = (write: object): object => ({ fields: { a: { write } } })

  test("an insert has a value and none before", () => {
    expect(insertion(bound([fieldRole({ "%%this": 1, "%%prev": { $exists: false }, "%%prevRoot": { $exists: false }, "%%root.a": 1 })]), { a: 1 })).toBe("granted")
    expect(insertion(bound([fieldRole({ "%%prev": 1 })]), { a: 1 })).toBe("field-forbids a")
  })

  test("on a deletion the stored value stands for both", () => {
    expect(deletion(bound([fieldRole({ "%%this": 1, "%%prev": 1, "%%prevRoot.a": 1, "%%root.a": 1 })]), { _id: 1, a: 1 })).toBe("granted")
    expect(deletion(bound([fieldRole({ "%%prev": { $exists: false } })]), { _id: 1, a: 1 })).toBe("field-forbids a")
  })

  test("so do the nested ones", () => {
    const role = { fields: { a: { fields: { b: { write: { "%%this": 1, "%%prev": { $exists: false } } } } } } }
    expect(insertion(bound([role]), { a: { b: 1 } })).toBe("granted")
    expect(deletion(bound([role]), { _id: 1, a: { b: 1 } })).toBe("field-forbids a")
  })
})

describe("beside write", () => {
  test("`insert` and `delete` are true where they are absent, and each decides for its operation", () => {
    expect(insertion(bound([{ write: true, delete: false }]), { a: 1 })).toBe("granted")
    expect(deletion(bound([{ write: true, insert: false }]), { _id: 1 })).toBe("granted")
    expect(insertion(bound([{ write: true, insert: false }]), { a: 1 })).toBe("insert-forbidden")
    expect(deletion(bound([{ write: true, delete: false }]), { _id: 1 })).toBe("delete-forbidden")
  })

  test("neither grants anything by itself", () => {
    for (const role of [{ read: true, insert: true, delete: true }, { insert: true, delete: true }]) {
      expect(insertion(bound([role]), {})).toBe("role-forbids")
      expect(deletion(bound([role]), { _id: 1 })).toBe("role-forbids")
    }
    expect(insertion(bound([{ write: false, insert: true }]), { a: 1 })).toBe("role-forbids")
  })

  test("an `_id` of the client's needs its permission on insert, on deletion no `_id` does", () => {
    const role = { fields: { a: { write: true } } }
    expect(insertion(bound([role]), { _id: 1, a: 1 }, true)).toBe("granted")
    expect(insertion(bound([role]), { _id: 1, a: 1 }, false)).toBe("field-forbids _id")
    expect(insertion(bound([{ fields: { a: { write: true }, _id: { write: true } } }]), { _id: 1, a: 1 }, false)).toBe("granted")
    expect(deletion(bound([role]), { _id: 1, a: 1 })).toBe("granted")
  })

  test("the gate is asked first, and only its half for writes", () => {
    const gate = (document_filters: object): object => ({ document_filters, write: true })
    for (const decide of [(rules: ReturnType<typeof bound>) => insertion(rules, { a: 1 }), (rules: ReturnType<typeof bound>) => deletion(rules, { _id: 1, a: 1 })]) {
      expect(decide(bound([gate({ read: false, write: { a: 1 } })]))).toBe("granted")
      expect(decide(bound([gate({ read: true, write: { a: 2 } })]))).toBe("gate-refuses")
      expect(decide(bound([gate({ read: true })]))).toBe("gate-refuses")
    }
  })

  test("no role admits no insert, and a role without `apply_when` never applies", () => {
    expect(insertion(bound([{ apply_when: { a: 2 }, write: true }]), { a: 1 })).toBe("no-role-applies")
    expect(insertion(bound([{ apply_when: undefined, write: true }, { read: true }]), { a: 1 })).toBe("field-forbids a")
  })
})

describe("an update", () => {
  const toThem = [{ _id: 1, owner: "u1", n: 1 }, { _id: 1, owner: "u2", n: 1 }] as const

  test("passes the gate before and after", () => {
    const gate = { document_filters: { read: true, write: { owner: "u1" } }, write: true }
    expect(update(bound([gate]), ...toThem)).toBe("gate-refuses")
    expect(update(bound([gate]), toThem[1], toThem[0])).toBe("gate-refuses")
    expect(update(bound([gate]), toThem[0], { ...toThem[0], n: 2 })).toBe("granted")
  })

  test("sees the document before and after", () => {
    const role = { write: { "%%prevRoot.n": 1, "%%root.n": 2 } }
    expect(update(bound([role]), { _id: 1, n: 1 }, { _id: 1, n: 2 })).toBe("granted")
    expect(update(bound([role]), { _id: 1, n: 2 }, { _id: 1, n: 1 })).toBe("role-forbids")
  })

  test("is refused by the role of the document before the one after is asked", () => {
    expect(update(bound([{ apply_when: { owner: "u1" }, write: false }, { write: true }]), ...toThem)).toBe("role-forbids")
    expect(update(bound([{ apply_when: { owner: "u1" }, write: false }]), ...toThem)).toBe("role-forbids")
  })

  test("that another role of the result admits is granted to the first", () => {
    const roles = [{ apply_when: { owner: "u1" }, write: true }, { apply_when: { owner: "u2" }, write: true }]
    const rules = bound(roles)
    const before = assignRole(rules, storedScope(toThem[0])) as BoundRole
    expect(decideUpdate(rules, before, ...toThem)).toEqual({ outcome: "granted", role: "r0" })
    expect(update(bound([roles[0] as object, { apply_when: { owner: "u2" }, fields: { n: { write: true } } }]), ...toThem)).toBe("role-after-forbids owner")
  })

  test("needs nothing where nothing changes, but a `write` that is there", () => {
    const same = { _id: 1, a: 1 }
    expect(update(bound([{ read: true, fields: { b: { write: true } } }]), same, { ...same })).toBe("granted")
    expect(update(bound([{ read: true, write: false }]), same, { ...same })).toBe("role-forbids")
    expect(update(bound([{ read: true, write: false }], { writeFalse: "fields" }), same, { ...same })).toBe("role-forbids")
    expect(update(bound([{ read: true, write: false, fields: { b: { write: true } } }], { writeFalse: "fields" }), same, { ...same })).toBe("granted")
  })
})
