// What of an expression is judged per document, and why: the lines of a receipt.
import { describe, expect, test } from "vitest"
import { bind, createCallTable, leftOver, parseExpressionOrThrow, toQuery } from "../../../engine/expressions/index.ts"

const known = { user: { id: "u1", custom_data: { team: "red", teams: ["red", "blue"] } } }

function left(raw: unknown): Record<string, string> {
  const bound = bind(parseExpressionOrThrow(raw, { context: "field" }), known, createCallTable())
  // SOURCE: specification 15: what is left over is why a query is not exact.
  expect(toQuery(bound).exact).toBe(leftOver(bound).length === 0)
  return Object.fromEntries(leftOver(bound).map(({ pointer, reason }) => [pointer, reason]))
}

const call = "the result of a function is asked for each document"
const oneField = "it looks at one field's value, which a query does not know"
const twoPlaces = "two places of the document are compared with each other"
const constantValue = "a value of the document is compared with a constant"
const whole = "the document as a whole is compared"
const dollar = "the database cannot address a field whose name begins with `$`"
const index = "databases differ in what a number in a path means"
const values = "the database decides this comparison differently for some values"
const here = (operator: string): string => `\`${operator}\` is decided here, alike for every store`
const ofDocument = (name: string): object => ({ "%function": { name: "f", arguments: [name] } })

describe("the reason", () => {
  test.each<[string, unknown, Record<string, string>]>([
    ["a field and what is known", { a: 1, b: { $ne: "%%user.id" }, c: { $in: ["%%user.custom_data.team", "x"] }, d: { $exists: false }, e: { $size: 2 } }, {}],
    ["a function of the document", { a: ofDocument("%%root.b") }, { "/a/%function": call }],
    ["one in a list, in a document and in a comparison of constants", { a: { $in: [1, ofDocument("%%root.b"), 2] }, c: { x: ofDocument("%%root.b"), y: 1 }, "%%true": ofDocument("%%root.b") }, { "/a/$in": call, "/c": call, "/%%true": call }],
    ["operators on which stores differ", { a: { $regex: "^x" }, b: { $type: "int" }, c: { $mod: [2, 0] }, d: { $elemMatch: { x: 1 } } }, { "/a/$regex": here("$regex"), "/b/$type": here("$type"), "/c/$mod": here("$mod"), "/d/$elemMatch": here("$elemMatch") }],
    ["a known list of which an item matches the document", { "%%user.custom_data.teams": { $elemMatch: { $eq: "%%root.team" } } }, { "/%%user.custom_data.teams/$elemMatch": here("$elemMatch") }],
    ["a value of the document as a condition", { "%%false": "%%root.closed" }, { "/%%false": constantValue }],
    ["the value of a field, before and after", { "%%this": "%%user.id", "%%prev.a": { $exists: true }, "%%user.custom_data.team": "%%this" }, { "/%%this": oneField, "/%%prev.a/$exists": oneField, "/%%user.custom_data.team": oneField }],
    ["two places", { a: "%%root.b", c: { $gt: "%%prevRoot.c" }, d: { $in: [1, "%%root.e"] } }, { "/a": twoPlaces, "/c/$gt": twoPlaces, "/d/$in": twoPlaces }],
    ["the document as a whole", { "%%root": { a: 1 }, "%%prevRoot": "%%user.custom_data", "%%user.custom_data": "%%root" }, { "/%%root": whole, "/%%prevRoot": whole, "/%%user.custom_data": whole }],
    ["a name that begins with a dollar", { "%%root.$a": 1, "%%root.b.$c": "%%user.id", "%%user.id": "%%root.d.$e" }, { "/%%root.$a": dollar, "/%%root.b.$c": dollar, "/%%user.id": dollar }],
    ["a name that ends with one is no such name", { "%%root.a$": 1 }, {}],
    ["a number in a path", { "a.0": "%%user.id", "%%user.id": { $in: "%%root.b.0.c" } }, { "/a.0": index, "/%%user.id/$in": index }],
    ["a known value and a path over a list", { "%%user.id": "%%root.members.id" }, { "/%%user.id": values }],
    ["a known value and several places", { "%%user.id": ["%%root.a", "%%root.b"] }, { "/%%user.id": values }],
    ["one of several places", { "%%this": "%%root.a", "%%user.id": ["%%root", "%%root.a"], "%%user.custom_data.team": ["%%root.a", "%%root.$b"], "%%user.type": ["%%root.a", "%%root.b.0"] }, { "/%%this": oneField, "/%%user.id": whole, "/%%user.custom_data.team": dollar, "/%%user.type": index }],
    ["a known value and what a conversion makes of a field", { "%%user.id": { "%oidToString": "%%root.owner" } }, { "/%%user.id/%oidToString": values }],
  ])("%s", (_name, raw, expected) => {
    expect(left(raw)).toEqual(expected)
  })
})

describe("what is left over", () => {
  const never = { x: "%%user.custom_data.no_such" }

  test.each<[string, unknown, string[]]>([
    ["of all conditions those that are not exact", { a: 1, $and: [{ b: { $regex: "x" } }, { c: 2 }] }, ["/$and/0/b/$regex"]],
    ["of alternatives too", { $or: [{ a: { $regex: "x" } }, { b: 1 }, { c: { $type: "int" } }] }, ["/$or/0/a/$regex", "/$or/2/c/$type"]],
    ["nothing of an alternative that never holds", { $or: [{ ...never, a: { $regex: "x" } }, { b: { $regex: "x" } }] }, ["/$or/1/b/$regex"]],
    ["of one that is reversed what decides whether it is false", { $nor: [{ ...never, a: { $regex: "x" } }] }, ["/$nor/0/a/$regex"]],
    ["nothing of alternatives that are never all false, reversed", { $or: [{ b: { $type: "int" } }, { $nor: [{ $or: [never, { a: { $regex: "x" } }] }] }] }, ["/$or/0/b/$type"]],
    ["reversed twice it is as before", { $or: [{ b: { $type: "int" } }, { "%%false": { "%%false": { ...never, a: { $regex: "x" } } } }] }, ["/$or/0/b/$type"]],
    ["nothing where a constant decides", { $or: [true, { a: { $regex: "x" } }] }, []],
  ])("%s", (_name, raw, expected) => {
    expect(Object.keys(left(raw))).toEqual(expected)
  })
})
