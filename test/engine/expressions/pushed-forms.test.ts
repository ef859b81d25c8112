// The queries themselves (specification of rules, 15, as decision 0103 has them): what receipts show, and what indexes can serve.
import { describe, expect, test } from "vitest"
import { bind, compile, parseExpressionOrThrow, pushAll, pushAny, pushedNot, toDatabaseQuery, toQuery, type BoundExpression, type KnownScope, type Pushed } from "../../../engine/expressions/index.ts"
import { BSONRegExp, readBson, writeBson, type Document } from "../../../kernel/index.ts"
import { compileFilter } from "../../../server/storage/language/index.ts"

const pattern = new BSONRegExp("^r", "")
const known: KnownScope = { user: { id: "u1", custom_data: { l: ["red", "blue"], nulls: ["red", null], onlyNull: [null], null: null, empty: [], op: { $ne: "" }, ops: ["red", { $ne: "" }, pattern], mixed: [{ x: 1, $ne: "" }], undefined, undefinedItem: ["red", undefined], undefinedField: { x: undefined } } } }
const u = (name: string): string => `%%user.custom_data.${name}`
const bound = (raw: unknown): BoundExpression => bind(parseExpressionOrThrow(raw, { context: "field" }), known)

const aNull: Document = { a: { $eq: null, $type: "null" } }
const redOrNull: Document = { $or: [{ a: { $in: ["red"] } }, aNull] }
const anyOfList: Document = { $or: [{ a: { $eq: ["red", "blue"] } }, { $and: [{ a: { $in: ["red", "blue"] } }, { a: { $not: { $type: "array" } } }] }] }

test.each<[unknown, query: Document | "none", exact?: boolean]>([
  [{ a: { $in: ["red", 1] } }, { a: { $in: ["red", 1] } }], [{ a: { $nin: ["red", 1] } }, { a: { $nin: ["red", 1] } }], [{ a: { $in: ["red", null] } }, { a: { $in: ["red", null] } }], [{ a: { $nin: ["red", null] } }, { a: { $nin: ["red", null] } }], [{ a: { $in: [{ x: 1 }, {}, "red"] } }, { a: { $in: [{ x: 1 }, {}, "red"] } }],
  [{ a: { $nin: ["red"] } }, { a: { $nin: ["red"] } }], [{ a: { $in: [] } }, "none"], [{ a: { $nin: [] } }, {}], [{ a: { $in: u("empty") } }, "none"], [{ a: { $in: u("nulls") } }, redOrNull], [{ a: { $nin: u("nulls") } }, { $nor: [redOrNull] }], [{ a: { $in: u("onlyNull") } }, aNull],
  [{ a: { $in: u("ops") } }, { $or: [{ a: { $in: ["red"] } }, { a: { $eq: { $ne: "" } } }, { a: { $eq: pattern } }] }, false], [{ a: { $nin: u("ops") } }, {}, false], [{ a: { $in: u("mixed") } }, { a: { $eq: { x: 1, $ne: "" } } }],
  [{ a: u("l") }, anyOfList], [{ a: { $ne: u("l") } }, { $nor: [anyOfList] }], [{ a: u("empty") }, { a: { $eq: [] } }], [{ a: u("null") }, aNull], [{ a: { $ne: u("null") } }, { $nor: [aNull] }], [{ a: u("op") }, { a: { $eq: { $ne: "" } } }],
  [{ b: 1, $nor: [{ a: 2 }, { a: 3 }] }, { $and: [{ b: { $eq: 1 } }, { a: { $ne: 2 } }, { a: { $ne: 3 } }] }], [{ $or: [{ a: { $in: u("nulls") } }, { b: 1 }] }, { $or: [{ a: { $in: ["red"] } }, aNull, { b: { $eq: 1 } }] }], [{ $or: [{ a: 1, b: 2 }, { a: 3 }] }, { $or: [{ $and: [{ a: { $eq: 1 } }, { b: { $eq: 2 } }] }, { a: { $eq: 3 } }] }],
  [{ $or: [{ a: "red" }, { a: { $in: [] } }] }, { a: { $eq: "red" } }], [{ a: "red", b: { $nin: [] } }, { a: { $eq: "red" } }], [{ $or: [{ a: "red" }, { b: "%%root.a" }] }, {}, false], [{ $or: [{ b: "%%root.a" }, { a: { $nin: [] } }] }, {}],
  [{ [u("none")]: "%%root.a" }, "none"], [{ $not: { [u("none")]: "%%root.a" } }, { a: { $exists: true } }], [{ $not: { "%%user.id": "%%root.a" } }, { $and: [{ a: { $exists: true } }, { $nor: [{ a: { $eq: "u1" } }] }] }], [{ [u("none")]: "%%root.d.e" }, "none"], [{ [u("l")]: "%%root.d.e" }, { "d.e": { $in: ["red", "blue", ["red", "blue"]] } }, false], [{ [u("nulls")]: "%%root.d.e" }, { $or: [{ "d.e": { $in: ["red", ["red", null]] } }, { "d.e": { $eq: null, $type: "null" } }] }, false], [{ [u("null")]: "%%root.d.e" }, { "d.e": { $eq: null, $type: "null" } }, false],
])("%j asks for %j", (raw, query, exact = true) => {
  expect(toQuery(bound(raw))).toEqual({ query, exact })
})

test("a path that ends in an index is an upper bound, and exact where the database has the last word", () => {
  for (const [raw, query] of [[{ "d.0": u("null") }, { "d.0": { $eq: null, $type: "null" } }], [{ "d.0": { $ne: "red" } }, { "d.0": { $ne: "red" } }]] as const) expect(toDatabaseQuery(bound(raw))).toEqual({ query, exact: true })
  expect([toQuery(bound({ "d.0": "red" })), toQuery(bound({ "d.0": { $ne: "red" } }))]).toEqual([{ query: { "d.0": { $eq: "red" } }, exact: false }, { query: {}, exact: false }])
})

describe("predicates of several", () => {
  const everything: Pushed = { query: {}, exact: true }
  const nothing: Pushed = { query: "none", exact: true }
  const unsure: Pushed = { query: {}, exact: false }
  const [a, b]: [Pushed, Pushed] = [{ query: { a: 1 }, exact: true }, { query: { b: 1 }, exact: false }]

  test.each<[string, push: () => Pushed, Pushed]>([
    ["all of none", () => pushAll([]), everything], ["all of one", () => pushAll([everything, a]), a], ["all of two", () => pushAll([a, b]), { query: { $and: [{ a: 1 }, { b: 1 }] }, exact: false }], ["all with what admits nothing", () => pushAll([unsure, b, nothing]), nothing], ["all with a list and more", () => pushAll([a, { query: { $and: [{ b: 1 }], c: 1 }, exact: true }]), { query: { $and: [{ a: 1 }, { $and: [{ b: 1 }], c: 1 }] }, exact: true }],
    ["one of none", () => pushAny([]), nothing], ["one of one", () => pushAny([nothing, a]), a], ["one of two", () => pushAny([a, b]), { query: { $or: [{ a: 1 }, { b: 1 }] }, exact: false }], ["one with what admits everything", () => pushAny([b, unsure, everything]), everything], ["one with what is not known", () => pushAny([a, unsure]), unsure],
    ["not everything", () => pushedNot(everything), nothing], ["not nothing", () => pushedNot(nothing), everything], ["not what is exact", () => pushedNot(a), { query: { $nor: [{ a: 1 }] }, exact: true }], ["not what is not", () => pushedNot(b), unsure],
  ])("%s", (_name, push, expected) => {
    expect(push()).toEqual(expected)
  })
})

// A BSON type of old: documents may still hold it, but drivers send null in its place.
describe("undefined in documents and custom data", () => {
  const documents: readonly Document[] = [{}, { a: undefined }, { a: null }, { a: [undefined] }, { a: [null] }, { a: "red" }, { a: ["red"] }, { a: ["red", undefined] }, { a: ["red", null] }, { a: { x: undefined } }, { a: { x: null } }]

  test.each<[unknown]>([
    [{ a: u("null") }], [{ a: { $in: u("nulls") } }], [{ a: null }], [{ a: { $in: u("undefinedItem") } }], [{ a: u("undefinedItem") }], [{ a: { $all: u("undefinedItem") } }], [{ a: u("undefinedField") }], [{ a: { $in: [u("undefinedField")] } }], [{ [u("undefined")]: "%%root.a" }], [{ [u("undefined")]: { $in: "%%root.a" } }], [{ [u("undefinedField")]: { $in: "%%root.a" } }], [{ [u("undefinedItem")]: "%%root.a.x" }],
  ])("%j", (raw) => {
    for (const expression of [raw, { $not: raw }]) {
      const { query, exact } = toQuery(bound(expression))
      const predicate = compile(bound(expression))
      const granted = documents.filter((root) => predicate({ root }) === true)
      const admitted = documents.filter((document) => query !== "none" && compileFilter(readBson(writeBson(query)))(document))
      expect(admitted).toEqual(exact ? granted : expect.arrayContaining(granted))
    }
  })
})
