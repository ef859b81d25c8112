// Each choice of specification 21 that is a setting, on both sides.
import { describe, expect, test } from "vitest"
import { bindRules, createCallTable, decideRead, decideUpdate, defaultRuleSettings, isPathReadable, parseRules, type BoundRules, type RuleSettings } from "../../../engine/index.ts"
import { assignRole, storedScope } from "../../../engine/rules/index.ts"
import type { Document } from "../../../kernel/index.ts"

function bound(roles: readonly object[], settings: Partial<RuleSettings> = {}): BoundRules {
  const rules = parseRules({ roles: roles.map((role, index) => ({ name: `r${index}`, apply_when: {}, ...role })) }, { kind: "collection", problems: { errors: [], warnings: [] } })
  return bindRules(rules, { user: { id: "u1" } }, createCallTable(), { ...defaultRuleSettings, ...settings })
}

function update(rules: BoundRules, before: Document, after: Document): string {
  const role = assignRole(rules, storedScope(before))
  if (role === undefined) return "no role"
  const decision = decideUpdate(rules, role, before, after)
  return decision.outcome === "granted" ? "granted" : decision.because
}

const draft = { apply_when: { state: "draft" }, write: true }

describe("settings", () => {
  // SOURCE: specification 21.
  test("have the defaults that refuse", () => {
    expect(defaultRuleSettings).toEqual({ roleAfterWrite: "writes", hiddenOnWrite: "skip", queryOnUnreadable: "no-match", absentDocumentFilter: "deny", writeFalse: "final", absentSearch: "deny", alwaysShowId: false })
  })

  test("roleAfterWrite", () => {
    const [before, after] = [{ _id: 1, state: "draft" }, { _id: 1, state: "final" }]
    expect(update(bound([draft]), before, after)).toBe("no-role-after")
    expect(update(bound([draft, { read: true }]), before, after)).toBe("role-after-forbids")
    expect(update(bound([draft, { read: true }], { roleAfterWrite: "any" }), before, after)).toBe("granted")
    expect(update(bound([draft], { roleAfterWrite: "any" }), before, after)).toBe("no-role-after")
    expect(update(bound([draft], { roleAfterWrite: "none" }), before, after)).toBe("granted")
  })

  test("absentDocumentFilter", () => {
    const role = { document_filters: { write: false }, read: true, write: true }
    expect(decideRead(bound([role]), { _id: 1 }).outcome).toBe("hidden")
    expect(decideRead(bound([role], { absentDocumentFilter: "grant" }), { _id: 1 }).outcome).toBe("granted")
    // An absent half is true, whichever it is; a half that is there says what it says.
    for (const [gate, visible] of [[{ read: false }, true], [{ write: false }, true], [{}, true], [{ read: false, write: false }, false], [{ read: true, write: false }, true]] as const) {
      expect([gate, decideRead(bound([{ document_filters: gate, read: true }], { absentDocumentFilter: "grant" }), { _id: 1 }).outcome]).toEqual([gate, visible ? "granted" : "hidden"])
    }
    expect(update(bound([{ document_filters: { read: true }, write: true }]), { _id: 1 }, { _id: 1, a: 1 })).toBe("gate-refuses")
    expect(update(bound([{ document_filters: { read: true }, write: true }], { absentDocumentFilter: "grant" }), { _id: 1 }, { _id: 1, a: 1 })).toBe("granted")
  })

  test("alwaysShowId", () => {
    const shown = (fields: object, document: Document): unknown => {
      const read = decideRead(bound([{ fields }], { alwaysShowId: true }), document)
      return read.outcome === "granted" ? Object.entries(read.document) : read.outcome
    }
    expect(shown({ a: { read: true } }, { _id: 1, a: 1 })).toEqual([["_id", 1], ["a", 1]])
    expect(shown({ a: { read: true }, _id: { read: true } }, { a: 1, _id: 1 })).toEqual([["a", 1], ["_id", 1]])
    expect(shown({ a: { read: true } }, { _id: 1 })).toBe("hidden")
  })

  test("writeFalse", () => {
    const role = { read: true, write: false, fields: { a: { write: true } } }
    expect(update(bound([role]), { _id: 1 }, { _id: 1, a: 1 })).toBe("role-forbids")
    expect(update(bound([role], { writeFalse: "fields" }), { _id: 1 }, { _id: 1, a: 1 })).toBe("granted")
    expect(update(bound([role], { writeFalse: "fields" }), { _id: 1 }, { _id: 1, b: 1 })).toBe("field-forbids")
  })

  test("absentSearch", () => {
    expect(decideRead(bound([{ read: true }]), { _id: 1 }, true)).toMatchObject({ outcome: "hidden", because: "search-refused" })
    expect(decideRead(bound([{ read: true }], { absentSearch: "grant" }), { _id: 1 }, true).outcome).toBe("granted")
    expect(decideRead(bound([{ read: true, search: false }], { absentSearch: "grant" }), { _id: 1 }, true).outcome).toBe("hidden")
    expect(decideRead(bound([{ read: true, search: true }]), { _id: 1 }, true).outcome).toBe("granted")
  })

  test("alwaysShowId", () => {
    const role = { fields: { a: { read: true } } }
    expect(decideRead(bound([role], { alwaysShowId: true }), { _id: 1, a: 2 })).toMatchObject({ document: { _id: 1, a: 2 } })
    expect(decideRead(bound([role], { alwaysShowId: true }), { _id: 1, b: 2 }).outcome).toBe("hidden")
  })
})

describe("fields named like inherited properties", () => {
  const document = JSON.parse('{"_id": 1, "constructor": "c", "__proto__": {"x": 1}, "toString": "t"}') as Document

  test("are cut, kept and asked like any other", () => {
    const fields = JSON.parse('{"fields": {"__proto__": {"read": true}}}') as object
    const read = decideRead(bound([fields]), document)
    expect(read.outcome === "granted" && JSON.stringify(read.document)).toBe('{"__proto__":{"x":1}}')
    expect(read.outcome === "granted" && Object.getPrototypeOf(read.document)).toBe(Object.prototype)
    const withId = decideRead(bound([fields], { alwaysShowId: true }), document)
    expect(withId.outcome === "granted" && JSON.stringify(withId.document)).toBe('{"_id":1,"__proto__":{"x":1}}')
    expect(isPathReadable(read, document, ["constructor"])).toBe(false)
    expect(isPathReadable(read, document, ["__proto__", "x"])).toBe(true)
  })

  test("are written only with their own permission", () => {
    const rules = bound([{ fields: { constructor: { write: true } } }])
    expect(update(rules, { _id: 1 }, { _id: 1, constructor: "x" } as unknown as Document)).toBe("granted")
    expect(update(rules, { _id: 1 }, JSON.parse('{"_id": 1, "__proto__": 1}') as Document)).toBe("field-forbids")
    expect(update(rules, { _id: 1 }, { _id: 1, toString: "x" } as unknown as Document)).toBe("field-forbids")
  })
})
