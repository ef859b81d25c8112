// Evaluation beyond the fixtures: hostile values, remaining operators, calls, and what is decided before any document.
import { describe, expect, test } from "vitest"
import { bind, compile, constantOf, createCallTable, noCalls, parseExpressionOrThrow, toQuery, type CallLedger, type DocumentScope, type ExpressionContext, type KnownScope, type Ternary } from "../../../engine/expressions/index.ts"
import { Binary, BSONRegExp, BSONSymbol, Decimal128, Double, Int32, Long, ObjectId, UUID, type Document, type Value } from "../../../kernel/index.ts"

const user = (customData: Value): KnownScope => ({ user: { id: "u1", type: "normal", data: {}, custom_data: customData, identities: [] } })

function evaluate(raw: unknown, root: Document, known: KnownScope = user({}), context: ExpressionContext = "role", more: DocumentScope = {}): Ternary {
  return compile(bind(parseExpressionOrThrow(raw, { context }), known, noCalls))({ root, prevRoot: root, ...more })
}

function withProto(value: Value): Document {
  return JSON.parse(`{"__proto__": ${JSON.stringify(value)}}`) as Document
}

describe("own properties only", () => {
  test.each(["__proto__", "constructor", "toString", "constructor.name", "a.length", "a.constructor", "s.length", "s.0", "__proto__.toString", "id.buffer", "at.getTime", "hasOwnProperty", "a.0.length"])("%s does not exist unless the document holds it", (path) => {
    const root = { a: [1, "xy"], s: "text", id: new ObjectId(), at: new Date(0) }
    expect(evaluate({ [`%%root.${path}`]: { $exists: true } }, root)).toBe(false)
    expect(evaluate({ a: `%%root.${path}` }, root)).toBe(undefined)
    expect(evaluate({ [`%%user.custom_data.${path}`]: { $exists: true } }, {}, user({ a: [1, "xy"], s: "text" }))).toBe(false)
  })

  test("a stored field of such a name is read", () => {
    expect(evaluate(withProto({ x: 1 }), withProto({ x: 1 }))).toBe(true)
    expect(evaluate({ "%%root.__proto__.x": 1 }, withProto({ x: 1 }))).toBe(true)
    expect(evaluate({ "%%root.x": 1 }, withProto({ x: 1 }))).toBe(false)
    expect(evaluate({ constructor: 1 }, { constructor: 1 })).toBe(true)
  })

  test("documents without a prototype are read alike", () => {
    const bare = Object.assign(Object.create(null) as Document, { a: { b: 1 } })
    expect(evaluate({ "a.b": 1 }, bare)).toBe(true)
    expect(evaluate({ "a.b": 1 }, { a: Object.assign(Object.create(null) as Document, { b: 1 }) })).toBe(true)
  })

  test("a literal with a field named __proto__ keeps it as a field", () => {
    const raw = JSON.parse('{"a": {"__proto__": {"x": "%%user.id"}}}') as unknown
    expect(evaluate(raw, { a: withProto({ x: "u1" }) })).toBe(true)
    expect(evaluate(raw, { a: {} })).toBe(false)
  })
})

describe("values are never expressions", () => {
  test.each([
    ["an expansion in custom data", { f: "%%user.custom_data.v" }, { v: "%%user.id" }, { f: "u1" }],
    ["an operator in custom data", { f: "%%user.custom_data.v" }, { v: { $ne: "" } }, { f: "x" }],
    ["an operator in a list of custom data", { f: { $in: "%%user.custom_data.v" } }, { v: [{ $exists: true }] }, { f: "x" }],
    ["a pattern in custom data", { f: "%%user.custom_data.v" }, { v: new BSONRegExp(".*") }, { f: "x" }],
    ["a pattern in a list of custom data", { f: { $in: "%%user.custom_data.v" } }, { v: [new BSONRegExp(".*")] }, { f: "x" }],
    ["a document dressed as a BSON object", { f: "%%user.custom_data.v" }, { v: { _bsontype: "ObjectId", id: "x" } }, { f: new ObjectId() }],
  ])("%s", (_name, raw, data, root) => {
    const known = user(data as unknown as Value)
    expect(evaluate(raw, root as Document, known)).toBe(false)
    const { query } = toQuery(bind(parseExpressionOrThrow(raw, { context: "role" }), known))
    // Whatever the value, it stands below `$eq`, where nothing is an operator, or in a list of plain values.
    expect(JSON.stringify(query)).not.toMatch(/"f":\{"\$(ne|exists)"|\$in":\[\{/)
  })

  test("an item of a literal list and an argument are not expanded twice", () => {
    expect(evaluate({ f: { $in: ["%%user.custom_data.v"] } }, { f: "u1" }, user({ v: "%%user.id" }))).toBe(false)
  })
})

describe("numbers, dates and text", () => {
  test("objects of all number classes compare by value", () => {
    for (const one of [1, new Int32(1), new Double(1), Long.fromNumber(1), Decimal128.fromString("1.0")]) {
      expect(evaluate({ a: 1 }, { a: one })).toBe(true)
      expect(evaluate({ a: { $lte: 1 } }, { a: one })).toBe(true)
      expect(evaluate({ a: { $gt: 1 } }, { a: one })).toBe(false)
      expect(evaluate({ a: "%%user.custom_data.n" }, { a: one }, user({ n: Decimal128.fromString("1") }))).toBe(true)
    }
  })

  test("NaN equals itself and is on no side of a number", () => {
    expect(evaluate({ a: { $numberDouble: "NaN" } }, { a: Number.NaN })).toBe(true)
    for (const operator of ["$gt", "$gte", "$lt", "$lte"]) expect(evaluate({ a: { [operator]: 1 } }, { a: Number.NaN })).toBe(false)
    expect(evaluate({ a: { $gte: { $numberDouble: "NaN" } } }, { a: Number.NaN })).toBe(true)
    expect(evaluate({ a: { $gt: { $numberDouble: "NaN" } } }, { a: 1 })).toBe(false)
  })

  test("64-bit integers keep their last digit", () => {
    expect(evaluate({ a: { $gt: { $numberLong: "9007199254740992" } } }, { a: Long.fromString("9007199254740993") })).toBe(true)
  })

  test("a symbol is text", () => {
    expect(evaluate({ a: "x" }, { a: new BSONSymbol("x") })).toBe(true)
    expect(evaluate({ a: "x" }, { a: [new BSONSymbol("x")] })).toBe(true)
    expect(evaluate({ a: { $in: ["x", 1] } }, { a: new BSONSymbol("x") })).toBe(true)
  })
})

describe("the remaining operators", () => {
  test.each<[string, unknown, Document, Ternary]>([
    ["$all with every item", { a: { $all: ["x", "y"] } }, { a: ["y", "x", "z"] }, true],
    ["$all without one", { a: { $all: ["x", "y"] } }, { a: ["x"] }, false],
    ["$all of nothing", { a: { $all: [] } }, { a: [] }, false],
    ["$all with a missing item that others settle", { a: { $all: ["%%user.custom_data.t", "y"] } }, { a: ["x"] }, false],
    ["$all with a missing item", { a: { $all: ["%%user.custom_data.t", "y"] } }, { a: ["y"] }, undefined],
    ["$elemMatch over fields", { a: { $elemMatch: { k: "%%user.id", n: { $gt: 1 } } } }, { a: [{ k: "u1", n: 1 }, { k: "u1", n: 2 }] }, true],
    ["$elemMatch over fields of different items", { a: { $elemMatch: { k: "u1", n: 2 } } }, { a: [{ k: "u1", n: 1 }, { k: "u2", n: 2 }] }, false],
    ["$elemMatch over values", { a: { $elemMatch: { $gt: 1, $lt: 3 } } }, { a: [0, 5, 2] }, true],
    ["$elemMatch does not open an item", { a: { $elemMatch: { $eq: 1 } } }, { a: [[1]] }, false],
    ["$elemMatch of a scalar subject", { a: { $elemMatch: { $gt: 1 } } }, { a: 2 }, false],
    ["$elemMatch with an undetermined test", { a: { $elemMatch: { k: "%%user.custom_data.t" } } }, { a: [{ k: 1 }] }, undefined],
    ["$size", { a: { $size: 2 } }, { a: [1, 2] }, true],
    ["$size of text", { a: { $size: 2 } }, { a: "ab" }, false],
    ["$type by name", { a: { $type: "objectId" } }, { a: new ObjectId() }, true],
    ["$type number", { a: { $type: "number" } }, { a: Long.ONE }, true],
    ["$type of an item", { a: { $type: ["string", "bool"] } }, { a: [1, true] }, true],
    ["$type of nothing", { a: { $type: "null" } }, {}, false],
    ["$mod", { a: { $mod: [4, 0] } }, { a: 8 }, true],
    ["$mod cuts fractions", { a: { $mod: [4, 1] } }, { a: 5.9 }, true],
    ["$mod of a negative number", { a: { $mod: [4, -1] } }, { a: -5 }, true],
    ["$mod of text", { a: { $mod: [4, 0] } }, { a: "8" }, false],
    ["$regex", { a: { $regex: "^A", $options: "i" } }, { a: "abc" }, true],
    ["$regex, whose $ stands before a last line break", { a: { $regex: "^abc$" } }, { a: "abc\n" }, true],
    ["$regex, whose literal part is \\Q…\\E", { a: { $regex: "^\\Qa.c\\E$" } }, { a: "abc" }, false],
    ["$regex, whose \\s is a vertical tab too", { a: { $regex: "^a\\sb$" } }, { a: "a\u000bb" }, true],
    ["$in of texts, and a symbol", { a: { $in: ["x", "y"] } }, { a: new BSONSymbol("x") }, true],
    ["… of texts and numbers", { a: { $in: ["x", 1] } }, { a: new BSONSymbol("x") }, true],
    ["… and another symbol", { a: { $in: ["x", "y"] } }, { a: new BSONSymbol("z") }, false],
    ["$mod of a decimal", { a: { $mod: [4, 1] } }, { a: Decimal128.fromString("5.9") }, true],
    ["$mod of a double", { a: { $mod: [4, 1] } }, { a: new Double(5) }, true],
    ["$mod of a long", { a: { $mod: [4, 1] } }, { a: Long.fromNumber(9) }, true],
    ["$mod of a number beyond 64 bits", { a: { $mod: [2, 0] } }, { a: 2 ** 63 }, false],
    ["$mod of what is no number", { a: { $mod: [4, 0] } }, { a: Number.NaN }, false],
    ["$all of another field", { a: { $all: "%%root.l" } }, { a: [1, 2], l: [1, 2] }, true],
    ["… one item is missing", { a: { $all: "%%root.l" } }, { a: [1], l: [1, 2] }, false],
    ["$in of another field, a missing subject against null", { a: { $in: "%%root.l" } }, { l: [null] }, false],
    ["… a subject that is null", { a: { $in: "%%root.l" } }, { a: null, l: [null] }, true],
    ["$regex on a stored pattern", { a: { $regex: "^x", $options: "i" } }, { a: new BSONRegExp("^x", "i") }, true],
    ["… with other options", { a: { $regex: "^x", $options: "i" } }, { a: new BSONRegExp("^x", "") }, false],
    ["… of other text", { a: { $regex: "^x", $options: "i" } }, { a: new BSONRegExp("^y", "i") }, false],
    ["$regex on a number", { a: { $regex: "1" } }, { a: 1 }, false],
    ["$regex on an item", { a: { $regex: "^x" } }, { a: ["a", "xy"] }, true],
  ])("%s", (_name, raw, root, result) => {
    expect(evaluate(raw, root)).toBe(result)
  })

  test("a hostile text costs $regex linear time", () => {
    const start = performance.now()
    expect(evaluate({ a: { $regex: "^(a+)+$" } }, { a: `${"a".repeat(20_000)}!` })).toBe(false)
    expect(performance.now() - start).toBeLessThan(2000)
  })

  test("a text too long for a pattern is undetermined, so that neither the test nor its reverse grants", () => {
    const long = { a: "b".repeat(8_000_000) }
    expect(evaluate({ a: { $regex: "^a" } }, long)).toBe(undefined)
    expect(evaluate({ a: { $not: { $regex: "^a" } } }, long)).toBe(undefined)
    expect(evaluate({ "%%user.custom_data.a": { $not: { $regex: "^a" } } }, {}, user(long))).toBe(undefined)
    expect(evaluate({ a: { $regex: "^a" } }, { a: [long.a, "a"] })).toBe(true)
  })

  test("a pattern that compiles to too much is refused", () => {
    expect(() => parseExpressionOrThrow({ a: { $regex: "(a{1000}b{1000}){10}" } }, { context: "role" })).toThrow(expect.objectContaining({ code: "wrong-operand" }))
  })

  test("%uuidToString writes lower case and %stringToUuid reads any", () => {
    const uuid = new UUID("0f8fad5b-d9cb-469f-a165-70867728950e").toBinary()
    expect(evaluate({ t: { "%uuidToString": "%%root.u" } }, { t: "0f8fad5b-d9cb-469f-a165-70867728950e", u: uuid })).toBe(true)
    expect(evaluate({ t: { "%uuidToString": "%%root.u" } }, { t: "x", u: new Binary(Buffer.alloc(16), 3) })).toBe(undefined)
    expect(evaluate({ u: { "%stringToUuid": "0f8fad5bd9cb469fa16570867728950e" } }, { u: uuid })).toBe(undefined)
  })
})

describe("known expansions", () => {
  test("both spellings of the provider type are answered", () => {
    const known: KnownScope = { user: { id: "u", identities: [{ id: "i", provider_type: "api-key" }] } }
    expect(evaluate({ "%%user.identities.providerType": "api-key" }, {}, known)).toBe(true)
    expect(evaluate({ "%%user.identities.0.provider_type": "api-key" }, {}, known)).toBe(true)
    expect(evaluate({ "%%user.identities": { $elemMatch: { provider_type: "api-key" } } }, {}, known)).toBe(true)
  })

  test("work without a user has no user", () => {
    expect(evaluate({ a: "%%user.id" }, { a: null }, {})).toBe(undefined)
    expect(evaluate({ "%%user.id": { $exists: false } }, {}, {})).toBe(true)
    expect(evaluate({ "%%environment.tag": "" }, {}, {})).toBe(true)
  })

  test("arguments of a function are its list", () => {
    expect(evaluate({ "%%args.0": 5 }, {}, { args: [5, 6] }, "call")).toBe(true)
    expect(evaluate({ "%%args.2": { $exists: true } }, {}, { args: [5, 6] }, "call")).toBe(false)
  })
})

describe("constantOf", () => {
  const constant = (raw: unknown, known: KnownScope = user({ t: "red" })): Ternary | "depends" => constantOf(bind(parseExpressionOrThrow(raw, { context: "role" }), known))

  test.each<[string, unknown, Ternary | "depends"]>([
    ["the user alone decides", { "%%user.custom_data.t": "red" }, true],
    ["the user alone refuses", { "%%user.custom_data.t": "blue", a: 1 }, false],
    ["a value is missing", { "%%user.id": "%%user.custom_data.none" }, undefined],
    ["a missing value beside the document", { a: "%%user.custom_data.none" }, undefined],
    ["the document decides", { a: "%%user.id" }, "depends"],
    ["one alternative is certain", { $or: [{ a: 1 }, { "%%user.custom_data.t": "red" }] }, true],
    ["undetermined and open", { $and: [{ a: 1 }, { b: "%%user.custom_data.none" }] }, "depends"],
  ])("%s", (_name, raw, result) => {
    expect(constant(raw)).toBe(result)
  })
})

describe("calls", () => {
  const answerAll = (calls: CallLedger, answer: (name: string, args: readonly Value[]) => Value): number => {
    const wanted = calls.takeWanted()
    for (const call of wanted) calls.answer(call, { state: "value", value: answer(call.name, call.args) })
    return wanted.length
  }

  test("a call with known arguments is made once, then kept", () => {
    const calls = createCallTable()
    const predicate = compile(bind(parseExpressionOrThrow({ a: { "%function": { name: "f", arguments: ["%%user.id"] } } }, { context: "role" }), user({}), calls))
    expect(predicate({ root: { a: 1 } })).toBe(undefined)
    expect(answerAll(calls, () => 1)).toBe(1)
    expect([predicate({ root: { a: 1 } }), predicate({ root: { a: 2 } })]).toEqual([true, false])
    expect(calls.takeWanted()).toEqual([])
  })

  test("arguments of the document make one call for each value", () => {
    const calls = createCallTable()
    const predicate = compile(bind(parseExpressionOrThrow({ "%%true": { "%function": { name: "f", arguments: ["%%root.a"] } } }, { context: "role" }), user({}), calls))
    for (const a of [1, 2, 1]) expect(predicate({ root: { a } })).toBe(undefined)
    expect(calls.takeWanted().map(({ args }) => args)).toEqual([[1], [2]])
  })

  test("no call is asked for where something cheaper decides, whatever the order", () => {
    const calls = createCallTable()
    const call = { "%%true": { "%function": { name: "f" } } }
    const decides = (raw: unknown): Ternary => compile(bind(parseExpressionOrThrow(raw, { context: "role" }), user({}), calls))({ root: { a: 1 } })
    expect(decides({ $or: [call, { a: 1 }] })).toBe(true)
    expect(decides({ $and: [call, { a: 2 }] })).toBe(false)
    expect(decides({ $or: [{ $and: [call, { a: 2 }] }, { a: 1 }] })).toBe(true)
    expect(calls.takeWanted()).toEqual([])
  })

  test("equal text and equal numbers of other kinds are other arguments", () => {
    const calls = createCallTable()
    calls.result("f", [1])
    calls.result("f", ["1"])
    calls.result("f", [new Double(1)])
    calls.result("f", [1])
    expect(calls.takeWanted().length).toBe(3)
  })

  test("a query admits everything while a call is wanted, and is sharp once it is there", () => {
    const calls = createCallTable()
    const bound = bind(parseExpressionOrThrow({ a: { "%function": { name: "f" } } }, { context: "role" }), user({}), calls)
    expect(toQuery(bound)).toEqual({ query: {}, exact: false })
    answerAll(calls, () => "x")
    expect(toQuery(bound)).toEqual({ query: { a: { $eq: "x" } }, exact: true })
  })

  test("a failed call selects nothing, and neither does its reverse", () => {
    const query = (raw: unknown): unknown => toQuery(bind(parseExpressionOrThrow(raw, { context: "role" }), user({}), noCalls)).query
    expect(query({ a: { "%function": { name: "f" } } })).toBe("none")
    expect(query({ a: { $ne: { "%function": { name: "f" } } } })).toBe("none")
  })
})

describe("push-down of hostile values", () => {
  const push = (raw: unknown, known: KnownScope): ReturnType<typeof toQuery> => toQuery(bind(parseExpressionOrThrow(raw, { context: "role" }), known))

  test("a path with a $ segment stays here", () => {
    expect(push({ "%%root.$where": "x" }, user({}))).toEqual({ query: {}, exact: false })
    expect(push({ "%%root.a.$ne": "x" }, user({}))).toEqual({ query: {}, exact: false })
  })

  test("the reverse of an upper bound is no lower one", () => {
    // Found by the model: the reverse of an inexact query was the query itself.
    const raw = { $not: { "%%user.custom_data.u": "%%root.a" } }
    expect(push(raw, user({ u: [new BSONRegExp("a")] as Value }))).toEqual({ query: { a: { $exists: true } }, exact: false })
  })

  test("null of custom data over a path of several segments is null in one place", () => {
    const { query, exact } = push({ "l.x": "%%user.custom_data.t" }, user({ t: null }))
    expect({ query, exact }).toEqual({ query: { "l.x": { $eq: null, $type: "null" } }, exact: true })
    expect(evaluate({ "l.x": "%%user.custom_data.t" }, { l: [{ x: 1 }, {}] }, user({ t: null }))).toBe(false)
  })

  test("a list above 10,000 items stays here", () => {
    const many = Array.from({ length: 10_001 }, (_, index) => `t${index}`)
    expect(push({ a: { $in: "%%user.custom_data.t" } }, user({ t: many }))).toEqual({ query: {}, exact: false })
    expect(evaluate({ a: { $in: "%%user.custom_data.t" } }, { a: "t10000" }, user({ t: many }))).toBe(true)
  })

  test("a list of a hundred thousand items, wherever it stands, ends neither the process nor the stack", () => {
    const many = Array.from({ length: 200_000 }, (_, index) => ({ [`k${index}`]: 1 }))
    for (const operator of ["$in", "$nin", "$all", "$eq"]) {
      const raw = { b: 1, $and: [{ a: { [operator]: "%%user.custom_data.t" } }, { c: 1 }] }
      expect(push(raw, user({ t: many })).exact, operator).toBe(false)
      expect(evaluate(raw, { b: 1, c: 1, a: [] }, user({ t: many })), operator).toBe(operator === "$nin")
    }
    const alternatives = Array.from({ length: 200_000 }, (_, index) => ({ a: index }))
    expect(push({ $or: [{ $or: alternatives }, { b: 1 }] }, user({}))).toEqual({ query: {}, exact: false })
    expect(evaluate({ $or: [{ $or: alternatives }, { b: 1 }] }, { a: 199_999 })).toBe(true)
  })

  test("a missing value is never dropped from a predicate", () => {
    expect(push({ a: "%%user.custom_data.t", b: 1 }, user({})).query).toBe("none")
    expect(push({ a: { $nin: ["%%user.custom_data.t"] } }, user({})).query).toBe("none")
    expect(push({ $nor: [{ a: "%%user.custom_data.t" }] }, user({})).query).toBe("none")
  })

  test("operators and patterns in a list are asked for apart from $in", () => {
    const { query } = push({ a: { $in: "%%user.custom_data.t" } }, user({ t: ["x", { $ne: 1 }, new BSONRegExp(".*")] as Value }))
    expect(query).toEqual({ $or: [{ a: { $in: ["x"] } }, { a: { $eq: { $ne: 1 } } }, { a: { $eq: new BSONRegExp(".*") } }] })
  })
})
