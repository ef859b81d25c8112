// Stages that gather documents: `$group`, `$sortByCount`, `$bucket`, `$bucketAuto`.
import { compareValues, isDocument, isNumeric, rankOf, setField, type Document, type Value } from "../../../../kernel/index.ts"
import { exactInteger } from "../../language/index.ts"
import { compileAccumulator, type Accumulator, type MakeAccumulator } from "../accumulators/accumulators.ts"
import { compileExpression } from "../compile.ts"
import { constantValue, type Evaluate, type Scope } from "../evaluate.ts"
import { Budget, sizeOf, sortGently, Turn } from "../memory.ts"
import { namedFields } from "../operands.ts"
import { batchesOf, wrongStage, type MakeStage, type Run, type StageContext } from "../stage.ts"
import { valueKey } from "../value-key.ts"
import { sortStage } from "./sorting.ts"
import { granularBounds, granularities } from "./granularity.ts"

interface Fields { readonly names: readonly string[]; readonly makers: readonly MakeAccumulator[] }

function compileFields(output: Document, except: string | undefined, scope: Scope): Fields {
  const names = Object.keys(output).filter((name) => name !== except)
  return { names, makers: names.map((name) => compileAccumulator(name, output[name], scope)) }
}

interface Group { readonly key: Value; readonly states: readonly Accumulator[] }

function newGroup({ makers }: Fields, key: Value, budget: Budget): Group {
  budget.take(128 + makers.length * 64 + sizeOf(key))
  return { key, states: makers.map((make) => make(key, budget)) }
}

function resultOf({ names }: Fields, { key, states }: Group): Document {
  const result: Document = { _id: key }
  names.forEach((name, index) => {
    const value = (states[index] as Accumulator).result()
    setField(result, name, value === undefined ? null : value)
  })
  return result
}

function groupBy(context: StageContext, evaluate: Evaluate, fields: Fields, name: string): Run {
  const { meter } = context.scope
  return async function* run(input) {
    const budget = new Budget(name)
    const groups = new Map<string, Group>()
    const turn = new Turn()
    for await (const batch of input) {
      for (let index = 0; index < batch.length; index++) {
        const document = batch[index] as Document
        meter.begin()
        const found = evaluate(document)
        const key = found === undefined ? null : found
        const text = valueKey(key)
        let group = groups.get(text)
        if (group === undefined) {
          group = newGroup(fields, key, budget)
          groups.set(text, group)
        }
        for (const state of group.states) state.add(document)
        if ((index & 63) === 63 && turn.isOver) await turn.pause()
      }
    }
    let made: Document[] = []
    for (const group of groups.values()) {
      made.push(resultOf(fields, group))
      if (made.length < 256) continue
      yield made
      made = []
      if (turn.isOver) await turn.pause()
    }
    if (made.length > 0) yield made
  }
}

const group: MakeStage = (operand, context, name) => {
  if (!isDocument(operand)) throw wrongStage(name, "its operand is no document", 15947)
  if (!Object.hasOwn(operand, "_id")) throw wrongStage(name, "`_id` is absent", 15955)
  const fields = compileFields(operand, "_id", context.scope)
  return groupBy(context, compileExpression(operand["_id"], context.scope), fields, name)
}

const sortByCount: MakeStage = (operand, context, name) => {
  const isExpression = typeof operand === "string" ? operand.startsWith("$") : isDocument(operand) && (Object.keys(operand)[0] ?? "").startsWith("$")
  if (!isExpression) throw wrongStage(name, "its operand is no expression", typeof operand === "string" ? 40148 : isDocument(operand) ? 40147 : 40149)
  const count = groupBy(context, compileExpression(operand, context.scope), compileFields({ count: { $sum: 1 } }, undefined, context.scope), name)
  const sort = sortStage({ count: -1 }, Number.POSITIVE_INFINITY, name)
  return (input) => sort(count(input))
}

const bucket: MakeStage = (operand, context, name) => {
  const options = namedFields(operand, name, ["groupBy", "boundaries"], ["default", "output"], 40197)
  const by = groupExpression(options["groupBy"], context.scope, name, 40202)
  const boundaries = readBoundaries(options["boundaries"], context.scope, name)
  const fallback = Object.hasOwn(options, "default") ? constantValue(compileExpression(options["default"], context.scope)) : undefined
  if (Object.hasOwn(options, "default")) checkDefault(fallback, boundaries, name)
  const fields = compileFields(readOutput(options, name), undefined, context.scope)
  const bucketOf: Evaluate = (document) => {
    const value = by(document)
    const at = placeIn(boundaries, value)
    if (at !== undefined) return boundaries[at]
    if (fallback === undefined) throw wrongStage(name, "a value is in no bucket, and there is no `default`", 40066)
    return fallback.value
  }
  const grouped = groupBy(context, bucketOf, fields, name)
  const sort = sortStage({ _id: 1 }, Number.POSITIVE_INFINITY, name)
  return (input) => sort(grouped(input))
}

function groupExpression(operand: Value, scope: Scope, name: string, code: number): Evaluate {
  const isExpression = typeof operand === "string" ? operand.startsWith("$") : isDocument(operand) && (Object.keys(operand)[0] ?? "").startsWith("$")
  if (!isExpression) throw wrongStage(name, "`groupBy` is neither a field path nor an operator", code)
  return compileExpression(operand, scope)
}

function readBoundaries(list: Value, scope: Scope, name: string): Value[] {
  if (!Array.isArray(list)) throw wrongStage(name, "`boundaries` is no list", 40200)
  const values = (list as readonly Value[]).map((item) => {
    const found = constantValue(compileExpression(item, scope))
    if (found === undefined) throw wrongStage(name, "a boundary is no constant", 40191)
    return found.value
  })
  if (values.length < 2) throw wrongStage(name, "there are less than two boundaries", 40192)
  values.slice(1).forEach((value, index) => {
    if (rankOf(value) !== rankOf(values[index])) throw wrongStage(name, "the boundaries are of different types", 40193)
    if (compareValues(values[index], value) >= 0) throw wrongStage(name, "the boundaries are not in ascending order", 40194)
  })
  return values
}

function checkDefault(fallback: { readonly value: Value } | undefined, boundaries: readonly Value[], name: string): void {
  if (fallback === undefined) throw wrongStage(name, "`default` is no constant", 40195)
  if (placeIn(boundaries, fallback.value) !== undefined) throw wrongStage(name, "`default` is within the boundaries", 40199)
}

function readOutput(options: Document, name: string): Document {
  if (!Object.hasOwn(options, "output")) return { count: { $sum: 1 } }
  if (!isDocument(options["output"])) throw wrongStage(name, "`output` is no document", name === "$bucket" ? 40196 : 40244)
  return options["output"]
}

/** The bucket a value is in; undefined when it is in none. */
function placeIn(boundaries: readonly Value[], value: Value): number | undefined {
  if (compareValues(value, boundaries[0]) < 0 || compareValues(value, boundaries.at(-1)) >= 0) return undefined
  let low = 0
  let high = boundaries.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (compareValues(boundaries[middle], value) <= 0) low = middle
    else high = middle
  }
  return low
}

const bucketAuto: MakeStage = (operand, context, name) => {
  const options = namedFields(operand, name, ["groupBy", "buckets"], ["output", "granularity"], 40240)
  const by = groupExpression(options["groupBy"], context.scope, name, 40239)
  const exact = isNumeric(options["buckets"]) ? exactInteger(options["buckets"]) : undefined
  if (exact === undefined) throw wrongStage(name, "`buckets` is no integer", 40241)
  if (exact <= 0n || exact > 0x7fffffffn) throw wrongStage(name, "`buckets` is not positive", 40243)
  const granularity = options["granularity"]
  if (Object.hasOwn(options, "granularity") && (typeof granularity !== "string" || !granularities.has(granularity))) throw wrongStage(name, "`granularity` is unknown", 40261)
  const fields = compileFields(readOutput(options, name), undefined, context.scope)
  return async function* run(input) {
    const budget = new Budget(name)
    const all: { readonly value: Value; readonly document: Document; readonly at: number }[] = []
    for await (const batch of input) {
      for (const document of batch) {
        context.scope.meter.begin()
        budget.take(48 + sizeOf(document))
        const value = by(document)
        all.push({ value: value === undefined ? null : value, document, at: all.length })
      }
    }
    const sorted = await sortGently(all, (left, right) => compareValues(left.value, right.value) || left.at - right.at)
    const cut = typeof granularity === "string" ? granularBounds(sorted.map(({ value }) => value), Number(exact), granularity, name) : evenBounds(sorted.map(({ value }) => value), Number(exact))
    const made: Document[] = []
    for (const { from, to, min, max } of cut) {
      const states = newGroup(fields, { min, max }, budget)
      for (const { document } of sorted.slice(from, to)) for (const state of states.states) state.add(document)
      made.push(resultOf(fields, states))
    }
    yield* batchesOf(made)
  }
}

/** A bucket: which of the sorted values are in it, and its bounds. */
export interface Cut { readonly from: number; readonly to: number; readonly min: Value; readonly max: Value }

/** Buckets of about the same number of values; equal values are in one. */
function evenBounds(values: readonly Value[], buckets: number): Cut[] {
  const cuts: Cut[] = []
  const size = Math.max(1, Math.round(values.length / buckets))
  let from = 0
  while (from < values.length) {
    const isLast = cuts.length === buckets - 1
    let to = isLast ? values.length : Math.min(values.length, from + size)
    while (to < values.length && compareValues(values[to], values[to - 1]) === 0) to += 1
    cuts.push({ from, to, min: values[from], max: to < values.length ? values[to] : values[to - 1] })
    from = to
  }
  return cuts
}

export const groupingStages: Readonly<Record<string, MakeStage>> = { $group: group, $sortByCount: sortByCount, $bucket: bucket, $bucketAuto: bucketAuto }
