// Queries of filters: expansions as values, database operators beside them, and values that are missing.
import { describe, expect, test } from "vitest"
import { applyFilters, bindRules, CallsWanted, createCallTable, defaultRuleSettings, parseRules } from "../../../engine/index.ts"
import { ObjectId, UUID, type Document, type Value } from "../../../kernel/index.ts"
import { compileFilter } from "../../../server/storage/language/index.ts"
import { documents, matching, parse, user } from "./filter-world.ts"

describe("values", () => {
  test.each<[string, unknown, number[]]>([
    ["an expansion", { team: "%%user.custom_data.team" }, [1, 5]],
    ["an expanded list", { team: "%%user.custom_data.teams" }, [1, 2]],
    ["an expanded null matches no missing field", { team: "%%user.custom_data.none" }, [4]],
    ["an expanded object is no operator", { team: "%%user.custom_data.odd" }, []],
    ["one the database cannot be asked for exactly matches nothing", { team: "%%user.custom_data.holed" }, []],
    ["… also in reverse", { $nor: [{ team: "%%user.custom_data.holed" }] }, []],
    ["an empty document", { team: {} }, []],
    ["a literal null", { team: null }, [3, 4]],
    ["a missing value matches nothing", { team: "%%user.custom_data.missing" }, []],
    ["nor in reverse", { team: { $ne: "%%user.custom_data.missing" } }, []],
    ["nor under $nor, $not and $nin", { $nor: [{ team: "%%user.custom_data.missing" }] }, []],
    ["… $not", { team: { $not: { $eq: "%%user.custom_data.missing" } } }, []],
    ["… $nin", { team: { $nin: ["%%user.custom_data.missing"] } }, []],
    ["other branches of $or count", { $or: [{ team: "%%user.custom_data.missing" }, { n: 3 }] }, [3]],
    ["items of $in that are missing are left out", { team: { $in: ["%%user.custom_data.missing", "blue"] } }, [2]],
    ["%or and %and", { "%or": [{ "%and": [{ n: { "%gte": 1 } }, { n: { $lt: 2 } }] }, { n: 3 }] }, [1, 3]],
    ["an operator of the database beside one of expressions", { name: { $regex: "^a", $options: "i", $ne: "%%user.id" } }, [1]],
    ["in reverse", { n: { $lt: 4 }, $nor: [{ name: { $regex: "^A" } }] }, [2, 3]],
    ["an expansion inside $elemMatch", { list: { $elemMatch: { t: "%%user.custom_data.team", k: 1 } } }, [5]],
    ["in reverse, where every item has an answer", { n: { $gte: 3 }, $nor: [{ list: { $elemMatch: { t: "%%user.custom_data.team" } } }] }, [3, 4]],
    ["with a missing value", { list: { $elemMatch: { t: "%%user.custom_data.missing" } } }, []],
    ["in reverse, with a missing value", { $nor: [{ list: { $elemMatch: { t: "%%user.custom_data.missing" } } }] }, [1, 2, 3, 4]],
    ["a path that ends in an index", { "team.0": "red" }, [5]],
    ["… in reverse", { n: { $gt: 3 }, "team.0": { $ne: "red" } }, [4]],
    ["… with an expansion", { "team.0": "%%user.custom_data.team" }, [5]],
    ["… with an expansion, in reverse", { n: { $gt: 3 }, "team.0": { $ne: "%%user.custom_data.team" } }, [4]],
    ["a regular expression as a value is the database's pattern", { name: { $regularExpression: { pattern: "^a", options: "i" } } }, [1]],
    ["… in $in", { name: { $in: [{ $regularExpression: { pattern: "^b", options: "" } }, "Ana"] } }, [1, 2]],
    ["… beside other values", { name: { $in: [{ $regularExpression: { pattern: "^b", options: "" } }, 1, null, true] } }, [2, 3, 4, 5]],
    ["a document with an expansion in it", { list: { t: "%%user.custom_data.team", k: 1 } }, [5]],
    ["a document with an expansion as a name in it matches nothing", { team: { "%%user.id": 1 } }, []],
    ["either spelling inside $elemMatch", { team: { "%elemMatch": { "%in": ["x"], $ne: "y" } } }, [5]],
    ["$not around $not", { team: { $not: { "%not": { $eq: "%%user.custom_data.team" } } } }, [1, 5]],
    ["$not around a pattern", { name: { $not: { $regularExpression: { pattern: "^a", options: "i" } } } }, [2, 3, 4, 5]],
    ["a literal beside an expansion", { n: { $gt: 1, $ne: "%%user.id", $lt: 3 } }, [2]],
    ["a literal list and a literal document", { $or: [{ team: ["red", "x"] }, { list: { $elemMatch: { $eq: { t: "x", k: 1 } } } }] }, [5]],
    ["nothing at all", {}, [1, 2, 3, 4, 5]],
    ["the reverse of several fields", { $nor: [{ team: "%%user.custom_data.team", n: 1 }] }, [2, 3, 4, 5]],
    ["the reverse of alternatives", { $nor: [{ $or: [{ team: "%%user.custom_data.team" }, { n: 2 }] }] }, [3, 4]],
    ["the reverse of the reverse", { $nor: [{ $nor: [{ team: "%%user.custom_data.team" }] }] }, [1, 5]],
    ["$not around an operator of the database", { name: { $not: { $regex: "^A" } } }, [2, 3, 4, 5]],
    ["$not around both kinds", { n: { $not: { $gt: 1, $mod: [2, 0] } } }, [1, 3, 5]],
    ["$elemMatch over alternatives", { list: { $elemMatch: { $or: [{ t: "%%user.custom_data.team" }, { k: 7 }], k: { $lt: 2 } } } }, [5]],
    ["$elemMatch over the items themselves", { team: { $elemMatch: { $in: ["x"] } } }, [5]],
    ["alternatives, one of which asks nothing", { $or: [{ n: 1 }, {}] }, [1, 2, 3, 4, 5]],
    ["alternatives, none of which can hold", { $or: [{ team: "%%user.custom_data.missing" }, { n: "%%user.custom_data.missing" }] }, []],
    ["an expanded list under $all", { team: { $all: ["%%user.custom_data.team", "x"] } }, [5]],
    ["a document as a value", { list: { t: "x", k: 2 } }, [5]],
    ["a number of 64 bits", { n: { $numberLong: "3" } }, [3]],
    ["… under an operator", { n: { $gt: { $numberLong: "3" } } }, [4, 5]],
    ["a date beside an expansion", { n: { $ne: { $date: "2024-01-01T00:00:00Z" }, $in: ["%%user.id", 1] } }, [1]],
  ])("%s", (_name, query, ids) => {
    expect(matching(query)).toEqual(ids)
  })
})

describe("operators", () => {
  test.each<[string, unknown, number[]]>([
    ["eq", 2, [2]], ["ne", 2, [1, 3, 4, 5]], ["gt", 3, [4, 5]], ["gte", 3, [3, 4, 5]], ["lt", 3, [1, 2]], ["lte", 3, [1, 2, 3]], ["in", [1, 2], [1, 2]], ["nin", [1, 2], [3, 4, 5]], ["exists", false, []], ["all", [2], [2]], ["size", 1, []],
  ])("%s has two spellings, with literals and beside expansions", (name, operand, ids) => {
    for (const spelling of [`$${name}`, `%${name}`]) {
      expect(matching({ n: { [spelling]: operand } })).toEqual(ids)
      expect(matching({ n: { [spelling]: operand, $not: { $eq: "%%user.id" } } })).toEqual(ids)
    }
  })

  test.each<[string, number[]]>([["$eq", [1]], ["$ne", [2, 3, 4]], ["$gt", [2, 3]], ["$gte", [1, 2, 3]], ["$lt", [4]], ["$lte", [1, 4]]])("%s takes an expansion", (operator, ids) => {
    const { applied, errors } = parse([{ name: "f", apply_when: {}, query: { s: { [operator]: "%%user.custom_data.team" } } }])
    expect(errors).toEqual([])
    const texts: readonly Document[] = [{ _id: 1, s: "red" }, { _id: 2, s: "white" }, { _id: 3, s: "yellow" }, { _id: 4, s: "blue" }]
    expect(texts.filter(compileFilter(applied.query as Document)).map(({ _id }) => _id)).toEqual(ids)
  })

  test("$exists takes a constant", () => {
    expect(matching({ team: { $exists: "%%true" } })).toEqual([1, 2, 4, 5])
    expect(matching({ team: { $exists: "%%false" } })).toEqual([3])
  })

  test("each conversion and a call stand below a key and in $in", () => {
    const [id, uuid] = ["64b1f0c2a7d93e5b8c214f06", "6b1f0c2a-7d93-4e5b-8c21-4f060708090a"]
    const values: Readonly<Record<string, readonly [operand: unknown, value: Value]>> = { "%stringToOid": [id, ObjectId.createFromHexString(id)], "%oidToString": [{ $oid: id }, id], "%stringToUuid": [uuid, new UUID(uuid).toBinary()], "%uuidToString": [{ $uuid: uuid }, uuid] }
    for (const [name, [operand, value]] of Object.entries(values)) {
      for (const condition of [{ [name]: operand }, { $in: [{ [name]: operand }] }, { $eq: { [name]: operand } }]) {
        const { applied, errors } = parse([{ name: "f", apply_when: {}, query: { a: condition } }])
        expect([errors, [{ a: value }, { a: "x" }].map(compileFilter(applied.query as Document))]).toEqual([[], [true, false]])
      }
    }
    expect(() => parse([{ name: "f", apply_when: {}, query: { a: { "%function": { name: "f" } } } }])).toThrow(CallsWanted)
  })

  test("no item of a list may fail to be false in reverse", () => {
    const query = parse([{ name: "f", apply_when: {}, query: { $nor: [{ list: { $elemMatch: { t: "%%user.custom_data.team" } } }] } }]).applied.query as Document
    expect([{ list: [{ t: "x" }, { t: "y" }] }, { list: [{ t: "x" }, { t: "red" }] }, { list: [] }, {}].map(compileFilter(query))).toEqual([true, false, true, true])
  })

  test("conversions and calls stand where a value may", () => {
    const id = "64b1f0c2a7d93e5b8c214f06"
    const { applied, errors } = parse([{ name: "f", apply_when: {}, query: { a: { "%stringToOid": id }, b: { $in: [{ "%oidToString": { $oid: id } }] }, c: { "%uuidToString": { "%%user": 1 } } } }, { name: "g", apply_when: {}, query: { a: { "%stringToOid": id } } }])
    expect([errors.length > 0, applied.query]).toEqual([true, "none"])
    const query = parse([{ name: "f", apply_when: {}, query: { a: { "%stringToOid": id }, b: { $in: [{ "%oidToString": { $oid: id } }] } } }]).applied.query as Document
    const found: Document = { a: ObjectId.createFromHexString(id), b: id }
    expect([found, { ...found, a: id }, { ...found, b: "x" }].map(compileFilter(query))).toEqual([true, false, false])
  })
})

test("a query with an error matches nothing, should its file be used all the same", () => {
  for (const query of [{ a: 1, b: { $size: -1 } }, { $nor: [{ b: { $size: -1 } }] }, { $or: [{ a: 1 }, { b: { $type: "%%user.id" } }] }]) {
    const rules = parseRules({ filters: [{ name: "f", query }] }, { kind: "collection", problems: { errors: [], warnings: [] } })
    expect(applyFilters(bindRules(rules, { user }, createCallTable(), defaultRuleSettings)).query).toBe("none")
  }
})

test("without filters nothing is added", () => {
  expect(parse([]).applied).toEqual({ query: {}, projections: [], conflict: false })
})

test("what two filters ask alike, the database is asked once", () => {
  const asked = (...queries: object[]): unknown => parse(queries.map((query, index) => ({ name: `f${index}`, query }))).applied.query
  expect(asked({ a: 1 }, { a: 1 }, { b: "%%user.id" }, { a: 1 })).toEqual({ $and: [{ a: 1 }, { b: { $eq: "u1" } }] })
  expect(asked({ $or: [{ a: 1 }, { b: 1 }, { a: 1 }] })).toEqual({ $or: [{ a: 1 }, { b: 1 }] })
  expect(asked({ a: 1 }, { a: { $numberLong: "1" } })).not.toEqual({ a: 1 })
})

test("all filters that apply are merged; one that cannot be decided applies", () => {
  const { applied } = parse([
    { name: "a", apply_when: {}, query: { n: { $gt: 1 } }, projection: { n: 1, _id: 0 } }, { name: "b", query: { team: "red" }, projection: {} }, { name: "c", apply_when: { "%%user.type": "%%values.missing" }, query: { m: 1 } },
    { name: "d", apply_when: { "%%user.custom_data.guest": true }, query: { n: 0 }, projection: { n: 0 } },
  ])
  expect(applied).toMatchObject({ projections: [{ n: 1, _id: 0 }], conflict: false })
  expect(documents.map((each): Document => ({ ...each, m: 1 })).filter(compileFilter(applied.query as Document)).map(({ _id }) => _id)).toEqual([5])
  expect(parse([{ name: "a", apply_when: {}, projection: { n: 1 } }, { name: "b", apply_when: {}, projection: { m: 0 } }]).applied.conflict).toBe(true)
  expect(parse([{ name: "a", apply_when: {}, projection: { n: 1 } }, { name: "b", apply_when: {}, projection: { _id: 0 } }]).applied.conflict).toBe(false)
})

test.each<[string, readonly Document[], boolean]>([
  ["both including", [{ a: 1 }, { b: true }], false], ["both excluding", [{ a: 0 }, { b: false }], false], ["including and excluding", [{ a: 1 }, { b: 0 }], true], ["including and excluding by false", [{ a: true }, { b: false }], true], ["`_id` goes with including", [{ a: 1, _id: 0 }, { b: 1 }], false],
  ["and with excluding", [{ a: 0 }, { _id: 1 }], false], ["one that mixes, with one that includes", [{ a: 1 }, { b: 0, _id: 1 }], true], ["a field and an expression", [{ a: { $slice: 1 } }, { b: 1 }], false], ["the last of several excludes", [{ a: 1, c: 1 }, { b: 0, d: 0 }], true], ["only one of several fields says so", [{ a: { $slice: 1 }, b: 0 }, { c: 1 }], true],
  ["text that is empty is no 0", [{ a: "" }, { b: 1 }], false], ["an empty object says nothing", [{ a: {} }, { b: 0 }], false], ["a part of a list goes with excluding", [{ a: { $slice: 1 } }, { b: 0 }], false], ["a matching element does not", [{ a: { $elemMatch: { x: 1 } } }, { b: 0 }], true], ["fields of a field that are excluded", [{ a: { b: 0 } }, { c: 0 }], false], ["of which one is included elsewhere", [{ a: { b: { c: false } } }, { d: 1 }], true],
  ["fields of a field that are included", [{ a: { b: 1 } }, { c: 1 }], false], ["where others are excluded", [{ a: { b: 1 } }, { c: 0 }], true], ["a part of a list in a field", [{ a: { b: { $slice: 1 } } }, { c: 0 }], false], ["an `_id` in a field", [{ a: { _id: 0 } }, { c: 1 }], true],
])("projections of filters: %s", (_name, projections, conflict) => {
  expect(parse(projections.map((projection, index) => ({ name: `f${index}`, apply_when: {}, projection }))).applied).toEqual({ query: {}, projections, conflict })
})

test.each(["$numberInt", "$numberLong", "$numberDouble", "$numberDecimal"])("a 0 of `%s` excludes", (kind) => {
  const conflictWith = (value: number): boolean => parse([{ a: { [kind]: "0" } }, { b: value }].map((projection, index) => ({ name: `f${index}`, projection }))).applied.conflict
  expect([conflictWith(0), conflictWith(1)]).toEqual([false, true])
})
