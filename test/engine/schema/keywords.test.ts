// Keywords of schemas from both sides: what each admits, what it refuses, and where it points (specification of rules, 13).
import { describe, expect, test } from "vitest"
import { noCalls, type Problems } from "../../../engine/expressions/index.ts"
import { parseSchema, validateDocument } from "../../../engine/schema/index.ts"
import { Decimal128, Double, fromEjson, Long, type Document, type Value } from "../../../kernel/index.ts"

function parse(raw: unknown): { errors: string[]; warnings: string[] } {
  const problems: Problems = { errors: [], warnings: [] }
  parseSchema(raw, { problems })
  return { errors: problems.errors.map(({ code, path }) => `${code} ${path}`), warnings: problems.warnings.map(({ code, path }) => `${code} ${path}`) }
}

function problemsOf(raw: unknown, after: Document, nullTypes = false, generatedId = false): string[] {
  const problems: Problems = { errors: [], warnings: [] }
  const schema = parseSchema(raw, { problems, nullTypes })
  expect(problems.errors).toEqual([])
  return validateDocument(schema, { after, known: {}, calls: noCalls, generatedId }).map(({ field, kind }) => `${kind} ${field}`)
}

/** What a schema for the field `a` says of a value. */
const said = (schema: unknown, value: unknown): string[] => problemsOf({ properties: { a: schema } }, { a: value as Value })

const cases: readonly (readonly [schema: unknown, admitted: readonly unknown[], refused: readonly unknown[], problem: string])[] = [
  [{ minItems: 2 }, [[1, 2], [1, 2, 3], "x", { length: 0 }], [[1], []], "array_min_items a"], [{ maxItems: 2 }, [[], [1, 2], "xyz"], [[1, 2, 3]], "array_max_items a"], [{ uniqueItems: true }, [[], [1], [null], [1, 2], [1, "1"], "xx", [{ a: 1 }, { a: 2 }]], [[1, 1], [null, null], [1, 2, 1], [1, new Double(1)], [{ a: 1 }, { a: 1 }], [[1], [1]]], "unique a"],
  [{ uniqueItems: false }, [[1, 1]], [], ""], [{ contains: { minimum: 5 } }, [[5], [1, 9], "x"], [[], [1, 2]], "contains a"], [{ items: { minimum: 5 } }, [[], [5, 6], 1, ["x"]], [[4], [6, 4].slice(1)], "number_gte a.0"], [{ items: [{ minimum: 5 }, { minLength: 2 }] }, [[], [5], [5, "ab"], [5, "ab", "c"]], [[4, "ab"]], "number_gte a.0"],
  [{ items: [{ minimum: 5 }], additionalItems: { minLength: 2 } }, [[5], [5, "ab", "cd"]], [[5, "a"]], "string_gte a.1"], [{ items: [{ minimum: 5 }], additionalItems: false }, [[], [5]], [[5, 6]], "array_no_additional_items a.1"], [{ items: { minimum: 5 }, additionalItems: false }, [[5, 6, 7]], [], ""], [{ items: [true, false] }, [[1]], [[1, 2]], "false a.1"],
  [{ minProperties: 2 }, [{ x: 1, y: 1 }, [], "x"], [{}, { x: 1 }], "array_min_properties a"], [{ maxProperties: 1 }, [{}, { x: 1 }, [1, 2]], [{ x: 1, y: 1 }], "array_max_properties a"], [{ propertyNames: { maxLength: 2 } }, [{}, { ab: 1 }, "abc"], [{ abc: 1 }], "invalid_property_name a.abc"],
  [{ required: ["x"] }, [{ x: 1 }, { x: 0, y: 1 }, "x", []], [{}, { y: 1 }], "required a.x"], [{ properties: { x: { minimum: 5 } } }, [{}, { x: 5 }, { y: 1 }, 3], [{ x: 4 }], "number_gte a.x"], [{ properties: { x: { minimum: 5 } }, additionalProperties: { minLength: 2 } }, [{ x: 5 }, { x: 5, y: "ab" }], [{ x: 5, y: "a" }], "string_gte a.y"],
  [{ properties: { x: {} }, additionalProperties: false }, [{}, { x: 1 }, "x"], [{ x: 1, y: 1 }], "additional_property_not_allowed a.y"], [{ additionalProperties: false }, [{}], [{ y: 1 }], "additional_property_not_allowed a.y"], [{ additionalProperties: true }, [{ y: 1 }], [], ""],
  [{ patternProperties: { "^x": { minimum: 5 } } }, [{}, { x1: 5 }, { y: 1 }], [{ x1: 4 }], "number_gte a.x1"], [{ patternProperties: { "^x": {} }, additionalProperties: false }, [{ x1: 5 }], [{ x1: 5, y: 1 }], "invalid_property_pattern a.y"], [{ properties: { y: {} }, patternProperties: { "^x": {} }, additionalProperties: false }, [{ x1: 5, y: 1 }], [{ z: 1 }], "invalid_property_pattern a.z"],
  [{ patternProperties: { "^x": {} }, additionalProperties: { minimum: 5 } }, [{ x1: 1, y: 5 }], [{ y: 4 }], "number_gte a.y"], [{ properties: { x: {} }, additionalProperties: { minimum: 5 } }, [{ x: 1 }], [{ x: 1, y: 1 }], "number_gte a.y"], [{ required: ["x1"], patternProperties: { "^x": { minimum: 5 } } }, [{ x1: 5 }], [{ x1: 4 }], "number_gte a.x1"], [{ dependencies: { x: ["y", "z"] } }, [{}, { y: 1 }, { x: 1, y: 1, z: 1 }], [{ x: 1, y: 1 }], "missing_dependency a.z"], [{ dependencies: { x: { required: ["y"] } } }, [{}, { x: 1, y: 1 }], [{ x: 1 }], "required a.y"],
  [{ anyOf: [{ minimum: 5 }, { maximum: 1 }] }, [5, 1, "x"], [3], "number_any_of a"], [{ oneOf: [{ minimum: 5 }, { minimum: 7 }] }, [5, 6], [3, 8], "number_one_of a"], [{ not: { minimum: 5 } }, [4], [5, "x"], "number_not a"], [{ if: { minimum: 5 }, then: { maximum: 7 }, else: { maximum: 2 } }, [5, 7, 1, 2], [8], "condition_then a"], [{ if: { minimum: 5 }, then: { maximum: 7 }, else: { maximum: 2 } }, [2], [3], "condition_else a"],
  [{ if: { minimum: 5 }, then: { maximum: 7 } }, [1, 6], [8], "condition_then a"], [{ if: { minimum: 5 }, else: { maximum: 2 } }, [8, 2], [3], "condition_else a"], [{ then: { maximum: 7 } }, [9], [], ""],
  [{ minimum: 5 }, [5, 6, 5.5, new Double(5), Long.fromNumber(9), Decimal128.fromString("5"), "x", null, []], [4, 4.9, Number.NaN, Decimal128.fromString("4.99")], "number_gte a"], [{ maximum: 5 }, [5, 4, "x"], [5.1, 6, Number.NaN], "number_lte a"], [{ minimum: 5, exclusiveMinimum: true }, [6, 5.1], [5, 4], "number_gt a"], [{ maximum: 5, exclusiveMaximum: true }, [4, 4.9], [5, 6], "number_lt a"],
  [{ exclusiveMinimum: 5 }, [6], [5], "number_gt a"], [{ exclusiveMaximum: 5 }, [4], [5], "number_lt a"], [{ minimum: 5, exclusiveMinimum: false }, [5], [4], "number_gte a"], [{ maximum: 5, exclusiveMaximum: false }, [5], [6], "number_lte a"],
  [{ multipleOf: 0.1 }, [0.3, 1, 0, -0.5, Decimal128.fromString("0.7"), "x"], [0.35, Number.NaN, Number.POSITIVE_INFINITY], "multiple_of a"], [{ multipleOf: 3 }, [9, 0, new Double(6), Decimal128.fromString("3E+2")], [10, 1.5], "multiple_of a"], [{ multipleOf: { $numberDecimal: "1E+2" } }, [300], [350], "multiple_of a"], [{ multipleOf: 4 }, [Decimal128.fromString("1E+2")], [Decimal128.fromString("1E+1")], "multiple_of a"],
  [{ minLength: 2 }, ["ab", "😀😀", 1, []], ["a", "", "😀"], "string_gte a"], [{ maxLength: 2 }, ["", "ab", "😀😀", [1, 2, 3]], ["abc", "😀😀😀"], "string_lte a"], [{ pattern: "b+$" }, ["ab", "b", 5], ["a", "ba"], "pattern a"],
  [{ enum: [1, "a", { b: 1 }, null] }, [1, new Double(1), "a", { b: 1 }], [2, "b", { b: 1, c: 1 }, []], "enum a"], [{ const: [1, 2] }, [[1, 2]], [[2, 1], [1], 1], "const a"], [{ const: null }, [null], [0], "const a"], [true, [1, null], [], ""], [false, [], [1, null], "false a"],
]

describe.each(cases)("%j", (schema, admitted, refused, problem) => {
  test("admits and refuses", () => {
    for (const value of admitted) expect([value, said(schema, value)]).toEqual([value, []])
    for (const value of refused) expect([value, said(schema, value)]).toEqual([value, [problem]])
  })
})

describe("several keywords", () => {
  test("each says what it finds", () => {
    expect(problemsOf({ required: ["x", "y"], properties: { x: { bsonType: "string", minLength: 2 }, z: { minimum: 5, multipleOf: 2 } }, minProperties: 4 }, { x: 5, z: 3 })).toEqual(["required y", "invalid_type x", "number_gte z", "multiple_of z", "array_min_properties "])
  })

  test("allOf says what each part finds, and that it does not hold", () => {
    expect(said({ allOf: [{ minimum: 5 }, { multipleOf: 2 }] }, 3)).toEqual(["number_gte a", "multiple_of a", "number_all_of a"])
    expect(said({ allOf: [{ minimum: 5 }, { multipleOf: 2 }] }, 6)).toEqual([])
    expect(problemsOf({ required: ["z"], allOf: [{ minProperties: 1 }] }, { a: 1 })).toEqual(["required z"])
  })

  test("nested places are dotted paths, in lists too", () => {
    expect(said({ items: { properties: { b: { items: { maximum: 1 } } } } }, [{ b: [1] }, { b: [0, 2] }])).toEqual(["number_lte a.1.b.1"])
  })
})

describe("null", () => {
  test.each<[string, unknown, boolean, string[]]>([
    ["an optional typed field", { properties: { a: { bsonType: "string" } } }, false, ["invalid_type a"]], ["under the setting", { properties: { a: { bsonType: "string" } } }, true, []], ["of `type` under the setting", { properties: { a: { type: "string" } } }, true, []], ["one whose type admits it", { properties: { a: { bsonType: ["string", "null"] } } }, false, []], ["whose `type` admits it", { properties: { a: { type: ["string", "null"] } } }, false, []],
    ["where both name it", { properties: { a: { type: ["string", "null"], bsonType: ["null", "string"] } } }, false, []], ["where only one does", { properties: { a: { type: ["string", "null"], bsonType: "string" } } }, false, ["invalid_type a"]], ["where only one does, under the setting", { properties: { a: { type: ["string", "null"], bsonType: "string" } } }, true, []], ["a field without a type", { properties: { a: {} } }, false, []], ["one without a type under the setting keeps its other keywords", { properties: { a: { enum: ["x"] } } }, true, ["enum a"]],
    ["a required field", { required: ["a"], properties: { a: { bsonType: "string" } } }, false, ["invalid_type a"]], ["a required field under the setting", { required: ["a"], properties: { a: { bsonType: "string" } } }, true, ["invalid_type a"]], ["a required field without a type", { required: ["a"], properties: { a: {} } }, false, ["invalid_type a"]], ["a required field no property speaks of", { required: ["a"] }, true, ["invalid_type a"]],
    ["a required field whose type admits it", { required: ["a"], properties: { a: { bsonType: ["string", "null"] } } }, false, []], ["whose `type` admits it alone", { required: ["a"], properties: { a: { type: ["string", "null"] } } }, false, []], ["but not its other keywords", { required: ["a"], properties: { a: { bsonType: ["string", "null"], enum: ["x"] } } }, false, ["enum a"]], ["one that nothing is allowed in, under the setting", { properties: { a: false } }, true, ["false a"]],
    ["a required field that nothing is allowed in", { required: ["a"], properties: { a: false } }, false, ["invalid_type a"]], ["a field by pattern", { patternProperties: { a: { bsonType: "string" } } }, false, ["invalid_type a"]], ["a field by pattern under the setting", { patternProperties: { a: { bsonType: "string" } } }, true, []], ["another field under the setting", { additionalProperties: { bsonType: "string" } }, true, []], ["another field that has no type", { additionalProperties: { enum: ["x"] } }, true, ["enum a"]],
  ])("%s", (_name, schema, nullTypes, problems) => {
    expect(problemsOf(schema, { a: null }, nullTypes)).toEqual(problems)
    // It is stored as null.
    expect(problemsOf(schema, { a: undefined }, nullTypes)).toEqual(problems)
  })
})

test("a required `_id` of the server's is there, at the top alone", () => {
  expect(problemsOf({ required: ["_id", "b"] }, { b: 1 }, false, true)).toEqual([])
  expect(problemsOf({ required: ["_id"] }, {}, false, false)).toEqual(["required _id"])
  expect(problemsOf({ required: ["b"] }, {}, false, true)).toEqual(["required b"])
  expect(problemsOf({ properties: { b: { required: ["_id"] } } }, { b: {} }, false, true)).toEqual(["required b._id"])
  for (const schema of [{ anyOf: [{ required: ["_id"] }] }, { not: { not: { required: ["_id"] } } }, { allOf: [{ required: ["_id"] }] }]) expect(problemsOf(schema, {}, false, true)).toEqual([])
})

test("fields are own ones", () => {
  expect(problemsOf({ required: ["toString"], properties: { constructor: { bsonType: "string" } }, dependencies: { valueOf: ["x"] } }, {})).toEqual(["required toString"])
  expect(problemsOf({ properties: { a: {} }, additionalProperties: false }, JSON.parse('{"__proto__": 1}') as Document)).toEqual(["additional_property_not_allowed __proto__"])
})

describe("formats", () => {
  test.each<[string, string[], string[]]>([
    ["date", ["2024-02-29", "2023-02-28", "2000-02-29", "2024-01-31", "2024-04-30", "2024-12-31", "2024-03-31", "2024-05-31", "2024-06-30", "2024-07-31", "2024-08-31", "2024-09-30", "2024-10-31", "2024-11-30"], ["2023-02-29", "1900-02-29", "2024-02-30", "2024-04-31", "2024-06-31", "2024-09-31", "2024-11-31", "2024-01-32", "2024-13-01", "2024-00-01", "2024-01-00", "2024-02-31", "2024", "2024-01", "+012024-01", "24-01-01", "2024-1-1", "2024-01-01x", "x2024-01-01"]],
    ["time", ["00:00:00Z", "23:59:60z", "12:30:00.123+02:00", "12:30:00-11:30"], ["24:00:00Z", "12:60:00Z", "12:00:61Z", "12:00:00", "12:00Z", "12:00:00+24:00", "12:00:00."]], ["date-time", ["2024-02-29T12:00:00Z", "2024-02-29t12:00:00.5+01:00", "2024-02-29 12:00:00Z"], ["2024-02-30T12:00:00Z", "2024-02-29T25:00:00Z", "2024-02-29", "2024-02-29x12:00:00Z", "12:00:00Z"]],
    ["email", ["a@b", "a.b+c@d.example"], ["a", "@b", "a@", "a b@c", "a@b@c"]], ["hostname", ["a", "a-b.example", "x".repeat(63)], ["-a", "a-", "a..b", "a_b", "x".repeat(64), ""]], ["ipv4", ["0.0.0.0", "255.255.255.255", "192.168.1.10"], ["256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "a.b.c.d"]], ["ipv6", ["::1", "2001:db8::ff00:42:8329", "::ffff:192.0.2.1", "0000:0000:0000:0000:0000:ffff:255.255.255.255"], ["::1]/[", "::1]:80/[", " ::1", "::1\n", "1", ":::", "2001:db8::g", "[::1]", "::1%eth0", `${"0:".repeat(30)}1`]],
    ["uri", ["https://a.example/b?c#d", "urn:x:y", "mailto:a@b"], ["/a", "a b:c", "https://", "://a", " https://a.example", "https://a.example/b c", "https://a.example\n"]], ["uri-reference", ["/a", "b#c", "https://a"], ["http://[", "https://a b"]], ["uuid", ["6b1f0c2a-7d93-4e5b-8c21-4f060708090A"], ["6b1f0c2a7d934e5b8c214f060708090a", "6b1f0c2a-7d93-4e5b-8c21-4f060708090", "g b1f0c2a-7d93-4e5b-8c21-4f060708090a"]], ["regex", ["a+", "[a-z]"], ["(", "(?=a)"]], ["json-pointer", ["", "/a/b", "/~0~1"], ["a", "/~", "/~2"]],
  ])("%s", (format, admitted, refused) => {
    for (const text of admitted) expect([text, said({ format }, text)]).toEqual([text, []])
    for (const text of refused) expect([text, said({ format }, text)]).toEqual([text, ["format a"]])
    expect(said({ format }, 5)).toEqual([])
    // A second text is judged as the first was.
    expect(said({ format }, admitted[0])).toEqual([])
  })

  test("one that is not known is a warning", () => {
    for (const format of ["isbn", "constructor", 5, null, ["date"]]) expect(parse({ format })).toEqual({ errors: [], warnings: ["unknown-format /format"] })
    expect(parse({ format: "date" })).toEqual({ errors: [], warnings: [] })
  })
})

describe("what is refused when it is loaded", () => {
  test.each<[unknown, string[]]>([
    [5, ["wrong-operand "]], [null, ["wrong-operand "]], [[], ["wrong-operand "]], [{ properties: [] }, ["wrong-operand /properties"]], [{ properties: { a: 5 } }, ["wrong-operand /properties/a"]], [{ patternProperties: 5 }, ["wrong-operand /patternProperties"]], [{ patternProperties: { "(": {} } }, ["wrong-operand /patternProperties/("]], [{ required: "a" }, ["wrong-operand /required"]], [{ required: ["a", 5] }, ["wrong-operand /required"]],
    [{ minItems: -1 }, ["wrong-operand /minItems"]], [{ maxItems: 1.5 }, ["wrong-operand /maxItems"]], [{ minLength: "1" }, ["wrong-operand /minLength"]], [{ maxLength: null }, ["wrong-operand /maxLength"]], [{ minProperties: {} }, ["wrong-operand /minProperties"]], [{ maxProperties: { $numberLong: "x" } }, ["wrong-operand /maxProperties/$numberLong"]], [{ uniqueItems: 1 }, ["wrong-operand /uniqueItems"]], [{ items: 5 }, ["wrong-operand /items"]], [{ items: [{}, 5] }, ["wrong-operand /items/1"]], [{ contains: 5 }, ["wrong-operand /contains"]],
    [{ minimum: "5" }, ["wrong-operand /minimum"]], [{ maximum: null }, ["wrong-operand /maximum"]], [{ exclusiveMinimum: "x" }, ["wrong-operand /exclusiveMinimum"]], [{ multipleOf: 0 }, ["wrong-operand /multipleOf"]], [{ multipleOf: -1 }, ["wrong-operand /multipleOf"]], [{ multipleOf: "2" }, ["wrong-operand /multipleOf"]], [{ multipleOf: { $numberDouble: "NaN" } }, ["wrong-operand /multipleOf"]], [{ pattern: 5 }, ["wrong-operand /pattern"]], [{ pattern: null }, ["wrong-operand /pattern"]], [{ pattern: ["a"] }, ["wrong-operand /pattern"]], [{ pattern: "(?=a)" }, ["wrong-operand /pattern"]],
    [{ enum: [] }, ["wrong-operand /enum"]], [{ enum: "a" }, ["wrong-operand /enum"]], [{ enum: ["a", { $oid: "x" }] }, ["wrong-operand /enum/1/$oid"]], [{ const: { $oid: "x" } }, ["wrong-operand /const/$oid"]], [{ bsonType: "text" }, ["wrong-operand /bsonType"]], [{ bsonType: [] }, ["wrong-operand /bsonType"]], [{ bsonType: ["string", "text"] }, ["wrong-operand /bsonType/1"]], [{ bsonType: 5 }, ["wrong-operand /bsonType"]], [{ bsonType: [["string"]] }, ["wrong-operand /bsonType/0"]], [{ type: "integer" }, ["wrong-operand /type"]], [{ type: "objectId" }, ["wrong-operand /type"]], [{ type: "float" }, ["wrong-operand /type"]], [{ bsonType: "toString" }, ["wrong-operand /bsonType"]],
    [{ anyOf: [] }, ["wrong-operand /anyOf"]], [{ anyOf: "ab" }, ["wrong-operand /anyOf"]], [{ anyOf: null }, ["wrong-operand /anyOf"]], [{ oneOf: {} }, ["wrong-operand /oneOf"]], [{ allOf: [5] }, ["wrong-operand /allOf/0"]], [{ not: 5 }, ["wrong-operand /not"]], [{ if: 5 }, ["wrong-operand /if"]], [{ if: {}, then: 5, else: [] }, ["wrong-operand /then", "wrong-operand /else"]], [{ dependencies: [] }, ["wrong-operand /dependencies"]], [{ dependencies: { a: [5] } }, ["wrong-operand /dependencies/a"]], [{ dependencies: { a: 5 } }, ["wrong-operand /dependencies/a"]], [{ propertyNames: 5 }, ["wrong-operand /propertyNames"]], [{ validate: 5 }, ["wrong-operand /validate"]],
  ])("%j", (raw, errors) => {
    expect(parse(raw)).toEqual({ errors, warnings: [] })
  })

  test.each<[string, unknown]>([
    ["anyOf", { anyOf: [{ validate: true }] }], ["oneOf", { oneOf: [{ validate: true }] }], ["not", { not: { validate: true } }], ["if", { if: { validate: true } }], ["then", { if: {}, then: { validate: true } }], ["else", { if: {}, else: { validate: true } }], ["contains", { contains: { validate: true } }], ["propertyNames", { propertyNames: { validate: true } }], ["dependencies", { dependencies: { a: { validate: true } } }],
  ])("`validate` inside %s", (keyword, raw) => {
    expect(parse(raw).errors).toEqual([expect.stringMatching(new RegExp(`^wrong-operand /${keyword}.*/validate$`))])
    // Deeper below it too.
    expect(parse(JSON.parse(JSON.stringify(raw).replaceAll('{"validate":true}', '{"properties":{"x":{"validate":true}}}'))).errors).toHaveLength(1)
  })

  test.each<[string, (inner: unknown) => unknown]>([
    ["properties", (inner) => ({ properties: { a: inner } })], ["patterns", (inner) => ({ patternProperties: { a: inner } })], ["additional properties", (inner) => ({ additionalProperties: inner })], ["items", (inner) => ({ items: inner })], ["lists of items", (inner) => ({ items: [inner] })], ["additional items", (inner) => ({ items: [], additionalItems: inner })], ["contains", (inner) => ({ contains: inner })],
    ["anyOf", (inner) => ({ anyOf: [inner] })], ["allOf", (inner) => ({ allOf: [inner] })], ["not", (inner) => ({ not: inner })], ["if", (inner) => ({ if: inner })], ["then", (inner) => ({ if: true, then: inner })], ["dependencies", (inner) => ({ dependencies: { a: inner } })], ["propertyNames", (inner) => ({ propertyNames: inner })],
  ])("%s are 64 levels deep", (_name, wrap) => {
    const nested = (levels: number): unknown => Array.from({ length: levels - 1 }).reduce<unknown>((inner) => wrap(inner), { minimum: 1 })
    expect(parse(nested(64)).errors).toEqual([])
    expect(parse(nested(65)).errors).toEqual([expect.stringMatching(/^too-deep /)])
  })
})

test("what is unknown or without effect is a warning", () => {
  expect(parse({ minimun: 1, title: "t", description: "d", primaryKey: "_id", $schema: "s", $id: "i", id: "i", $comment: "c", default: 1, examples: [], definitions: {}, relationships: {} })).toEqual({ errors: [], warnings: ["unknown-keyword /minimun"] })
  expect(parse({ exclusiveMinimum: true })).toEqual({ errors: [], warnings: ["no-bound /exclusiveMinimum"] })
  expect(parse({ exclusiveMaximum: true, minimum: 1 })).toEqual({ errors: [], warnings: ["no-bound /exclusiveMaximum"] })
  expect(parse({ minimum: 1, exclusiveMinimum: true, maximum: 2, exclusiveMaximum: true })).toEqual({ errors: [], warnings: [] })
  expect(parse({ bsonType: ["boolean", "string"] })).toEqual({ errors: [], warnings: ["type-synonym /bsonType/0"] })
  expect(parse({ bsonType: "float" })).toEqual({ errors: [], warnings: ["type-synonym /bsonType"] })
})

test("values of enum and const are Extended JSON", () => {
  expect(said({ enum: [{ $date: "2024-01-01T00:00:00Z" }] }, fromEjson({ $date: "2024-01-01T00:00:00Z" }))).toEqual([])
  expect(said({ const: { $oid: "64b1f0c2a7d93e5b8c214f06" } }, "64b1f0c2a7d93e5b8c214f06")).toEqual(["const a"])
})
