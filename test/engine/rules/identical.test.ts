// Unchanged means identical BSON: value, type, and the order of embedded fields (specification of rules, 9.3).
import { expect, test } from "vitest"
import { identical } from "../../../engine/index.ts"
import { Binary, BSONSymbol, Decimal128, Double, Long, ObjectId, UUID, type Value } from "../../../kernel/index.ts"

const id = "64b1f0c2a7d93e5b8c214f06"

test.each<[string, Value, Value]>([
  ["a number", 1, 1], ["a fraction", 1.5, 1.5], ["not a number", Number.NaN, Number.NaN], ["zero", 0, 0], ["text", "a", "a"], ["a boolean", false, false], ["null", null, null], ["what is missing", undefined, undefined],
  ["a double that is whole", new Double(1), new Double(1)], ["a double, object or not", new Double(1.5), 1.5], ["a 64-bit integer", Long.fromNumber(1), Long.fromNumber(1)], ["a decimal", Decimal128.fromString("1.0"), Decimal128.fromString("1.0")],
  ["an id", new ObjectId(id), new ObjectId(id)], ["a date", new Date(5), new Date(5)], ["binary data", new Binary(Buffer.from("a")), new Binary(Buffer.from("a"))],
  ["a list", [1, "a"], [1, "a"]], ["an empty list", [], []], ["a document", { a: 1, b: { c: [] } }, { a: 1, b: { c: [] } }], ["an empty document", {}, {}],
])("%s is identical to another of the kind", (_name, left, right) => {
  expect([identical(left, right), identical(right, left)]).toEqual([true, true])
})

test.each<[string, Value, Value]>([
  ["another number", 1, 2], ["zero and minus zero", 0, -0], ["a number and its text", 1, "1"], ["a number and a boolean", 1, true], ["another text", "a", "b"], ["another boolean", true, false],
  ["an integer and a whole double", 1, new Double(1)], ["an integer and a 64-bit one", 1, Long.fromNumber(1)], ["a 64-bit integer and a double", Long.fromNumber(1), new Double(1)], ["an integer and a decimal", 1, Decimal128.fromString("1")],
  ["decimals with other digits of the same value", Decimal128.fromString("1.0"), Decimal128.fromString("1.00")], ["another 64-bit integer", Long.fromNumber(1), Long.fromNumber(2)],
  ["null and nothing", null, undefined], ["null and zero", null, 0], ["null and an empty document", null, {}], ["null and an empty list", null, []], ["null and an id", null, new ObjectId(id)], ["nothing and a document", undefined, {}],
  ["another id", new ObjectId(id), new ObjectId()], ["an id and its text", new ObjectId(id), id], ["an id and a symbol of its text", new ObjectId(id), new BSONSymbol(id)], ["an id and binary data of its bytes", new ObjectId(id), new Binary(Buffer.from(id, "hex"))],
  ["another date", new Date(5), new Date(6)], ["a date and its number", new Date(5), 5], ["a date and a document", new Date(5), {}], ["a date and an id", new Date(5), new ObjectId(id)],
  ["binary data of another subtype", new Binary(Buffer.alloc(16)), new UUID("00000000-0000-0000-0000-000000000000").toBinary()], ["other binary data", new Binary(Buffer.from("a")), new Binary(Buffer.from("b"))], ["longer binary data", new Binary(Buffer.from("a")), new Binary(Buffer.from("ab"))],
  ["binary data and a document", new Binary(Buffer.from("a")), {}], ["binary data and a list", new Binary(Buffer.from("a")), []], ["a document and a text", {}, "a"], ["a list and a number", [], 0],
  ["a longer list", [1], [1, 2]], ["a list in another order", [1, 2], [2, 1]], ["a list and a document", ["a"], { 0: "a" }], ["a list and a document that has a length too", ["a"], { 0: "a", length: 1 }], ["an empty list and an empty document", [], {}], ["items of another type", [1], [new Double(1)]],
  ["a document with another value", { a: 1 }, { a: 2 }], ["one with a value of another type", { a: 1 }, { a: new Double(1) }], ["one with another field", { a: 1 }, { b: 1 }], ["one with more fields", { a: 1 }, { a: 1, b: 1 }], ["one in another order", { a: 1, b: 1 }, { b: 1, a: 1 }], ["one that is nested in another order", { a: { b: 1, c: 1 } }, { a: { c: 1, b: 1 } }],
])("%s is a change", (_name, left, right) => {
  expect([identical(left, right), identical(right, left)]).toEqual([false, false])
})
