// Runs the cases of fixtures/expressions: parse result, grant, undetermined, number of calls, and what is pushed down.
import { readFileSync } from "node:fs"
import { Ajv2020 } from "ajv/dist/2020.js"
import { describe, expect, test } from "vitest"
import { bind, compile, createCallTable, parseExpression, toQuery, type BoundExpression, type CallLedger, type DocumentScope, type ExpressionContext, type KnownScope, type Problems, type Ternary } from "../../engine/expressions/index.ts"
import { fromEjson, isDocument, type Document, type Value } from "../../kernel/index.ts"
import { matchesQuery } from "../model/match.ts"
import { probesFor } from "../model/probes.ts"

interface Behaviour { returns?: unknown; returns_argument?: number; throws?: true; sum?: true; is_even?: true }

interface Case {
  id: string
  name: string
  context?: ExpressionContext
  scope?: Record<string, unknown>
  functions?: Record<string, Behaviour>
  expression: unknown
  expect: boolean | { error: string; path?: string }
  undetermined?: boolean
  calls?: number
  push_down?: { query: unknown; exact: boolean }
  /** Names of faults the case guards against. */
  regression?: string[]
}

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"))
const fixture = read("../../fixtures/expressions/expressions.json") as { defaults: { scope: Record<string, unknown> }; cases: Case[] }
const knownFailures = new Map(Object.entries(read("./expressions.known-failures.json") as Record<string, string>))

/** The case's scope over the defaults; `user` is merged one level deeper. */
function scopeOf({ scope = {} }: Case): Document {
  const { user, ...rest } = scope
  const defaults = fixture.defaults.scope
  return fromEjson({ ...defaults, ...rest, user: { ...(defaults["user"] as object), ...(user as object | undefined) } }) as Document
}

function only(scope: Document, keys: readonly string[]): Document {
  return Object.fromEntries(Object.entries(scope).filter(([key]) => keys.includes(key)))
}

function run(behaviour: Behaviour | undefined, args: readonly Value[]): { state: "failed" } | { state: "value"; value: Value } {
  if (behaviour === undefined || behaviour.throws === true) return { state: "failed" }
  if (behaviour.returns_argument !== undefined) return { state: "value", value: args[behaviour.returns_argument] }
  if (behaviour.sum === true) return { state: "value", value: args.reduce<number>((sum, each) => sum + (each as number), 0) }
  if (behaviour.is_even === true) return { state: "value", value: (args[0] as number) % 2 === 0 }
  return { state: "value", value: fromEjson(behaviour.returns) }
}

/** Evaluates, and while the result is undetermined makes the calls that were asked for. */
function evaluate(bound: BoundExpression, scope: DocumentScope, calls: CallLedger, functions: Record<string, Behaviour>): Ternary {
  const predicate = compile(bound)
  for (;;) {
    const result = predicate(scope)
    const wanted = calls.takeWanted()
    if (result !== undefined || wanted.length === 0) return result
    for (const call of wanted) calls.answer(call, run(Object.hasOwn(functions, call.name) ? functions[call.name] : undefined, call.args))
  }
}

function check(each: Case): void {
  const problems: Problems = { errors: [], warnings: [] }
  const expression = parseExpression(each.expression, { context: each.context ?? "role", problems })
  if (typeof each.expect === "object") {
    const { error, path } = each.expect
    expect(problems.errors.map((found) => ({ error: found.code, path: found.path }))).toContainEqual(path === undefined ? { error, path: expect.any(String) } : { error, path })
    return
  }
  expect(problems.errors).toEqual([])
  const scope = scopeOf(each)
  const known = only(scope, ["user", "values", "environment", "request", "args"]) as KnownScope
  const document = only(scope, ["root", "prevRoot", "this", "prev"]) as DocumentScope
  const calls = createCallTable()
  const bound = bind(expression, known, calls)
  const result = evaluate(bound, document, calls, each.functions ?? {})
  expect(result === true).toBe(each.expect)
  if (each.undetermined !== undefined) expect(result === undefined).toBe(each.undetermined)
  if (each.calls !== undefined) expect(calls.answered()).toBe(each.calls)
  if (each.push_down !== undefined) checkPushDown(bound, each, scope)
}

/** Any predicate that selects the same documents will do, so both are put to documents made of the values at hand. */
function checkPushDown(bound: BoundExpression, { push_down, functions = {} }: Case, scope: Document): void {
  const wanted = push_down as { query: unknown; exact: boolean }
  const pushed = toQuery(bound)
  expect(pushed.exact).toBe(wanted.exact)
  const query = wanted.query === "none" ? "none" : (fromEjson(wanted.query) as Document)
  const probes = probesFor([query, pushed.query, scope["root"] as Value])
  for (const probe of probes) {
    const selected = query !== "none" && matchesQuery(query, probe)
    expect({ probe, selected: pushed.query !== "none" && matchesQuery(pushed.query, probe) }).toEqual({ probe, selected })
    const granted = evaluate(bound, { root: probe, prevRoot: probe }, createCallTable(), functions) === true
    if (granted) expect({ probe, selected }).toEqual({ probe, selected: true })
    if (wanted.exact) expect({ probe, granted }).toEqual({ probe, granted: selected })
  }
}

describe("fixtures/expressions/expressions.json", () => {
  test("follows its schema, and holds every case once", () => {
    const validate = new Ajv2020({ allowUnionTypes: true }).compile(read("../../fixtures/schema/expressions-1.0.json") as object)
    validate(fixture)
    expect(validate.errors).toBe(null)
    expect(validate({ ...fixture, cases: [{ ...fixture.cases[0], expct: true }] })).toBe(false)
    expect(fixture.cases.length).toBe(184)
    expect(new Set(fixture.cases.map(({ id }) => id)).size).toBe(fixture.cases.length)
    for (const id of knownFailures.keys()) expect(fixture.cases.map((each) => each.id)).toContain(id)
    expect(isDocument(fromEjson(fixture.defaults.scope))).toBe(true)
  })

  for (const each of fixture.cases) {
    const runner = knownFailures.has(each.id) ? test.fails : test
    const guards = each.regression === undefined ? "" : ` (${each.regression.join(", ")})`
    runner(`${each.id}: ${each.name}${guards}`, () => check(each))
  }
})
