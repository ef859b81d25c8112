// `$setWindowFields`: accumulators over windows of sorted documents, ranks, and functions of the sorted documents.
import { compareValues, isDocument, type Document, type Value } from "../../../../kernel/index.ts"
import { compileKeyOrder, compileSortKey, unsupported } from "../../language/index.ts"
import { accumulators, compileAccumulator, type MakeAccumulator } from "../accumulators/accumulators.ts"
import { compileExpression, fieldPath } from "../compile.ts"
import { Budget, sizeOf, sortGently, Turn } from "../memory.ts"
import { namedFields } from "../operands.ts"
import { batchesOf, wrongStage, type MakeStage, type StageContext } from "../stage.ts"
import { valueKey } from "../value-key.ts"
import { withValue } from "./simple.ts"
import { windowAccumulators, type CompileAccumulator } from "./window-accumulators.ts"
import { readWindow, type Partition, type Sorting, type WindowField } from "./window-extents.ts"
import { windowFunctions, type CompileField } from "./window-functions.ts"

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
        documents: sorted.map(({ document }) => document),
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
  if (Object.hasOwn(windowFunctions, operator)) return (windowFunctions[operator] as CompileField)(operand, window, sorting)
  if (Object.hasOwn(windowAccumulators, operator)) return windowed((windowAccumulators[operator] as CompileAccumulator)(operand, sorting, operator), window, sorting)
  if (operator === "$minMaxScaler") throw unsupported(`Cannot run \`${name}\`: \`${operator}\` is not supported`)
  if (!Object.hasOwn(accumulators, operator)) throw wrongStage(name, "an output field has an unknown function", 9)
  return windowed(compileAccumulator("field", { [operator]: operand }, sorting.scope), window, sorting)
}

/** An accumulator over the window of each document. */
function windowed(make: MakeAccumulator, window: Value, { scope, ...sorting }: Sorting): WindowField {
  const { extents, isWhole, grows } = readWindow(window, { scope, ...sorting })
  return (partition, budget) => {
    const { documents } = partition
    const extentOf = extents(partition)
    const result = (first: number, last: number): Value => {
      const state = make(null, budget)
      scope.meter.spend(Math.max(0, last - first))
      for (let index = first; index <= last; index++) state.add(documents[index] as Document)
      return state.result()
    }
    if (isWhole) {
      const whole = result(0, documents.length - 1)
      return () => whole
    }
    if (!grows) return (at) => result(...extentOf(at))
    // It only grows: one accumulator sees each document once. A list it gives is copied, as it goes on growing.
    const state = make(null, budget)
    let next = 0
    return (at) => {
      const [, last] = extentOf(at)
      while (next <= last) state.add(documents[next++] as Document)
      const value = state.result()
      return Array.isArray(value) ? [...(value as readonly Value[])] : isDocument(value) ? { ...value } : value
    }
  }
}

export const windowStages: Readonly<Record<string, MakeStage>> = { $setWindowFields: setWindowFields }
