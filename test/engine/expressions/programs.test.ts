// Programs made of text (engine/expressions/generate.ts): they decide as the plain way does, and no name or value gets into their text.
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { BoundExpression } from "../../../engine/expressions/bound.ts"
import { compileNode } from "../../../engine/expressions/compile.ts"
import { compileFast } from "../../../engine/expressions/fast.ts"
import { programText } from "../../../engine/expressions/generate.ts"
import { bind, compile, compileStored, noCalls, parseExpression, parseExpressionOrThrow, type DocumentScope, type Ternary } from "../../../engine/expressions/index.ts"
import { missing } from "../../../engine/expressions/resolve.ts"
import { shapeOf } from "../../../engine/expressions/shape.ts"
import { Double, Long, ObjectId, type Document, type Value } from "../../../kernel/index.ts"
import { document, expression, fieldValue, known } from "../../model/generate.ts"

const runs = Number(process.env["MODEL_RUNS"] ?? 3000)
const seed = Number(process.env["MODEL_SEED"] ?? Date.now() % 2 ** 31)

const boundTo = (raw: unknown, user: Document = { id: "u" }): BoundExpression => bind(parseExpressionOrThrow(raw, { context: "field" }), { user }, noCalls)
const plainly = ({ root, calls }: BoundExpression, scope: DocumentScope): Ternary => compileNode(root, calls)(scope, missing)

/** What all three ways say of a stored document; a program must have been made. */
function decide(raw: unknown, root: Document): Ternary {
  const bound = boundTo(raw)
  expect(compileFast(bound.root, "stored")).toBeDefined()
  const decided = plainly(bound, { root, prevRoot: root })
  expect({ scope: compile(bound)({ root, prevRoot: root }), stored: compileStored(bound)(root) }).toEqual({ scope: decided, stored: decided })
  return decided
}

describe("a program decides as the plain way", () => {
  test(`on random expressions and documents (seed ${seed}, ${runs} runs)`, () => {
    let programs = 0
    fc.assert(fc.property(fc.tuple(expression, known, fc.array(document, { minLength: 6, maxLength: 6 }), fieldValue, fieldValue), ([raw, scope, documents, current, previous]) => {
      const problems = { errors: [], warnings: [] }
      const parsed = parseExpression(raw, { context: "field", problems })
      if (problems.errors.length > 0) return
      const bound = bind(parsed, scope, noCalls)
      const predicate = compile(bound)
      const stored = compileStored(bound)
      programs += compileFast(bound.root, "stored") === undefined ? 0 : 1
      documents.forEach((each, index) => {
        const other = documents[(index + 1) % documents.length] as Document
        for (const place of [{}, { root: each }, { prevRoot: each }, { root: each, prevRoot: other, this: current, prev: previous }]) expect(predicate(place)).toBe(plainly(bound, place))
        expect(stored(each)).toBe(plainly(bound, { root: each, prevRoot: each }))
      })
    }), { numRuns: runs, seed })
    expect(programs).toBeGreaterThan(runs / 30)
  }, 60_000)

  test.each<[string, unknown, Document, boolean]>([
    ["a text among the items of a list", { a: "x" }, { a: ["y", "x"] }, true],
    ["one of two", { $or: [{ a: "x" }, { b: "x" }] }, { b: "x" }, true],
    ["not both of two", { a: "x", b: "x" }, { b: "x" }, false],
    ["a list in a list is not opened twice", { a: "x" }, { a: [["x"]] }, false],
    ["an int and a wrapped double", { a: 2 }, { a: new Double(2) }, true],
    ["an int and an int64 in a list", { a: 2 }, { a: [Long.fromNumber(2)] }, true],
    ["minus zero", { a: 0 }, { a: -0 }, true],
    ["an order over an int64", { a: { $gt: 1 } }, { a: Long.fromNumber(2) }, true],
    ["an order over text", { a: { $gt: 1 } }, { a: "2" }, false],
    ["null and a missing field", { a: null }, {}, true],
    ["null and false", { a: null }, { a: false }, false],
    ["a field that is there and undefined", { a: { $exists: true } }, { a: undefined }, true],
    ["a path over a list of documents", { "a.b": "x" }, { a: [{ b: "y" }, { b: "x" }] }, true],
    ["a path by index", { "a.1": "x" }, { a: ["y", "x"] }, true],
    ["a path to a field named by a number", { "a.1": "x" }, { a: { 1: "x" } }, true],
    ["a path of four names", { "a.b.c.d": "x" }, { a: { b: { c: { d: "x" } } } }, true],
    ["a path into a date", { "a.getTime": { $exists: true } }, { a: new Date(0) }, false],
    ["a path into an ObjectId", { "a.toHexString": { $exists: true } }, { a: new ObjectId() }, false],
    ["a path into a document with a field `_bsontype`", { "a.b": "x" }, { a: { _bsontype: "ObjectId", b: "x" } }, true],
    ["one of many texts", { a: { $in: ["x", "y"] } }, { a: ["z", "y"] }, true],
    ["none of many texts", { a: { $nin: ["x", "y"] } }, {}, true],
  ])("%s", (_name, raw, root, expected) => {
    expect(decide(raw, root)).toBe(expected)
  })

  test.each(["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf"])("the inherited name %s is missing until a document holds it", (name) => {
    const raw = Object.fromEntries([[name, { $exists: true }]])
    const own = Object.fromEntries([[name, "x"]]) as Document
    expect([decide(raw, {}), decide(raw, own), decide({ [`a.${name}`]: "x" }, { a: {} }), decide({ [`a.${name}`]: "x" }, { a: own }), decide({ [`a.${name}`]: { $exists: true } }, { a: {} }), decide({ [`a.${name}.a`]: { $exists: true } }, { a: {} })]).toEqual([false, true, false, true, false, false])
  })

  test.each([8, 9, 10, 11, 100])("a path of %i names", (count) => {
    const names = Array.from({ length: count }, (_, index) => `n${index}`)
    const root = names.reduceRight<Value>((inner, name) => ({ [name]: inner }), "x") as Document
    expect([decide({ [names.join(".")]: "x" }, root), decide({ [names.join(".")]: "y" }, root), decide({ [names.join(".")]: { $exists: false } }, {})]).toEqual([true, false, true])
  })

  test.each(["root", "prevRoot", "this", "prev"])("%%%%%s is missing in both ways", (source) => {
    for (const [raw, expected] of [[{ $exists: true }, false], [{ $exists: false }, true], [null, true]] as const) {
      const bound = boundTo({ [`%%${source}`]: raw })
      expect([compile(bound)({}), plainly(bound, {})]).toEqual([expected, expected])
    }
  })

  test("of more tests than a program takes", () => {
    const raw = { $and: Array.from({ length: 100 }, (_, index) => ({ [`f${index}`]: index })) }
    const root = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, index]))
    expect(compileFast(boundTo(raw).root, "stored")).toBeUndefined()
    expect([compileStored(boundTo(raw))(root), compileStored(boundTo(raw))({ ...root, f99: 0 })]).toEqual([true, false])
  })
})

// What would end a text, a comment, a template or the body of a function, were it ever put there.
const hostile = [`"`, `'`, "`", "\\", "\n", "\u2028", "*/", "//", "${globalThis.hit = 1}", `"]; globalThis.hit = 1; //`, `k0`, `root`, `__proto__`, `}) => { globalThis.hit = 1 }`, `\\u0022`, "&", "|", "!", "."]

describe("SECURITY: no name and no value becomes text of a program", () => {
  const textOf = (raw: unknown): string => programText(shapeOf(boundTo(raw).root)?.shape as string, "stored")

  test.each(hostile.map((each) => [JSON.stringify(each), each] as const))("%s", (_title, text) => {
    const fields = text.includes(".") ? [] : [text]
    for (const field of fields) {
      // An inherited name is read in another way, so such names have a text of their own.
      if (!(field in Object.prototype) && !field.startsWith("$")) expect(textOf({ [field]: "x", b: { $ne: "y" } })).toBe(textOf({ a: "x", b: { $ne: "y" } }))
      if (!field.startsWith("$")) expect([decide({ [field]: "x" }, Object.fromEntries([[field, "x"]])), decide({ [field]: "x" }, {})]).toEqual([true, false])
    }
    expect(textOf({ a: text, b: { $in: [text] }, c: { d: text } })).toBe(textOf({ a: "x", b: { $in: ["x"] }, c: { d: "x" } }))
    expect([decide({ a: text }, { a: text }), decide({ a: text }, { a: "other" })]).toEqual([true, false])
    expect(compileStored(boundTo({ a: "%%user.id" }, { id: text }))({ a: text })).toBe(true)
    expect(Object.hasOwn(globalThis, "hit")).toBe(false)
  })

  test("a shape is a word over a closed alphabet, whatever the expression", () => {
    fc.assert(fc.property(expression, known, (raw, scope) => {
      const problems = { errors: [], warnings: [] }
      const parsed = parseExpression(raw, { context: "field", problems })
      const shaped = problems.errors.length > 0 ? undefined : shapeOf(bind(parsed, scope, noCalls).root)
      if (shaped !== undefined) expect(shaped.shape).toMatch(/^(?:[&|!.]|[rptqi]\d[eTF>G<Lsnvw][01])+$/)
    }), { numRuns: 1000, seed })
  })

  test.each(["", "&", "x1e0", "r", "r1", "rr", "r1x0", "r1e0r1e0", "&r1e0", "r1constructor0", "rxe0"])("the letters %j are no shape", (shape) => {
    expect(() => programText(shape, "scope")).toThrow(expect.objectContaining({ code: "internal" }) as Error)
  })
})

test("where the process may not make code of text, the plain way decides", () => {
  const index = join(import.meta.dirname, "../../../engine/expressions/index.ts")
  const script = `
    const { bind, compile, compileStored, noCalls, parseExpressionOrThrow } = await import(${JSON.stringify(index)})
    const bound = bind(parseExpressionOrThrow({ a: "%%user.id", b: { $gt: 1 } }, { context: "role" }), { user: { id: "u" } }, noCalls)
    console.log(JSON.stringify([{ a: "u", b: 2 }, { a: "u", b: 1 }, { a: "v", b: 2 }].map((root) => [compileStored(bound)(root), compile(bound)({ root })])))`
  const printed = execFileSync(process.execPath, ["--no-warnings", "--disallow-code-generation-from-strings", "--input-type=module", "-e", script], { encoding: "utf8" })
  expect(JSON.parse(printed)).toEqual([[true, true], [false, false], [false, false]])
})
