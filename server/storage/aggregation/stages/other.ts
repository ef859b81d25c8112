// `$facet`, `$documents`, `$out` and `$merge`.
import { isDocument, type Document, type Value } from "../../../../kernel/index.ts"
import { unsupported } from "../../language/index.ts"
import { compileExpression } from "../compile.ts"
import { withCells, type Cell } from "../evaluate.ts"
import { Budget, sizeOf } from "../memory.ts"
import { namedFields } from "../operands.ts"
import { compilePipeline } from "../pipeline.ts"
import { reshapers, type Reshape } from "../reshaping.ts"
import { batchesOf, wrongStage, type Batches, type MakeStage, type MergePlan, type PipelineOutput, type Run, type StageContext } from "../stage.ts"

const facet: MakeStage = (operand, context, name) => {
  if (!isDocument(operand) || Object.keys(operand).length === 0) throw wrongStage(name, "its operand is no document of pipelines", 40169)
  const facets = Object.keys(operand).map((field): [string, Run] => {
    if (field === "" || field.startsWith("$") || field.includes(".")) throw wrongStage(name, "the name of a facet is no field name", 16412)
    if (!Array.isArray(operand[field])) throw wrongStage(name, "a facet is no pipeline", 40170)
    return [field, compilePipeline(operand[field], { ...context, depth: context.depth + 1, insideFacet: true }, name)]
  })
  return async function* run(input) {
    const budget = new Budget(name)
    const all: Document[] = []
    for await (const batch of input) {
      for (const document of batch) {
        budget.take(sizeOf(document))
        all.push(document)
      }
    }
    const result: Document = {}
    for (const [field, pipeline] of facets) result[field] = await gathered(pipeline(listed(all)), budget)
    yield [result]
  }
}

async function* listed(documents: readonly Document[]): AsyncGenerator<Document[], void, void> {
  yield* batchesOf(documents)
}

async function gathered(batches: Batches, budget: Budget): Promise<Document[]> {
  const all: Document[] = []
  for await (const batch of batches) {
    for (const document of batch) {
      budget.take(sizeOf(document))
      all.push(document)
    }
  }
  return all
}

const documents: MakeStage = (operand, context, name) => {
  const evaluate = compileExpression(operand, context.scope)
  return async function* run() {
    context.scope.meter.begin()
    const list = evaluate({})
    if (!Array.isArray(list)) throw wrongStage(name, "the expression gave no list", 5858203)
    for (const item of list as readonly Value[]) if (!isDocument(item)) throw wrongStage(name, "the list holds something that is no document", 40228)
    yield* batchesOf(list as readonly Document[])
  }
}

interface Target { readonly database: string | undefined; readonly collection: string }

function outputOf(context: StageContext, name: string): PipelineOutput {
  const output = context.source?.output
  if (output === undefined) throw unsupported(`Cannot run \`${name}\`: nothing can be written here`)
  if (context.depth > 0) throw wrongStage(name, "it stands inside another stage", 51047)
  return output
}

function readTarget(value: Value, name: string, code: number): Target {
  if (typeof value === "string" && value !== "") return { database: undefined, collection: value }
  const { db, coll, ...others } = isDocument(value) ? value : {}
  if (typeof coll !== "string" || coll === "" || Object.keys(others).length > 0 || (db !== undefined && typeof db !== "string")) throw wrongStage(name, "the collection is no name", code)
  return { database: db, collection: coll }
}

const out: MakeStage = (operand, context, name) => {
  const output = outputOf(context, name)
  const target = readTarget(operand, name, 16990)
  return async function* run(input) {
    await output.replaceCollection(target, input)
    yield* batchesOf([])
  }
}

const merge: MakeStage = (operand, context, name) => {
  const output = outputOf(context, name)
  const fields: Document = typeof operand === "string" ? { into: operand } : namedFields(operand, name, ["into"], ["on", "let", "whenMatched", "whenNotMatched"], 40415)
  const plan: MergePlan = { ...readTarget(fields["into"], name, 51178), on: mergeKeys(fields["on"], name), whenMatched: whenMatched(fields, context, name), whenNotMatched: whenNotMatched(fields["whenNotMatched"], name) }
  return async function* run(input) {
    for await (const batch of input) await output.merge(plan, batch)
    yield* batchesOf([])
  }
}

function mergeKeys(on: Value, name: string): string[] {
  const list = on === undefined ? ["_id"] : typeof on === "string" ? [on] : on
  if (!Array.isArray(list) || list.length === 0 || list.some((field) => typeof field !== "string" || field === "")) throw wrongStage(name, "`on` names no fields", 51186)
  return list as string[]
}

function whenMatched(fields: Document, context: StageContext, name: string): MergePlan["whenMatched"] {
  const mode = Object.hasOwn(fields, "whenMatched") ? fields["whenMatched"] : "merge"
  if (mode === "replace" || mode === "keepExisting" || mode === "merge" || mode === "fail") return mode
  if (!Array.isArray(mode)) throw wrongStage(name, "`whenMatched` is unknown", 51191)
  const variables = Object.hasOwn(fields, "let") ? fields["let"] : { new: "$$ROOT" }
  if (!isDocument(variables)) throw wrongStage(name, "`let` is no document", 14)
  const bound = Object.keys(variables).map((variable) => ({ variable, cell: { value: undefined } as Cell, evaluate: compileExpression(variables[variable], context.scope) }))
  const scope = withCells(context.scope, bound.map(({ variable, cell }) => [variable, cell]))
  const steps = (mode as readonly Value[]).map((stage): Reshape => {
    const [stageName, ...others] = isDocument(stage) ? Object.keys(stage) : []
    const make = stageName !== undefined && others.length === 0 && Object.hasOwn(reshapers, stageName) ? reshapers[stageName] : undefined
    if (make === undefined) throw wrongStage(name, "a stage of `whenMatched` is not allowed there", 72)
    return make((stage as Document)[stageName as string], scope, stageName as string)
  })
  return (there, made) => {
    const values = bound.map(({ evaluate }) => evaluate(made))
    bound.forEach(({ cell }, index) => {
      cell.value = values[index]
    })
    return steps.reduce((document, step) => step(document), there)
  }
}

function whenNotMatched(mode: Value, name: string): MergePlan["whenNotMatched"] {
  if (mode === undefined) return "insert"
  if (mode === "insert" || mode === "discard" || mode === "fail") return mode
  throw wrongStage(name, "`whenNotMatched` is unknown", 51189)
}

export const otherStages: Readonly<Record<string, MakeStage>> = { $facet: facet, $documents: documents, $out: out, $merge: merge }
