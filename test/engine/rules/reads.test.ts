// The flow of a read, step by step (specification of rules, 8.1 and 8.2).
import { describe, expect, test } from "vitest"
import { decideRead } from "../../../engine/index.ts"
import type { Document, Value } from "../../../kernel/index.ts"
import { bound } from "./bind-roles.ts"

const stored: Document = { _id: 1, title: "a", n: 3, address: { city: "o", zip: "1" }, tags: [{ k: 1, v: 2 }, "x", [{ k: 3 }, 4], { v: 5 }], deep: { a: { b: 1, c: 2 } } }

/** What is shown, whole or in part; or why nothing is. */
function shown(roles: object | readonly object[], document: Document = stored): unknown {
  const read = decideRead(bound(Array.isArray(roles) ? (roles as readonly object[]) : [roles]), document)
  return read.outcome === "hidden" ? read.because : read.whole ? "whole" : read.document
}

describe("one document", () => {
  const yes = { title: "a" }
  const no = { title: "b" }

  test.each<[string, object | readonly object[], string]>([
    ["1: no role applies", { apply_when: no, read: true }, "no-role-applies"],
    ["1: the first that applies decides", [{ apply_when: no, read: true }, { apply_when: yes, read: false }, { read: true }], "role-forbids"],
    ["1: one that is not decided does not apply", [{ apply_when: { title: "%%user.custom_data.x" }, read: false }, { read: true }], "whole"],
    ["1: one without `apply_when` never applies", [{ apply_when: undefined, read: true }, { read: false }], "role-forbids"],
    ["3: the gate refuses", { document_filters: { read: no, write: no }, read: true }, "gate-refuses"],
    ["3: its half to read admits", { document_filters: { read: yes, write: no }, read: true }, "whole"],
    ["3: its half to write admits", { document_filters: { read: no, write: yes }, read: true }, "whole"],
    ["3: either half alone does", { document_filters: { write: yes }, read: true }, "whole"],
    ["3: an absent half is not passed", { document_filters: { read: no }, read: true }, "gate-refuses"],
    ["3: one that is not decided neither", { document_filters: { read: { title: "%%user.custom_data.x" }, write: no }, read: true }, "gate-refuses"],
    ["3: the gate grants nothing itself", { document_filters: { read: yes, write: yes } }, "role-forbids"],
    ["4: `read` admits", { read: yes, write: no }, "whole"],
    ["4: `write` admits in its place", { read: no, write: yes }, "whole"],
    ["4: neither does", { read: no, write: no }, "role-forbids"],
    ["4: a `read` that is not decided refuses", { read: { title: "%%user.custom_data.x" }, fields: { title: { read: true } } }, "role-forbids"],
    ["4: fields lift no `read`", { read: no, fields: { title: { read: true } }, additional_fields: { read: true } }, "role-forbids"],
    ["4: nor do they narrow one", { read: yes, fields: { title: { read: false } } }, "whole"],
    ["5: `write` alone admits", { write: yes, fields: { title: {} } }, "whole"],
    ["5: one that is not true leaves it to fields", { write: no }, "role-forbids"],
    ["6: nothing readable hides the document", { fields: { other: { read: true } } }, "nothing-readable"],
    ["6: so do permissions that refuse", { fields: { title: { read: no } }, additional_fields: { read: false } }, "nothing-readable"],
  ])("%s", (_name, roles, outcome) => {
    expect(shown(roles)).toBe(outcome)
  })

  test("2: a search needs `search`", () => {
    const searched = (role: object): string => decideRead(bound([role]), stored, true).outcome
    expect([searched({ read: true, search: true }), searched({ read: true, search: false }), searched({ read: true })]).toEqual(["granted", "hidden", "hidden"])
    expect(decideRead(bound([{ read: true, search: false }]), stored).outcome).toBe("granted")
  })

  test("a document that is readable whole is given itself", () => {
    const read = decideRead(bound([{ read: true }]), stored)
    expect(read.outcome === "granted" && read.document).toBe(stored)
  })
})

describe("one field", () => {
  test.each<[string, object, Document]>([
    ["by its entry, else by that of additional fields", { fields: { title: { read: true }, n: {} }, additional_fields: { read: { "%%this": 1 } } }, { _id: 1, title: "a" }],
    ["`write` shows it too", { fields: { title: { write: true }, n: { read: false, write: true } } }, { title: "a", n: 3 }],
    ["`write` shows it by its value too, with a `read` that does not and without one", { fields: { title: { read: { "%%this": "z" }, write: { "%%this": "a" } }, n: { write: { "%%this": 3 } } } }, { title: "a", n: 3 }],
    ["by its own value, which is that before too", { fields: { n: { read: { "%%this": 3, "%%prev": 3, "%%root.n": 3, "%%prevRoot.n": 3 } } } }, { n: 3 }],
    ["whole, whatever is below", { fields: { address: { read: true, fields: { city: { read: false } } } } }, { address: { city: "o", zip: "1" } }],
    ["in part, by entries below", { fields: { address: { fields: { city: { read: true } } } } }, { address: { city: "o" } }],
    ["hidden by its `read`, whatever is below", { fields: { title: { read: true }, address: { read: false, fields: { city: { read: true } } } } }, { title: "a" }],
    ["a `write` that is not true hides what may be written below, not what may be read", { fields: { address: { write: false, fields: { city: { write: true }, zip: { read: true } } } } }, { address: { zip: "1" } }],
    ["and so far down", { fields: { title: { read: true }, deep: { write: false, fields: { a: { fields: { b: { write: true }, c: { read: true } } } } } } }, { title: "a", deep: { a: { c: 2 } } }],
    ["left out where nothing below is readable", { fields: { title: { read: true }, address: { fields: { street: { read: true } } } } }, { title: "a" }],
    ["left out where there is no document", { fields: { title: { fields: { a: { read: true } } }, n: { read: true } } }, { n: 3 }],
    ["of a list each document, in lists too", { fields: { tags: { fields: { k: { read: true } } } } }, { tags: [{ k: 1 }, [{ k: 3 }]] }],
    ["of a list by each value", { fields: { tags: { fields: { v: { read: { "%%this": { $gt: 2 } } } } } } }, { tags: [{ v: 5 }] }],
    ["of a list nothing", { fields: { title: { read: true }, tags: { fields: { none: { read: true } } } } }, { title: "a" }],
    ["without any entry, `_id` too", { fields: { title: { read: true } }, additional_fields: {} }, { title: "a" }],
  ])("%s", (_name, role, document) => {
    expect(shown(role)).toEqual(document)
  })

  test.each<[string, Value]>([["null", null], ["a text", "x"], ["a number", 1], ["an empty list", []], ["an empty document", {}], ["a date", new Date(0)]])("%s under nested entries is hidden", (_name, value) => {
    expect(shown({ fields: { title: { read: true }, address: { fields: { city: { read: true } } } } }, { _id: 1, title: "a", address: value })).toEqual({ title: "a" })
  })
})
