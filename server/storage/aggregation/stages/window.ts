// `$setWindowFields`: accumulators over windows of sorted documents, and ranks.
import { compareValues, isDocument, isNumeric, splitPath, type Document, type Value } from "../../../../kernel/index.ts"
import { compileKeyOrder, compileSortKey, exactInteger, unsupported } from "../../language/index.ts"
import { accumulators, compileAccumulator, type MakeAccumulator } from "../accumulators/accumulators.ts"
import { compileExpression, fieldPath } from "../compile.ts"
import { constantValue, type Scope } from "../evaluate.ts"
import { Budget, sizeOf, sortGently, Turn } from "../memory.ts"
import { add, toNumber } from "../numbers.ts"
import { namedFields } from "../operands.ts"
import { batchesOf, wrongStage, type MakeStage, type StageContext } from "../stage.ts"
import { valueKey } from "../value-key.ts"
import { withValue } from "./simple.ts"

/** One partition, sorted; `keys` are the sort keys, where there is a sort. */
interface Partition { readonly documents: readonly Document[]; readonly keys: readonly (readonly Value[])[]; readonly sameKey: (left: number, right: number) => boolean }

/** The value of a field for the document at a place of a partition. */
type WindowField = (partition: Partition, budget: Budget) => (at: number) => Value

interface Sorting { readonly sortBy: Document | undefined; readonly scope: Scope; readonly name: string }

const setWindowFields: MakeStage = (operand, context, name) => {
  const fields = namedFields(operand, name, ["output"], ["partitionBy", "sortBy"], 40415)
  const partitionOf = Object.hasOwn(fields, "partitionBy") ? compileExpression(fields["partitionBy"], context.scope) : (): Value => null
  const sortBy = Object.hasOwn(fields, "sortBy") ? fields["sortBy"] : undefined
  if (sortBy !== undefined && (!isDocument(sortBy) || Object.keys(sortBy).length === 0)) throw wrongStage(name, "`sortBy` is no sort", 9)
  const keyOf = sortBy === undefined ? (): readonly Value[] => [] : compileSortKey(sortBy)
  const order = sortBy === undefined ? (): number => 0 : compileKeyOrder(sortBy)
  if (!isDocument(fields["output"])) throw wrongStage(name, "`output` is no document", 9)
  const output = Object.entries(fields["output"]).map(([field, definition]) => ({ path: fieldPath(field), compute: windowField(definition, { sortBy, scope: context.scope, name }) }))
  return async function* run(input) {
    const budget = new Budget(name, 5414201)
    const partitions = await readPartitions(input, partitionOf, keyOf, budget, context)
    for (const entries of partitions) {
      const sorted = await sortGently(entries, (left, right) => order(left.key, right.key) || left.at - right.at)
      const partition: Partition = {
        documents: sorted.map(({ document }) => document), keys: sorted.map(({ key }) => key),
        sameKey: (left, right) => order((sorted[left] as Entry).key, (sorted[right] as Entry).key) === 0,
      }
      yield* await computed(partition, output, budget, context)
    }
  }
}

export interface Entry { readonly document: Document; readonly key: readonly Value[]; readonly at: number }

/** The documents of each partition with their sort keys, the partitions in the order of their values. */
export async function readPartitions(input: AsyncIterable<Document[]>, partitionOf: (document: Document) => Value, keyOf: (document: Document) => readonly Value[], budget: Budget, context: StageContext): Promise<Entry[][]> {
  const partitions = new Map<string, { readonly value: Value; readonly entries: Entry[] }>()
  let at = 0
  for await (const batch of input) {
    for (const document of batch) {
      context.scope.meter.begin()
      budget.take(64 + sizeOf(document))
      const value = partitionOf(document) ?? null
      if (Array.isArray(value)) throw wrongStage("$setWindowFields", "`partitionBy` gave a list", 5429500)
      const key = valueKey(value)
      const there = partitions.get(key) ?? { value, entries: [] }
      partitions.set(key, there)
      there.entries.push({ document, key: keyOf(document), at: at++ })
    }
  }
  return [...partitions.values()].toSorted((left, right) => compareValues(left.value, right.value)).map(({ entries }) => entries)
}

async function computed(partition: Partition, output: readonly { readonly path: readonly string[]; readonly compute: WindowField }[], budget: Budget, context: StageContext): Promise<Iterable<Document[]>> {
  const turn = new Turn()
  const readers = output.map(({ path, compute }) => ({ path, read: compute(partition, budget) }))
  const made: Document[] = []
  for (const [at, document] of partition.documents.entries()) {
    let result: Value = document
    for (const { path, read } of readers) {
      context.scope.meter.begin()
      const value = read(at)
      result = withValue(result, path, 0, value === undefined ? null : value)
    }
    made.push(result as Document)
    if (turn.isOver) await turn.pause()
  }
  return batchesOf(made)
}

function windowField(definition: Value, sorting: Sorting): WindowField {
  const { name } = sorting
  if (!isDocument(definition)) throw wrongStage(name, "an output field is no document", 9)
  const { window, ...functions } = definition
  const [operator, ...others] = Object.keys(functions)
  if (operator === undefined || others.length > 0) throw wrongStage(name, "an output field has not exactly one function", 9)
  const operand = functions[operator]
  if (Object.hasOwn(rankings, operator)) return ranking(operator, operand, window, sorting)
  if (operator === "$shift") return shift(operand, window, sorting)
  if (operator === "$locf" || operator === "$linearFill" || operator === "$expMovingAvg" || operator === "$derivative" || operator === "$integral" || operator === "$covariancePop" || operator === "$covarianceSamp" || operator === "$minMaxScaler") {
    throw unsupported(`Cannot run \`${name}\`: \`${operator}\` is not supported`)
  }
  if (!Object.hasOwn(accumulators, operator)) throw wrongStage(name, "an output field has an unknown function", 9)
  return windowed(compileAccumulator("field", { [operator]: operand }, sorting.scope), window, sorting)
}

type Rank = (partition: Partition) => (at: number) => number
const rankings: Readonly<Record<string, Rank>> = {
  $documentNumber: () => (at) => at + 1,
  $rank: ({ documents, sameKey }) => {
    const ranks: number[] = []
    for (let at = 0; at < documents.length; at++) ranks.push(at > 0 && sameKey(at - 1, at) ? (ranks[at - 1] as number) : at + 1)
    return (at) => ranks[at] as number
  },
  $denseRank: ({ documents, sameKey }) => {
    const ranks: number[] = []
    for (let at = 0; at < documents.length; at++) ranks.push(at === 0 ? 1 : (ranks[at - 1] as number) + (sameKey(at - 1, at) ? 0 : 1))
    return (at) => ranks[at] as number
  },
}

function ranking(operator: string, operand: Value, window: Value, { sortBy, name }: Sorting): WindowField {
  if (!isDocument(operand) || Object.keys(operand).length > 0) throw wrongStage(name, "a rank takes an empty document", 5371603)
  if (window !== undefined) throw wrongStage(name, "a rank takes no window", 5371601)
  if (sortBy === undefined || (operator !== "$documentNumber" && Object.keys(sortBy).length !== 1)) throw wrongStage(name, "a rank needs `sortBy` of one field", 5371602)
  return rankings[operator] as WindowField
}

function shift(operand: Value, window: Value, { sortBy, scope, name }: Sorting): WindowField {
  const fields = namedFields(operand, "$shift", ["output", "by"], ["default"], 9)
  if (window !== undefined) throw wrongStage(name, "`$shift` takes no window", 9)
  if (sortBy === undefined) throw wrongStage(name, "`$shift` needs `sortBy`", 9)
  const by = exactInteger(fields["by"])
  if (by === undefined) throw wrongStage(name, "`by` is no integer", 9)
  const fallback = Object.hasOwn(fields, "default") ? constantValue(compileExpression(fields["default"], scope)) : { value: null }
  if (fallback === undefined) throw wrongStage(name, "`default` is no constant", 9)
  const output = compileExpression(fields["output"], scope)
  return ({ documents }) => (at) => {
    const other = documents[at + Number(by)]
    return other === undefined ? fallback.value : output(other)
  }
}

type Bound = "unbounded" | "current" | number

function readBound(value: Value, name: string, isWhole: boolean): Bound {
  if (value === "unbounded" || value === "current") return value
  if (!isNumeric(value) || Number.isNaN(toNumber(value)) || (isWhole && exactInteger(value) === undefined)) throw wrongStage(name, "a bound of a window is neither number, `current` nor `unbounded`", 5339902)
  return toNumber(value)
}

function readBounds(list: Value, name: string, isWhole: boolean): [Bound, Bound] {
  if (!Array.isArray(list) || list.length !== 2) throw wrongStage(name, "a window has not exactly two bounds", 5339902)
  const [from, to] = [readBound(list[0] as Value, name, isWhole), readBound(list[1] as Value, name, isWhole)]
  const place = (bound: Bound, unbounded: number): number => (bound === "unbounded" ? unbounded : bound === "current" ? 0 : bound)
  if (place(from, Number.NEGATIVE_INFINITY) > place(to, Number.POSITIVE_INFINITY)) throw wrongStage(name, "the bounds of a window are the wrong way round", 5339900)
  return [from, to]
}

function windowed(make: MakeAccumulator, window: Value, { sortBy, scope, name }: Sorting): WindowField {
  const options = window === undefined ? {} : namedFields(window, name, [], ["documents", "range", "unit"], 9)
  if (Object.hasOwn(options, "unit")) throw unsupported(`Cannot run \`${name}\`: a window with \`unit\` is not supported`)
  const isRange = Object.hasOwn(options, "range")
  if (isRange && Object.hasOwn(options, "documents")) throw wrongStage(name, "a window has documents and a range", 9)
  const bounds = isRange || Object.hasOwn(options, "documents") ? readBounds(options[isRange ? "range" : "documents"], name, !isRange) : (["unbounded", "unbounded"] as const)
  if (isRange && (sortBy === undefined || Object.keys(sortBy).length !== 1 || Object.values(sortBy).some((direction) => toNumber(direction) < 0))) throw wrongStage(name, "a range needs `sortBy` of one ascending field", 5339902)
  if (!isRange && sortBy === undefined && bounds.some((bound) => bound !== "unbounded")) throw wrongStage(name, "a window of documents needs `sortBy`", 5339901)
  const [from, to] = bounds
  return (partition, budget) => {
    const { documents } = partition
    const result = (first: number, last: number): Value => {
      const state = make(null, budget)
      scope.meter.spend(Math.max(0, last - first))
      for (let index = Math.max(0, first); index <= Math.min(last, documents.length - 1); index++) state.add(documents[index] as Document)
      return state.result()
    }
    if (from === "unbounded" && to === "unbounded") {
      const whole = result(0, documents.length - 1)
      return () => whole
    }
    if (from === "unbounded" && !isRange) {
      // It only grows: one accumulator sees each document once. A list it gives is copied, as it goes on growing.
      const state = make(null, budget)
      let next = 0
      return (at) => {
        const last = at + (to === "current" ? 0 : (to as number))
        while (next <= last && next < documents.length) state.add(documents[next++] as Document)
        const value = state.result()
        return Array.isArray(value) ? [...(value as readonly Value[])] : isDocument(value) ? { ...value } : value
      }
    }
    if (isRange) return rangeReader(partition, sortBy as Document, from, to, result, name)
    return (at) => result(from === "unbounded" ? 0 : at + (from === "current" ? 0 : from), to === "unbounded" ? documents.length - 1 : at + (to === "current" ? 0 : to))
  }
}

function rangeReader({ documents }: Partition, sortBy: Document, from: Bound, to: Bound, result: (first: number, last: number) => Value, name: string): (at: number) => Value {
  const path = splitPath(Object.keys(sortBy)[0] as string)
  const values = documents.map((document) => {
    let value: Value = document
    for (const segment of path) value = isDocument(value) && Object.hasOwn(value, segment) ? value[segment] : undefined
    if (!isNumeric(value)) throw wrongStage(name, "a range is over values that are no numbers", 5429414)
    return value
  })
  const first = (least: Value): number => {
    let [low, high] = [0, values.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareValues(values[middle], least) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
  const after = (greatest: Value): number => {
    let [low, high] = [0, values.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareValues(values[middle], greatest) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }
  return (at) => {
    const here = values[at] as Value
    const begin = from === "unbounded" ? 0 : first(from === "current" ? here : add(here, from))
    const end = to === "unbounded" ? values.length : after(to === "current" ? here : add(here, to))
    return result(begin, end - 1)
  }
}

export const windowStages: Readonly<Record<string, MakeStage>> = { $setWindowFields: setWindowFields }
