// A value of a user is never an operator, an expansion or a path: hostile values through every position of every operator. The predicate
// must be the model's, and the query that is sent must be one the database reads as the predicate: whole when exact, an upper bound when not.
import { describe, expect, test } from "vitest"
import { applyFilters, bind, bindRules, compile, createCallTable, defaultRuleSettings, noCalls, parseExpressionOrThrow, parseRules, toQuery, type Problems } from "../../engine/index.ts"
import { BSONRegExp, Double, ObjectId, setField, toDouble, type Document, type Value } from "../../kernel/index.ts"
import { compileFilter } from "../../server/storage/language/index.ts"
import { evaluateModel } from "../model/evaluate.ts"

const ownProto: Document = {}
setField(ownProto, "__proto__", { admin: true })

const hostile: readonly (readonly [name: string, value: Value])[] = [
  ["an operator", { $ne: "" }], ["$gt", { $gt: "" }], ["$exists", { $exists: true }], ["$in", { $in: ["red", null] }], ["$nin", { $nin: [] }], ["$regex", { $regex: ".*" }], ["$where", { $where: "1" }], ["$not", { $not: { $eq: 1 } }],
  ["$or", { $or: [{}] }], ["%or", { "%or": [true] }], ["a call", { "%function": { name: "may" } }], ["a conversion", { "%stringToOid": "64b1f0c2a7d93e5b8c214f06" }], ["an expansion", "%%root.team"], ["another", "%%user.id"], ["true as an expansion", "%%true"],
  ["$ref", "$ref"], ["a reference", { $ref: "a", $id: 1 }], ["a field path", "$team"], ["a variable", "$$ROOT"], ["__proto__", "__proto__"], ["a field __proto__", ownProto], ["constructor", "constructor"], ["length", "length"],
  ["an empty list", []], ["a list of an operator", [{ $ne: null }]], ["a list of null", [null]], ["a list of lists", [["red"]]], ["a pattern", new BSONRegExp(".*", "")], ["a list of a pattern", [new BSONRegExp(".*", "")]],
  ["zero", 0], ["minus zero", toDouble(-0)], ["NaN", Number.NaN], ["infinity", Number.POSITIVE_INFINITY], ["an empty text", ""], ["an empty document", {}], ["null", null], ["false", false], ["a dotted name", { "a.b": 1 }], ["an ObjectId", new ObjectId("64b1f0c2a7d93e5b8c214f06")], ["a double", new Double(1)],
]

const v = "%%user.custom_data.v"
/** Positions by operator; `t` is a field, `l` a list of documents. */
const positions: Readonly<Record<string, unknown>> = {
  "below a field": { t: v },
  "below a path": { "d.t": v },
  "below a path with an index": { "t.0": v },
  "below the document": { "%%root": v },
  "$eq": { t: { $eq: v } }, "$ne": { t: { $ne: v } }, "$gt": { t: { $gt: v } }, "$gte": { t: { $gte: v } }, "$lt": { t: { $lt: v } }, "$lte": { t: { $lte: v } },
  "$in": { t: { $in: v } }, "$nin": { t: { $nin: v } }, "$all": { t: { $all: v } },
  "an item of $in": { t: { $in: [v, "red"] } }, "an item of $nin": { t: { $nin: [v, "red"] } }, "an item of $all": { t: { $all: [v] } },
  "an item of a literal list": { t: [v] }, "a field of a literal document": { t: { a: v } },
  "$not": { t: { $not: { $eq: v } } }, "%or below a key": { t: { "%or": [v, "red"] } }, "%and below a key": { t: { "%and": [v, { $ne: "red" }] } }, "$nor below a key": { t: { $nor: [v] } },
  "%or": { "%or": [{ t: v }, { u: 1 }] }, "%and": { "%and": [{ t: v }] }, "$nor": { $nor: [{ t: v }] }, "$not at the top": { $not: { t: v } },
  "%%true": { "%%true": v }, "%%false": { "%%false": v }, "%%false around it": { "%%false": { t: v } },
  "$elemMatch": { l: { $elemMatch: { a: v } } }, "$elemMatch of values": { l: { $elemMatch: { $eq: v } } },
  "%stringToOid": { t: { "%stringToOid": v } }, "%oidToString": { t: { "%oidToString": v } }, "%stringToUuid": { t: { "%stringToUuid": v } }, "%uuidToString": { t: { "%uuidToString": v } },
  "the subject": { [v]: "red" }, "the subject of $ne": { [v]: { $ne: "red" } }, "the subject of $exists": { [v]: { $exists: true } }, "the subject of $in": { [v]: { $in: ["red", "", 0] } }, "the subject of $size": { [v]: { $size: 0 } },
  "the subject against a field": { [v]: "%%root.t" }, "the subject in a field": { [v]: { $in: "%%root.t" } }, "the subject of $gt against a field": { [v]: { $gt: "%%root.t" } }, "the subject of $type": { [v]: { $type: "string" } }, "the subject of $mod": { [v]: { $mod: [2, 0] } },
  "the subject of $regex": { [v]: { $regex: "^r" } }, "the subject of $elemMatch": { [v]: { $elemMatch: { $exists: true } } },
  "a path into it": { [`${v}.admin`]: true }, "a path to its length": { [`${v}.length`]: { $exists: true } }, "a path to its __proto__": { [`${v}.__proto__`]: { $exists: true } }, "a path to its first": { [`${v}.0`]: { $exists: true } },
  "$exists": { t: { $exists: true }, [v]: { $exists: true } }, "$size beside it": { t: { $size: 1, $ne: v } }, "$type beside it": { t: { $type: "string", $ne: v } }, "$mod beside it": { t: { $mod: [2, 0], $ne: v } }, "$regex beside it": { t: { $regex: "d$", $ne: v } },
  "an argument of a call": { t: { "%function": { name: "echo", arguments: [v] } } },
}

const values = hostile.map(([, value]) => value)
const documents: readonly Document[] = [
  {}, { t: "red" }, { t: "blue", u: 1 }, { t: [] }, { t: ["red", 1] }, { t: 1, d: { t: "red" } }, { l: [] }, { l: [{ a: "red" }, "red", 5] }, { team: "red", t: { a: "red" } }, { t: "64b1f0c2a7d93e5b8c214f06", d: [{ t: 1 }, { t: null }] },
  ...values.flatMap((value): Document[] => [{ t: value, d: { t: value } }, { t: [value, "x"], l: [{ a: value }, value], d: [{ t: value }, {}] }, { t: { a: value } }, { t: [[value]] }]),
]
const user = (value: Value): Document => ({ id: "64b1f0c2a7d93e5b8c214f07", custom_data: { v: value } })
const echo = (_name: string, args: readonly Value[]): Value => args[0]

/** A call table that answers `echo`. */
function calls(): typeof noCalls {
  return { result: (name, args) => ({ state: "value", value: echo(name, args) }) }
}

describe.each(Object.entries(positions))("%s", (_position, raw) => {
  const expression = parseExpressionOrThrow(raw, { context: "role" })

  test.each(hostile)("%s", (_name, value) => {
    const bound = bind(expression, { user: user(value) }, calls())
    const predicate = compile(bound)
    const granted = documents.filter((root) => predicate({ root, prevRoot: root }) === true)
    const expected = documents.filter((root) => evaluateModel(raw, { user: user(value), root, prevRoot: root }, echo) === true)
    expect(granted).toEqual(expected)
    const { query, exact } = toQuery(bound)
    const selected = query === "none" ? [] : documents.filter(compileFilter(query))
    expect(granted.filter((document) => !selected.includes(document))).toEqual([])
    if (exact) expect(selected).toEqual(granted)
  })
})

describe("in the query of a filter", () => {
  const inFilters = Object.entries(positions).filter(([, raw]) => Object.keys(raw as object).every((key) => !key.startsWith("%%")) && !JSON.stringify(raw).includes("$elemMatch"))

  test.each(inFilters)("%s", (position, raw) => {
    for (const [name, value] of hostile) {
      const problems: Problems = { errors: [], warnings: [] }
      const rules = parseRules({ filters: [{ name: "f", apply_when: {}, query: raw }] }, { kind: "collection", problems })
      // Logical operators other than those of the database have no place in a filter.
      if (problems.errors.length > 0) {
        expect(["$not at the top", "%or below a key", "%and below a key", "$nor below a key"]).toContain(position)
        continue
      }
      const ledger = createCallTable()
      const bound = bindRules(rules, { user: user(value) }, { ...ledger, ...calls() }, defaultRuleSettings)
      const { query } = applyFilters(bound)
      const selected = query === "none" ? [] : documents.filter(compileFilter(query))
      const expected = documents.filter((root) => evaluateModel(raw, { user: user(value), root, prevRoot: root }, echo) === true)
      // What a path that ends in an index means is the database's to say.
      if (position === "below a path with an index") continue
      // Stores differ in whether a pattern under `$eq` is one; a filter only restricts.
      if (JSON.stringify(value).includes('"pattern"')) expect(expected).toEqual(expect.arrayContaining(selected))
      else expect({ name, selected }).toEqual({ name, selected: expected })
    }
  })
})
