// Pipelines: every stage is compiled, and checked, before the first document is read.
import { isDocument, type Document, type Value } from "../../../kernel/index.ts"
import { badRequest, unsupported, type LanguageOptions } from "../language/index.ts"
import { rootScope } from "./evaluate.ts"
import { expressionHook } from "./hook.ts"
import { inBatches, wrongStage, type Batches, type PipelineSource, type Run, type StageContext } from "./stage.ts"
import { sortStage } from "./stages/sorting.ts"
import { stageCount } from "./stages/simple.ts"
import { refusedStages, stages } from "./stages/stages.ts"

const mostStages = 1000
const onlyFirst = new Set(["$documents"])
const onlyLast = new Set(["$out", "$merge"])
const neverInside = new Set(["$out", "$merge"])
const neverInFacet = new Set(["$facet", "$documents"])

/** Compiles a list of stages. Throws `StoreError`: "unsupported" names a stage or operator this store does not have. */
export function compilePipeline(pipeline: Value, context: StageContext, where = "aggregate"): Run {
  if (!Array.isArray(pipeline)) throw badRequest(`Cannot run \`${where}\`: the pipeline is no list`, 14)
  const list = pipeline as readonly Value[]
  if (list.length > mostStages) throw badRequest(`Cannot run \`${where}\`: the pipeline has more than ${mostStages} stages`, 7749501)
  if (context.depth > 20) throw badRequest(`Cannot run \`${where}\`: pipelines are nested too deep`, 5793401)
  const runs = list.map((stage, index): Run => compileStage(stage, index, list, context))
  return (input) => runs.reduce((batches: Batches, run) => run(batches), input)
}

/** The name and operand of a stage. Throws `StoreError` for what is no stage. */
function readStage(stage: Value): [string, Value] {
  if (!isDocument(stage)) throw badRequest("Cannot aggregate: a stage is no document", 14)
  const [name, ...others] = Object.keys(stage)
  if (name === undefined || others.length > 0) throw badRequest("Cannot aggregate: a stage has not exactly one field", 40323)
  return [name, stage[name]]
}

function compileStage(stage: Value, index: number, list: readonly Value[], context: StageContext): Run {
  const [name, operand] = readStage(stage)
  const make = Object.hasOwn(stages, name) ? stages[name] : undefined
  if (make === undefined) {
    if (refusedStages.has(name)) throw unsupported(`Cannot aggregate: the stage \`${name}\` is not supported by this store`)
    throw badRequest(`Cannot aggregate: unknown stage \`${name}\``, 40324)
  }
  if (onlyFirst.has(name) && index > 0) throw wrongStage(name, "it is not the first stage", 40602)
  if (onlyLast.has(name) && index < list.length - 1) throw wrongStage(name, "it is not the last stage", 40601)
  if (neverInside.has(name) && context.depth > 0) throw wrongStage(name, "it stands inside another stage", 51047)
  if (neverInFacet.has(name) && context.insideFacet) throw wrongStage(name, "it stands inside `$facet`", 40600)
  return name === "$sort" ? sortStage(operand, firstNeeded(list, index)) : make(operand, context, name)
}

/** How many documents of a sort the stages right behind it let through. */
function firstNeeded(list: readonly Value[], sortAt: number): number {
  let skipped = 0
  for (const stage of list.slice(sortAt + 1)) {
    const [name, operand] = readStage(stage)
    if (name === "$limit") return skipped + stageCount(operand, name, 1)
    if (name !== "$skip") return Number.POSITIVE_INFINITY
    skipped += stageCount(operand, name, 0)
  }
  return Number.POSITIVE_INFINITY
}

/** What a pipeline is run with. */
export interface PipelineContext {
  /** The time of the request: `$$NOW`. */
  readonly now: Date
  /** Other collections. Without it `$lookup`, `$unionWith`, `$graphLookup`, `$out` and `$merge` are refused. */
  readonly source?: PipelineSource
  /** What filters inside the pipeline may use besides expressions. */
  readonly language?: LanguageOptions
}

/**
 * Compiles a pipeline for one run; the result takes and gives documents in batches, reading no more than it is asked for.
 * Throws `StoreError` before any document is read for what is wrong in itself; what depends on documents is thrown while reading.
 */
export function preparePipeline(pipeline: readonly Document[], { now, source, language = {} }: PipelineContext): (documents: AsyncIterable<Document[]>) => AsyncIterable<Document[]> {
  const variables = { ...language.variables, NOW: now }
  const scope = rootScope(variables)
  return compilePipeline(pipeline as unknown as Value, { scope, language: { ...language, variables, evaluate: expressionHook }, source, depth: 0, insideFacet: false })
}

/** Runs a pipeline over documents. Everything that can be refused beforehand is refused by the call itself. */
export function runPipeline(documents: AsyncIterable<Document> | Iterable<Document>, pipeline: readonly Document[], context: PipelineContext): AsyncIterable<Document> {
  const run = preparePipeline(pipeline, context)
  return (async function* oneByOne() {
    for await (const batch of run(inBatches(documents))) yield* batch
  })()
}
