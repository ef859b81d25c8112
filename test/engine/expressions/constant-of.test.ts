// What an expression comes to without a document (specification 15: known things on both sides are evaluated; 3.2: calls last).
import { expect, test } from "vitest"
import { bind, constantOf, createCallTable, parseExpressionOrThrow, type KnownScope, type Ternary } from "../../../engine/expressions/index.ts"
import type { Value } from "../../../kernel/index.ts"

const known: KnownScope = { user: { id: "u1", custom_data: { t: "red", list: [{ a: 1, b: "x" }, { a: 2, b: "y" }], names: ["x", "y"], flag: false, within: [{ parts: [{ c: 1 }] }] } } }
const call = (name: string, ...args: unknown[]): object => ({ "%function": { name, arguments: args } })
const holds = (name: string, ...args: unknown[]): object => ({ "%%true": call(name, ...args) })
/** What each function is found to give; `wanted` has no answer yet, and `failed` threw. */
const answers: Record<string, Value> = { yes: true, no: false, text: "yes", id: "u1", x: "x", names: ["x"], nothing: null }

function constant(raw: unknown): { readonly result: Ternary | "depends"; readonly wanted: string[] } {
  const calls = createCallTable()
  const bound = bind(parseExpressionOrThrow(raw, { context: "role" }), known, calls)
  constantOf(bound)
  for (const each of calls.takeWanted()) {
    if (each.name === "wanted") continue
    calls.answer(each, Object.hasOwn(answers, each.name) ? { state: "value", value: answers[each.name] } : { state: "failed" })
  }
  const result = constantOf(bound)
  return { result, wanted: calls.takeWanted().map(({ name }) => name) }
}

const open = { a: "%%user.id" }

test.each<[string, unknown, Ternary | "depends", string[]?]>([
  ["a call that says yes", holds("yes"), true],
  ["a call that says no", holds("no"), false],
  ["a call whose answer is no boolean", holds("text"), false],
  ["a call that failed", holds("failed"), undefined],
  ["a call without an answer", holds("wanted"), undefined, ["wanted"]],
  ["a test for false of one that says no", { "%%false": call("no") }, true],
  ["the reverse of a call", { $not: holds("yes") }, false],
  ["the reverse of one without an answer", { $not: holds("wanted") }, undefined, ["wanted"]],
  ["the reverse of one that failed", { $not: holds("failed") }, undefined],
  ["the reverse of what hangs on the document", { $not: open }, "depends"],
  ["a call over the document", holds("yes", "%%root.a"), "depends"],
  ["both, one of which refuses", { $and: [holds("no"), open] }, false],
  ["both, one of which admits", { $and: [holds("yes"), open] }, "depends"],
  ["both, one of which failed", { $and: [holds("failed"), open] }, "depends"],
  ["both, one without an answer", { $and: [holds("wanted"), open] }, "depends", ["wanted"]],
  ["both without the document, one without an answer", { $and: [holds("wanted"), holds("yes")] }, undefined, ["wanted"]],
  ["both without the document, one of which refuses", { $and: [holds("wanted"), holds("no")] }, false, ["wanted"]],
  ["either, one of which admits", { $or: [open, holds("yes")] }, true],
  ["either, one of which refuses", { $or: [open, holds("no")] }, "depends"],
  ["either, one without an answer", { $or: [open, holds("wanted")] }, "depends", ["wanted"]],
  ["either without the document, one without an answer", { $or: [holds("wanted"), holds("no")] }, undefined, ["wanted"]],
  ["either without the document, none of which admits", { $or: [holds("no"), { "%%user.id": call("x") }] }, false],
  ["the user against a call", { "%%user.id": call("id") }, true],
  ["the user against another value of a call", { "%%user.id": call("x") }, false],
  ["the user against a call without an answer", { "%%user.id": call("wanted") }, undefined, ["wanted"]],
  ["the user against a call that failed", { "%%user.id": { $ne: call("failed") } }, undefined],
  ["a list of the user's against a call", { "%%user.custom_data.names": call("x") }, true],
  ["a value against the list of a call", { "%%user.custom_data.t": { $in: call("names") } }, false],
  ["a value against a list with a call in it", { "%%user.custom_data.t": { $in: [call("x"), "red"] } }, true],
  ["null from a call does not match what is missing", { "%%user.custom_data.none": call("nothing") }, false],
  ["a list with null from a call does not match what is missing", { "%%user.custom_data.none": { $in: [call("nothing")] } }, false],
  ["the user against the document", { "%%user.id": "%%root.owner" }, "depends"],
  ["the document against a call", { owner: call("id") }, "depends"],
  ["an item of the user's list against a call", { "%%user.custom_data.list": { $elemMatch: { b: call("x") } } }, true],
  ["an item of the user's list against another value of a call", { "%%user.custom_data.list": { $elemMatch: { b: call("id") } } }, false],
  ["an item of the user's list against a call without an answer", { "%%user.custom_data.list": { $elemMatch: { b: call("wanted") } } }, undefined, ["wanted"]],
  ["an item of the user's list, where what is known decides alone", { "%%user.custom_data.list": { $elemMatch: { a: 3, b: call("wanted") } } }, false],
  ["an item of the user's list against the document", { "%%user.custom_data.list": { $elemMatch: { b: "%%root.b" } } }, "depends"],
  ["an item of the user's list against what is missing", { "%%user.custom_data.list": { $elemMatch: { a: "%%user.custom_data.none" } } }, undefined],
  ["an item of the user's list, one part undetermined, another a call", { "%%user.custom_data.list": { $elemMatch: { a: "%%user.custom_data.none", b: call("x") } } }, undefined],
  ["an item of the user's list, where the user refuses", { "%%user.custom_data.list": { $elemMatch: { "%%user.id": "other", b: "%%root.b" } } }, false],
  ["an item of the user's list, where the reverse of what the user is refuses", { "%%user.custom_data.list": { $elemMatch: { $nor: [{ "%%user.id": "u1" }], b: "%%root.b" } } }, false],
  ["an item of the user's list, where the user against a call refuses", { "%%user.custom_data.list": { $elemMatch: { "%%user.id": call("x") } } }, false],
  ["an item of the user's list, by itself and the document", { "%%user.custom_data.list": { $elemMatch: { a: 1, b: "%%root.b" } } }, "depends"],
  ["an item of the user's list, by itself or the document", { "%%user.custom_data.list": { $elemMatch: { $or: [{ a: 5 }, { b: "%%root.b" }] } } }, "depends"],
  ["an item of the user's list unlike the document", { "%%user.custom_data.list": { $elemMatch: { $not: { b: "%%root.b" } } } }, "depends"],
  ["an item of the user's list, where the document alone is asked", { "%%user.custom_data.list": { $elemMatch: { "%%root.b": 1 } } }, "depends"],
  ["an item of the user's list, where the document is asked for a call", { "%%user.custom_data.list": { $elemMatch: { "%%root.b": call("x") } } }, "depends"],
  ["an item of the user's list, where the document lacks a field and a call answers", { "%%user.custom_data.list": { $elemMatch: { "%%root.a": { $exists: false }, b: call("x") } } }, "depends"],
  ["an item of the user's list, where a value of the document is asked", { "%%user.custom_data.list": { $elemMatch: { "%%true": "%%root.b" } } }, "depends"],
  ["an item of the user's list, where a list of the document is asked", { "%%user.custom_data.list": { $elemMatch: { "%%root.list": { $elemMatch: { a: 1 } } } } }, "depends"],
  ["an item within an item of the user's list", { "%%user.custom_data.within": { $elemMatch: { parts: { $elemMatch: { c: 1 } } } } }, true],
  ["an item within an item of the user's list against the document", { "%%user.custom_data.within": { $elemMatch: { parts: { $elemMatch: { c: "%%root.c" } } } } }, "depends"],
  ["both, where no item of the user's list passes", { $and: [{ "%%user.custom_data.list": { $elemMatch: { a: 3 } } }, open] }, false],
  ["both, where a flag of the user's refuses", { $and: [{ "%%true": "%%user.custom_data.flag" }, open] }, false],
  ["a value against a literal list with a call in it", { "%%user.custom_data.t": [call("x"), "red"] }, false],
  ["a list of the user's against a literal list with a call in it", { "%%user.custom_data.names": [call("x"), "y"] }, true],
  ["the document against a call without an answer", { owner: call("wanted") }, "depends", ["wanted"]],
  ["an item of a list of the document", { list: { $elemMatch: { b: call("x") } } }, "depends"],
])("%s", (_name, raw, result, wanted = []) => {
  expect(constant(raw)).toEqual({ result, wanted })
})
