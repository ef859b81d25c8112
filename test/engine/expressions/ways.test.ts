// One answer by every way an expression is decided: the program or closure over one document, that over a stored one, and the explanation.
import { describe, expect, test } from "vitest"
import { bind, compile, compileStored, explain, noCalls, parseExpressionOrThrow, toQuery, type DocumentScope, type KnownScope, type Ternary } from "../../../engine/expressions/index.ts"
import { Binary, BSONRegExp, BSONSymbol, ObjectId, UUID, type Document } from "../../../kernel/index.ts"

const u = (name: string): string => `%%user.custom_data.${name}`
const known: KnownScope = { user: { id: "u1", custom_data: { t: "red", l: ["red", "blue"], docs: [{ b: "x" }, { b: "y" }], one: ["red"] } } }
const id = new ObjectId("0123456789abcdef01234567")
const uuid = "0f8fad5b-d9cb-469f-a165-70867728950e"

/** A binary value in a buffer that is longer than what has been written. */
function written(bytes: Uint8Array, subtype: number): Binary {
  const binary = new Binary(undefined, subtype)
  binary.write(bytes, 0)
  return binary
}

function decide(raw: unknown, scope: DocumentScope): Ternary {
  const bound = bind(parseExpressionOrThrow(raw, { context: "field" }), known, noCalls)
  const result = compile(bound)(scope)
  expect(explain(bound, scope).result).toBe(result)
  if (scope.root !== undefined && scope.root === scope.prevRoot) expect(compileStored(bound)(scope.root)).toBe(result)
  // Judged after the database has answered, an expression that is true must have been asked for.
  if (result === true) expect(toQuery(bound).query).not.toBe("none")
  return result
}

describe("a stored document", () => {
  test.each<[string, unknown, Document, Ternary]>([
    ["a list from the token against its item, where another end of the path is missing", { "a.b": u("l") }, { a: [{ b: "red" }, {}] }, true],
    ["a list from the token, where another end is a list", { "a.b": u("l") }, { a: [{ b: "red" }, { b: ["blue"] }] }, false],
    ["a list from the token against a missing field", { a: u("l") }, {}, false],
    ["false and a list that holds it", { a: false }, { a: [true, false] }, true],
    ["false and null", { a: false }, { a: null }, false],
    ["true and a list that holds it", { a: true }, { a: [false, true] }, true],
    ["true and one", { a: true }, { a: 1 }, false],
    ["null and a field that holds undefined", { a: null }, { a: undefined }, true],
    ["null and an item that is undefined", { "a.b": null, c: { $regex: "^x" } }, { a: [{ b: undefined }], c: "x" }, true],
    ["null among others and a field that holds undefined", { a: { $in: ["x", null] } }, { a: undefined }, true],
    ["others than null and a field that holds undefined", { a: { $in: ["x", 1] } }, { a: undefined }, false],
    ["null among others, one of them from the token", { a: { $in: [u("t"), null] } }, {}, true],
    ["null before one from the token", { a: { $in: [null, u("t")] } }, {}, true],
    ["one of which cannot be converted", { a: { $in: [{ "%stringToOid": "no id" }, 5] } }, { a: 6 }, undefined],
    ["none of which cannot be converted", { a: { $nin: [{ "%stringToOid": "no id" }, 5] } }, { a: 6 }, undefined],
    ["one that cannot be converted beside one that matches", { a: { $in: [{ "%stringToOid": "no id" }, 5] } }, { a: 5 }, true],
    ["all, one of which cannot be converted", { a: { $all: [{ "%stringToOid": "no id" }, 5] } }, { a: [5] }, undefined],
    ["the reverse of all, one of which cannot be converted", { a: { $not: { $all: [{ "%stringToOid": "no id" }, 5] } } }, { a: [5] }, undefined],
    ["all of another field's list, which is of one", { a: { $all: "%%root.l" } }, { a: [1, 2], l: [1] }, true],
    ["all of what is no list", { a: { $all: u("t") } }, { a: "red" }, undefined],
    ["the last of three, a pattern", { $or: [{ a: 1 }, { b: 2 }, { c: { $regex: "^x" } }] }, { c: "x" }, true],
    ["all three but the last, a pattern", { $and: [{ a: 1 }, { b: 2 }, { c: { $regex: "^x" } }] }, { a: 1, b: 2, c: "y" }, false],
    ["all three, one of them undetermined", { $and: [{ a: 1 }, { b: u("none") }, { c: { $regex: "^x" } }] }, { a: 1, c: "x" }, undefined],
    ["none of three, one of them a pattern", { $nor: [{ a: 1 }, { b: 2 }, { c: { $regex: "^x" } }] }, { a: 2, b: 3, c: "y" }, true],
    ["one of three, one of them undetermined", { $or: [{ a: 1 }, { b: u("none") }, { c: { $regex: "^x" } }] }, { a: 2, c: "y" }, undefined],
    ["a pattern in a symbol", { a: { $regex: "^x" } }, { a: new BSONSymbol("xy") }, true],
    ["a pattern and the same pattern with its options in another order", { a: { $regex: "^x", $options: "mi" } }, { a: new BSONRegExp("^x", "im") }, true],
    ["a list in an item of a list, by a pattern", { a: { $elemMatch: { tags: { $regex: "^x" } } } }, { a: [{ tags: ["y", "xy"] }] }, true],
    ["a list as an item, by a pattern", { a: { $elemMatch: { $regex: "^x" } } }, { a: [["xy"]] }, false],
    ["an item of the second of several lists", { "a.b": { $elemMatch: { k: 1 } } }, { a: [{ b: [{ k: 2 }] }, { b: [{ k: 1 }] }] }, true],
    ["an item without a field, by null", { a: { $elemMatch: { b: null } } }, { a: [{ c: 1 }] }, true],
    ["an item without a field, by its existence", { a: { $elemMatch: { b: { $exists: true } } } }, { a: [{ c: 1 }] }, false],
    ["an item against a field of the document", { a: { $elemMatch: { k: "%%root.k" } } }, { a: [{ k: 1 }, { k: 2 }], k: 2 }, true],
    ["a constant that is missing", { "%%true": "%%root.a" }, {}, undefined],
    ["the reverse of a constant that is missing", { $not: { "%%true": "%%root.a" } }, {}, undefined],
    ["the reverse of a constant that cannot be converted", { $not: { "%%true": { "%stringToOid": "no id" } } }, {}, undefined],
    ["the token against a field", { [u("t")]: "%%root.a" }, { a: ["blue", "red"] }, true],
    ["nothing in the token against an empty document", { [u("none")]: "%%root.a" }, { a: {} }, false],
    ["fields of a list in the token against a field", { [u("docs.b")]: "%%root.a" }, { a: "y" }, true],
    ["the token against a literal list", { [u("t")]: ["%%root.a", "blue"] }, { a: "red" }, false],
    ["a list in the token against a literal list", { [u("l")]: ["%%root.a", "blue"] }, { a: "red" }, true],
    ["a list in the token against a literal document", { [u("docs")]: { b: "%%root.a" } }, { a: "y" }, true],
    ["the token unlike a field that cannot be converted", { "%%user.id": { $ne: { "%oidToString": "%%root.a" } } }, { a: 5 }, undefined],
    ["an ObjectId as text", { t: { "%oidToString": "%%root.a" } }, { a: id, t: "0123456789abcdef01234567" }, true],
    ["text in capitals as an ObjectId", { a: { "%stringToOid": "%%root.t" } }, { a: id, t: "0123456789ABCDEF01234567" }, true],
    ["a UUID as text", { t: { "%uuidToString": "%%root.a" } }, { a: new UUID(uuid).toBinary(), t: uuid }, true],
    ["a UUID in a longer buffer as text", { t: { "%uuidToString": "%%root.a" } }, { a: written(new UUID(uuid).id, 4), t: uuid }, true],
    ["text in capitals as a UUID", { a: { "%stringToUuid": "%%root.t" } }, { a: new UUID(uuid).toBinary(), t: uuid.toUpperCase() }, true],
    ["conversions of what is known inside a list", { a: [{ "%stringToOid": "0123456789abcdef01234567" }, "%%root.b"] }, { a: [id, 1], b: 1 }, true],
    ["a field's value, which stored documents have none of", { "%%this": { $exists: false } }, {}, true],
    ["a field's value before, which they have none of", { "%%prev": { $exists: false } }, {}, true],
    ["the document before, which is the document", { "%%prevRoot": { $exists: true }, "%%prevRoot.a": 1 }, { a: 1 }, true],
  ])("%s", (_name, raw, root, expected) => {
    expect(decide(raw, { root, prevRoot: root })).toBe(expected)
  })
})

describe("what is not there", () => {
  const inserted: DocumentScope = { root: { a: 1, b: "x" }, this: "x" }
  const removed: DocumentScope = { prevRoot: { a: 1, b: "x" }, prev: "x" }

  test.each<[string, unknown, inserted: Ternary, removed: Ternary]>([
    ["the document before", { "%%prevRoot": { $exists: true } }, false, true],
    ["the document", { "%%root": { $exists: true } }, true, false],
    ["beside a pattern", { $or: [{ "%%prevRoot.b": { $regex: "^x" } }, { "%%root": { $exists: false } }] }, false, true],
    ["its field", { "%%prevRoot.a": 1 }, false, true],
    // SECURITY: what stands for a missing document must not be read as one.
    ["its description", { "%%prevRoot.description": "missing" }, false, false],
    ["that of the document", { "%%root.description": "missing" }, false, false],
    ["the value of the field", { "%%this": "x" }, true, false],
    ["the value before", { "%%prev": { $regex: "^x" } }, false, true],
    ["a list's item", { "%%prevRoot.l": { $elemMatch: { a: 1 } } }, false, false],
  ])("%s", (_name, raw, atInsert, atRemoval) => {
    expect([decide(raw, inserted), decide(raw, removed)]).toEqual([atInsert, atRemoval])
  })

  test("a list is opened, where it is the value of the field", () => {
    expect([decide({ "%%this": { $regex: "^x" } }, { this: ["y", "xy"] }), decide({ "%%this": "x" }, { this: ["y", "x"] })]).toEqual([true, true])
  })
})

describe("where no program can be made", () => {
  /** What a stored document comes to while making code of text fails. */
  function decideWithout(error: Error, raw: unknown, root: Document): Ternary {
    const bound = bind(parseExpressionOrThrow(raw, { context: "role" }), known, noCalls)
    const { Function: whole } = globalThis
    globalThis.Function = function fail() { throw error } as unknown as FunctionConstructor
    try {
      return compileStored(bound)(root)
    } finally {
      globalThis.Function = whole
    }
  }

  test.each([["red", true], ["blue", false]])("because the process may not make code of text, the plain way decides: %s", (text, expected) => {
    const refused = new EvalError("Code generation from strings disallowed for this context")
    expect(decideWithout(refused, { neverAskedBefore: text }, { neverAskedBefore: "red" })).toBe(expected)
  })

  test("for any other reason, it is told", () => {
    expect(() => decideWithout(new RangeError("out of memory"), { neverAskedEither: "red" }, {})).toThrow(RangeError)
  })
})
