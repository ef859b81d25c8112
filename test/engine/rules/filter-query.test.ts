// Queries of filters: expansions as values, database operators beside them, and values that are missing.
import { describe, expect, test } from "vitest"
import { applyFilters, bindRules, createCallTable, defaultRuleSettings, parseRules, type AppliedFilters, type Problems } from "../../../engine/index.ts"
import type { Document } from "../../../kernel/index.ts"
import { compileFilter } from "../../../server/storage/language/index.ts"

const user: Document = { id: "u1", custom_data: { team: "red", teams: ["red", "blue"], none: null, odd: { $ne: "" } } }

function parse(filters: readonly unknown[]): { applied: AppliedFilters; errors: string[] } {
  const problems: Problems = { errors: [], warnings: [] }
  const rules = parseRules({ filters }, { kind: "collection", problems })
  const errors = problems.errors.map(({ code, path }) => `${code} ${path}`)
  return { errors, applied: errors.length > 0 ? { query: "none", projections: [], conflict: false } : applyFilters(bindRules(rules, { user }, createCallTable(), defaultRuleSettings)) }
}

const documents: readonly Document[] = [
  { _id: 1, team: "red", n: 1, name: "Ana" }, { _id: 2, team: "blue", n: 2, name: "bo" }, { _id: 3, n: 3 }, { _id: 4, team: null, n: 4 }, { _id: 5, team: ["red", "x"], n: 5, list: [{ t: "red", k: 1 }, { t: "x", k: 2 }] },
]

function matching(query: unknown): unknown[] {
  const { applied, errors } = parse([{ name: "f", apply_when: {}, query }])
  expect(errors).toEqual([])
  return applied.query === "none" ? [] : documents.filter(compileFilter(applied.query)).map(({ _id }) => _id)
}

describe("values", () => {
  test.each<[string, unknown, number[]]>([
    ["an expansion", { team: "%%user.custom_data.team" }, [1, 5]],
    ["an expanded list", { team: "%%user.custom_data.teams" }, [1, 2]],
    ["an expanded null matches no missing field", { team: "%%user.custom_data.none" }, [4]],
    ["an expanded object is no operator", { team: "%%user.custom_data.odd" }, []],
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
    ["in reverse, with a missing value", { $nor: [{ list: { $elemMatch: { t: "%%user.custom_data.missing" } } }] }, [1, 2, 3, 4]],
    ["a path that ends in an index", { "team.0": "red" }, [5]],
    ["… in reverse", { n: { $gt: 3 }, "team.0": { $ne: "red" } }, [4]],
    ["… with an expansion", { "team.0": "%%user.custom_data.team" }, [5]],
    ["… with an expansion, in reverse", { n: { $gt: 3 }, "team.0": { $ne: "%%user.custom_data.team" } }, [4]],
    ["a regular expression as a value is the database's pattern", { name: { $regularExpression: { pattern: "^a", options: "i" } } }, [1]],
    ["… in $in", { name: { $in: [{ $regularExpression: { pattern: "^b", options: "" } }, "Ana"] } }, [1, 2]],
    ["a literal beside an expansion", { n: { $gt: 1, $ne: "%%user.id", $lt: 3 } }, [2]],
    ["a literal list and a literal document", { $or: [{ team: ["red", "x"] }, { list: { $elemMatch: { $eq: { t: "x", k: 1 } } } }] }, [5]],
    ["nothing at all", {}, [1, 2, 3, 4, 5]],
  ])("%s", (_name, query, ids) => {
    expect(matching(query)).toEqual(ids)
  })
})

describe("what is refused when it is loaded", () => {
  test.each<[unknown, string]>([
    [{ $where: "1" }, "unknown-operator /filters/0/query/$where"], [{ $text: { $search: "a" } }, "unknown-operator /filters/0/query/$text"], [{ "%%user.id": "a" }, "wrong-operand /filters/0/query/%%user.id"],
    [{ a: { $gt: 1, b: 2 } }, "wrong-operand /filters/0/query/a"], [{ $or: [] }, "wrong-operand /filters/0/query/$or"], [{ a: "%%root.b" }, "expansion-not-available /filters/0/query/a"], [{ a: { $regex: "%%user.id" } }, "wrong-operand /filters/0/query/a"], [[], "wrong-operand /filters/0/query"],
  ])("%j", (query, error) => {
    expect(parse([{ name: "f", apply_when: {}, query }]).errors).toEqual([error])
  })
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
