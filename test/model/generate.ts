// Random expressions and documents over few names and values, so that they meet often. fast-check makes them from a seed and shrinks what fails.
import fc from "fast-check"
import { fromEjson, type Document, type Value } from "../../kernel/index.ts"

const scalars: readonly unknown[] = [
  null, true, false, 0, 1, 2, -3, 2.5, "", "a", "b", "~", "64b1f0c2a7d93e5b8c214f06", { $numberLong: "1" }, { $numberLong: "9007199254740993" },
  { $numberDouble: "1.0" }, { $numberDouble: "NaN" }, { $numberDecimal: "2.5" }, { $oid: "64b1f0c2a7d93e5b8c214f06" }, { $date: "2024-01-01T00:00:00Z" },
  { $date: "2025-01-01T00:00:00Z" }, { $regularExpression: { pattern: "a", options: "" } }, "%%user.id", "😀",
]
const scalar = fc.constantFrom(...scalars)
/** Text that begins with `%%` is an expansion in an expression and plain data in a document. */
const literalScalar = fc.constantFrom(...scalars.filter((each) => each !== "%%user.id"))

/** Values of documents and of custom data; operators among the keys are data there. */
const stored = fc.oneof(
  { weight: 5, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(fc.array(scalar, { maxLength: 2 }), { maxLength: 2 }) },
  { weight: 2, arbitrary: fc.dictionary(fc.constantFrom("x", "y", "length"), scalar, { maxKeys: 2 }) },
  { weight: 2, arbitrary: fc.array(fc.oneof(fc.dictionary(fc.constantFrom("x", "y"), fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })), { maxKeys: 2 }), scalar), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>({ $ne: 1 }, { $exists: false }) },
)

const decodeDocument = (raw: unknown): Document => fromEjson(raw) as Document

export const document: fc.Arbitrary<Document> = fc.dictionary(fc.constantFrom("a", "b", "c", "l"), stored, { maxKeys: 4 }).map(decodeDocument)

/** Values of `%%this` and `%%prev`; undefined is missing. */
export const fieldValue: fc.Arbitrary<Value> = fc.option(stored.map((raw) => fromEjson(raw)), { nil: undefined })

/** `%%user` and `%%values`, with and without custom data. */
export const known: fc.Arbitrary<{ user?: Document; values: Document }> = fc.record({
  user: fc.oneof(
    fc.constantFrom<unknown>({ id: "64b1f0c2a7d93e5b8c214f06" }, { id: "b", custom_data: null }, { id: "a", custom_data: {} }),
    fc.dictionary(fc.constantFrom("t", "u", "x"), stored, { maxKeys: 3 }).map((data) => ({ id: "64b1f0c2a7d93e5b8c214f06", custom_data: data })),
  ).map(decodeDocument),
  values: fc.dictionary(fc.constantFrom("v", "w"), stored, { maxKeys: 2 }).map(decodeDocument),
}).chain((scope) => fc.boolean().map((nobody) => (nobody && scope.values["v"] === undefined ? { values: scope.values } : scope)))

const fields = ["a", "b", "c", "l", "a.x", "l.x", "l.y", "a.0", "l.0.x", "a.length", "l.0", "__proto__", "constructor.name", "c.y"]
const bareField = fc.constantFrom(...fields)
const ofDocument = fc.constantFrom("%%root.a", "%%root.b", "%%root.l", "%%root.l.x", "%%root.a.x", "%%root.l.0", "%%prevRoot.a", "%%root.$ne", "%%root", "%%this", "%%this.x", "%%prev")
const ofUser = fc.constantFrom("%%user.id", "%%user.custom_data", "%%user.custom_data.t", "%%user.custom_data.u", "%%user.custom_data.u.x", "%%user.custom_data.u.0", "%%values.v", "%%values.w.x")
const subject = fc.oneof({ weight: 6, arbitrary: bareField }, { weight: 2, arbitrary: ofUser }, { weight: 1, arbitrary: ofDocument })
const expansion = fc.oneof({ weight: 3, arbitrary: ofUser }, { weight: 1, arbitrary: ofDocument })

const call = fc.record({ name: fc.constantFrom("yes", "no", "echo", "fails"), arguments: fc.array(fc.oneof(literalScalar, expansion), { maxLength: 2 }) }).map((inner) => ({ "%function": inner }))
const conversion = fc.tuple(fc.constantFrom("%stringToOid", "%oidToString"), fc.oneof(expansion, fc.constant("64b1f0c2a7d93e5b8c214f06"))).map(([name, of]) => ({ [name]: of }))
const value = fc.oneof({ weight: 4, arbitrary: literalScalar }, { weight: 5, arbitrary: expansion }, { weight: 1, arbitrary: conversion }, { weight: 1, arbitrary: call })
const list = fc.array(value, { maxLength: 3 })
const operand = fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: list }, { weight: 1, arbitrary: fc.dictionary(fc.constantFrom("x", "y"), value, { minKeys: 1, maxKeys: 2 }) })
const listOperand = fc.oneof({ weight: 2, arbitrary: list }, { weight: 2, arbitrary: expansion }, { weight: 1, arbitrary: fc.array(fc.array(literalScalar, { maxLength: 2 }), { maxLength: 2 }) })

const signed = (name: string): fc.Arbitrary<string> => fc.constantFrom(`$${name}`, `%${name}`)
const operator = fc.oneof(
  ...["eq", "ne"].map((name) => fc.tuple(signed(name), operand)),
  ...["gt", "gte", "lt", "lte"].map((name) => fc.tuple(signed(name), value)),
  ...["in", "nin", "all"].map((name) => fc.tuple(signed(name), listOperand)),
  fc.tuple(signed("exists"), fc.constantFrom<unknown>(true, false, "%%true")),
  fc.tuple(signed("size"), fc.constantFrom<unknown>(0, 1, 2)),
)

const { condition, expression } = fc.letrec<{ condition: unknown; expression: unknown; expressions: unknown[] }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, depthIdentifier: "expression" },
    operand,
    fc.array(operator, { minLength: 1, maxLength: 2 }).map((pairs) => Object.fromEntries(pairs as [string, unknown][])),
    fc.tuple(fc.constantFrom("$and", "%or", "$nor"), fc.array(tie("condition"), { minLength: 1, maxLength: 2 })).map(([key, of]) => ({ [key]: of })),
    fc.tuple(signed("not"), tie("condition")).map(([key, of]) => ({ [key]: of })),
    fc.array(fc.tuple(fc.constantFrom("x", "y"), tie("condition")), { minLength: 1, maxLength: 2 }).map((pairs) => ({ $elemMatch: Object.fromEntries(pairs as [string, unknown][]) })),
    operator.map((pair) => ({ $elemMatch: Object.fromEntries([pair as [string, unknown]]) })),
  ),
  expressions: fc.array(tie("expression"), { minLength: 1, maxLength: 3 }),
  expression: fc.oneof(
    { maxDepth: 3, depthIdentifier: "expression" },
    fc.array(fc.tuple(subject, tie("condition")), { minLength: 1, maxLength: 2 }).map((pairs) => Object.fromEntries(pairs as [string, unknown][])),
    fc.boolean(),
    fc.tuple(fc.constantFrom("%and", "$or", "%nor"), tie("expressions")).map(([key, of]) => ({ [key]: of })),
    fc.tuple(signed("not"), tie("expression")).map(([key, of]) => ({ [key]: of })),
    fc.tuple(fc.constantFrom("%%true", "%%false"), fc.oneof(tie("expression"), call)).map(([key, of]) => ({ [key]: of })),
  ),
}))

export { condition, expression }
