import { describe, expect, test } from "vitest"
import { bind, createCallTable, explain, parseExpression, parseExpressionOrThrow, type Explanation, type Problems } from "../../../engine/expressions/index.ts"
import { fromEjson, ObjectId, type Document, type Value } from "../../../kernel/index.ts"

function because(raw: unknown, root: Document, customData: Document = {}): Explanation {
  return explain(bind(parseExpressionOrThrow(raw, { context: "role" }), { user: { id: "u1", custom_data: customData } }), { root, prevRoot: root })
}

describe("explain", () => {
  test("puts the value from the token beside the value in the document", () => {
    const { result, because: leaves } = because({ team: "%%user.custom_data.team", open: true }, { team: "blue", open: true }, { team: "red" })
    expect(result).toBe(false)
    expect(leaves).toEqual([{
      pointer: "/team", operator: "eq", needed: true, result: false,
      subject: { text: "%%root.team", value: "blue", type: "string" }, operand: { text: "%%user.custom_data.team", value: "red", type: "string" },
      reason: "%%root.team does not pass",
    }])
  })

  test("names the two types where they differ", () => {
    expect(because({ owner: "%%user.id" }, { owner: new ObjectId() }).because[0]?.reason).toBe("%%root.owner is of type objectId, %%user.id of type string")
  })

  test("names the expansion without a value", () => {
    const { result, because: leaves } = because({ team: "%%user.custom_data.team" }, { team: "red" })
    expect([result, leaves[0]?.reason]).toEqual([undefined, "%%user.custom_data.team has no value, so the test cannot be decided"])
  })

  test("follows a negation to the leaf that holds", () => {
    const { because: leaves } = because({ $nor: [{ a: 1 }, { b: 2 }] }, { a: 1, b: 3 })
    expect(leaves.map(({ pointer, needed, result }) => ({ pointer, needed, result }))).toEqual([{ pointer: "/$nor/0/a", needed: false, result: true }])
  })

  test("names every alternative that failed, and nothing of a true expression", () => {
    expect(because({ $or: [{ a: 1 }, { b: { $gt: 2 } }] }, {}).because.map(({ pointer }) => pointer)).toEqual(["/$or/0/a", "/$or/1/b/$gt"])
    expect(because({ $or: [{ a: 1 }, { b: 2 }] }, { b: 2 })).toEqual({ result: true, because: [] })
  })

  test("its reasons hold no values", () => {
    const { because: leaves } = because({ a: "secret-literal" }, { a: "secret-stored" })
    expect(leaves.map(({ reason }) => reason).join()).not.toContain("secret")
  })
})

describe("the leaf that stood in the way", () => {
  const user: Document = { id: "u1", custom_data: { role: "member", teams: ["red"], banned: false, oid: "no id" } }
  const document = fromEjson({
    _id: 1, team: "red", tags: ["x", "y"], owner: { $oid: "64b1f0c2a7d93e5b8c214f06" }, at: { $date: "2024-01-01T00:00:00Z" }, int: 5, long: { $numberLong: "7" }, double: 1.5, decimal: { $numberDecimal: "2" },
  }) as Document
  const calls = createCallTable()
  calls.result("answers", [])
  for (const call of calls.takeWanted()) calls.answer(call, { state: "value", value: false })

  const told = (raw: unknown, parse: { problems?: "kept" } = {}): Explanation => {
    const problems: Problems = { errors: [], warnings: [] }
    const expression = parse.problems === "kept" ? parseExpression(raw, { context: "role", problems }) : parseExpressionOrThrow(raw, { context: "role" })
    return explain(bind(expression, { user, values: { limit: 3 } }, calls), { root: document, prevRoot: document })
  }
  const known = (text: string, value: Value, type: string): object => ({ text, value, type })

  test.each<[string, unknown, object]>([
    ["a user's own data as subject", { "%%user.custom_data.role": "lead" }, {
      pointer: "/%%user.custom_data.role", operator: "eq", result: false, reason: "%%user.custom_data.role does not pass",
      subject: known("%%user.custom_data.role", "member", "string"), operand: known("the value in the rule", "lead", "string"),
    }],
    ["a value of the app", { int: { $lt: "%%values.limit" } }, { operator: "lt", reason: "%%root.int does not pass", operand: known("%%values.limit", 3, "int") }],
    ["a field that is not there", { none: 1 }, { result: false, subject: { text: "%%root.none", type: "missing" }, reason: "%%root.none has no value" }],
    ["a field that is there", { team: { $exists: false } }, { operator: "exists", needed: false, result: true, operand: undefined, reason: "%%root.team does not pass" }],
    ["a size", { tags: { $size: 3 } }, { operator: "size", subject: known("%%root.tags", ["x", "y"], "array"), reason: "%%root.tags does not pass" }],
    ["a type", { team: { $type: "int" } }, { operator: "type", reason: "%%root.team does not pass" }],
    ["a remainder", { int: { $mod: [2, 0] } }, { operator: "mod", reason: "%%root.int does not pass" }],
    ["a pattern", { team: { $regex: "^b" } }, { operator: "regex", reason: "%%root.team does not pass" }],
    ["items", { tags: { $elemMatch: { $eq: "z" } } }, { operator: "elemMatch", result: false, operand: undefined, reason: "%%root.tags does not pass" }],
    ["items that are asked for what has no value", { tags: { $elemMatch: { $eq: "%%user.custom_data.none" } } }, { operator: "elemMatch", result: undefined, reason: "what it asks of the items cannot be decided" }],
    ["a value that is to be true", { "%%true": "%%user.custom_data.banned" }, {
      operator: "isConstant", result: false, subject: undefined, operand: known("%%user.custom_data.banned", false, "bool"), reason: "the value is not the one needed",
    }],
    ["an answer of a function", { "%%true": { "%function": { name: "answers" } } }, { operand: known("the result of `answers`", false, "bool"), reason: "the value is not the one needed" }],
    ["a function that failed", { team: { "%function": { name: "fails" } } }, { result: undefined, operand: { text: "the result of `fails`", type: "missing" }, reason: "the result of `fails` has no value, so the test cannot be decided" }],
    ["a conversion that fails", { owner: { "%stringToOid": "%%user.custom_data.oid" } }, {
      result: undefined, operand: { text: "%stringToOid of %%user.custom_data.oid", type: "missing" }, reason: "%stringToOid of %%user.custom_data.oid has no value, so the test cannot be decided",
    }],
    ["a list with a part that has no value", { team: { $in: ["blue", "%%user.custom_data.none"] } }, { result: undefined, operand: { text: "%%user.custom_data.none", type: "missing" }, reason: "%%user.custom_data.none has no value, so the test cannot be decided" }],
    ["a document with such a part", { team: { a: 1, b: ["%%user.custom_data.none"] } }, { operand: { text: "%%user.custom_data.none" }, reason: "%%user.custom_data.none has no value, so the test cannot be decided" }],
    ["a list in which an item decided", { team: { $nin: ["red", "%%user.custom_data.none"] } }, { needed: false, result: true, reason: "%%root.team does not pass" }],
    ["a list in which an item decided against all", { team: { $all: ["blue", "%%user.custom_data.none"] } }, { result: false, reason: "%%root.team does not pass" }],
    ["an operand that cannot be ordered", { int: { $gt: "%%user.custom_data.teams" } }, { result: undefined, operand: known("%%user.custom_data.teams", ["red"], "array"), reason: "the operand is of a kind this test cannot use" }],
    ["one of several", { team: { $in: ["blue", "green"] } }, { operand: known("the value in the rule", ["blue", "green"], "array"), reason: "%%root.team does not pass" }],
    ["a list without the value", { tags: "z" }, { reason: "%%root.tags does not pass" }],
    ["an int beside a double", { int: 0.5 }, { subject: known("%%root.int", 5, "int"), reason: "%%root.int does not pass" }],
    ["a long beside an int", { long: 5 }, { reason: "%%root.long does not pass", subject: { type: "long" } }],
    ["a decimal beside a long", { decimal: { $numberLong: "7" } }, { reason: "%%root.decimal does not pass", subject: { type: "decimal" } }],
    ["a double beside a decimal", { double: { $numberDecimal: "2" } }, { reason: "%%root.double does not pass", subject: { type: "double" } }],
    ["a number beside text", { int: "5" }, { reason: "%%root.int is of type int, the value in the rule of type string" }],
    ["text beside a number", { team: 5 }, { reason: "%%root.team is of type string, the value in the rule of type int" }],
    ["a date beside text", { at: "2024-01-01" }, { reason: "%%root.at is of type date, the value in the rule of type string" }],
    ["false", { "%and": [false] }, { pointer: "/%and/0", operator: "constant", needed: true, result: false, subject: undefined, operand: undefined, reason: "this part is always false" }],
    ["true where false is needed", { "%%false": true }, { pointer: "/%%false", needed: false, result: true, reason: "this part is always true" }],
  ])("%s", (_name, raw, expected) => {
    const { because: leaves } = told(raw)
    expect(leaves).toHaveLength(1)
    expect(leaves[0]).toMatchObject(expected)
  })

  test.each<[string, unknown, string]>([
    ["an operator inside a value", { team: { $eq: { $gt: 1 } } }, "/team/$eq"], ["one in a list of tests", { $or: [{ team: "blue" }, { $and: [{ tags: { $ne: { "%stringToOid": "y", z: 1 } } }] }] }, "/$or/1/$and/0/tags/$ne"], ["one beside a field of the value", { int: { $gt: { a: 1, $gt: 1 } } }, "/int/$gt"],
    ["an unknown operator", { $not: { team: { $foo: 1 } } }, "/$not/team/$foo"], ["one where expressions are joined", { $and: [{ $foo: [] }] }, "/$and/0/$foo"], ["an unknown expansion", { "%%foo.a": 1 }, "/%%foo.a"], ["a path that is none", { $or: [{ "a..b": 1 }] }, "/$or/0/a..b"],
    ["no list", { $or: {} }, "/$or"], ["an empty list", { $not: { $nor: [] } }, "/$not/$nor"], ["what is joined and is no expression", { $and: [5] }, "/$and/0"], ["a list where a constant is asked", { "%%true": [] }, "/%%true"], ["an operator that none can be asked", { "%%true": { $in: [] } }, "/%%true/$in"],
    ["operators beside other keys", { team: { $eq: 1, b: 2 } }, "/team"], ["an operator without a subject", { $eq: 1 }, "/$eq"], ["types among which one is none", { team: { $type: ["string", "text"] } }, "/team/$type"], ["a list that is none", { $nor: [{ team: { $in: 5 } }] }, "/$nor/0/team/$in"],
    ["items that are asked what cannot be decided", { $and: [{ "%%true": { team: { $size: "x" } } }] }, "/$and/0/%%true/team/$size"],
  ])("a part that can never be decided is named by its place: %s", (_name, raw, pointer) => {
    const { because: leaves } = told(raw, { problems: "kept" })
    expect(leaves.filter(({ reason }) => reason === "this part can never be decided").map((leaf) => leaf.pointer)).toEqual([pointer])
  })

  test("of expressions too deep the place is where they become so", () => {
    const levels = (inner: unknown, key: string): unknown => Array.from({ length: 70 }).reduce((raw: unknown) => ({ [key]: key === "$and" ? [raw] : raw }), inner)
    const placeOf = (raw: unknown): string[] => told(raw, { problems: "kept" }).because.map(({ pointer }) => pointer)
    expect(placeOf(levels({ team: "blue" }, "$and"))).toEqual(["/$and/0".repeat(64)])
    expect(placeOf({ team: levels("blue", "$not") })).toEqual([`/team${"/$not".repeat(64)}`])
  })

  test("what is no expression can never be decided", () => {
    expect(told("yes", { problems: "kept" })).toEqual({ result: undefined, because: [{ pointer: "", operator: "constant", needed: true, result: undefined, subject: undefined, operand: undefined, reason: "this part can never be decided" }] })
  })
})
