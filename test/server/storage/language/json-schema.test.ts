// `$jsonSchema`, keyword by keyword, by MongoDB's manual.
import { describe, expect, test } from "vitest"
import { Decimal128, Double, Long, ObjectId, type Document } from "../../../../kernel/index.ts"
import { compileFilter } from "../../../../server/storage/language/index.ts"

const decimal = (text: string): Decimal128 => Decimal128.fromString(text)
/** Whether a field `a` of a value meets a schema. */
const meets = (schema: Document, ...document: Document[]): boolean[] => document.map(compileFilter({ $jsonSchema: schema }))
const ofA = (schema: Document): Document => ({ properties: { a: schema } })

describe("keywords", () => {
  test.each<[Document, readonly unknown[], readonly unknown[]]>([
    [{}, [1, null, "x"], []],
    [{ title: "t", description: "d" }, [1], []],
    [{ bsonType: "int" }, [1], [Long.fromNumber(1), new Double(1), "1", null]],
    [{ bsonType: "number" }, [1, 1.5, Long.fromNumber(1), decimal("1")], ["1", null]],
    [{ bsonType: ["string", "null"] }, ["x", null], [1]],
    [{ bsonType: "objectId" }, [new ObjectId()], ["507f1f77bcf86cd799439011"]],
    [{ type: "boolean" }, [true], [1]],
    [{ type: ["number", "array"] }, [1, []], ["x"]],
    [{ enum: [1, { x: 1, y: 2 }, null] }, [1, new Double(1), { y: 2, x: 1 }, null], [2, { x: 1 }]],
    [{ minimum: 2 }, [2, 3, "x"], [1.9]],
    [{ minimum: 2, exclusiveMinimum: true }, [3], [2]],
    [{ maximum: 2, exclusiveMaximum: true }, [1, null], [2, Long.fromNumber(3)]],
    [{ multipleOf: 0.1 }, [0.3, 1, "x", decimal("0.7")], [0.35, Number.NaN]],
    [{ multipleOf: 3 }, [9, Long.fromNumber(6), 0], [7]],
    [{ minLength: 2, maxLength: 3 }, ["ab", "a😀b", 1], ["a", "abcd"]],
    [{ pattern: "^a" }, ["abc", 1], ["cba"]],
    [{ minItems: 1, maxItems: 2 }, [[1], "abc"], [[], [1, 2, 3]]],
    [{ uniqueItems: true }, [[1, 2], [], 1], [[1, new Double(1)], [{ x: 1, y: 2 }, { y: 2, x: 1 }]]],
    [{ items: { bsonType: "int" } }, [[], [1, 2], "x"], [[1, "x"]]],
    [{ items: [{ bsonType: "int" }], additionalItems: false }, [[1], []], [["x"], [1, 2]]],
    [{ items: [{ bsonType: "int" }], additionalItems: { bsonType: "string" } }, [[1, "x"]], [[1, 2]]],
    [{ minProperties: 1, maxProperties: 1 }, [{ x: 1 }, 5], [{}, { x: 1, y: 2 }]],
    [{ required: ["x"] }, [{ x: null }, 5], [{}]],
    [{ properties: { x: { bsonType: "int" } } }, [{ x: 1 }, {}, 5], [{ x: "1" }]],
    [{ patternProperties: { "^x": { bsonType: "int" } }, properties: { y: {} }, additionalProperties: false }, [{ x1: 1, y: "any" }], [{ x1: "1" }, { z: 1 }]],
    [{ additionalProperties: { bsonType: "int" } }, [{ x: 1 }], [{ x: "1" }]],
    [{ dependencies: { x: ["y"], z: { required: ["w"] } } }, [{ x: 1, y: 1 }, {}, { z: 1, w: 1 }], [{ x: 1 }, { z: 1 }]],
    [{ allOf: [{ minimum: 1 }, { maximum: 3 }] }, [2], [4]],
    [{ anyOf: [{ bsonType: "int" }, { bsonType: "string" }] }, [1, "x"], [null]],
    [{ oneOf: [{ minimum: 1 }, { minimum: 3 }] }, [2], [3, 0]],
    [{ not: { bsonType: "int" } }, ["x"], [1]],
  ])("%j", (schema, right, wrong) => {
    expect(meets(ofA(schema), ...right.map((a) => ({ a }) as Document))).toEqual(right.map(() => true))
    expect(meets(ofA(schema), ...wrong.map((a) => ({ a }) as Document))).toEqual(wrong.map(() => false))
  })

  test("of the document itself", () => {
    const schema = { bsonType: "object", required: ["name"], properties: { name: { bsonType: "string" }, toString: { bsonType: "int" } } }
    expect(meets(schema, { name: "x" }, { name: "x", age: 1 }, {}, { name: 1 })).toEqual([true, true, false, false])
    expect(compileFilter({ $nor: [{ $jsonSchema: schema }], age: 1 })({ age: 1 })).toBe(true)
  })
})

test.each<[unknown, number]>([
  [1, 2], [{ nosuch: 1 }, 9], [{ $ref: "#" }, 9], [{ format: "email" }, 9], [{ properties: 1 }, 14], [{ properties: { a: 1 } }, 14], [{ required: "a" }, 14], [{ required: [] }, 9], [{ required: ["a", "a"] }, 9], [{ required: [1] }, 14],
  [{ type: "integer" }, 9], [{ type: "nosuch" }, 2], [{ bsonType: "nosuch" }, 2], [{ bsonType: 1 }, 14], [{ type: "object", bsonType: "object" }, 9], [{ enum: [] }, 9], [{ enum: 1 }, 14], [{ enum: [1, 1] }, 9],
  [{ minimum: "1" }, 14], [{ exclusiveMinimum: true }, 9], [{ minimum: 1, exclusiveMinimum: 1 }, 14], [{ multipleOf: 0 }, 9], [{ multipleOf: "1" }, 14], [{ minLength: -1 }, 9], [{ minLength: 1.5 }, 9], [{ maxItems: "1" }, 14],
  [{ pattern: 1 }, 14], [{ pattern: "(" }, 51091], [{ uniqueItems: 1 }, 14], [{ items: 1 }, 14], [{ additionalItems: 1 }, 14], [{ additionalProperties: 1 }, 14], [{ dependencies: 1 }, 14], [{ dependencies: { a: [] } }, 9],
  [{ allOf: {} }, 14], [{ anyOf: [] }, 9], [{ oneOf: [1] }, 14], [{ not: 1 }, 14], [{ title: 1 }, 14],
])("%j is refused with %i", (schema, serverCode) => {
  expect(() => compileFilter({ $jsonSchema: schema as Document })).toThrow(expect.objectContaining({ name: "StoreError", code: "bad-request", serverCode }))
})

test("a schema nested too deep is refused, and encryption is not supported", () => {
  let schema: Document = {}
  for (let depth = 0; depth < 150; depth++) schema = { not: schema }
  expect(() => compileFilter({ $jsonSchema: schema })).toThrow(expect.objectContaining({ serverCode: 15 }))
  expect(() => compileFilter({ $jsonSchema: { encryptMetadata: {} } })).toThrow(expect.objectContaining({ code: "unsupported" }))
})
