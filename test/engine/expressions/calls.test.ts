// When functions are called for an expression, and what a query asks while their answers are out (specification 3.2 and 15).
import { describe, expect, test } from "vitest"
import { bind, compile, createCallTable, parseExpressionOrThrow, toQuery, type CallLedger, type KnownScope, type Pushed, type Ternary } from "../../../engine/expressions/index.ts"
import type { Document, Value } from "../../../kernel/index.ts"

const known: KnownScope = { user: { id: "u1", custom_data: { t: "red", list: [{ a: 1, b: "x" }, { a: 2, b: "y" }], deep: [["x"]] } } }
const call = (name: string, ...args: unknown[]): object => ({ "%function": { name, arguments: args } })
const says = { "%%true": call("f") }

function setUp(raw: unknown): { readonly calls: CallLedger; readonly decide: (root: Document) => Ternary; readonly query: () => Pushed } {
  const calls = createCallTable()
  const bound = bind(parseExpressionOrThrow(raw, { context: "role" }), known, calls)
  const predicate = compile(bound)
  return { calls, decide: (root) => predicate({ root, prevRoot: root }), query: () => toQuery(bound) }
}

function answerAll(calls: CallLedger, value: Value): void {
  for (const wanted of calls.takeWanted()) calls.answer(wanted, { state: "value", value })
}

describe("no call is asked for where something cheaper decides", () => {
  test.each<[string, unknown, Ternary]>([
    ["behind the reverse of a call", { $and: [{ $not: says }, { a: 2 }] }, false],
    ["behind a call for each item of a list", { $and: [{ list: { $elemMatch: { b: call("f") } } }, { a: 2 }] }, false],
    ["behind a call in a list of values", { $and: [{ b: { $in: ["x", call("f")] } }, { a: 2 }] }, false],
    ["behind a call among the arguments of another", { $and: [{ "%%true": call("g", call("f")) }, { a: 2 }] }, false],
    ["in a later of two groups that make calls", { $and: [{ $and: [says, { a: 1 }] }, { $and: [says, { a: 2 }] }] }, false],
    ["in a later of two alternatives that make calls", { $or: [{ $or: [says, { a: 2 }] }, { $or: [says, { a: 1 }] }] }, true],
  ])("%s", (_name, raw, expected) => {
    const { calls, decide } = setUp(raw)
    expect([decide({ a: 1, list: [{ b: 1 }] }), calls.takeWanted()]).toEqual([expected, []])
  })
})

describe("while an answer is out", () => {
  test.each<[string, unknown, Pushed]>([
    ["a field against a call", { b: call("f") }, { query: {}, exact: false }],
    ["a call that must say yes", says, { query: {}, exact: false }],
    ["an item of the user's list against a call", { "%%user.custom_data.list": { $elemMatch: { b: call("f") } } }, { query: {}, exact: false }],
    ["beside a field, which is asked for once", { $and: [says, { a: 1 }] }, { query: { a: { $eq: 1 } }, exact: false }],
    ["beside two fields", { $and: [says, { a: 1 }, { b: { $gt: 2 } }] }, { query: { $and: [{ a: { $eq: 1 } }, { b: { $gt: 2 } }] }, exact: false }],
    ["in the place of a field", { $or: [says, { a: 1 }] }, { query: {}, exact: false }],
  ])("%s", (_name, raw, expected) => {
    expect(setUp(raw).query()).toEqual(expected)
  })
})

describe("with its answer", () => {
  test.each<[string, unknown, Value, Document, Ternary]>([
    ["a list of lists of the user's against a list", { "%%user.custom_data.deep": call("f") }, ["x"], {}, true],
    ["fields of the user's list against a value", { "%%user.custom_data.list.b": call("f") }, "y", {}, true],
    ["a field against a list of which it is an item", { a: call("f") }, ["x", "y"], { a: "y" }, true],
    ["a field against a literal list with the answer in it", { a: [call("f"), "z"] }, "x", { a: "x" }, false],
    ["a field that is missing against a list with null", { a: { $in: call("f") } }, [null], {}, false],
    ["a field against what is no list", { a: { $in: call("f") } }, "x", { a: "x" }, undefined],
    ["all of a list", { a: { $all: call("f") } }, ["x", "y"], { a: ["y", "x"] }, true],
  ])("%s", (_name, raw, value, root, expected) => {
    const { calls, decide, query } = setUp(raw)
    expect(decide(root)).not.toBe(false)
    answerAll(calls, value)
    expect(decide(root)).toBe(expected)
    // Asked again, as for the next document.
    expect(decide(root)).toBe(expected)
    if (expected === true) expect(query().query).not.toBe("none")
    expect(calls.takeWanted()).toEqual([])
  })
})

test("what was asked for is handed out once, whether or not its answer is there by now", () => {
  const calls = createCallTable()
  calls.result("f", [1])
  expect(calls.takeWanted().map(({ name }) => name)).toEqual(["f"])
  expect(calls.takeWanted()).toEqual([])
  calls.result("f", [1])
  expect(calls.takeWanted().length).toBe(1)
})
