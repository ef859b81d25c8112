// What the parser accepts and refuses, and that it refuses everything at once.
import { describe, expect, test } from "vitest"
import { ExpressionError, parseExpression, parseExpressionOrThrow, bind, compile, type ExpressionContext, type Problems } from "../../../engine/expressions/index.ts"

function parse(raw: unknown, context: ExpressionContext = "role"): { errors: string[]; warnings: string[]; grants: boolean } {
  const problems: Problems = { errors: [], warnings: [] }
  const expression = parseExpression(raw, { context, pointer: "/x", problems })
  const grants = compile(bind(expression, {}))({ root: {}, prevRoot: {} }) === true
  return { errors: problems.errors.map(({ code, path }) => `${code} ${path}`), warnings: problems.warnings.map(({ code, path }) => `${code} ${path}`), grants }
}

function available(context: ExpressionContext): string[] {
  return ["user", "values", "environment", "request", "root", "prevRoot", "this", "prev", "args"].filter((name) => parse({ [`%%${name}.a`]: 1 }, context).errors.length === 0)
}

describe("parseExpression", () => {
  test("collects all problems of one expression", () => {
    expect(parse({ a: { $inn: [] }, $or: [], "b..c": 1, d: "%%usr.id" }).errors).toEqual([
      "unknown-operator /x/a/$inn", "wrong-operand /x/$or", "bad-path /x/b..c", "unknown-expansion /x/d",
    ])
  })

  test.each([
    ["a broken part", { a: { $inn: [] } }],
    ["the reverse of a broken part", { $not: { a: { $inn: [] } } }],
    ["the false key over a broken part", { "%%false": { $or: [] } }],
    ["a broken part beside a true one under nor", { $nor: [{ a: { $inn: [] } }, false] }],
  ])("gives a tree that does not grant for %s", (_name, raw) => {
    const { errors, grants } = parse(raw)
    expect(errors.length).toBeGreaterThan(0)
    expect(grants).toBe(false)
  })

  test("names the nearest operator and expansion", () => {
    const problems: Problems = { errors: [], warnings: [] }
    parseExpression({ a: { $exsits: true }, b: "%%rooot.x" }, { context: "role", problems })
    expect(problems.errors.map(({ message }) => message)).toEqual([expect.stringContaining("`$exists`"), expect.stringContaining("`%%root`")])
  })

  test.each([
    ["text as a whole permission", "false"],
    ["an expansion as a whole permission", "%%user.id"],
    ["a number as a whole permission", 1],
  ])("warns of %s and never grants", (_name, raw) => {
    expect(parse(raw)).toEqual({ errors: [], warnings: ["no-expression /x"], grants: false })
    expect(parse(raw, "validate").errors).toEqual(["wrong-operand /x"])
    expect(parse(raw, "call").errors).toEqual(["wrong-operand /x"])
  })

  test("accepts exactly 64 levels and 100 segments", () => {
    const nested = (levels: number): unknown => (levels === 1 ? { a: 1 } : { $and: [nested(levels - 1)] })
    expect(parse(nested(64)).errors).toEqual([])
    expect(parse(nested(65)).errors[0]).toMatch(/^too-deep/)
    expect(parse({ [Array(100).fill("a").join(".")]: 1 }).errors).toEqual([])
    expect(parse({ [Array(101).fill("a").join(".")]: 1 }).errors[0]).toMatch(/^bad-path/)
  })

  test.each([
    ["conditions", (inner: unknown) => ({ a: inner }), (inner: unknown) => ({ $not: inner })],
    ["literal lists", (inner: unknown) => ({ a: inner }), (inner: unknown) => [inner]],
    ["literal documents", (inner: unknown) => ({ a: { $eq: inner } }), (inner: unknown) => ({ x: inner })],
    ["the true key", (inner: unknown) => inner, (inner: unknown) => ({ "%%true": inner })],
    ["arguments", (inner: unknown) => ({ "%%true": { "%function": { name: "f", arguments: [inner] } } }), (inner: unknown) => [inner]],
    ["elemMatch", (inner: unknown) => ({ a: inner }), (inner: unknown) => ({ $elemMatch: { x: inner } })],
  ])("ends deep nesting of %s with an error, not with the stack", (_name, outer, wrap) => {
    let raw: unknown = {}
    for (let level = 0; level < 20_000; level++) raw = wrap(raw)
    expect(parse(outer(raw)).errors.some((error) => error.startsWith("too-deep"))).toBe(true)
  })

  test.each([
    ["$regex from an expansion", { a: { $regex: "%%user.data.p" } }],
    ["$regex beyond a linear-time engine", { a: { $regex: "(?=a)b" } }],
    ["$options without $regex", { a: { $options: "i" } }],
    ["$size of a fraction", { a: { $size: 1.5 } }],
    ["$mod by zero", { a: { $mod: [0, 1] } }],
    ["$type of an unknown name", { a: { $type: "text" } }],
    ["$elemMatch of a scalar", { a: { $elemMatch: 1 } }],
    ["a broken wrapper", { a: { $oid: "xyz" } }],
    ["a broken wrapper in a list", { a: { $in: [{ $date: "no" }] } }],
    ["a conversion of a list", { a: { "%stringToOid": ["x"] } }],
    ["an unknown key of %function", { a: { "%function": { name: "f", args: [] } } }],
    ["arguments that are no list", { a: { "%function": { name: "f", arguments: 1 } } }],
    ["a null character in a path", { "a\0b": 1 }],
    ["null as a part", { $and: [null] }],
    ["$in of a document", { a: { $in: { x: 1 } } }],
  ])("refuses %s", (_name, raw) => {
    expect(parse(raw).errors).toEqual([expect.stringMatching(/^(wrong-operand|bad-path) /)])
  })

  test.each(["$text", "$where", "$expr", "$jsonSchema", "$geoWithin", "$bitsAllSet", "$comment", "$function", "%neq", "$near"])("refuses the operator %s", (operator) => {
    expect(parse({ a: { [operator]: {} } }).errors).toEqual([`unknown-operator /x/a/${operator}`])
    expect(parse({ [operator]: {} }).errors).toEqual([expect.stringMatching(operator === "$where" ? /./ : /^(unknown-operator|wrong-operand)/)])
  })

  test("warns of an operator inside a literal", () => {
    expect(parse({ allOf: [{ students: { $nin: [1] } }] }).warnings).toEqual(["operator-in-literal /x/allOf/0/students/$nin"])
  })

  test("knows each context's expansions", () => {
    const everywhere = ["user", "values", "environment", "request"]
    expect(available("role")).toEqual([...everywhere, "root", "prevRoot"])
    expect(available("field")).toEqual([...everywhere, "root", "prevRoot", "this", "prev"])
    expect(available("validate")).toEqual([...everywhere, "root", "prevRoot", "this", "prev"])
    expect(available("filter")).toEqual(everywhere)
    expect(available("query")).toEqual(everywhere)
    expect(available("call")).toEqual([...everywhere, "args"])
  })

  test("throws the first problem for library users who ask for it", () => {
    expect(() => parseExpressionOrThrow({ a: { $inn: 1 } }, { context: "role" })).toThrow(ExpressionError)
    expect(parseExpressionOrThrow({}, { context: "role" })).toEqual({ kind: "constant", value: true, pointer: "" })
  })
})
