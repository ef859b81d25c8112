// `$fill`: values for fields that are null or missing: given, carried forward, or on the line between their neighbours.
import { isDocument, type Document, type Value } from "../../../../kernel/index.ts"
import { compileKeyOrder, compileSortKey } from "../../language/index.ts"
import { compileExpression, fieldPath, readPath } from "../compile.ts"
import { isNullish, type Evaluate, type Scope } from "../evaluate.ts"
import { Budget, sortGently, Turn } from "../memory.ts"
import { namedFields } from "../operands.ts"
import { batchesOf, eachDocument, wrongStage, type MakeStage } from "../stage.ts"
import { withValue } from "./simple.ts"
import { readPartitions } from "./window.ts"
import { sortValue } from "./window-extents.ts"
import { interpolated } from "./window-functions.ts"

/** One field to fill: by a value, by the last one seen (`locf`), or on the line between the values around it. */
interface Filling { readonly path: readonly string[]; readonly by: Evaluate | "locf" | "linear" }

function readFilling(field: string, definition: Value, scope: Scope, name: string): Filling {
  const { value, method, ...others } = isDocument(definition) ? definition : {}
  if (!isDocument(definition) || Object.keys(others).length > 0 || Object.keys(definition).length !== 1) throw wrongStage(name, "an output field has not exactly one of `value` and `method`", 6050202)
  if (Object.hasOwn(definition, "value")) return { path: fieldPath(field), by: compileExpression(value, scope) }
  if (method !== "locf" && method !== "linear") throw wrongStage(name, "the method is unknown", 6050202)
  return { path: fieldPath(field), by: method }
}

function partitionKey(fields: Document, scope: Scope, name: string): Evaluate {
  const list = fields["partitionByFields"]
  if (list === undefined) return Object.hasOwn(fields, "partitionBy") ? compileExpression(fields["partitionBy"], scope) : () => null
  if (Object.hasOwn(fields, "partitionBy")) throw wrongStage(name, "it has `partitionBy` and `partitionByFields`", 6050204)
  if (!Array.isArray(list) || list.some((field) => typeof field !== "string" || field.startsWith("$"))) throw wrongStage(name, "`partitionByFields` is no list of names", 6050201)
  const paths = (list as readonly string[]).map(fieldPath)
  return (document) => Object.fromEntries(paths.map((path, index) => [String(index), readPath(document, path, 0)]))
}

const fill: MakeStage = (operand, { scope, ...context }, name) => {
  const fields = namedFields(operand, name, ["output"], ["partitionBy", "partitionByFields", "sortBy"], 40415)
  const output = fields["output"]
  if (!isDocument(output) || Object.keys(output).length === 0) throw wrongStage(name, "`output` is no document of fields", 6050203)
  const fillings = Object.keys(output).map((field) => readFilling(field, output[field], scope, name))
  const sortBy = fields["sortBy"]
  if (sortBy !== undefined && (!isDocument(sortBy) || Object.keys(sortBy).length === 0)) throw wrongStage(name, "`sortBy` is no sort", 9)
  const placeOf = sortValue(sortBy)
  if (placeOf === undefined && fillings.some(({ by }) => by === "linear")) throw wrongStage(name, "the method `linear` needs `sortBy` of one field", 605001)
  const partitionOf = partitionKey(fields, scope, name)
  if (fillings.every(({ by }) => typeof by === "function") && sortBy === undefined) return eachDocument({ scope, ...context }, (document) => filled(document, fillings, new Map()))
  // Without a sort the documents are taken in the order in which they come.
  const keyOf = sortBy === undefined ? (): readonly Value[] => [] : compileSortKey(sortBy)
  const order = sortBy === undefined ? (): number => 0 : compileKeyOrder(sortBy)
  return async function* run(input) {
    const turn = new Turn()
    for (const entries of await readPartitions(input, partitionOf, keyOf, new Budget(name), { scope, ...context })) {
      const documents = (await sortGently(entries, (left, right) => order(left.key, right.key) || left.at - right.at)).map(({ document }) => document)
      const lines = fillings.map(({ by, path }) => (by === "linear" ? interpolated(documents, placeOf as Evaluate, (document) => readPath(document, path, 0), { scope, name }) : undefined))
      const known = new Map<Filling, Value>()
      const made: Document[] = []
      for (const [at, document] of documents.entries()) {
        scope.meter.begin()
        for (const [index, filling] of fillings.entries()) if (filling.by === "linear") known.set(filling, lines[index]?.[at])
        made.push(filled(document, fillings, known))
        if (turn.isOver) await turn.pause()
      }
      yield* batchesOf(made)
    }
  }
}

/** The document with its null and missing fields filled; `known` has what a method fills with, and keeps what it sees. */
function filled(document: Document, fillings: readonly Filling[], known: Map<Filling, Value>): Document {
  return fillings.reduce<Document>((result, filling) => {
    const there = readPath(document, filling.path, 0)
    if (!isNullish(there)) {
      known.set(filling, there)
      return result
    }
    const value = typeof filling.by === "function" ? filling.by(document) : known.get(filling)
    return withValue(result, filling.path, 0, value === undefined ? null : value) as Document
  }, document)
}

export const fillStages: Readonly<Record<string, MakeStage>> = { $fill: fill }
