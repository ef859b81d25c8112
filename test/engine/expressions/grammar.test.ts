// The grammar of expressions, place by place: what each operator takes, and where an error points (specification of rules, 2 and 5.2).
import { describe, expect, test } from "vitest"
import { bind, compile, createCallTable, parseExpression, type DocumentScope, type ExpressionContext, type Problems, type Ternary } from "../../../engine/expressions/index.ts"
import { UUID } from "../../../kernel/index.ts"

function parse(raw: unknown, context: ExpressionContext = "role"): { errors: string[]; warnings: string[]; result: (scope: DocumentScope) => Ternary } {
  const problems: Problems = { errors: [], warnings: [] }
  const expression = parseExpression(raw, { context, problems })
  return { errors: problems.errors.map(({ code, path }) => `${code} ${path}`), warnings: problems.warnings.map(({ code, path }) => `${code} ${path}`), result: (scope) => compile(bind(expression, { user: { id: "u1", custom_data: { yes: true, no: false, text: "true" } } }, createCallTable()))(scope) }
}

const errorsOf = (raw: unknown, context?: ExpressionContext): string[] => parse(raw, context).errors
const grants = (raw: unknown, root: DocumentScope["root"] = {}): Ternary => {
  const { errors, result } = parse(raw)
  expect(errors).toEqual([])
  return result({ root })
}

describe("operands that are refused", () => {
  test.each<[unknown, string[]]>([
    [{ a: { $in: 5 } }, ["wrong-operand /a/$in"]], [{ a: { $in: "x" } }, ["wrong-operand /a/$in"]], [{ a: { $in: null } }, ["wrong-operand /a/$in"]], [{ a: { $nin: { b: 1 } } }, ["wrong-operand /a/$nin"]], [{ a: { $in: { b: "%%user.id" } } }, ["wrong-operand /a/$in"]], [{ a: { $all: 5 } }, ["wrong-operand /a/$all"]],
    [{ a: { $in: { "%stringToOid": "%%user.id" } } }, ["wrong-operand /a/$in"]], [{ a: { $exists: 1 } }, ["wrong-operand /a/$exists"]], [{ a: { $exists: "true" } }, ["wrong-operand /a/$exists"]], [{ a: { $exists: "%%user.id" } }, ["wrong-operand /a/$exists"]], [{ a: { $exists: null } }, ["wrong-operand /a/$exists"]],
    [{ a: { $size: -1 } }, ["wrong-operand /a/$size"]], [{ a: { $size: 1.5 } }, ["wrong-operand /a/$size"]], [{ a: { $size: "1" } }, ["wrong-operand /a/$size"]], [{ a: { $size: "%%user.id" } }, ["wrong-operand /a/$size"]], [{ a: { $size: null } }, ["wrong-operand /a/$size"]], [{ a: { $size: true } }, ["wrong-operand /a/$size"]], [{ a: { $size: { $numberDouble: "NaN" } } }, ["wrong-operand /a/$size"]],
    [{ a: { $type: [] } }, ["wrong-operand /a/$type"]], [{ a: { $type: ["string", "text", 99] } }, ["wrong-operand /a/$type/1", "wrong-operand /a/$type/2"]], [{ a: { $type: 99 } }, ["wrong-operand /a/$type"]], [{ a: { $type: "toString" } }, ["wrong-operand /a/$type"]], [{ a: { $type: null } }, ["wrong-operand /a/$type"]],
    [{ a: { $mod: [2] } }, ["wrong-operand /a/$mod"]], [{ a: { $mod: [2, 0, 0] } }, ["wrong-operand /a/$mod"]], [{ a: { $mod: ["2", 0] } }, ["wrong-operand /a/$mod"]], [{ a: { $mod: [2, null] } }, ["wrong-operand /a/$mod"]], [{ a: { $mod: 2 } }, ["wrong-operand /a/$mod"]], [{ a: { $mod: [0, 0] } }, ["wrong-operand /a/$mod"]], [{ a: { $mod: [0.5, 0] } }, ["wrong-operand /a/$mod"]],
    [{ a: { $regex: 5 } }, ["wrong-operand /a/$regex"]], [{ a: { $regex: "x", $options: 5 } }, ["wrong-operand /a/$regex"]], [{ a: { $regex: "x", $options: "q" } }, ["wrong-operand /a/$regex"]], [{ a: { $regex: "(" } }, ["wrong-operand /a/$regex"]], [{ a: { $regex: "%%user.id" } }, ["wrong-operand /a/$regex"]], [{ a: { $regex: "a".repeat(10_001) } }, ["wrong-operand /a/$regex"]],
    [{ a: { $options: "i", $gt: 1 } }, ["wrong-operand /a/$options"]], [{ a: { $elemMatch: [] } }, ["wrong-operand /a/$elemMatch"]], [{ a: { $elemMatch: null } }, ["wrong-operand /a/$elemMatch"]], [{ a: { $elemMatch: { $gt: 1, b: 2 } } }, ["wrong-operand /a/$elemMatch/$gt"]],
    [{ a: { "%function": 5 } }, ["wrong-operand /a/%function"]], [{ a: { "%function": {} } }, ["wrong-operand /a/%function"]], [{ a: { "%function": { name: "" } } }, ["wrong-operand /a/%function"]], [{ a: { "%function": { name: 5 } } }, ["wrong-operand /a/%function"]], [{ a: { "%function": null } }, ["wrong-operand /a/%function"]], [{ a: { "%function": ["f"] } }, ["wrong-operand /a/%function"]],
    [{ a: { $stringToOid: "x" } }, ["unknown-operator /a/$stringToOid"]], [{ a: { $oidToString: "x" } }, ["unknown-operator /a/$oidToString"]], [{ a: { $stringToUuid: "x" } }, ["unknown-operator /a/$stringToUuid"]], [{ a: { $uuidToString: "x" } }, ["unknown-operator /a/$uuidToString"]], [{ a: { $function: { name: "f" } } }, ["unknown-operator /a/$function"]],
    [{ a: { "%stringToOid": { "%oidToString": "%%user.id" } } }, ["wrong-operand /a/%stringToOid/%oidToString"]], [{ a: { "%stringToOid": { "%function": { name: "f" } } } }, ["wrong-operand /a/%stringToOid/%function"]],
    [{ $or: {} }, ["wrong-operand /$or"]], [{ $and: "x" }, ["wrong-operand /$and"]], [{ $nor: [] }, ["wrong-operand /$nor"]], [{ $or: [5, "x", null] }, ["wrong-operand /$or/0", "wrong-operand /$or/1", "wrong-operand /$or/2"]], [{ $not: 5 }, ["wrong-operand /$not"]], [{ a: { "%or": 5 } }, ["wrong-operand /a/%or"]], [{ a: { "%and": [] } }, ["wrong-operand /a/%and"]], [{ $gt: 1 }, ["wrong-operand /$gt"]], [{ "%in": [1] }, ["wrong-operand /%in"]], [{ "%neq": 1 }, ["unknown-operator /%neq"]],
    [{ a: { $gt: 1, b: 1 } }, ["wrong-operand /a"]], [{ a: { "%%user.id": 1, $gt: 2 } }, ["wrong-operand /a"]],
  ])("%j", (raw, errors) => {
    expect(errorsOf(raw)).toEqual(errors)
  })
})

describe("operands that are taken", () => {
  test("numbers in every spelling", () => {
    expect([{ $size: 0 }, { $size: 1 }, { $size: { $numberLong: "1" } }, { $size: { $numberDouble: "1.0" } }, { "%size": 1 }].map((condition) => grants({ a: condition }, { a: [5] }))).toEqual([false, true, true, true, true])
    expect([{ $mod: [2, 1] }, { $mod: [{ $numberLong: "2" }, 1] }, { $mod: [2.9, 1.2] }, { "%mod": [2, 0] }].map((condition) => grants({ a: condition }, { a: 5 }))).toEqual([true, true, true, false])
    expect([{ $type: 2 }, { $type: "string" }, { $type: ["int", 2] }, { $type: ["int", "null"] }, { $type: -1 }].map((condition) => grants({ a: condition }, { a: "x" }))).toEqual([true, true, true, false, false])
  })

  test("the constants of $exists, in words or not", () => {
    expect([true, "%%true", false, "%%false"].map((operand) => [grants({ a: { $exists: operand } }, { a: 1 }), grants({ a: { $exists: operand } })])).toEqual([[true, false], [true, false], [false, true], [false, true]])
  })

  test("patterns with their options, whichever comes first", () => {
    expect([{ $regex: "^A" }, { $regex: "^A", $options: "i" }, { $options: "i", $regex: "^A" }, { "%regex": "^A", "%options": "i" }, { $regex: "^A", $options: "" }].map((condition) => grants({ a: condition }, { a: "ab" }))).toEqual([false, true, true, true, false])
  })

  test("$elemMatch of fields, of conditions, of nothing, and of logic over fields", () => {
    const list = { a: [{ b: 1, c: 2 }, 5] }
    expect([{ b: 1 }, { b: 2 }, { $gt: 4 }, { $gt: 4, $lt: 5 }, {}, { $or: [{ b: 7 }, { c: 2 }] }, { $nor: [{ b: 1 }] }, { $not: { $lt: 6 } }, { $not: { $gt: 4 } }, { $and: [{ b: 1 }, { c: 2 }] }, { $gt: 4, $or: [{ $lt: 5 }, { $eq: 5 }] }, { $gt: 4, $or: [{ $lt: 5 }, { $eq: 6 }] }].map((inner) => grants({ a: { $elemMatch: inner } }, list))).toEqual([true, false, true, false, true, true, false, true, true, true, true, false])
    // An empty one asks for a document.
    expect(grants({ a: { $elemMatch: {} } }, { a: [5] })).toBe(false)
  })
})

describe("below `%%true` and `%%false`", () => {
  test.each<[unknown, Ternary, Ternary]>([
    [true, true, false], [false, false, true], [{}, true, false], [{ a: 1 }, true, false], [{ a: 2 }, false, true], [{ "%%true": { a: 1 } }, true, false], [{ "%%false": { a: 1 } }, false, true], [{ $or: [{ a: 2 }, { a: 1 }] }, true, false], [{ $not: { a: 1 } }, false, true], [{ $and: [true, { $nor: [false] }] }, true, false],
    ["%%user.custom_data.yes", true, false], ["%%user.custom_data.no", false, true], ["%%user.custom_data.text", false, false], ["%%user.custom_data.none", undefined, undefined], ["%%true", true, false], ["%%false", false, true], ["true", false, false], ["%%root.b", true, false], ["%%root.a", false, false],
  ])("%j", (raw, below, belowFalse) => {
    expect([grants({ "%%true": raw }, { a: 1, b: true }), grants({ "%%false": raw }, { a: 1, b: true })]).toEqual([below, belowFalse])
  })

  test.each<[unknown, string[]]>([
    [5, ["wrong-operand /%%true"]], [null, ["wrong-operand /%%true"]], [[], ["wrong-operand /%%true"]], [{ $eq: true }, ["wrong-operand /%%true/$eq"]], [{ $inn: 1 }, ["unknown-operator /%%true/$inn"]], [{ "%function": { name: "f" }, $eq: 1 }, ["wrong-operand /%%true/$eq"]], [{ "%function": { name: "f" }, "%neq": 1 }, ["unknown-operator /%%true/%neq"]], [{ "%stringToOid": 5 }, []],
  ])("%j is told", (raw, errors) => {
    expect(errorsOf({ "%%true": raw })).toEqual(errors)
  })
})

describe("levels", () => {
  const nest = (levels: number, wrap: (inner: unknown) => unknown, innermost: unknown): unknown => Array.from({ length: levels }).reduce<unknown>((inner) => wrap(inner), innermost)

  test.each<[string, (inner: unknown) => unknown, unknown, (inner: unknown) => unknown]>([
    ["logic", (inner) => ({ $or: [inner] }), { a: 1 }, (inner) => inner], ["negations", (inner) => ({ $not: inner }), { a: 1 }, (inner) => inner], ["constants", (inner) => ({ "%%false": inner }), { a: 1 }, (inner) => inner],
    ["logic below a key", (inner) => ({ "%or": [inner] }), { $gt: 1 }, (inner) => ({ a: inner })], ["negations below a key", (inner) => ({ $not: inner }), { $gt: 1 }, (inner) => ({ a: inner })], ["elements", (inner) => ({ a: { $elemMatch: inner } }), { a: 1 }, (inner) => inner], ["elements of elements", (inner) => ({ $elemMatch: inner }), { $gt: 1 }, (inner) => ({ a: inner })],
    ["literal lists", (inner) => [inner], 1, (inner) => ({ a: inner })], ["literal documents", (inner) => ({ b: inner }), 1, (inner) => ({ a: { $eq: inner } })], ["calls", (inner) => ({ "%function": { name: "f", arguments: [inner] } }), 1, (inner) => ({ a: inner })],
  ])("of %s are 64", (_name, wrap, innermost, outer) => {
    const deepest = Array.from({ length: 70 }, (_, levels) => levels).findLast((levels) => errorsOf(outer(nest(levels, wrap, innermost))).length === 0) as number
    expect(deepest).toBeGreaterThanOrEqual(61)
    expect(deepest).toBeLessThanOrEqual(64)
    expect(errorsOf(outer(nest(deepest + 1, wrap, innermost)))[0]).toMatch(/^too-deep /)
  })

  test("a path has 100 segments", () => {
    for (const [before, segments] of [["", 100], ["%%root.", 100], ["%%user.", 100]] as const) {
      expect(errorsOf({ [before + Array(segments).fill("a").join(".")]: 1 })).toEqual([])
      expect(errorsOf({ [before + Array(segments + 1).fill("a").join(".")]: 1 })[0]).toMatch(/^bad-path /)
    }
  })
})

describe("names", () => {
  test.each<[unknown, string[]]>([
    [{ "": 1 }, ["bad-path /"]], [{ "a.": 1 }, ["bad-path /a."]], [{ ".a": 1 }, ["bad-path /.a"]], [{ "%%user..id": 1 }, ["bad-path /%%user..id"]], [{ "%%true.a": 1 }, ["bad-path /%%true.a"]], [{ a: "%%false.b" }, ["bad-path /a"]], [{ "%%": 1 }, ["unknown-expansion /%%"]], [{ "%%%%": 1 }, ["unknown-expansion /%%%%"]], [{ "%%vars.x": 1 }, ["unknown-expansion /%%vars.x"]], [{ a: "%%item" }, ["unknown-expansion /a"]],
    [{ "%%this": 1 }, ["expansion-not-available /%%this"]], [{ a: "%%args.x" }, ["expansion-not-available /a"]], [{ a: "%%partition" }, ["expansion-not-available /a"]], [{ "a/b~c": { $inn: 1 } }, ["unknown-operator /a~1b~0c/$inn"]], [{ $or: [{ a: 1 }, { b: { $inn: 1 } }] }, ["unknown-operator /$or/1/b/$inn"]],
  ])("%j", (raw, errors) => {
    expect(errorsOf(raw)).toEqual(errors)
  })

  test("two closing signs are dropped, inside longer text nothing is expanded", () => {
    expect(grants({ a: "%%user.id%%" }, { a: "u1" })).toBe(true)
    expect(grants({ "%%user.id%%": "u1" })).toBe(true)
    expect(grants({ a: "id=%%user.id" }, { a: "id=%%user.id" })).toBe(true)
    expect(grants({ a: "%%true%%" }, { a: true })).toBe(true)
  })

  test("a bare key has no meaning in a filter's condition", () => {
    expect(errorsOf({ a: 1 }, "filter")).toEqual(["expansion-not-available /a"])
    expect(errorsOf({ a: { $inn: 1 } }, "filter")).toEqual(["expansion-not-available /a", "unknown-operator /a/$inn"])
    for (const context of ["role", "field", "validate", "query", "call"] as const) expect(errorsOf({ a: 1 }, context)).toEqual([])
  })
})

describe("values that look like others", () => {
  test("wrappers are values, other objects are documents", () => {
    expect(grants({ a: { $numberLong: "5" } }, { a: 5 })).toBe(true)
    expect(grants({ a: { $uuid: "6b1f0c2a-7d93-4e5b-8c21-4f060708090a" } }, { a: new UUID("6b1f0c2a-7d93-4e5b-8c21-4f060708090a").toBinary() })).toBe(true)
    expect(grants({ a: {} }, { a: {} })).toBe(true)
    expect(grants({ a: { b: { c: "%%user.id" } } }, { a: { b: { c: "u1" } } })).toBe(true)
    expect(grants({ a: { b: 1, c: "%%user.id" } }, { a: { b: 1, c: "u1" } })).toBe(true)
    expect(grants({ a: [1, "%%user.id"] }, { a: [1, "u1"] })).toBe(true)
  })

  test("a conversion of a list is undetermined, whatever is in it", () => {
    for (const name of ["%stringToUuid", "%stringToOid", "%uuidToString", "%oidToString"]) {
      expect(grants({ a: { [name]: "%%root.b" } }, { a: 1, b: ["6b1f0c2a-7d93-4e5b-8c21-4f060708090a"] })).toBeUndefined()
      expect(grants({ $not: { a: { [name]: "%%root.b" } } }, { a: 1, b: { c: 1 } })).toBeUndefined()
    }
  })
})
