// The engine against the model: what compile decides, and what toQuery selects. One seed per run, printed; MODEL_SEED repeats it.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { bind, compile, constantOf, createCallTable, parseExpression, toQuery, type BoundExpression, type CallLedger, type DocumentScope, type Problems, type Ternary } from "../../engine/expressions/index.ts"
import type { Document, Value } from "../../kernel/index.ts"
import { compileFilter } from "../../server/storage/language/index.ts"
import { evaluateModel } from "./evaluate.ts"
import { document, expression, fieldValue, known } from "./generate.ts"

const runs = Number(process.env["MODEL_RUNS"] ?? 8000)
const seed = Number(process.env["MODEL_SEED"] ?? Date.now() % 2 ** 31)
const documentsPerRun = 8

function answer(name: string, args: readonly Value[]): Value {
  return name === "yes" ? true : name === "no" ? false : name === "echo" ? args[0] : undefined
}

function parse(raw: unknown): ReturnType<typeof parseExpression> | undefined {
  const problems: Problems = { errors: [], warnings: [] }
  const parsed = parseExpression(raw, { context: "field", problems })
  return problems.errors.length > 0 ? undefined : parsed
}

function settle(decide: () => Ternary | "depends", calls: CallLedger): Ternary | "depends" {
  for (;;) {
    const result = decide()
    const wanted = calls.takeWanted()
    if (result !== undefined || wanted.length === 0) return result
    for (const call of wanted) {
      const value = answer(call.name, call.args)
      calls.answer(call, value === undefined ? { state: "failed" } : { state: "value", value })
    }
  }
}

const counts = { checks: 0, granted: 0, selected: 0, exact: 0, refused: 0, undetermined: 0 }
const cases = fc.tuple(expression, known, fc.array(document, { minLength: documentsPerRun, maxLength: documentsPerRun }), fieldValue, fieldValue)

describe("the engine agrees with the model", () => {
  test(`on random expressions and documents (seed ${seed}, ${runs} runs)`, () => {
    fc.assert(fc.property(cases, ([raw, scope, documents, current, previous]) => {
      const parsed = parse(raw)
      if (parsed === undefined) {
        counts.refused += 1
        return
      }
      const calls = createCallTable()
      const bound = bind(parsed, scope, calls)
      const predicate = compile(bound)
      const constant = settle(() => constantOf(bound), createCallTable())
      const decided: { document: Document; result: Ternary }[] = documents.map((each) => {
        const place: DocumentScope = { root: each, prevRoot: each, this: current, prev: previous }
        const result = settle(() => predicate(place), calls) as Ternary
        expect({ result }).toEqual({ result: evaluateModel(raw, { ...scope, ...place }, answer) })
        if (typeof constant === "boolean") expect(result).toBe(constant)
        counts.checks += 1
        counts[result === undefined ? "undetermined" : "granted"] += result === false ? 0 : 1
        return { document: each, result }
      })
      checkQuery(bound, decided)
    }), { numRuns: runs, seed })
    // A generator that makes nothing but refusals or denials proves nothing.
    expect(counts.refused).toBeLessThan(runs / 3)
    expect(counts.granted).toBeGreaterThan(counts.checks / 20)
    expect(counts.undetermined).toBeGreaterThan(counts.checks / 50)
    expect(counts.exact).toBeGreaterThan(counts.checks / 4)
    process.stdout.write(`seed ${seed}: ${JSON.stringify(counts)}\n`)
  }, 180_000)
})

/** The query admits every document that is granted; an exact one no other. */
function checkQuery(bound: BoundExpression, decided: readonly { document: Document; result: Ternary }[]): void {
  const { query, exact } = toQuery(bound)
  const selects = query === "none" ? () => false : compileFilter(query)
  for (const each of decided) {
    const selected = selects(each.document)
    counts.checks += 1
    counts.selected += selected ? 1 : 0
    counts.exact += exact ? 1 : 0
    if (each.result === true) expect({ selected, query }).toEqual({ selected: true, query })
    if (exact && selected) expect({ result: each.result, query }).toEqual({ result: true, query })
  }
}
