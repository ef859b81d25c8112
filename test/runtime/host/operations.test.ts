import { describe, expect, test } from "vitest"
import * as fc from "fast-check"
import { checkOperation } from "../../../runtime/operations.ts"

const identities = new Set(["mine"])
const data = { id: 1, kind: "data", identity: "mine", service: "s", database: "d", collection: "c", name: "find", args: [{ a: 1 }] }

function nest(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

describe("checkOperation()", () => {
  test.each([
    ["data", data],
    ["data in a session", { ...data, session: "x" }],
    ["cursor", { id: 1, kind: "cursor", cursor: "x", name: "next" }],
    ["session", { id: 1, kind: "session", identity: "mine", service: "s", session: "x", name: "commit" }],
    ["http", { id: 1, kind: "http", method: "get", args: {} }],
    ["script", { id: 1, kind: "script", name: "f" }],
  ])("takes %s", (_, operation) => {
    expect(checkOperation(operation, identities)).toEqual({ ok: true, operation })
  })

  test("drops members it does not know", () => {
    expect(checkOperation({ ...data, admin: true }, identities)).toEqual({ ok: true, operation: data })
  })

  test.each([
    ["a foreign identity", { ...data, identity: "system" }],
    ["an identity that is a member of every object", { ...data, identity: "constructor" }],
    ["no arguments", { ...data, args: undefined }],
    ["arguments that are too deep", { ...data, args: nest(400) }],
    ["a name that is no text", { ...data, name: ["find"] }],
    ["a name that is too long", { ...data, collection: "x".repeat(2000) }],
    ["a session that is no text", { ...data, session: {} }],
    ["an unknown kind", { ...data, kind: "exec" }],
    ["a timer, which never comes here", { id: 1, kind: "timer", milliseconds: 1 }],
    ["an unknown step of a cursor", { id: 1, kind: "cursor", cursor: "x", name: "steal" }],
    ["an unknown step of a session", { id: 1, kind: "session", identity: "mine", service: "s", session: "x", name: "__proto__" }],
  ])("refuses %s", (_, operation) => {
    expect(checkOperation(operation, identities)).toMatchObject({ ok: false, id: 1 })
  })

  test.each([[undefined], [null], ["x"], [[]], [{}], [{ id: "1" }], [{ id: -1 }], [{ id: 1.5 }], [{ id: Number.NaN }]])("cannot answer %o", (operation) => {
    expect(checkOperation(operation, identities)).toMatchObject({ ok: false, id: undefined })
  })

  test("takes nothing that is inherited, and never throws", () => {
    const inherited: unknown = Object.create(data)
    expect(checkOperation(inherited, identities)).toMatchObject({ ok: false })
    fc.assert(fc.property(fc.anything(), (raw) => {
      const checked = checkOperation(raw, identities)
      expect(typeof checked.ok).toBe("boolean")
    }))
  })
})
