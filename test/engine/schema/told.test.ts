// What the author of a schema is told: what is wrong with a document, as `explain` prints it, and which names there are.
import { describe, expect, test } from "vitest"
import { createCallTable, noCalls, type Problems } from "../../../engine/expressions/index.ts"
import { explainSchema, parseSchema, validateDocument, type ExplainedProblem } from "../../../engine/schema/index.ts"
import type { Document, Value } from "../../../kernel/index.ts"

function problemsOf(raw: unknown, after: Document): readonly ExplainedProblem[] {
  const problems: Problems = { errors: [], warnings: [] }
  const schema = parseSchema(raw, { problems })
  expect(problems.errors).toEqual([])
  return explainSchema(schema, { after, known: { user: { id: "u1" } }, calls: createCallTable() })
}

test.each<[unknown, unknown, string]>([
  [{ bsonType: ["int", "null"] }, "x", "expected bsonType int or null"], [{ type: "number" }, "x", "expected type number"],
  [{ minimum: 5 }, 4, "must be at least 5"], [{ minimum: 5, exclusiveMinimum: true }, 5, "must be more than 5"], [{ maximum: 5 }, 6, "must be at most 5"], [{ exclusiveMaximum: 5 }, 5, "must be less than 5"], [{ multipleOf: 3 }, 4, "must be a multiple of 3"],
  [{ minLength: 2 }, "a", "must have at least 2 characters"], [{ maxLength: 2 }, "abc", "must have at most 2 characters"], [{ pattern: "^a" }, "b", "does not match the pattern"], [{ format: "date" }, "b", "is not of the format date"],
  [{ minItems: 2 }, [1], "must have at least 2 items"], [{ maxItems: 1 }, [1, 2], "must have at most 1 items"], [{ minProperties: 2 }, {}, "must have at least 2 properties"], [{ maxProperties: 1 }, { x: 1, y: 1 }, "must have at most 1 properties"],
  [{ anyOf: [false] }, 1, "is valid by none of the schemas"], [{ oneOf: [true, true] }, 1, "is not valid by exactly one of the schemas"], [{ dependencies: { x: ["y"] } }, { x: 1 }, "is required beside `x`"],
])("%j of %j: %s", (schema, value, detail) => {
  expect(problemsOf({ properties: { a: schema } }, { a: value as Value }).map((each) => each.detail)).toEqual([detail])
})

describe("of a `validate`", () => {
  test("the first leaf that failed, with the value in the document", () => {
    const [problem] = problemsOf({ properties: { a: { validate: { "%%this": { $gt: 5 } } } } }, { a: 1 })
    expect(problem).toMatchObject({ field: "a", kind: "validate", failing: { pointer: "/properties/a/validate/%%this/$gt", subject: { text: "%%this", value: 1 } } })
  })

  test("nothing where it holds, or where the form is wrong already", () => {
    expect(problemsOf({ properties: { a: { validate: { "%%this": 1 } } } }, { a: 1 })).toEqual([])
    expect(problemsOf({ properties: { a: { bsonType: "int", validate: false } } }, { a: "x" }).map(({ kind }) => kind)).toEqual(["invalid_type"])
  })
})

test.each<[string, unknown, string[], string[]]>([
  ["bsonType", { bsonType: "text" }, ["objectId", "bool"], ["boolean"]], ["type", { type: "integer" }, ["boolean", "number"], ["objectId", "bool,"]],
])("the names of %s are told where one is misspelt", (_keyword, raw, told, others) => {
  const problems: Problems = { errors: [], warnings: [] }
  parseSchema(raw, { problems })
  const message = problems.errors[0]?.message ?? ""
  for (const name of told) expect(message).toContain(name)
  for (const name of others) expect(message).not.toContain(name)
})

test("every keyword is known wherever it stands", () => {
  const problems: Problems = { errors: [], warnings: [] }
  for (const raw of [{ additionalItems: false }, { additionalProperties: true }, { then: {} }, { else: {} }, { properties: {}, patternProperties: {}, required: [], minProperties: 0, maxProperties: 9, dependencies: {}, propertyNames: {} }, { items: {}, minItems: 0, maxItems: 9, uniqueItems: true, contains: {} }, { anyOf: [{}], oneOf: [{}], allOf: [{}], not: false, if: {}, validate: true }]) parseSchema(raw, { problems })
  expect(problems).toEqual({ errors: [], warnings: [] })
})

test("null is refused in an optional field with a type, unless the setting is asked for", () => {
  const raw = { properties: { a: { bsonType: "string" } } }
  const kinds = (nullTypes?: boolean): string[] => validateDocument(parseSchema(raw, { problems: { errors: [], warnings: [] }, ...(nullTypes === undefined ? {} : { nullTypes }) }), { after: { a: null }, known: {}, calls: noCalls }).map(({ kind }) => kind)
  expect([kinds(), kinds(false), kinds(true)]).toEqual([["invalid_type"], ["invalid_type"], []])
})
