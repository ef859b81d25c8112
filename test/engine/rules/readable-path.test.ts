// Which paths a user may test in a document (specification of rules, 8.3), in every one of a role, and name in an update (decision 0125).
import { describe, expect, test } from "vitest"
import { assignRole, decideRead, forbiddenPath, isPathAlwaysReadable, isPathReadable, storedScope, unreadablePaths, type BoundRole } from "../../../engine/index.ts"
import type { Document } from "../../../kernel/index.ts"
import { bound } from "./bind-roles.ts"

const readable = (role: object, document: Document, path: string): boolean => isPathReadable(decideRead(bound([role]), document), document, path.split("."))
const role = {
  fields: {
    title: { read: true }, n: { read: { "%%this": { $lt: 5 } } }, owner: { read: { "%%root.title": "a" } }, blank: { read: { "%%this": { $exists: false } } },
    address: { fields: { city: { read: true }, geo: { fields: { lat: { read: true } } } } }, tags: { fields: { k: { read: true }, m: { read: { "%%this": { $lt: 2 } } } } }, secret: {},
  },
}
const stored: Document = { _id: 1, title: "a", n: 3, owner: "o", secret: 1, address: { city: "o", zip: "1", geo: { lat: 1, lng: 2 } }, tags: [{ k: 1, v: 1, m: 1 }, { k: 2, m: 2 }] }

describe("in one document", () => {
  test.each<[string, boolean]>([
    ["_id", true], ["_id.a", true], ["title", true], ["title.below", true], ["n", true], ["owner", true], ["secret", false], ["other", false], ["blank", true],
    ["address", false], ["address.city", true], ["address.city.below", true], ["address.zip", false], ["address.none", false], ["address.geo", false], ["address.geo.lat", true], ["address.geo.lng", false],
    ["tags", false], ["tags.k", true], ["tags.v", false], ["tags.0", false], ["tags.0.k", true], ["tags.0.v", false], ["tags.7.k", true], ["tags.m", false], ["tags.0.m", true], ["tags.1.m", false],
  ])("%s: %s", (path, expected) => {
    expect(readable(role, stored, path)).toBe(expected)
  })

  test.each<[string, Document, string, boolean]>([
    ["another value decides otherwise", { title: "a", n: 7 }, "n", false],
    ["another field decides otherwise", { title: "b", owner: "o" }, "owner", false],
    ["an absent field is asked as missing", { title: "a" }, "n", false],
    ["one that is there is not", { title: "a", blank: 1 }, "blank", false],
    ["below a text there is nothing", { title: "a", address: "x" }, "address.city", true],
    ["below null there is nothing", { title: "a", address: null }, "address.zip", false],
    ["an empty list is asked as missing", { title: "a", tags: [] }, "tags.k", true],
    ["and by a value", { title: "a", tags: [] }, "tags.m", false],
    ["a list without documents too", { title: "a", tags: [1, "x"] }, "tags.m", false],
    ["every document of a list agrees", { title: "a", tags: [{ m: 1 }, 5, { m: 0 }] }, "tags.m", true],
    ["a number is also the name of a field", { title: "a", tags: [{ k: 1, 0: { k: 2 } }] }, "tags.0.k", false],
    ["a list as an element", { title: "a", tags: [[{ m: 1 }]] }, "tags.0.m", true],
    ["a list as an element, where one does not agree", { title: "a", tags: [[{ m: 1 }, { m: 3 }]] }, "tags.0.m", false],
  ])("%s", (_name, document, path, expected) => {
    expect(readable(role, { _id: 1, ...document }, path)).toBe(expected)
  })

  test("permissions above decide for what is below", () => {
    const address = (entry: object): object => ({ fields: { _id: { read: true }, address: entry } })
    expect(readable(address({ read: false, fields: { city: { read: true } } }), stored, "address.city")).toBe(false)
    expect(readable(address({ read: true, fields: { city: { read: false } } }), stored, "address.zip")).toBe(true)
    expect(readable(address({ write: true, fields: {} }), stored, "address.zip")).toBe(true)
    expect(readable(address({ fields: { city: { write: true } } }), stored, "address.city")).toBe(true)
    // A `write` that is not true takes those below out of account, not those to read.
    const withheld = address({ write: false, fields: { city: { write: true }, zip: { read: true }, geo: { fields: { lat: { write: true } } } } })
    expect(["address.city", "address.zip", "address.geo.lat"].map((path) => readable(withheld, stored, path))).toEqual([false, true, false])
  })

  test("a name that every object inherits is a field only where the document has it", () => {
    const inherited = { fields: { _id: { read: true }, constructor: { read: { "%%this": { $exists: false } } } } }
    expect(readable(inherited, { _id: 1 }, "constructor")).toBe(true)
    expect(readable(inherited, { _id: 1, constructor: "c" } as unknown as Document, "constructor")).toBe(false)
  })

  test("additional fields speak of those without an entry", () => {
    const open = { fields: { secret: {} }, additional_fields: { read: true } }
    expect(["title", "none", "secret", "secret.below"].map((path) => readable(open, stored, path))).toEqual([true, true, false, false])
  })

  test("a document readable whole shows every path, a hidden one none but `_id`", () => {
    expect(["secret", "none.below"].map((path) => readable({ read: true }, stored, path))).toEqual([true, true])
    expect(["_id", "title"].map((path) => readable({ read: false, fields: { title: { read: true } } }, stored, path))).toEqual([true, false])
    expect(readable({ apply_when: false, read: true }, stored, "title")).toBe(false)
  })
})

describe("in every document of a role", () => {
  const always = (of: object, path: string): boolean => {
    const rules = bound([of])
    return isPathAlwaysReadable(rules, rules.roles[0] as BoundRole, path.split("."))
  }

  test.each<[string, boolean]>([
    ["title", true], ["title.below", true], ["n", false], ["owner", false], ["secret", false], ["other", false], ["address", false], ["address.city", true], ["address.zip", false], ["address.geo.lat", true], ["tags.k", true], ["tags.0.k", false], ["tags.0", false],
  ])("%s: %s", (path, expected) => {
    expect(always(role, path)).toBe(expected)
  })

  test.each<[string, object, boolean]>([
    ["a write", { write: true }, true], ["what the user decides", { read: { "%%user.id": "u1" } }, true], ["what the user decides otherwise", { read: { "%%user.id": "u2" } }, false], ["a write below", { fields: { city: { write: true } } }, true],
    ["a write below one that is not true", { write: false, fields: { city: { write: true } } }, false], ["a read below one to write that is not true", { write: false, fields: { city: { read: true } } }, true], ["a read below one that is not true", { read: false, fields: { city: { read: true } } }, false],
    ["a read that hangs on the document", { read: { "%%this": 1 }, fields: { city: { read: true } } }, false],
  ])("%s", (_name, entry, expected) => {
    expect(always({ fields: { address: entry } }, "address.city")).toBe(expected)
  })

  test("a write that is not true counts however far above", () => {
    expect(always({ fields: { address: { write: false, fields: { geo: { fields: { lat: { write: true } } } } } } }, "address.geo.lat")).toBe(false)
  })

  test("additional fields speak of those without an entry", () => {
    const open = { fields: { secret: {} }, additional_fields: { read: true } }
    expect([always(open, "any"), always(open, "secret")]).toEqual([true, false])
  })

  test("a number may be an element, of which the entry of that name does not speak", () => {
    expect(always({ fields: { address: { fields: { 0: { read: true } } } } }, "address.0")).toBe(false)
  })
})

describe("named by an update", () => {
  const editor = { fields: { title: { read: true }, salary: {}, pay: { write: { "%%this": { $gte: 10 } } }, moved: { write: { "%%prev": 1, "%%this": 2 } }, address: { fields: { city: { write: true } } }, tags: { fields: { v: { write: true } } } } }
  const before: Document = { _id: 1, title: "a", salary: 5, pay: 12, moved: 1, address: { city: "o", zip: "1" }, tags: [{ k: 1, v: 1 }] }

  function forbidden(of: object, paths: readonly string[], after: Document = before): string | undefined {
    const assigned = assignRole(bound([of]), storedScope(before)) as BoundRole
    return forbiddenPath(assigned, paths.map((path) => path.split(".")), before, after)?.join(".")
  }

  test.each<[string, boolean]>([
    ["salary", true], ["none", true], ["pay", false], ["title", true], ["address", true], ["address.city", false], ["address.zip", true], ["address.city.below", false], ["tags", true], ["tags.v", false], ["tags.0.v", false], ["tags.0.k", true], ["tags.0", true],
  ])("%s is forbidden: %s", (path, expected) => {
    expect(forbidden(editor, [path])).toBe(expected ? path : undefined)
  })

  test("each is asked with its own value, at its place", () => {
    const byValue = { fields: { address: { fields: { city: { write: { "%%this": "o", "%%prev": "o" } }, zip: { write: { "%%this": "2" } } } }, tags: { fields: { v: { write: { "%%this": 1 } }, k: { write: { "%%this": 7 } } } } } }
    expect(["address.city", "address.zip", "tags.0.v", "tags.0.k", "tags.1.v"].map((path) => forbidden(byValue, [path]) === undefined)).toEqual([true, false, true, false, false])
  })

  test("the first of them is given, with the images before and after", () => {
    expect(forbidden(editor, ["pay", "salary", "none"])).toBe("salary")
    expect(forbidden(editor, ["pay"], { ...before, pay: 9 })).toBe("pay")
    expect(forbidden(editor, ["moved"])).toBe("moved")
    expect(forbidden(editor, ["moved"], { ...before, moved: 2 })).toBeUndefined()
  })

  test("a number is an element of a list, before or after, and else a field", () => {
    const assigned = assignRole(bound([{ fields: { tags: { fields: { v: { write: true }, "01": { write: { "%%this": 2 } } } }, byNumber: { fields: { 0: { write: true } } } } }]), storedScope(before)) as BoundRole
    const forbids = (path: string, one: Document, other: Document): boolean => forbiddenPath(assigned, [path.split(".")], one, other) !== undefined
    expect(forbids("byNumber.0", { byNumber: { 0: 1 } }, { byNumber: { 0: 1 } })).toBe(false)
    expect(forbids("byNumber.1", { byNumber: { 0: 1 } }, { byNumber: { 0: 1 } })).toBe(true)
    expect(forbids("tags.01", { tags: [1, 2] }, { tags: [1, 2] })).toBe(true)
    expect(forbids("tags.0.v", { tags: [{ v: 1 }] }, { tags: null })).toBe(false)
    expect(forbids("tags.0.v", {}, { tags: [{ v: 1 }] })).toBe(false)
    expect(forbids("tags.0.v", {}, { tags: { 0: { v: 1 } } })).toBe(true)
  })

  test("a document-level write speaks for every field", () => {
    expect(forbidden({ read: false, write: true }, ["salary"])).toBeUndefined()
  })

  test("only what is not readable whole is asked about", () => {
    const unreadable = (of: object, paths: readonly string[]): string[] => unreadablePaths(decideRead(bound([of]), before), before, paths.map((path) => path.split("."))).map((path) => path.join("."))
    expect(unreadable(editor, ["title", "salary", "pay", "address", "address.city"])).toEqual(["salary", "address"])
    expect(unreadable({ read: true }, ["salary"])).toEqual([])
    expect(unreadable({ read: false }, ["salary", "title"])).toEqual(["salary", "title"])
  })
})
