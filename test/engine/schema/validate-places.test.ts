// Where a `validate` may stand, and what it is asked there (specification of rules, 13).
import { describe, expect, test } from "vitest"
import { createCallTable, type Problems } from "../../../engine/expressions/index.ts"
import { bindSchema, parseSchema } from "../../../engine/schema/index.ts"
import type { Document } from "../../../kernel/index.ts"

function problemsOf(raw: unknown, after: Document, before?: Document): string[] {
  const problems: Problems = { errors: [], warnings: [] }
  const schema = parseSchema(raw, { problems })
  expect(problems.errors).toEqual([])
  const found = bindSchema(schema, { user: { id: "u1" } }, createCallTable())(before === undefined ? { after } : { before, after })
  return found.map(({ field, kind, undetermined }) => `${kind} ${field}${undetermined === true ? " ?" : ""}`)
}

/** Once written, never changed. */
const once = { validate: { "%or": [{ "%%prev": { "%exists": false } }, { "%%prev": "%%this" }] } }
const small = { validate: { "%%this": { $lt: 5 } } }

describe("a `validate` is asked", () => {
  test.each<[string, unknown, Document, string[]]>([
    ["at the document", { validate: { "%%root.a": 1, a: 1, "%%this.a": 1 } }, { a: 1 }, []], ["at the document, in vain", { validate: { a: 1 } }, { a: 2 }, ["validate "]], ["at a property", { properties: { a: small } }, { a: 9 }, ["validate a"]], ["at one that is absent", { properties: { a: { validate: { "%%this": { $exists: false } } } } }, {}, []], ["at one that is absent, in vain", { properties: { a: small } }, {}, ["validate a"]],
    ["at a nested one", { properties: { a: { properties: { b: small } } } }, { a: { b: 9 } }, ["validate a.b"]], ["below what is absent", { properties: { a: { properties: { b: { validate: { "%%this": { $exists: false } } } } } } }, {}, []], ["below what is no document", { properties: { a: { properties: { b: { validate: { "%%this": { $exists: false } } } } } } }, { a: "x" }, []],
    ["at fields by pattern", { patternProperties: { "^x": small } }, { x1: 1, x2: 9, y: 9 }, ["validate x2"]], ["at fields by more than one pattern", { patternProperties: { "^x": small, "2$": { validate: false } } }, { x1: 1, x2: 1 }, ["validate x2"]], ["at the other fields", { properties: { a: {} }, patternProperties: { "^x": {} }, additionalProperties: small }, { a: 9, x1: 9, y: 9, z: 1 }, ["validate y"]], ["at no field where the others are closed", { properties: { a: small }, additionalProperties: false }, { a: 1 }, []],
    ["at each item", { properties: { a: { items: small } } }, { a: [1, 9, 2, 8] }, ["validate a.1", "validate a.3"]], ["at items by place", { properties: { a: { items: [{}, small] } } }, { a: [9, 9, 9] }, ["validate a.1"]], ["at further items", { properties: { a: { items: [{}], additionalItems: small } } }, { a: [9, 9, 1] }, ["validate a.1"]], ["at fields of items", { properties: { a: { items: { properties: { b: small } } } } }, { a: [{ b: 1 }, { b: 9 }] }, ["validate a.1.b"]], ["at no item where there is no list", { properties: { a: { items: small } } }, { a: "x" }, []],
    ["in every part of allOf", { properties: { a: { allOf: [small, { validate: { "%%this": { $gt: 2 } } }] } } }, { a: 1 }, ["validate a"]], ["beside its own parts", { validate: false, properties: { a: { validate: false } } }, { a: 1 }, ["validate ", "validate a"]], ["and one that is not decided does not hold", { properties: { a: { validate: { "%%this": "%%user.custom_data.none" } } } }, { a: 1 }, ["validate a ?"]],
  ])("%s", (_name, schema, document, problems) => {
    expect(problemsOf(schema, document)).toEqual(problems)
  })

  test("only of a document whose form is right", () => {
    expect(problemsOf({ properties: { a: { bsonType: "int", validate: false } } }, { a: "x" })).toEqual(["invalid_type a"])
    expect(problemsOf({ properties: { a: { bsonType: "int", validate: false } } }, { a: 1 })).toEqual(["validate a"])
  })
})

describe("what was there before is that at the same place", () => {
  test.each<[string, unknown, Document, Document | undefined, string[]]>([
    ["of a property", { properties: { a: once } }, { a: 2 }, { a: 1 }, ["validate a"]], ["of one that stays", { properties: { a: once } }, { a: 1, b: 2 }, { a: 1 }, []], ["of one that comes", { properties: { a: once } }, { a: 2 }, {}, []], ["of one that goes", { properties: { a: once } }, {}, { a: 1 }, ["validate a ?"]], ["on insert there is none", { properties: { a: { validate: { "%%prev": { $exists: false }, "%%prevRoot": { $exists: false } } } } }, { a: 1 }, undefined, []],
    ["on update there is", { properties: { a: { validate: { "%%prevRoot.a": 1, "%%root.a": 2 } } } }, { a: 2 }, { a: 1 }, []], ["of a field by pattern", { patternProperties: { "^x": once } }, { x: 2 }, { x: 1 }, ["validate x"]], ["of one by pattern that goes", { patternProperties: { "^x": once } }, { y: 1 }, { x: 1 }, ["validate x ?"]], ["of another field", { additionalProperties: once }, { y: 2 }, { y: 1 }, ["validate y"]], ["of another field that goes", { additionalProperties: once }, {}, { y: 1 }, ["validate y ?"]],
    ["of an item, at its index", { properties: { a: { items: once } } }, { a: [1, 3, 4] }, { a: [1, 2] }, ["validate a.1"]], ["of an item where there was no list", { properties: { a: { items: once } } }, { a: [1] }, { a: 5 }, []], ["of what is nested", { properties: { a: { properties: { b: once } } } }, { a: { b: 2 } }, { a: { b: 1 } }, ["validate a.b"]], ["of what is nested in what goes", { properties: { a: { properties: { b: once } } } }, {}, { a: { b: 1 } }, ["validate a.b ?"]], ["of what is nested in what was no document", { properties: { a: { properties: { b: once } } } }, { a: { b: 2 } }, { a: "x" }, []],
    ["own fields alone", { properties: { constructor: { validate: { "%%prev": { $exists: false }, "%%this": { $exists: false } } } } }, {}, {}, []],
  ])("%s", (_name, schema, after, before, problems) => {
    expect(problemsOf(schema, after, before)).toEqual(problems)
  })
})

test("a schema tells whether it is empty", () => {
  const isEmpty = (raw: unknown): boolean => parseSchema(raw, { problems: { errors: [], warnings: [] } }).isEmpty
  expect([{}, true, [], null, { title: "t" }, { bsonType: "object", properties: {} }].map(isEmpty)).toEqual([true, false, false, false, false, false])
})

test("an empty schema admits everything, one that is closed only what it names", () => {
  expect(problemsOf({}, { a: 1 })).toEqual([])
  expect(problemsOf({ bsonType: "object" }, { a: 1 })).toEqual([])
  expect(problemsOf({ additionalProperties: false }, { a: 1 })).toEqual(["additional_property_not_allowed a"])
})
