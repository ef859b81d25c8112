// `$fill`: values for fields that are null or missing, constant or carried forward.
import { isDocument, type Document, type Value } from "../../../../kernel/index.ts"
import { compileKeyOrder, compileSortKey, unsupported } from "../../language/index.ts"
import { compileExpression, fieldPath, readPath } from "../compile.ts"
import { isNullish, type Evaluate, type Scope } from "../evaluate.ts"
import { Budget, sortGently, Turn } from "../memory.ts"
import { namedFields } from "../operands.ts"
import { batchesOf, eachDocument, wrongStage, type MakeStage } from "../stage.ts"
import { withValue } from "./simple.ts"
import { readPartitions } from "./window.ts"

interface Filling { readonly path: readonly string[]; readonly value: Evaluate | undefined }

function readFilling(field: string, definition: Value, scope: Scope, name: string): Filling {
  const { value, method, ...others } = isDocument(definition) ? definition : {}
  if (!isDocument(definition) || Object.keys(others).length > 0 || Object.keys(definition).length !== 1) throw wrongStage(name, "an output field has not exactly one of `value` and `method`", 6050202)
  if (Object.hasOwn(definition, "value")) return { path: fieldPath(field), value: compileExpression(value, scope) }
  if (method === "linear") throw unsupported(`Cannot run \`${name}\`: the method \`linear\` is not supported`)
  if (method !== "locf") throw wrongStage(name, "the method is unknown", 6050202)
  return { path: fieldPath(field), value: undefined }
}

function partitionKey(fields: Document, scope: Scope, name: string): Evaluate {
  const list = fields["partitionByFields"]
  if (list === undefined) return Object.hasOwn(fields, "partitionBy") ? compileExpression(fields["partitionBy"], scope) : () => null
  if (Object.hasOwn(fields, "partitionBy")) throw wrongStage(name, "it has `partitionBy` and `partitionByFields`", 6050204)
  if (!Array.isArray(list) || list.some((field) => typeof field !== "string" || field.startsWith("$"))) throw wrongStage(name, "`partitionByFields` is no list of names", 6050201)
  const paths = (list as readonly string[]).map(fieldPath)
  return (document) => Object.fromEntries(paths.map((path, index) => [String(index), readPath(document, path, 0)]))
}

const fill: MakeStage = (operand, context, name) => {
  const fields = namedFields(operand, name, ["output"], ["partitionBy", "partitionByFields", "sortBy"], 40415)
  const output = fields["output"]
  if (!isDocument(output) || Object.keys(output).length === 0) throw wrongStage(name, "`output` is no document of fields", 6050203)
  const fillings = Object.keys(output).map((field) => readFilling(field, output[field], context.scope, name))
  const sortBy = fields["sortBy"]
  if (sortBy !== undefined && (!isDocument(sortBy) || Object.keys(sortBy).length === 0)) throw wrongStage(name, "`sortBy` is no sort", 9)
  const partitionOf = partitionKey(fields, context.scope, name)
  const filled = (document: Document, last: Map<Filling, Value>): Document => fillings.reduce<Document>((result, filling) => {
    const there = readPath(document, filling.path, 0)
    if (!isNullish(there)) {
      last.set(filling, there)
      return result
    }
    const value = filling.value === undefined ? last.get(filling) : filling.value(document)
    return withValue(result, filling.path, 0, value === undefined ? null : value) as Document
  }, document)
  if (fillings.every(({ value }) => value !== undefined) && sortBy === undefined) return eachDocument(context, (document) => filled(document, new Map()))
  if (sortBy === undefined) throw wrongStage(name, "carrying values forward needs `sortBy`", 9)
  const [keyOf, order] = [compileSortKey(sortBy), compileKeyOrder(sortBy)]
  return async function* run(input) {
    const turn = new Turn()
    for (const entries of await readPartitions(input, partitionOf, keyOf, new Budget(name), context)) {
      const last = new Map<Filling, Value>()
      const made: Document[] = []
      for (const { document } of await sortGently(entries, (left, right) => order(left.key, right.key) || left.at - right.at)) {
        context.scope.meter.begin()
        made.push(filled(document, last))
        if (turn.isOver) await turn.pause()
      }
      yield* batchesOf(made)
    }
  }
}

export const fillStages: Readonly<Record<string, MakeStage>> = { $fill: fill }
