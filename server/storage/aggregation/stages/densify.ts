// `$densify`: documents for the values of a field that are missing between others.
import { compareValues, isNumeric, MaxKey, type Document, type Value } from "../../../../kernel/index.ts"
import { exactInteger } from "../../language/index.ts"
import { fieldPath } from "../compile.ts"
import { isNullish } from "../evaluate.ts"
import { unitArgument, type Unit } from "../expressions/date-arguments.ts"
import { addUnits } from "../expressions/date-arithmetic.ts"
import { utc } from "../expressions/time-zone.ts"
import { Budget, sizeOf, sortGently, Turn } from "../memory.ts"
import { add, toNumber } from "../numbers.ts"
import { namedFields } from "../operands.ts"
import { wrongStage, type MakeStage } from "../stage.ts"
import { valueKey } from "../value-key.ts"
import { plainValue, withValue } from "./simple.ts"

const mostMade = 500_000
const batchSize = 256
const endOfValues = new MaxKey()

type Bounds = "full" | "partition" | readonly [least: Value, below: Value]
interface Range { readonly step: Value; readonly unit: Unit | undefined; readonly bounds: Bounds }

/** The documents of one partition that have a value; `key` holds the partition's own fields. */
interface Partition { readonly key: Document; readonly entries: { readonly value: Value; readonly document: Document }[] }

/** The values to be there: from the first one by steps, up to and, where it is so said, with the last. */
interface Span { readonly first: Value; readonly last: Value; readonly isClosed: boolean }

const densify: MakeStage = (operand, context, name) => {
  const fields = namedFields(operand, name, ["field", "range"], ["partitionByFields"], 40414)
  const path = pathOf(fields["field"], name)
  const partitionPaths = readPartitionFields(fields["partitionByFields"], path, name)
  const range = readRange(fields["range"], name)
  if (range.bounds === "partition" && partitionPaths.length === 0) throw wrongStage(name, "the bounds `partition` need `partitionByFields`", 5733408)
  return async function* run(input) {
    const budget = new Budget(name, 5897900)
    const partitions = new Map<string, Partition>()
    if (partitionPaths.length === 0) partitions.set("", { key: {}, entries: [] })
    const turn = new Turn()
    for await (const batch of input) {
      const valueless: Document[] = []
      for (const document of batch) {
        context.scope.meter.begin()
        const value = plainValue(document, path)
        if (isNullish(value)) {
          valueless.push(document)
          continue
        }
        requireKind(value, range.unit, name)
        budget.take(64 + sizeOf(document))
        partitionOf(document, partitionPaths, partitions).entries.push({ value, document })
      }
      if (valueless.length > 0) yield valueless
      if (turn.isOver) await turn.pause()
    }
    const whole = range.bounds === "full" ? spanOf([...partitions.values()].flatMap(valuesOf)) : undefined
    const made = { count: 0 }
    for (const partition of partitions.values()) {
      const span = typeof range.bounds === "string" ? whole ?? spanOf(valuesOf(partition)) : { first: range.bounds[0], last: range.bounds[1], isClosed: false }
      yield* dense(await sorted(partition), path, range, span, made, name)
    }
  }
}

function pathOf(field: Value, name: string): string[] {
  if (typeof field !== "string") throw wrongStage(name, "a field is no name", 14)
  return fieldPath(field)
}

function readPartitionFields(list: Value, path: readonly string[], name: string): string[][] {
  if (list === undefined) return []
  if (!Array.isArray(list)) throw wrongStage(name, "`partitionByFields` is no list", 14)
  return (list as readonly Value[]).map((field) => {
    const own = pathOf(field, name)
    const length = Math.min(own.length, path.length)
    if (own.slice(0, length).every((segment, index) => segment === path[index])) throw wrongStage(name, "`partitionByFields` and `field` overlap", own.length < path.length ? 9554500 : 8993000)
    return own
  })
}

function readRange(value: Value, name: string): Range {
  const { step, bounds, unit: given } = namedFields(value, name, ["step", "bounds"], ["unit"], 40414)
  if (!isNumeric(step)) throw wrongStage(name, "`step` is no number", 14)
  if (!(toNumber(step) > 0)) throw wrongStage(name, "`step` is not positive", 5733401)
  if (given !== undefined && typeof given !== "string") throw wrongStage(name, "`unit` is no string", 14)
  const unit = given === undefined ? undefined : (unitArgument(given, name) as Unit)
  if (unit !== undefined && exactInteger(step) === undefined) throw wrongStage(name, "`step` is no integer, which dates need", 6586400)
  if (bounds === "full" || bounds === "partition") return { step, unit, bounds }
  if (!Array.isArray(bounds)) throw wrongStage(name, "`bounds` is neither `full`, `partition` nor a list", 5733402)
  if (bounds.length !== 2) throw wrongStage(name, "`bounds` has not exactly two values", 5733403)
  const [least, below] = bounds as unknown as readonly [Value, Value]
  if (isNumeric(least) && below instanceof Date) throw wrongStage(name, "`bounds` are of two kinds", 5733406)
  const areDates = least instanceof Date && below instanceof Date
  if (!areDates && !(isNumeric(least) && isNumeric(below))) throw wrongStage(name, "`bounds` are neither two numbers nor two dates", 5733402)
  if (compareValues(least, below) > 0) throw wrongStage(name, "`bounds` are the wrong way round", 5733402)
  if (!areDates && unit !== undefined) throw wrongStage(name, "`unit` stands beside bounds that are numbers", 5733409)
  if (areDates && unit === undefined) throw wrongStage(name, "bounds that are dates need `unit`", 5733410)
  return { step, unit, bounds: [least, below] }
}

function requireKind(value: Value, unit: Unit | undefined, name: string): void {
  if (!isNumeric(value) && !(value instanceof Date)) throw wrongStage(name, "a value is neither number nor date", 5733201)
  if (value instanceof Date !== (unit !== undefined)) throw wrongStage(name, "dates need `unit`, and numbers take none", 6053600)
}

function partitionOf(document: Document, paths: readonly (readonly string[])[], partitions: Map<string, Partition>): Partition {
  if (paths.length === 0) return partitions.get("") as Partition
  const key = paths.reduce<Document>((made, path) => {
    const value = plainValue(document, path)
    return value === undefined ? made : (withValue(made, path, 0, value) as Document)
  }, {})
  const text = valueKey(key)
  const there = partitions.get(text) ?? { key, entries: [] }
  partitions.set(text, there)
  return there
}

async function sorted({ key, entries }: Partition): Promise<Partition> {
  return { key, entries: await sortGently(entries, (left, right) => compareValues(left.value, right.value)) }
}

function valuesOf({ entries }: Partition): Value[] {
  return entries.map(({ value }) => value)
}

/** From the least to the greatest value; undefined of none. */
function spanOf(values: readonly Value[]): Span | undefined {
  if (values.length === 0) return undefined
  const extreme = (sign: 1 | -1): Value => values.reduce((best, value) => (compareValues(value, best) * sign > 0 ? value : best))
  return { first: extreme(-1), last: extreme(1), isClosed: true }
}

async function* dense({ key, entries }: Partition, path: readonly string[], { step, unit }: Range, span: Span | undefined, made: { count: number }, name: string): AsyncGenerator<Document[], void, void> {
  const turn = new Turn()
  let next = span?.first
  let batch: Document[] = []
  const isDue = (limit: Value): boolean => next !== undefined && span !== undefined && compareValues(next, limit) < 0 && compareValues(next, span.last) < (span.isClosed ? 1 : 0)
  const advance = (): void => {
    next = unit === undefined ? add(next, step) : new Date(addUnits((next as Date).getTime(), unit, toNumber(step), utc))
  }
  for (let at = 0; at <= entries.length; at++) {
    const entry = entries[at]
    const limit = entry === undefined ? endOfValues : entry.value
    for (; isDue(limit); advance()) {
      made.count += 1
      if (made.count > mostMade) throw wrongStage(name, `it would make more than ${mostMade} documents`, 5897900)
      batch.push(withValue(key, path, 0, next) as Document)
      if (batch.length < batchSize) continue
      yield batch
      batch = []
      if (turn.isOver) await turn.pause()
    }
    if (entry === undefined) break
    if (next !== undefined && compareValues(next, entry.value) === 0) advance()
    batch.push(entry.document)
  }
  if (batch.length > 0) yield batch
}

export const densifyStages: Readonly<Record<string, MakeStage>> = { $densify: densify }
