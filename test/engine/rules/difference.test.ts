// What a difference below an entry with `fields` needs (specification of rules, 9.3; decision 0123).
import { expect, test } from "vitest"
import { assignRole, bindRules, createCallTable, decideUpdate, defaultRuleSettings, parseRules, storedScope } from "../../../engine/index.ts"
import type { Value } from "../../../kernel/index.ts"
import { bound, update } from "./bind-roles.ts"

const roles = [{ name: "editor", apply_when: {}, fields: { address: { fields: { city: { write: true }, note: { read: true } } } } }]
const rules = bindRules(parseRules({ roles }, { kind: "collection", problems: { errors: [], warnings: [] } }), { user: { id: "u1" } }, createCallTable(), defaultRuleSettings)
const absent = Symbol("absent")
const documentOf = (address: Value | typeof absent): { _id: number; address?: Value } => (typeof address === "symbol" ? { _id: 1 } : { _id: 1, address })

test.each<[name: string, before: Value | typeof absent, after: Value | typeof absent, granted: boolean]>([
  ["a nested field that is writable", { city: "a", zip: "1" }, { city: "b", zip: "1" }, true],
  ["one that has no entry", { city: "a", zip: "1" }, { city: "a", zip: "2" }, false],
  ["one that comes", { zip: "1" }, { zip: "1", city: "a" }, true],
  ["one that goes", { city: "a", zip: "1" }, { zip: "1" }, true],
  ["a document that appears", absent, { city: "a" }, true],
  ["one that appears with more", absent, { city: "a", zip: "1" }, false],
  ["an empty one that appears", absent, {}, false],
  ["a document that goes", { city: "a" }, absent, true],
  ["one that goes with more", { city: "a", zip: "1" }, absent, false],
  ["an empty one that goes", {}, absent, false],
  ["a document that becomes empty", { city: "a" }, {}, true],
  ["an empty one that is filled", {}, { city: "a" }, true],
  ["a text that becomes a document", "x", { city: "a" }, false],
  ["a number that becomes a document", 5, { city: "a" }, false],
  ["null that becomes a document", null, { city: "a" }, false],
  ["a document that becomes a number", { city: "a" }, 5, false],
  ["a document that becomes null", { city: "a" }, null, false],
  ["a document that becomes a text", { city: "a" }, "x", false],
  ["a document that becomes a list", { city: "a" }, [{ city: "a" }], false],
  ["another order of the fields that stay", { city: "a", zip: "1" }, { zip: "1", city: "a" }, false],
  ["an element of a list", [{ city: "a" }, { city: "b" }], [{ city: "a" }, { city: "c" }], true],
  ["an element beside a field of it that stays", [{ city: "a", zip: "1" }], [{ city: "b", zip: "1" }], true],
  ["an element that is no document", [{ city: "a" }, 1], [{ city: "a" }, 2], false],
  ["a list that grows", [{ city: "a" }], [{ city: "a" }, { city: "b" }], false],
  ["a list that shrinks", [{ city: "a" }, { city: "b" }], [{ city: "a" }], false],
  ["an element beside one that is no document", [1, { city: "a" }], [1, { city: "b" }], true],
  ["an element by a field that has no entry", [{ city: "a", zip: "1" }], [{ city: "a", zip: "2" }], false],
  ["a list that becomes a document", [{ city: "a" }], { city: "a" }, false],
  ["a nested field that may only be read", { city: "a", note: "n" }, { city: "b", note: "m" }, false],
  ["one that comes before the others", { zip: "1" }, { city: "a", zip: "1" }, true],
  ["a list that becomes a document like it", [{ city: "a" }], { 0: { city: "b" }, length: 1 }, false],
  ["a document like a list that becomes one", { 0: { city: "a" }, length: 1 }, [{ city: "b" }], false],
  ["a list of the same", [{ city: "a" }], [{ city: "a" }], true],
])("%s", (_name, before, after, granted) => {
  const document = documentOf(before)
  const role = assignRole(rules, storedScope(document))
  if (role === undefined) throw new Error("no role")
  expect(decideUpdate(rules, role, document, documentOf(after)).outcome).toBe(granted ? "granted" : "refused")
})

test("a field that comes or goes is a change, even where it holds undefined", () => {
  const nested = bound([{ fields: { a: { fields: { b: { write: true } } } } }])
  for (const [less, more, field] of [[{ _id: 1 }, { _id: 1, c: undefined }, "c"], [{ _id: 1, a: { b: 1 } }, { _id: 1, a: { b: 1, c: undefined } }, "a"]] as const) {
    expect([update(nested, less, more), update(nested, more, less)]).toEqual([`field-forbids ${field}`, `field-forbids ${field}`])
  }
})

test("an entry that only reads admits no difference below it", () => {
  expect(update(bound([{ fields: { a: { read: true } } }]), { _id: 1, a: { b: 1 } }, { _id: 1, a: { b: 2 } })).toBe("field-forbids a")
})
