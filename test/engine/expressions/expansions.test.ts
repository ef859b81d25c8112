// What expansions and arguments are worth (specification of rules, 2.2, 3.2 and 4).
import { describe, expect, test } from "vitest"
import { bind, compile, constantOf, createCallTable, parseExpressionOrThrow, type CallResult, type DocumentScope, type ExpressionContext, type KnownScope, type Ternary } from "../../../engine/expressions/index.ts"
import type { Document, Value } from "../../../kernel/index.ts"

interface Given { readonly known?: KnownScope; readonly scope?: DocumentScope; readonly context?: ExpressionContext }

const holds = (raw: unknown, { known = {}, scope = {}, context = "field" }: Given = {}): Ternary => compile(bind(parseExpressionOrThrow(raw, { context }), known))(scope)

/** Whether the expansion is there, as the subject of a test and as an operand. */
const isThere = (expansion: string, given: Given): readonly [subject: Ternary, operand: Ternary] => [holds({ [expansion]: { $exists: true } }, given), holds({ "%%root": { $ne: expansion } }, { ...given, scope: { root: {}, ...given.scope } })]
const there = [true, true]
const absent = [false, undefined]

describe("what is missing", () => {
  test.each<[string, Given, readonly [Ternary, Ternary] | readonly unknown[]]>([
    ["%%user.id", {}, absent], ["%%user.id", { known: { user: { id: "u1" } } }, there], ["%%user", { known: { user: { id: "u1" } } }, there], ["%%user.custom_data", { known: { user: { id: "u1" } } }, absent], ["%%user.custom_data", { known: { user: { custom_data: null } } }, absent], ["%%user.custom_data", { known: { user: { custom_data: {} } } }, absent],
    ["%%user.custom_data", { known: { user: { custom_data: { a: 1 } } } }, there], ["%%user.custom_data.a", { known: { user: { custom_data: { a: null } } } }, there], ["%%user.custom_data.a.b", { known: { user: { custom_data: { a: null } } } }, absent], ["%%user.identities", { known: { user: { id: "u1" } } }, there], ["%%user.identities.provider_type", { known: { user: { id: "u1" } } }, absent],
    ["%%values.a", {}, absent], ["%%values.a", { known: { values: { a: 0 } } }, there], ["%%values.toString", { known: { values: {} } }, absent], ["%%values.tag", { known: { values: {} } }, absent], ["%%values.a.length", { known: { values: { a: "xyz" } } }, absent], ["%%environment.tag", {}, there], ["%%environment.tag", { known: { environment: {} } }, there], ["%%environment.values.a", {}, absent], ["%%environment.values.a", { known: { environment: { tag: "", values: { a: 1 } } } }, there], ["%%environment.name", {}, absent],
    ["%%request.service", {}, absent], ["%%request.service", { known: { request: { service: "s" } } }, there], ["%%request.requestHeaders", { known: { request: { requestHeaders: { a: ["1"] } } } }, there], ["%%request.requestHeaders.b", { known: { request: { requestHeaders: { a: ["1"] } } } }, absent], ["%%request.requestHeaders.b", { known: { request: {} } }, absent], ["%%request.requestHeaders.a", { known: {} }, absent],
    ["%%prevRoot", {}, absent], ["%%prevRoot", { scope: { prevRoot: { b: 1 } } }, there], ["%%prevRoot.a", { scope: { prevRoot: { b: 1 } } }, absent], ["%%this", {}, absent], ["%%this", { scope: { this: null } }, there], ["%%prev", { scope: { this: 1 } }, absent], ["%%prev.a", { scope: { prev: { a: 1 } } }, there], ["%%this.constructor", { scope: { this: { a: 1 } } }, absent], ["%%this.length", { scope: { this: "abc" } }, absent], ["%%this.length", { scope: { this: [1] } }, absent], ["%%prev.length", { scope: { prev: "abc" } }, absent],
  ])("%s under %j", (expansion, given, expected) => {
    expect(isThere(expansion, given)).toEqual(expected)
  })

  test.each<[KnownScope, boolean]>([[{}, false], [{ args: null }, false], [{ args: [] }, true], [{ args: {} }, true]])("%%%%args under %j: there is one: %s", (known, expected) => {
    expect(holds({ "%%args": { $exists: true } }, { known, context: "call" })).toBe(expected)
    expect(holds({ "%%user.id": { $ne: "%%args" } }, { known, context: "call" })).toBe(expected || undefined)
  })

  test("the tag of no environment is the empty text", () => {
    for (const environment of [undefined, {}, { values: {} }]) expect(holds({ "%%environment.tag": "" }, { known: environment === undefined ? {} : { environment } })).toBe(true)
    expect(holds({ "%%environment.tag": "" }, { known: { environment: { tag: "production" } } })).toBe(false)
    expect(holds({ "%%environment.tag.a": { $exists: true } })).toBe(false)
  })
})

describe("headers", () => {
  const known: KnownScope = { request: { requestHeaders: { "X-Key": ["a", "b"], "x-other": ["c"], constructor: ["d"], undefined: ["e"] }, other: { "X-Key": ["a"] }, service: "s" } }

  test.each<[string, string, boolean]>([["X-Key", "a", true], ["x-key", "b", true], ["X-KEY", "c", false], ["X-Other", "c", true], ["Constructor", "d", true], ["toString", "d", false], ["X-None", "e", false]])("%s: %s is among them: %s", (name, value, expected) => {
    expect(holds({ [`%%request.requestHeaders.${name}`]: value }, { known })).toBe(expected)
    expect(holds({ a: { $in: `%%request.requestHeaders.${name}` } }, { known, scope: { root: { a: value } } }) === true).toBe(expected)
  })

  test("an exact name comes before one of other letters, and only headers ignore case", () => {
    expect(holds({ "%%request.requestHeaders.a": "2" }, { known: { request: { requestHeaders: { A: ["1"], a: ["2"] } } } })).toBe(true)
    expect(holds({ "%%request.Service": "s" }, { known })).toBe(false)
    expect(holds({ "%%request.other.x-key": "a" }, { known })).toBe(false)
    expect(holds({ "%%values.requestHeaders.x-key": "a" }, { known: { values: { requestHeaders: { "X-Key": ["a"] } } } })).toBe(false)
    expect(holds({ "%%user.custom_data.Team": "red" }, { known: { user: { custom_data: { team: "red" } } } })).toBe(false)
    expect(["a", "b"].map((value) => [0, 1, 2].map((at) => holds({ [`%%request.requestHeaders.x-key.${at}`]: value }, { known })))).toEqual([[true, false, false], [false, true, false]])
    expect(holds({ "%%request.requestHeaders.x-key": "a" }, { known: { request: { requestHeaders: ["x"] } } })).toBe(false)
  })
})

describe("identities", () => {
  const written = (spelling: string): KnownScope => ({ user: { id: "u1", identities: [{ id: "1", [spelling]: "local-userpass" }, { id: "2", [spelling]: "api-key" }] } })

  test.each(["provider_type", "providerType"])("written as %s are answered in both spellings", (spelling) => {
    for (const asked of ["provider_type", "providerType"]) {
      expect(holds({ [`%%user.identities.${asked}`]: "api-key" }, { known: written(spelling) })).toBe(true)
      expect(holds({ [`%%user.identities.1.${asked}`]: "api-key" }, { known: written(spelling) })).toBe(true)
      expect(holds({ [`%%user.identities.0.${asked}`]: "api-key" }, { known: written(spelling) })).toBe(false)
      expect(holds({ kinds: { $all: `%%user.identities.${asked}` } }, { known: written(spelling), scope: { root: { kinds: ["api-key", "local-userpass", "x"] } } })).toBe(true)
    }
    expect(holds({ "%%user.identities.id": "2" }, { known: written(spelling) })).toBe(true)
    expect(holds({ "%%user.identities": { $size: 2 } }, { known: written(spelling) })).toBe(true)
  })

  test.each(["provider_type", "providerType"])("written as %s are looked into one by one in both spellings", (spelling) => {
    for (const asked of ["provider_type", "providerType"]) {
      expect(holds({ "%%user.identities": { $elemMatch: { id: "2", [asked]: "api-key" } } }, { known: written(spelling) })).toBe(true)
      expect(holds({ "%%user.identities": { $elemMatch: { id: "1", [asked]: "api-key" } } }, { known: written(spelling) })).toBe(false)
      expect(holds({ "%%user.identities": { $elemMatch: { [asked]: { $exists: false } } } }, { known: { user: { identities: [null, { [spelling]: "a" }, 5] } } })).toBe(false)
      expect(holds({ "%%user.identities": { $elemMatch: { [asked]: { $exists: false } } } }, { known: { user: { identities: [{ id: "1" }] } } })).toBe(true)
    }
    expect(holds({ "%%user.identities": { $elemMatch: { $eq: { id: "1", [spelling]: "local-userpass" } } } }, { known: written(spelling) })).toBe(true)
    expect(holds({ "%%user.identities": { $elemMatch: { id: "1" } } }, { known: { user: { id: "u1" } } })).toBe(false)
    expect(holds({ "%%user.identities": { $elemMatch: { id: "1" } } }, { known: {} })).toBe(false)
  })

  test("each as it is written, where both are", () => {
    const known: KnownScope = { user: { identities: [{ provider_type: "a", providerType: "b" }, { providerType: "c" }] } }
    expect(["a", "b", "c"].map((type) => [holds({ "%%user.identities.provider_type": type }, { known }), holds({ "%%user.identities.providerType": type }, { known })])).toEqual([[true, false], [false, true], [false, true]])
  })

  test("are passed over where they are none, and may be one", () => {
    expect(holds({ "%%user.identities.providerType": "a" }, { known: { user: { identities: [null, "a", { provider_type: "a" }] } } })).toBe(true)
    expect(holds({ "%%user.identities.providerType": "a" }, { known: { user: { identities: { providerType: "a" } } } })).toBe(true)
  })

  test("of a user without any are an empty list, and only a user's are", () => {
    expect(holds({ "%%user.identities": { $size: 0 } }, { known: { user: { id: "u1" } } })).toBe(true)
    expect(holds({ "%%values.identities.providerType": "a" }, { known: { values: { identities: [{ provider_type: "a" }] } } })).toBe(false)
    expect(holds({ "%%values.custom_data": { $exists: true } }, { known: { values: { custom_data: {} } } })).toBe(true)
    expect(holds({ "%%user.data.providerType": "a" }, { known: { user: { data: { provider_type: "a" } } } })).toBe(false)
  })
})

describe("a path over a list, as an operand", () => {
  const root: Document = { docs: [{ a: 1 }, { a: 2, 0: "named", 7: "late" }, 5, { b: 1 }, { a: [3, 4] }], mixed: [[{ a: 9 }], { a: 8 }], one: [{ a: { b: 7 } }], plain: [1, 2], undefined: undefined }

  test.each<[string, Value | undefined]>([
    ["docs.a", [1, 2, [3, 4]]], ["docs.b", [1]], ["docs.c", undefined], ["docs.4.a", [3, 4]], ["docs.9.a", undefined], ["docs.0.a", 1], ["docs.2.a", undefined], ["mixed.a", [8]], ["mixed.0.a", [9]], ["one.a.b", [7]], ["one.0.a.b", 7], ["plain.0", 1], ["plain.2", undefined], ["plain.a", undefined], ["docs.0", [{ a: 1 }, "named"]], ["docs.7", ["late"]], ["docs.0.0", undefined], ["plain.01", undefined], ["plain.1e0", undefined], ["plain.-0", undefined], ["undefined", undefined], ["one.length", undefined],
  ])("%s is %j", (path, value) => {
    // Under `$eq` a list equals a list; a literal stands for what is expected.
    const seen = createCallTable()
    const predicate = compile(bind(parseExpressionOrThrow({ "%%true": { "%function": { name: "f", arguments: [`%%root.${path}`] } } }, { context: "field" }), {}, seen))
    predicate({ root })
    expect(seen.takeWanted().map(({ args }) => args)).toEqual([[value ?? null]])
    expect(holds({ "%%this": `%%root.${path}` }, { scope: { root, this: "nothing like it" } })).toBe(value === undefined ? undefined : false)
  })
})

describe("arguments of a call", () => {
  const argumentsOf = (args: unknown, { known = { user: { id: "u1" } }, scope = { root: { a: 1 } } }: Given = {}): readonly (readonly Value[])[] => {
    const calls = createCallTable()
    compile(bind(parseExpressionOrThrow({ "%%true": { "%function": { name: "f", arguments: args } } }, { context: "role" }), known, calls))(scope)
    return calls.takeWanted().map((call) => call.args)
  }

  test.each<[unknown, Value[] | "none"]>([
    [[], []], [["%%user.id", 5, null, "x"], ["u1", 5, null, "x"]], [["%%root.a", "%%root"], [1, { a: 1 }]], [["%%user.custom_data.none"], [null]], [[["%%user.custom_data.none", "%%user.id"]], [[null, "u1"]]], [[{ a: "%%root.none", b: { c: ["%%root.a"] } }], [{ a: null, b: { c: [1] } }]],
    [[{ "%stringToOid": "no id" }], "none"], [[[{ "%stringToOid": "%%root.a" }]], "none"], [[{ a: { "%oidToString": "%%user.id" } }], "none"], [[{ a: { b: [{ "%stringToOid": "%%root.none" }] } }], "none"],
  ])("%j", (args, expected) => {
    expect(argumentsOf(args)).toEqual(expected === "none" ? [] : [expected])
  })

  test("may be calls themselves, which are made first", () => {
    const calls = createCallTable()
    const predicate = compile(bind(parseExpressionOrThrow({ "%%true": { "%function": { name: "outer", arguments: [{ "%function": { name: "inner" } }] } } }, { context: "role" }), {}, calls))
    expect(predicate({})).toBeUndefined()
    const [inner] = calls.takeWanted()
    expect([inner?.name, inner?.args]).toEqual(["inner", []])
    calls.answer(inner as NonNullable<typeof inner>, { state: "value", value: 5 })
    expect(predicate({})).toBeUndefined()
    const [outer] = calls.takeWanted()
    expect([outer?.name, outer?.args]).toEqual(["outer", [5]])
    calls.answer(outer as NonNullable<typeof outer>, { state: "value", value: true })
    expect(predicate({})).toBe(true)
    expect(calls.takeWanted()).toEqual([])
  })
})

describe("the result of a call", () => {
  const f = { "%function": { name: "f" } }

  test.each<[string, CallResult, readonly Ternary[]]>([
    ["that failed", { state: "failed" }, [undefined, undefined, undefined, undefined]], ["that is undefined", { state: "value", value: undefined }, [undefined, undefined, undefined, undefined]], ["that is null", { state: "value", value: null }, [true, false, false, false]], ["that is true", { state: "value", value: true }, [false, true, true, false]], ["that is 1", { state: "value", value: 1 }, [false, true, false, false]],
  ])("%s", (_name, result, expected) => {
    const answered = (raw: unknown, root: Document): Ternary => {
      const bound = bind(parseExpressionOrThrow(raw, { context: "role" }), {}, { result: () => result })
      const inner = compile(bound)({ root })
      expect(constantOf(bound) === "depends" || constantOf(bound) === inner).toBe(true)
      return inner
    }
    expect([answered({ a: f }, { a: null }), answered({ a: { $ne: f } }, { a: null }), answered({ "%%true": f }, {}), answered({ a: f }, { a: undefined })]).toEqual(expected)
  })
})

describe("literals with expansions in them", () => {
  const known: KnownScope = { user: { id: "u1", custom_data: { t: "red", none: null } } }

  test.each<[unknown, Document, Ternary]>([
    [{ a: ["%%user.id", 1] }, { a: ["u1", 1] }, true], [{ a: ["%%user.custom_data.missing", 1] }, { a: [null, 1] }, undefined], [{ a: { b: "%%user.id" } }, { a: { b: "u1" } }, true], [{ a: { b: "%%user.custom_data.missing" } }, { a: {} }, undefined], [{ a: { b: ["%%root.c"] } }, { a: { b: [1] }, c: 1 }, true], [{ a: { b: ["%%root.d"] } }, { a: { b: [null] } }, undefined],
    [{ a: [{ "%stringToOid": "x" }] }, { a: [null] }, undefined], [{ a: { b: "%%user.custom_data.none" } }, { a: { b: null } }, true], [{ a: "%%user.custom_data.none" }, {}, false], [{ a: { $in: ["%%user.custom_data.none"] } }, {}, false], [{ a: { $in: [null] } }, {}, true], [{ a: { $all: ["%%user.custom_data.none"] } }, {}, false], [{ a: { $all: [null] } }, {}, true],
    [{ a: { $in: "%%root.list" } }, { list: [null] }, false], [{ a: { $all: "%%root.list" } }, { list: [null] }, false], [{ a: { $in: ["%%root.b", 5] } }, { a: 5 }, true], [{ a: { $in: ["%%root.b", 5] } }, { a: 6 }, undefined], [{ a: { $nin: ["%%root.b", 5] } }, { a: 5 }, false], [{ a: { $nin: ["%%root.b", 5] } }, { a: 6 }, undefined], [{ a: { $nin: ["%%root.b", 5] } }, { a: 6, b: 7 }, true],
    [{ a: { $all: ["%%root.b", 5] } }, { a: [5, 6] }, undefined], [{ a: { $all: ["%%root.b", 5] } }, { a: [6, 7] }, false], [{ a: { $all: ["%%root.b", 5] } }, { a: [5, 6], b: 6 }, true], [{ a: { $all: [] } }, { a: [] }, false], [{ a: { $all: "%%root.list" } }, { a: [], list: [] }, false], [{ a: { $in: [] } }, { a: 1 }, false], [{ a: { $nin: [] } }, {}, true],
    [{ a: { $gt: "%%root.b" } }, { a: 2, b: 1 }, true], [{ a: { $gt: "%%root.b" } }, { a: 2, b: null }, undefined], [{ a: { $gt: "%%root.b" } }, { a: 2 }, undefined], [{ a: { $in: "%%root.b" } }, { a: 2, b: 2 }, undefined], [{ a: { $all: "%%root.b" } }, { a: 2, b: 2 }, undefined],
  ])("%j on %j", (raw, root, expected) => {
    expect(holds(raw, { known, scope: { root } })).toBe(expected)
  })
})
