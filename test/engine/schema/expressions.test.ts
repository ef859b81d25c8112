// Where a schema holds `validate` expressions.
import { expect, test } from "vitest"
import { parseSchema, referencesOf, schemaExpressions, type Problems } from "../../../engine/index.ts"

const validated = (name: string): object => ({ validate: { "%%this": `%%values.${name}` } })

test("every `validate` of a schema is found", () => {
  const problems: Problems = { errors: [], warnings: [] }
  const schema = parseSchema({
    ...validated("document"),
    properties: { a: validated("field"), b: { properties: { c: validated("nested") } }, d: { items: validated("item") }, e: { items: [{}, validated("second")], additionalItems: validated("further") } },
    patternProperties: { "^x": validated("pattern") },
    additionalProperties: validated("other"),
    allOf: [{ properties: { f: validated("all") } }],
  }, { problems })
  expect(problems.errors).toEqual([])
  const names = schemaExpressions(schema).flatMap(referencesOf).flatMap(({ reference: { source, path } }) => (source === "values" ? path : []))
  expect(names.toSorted()).toEqual(["all", "document", "field", "further", "item", "nested", "other", "pattern", "second"])
})

test("a schema without any has none", () => {
  expect(schemaExpressions(parseSchema({ properties: { a: { bsonType: "string" } } }, { problems: { errors: [], warnings: [] } }))).toEqual([])
})
