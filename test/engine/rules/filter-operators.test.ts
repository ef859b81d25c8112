// The operators a filter's query may use, and what is refused when it is loaded.
import { describe, expect, test } from "vitest"
import { parseRules, type Problems } from "../../../engine/index.ts"
import type { Document } from "../../../kernel/index.ts"
import { compileFilter } from "../../../server/storage/language/index.ts"
import { matching, parse } from "./filter-world.ts"

/** The problems of a query: codes with places, and texts. */
function problemsOf(query: unknown): { codes: string[]; texts: string[]; warnings: string[] } {
  const problems: Problems = { errors: [], warnings: [] }
  parseRules({ filters: [{ name: "f", query }] }, { kind: "collection", problems })
  const place = (path: string): string => path.replace("/filters/0/query", "")
  return { codes: problems.errors.map(({ code, path }) => `${code} ${place(path)}`), texts: problems.errors.map(({ message }) => message.slice(message.indexOf(": ") + 2)), warnings: problems.warnings.map(({ code, path }) => `${code} ${place(path)}`) }
}

describe("what is refused when it is loaded, once and at its place", () => {
  test.each<[unknown, string]>([
    [{ $where: "1" }, "unknown-operator /$where"], [{ $text: { $search: "a" } }, "unknown-operator /$text"], [{ "%%user.id": "a" }, "wrong-operand /%%user.id"],
    [{ a: { $gt: 1, b: 2 } }, "wrong-operand /a"], [{ $or: [] }, "wrong-operand /$or"], [{ a: "%%root.b" }, "expansion-not-available /a"], [{ a: { $regex: "%%user.id" } }, "wrong-operand /a/$regex"], [[], "wrong-operand "],
    [{ a: { $not: 5 } }, "wrong-operand /a/$not"], [{ a: { $elemMatch: [] } }, "wrong-operand /a/$elemMatch"], [{ a: { $elemMatch: null } }, "wrong-operand /a/$elemMatch"], [{ a: { $elemMatch: { $numberLong: "1" } } }, "wrong-operand /a/$elemMatch"], [{ $and: {} }, "wrong-operand /$and"], [{ $nor: [] }, "wrong-operand /$nor"], [{ $or: [5] }, "wrong-operand /$or/0"],
    [{ $expr: { $function: { body: "" } } }, "unknown-operator /$expr/$function"], [{ $expr: [{ $accumulator: {} }] }, "unknown-operator /$expr/0/$accumulator"], [{ $expr: { $eq: ["$a", "%%user.id"] } }, "wrong-operand /$expr/$eq/1"], [{ "%expr": true }, "unknown-operator /%expr"],
    [{ a: { $size: -1 } }, "wrong-operand /a/$size"], [{ a: { "%not": { $not: { $size: -1 } } } }, "wrong-operand /a/%not/$not/$size"], [{ a: { $elemMatch: { $gt: 1, b: 2 } } }, "wrong-operand /a/$elemMatch"], [{ a: { $not: { $gt: 1, b: 2 } } }, "wrong-operand /a/$not"],
    [{ "a..b": 1 }, "bad-path /a..b"], [{ "a..b": { $mod: [2, 0] } }, "bad-path /a..b"], [{ "a..b": { $elemMatch: { b: 1 } } }, "bad-path /a..b"], [{ "a..b": { $elemMatch: { $gt: 1 } } }, "bad-path /a..b"], [{ "a..b": { $not: { $not: { $gt: 1 } } } }, "bad-path /a..b"], [{ "a..b": { $inn: 1 } }, "bad-path /a..b"],
    [{ $or: [{ a: { $elemMatch: { $where: "1" } } }] }, "unknown-operator /$or/0/a/$elemMatch/$where"], [{ a: { $mod: [2, { "%function": {} }] } }, "unknown-operator /a/$mod/1/%function"],
    [{ a: { $mod: [2, 0], "%mod": [3, 0] } }, "wrong-operand /a/%mod"], [{ a: { $elemMatch: { $gt: 2, "%gt": 1 } } }, "wrong-operand /a/$elemMatch/%gt"], [{ a: { "%elemMatch": { "%type": "%%user.id" } } }, "wrong-operand /a/%elemMatch/%type"],
    [{ a: { $in: [1, { $gt: 1 }] } }, "wrong-operand /a/$in/1"], [{ a: { "%nin": [{ $elemMatch: { b: 1 } }] } }, "wrong-operand /a/%nin/0"], [{ a: { $all: [{ $elemMatch: { b: 1 } }, 5] } }, "wrong-operand /a/$all/0"], [{ a: { $all: [{ $gt: 1 }] } }, "wrong-operand /a/$all/0"], [{ a: { $in: [{ $gt: 1, b: 1 }] } }, "wrong-operand /a/$in/0"], [{ a: { $all: [{ $elemMatch: { b: 1 }, $gt: 1 }] } }, "wrong-operand /a/$all/0"], [{ a: { $elemMatch: { $gt: 1, $or: [{ b: 1 }] } } }, "wrong-operand /a/$elemMatch"],
    [{ a: { "%or": [] } }, "wrong-operand /a/%or"], [{ a: { $not: { $and: 5 } } }, "wrong-operand /a/$not/$and"], [{ a: { $nor: [1, { $gt: 1, b: 2 }] } }, "wrong-operand /a/$nor/1"],
  ])("%j", (query, error) => {
    expect(problemsOf(query).codes).toEqual([error])
  })

  test.each<[unknown, string]>([
    [{ a: { $oid: "x" } }, "/a/$oid"], [{ a: { $eq: { $oid: "x" } } }, "/a/$eq/$oid"], [{ a: { "%in": [1, { $oid: "x" }] } }, "/a/%in/1/$oid"], [{ a: { b: [{ $date: "x" }] } }, "/a/b/0/$date"], [{ a: { $all: [{ $elemMatch: { $gt: { $oid: "x" } } }] } }, "/a/$all/0/$elemMatch/$gt/$oid"],
    [{ a: { $not: { $mod: { $oid: "x" } } } }, "/a/$not/$mod/$oid"], [{ a: { "%type": { $numberLong: "x" } } }, "/a/%type/$numberLong"], [{ a: { $eq: { $b: 1, c: { $oid: "x" } } } }, "/a/$eq/c/$oid"], [{ a: { $ref: "c", $id: { $oid: "x" } } }, "/a/$id/$oid"], [{ $expr: { $oid: "x" } }, "/$expr/$oid"], [{ a: { $elemMatch: { $ref: "c", $id: { $oid: "x" } } } }, "/a/$elemMatch/$id/$oid"],
  ])("Extended JSON that is none: %j", (query, place) => {
    expect(problemsOf(query).codes).toEqual([`wrong-operand ${place}`])
  })
})

describe("operators that the database does not know", () => {
  test.each<[unknown, place: string, near: string | undefined]>([
    [{ a: { $inn: [1] } }, "/a/$inn", "$in"], [{ a: { "%inn": [1] } }, "/a/%inn", "%in"], [{ a: { "%neq": 1 } }, "/a/%neq", "%ne"], [{ a: { $bitsAllSett: 1 } }, "/a/$bitsAllSett", "$bitsAllSet"], [{ a: { $stringToOidd: "x" } }, "/a/$stringToOidd", "%stringToOid"], [{ a: { $gt: 1, $commen: "x" } }, "/a/$commen", "$comment"],
    [{ a: { $not: { $inn: [1] } } }, "/a/$not/$inn", "$in"], [{ a: { $elemMatch: { $inn: [1] } } }, "/a/$elemMatch/$inn", "$in"], [{ a: { $elemMatch: { $not: { $elemMatch: { $inn: [1] } } } } }, "/a/$elemMatch/$not/$elemMatch/$inn", "$in"], [{ a: { $all: [{ $elemMatch: { $gt: 1 } }, { $elemMatch: { $inn: [1] } }] } }, "/a/$all/1/$elemMatch/$inn", "$in"],
    [{ a: { $elemMatch: { b: { $inn: [1] } } } }, "/a/$elemMatch/b/$inn", "$in"], [{ $or: [{ a: 1 }, { b: { "%or": [1, { $inn: [1] }] } }] }, "/$or/1/b/%or/1/$inn", "$in"],
    [{ $an: [{ a: 1 }] }, "/$an", "$and"], [{ "%orr": [{ a: 1 }] }, "/%orr", "%or"], [{ "%expr": true }, "/%expr", "$expr"], [{ "%comment": "x" }, "/%comment", "$comment"], [{ $not: { a: 1 } }, "/$not", "$nor"], [{ $gt: 1 }, "/$gt", undefined], [{ "%function": { name: "f" } }, "/%function", undefined], [{ a: { $expr: true } }, "/a/$expr", undefined], [{ a: { $foo: 1, $bar: 1 } }, "/a/$foo", undefined],
  ])("%j", (query, place, near) => {
    const { codes, texts } = problemsOf(query)
    expect(codes[0]).toBe(`unknown-operator ${place}`)
    expect(texts[0]).toBe(`there is no operator \`${place.slice(place.lastIndexOf("/") + 1)}\` in this place${near === undefined ? "" : `; did you mean \`${near}\`?`}`)
  })

  const suggested = (key: string): string | undefined => /did you mean `(.+)`/.exec(problemsOf({ a: { [key]: 1 } }).texts[0] ?? "")?.[1]

  test.each(["gte", "lte", "ne", "eq", "gt", "lt", "in", "nin", "exists", "and", "or", "nor", "not", "all", "elemMatch", "size", "type", "mod", "regex", "options", "near", "within"])("`%s` is suggested with the sign that was written", (name) => {
    expect([suggested(`$x${name}`), suggested(`%x${name}`)]).toEqual([`$${name}`, `%${name}`])
  })

  test.each(["stringToOid", "oidToString", "stringToUuid", "uuidToString", "function"])("`%%%s` is suggested with its own", (name) => {
    expect([suggested(`$x${name}`), suggested(`%x${name}`)]).toEqual([`%${name}`, `%${name}`])
  })

  test.each([{ $where: "1" }, { $text: {} }, { a: { $where: "1" } }, { a: { $elemMatch: { $text: {} } } }, { $function: {} }, { $accumulator: {} }, { $expr: { $function: {} } }])("%j is known, and cannot be used", (query) => {
    const { codes: [code = ""], texts } = problemsOf(query)
    expect(texts).toEqual([`\`${code.slice(code.lastIndexOf("/") + 1)}\` cannot be used in a filter`])
  })

  test("every one of a query is named", () => {
    expect(problemsOf({ a: { $foo: 1, $gt: 1, $bar: 1 }, $baz: 1 }).codes).toEqual(["unknown-operator /a/$foo", "unknown-operator /a/$bar", "unknown-operator /$baz"])
  })
})

describe("operators that the database knows", () => {
  test.each<[unknown]>([
    [{ a: { $type: "string" } }], [{ a: { $mod: [2, 0] } }], [{ a: { $regex: "a", $options: "i" } }], [{ a: { $comment: "x", $type: 1 } }], [{ $comment: "x", a: 1 }], [{ $expr: { $eq: ["$a", "$b"] } }], [{ $jsonSchema: { required: ["a"] } }],
    [{ $sampleRate: 0.5 }], [{ $alwaysTrue: 1 }], [{ $alwaysFalse: 1 }], [{ a: { $bitsAllClear: 1, $bitsAllSet: 2, $bitsAnyClear: 4, $bitsAnySet: 8 } }], [{ a: { $eq: { $b: 1 } } }],
    [{ a: { $near: { $geometry: { type: "Point", coordinates: [1, 2] } }, $maxDistance: 1, $minDistance: 0 } }], [{ a: { $nearSphere: [1, 2] } }], [{ a: { $geoWithin: { $box: [[0, 0], [1, 1]] } } }], [{ a: { $within: { $center: [[0, 0], 1] }, $uniqueDocs: true } }], [{ a: { $geoIntersects: { $geometry: {} } } }], [{ a: { $geoNear: [1, 2] } }],
    [{ a: { $ref: "c", $id: 1, $db: "d" } }], [{ a: { $ref: "c", $id: 1, more: 1 } }], [{ a: { $elemMatch: { $ref: "c", $id: 1 } } }], [{ a: { $elemMatch: { $comment: "x" } } }], [{ a: { $elemMatch: { $ref: "c", more: 1 } } }], [{ a: { $db: "d" } }], [{ a: { $eq: [{ $gt: 1 }] } }], [{ a: { $id: 1, $ref: "c" } }], [{ a: { $in: [{ $ref: "c", $id: 1 }, null, { b: 1, $c: 1 }] } }], [{ a: { $all: [null] } }], [{ a: { $elemMatch: { $mod: [2, 0], $not: { $type: "int" } } } }],
  ])("%j is sent as it is", (query) => {
    const { applied, errors } = parse([{ name: "f", apply_when: {}, query }])
    expect(errors).toEqual([])
    const sent = (applied.query as { $and?: object[] }).$and ?? [applied.query]
    expect(Object.assign({}, ...(sent as object[]))).toMatchObject(query as object)
  })

  test.each<[string, unknown, number[]]>([
    ["alternatives on a field", { n: { "%or": [1, { $gt: 4 }] } }, [1, 5]], ["with an expansion", { team: { $or: ["%%user.custom_data.team", { $in: ["blue"] }] } }, [1, 2, 5]], ["one that is missing", { team: { "%or": ["%%user.custom_data.missing", "blue"] } }, [2]],
    ["all of some", { n: { "%and": [{ $gt: 1 }, { $lt: 4 }] } }, [2, 3]], ["none of some", { n: { $nor: [1, { $gte: 4 }] } }, [2, 3]], ["in reverse", { n: { $not: { "%or": [1, { $gt: 4 }] } } }, [2, 3, 4]], ["alternatives beside another", { n: { "%or": [1, 2, 3], $ne: 2 } }, [1, 3]],
    ["in each other", { n: { "%or": [{ "%and": [{ $gt: 1 }, { $lt: 3 }] }, 5] } }, [2, 5]], ["among items", { list: { $elemMatch: { k: { "%or": [2, 3] } } } }, [5]],
    ["an item that a comment stands beside", { list: { $elemMatch: { $comment: "x", k: 2 } } }, [5]], ["items that meet each of one, in the other spelling", { list: { $all: [{ "%elemMatch": { t: "%%user.custom_data.team" } }] } }, [5]], ["one of an expanded list", { team: { $in: "%%user.custom_data.teams" } }, [1, 2, 5]], ["all of an expanded list", { team: { $all: "%%user.custom_data.teams" } }, []], ["all of nothing", { n: { $all: [] } }, []], ["all of one null", { team: { $all: [null] } }, [3, 4]],
    ["items that meet each of some", { list: { $all: [{ $elemMatch: { t: "%%user.custom_data.team" } }, { $elemMatch: { k: { $gt: 1 } } }] } }, [5]], ["of which none meets one", { list: { $all: [{ $elemMatch: { t: "red" } }, { $elemMatch: { k: 3 } }] } }, []],
  ])("%s", (_name, query, ids) => {
    expect(matching(query)).toEqual(ids)
    expect(problemsOf(query).warnings).toEqual([])
  })
})

describe("levels", () => {
  const nested = (levels: number, wrap: (inner: unknown) => unknown, inner: unknown = 1): unknown => (levels === 0 ? inner : nested(levels - 1, wrap, wrap(inner)))
  const endless = (wrap: (inner: unknown) => unknown): unknown => {
    let value: unknown = 1
    for (let level = 0; level < 20_000; level += 1) value = wrap(value)
    return value
  }

  test("a query has as many as the database's documents, and no more", () => {
    const list = (inner: unknown): unknown => [inner]
    expect(problemsOf({ $comment: nested(99, list) }).codes).toEqual([])
    expect(problemsOf({ a: 1, $comment: nested(100, list) }).codes).toEqual([`too-deep /$comment${"/0".repeat(99)}`])
    expect(problemsOf({ $comment: nested(99, (inner) => ({ a: inner })), b: 1 }).codes).toEqual([])
  })

  test("a deep one is asked in reverse", () => {
    const query = nested(24, (inner) => ({ $nor: [{ list: { $elemMatch: inner } }] }), { k: 1 })
    expect(problemsOf(query).codes).toEqual([])
    expect(compileFilter(parse([{ name: "f", query }]).applied.query as Document)({ list: [] })).toBe(true)
  })

  test.each<[string, (inner: unknown) => unknown]>([["$or", (inner) => ({ $or: [inner] })], ["$not", (inner) => ({ a: { $not: inner } })], ["$elemMatch", (inner) => ({ a: { $elemMatch: inner } })], ["%and below a field", (inner) => ({ "%and": [inner] })], ["a list", (inner) => [inner]], ["a document", (inner) => ({ a: inner })]])("20,000 of %s are refused once", (_name, wrap) => {
    for (const query of [endless(wrap), { a: endless(wrap) }, { $expr: endless(wrap) }]) expect(problemsOf(query).codes.map((code) => code.split(" ")[0])).toEqual(["too-deep"])
  })
})
