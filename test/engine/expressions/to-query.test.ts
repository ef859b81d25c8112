// What the database is asked for an expression, form by form (specification of rules, 15): exactly that, at least that, or nothing.
import { describe, expect, test } from "vitest"
import { bind, compile, createCallTable, parseExpressionOrThrow, toQuery, type KnownScope } from "../../../engine/expressions/index.ts"
import { BSONRegExp, ObjectId, type Document, type Value } from "../../../kernel/index.ts"
import { compileFilter } from "../../../server/storage/language/index.ts"

const id = "64b1f0c2a7d93e5b8c214f06"
const pattern = new BSONRegExp("^r", "")
const documents: readonly Document[] = [
  {}, { a: "red" }, { a: "blue" }, { a: null }, { a: [] }, { a: ["red"] }, { a: ["red", "x"] }, { a: ["red", "blue"] }, { a: [["red", "blue"]] }, { a: [null] }, { a: 1 }, { a: [1, 5] }, { a: { x: 1 } }, { a: [{ x: 1 }, { x: 2 }] }, { a: { $ne: "" } }, { a: [{ $ne: "" }] }, { a: pattern }, { a: [pattern] }, { a: new ObjectId(id) }, { a: id },
  { d: { e: "red" } }, { d: { e: null } }, { d: [{ e: "red" }, { e: "x" }] }, { d: [{ e: null }, {}] }, { d: { e: ["red", "u1"] } }, { d: [{ e: ["red"] }, { e: "u1" }] }, { d: [{ e: "red" }, { e: "blue" }] }, { d: {} }, { a: "u1", b: "u1" }, { a: ["u1", "u2"], b: 2 }, { b: true }, { $price: 1 }, { d: { 0: "red" } }, { d: ["red", "x"] }, { d: [["red"]] },
]
const known: KnownScope = { user: { id: "u1", custom_data: { t: "red", l: ["red", "blue"], nulls: ["red", null], null: null, doc: { x: 1 }, op: { $ne: "" }, ops: ["red", { $ne: "" }, pattern], pattern, number: 1, deep: [["red", "blue"]], oid: id, empty: [] } } }
const u = (name: string): string => `%%user.custom_data.${name}`

/** `all`: no document is left out. `these`: those for which it is true, and no others. `more`: some others too, but not all. */
type Asked = "all" | "these" | "more"

describe("an expression and its reverse", () => {
  test.each<[string, unknown, exact: boolean, asked: Asked, reverseExact: boolean, reverseAsked: Asked]>([
    ["a constant", true, true, "all", true, "these"], ["an empty object", {}, true, "all", true, "these"],
    ["a literal", { a: "red" }, true, "these", true, "these"], ["a literal document", { a: { x: 1 } }, true, "these", true, "these"], ["a literal list", { a: ["red", "blue"] }, true, "these", true, "these"], ["a literal null", { a: null }, true, "these", true, "these"], ["an expanded text", { a: u("t") }, true, "these", true, "these"], ["an expanded document", { a: u("doc") }, true, "these", true, "these"], ["an expanded document that looks like an operator", { a: u("op") }, true, "these", true, "these"],
    ["an expanded null", { a: u("null") }, true, "these", true, "these"], ["an expanded list", { a: u("l") }, true, "these", true, "these"], ["an expanded list of lists", { a: u("deep") }, true, "these", true, "these"], ["an expanded list with null", { a: u("nulls") }, true, "these", true, "these"], ["an expanded list that is empty", { a: u("empty") }, true, "these", true, "these"], ["an expanded pattern", { a: u("pattern") }, false, "these", false, "all"],
    ["a missing value", { a: u("none") }, true, "these", true, "these"], ["a conversion of what is known", { a: { "%stringToOid": u("oid") } }, true, "these", true, "these"], ["one that fails", { a: { "%stringToOid": u("t") } }, true, "these", true, "these"], ["a conversion to text", { a: { "%oidToString": { $oid: id } } }, true, "these", true, "these"],
    ["$eq", { a: { $eq: u("t") } }, true, "these", true, "these"], ["$ne", { a: { $ne: "red" } }, true, "these", true, "these"], ["$ne of null from custom data", { a: { $ne: u("null") } }, true, "these", true, "these"], ["$gt", { a: { $gt: 1 } }, true, "these", true, "these"], ["$gte", { a: { $gte: 1 } }, true, "these", true, "these"], ["$lt", { a: { $lt: "red" } }, true, "these", true, "these"], ["$lte", { a: { $lte: u("t") } }, true, "these", true, "these"], ["$gt of null", { a: { $gt: null } }, true, "these", true, "these"],
    ["$in", { a: { $in: ["red", 1] } }, true, "these", true, "these"], ["$in with a literal null", { a: { $in: ["red", null] } }, true, "these", true, "these"], ["$in with one that is missing", { a: { $in: [u("none"), "red"] } }, true, "these", true, "these"], ["$in of an expanded list", { a: { $in: u("l") } }, true, "these", true, "these"], ["$in of one with null", { a: { $in: u("nulls") } }, true, "these", true, "these"], ["$in of one with operators and patterns", { a: { $in: u("ops") } }, false, "these", false, "all"], ["$in of nothing", { a: { $in: [] } }, true, "these", true, "all"], ["$in of what is no list", { a: { $in: u("t") } }, true, "these", true, "these"], ["$in of documents", { a: { $in: [{ x: 1 }, "red"] } }, true, "these", true, "these"],
    ["$nin", { a: { $nin: ["red", 1] } }, true, "these", true, "these"], ["$nin with one that is missing", { a: { $nin: [u("none"), "red"] } }, true, "these", true, "these"], ["$exists", { a: { $exists: true } }, true, "these", true, "these"], ["$exists false", { a: { $exists: false } }, true, "these", true, "these"], ["$size", { a: { $size: 2 } }, true, "these", true, "these"], ["$all", { a: { $all: ["red", "x"] } }, true, "these", true, "these"], ["$all of nothing", { a: { $all: [] } }, true, "these", true, "all"],
    ["$type", { a: { $type: "string" } }, false, "these", false, "all"], ["$mod", { a: { $mod: [2, 1] } }, false, "all", false, "all"], ["$regex", { a: { $regex: "^r" } }, false, "all", false, "all"], ["$elemMatch", { a: { $elemMatch: { x: 1 } } }, false, "all", false, "all"],
    ["a nested path", { "d.e": "red" }, true, "these", true, "these"], ["a nested path and an expanded text", { "d.e": u("t") }, true, "these", true, "these"], ["a nested path and an expanded list", { "d.e": u("l") }, true, "these", true, "these"], ["a nested path and an expanded null", { "d.e": u("null") }, true, "these", true, "these"], ["a nested path and $in of null", { "d.e": { $in: u("nulls") } }, true, "these", true, "these"],
    ["a path that ends in an index", { "d.0": "red" }, false, "these", false, "all"], ["a name with a $", { "%%root.$price": 1 }, false, "all", false, "all"], ["the document as a whole", { "%%root": { a: "red" } }, false, "all", false, "all"], ["the document that is there", { "%%root": { $exists: true } }, true, "all", true, "these"], ["the document before, on reads", { "%%prevRoot.a": "red" }, true, "these", true, "these"], ["the document before that is there", { "%%prevRoot": { $exists: true } }, true, "all", true, "these"],
    ["the value of a field", { "%%this": "red" }, false, "all", false, "all"], ["two fields", { a: "%%root.b" }, false, "all", false, "all"], ["a conversion of a field", { a: { "%oidToString": "%%root.b" } }, false, "all", false, "all"], ["a value of the document as a constant", { "%%true": "%%root.b" }, false, "all", false, "all"],
    ["what is known against a field", { "%%user.id": "%%root.a" }, true, "these", true, "these"], ["what is missing against a field", { [u("none")]: "%%root.a" }, true, "these", true, "these"], ["null against a field", { [u("null")]: "%%root.a" }, true, "these", true, "these"], ["a list against a field", { [u("l")]: "%%root.a" }, true, "these", true, "these"], ["what is known against a nested field", { "%%user.id": "%%root.d.e" }, false, "these", false, "all"], ["a list against a nested field", { [u("l")]: "%%root.d.e" }, false, "more", false, "all"], ["null against a nested field", { [u("null")]: "%%root.d.e" }, false, "more", false, "all"], ["what is missing against a nested field", { [u("none")]: "%%root.d.e" }, false, "all", false, "all"], ["what is known against an index", { [u("t")]: "%%root.d.0" }, false, "all", false, "all"],
    ["what is known in a field", { "%%user.id": { $in: "%%root.a" } }, true, "these", true, "these"], ["what is known in a nested field", { "%%user.id": { $in: "%%root.d.e" } }, false, "these", false, "all"], ["what is missing in a field", { [u("none")]: { $in: "%%root.a" } }, false, "all", false, "all"], ["null in a field", { [u("null")]: { $in: "%%root.a" } }, false, "all", false, "all"], ["a list in a field", { [u("l")]: { $in: "%%root.a" } }, false, "all", false, "all"], ["a pattern in a field", { [u("pattern")]: { $in: "%%root.a" } }, false, "all", false, "all"], ["what is known above a field", { [u("number")]: { $gt: "%%root.a" } }, false, "all", false, "all"], ["what is known in a list with a field", { "%%user.id": { $in: ["%%root.a", "x"] } }, false, "all", false, "all"], ["a path over a known list against a field", { [`${u("l")}.x`]: "%%root.a" }, false, "all", false, "all"],
    ["several fields", { a: "red", d: { $exists: false } }, true, "these", true, "these"], ["alternatives", { $or: [{ a: "red" }, { d: { $exists: true } }] }, true, "these", true, "these"], ["none of them", { $nor: [{ a: "red" }, { d: { $exists: true } }] }, true, "these", true, "these"], ["conditions below a key", { a: { "%or": ["red", { $gt: 1 }] } }, true, "these", true, "these"], ["what is certain beside the document", { $or: [{ "%%user.id": "u1" }, { a: 1 }] }, true, "all", true, "these"], ["what cannot be beside the document", { $and: [{ "%%user.id": "u2" }, { a: 1 }] }, true, "these", true, "all"],
    ["what the database decides beside what it does not", { a: { $exists: true }, b: "%%root.a" }, false, "more", false, "all"], ["either of them", { $or: [{ a: "red" }, { b: "%%root.a" }] }, false, "all", false, "more"], ["what it decides in part", { $or: [{ a: { $type: "string" } }, { a: 1 }] }, false, "these", false, "more"], ["the true key", { "%%true": { a: "red" } }, true, "these", true, "these"],
  ])("%s", (_name, raw, exact, asked, reverseExact, reverseAsked) => {
    for (const [expression, isExact, wanted] of [[raw, exact, asked], [{ $not: raw }, reverseExact, reverseAsked]] as const) {
      const calls = createCallTable()
      const bound = bind(parseExpressionOrThrow(expression, { context: "field" }), known, calls)
      const pushed = toQuery(bound)
      const predicate = compile(bound)
      const admitted = documents.filter((document) => pushed.query !== "none" && compileFilter(pushed.query)(document))
      const granted = documents.filter((document) => predicate({ root: document, prevRoot: document }) === true)
      expect(granted.filter((document) => !admitted.includes(document))).toEqual([])
      if (pushed.exact) expect(admitted).toEqual(granted)
      const found: Asked = admitted.length === granted.length ? "these" : admitted.length === documents.length ? "all" : "more"
      expect({ expression, exact: pushed.exact, asked: found }).toEqual({ expression, exact: isExact, asked: wanted === "all" && granted.length === documents.length ? "these" : wanted })
    }
  })
})

describe("what is too long to be sent", () => {
  const list = (length: number): Value[] => Array.from({ length }, (_, index) => `v${index}`)
  const pushedOf = (raw: unknown, values: Value[]): ReturnType<typeof toQuery> => toQuery(bind(parseExpressionOrThrow(raw, { context: "role" }), { user: { custom_data: { values } } }))

  test.each<[string, unknown]>([["$in", { a: { $in: u("values") } }], ["an expanded list", { a: u("values") }], ["$nin", { a: { $nin: u("values") } }], ["$all", { a: { $all: u("values") } }]])("%s of 10,000 is sent, of one more is judged here", (_name, raw) => {
    expect(pushedOf(raw, list(10_000)).exact).toBe(true)
    expect(pushedOf(raw, list(10_001))).toEqual({ query: {}, exact: false })
  })
})
