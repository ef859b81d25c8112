// Schemas: each keyword by what it admits and the kind it reports, null, `validate`, and hostile input.
import { describe, expect, test } from "vitest"
import { createCallTable, noCalls, type Problems } from "../../../engine/expressions/index.ts"
import { bindSchema, parseSchema, validateDocument, type Schema } from "../../../engine/schema/index.ts"
import { Binary, BSONRegExp, Decimal128, Double, Long, ObjectId, Timestamp, UUID, type Document, type Value } from "../../../kernel/index.ts"

function schemaOf(raw: unknown, nullTypes = false): Schema {
  const problems: Problems = { errors: [], warnings: [] }
  const schema = parseSchema(raw, { problems, nullTypes })
  expect(problems.errors).toEqual([])
  return schema
}

function problemsOf(raw: unknown, after: Document, before?: Document, nullTypes = false): string[] {
  return validateDocument(schemaOf(raw, nullTypes), { after, ...(before === undefined ? {} : { before }), known: {}, calls: noCalls }).map(({ field, kind }) => `${kind} ${field}`)
}

const property = (schema: unknown): unknown => ({ bsonType: "object", properties: { a: schema } })

function kindsFor(schema: unknown, value: unknown): string[] {
  return problemsOf(property(schema), { a: value as Value }).map((each) => each.split(" ")[0] as string)
}

describe("types", () => {
  const samples: Record<string, Value> = {
    array: [], binData: new Binary(Buffer.from("x"), 0), bool: true, date: new Date(0), decimal: Decimal128.fromString("1"), double: 1.5, wholeDouble: new Double(2), int: 1,
    long: Long.ONE, null: null, object: {}, objectId: new ObjectId(), regex: new BSONRegExp("a"), string: "x", timestamp: new Timestamp({ t: 1, i: 1 }), uuid: new UUID().toBinary(),
  }
  const admitted: Record<string, string[]> = {
    array: ["array"], binData: ["binData", "uuid"], bool: ["bool"], date: ["date"], decimal: ["decimal"], double: ["double", "wholeDouble"], int: ["int"], long: ["int", "long"],
    mixed: Object.keys(samples), null: ["null"], number: ["decimal", "double", "wholeDouble", "int", "long"], object: ["object"], objectId: ["objectId"], regex: ["regex"],
    string: ["string"], timestamp: ["timestamp"], uuid: ["uuid"], boolean: ["bool"], float: ["double", "wholeDouble"],
  }
  test.each(Object.keys(admitted))("bsonType %s", (name) => {
    expect(Object.keys(samples).filter((sample) => kindsFor({ bsonType: name }, samples[sample]).length === 0).toSorted()).toEqual((admitted[name] as string[]).toSorted())
  })

  test.each<[string, string[]]>([["object", ["object"]], ["array", ["array"]], ["number", ["decimal", "double", "wholeDouble", "int", "long"]], ["boolean", ["bool"]], ["string", ["string"]], ["null", ["null"]]])("type %s", (name, names) => {
    expect(Object.keys(samples).filter((sample) => kindsFor({ type: name }, samples[sample]).length === 0).toSorted()).toEqual(names.toSorted())
  })

  test("a list of types admits each, a document dressed as an id is none", () => {
    expect(kindsFor({ bsonType: ["string", "int"] }, 1)).toEqual([])
    expect(kindsFor({ bsonType: ["string", "int"] }, true)).toEqual(["invalid_type"])
    expect(kindsFor({ bsonType: "objectId" }, { _bsontype: "ObjectId", id: "x" })).toEqual(["invalid_type"])
  })
})

describe("keywords", () => {
  test.each<[string, unknown, unknown, string[]]>([
    ["enum holds", { enum: ["a", 1, null] }, 1, []],
    ["enum by BSON value", { enum: [{ $numberLong: "1" }] }, 1, []],
    ["enum misses", { enum: ["a"] }, "b", ["enum"]],
    ["const misses", { const: { x: 1, y: 2 } }, { y: 2, x: 1 }, ["const"]],
    ["minimum holds at the bound", { minimum: 5 }, 5, []],
    ["minimum misses", { minimum: 5 }, 4.9, ["number_gte"]],
    ["draft 4 exclusive minimum", { minimum: 5, exclusiveMinimum: true }, 5, ["number_gt"]],
    ["draft 4 exclusive maximum", { maximum: 5, exclusiveMaximum: true }, 5, ["number_lt"]],
    ["exclusive minimum false", { minimum: 5, exclusiveMinimum: false }, 5, []],
    ["exclusive minimum as a number", { exclusiveMinimum: 0 }, 0, ["number_gt"]],
    ["maximum with a long", { maximum: { $numberLong: "9007199254740992" } }, Long.fromString("9007199254740993"), ["number_lte"]],
    ["NaN is within no bound", { minimum: 0 }, Number.NaN, ["number_gte"]],
    ["bounds ask numbers only", { minimum: 5 }, "x", []],
    ["multipleOf by decimal digits", { multipleOf: 0.1 }, 0.3, []],
    ["multipleOf misses", { multipleOf: 0.1 }, 0.35, ["multiple_of"]],
    ["multipleOf of a decimal", { multipleOf: { $numberDecimal: "0.01" } }, Decimal128.fromString("1E+3"), []],
    ["minLength counts characters", { minLength: 2 }, "😀", ["string_gte"]],
    ["maxLength counts characters", { maxLength: 1 }, "😀", []],
    ["maxLength misses", { maxLength: 1 }, "ab", ["string_lte"]],
    ["pattern anywhere", { pattern: "b+" }, "abc", []],
    ["pattern misses", { pattern: "^b" }, "abc", ["pattern"]],
    ["format date-time", { format: "date-time" }, "2024-02-29T10:00:00Z", []],
    ["format date-time of no date", { format: "date-time" }, "2023-02-29T10:00:00Z", ["format"]],
    ["format email", { format: "email" }, "no", ["format"]],
    ["format ipv4", { format: "ipv4" }, "256.1.1.1", ["format"]],
    ["format ipv6", { format: "ipv6" }, "::1", []],
    ["format uri", { format: "uri" }, "/x", ["format"]],
    ["minItems", { minItems: 1 }, [], ["array_min_items"]],
    ["maxItems", { maxItems: 1 }, [1, 2], ["array_max_items"]],
    ["uniqueItems by value", { uniqueItems: true }, [1, "1", Long.ONE], ["unique"]],
    ["uniqueItems holds", { uniqueItems: true }, [1, "1", true, [1]], []],
    ["items", { items: { bsonType: "int" } }, [1, "x"], ["invalid_type"]],
    ["items as a list", { items: [{ bsonType: "int" }], additionalItems: { bsonType: "string" } }, [1, "x"], []],
    ["no additional items", { items: [{}], additionalItems: false }, [1, 2], ["array_no_additional_items"]],
    ["contains", { contains: { bsonType: "int" } }, ["x"], ["contains"]],
    ["minProperties", { minProperties: 1 }, {}, ["array_min_properties"]],
    ["maxProperties", { maxProperties: 0 }, { x: 1 }, ["array_max_properties"]],
    ["required", { required: ["x", "y"] }, { x: 1 }, ["required"]],
    ["required of an inherited name", { required: ["constructor", "__proto__"] }, {}, ["required", "required"]],
    ["additionalProperties false", { properties: { x: {} }, additionalProperties: false }, { x: 1, y: 1 }, ["additional_property_not_allowed"]],
    ["additionalProperties false and an inherited name", { properties: {}, additionalProperties: false }, { toString: 1 }, ["additional_property_not_allowed"]],
    ["additionalProperties schema", { additionalProperties: { bsonType: "int" } }, { y: "x" }, ["invalid_type"]],
    ["patternProperties", { patternProperties: { "^n_": { bsonType: "int" } } }, { n_a: "x" }, ["invalid_type"]],
    ["patternProperties and nothing else", { patternProperties: { "^n_": {} }, additionalProperties: false }, { other: 1 }, ["invalid_property_pattern"]],
    ["propertyNames", { propertyNames: { pattern: "^[a-z]+$" } }, { UP: 1 }, ["invalid_property_name"]],
    ["dependencies on names", { dependencies: { x: ["y"] } }, { x: 1 }, ["missing_dependency"]],
    ["dependencies on a schema", { dependencies: { x: { required: ["z"] } } }, { x: 1 }, ["required"]],
    ["anyOf", { anyOf: [{ bsonType: "int" }, { bsonType: "string" }] }, true, ["number_any_of"]],
    ["oneOf of two", { oneOf: [{ bsonType: "int" }, { bsonType: "number" }] }, 1, ["number_one_of"]],
    ["allOf", { allOf: [{ bsonType: "int" }, { minimum: 5 }] }, 1, ["number_gte", "number_all_of"]],
    ["not", { not: { bsonType: "int" } }, 1, ["number_not"]],
    ["if then", JSON.parse('{"if": {"bsonType": "int"}, "then": {"minimum": 5}}'), 1, ["condition_then"]],
    ["if else", { if: { bsonType: "int" }, else: { minLength: 3 } }, "x", ["condition_else"]],
    ["false", false, 1, ["false"]],
  ])("%s", (_name, schema, value, kinds) => {
    expect(kindsFor(schema, value)).toEqual(kinds)
  })

  test("problems name the field, and never a value", () => {
    const schema = schemaOf({ bsonType: "object", required: ["name"], properties: { address: { bsonType: "object", properties: { zips: { bsonType: "array", items: { bsonType: "int", enum: [1] } } } } } })
    const found = validateDocument(schema, { after: { address: { zips: [1, "secret-value"] } }, known: {}, calls: noCalls })
    expect(found.map(({ field, kind }) => `${kind} ${field}`)).toEqual(["required name", "invalid_type address.zips.1", "enum address.zips.1"])
    expect(JSON.stringify(found)).not.toContain("secret-value")
  })

  test("{} admits everything", () => {
    expect(problemsOf({}, { a: null })).toEqual([])
  })
})

describe("null", () => {
  const schema = { bsonType: "object", required: ["r"], properties: { r: { bsonType: "string" }, o: { bsonType: "string" }, n: { bsonType: ["string", "null"] }, u: {} } }
  test("is refused for an optional typed field unless the setting is on", () => {
    expect(problemsOf(schema, { r: "x", o: null })).toEqual(["invalid_type o"])
    expect(problemsOf(schema, { r: "x", o: null }, undefined, true)).toEqual([])
  })
  test("the setting holds for fields under patterns and additional properties too", () => {
    const others = { patternProperties: { "^p": { bsonType: "int" } }, additionalProperties: { bsonType: "string" } }
    expect(problemsOf(others, { p1: null, x: null })).toEqual(["invalid_type p1", "invalid_type x"])
    expect(problemsOf(others, { p1: null, x: null }, undefined, true)).toEqual([])
  })
  test("is admitted by a type that names it and by a field without a type", () => {
    expect(problemsOf(schema, { r: "x", n: null, u: null })).toEqual([])
  })
  test("is never admitted for a required field, unless its type names it", () => {
    expect(problemsOf(schema, { r: null }, undefined, true)).toEqual(["invalid_type r"])
    expect(problemsOf({ required: ["x"] }, { x: null }, undefined, true)).toEqual(["invalid_type x"])
    expect(problemsOf({ required: ["x"], properties: { x: { bsonType: ["int", "null"] } } }, { x: null })).toEqual([])
  })
})

describe("an _id made by the server", () => {
  const schema = schemaOf({ bsonType: "object", required: ["_id"], properties: { _id: { bsonType: "objectId" }, inner: { bsonType: "object", required: ["_id"] } } })
  test("satisfies a required that names it, at the top only", () => {
    expect(validateDocument(schema, { after: {}, known: {}, calls: noCalls, generatedId: true })).toEqual([])
    expect(validateDocument(schema, { after: {}, known: {}, calls: noCalls })).toHaveLength(1)
    expect(validateDocument(schema, { after: { inner: {} }, known: {}, calls: noCalls, generatedId: true }).map(({ field }) => field)).toEqual(["inner._id"])
  })
})

describe("validate", () => {
  const once = { "%or": [{ "%%prev": { "%exists": false } }, { "%%prev": "%%this" }] }
  const schema = { bsonType: "object", properties: { owner: { bsonType: "string", validate: once }, meta: { bsonType: "object", properties: { by: { validate: once } } }, list: { bsonType: "array", items: { validate: { "%%this": { $gte: 0 } } } } } }

  test("an owner may be set once and then stays", () => {
    expect(problemsOf(schema, { owner: "a" })).toEqual([])
    expect(problemsOf(schema, { owner: "a" }, { owner: "a" })).toEqual([])
    expect(problemsOf(schema, { owner: "b" }, { owner: "a" })).toEqual(["validate owner"])
    expect(problemsOf(schema, {}, {})).toEqual([])
  })

  test("removing the field, or the document around it, does not get round it", () => {
    expect(problemsOf(schema, {}, { owner: "a" })).toEqual(["validate owner"])
    expect(problemsOf(schema, {}, { meta: { by: "a" } })).toEqual(["validate meta.by"])
    expect(problemsOf(schema, { meta: { by: "a" } }, { meta: { by: "a" } })).toEqual([])
  })

  test("runs for each item of a list", () => {
    expect(problemsOf(schema, { list: [1, -1, 2] })).toEqual(["validate list.1"])
  })

  test("is asked only when the form is right", () => {
    expect(problemsOf(schema, { owner: 1 as Value }, { owner: "a" })).toEqual(["invalid_type owner"])
  })

  test("at the root sees the documents", () => {
    const raw = { validate: { "%%prevRoot.state": { $ne: "closed" } }, properties: {} }
    expect(problemsOf(raw, { state: "x" }, { state: "closed" })).toEqual(["validate "])
    expect(problemsOf(raw, { state: "x" })).toEqual([])
  })

  test("is found under patterns and additional properties, also of what was removed", () => {
    expect(problemsOf({ patternProperties: { "^p": { validate: once } }, additionalProperties: { validate: { "%%this": { $exists: true } } } }, { p1: 2 }, { p1: 1, gone: 1 })).toEqual(["validate p1", "validate gone"])
  })

  test("a call without an answer is undetermined; with it the change is judged again", () => {
    const calls = createCallTable()
    const check = bindSchema(schemaOf({ properties: { a: { validate: { "%%true": { "%function": { name: "f", arguments: ["%%this"] } } } } } }), {}, calls)
    expect(check({ after: { a: 1 } })).toEqual([expect.objectContaining({ kind: "validate", undetermined: true })])
    const wanted = calls.takeWanted()
    expect(wanted.map(({ args }) => args)).toEqual([[1]])
    for (const call of wanted) calls.answer(call, { state: "value", value: true })
    expect(check({ after: { a: 1 } })).toEqual([])
  })
})

describe("parseSchema refuses", () => {
  test.each<[string, unknown, string]>([
    ["an unknown type", { bsonType: "text" }, "/bsonType"],
    ["integer as a JSON type", { properties: { a: { type: "integer" } } }, "/properties/a/type"],
    ["a pattern beyond a linear-time engine", { pattern: "(a)\\1" }, "/pattern"],
    ["a broken pattern of names", { patternProperties: { "(": {} } }, "/patternProperties/("],
    ["properties that are no object", { properties: [] }, "/properties"],
    ["required that is no list", { required: true }, "/required"],
    ["a negative count", { minItems: -1 }, "/minItems"],
    ["multipleOf zero", { multipleOf: 0 }, "/multipleOf"],
    ["an empty anyOf", { anyOf: [] }, "/anyOf"],
    ["validate inside not", { not: { validate: true } }, "/not/validate"],
    ["a broken validate", { validate: { a: { $inn: 1 } } }, "/validate/a/$inn"],
    ["a schema that is text", { items: "x" }, "/items"],
  ])("%s", (_name, raw, pointer) => {
    const problems: Problems = { errors: [], warnings: [] }
    parseSchema(raw, { problems })
    expect(problems.errors.map(({ path }) => path)).toEqual([pointer])
  })

  test("endless nesting, without ending the process", () => {
    let raw: unknown = {}
    for (let level = 0; level < 20_000; level++) raw = level % 2 === 0 ? { items: raw } : { properties: { a: raw } }
    const problems: Problems = { errors: [], warnings: [] }
    parseSchema(raw, { problems })
    expect(problems.errors.map(({ code }) => code)).toEqual(["too-deep"])
  })

  test("nothing about unknown keywords, which it ignores with a warning", () => {
    const problems: Problems = { errors: [], warnings: [] }
    parseSchema({ bsonType: "object", unique: true, properties: { a: { bsonType: "float", constructor: 1 } } }, { problems })
    expect(problems.errors).toEqual([])
    expect(problems.warnings.map(({ code, path }) => `${code} ${path}`)).toEqual(["unknown-keyword /unique", "type-synonym /properties/a/bsonType", "unknown-keyword /properties/a/constructor"])
  })
})

test("a hostile text costs a pattern linear time", () => {
  const start = performance.now()
  expect(kindsFor({ pattern: "^(a+)+$" }, `${"a".repeat(20_000)}!`)).toEqual(["pattern"])
  expect(performance.now() - start).toBeLessThan(2000)
})
