import { describe, expect, test } from "vitest"
import { parseEjson, type Document, type Value } from "../../../../kernel/index.ts"
import { compileProjection } from "../../../../server/storage/language/index.ts"

const project = (projection: Document, document: Document, filter: Document = {}) => compileProjection(projection, { filter })(document)
const refused = (serverCode: number) => expect.objectContaining({ name: "StoreError", code: "bad-request", serverCode })

describe("compileProjection()", () => {
  const document: Document = { _id: 1, a: { b: 1, c: [{ d: 1, e: 2 }, 3, [{ d: 4 }]] }, l: [1, 2, 3, 4], m: [{ k: 1 }, { k: 2 }], s: "x" }

  test.each<[Document, Document]>([
    [{}, document],
    [{ s: 1 }, { _id: 1, s: "x" }],
    [{ s: 1, _id: 0 }, { s: "x" }],
    [{ _id: 1 }, { _id: 1 }],
    [{ a: 0, l: 0, m: 0 }, { _id: 1, s: "x" }],
    [{ a: 0, _id: 0 }, { l: document["l"], s: "x", m: document["m"] }],
    [{ _id: 0, a: 0, l: 0, m: 0 }, { s: "x" }],
    [{ "a.c.d": 1 }, { _id: 1, a: { c: [{ d: 1 }, [{ d: 4 }]] } }],
    [{ a: { c: { d: 1 } } }, { _id: 1, a: { c: [{ d: 1 }, [{ d: 4 }]] } }],
    [{ "a.c.d": 0, l: 0, m: 0 }, { _id: 1, a: { b: 1, c: [{ e: 2 }, 3, [{}]] }, s: "x" }],
    [{ l: { $slice: 2 }, a: 0, m: 0 }, { _id: 1, l: [1, 2], s: "x" }],
    [{ l: { $slice: -1 }, s: 1 }, { _id: 1, l: [4], s: "x" }],
    [{ l: { $slice: [1, 2] }, s: 1 }, { _id: 1, l: [2, 3], s: "x" }],
    [{ l: { $slice: [-3, 2] }, s: 1 }, { _id: 1, l: [2, 3], s: "x" }],
    [{ m: { $elemMatch: { k: 2 } } }, { _id: 1, m: [{ k: 2 }] }],
    [{ m: { $elemMatch: { k: 9 } } }, { _id: 1 }],
    [{ l: { $elemMatch: { $gt: 2 } } }, { _id: 1, l: [3] }],
    [{ _id: 0, l: { $elemMatch: { $gt: 2 } } }, { l: [3] }],
    [{ a: 0, l: 0, m: { $elemMatch: { k: 2 } } }, { _id: 1, s: "x", m: [{ k: 2 }] }],
    [{ a: 0, l: 0, m: { $elemMatch: { k: 9 } } }, { _id: 1, s: "x" }],
    [{ _id: 1, l: { $slice: 1 } }, { _id: 1, l: [1] }],
    [{ _id: 0, l: { $slice: 1 }, m: { $elemMatch: { k: 2 } } }, { a: document["a"], l: [1], s: "x", m: [{ k: 2 }] }],
    [{ s: 1, t: "literal" }, { _id: 1, s: "x", t: "literal" }],
    [{ nosuch: 1 }, { _id: 1 }],
  ])("%j", (projection, expected) => expect(project(projection, document)).toEqual(expected))

  test("keeps the fields of an inclusion in the document's order", () => {
    expect(Object.keys(project({ s: 1, l: 1, a: 1 }, document))).toEqual(["_id", "a", "l", "s"])
  })

  test("a positional `$` takes the element the filter matched", () => {
    expect(project({ "l.$": 1 }, document, { l: { $gt: 2 } })).toEqual({ _id: 1, l: [3] })
    expect(project({ "m.$": 1, s: 1 }, document, { "m.k": 2 })).toEqual({ _id: 1, m: [{ k: 2 }], s: "x" })
    expect(() => project({ "l.$": 1 }, document, { s: "x" })).toThrow(refused(51246))
  })

  test.each<[Document, number]>([
    [{ a: 1, s: 0 }, 31254], [{ a: 0, s: 1 }, 31253], [{ a: 1, "a.b": 1 }, 31249], [{ "a.b": 1, a: 1 }, 31250], [{ a: {} }, 51270], [{ "a.": 1 }, 40352], [{ l: { $slice: "x" } }, 28667],
    [{ l: { $slice: [1, 0] } }, 28724], [{ m: { $elemMatch: 1 } }, 31274], [{ "a.b": { $elemMatch: { c: 1 } } }, 31275], [{ "l.$": 1, "m.$": 1 }, 31276], [{ "l.$": 1, m: { $elemMatch: { k: 1 } } }, 31255], [{ m: { $elemMatch: { k: 1 } }, "l.$": 1 }, 31256],
    [{ a: 0, "l.$": 1 }, 31395], [{ "l.$": 0 }, 31271], [{ $a: 1 }, 16410],
  ])("refuses %j with %i", (projection, serverCode) => expect(() => project(projection, document)).toThrow(refused(serverCode)))

  test("`$meta` is refused by name, and expressions without their hook", () => {
    expect(() => project({ a: { $meta: "textScore" } }, document)).toThrow(expect.objectContaining({ code: "unsupported", message: expect.stringContaining("$meta") }))
    expect(() => project({ a: "$b" }, document)).toThrow(expect.objectContaining({ code: "unsupported" }))
  })

  test("expressions are evaluated over the whole document", () => {
    const evaluate = { evaluateExpression: (expression: Value, each: Document) => (expression === "$s" ? each["s"] : undefined), runUpdatePipeline: (_: unknown, each: Document) => each }
    const run = (projection: Document) => compileProjection(projection, { evaluate })(document)
    expect(run({ t: "$s" })).toEqual({ _id: 1, t: "x" })
    expect(run({ l: 1, "m.t": "$s" })).toEqual({ _id: 1, l: [1, 2, 3, 4], m: [{ t: "x" }, { t: "x" }] })
    expect(run({ t: "$nosuch" })).toEqual({ _id: 1 })
    expect(run({ "a.c.t": "$s" })).toEqual({ _id: 1, a: { c: [{ t: "x" }, { t: "x" }, [{ t: "x" }]] } })
    expect(Object.keys(run({ "l.t": "$s", "a.t": "$s", s: 1 }))).toEqual(["_id", "a", "l", "s"])
    expect(run({ "l.t": "$s", "a.c.d": 1 })).toEqual({ _id: 1, a: { c: [{ d: 1 }, [{ d: 4 }]] }, l: [{ t: "x" }, { t: "x" }, { t: "x" }, { t: "x" }] })
    expect(Object.entries(run({ s: 1, _id: "$s" }))).toEqual([["_id", "x"], ["s", "x"]])
  })

  test("does not change the document, and takes `__proto__` for a field", () => {
    const hostile = parseEjson('{"_id":1,"__proto__":{"a":1,"b":2}}') as Document
    expect(JSON.stringify(compileProjection(parseEjson('{"__proto__":{"a":1}}') as Document)(hostile))).toBe('{"_id":1,"__proto__":{"a":1}}')
    expect(JSON.stringify(hostile)).toBe('{"_id":1,"__proto__":{"a":1,"b":2}}')
  })
})
