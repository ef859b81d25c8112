// Expressions with mistakes: every mistake is told at its place, and what is broken never grants, not even reversed (specification of rules, 2.6 and 3.1).
import { describe, expect, test } from "vitest"
import { parseRules } from "../../../engine/index.ts"
import { shadowOf } from "../../../engine/rules/index.ts"
import { bind, compile, explain, parseExpression, parseExpressionOrThrow, type Problems } from "../../../engine/expressions/index.ts"

function parse(raw: unknown): { readonly errors: string[]; readonly warnings: string[]; readonly results: unknown[] } {
  const problems: Problems = { errors: [], warnings: [] }
  const results = [raw, { $not: raw }].map((each) => compile(bind(parseExpression(each, { context: "role", problems: each === raw ? problems : { errors: [], warnings: [] } }), { user: { id: "u" } }))({ root: { a: "x", u: undefined } }))
  return { errors: problems.errors.map(({ code, path }) => `${code} ${path}`), warnings: problems.warnings.map(({ code, path }) => `${code} ${path}`), results }
}

describe("what is broken never grants, nor does its reverse", () => {
  test.each<[string, unknown, string[]]>([
    ["a wrapper, where a value is missing", { u: { $oid: "xyz" } }, ["wrong-operand /u/$oid"]],
    ["a wrapper, where a value is", { a: { $oid: "xyz" } }, ["wrong-operand /a/$oid"]],
    ["a wrapper in a list", { u: { $in: [{ $date: "no" }] } }, ["wrong-operand /u/$in/0/$date"]],
    ["a converted wrapper", { a: { "%oidToString": { $oid: "xyz" } } }, ["wrong-operand /a/%oidToString/$oid"]],
    ["a converted expansion", { a: { "%stringToOid": "%%usr.id" } }, ["unknown-expansion /a/%stringToOid"]],
    ["a conversion of nothing", { a: { "%stringToOid": {} } }, ["wrong-operand /a/%stringToOid"]],
    ["a type beside one there is", { a: { $type: ["string", "text"] } }, ["wrong-operand /a/$type/1"]],
    ["the path of a field that a ban asks", { "b..c": { $ne: 1 } }, ["bad-path /b..c"]],
    ["the path of an expansion that a ban asks", { "%%root.b..c": { $ne: 1 } }, ["bad-path /%%root.b..c"]],
    ["the name of an expansion that a ban asks", { "%%rot.c": { $ne: 1 } }, ["unknown-expansion /%%rot.c"]],
    ["the path of an operand", { a: { $ne: "%%user..id" } }, ["bad-path /a/$ne"]],
    ["a function without a name below a constant", { "%%true": { "%function": {} } }, ["wrong-operand /%%true/%function"]],
    ["a comparison below a constant", { "%%true": { $eq: true } }, ["wrong-operand /%%true/$eq"]],
    ["no operator below a constant", { "%%false": { $inn: 1, $eq: 1 } }, ["unknown-operator /%%false/$inn", "wrong-operand /%%false/$eq"]],
    ["a function among other members below a constant", { "%%true": { "%function": { name: "f" }, a: "x" } }, ["wrong-operand /%%true/%function"]],
    ["an expansion below a constant", { "%%false": "%%usr.id" }, ["unknown-expansion /%%false"]],
    ["a value that is no JSON", { a: undefined }, ["wrong-operand /a"]],
    ["a function whose name is inherited", { a: { "%function": Object.create({ name: "f" }) as unknown } }, ["wrong-operand /a/%function"]],
    ["text of two letters for two numbers", { a: { $mod: "12" } }, ["wrong-operand /a/$mod"]],
    ["a scope deeper than a value may be", { a: { $code: "x", $scope: Array.from({ length: 300 }).reduce((inner) => ({ b: inner }), {}) } }, [expect.stringMatching(/^too-deep \/a\/\$scope\/b\/b/) as string]],
  ])("%s", (_name, raw, errors) => {
    expect(parse(raw)).toEqual({ errors, warnings: [], results: [undefined, undefined] })
  })

  test.each<[string, unknown, string]>([
    ["alone", { a: { $eq: { $nin: ["y"] } } }, "operator-in-literal /a/$eq/$nin"],
    ["an expansion as the name of a field", { a: { "%%user.id": 1 } }, "operator-in-literal /a/%%user.id"],
    ["beside fields", { a: { $ne: { b: 1, $gt: 2 } } }, "operator-in-literal /a/$ne/$gt"],
    ["a conversion beside a field", { a: { $eq: { "%stringToOid": "%%user.id", b: 1 } } }, "operator-in-literal /a/$eq/%stringToOid"],
  ])("an operator in a literal, %s", (_name, raw, warning) => {
    expect(parse(raw)).toEqual({ errors: [], warnings: [warning], results: [undefined, undefined] })
    const { because } = explain(bind(parseExpressionOrThrow(raw, { context: "role" }), {}), { root: { a: "x" } })
    expect(because.map(({ reason }) => reason)).toEqual(["this part can never be decided"])
  })
})

describe("all mistakes are told at once", () => {
  test.each<[string, unknown, string[]]>([
    ["in the fields of a document", { a: { $eq: { b: { $oid: "x" }, c: { $date: "no" } } } }, ["wrong-operand /a/$eq/b/$oid", "wrong-operand /a/$eq/c/$date"]],
    ["in the conditions of a key", { a: { $gte: { $date: "no" }, $lt: { $date: "no" } } }, ["wrong-operand /a/$gte/$date", "wrong-operand /a/$lt/$date"]],
    ["in a list", { a: { $in: [{ $oid: "x" }, "%%usr.id", { $oid: "y" }] } }, ["wrong-operand /a/$in/0/$oid", "unknown-expansion /a/$in/1", "wrong-operand /a/$in/2/$oid"]],
    ["an operator there is not, over a broken value", { a: { $inn: [{ $oid: "x" }], $eq: { $oid: "x" } } }, ["unknown-operator /a/$inn", "wrong-operand /a/$eq/$oid"]],
    ["an operand of the wrong kind that is broken too", { a: { $in: { "%stringToOid": "%%usr.id" } } }, ["unknown-expansion /a/$in/%stringToOid", "wrong-operand /a/$in"]],
    ["in a call", { a: { "%function": { name: "f", args: [], arguments: ["%%usr.id", "%%root..a"] } } }, ["wrong-operand /a/%function/args", "unknown-expansion /a/%function/arguments/0", "bad-path /a/%function/arguments/1"]],
  ])("%s", (_name, raw, errors) => {
    expect(parse(raw).errors).toEqual(errors)
  })
})

test("one alternative alone is no alternative: a role with it is never assigned after one without", () => {
  const { roles: [first, second] } = parseRules({ roles: [{ name: "first", apply_when: { a: 1 } }, { name: "second", apply_when: { $or: [{ "%or": [{ a: 1, b: 2 }] }] } }] }, { kind: "collection", problems: { errors: [], warnings: [] } })
  expect(first && second && shadowOf(second, [first])).toBe(first)
})

test.each<[number, boolean]>([[2 ** 53 - 1, false], [-(2 ** 53 - 1), false], [2 ** 53, true], [-(2 ** 53), true], [2 ** 63, true], [2 ** 64, false], [1e300, false], [0.5, false]])("JSON may have lost digits of %d: %j", (number, isWarned) => {
  expect(parse({ a: number }).warnings).toEqual(isWarned ? ["inexact-number /a"] : [])
  expect(parse({ a: { $in: [{ b: number }] } }).warnings).toEqual(isWarned ? ["inexact-number /a/$in/0/b"] : [])
  expect(parse({ a: { $numberLong: "9007199254740993" } }).warnings).toEqual([])
})
