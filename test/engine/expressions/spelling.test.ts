// Every operator with `$` and with `%`, every expansion with and without closing signs, every field with and without `%%root`: one meaning.
import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { bind, compile, createCallTable, parseExpression, parseExpressionOrThrow, type DocumentScope, type ExpressionContext, type KnownScope, type Problems, type Ternary } from "../../../engine/expressions/index.ts"
import { fromEjson, ObjectId, UUID, type Document, type Value } from "../../../kernel/index.ts"

interface Case { readonly id: string; readonly context?: ExpressionContext; readonly scope?: Record<string, unknown>; readonly expression: unknown }

const fixture = JSON.parse(readFileSync(new URL("../../../fixtures/expressions/expressions.json", import.meta.url), "utf8")) as { readonly defaults: { readonly scope: Record<string, unknown> }; readonly cases: readonly Case[] }
const onlyWithPercent = ["stringToOid", "oidToString", "stringToUuid", "uuidToString", "function"]
const both = ["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists", "and", "or", "nor", "not", "all", "elemMatch", "size", "type", "mod", "regex", "options"]

/** The operators no case of the fixture uses, each true and false once. */
const further: readonly Case[] = [
  ["$all", { tags: { $all: ["a", "b"] } }], ["$all", { tags: { $all: ["a", "z"] } }], ["$elemMatch", { list: { $elemMatch: { n: { $gt: 1 } } } }], ["$elemMatch", { tags: { $elemMatch: { $eq: "z" } } }],
  ["$size", { tags: { $size: 2 } }], ["$size", { tags: { $size: 3 } }], ["$type", { n: { $type: "int" } }], ["$type", { n: { $type: ["string", 8] } }], ["$mod", { n: { $mod: [4, 1] } }], ["$mod", { n: { $mod: [4, 2] } }],
  ["$regex", { s: { $regex: "^AB", $options: "i" } }], ["$regex", { s: { $regex: "^AB" } }],
].map(([name, expression], index) => ({ id: `${name as string} ${index}`, expression, scope: { root: { tags: ["a", "b"], list: [{ n: 1 }, { n: 2 }], n: 5, s: "abc" } } }))
const cases = [...fixture.cases, ...further]

/** Rewrites keys and texts of an expression. */
function respell(raw: unknown, key: (name: string) => string, text: (value: string) => string): unknown {
  if (typeof raw === "string") return text(raw)
  if (Array.isArray(raw)) return raw.map((item: unknown) => respell(item, key, text))
  if (typeof raw !== "object" || raw === null) return raw
  const copy: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(raw)) Object.defineProperty(copy, key(name), { value: respell(value, key, text), enumerable: true, configurable: true, writable: true })
  return copy
}

const isOperator = (name: string): boolean => both.includes(name.slice(1)) && /^[$%][^%]/.test(name)
const same = <Value>(value: Value): Value => value
const close = (text: string): string => (/^%%[^%]+$/.test(text) && !/^%%(?:true|false)$/.test(text) ? `${text}%%` : text)

const spellings: readonly (readonly [name: string, (raw: unknown) => unknown])[] = [
  ["every operator with %", (raw) => respell(raw, (name) => (isOperator(name) ? `%${name.slice(1)}` : name), same)],
  ["every operator with $", (raw) => respell(raw, (name) => (isOperator(name) ? `$${name.slice(1)}` : name), same)],
  ["every expansion with closing signs", (raw) => respell(raw, close, close)],
]

/** What an expression comes to: a result, or the codes of its errors. */
function outcome(raw: unknown, { context = "role", scope = {} }: Case): unknown {
  const problems: Problems = { errors: [], warnings: [] }
  const expression = parseExpression(raw, { context, problems })
  if (problems.errors.length > 0) return problems.errors.map(({ code }) => code)
  const { user, ...rest } = scope
  const all = fromEjson({ ...fixture.defaults.scope, ...rest, user: { ...(fixture.defaults.scope["user"] as object), ...(user as object | undefined) } }) as Document
  return compile(bind(expression, all as KnownScope, createCallTable()))(all as DocumentScope)
}

describe.each(spellings)("%s", (_name, spell) => {
  test.each(cases.map((each) => [each.id, each] as const))("%s", (_id, each) => {
    expect(outcome(spell(each.expression), each)).toEqual(outcome(each.expression, each))
  })
})

test("the further cases tell", () => {
  expect(further.map((each) => outcome(each.expression, each))).toEqual(further.map((_, index) => index % 2 === 0))
})

test("the cases use every operator in both spellings", () => {
  const written = new Set<string>()
  for (const [, spell] of spellings) for (const { expression } of cases) respell(spell(expression), (name) => (written.add(name), name), same)
  expect(both.flatMap((name) => [`$${name}`, `%${name}`]).filter((name) => !written.has(name))).toEqual([])
})

test.each(onlyWithPercent)("%%%s exists with %% alone", (name) => {
  const problems: Problems = { errors: [], warnings: [] }
  parseExpression({ a: { [`$${name}`]: name === "function" ? { name: "f" } : "x" } }, { context: "role", problems })
  expect(problems.errors.map(({ code, path }) => [code, path])).toEqual([["unknown-operator", `/a/$${name}`]])
})

describe("the table of expansions", () => {
  const known: KnownScope = {
    user: { id: "u", type: "normal", data: { email: "a@b.c" }, custom_data: { team: "red", deep: { x: 1 } }, identities: [{ id: "i", provider_type: "anon-user", data: {} }] },
    values: { limit: 5 }, environment: { tag: "qa", values: { host: "h" } },
    request: { httpMethod: "GET", httpReferrer: "r", httpUserAgent: "a", rawQueryString: "q=1", remoteIPAddress: "1.2.3.4", webhookUrl: "/w", service: "s", action: "x", requestHeaders: { "X-Key": ["k1", "k2"] } },
  }
  const images: DocumentScope = { root: { a: 1, n: 2 }, prevRoot: { a: 1, n: 1 }, this: 2, prev: 1 }
  const ask = (raw: unknown, context: ExpressionContext, scope: KnownScope = known, document: DocumentScope = images): Ternary => compile(bind(parseExpressionOrThrow(raw, { context }), scope, createCallTable()))(document)
  const rows: readonly (readonly [expansion: string, value: unknown])[] = [
    ["%%values.limit", 5], ["%%environment.tag", "qa"], ["%%environment.values.host", "h"],
    ["%%request.httpMethod", "GET"], ["%%request.httpReferrer", "r"], ["%%request.httpUserAgent", "a"], ["%%request.rawQueryString", "q=1"], ["%%request.remoteIPAddress", "1.2.3.4"], ["%%request.webhookUrl", "/w"], ["%%request.service", "s"], ["%%request.action", "x"],
    ["%%request.requestHeaders.X-Key", "k2"], ["%%request.requestHeaders.x-key", "k1"],
    ["%%user.id", "u"], ["%%user.type", "normal"], ["%%user.data.email", "a@b.c"], ["%%user.custom_data.team", "red"], ["%%user.custom_data.deep.x", 1], ["%%user.identities.provider_type", "anon-user"], ["%%user.identities.providerType", "anon-user"], ["%%user.identities.id", "i"],
    ["%%root.n", 2], ["%%prevRoot.n", 1], ["%%this", 2], ["%%prev", 1],
  ]

  test.each(rows)("%s has its value as a subject and as an operand, in either spelling", (expansion, value) => {
    // A list is tested item by item as a subject; as an item it stands for itself.
    const isList = expansion.includes("requestHeaders") || expansion.includes("identities")
    const other: Document = { ...images.root, v: value as Value }
    for (const spelt of [expansion, `${expansion}%%`]) {
      expect(ask({ [spelt]: value }, "field")).toBe(true)
      expect(ask({ [spelt]: { $ne: value } }, "field")).toBe(false)
      expect(ask({ v: { $in: [spelt] } }, "field", known, { ...images, root: other })).toBe(!isList)
      expect(ask({ [spelt]: value }, "field", {}, {})).toBe(false)
      expect(ask({ v: spelt }, "field", {}, { root: { v: value as Value } })).not.toBe(true)
    }
  })

  test("a bare key is a field of the document, or an argument of a call", () => {
    expect([ask({ n: 2 }, "role"), ask({ "%%root.n": 2 }, "role"), ask({ n: 1 }, "role")]).toEqual([true, true, false])
    expect(ask({ n: 2 }, "call", { args: { n: 2 } })).toBe(true)
    expect(ask({ "%%args.n": 2 }, "call", { args: { n: 2 } })).toBe(true)
  })

  test("conversions", () => {
    const [oid, uuid] = ["64b1f0c2a7d93e5b8c214f06", "01234567-89ab-cdef-0123-456789abcdef"]
    const scope: KnownScope = { user: { id: oid, custom_data: { uuid } } }
    expect(ask({ a: { "%stringToOid": "%%user.id" } }, "role", scope, { root: { a: new ObjectId(oid) } })).toBe(true)
    expect(ask({ "%%user.id": { "%oidToString": "%%root.a" } }, "role", scope, { root: { a: new ObjectId(oid) } })).toBe(true)
    expect(ask({ a: { "%stringToUuid": "%%user.custom_data.uuid" } }, "role", scope, { root: { a: new UUID(uuid) } })).toBe(true)
    expect(ask({ "%%user.custom_data.uuid": { "%uuidToString": "%%root.a" } }, "role", scope, { root: { a: new UUID(uuid) } })).toBe(true)
  })
})
