// Stages that read other collections: `$lookup`, `$unionWith`, `$graphLookup`.
import { isDocument, isNumeric, Long, walkPath, type Document, type Value } from "../../../../kernel/index.ts"
import { exactInteger, unsupported } from "../../language/index.ts"
import { compileExpression, fieldPath } from "../compile.ts"
import { withCells, type Cell, type Evaluate } from "../evaluate.ts"
import { checkVariableName } from "../expressions/comparison.ts"
import { Budget, sizeOf, Turn } from "../memory.ts"
import { namedFields } from "../operands.ts"
import { compilePipeline } from "../pipeline.ts"
import { inBatches, wrongStage, type MakeStage, type PipelineSource, type Run, type StageContext } from "../stage.ts"
import { Foreign } from "./foreign.ts"
import { withValue } from "./simple.ts"

const deepest = 20

function sourceOf(context: StageContext, name: string): PipelineSource {
  if (context.source === undefined) throw unsupported(`Cannot run \`${name}\`: no other collection can be read here`)
  if (context.depth >= deepest) throw wrongStage(name, "pipelines are nested too deep", 5793401)
  return context.source
}

function collectionName(value: Value, name: string): string {
  if (isDocument(value)) throw unsupported(`Cannot run \`${name}\`: other databases are not supported`)
  if (typeof value !== "string" || value === "") throw wrongStage(name, "the collection is no name", 9)
  return value
}

const lookup: MakeStage = (operand, context, name) => {
  const fields = namedFields(operand, name, ["as"], ["from", "localField", "foreignField", "let", "pipeline"])
  const as = targetPath(fields["as"], name)
  for (const field of ["localField", "foreignField"]) if (Object.hasOwn(fields, field) && typeof fields[field] !== "string") throw wrongStage(name, `\`${field}\` is no string`, 9)
  const byField = Object.hasOwn(fields, "localField")
  if (byField !== Object.hasOwn(fields, "foreignField")) throw wrongStage(name, "`localField` and `foreignField` need each other", 9)
  if (!byField && !Object.hasOwn(fields, "pipeline")) throw wrongStage(name, "it has neither `localField` and `foreignField` nor `pipeline`", 9)
  if (Object.hasOwn(fields, "let") && !Object.hasOwn(fields, "pipeline")) throw wrongStage(name, "`let` needs `pipeline`", 9)
  const hasFrom = Object.hasOwn(fields, "from")
  if (!hasFrom && (byField || !beginsWithDocuments(fields["pipeline"]))) throw wrongStage(name, "`from` is absent", 9)
  const from = hasFrom ? collectionName(fields["from"], name) : undefined
  const source = sourceOf(context, name)
  const local = byField ? fieldPath(fields["localField"] as string) : undefined
  const foreignPath = byField ? fieldPath(fields["foreignField"] as string).join(".") : undefined
  const bound = Object.hasOwn(fields, "let") ? readLet(fields["let"], context, name) : []
  const sub = Object.hasOwn(fields, "pipeline") ? compilePipeline(fields["pipeline"], inner(context, bound), name) : undefined
  return async function* run(input) {
    const foreign = from === undefined ? undefined : new Foreign(source, from, foreignPath)
    const turn = new Turn()
    for await (const batch of input) {
      const made: Document[] = []
      for (const document of batch) {
        context.scope.meter.begin()
        bind(bound, document)
        const found = foreign === undefined ? noDocuments() : inBatches(await (local === undefined ? foreign.all() : foreign.matching(localValues(document, local))))
        made.push(withValue(document, as, 0, await collect(sub === undefined ? found : sub(found), name)) as Document)
        if (turn.isOver) await turn.pause()
      }
      yield made
    }
  }
}

function beginsWithDocuments(pipeline: Value): boolean {
  return Array.isArray(pipeline) && isDocument(pipeline[0] as Value) && Object.hasOwn(pipeline[0] as Document, "$documents")
}

async function* noDocuments(): AsyncGenerator<Document[], void, void> {
  // Nothing to give.
}

interface Binding { readonly variable: string; readonly cell: Cell; readonly evaluate: Evaluate }

function readLet(variables: Value, context: StageContext, name: string): Binding[] {
  if (!isDocument(variables)) throw wrongStage(name, "`let` is no document", 9)
  return Object.keys(variables).map((variable) => {
    checkVariableName(variable, name)
    return { variable, cell: { value: undefined }, evaluate: compileExpression(variables[variable], context.scope) }
  })
}

function bind(bound: readonly Binding[], document: Document): void {
  const values = bound.map(({ evaluate }) => evaluate(document))
  bound.forEach(({ cell }, index) => {
    cell.value = values[index]
  })
}

function inner(context: StageContext, bound: readonly Binding[]): StageContext {
  return { ...context, scope: withCells(context.scope, bound.map(({ variable, cell }) => [variable, cell])), depth: context.depth + 1, insideFacet: false }
}

function targetPath(as: Value, name: string): string[] {
  if (typeof as !== "string" || as === "") throw wrongStage(name, "`as` is no path", 9)
  return fieldPath(as)
}

/** The values a document is joined by: those there are at the path, lists opened; null where there are none. */
function localValues(document: Document, path: readonly string[]): Value[] {
  const values: Value[] = []
  walkPath(document, path, (value, present) => {
    if (present && Array.isArray(value)) for (const item of value as readonly Value[]) values.push(item)
    else if (present) values.push(value)
    return false
  })
  return values.length === 0 ? [null] : values
}

async function collect(batches: AsyncIterable<Document[]>, name: string): Promise<Document[]> {
  const budget = new Budget(name)
  const all: Document[] = []
  for await (const batch of batches) {
    for (const document of batch) {
      budget.take(sizeOf(document))
      all.push(document)
    }
  }
  return all
}

const unionWith: MakeStage = (operand, context, name) => {
  const fields: Document = typeof operand === "string" ? { coll: operand } : namedFields(operand, name, [], ["coll", "pipeline"])
  const source = sourceOf(context, name)
  const pipeline = Object.hasOwn(fields, "pipeline") ? fields["pipeline"] : []
  if (!Object.hasOwn(fields, "coll") && !beginsWithDocuments(pipeline)) throw wrongStage(name, "`coll` is absent", 9)
  const coll = Object.hasOwn(fields, "coll") ? collectionName(fields["coll"], name) : undefined
  const sub = compilePipeline(pipeline, inner(context, []), name)
  return async function* run(input) {
    yield* input
    yield* sub(coll === undefined ? noDocuments() : inBatches(source.lookup(coll, {})))
  }
}

const graphLookup: MakeStage = (operand, context, name) => {
  const fields = namedFields(operand, name, ["from", "startWith", "connectFromField", "connectToField", "as"], ["maxDepth", "depthField", "restrictSearchWithMatch"], 40104)
  const from = collectionName(fields["from"], name)
  const as = targetPath(fields["as"], name)
  for (const field of ["connectFromField", "connectToField"]) if (typeof fields[field] !== "string") throw wrongStage(name, `\`${field}\` is no string`, 40103)
  const source = sourceOf(context, name)
  const start = compileExpression(fields["startWith"], context.scope)
  const connectFrom = fieldPath(fields["connectFromField"] as string)
  const connectTo = fieldPath(fields["connectToField"] as string).join(".")
  const most = Object.hasOwn(fields, "maxDepth") ? depthLimit(fields["maxDepth"], name) : Number.POSITIVE_INFINITY
  const depthField = Object.hasOwn(fields, "depthField") ? targetPath(fields["depthField"], name) : undefined
  const restriction = Object.hasOwn(fields, "restrictSearchWithMatch") ? fields["restrictSearchWithMatch"] : undefined
  if (restriction !== undefined && !isDocument(restriction)) throw wrongStage(name, "`restrictSearchWithMatch` is no document", 40185)
  const restrict = restriction === undefined ? undefined : compilePipeline([{ $match: restriction }], inner(context, []), name)
  return async function* run(input) {
    const foreign = new Foreign(source, from, connectTo)
    for await (const batch of input) {
      const made: Document[] = []
      for (const document of batch) {
        context.scope.meter.begin()
        const found = await reach(foreign, startValues(start(document)), { connectFrom, most, depthField, restrict, name })
        made.push(withValue(document, as, 0, found) as Document)
      }
      yield made
    }
  }
}

function depthLimit(value: Value, name: string): number {
  const exact = isNumeric(value) ? exactInteger(value) : undefined
  if (exact === undefined) throw wrongStage(name, "`maxDepth` is no integer", isNumeric(value) ? 40102 : 40100)
  if (exact < 0n) throw wrongStage(name, "`maxDepth` is negative", 40101)
  return Number(exact)
}

function startValues(value: Value): Value[] {
  return value === undefined ? [] : Array.isArray(value) ? [...(value as readonly Value[])] : [value]
}

interface Search { readonly connectFrom: readonly string[]; readonly most: number; readonly depthField: readonly string[] | undefined; readonly restrict: Run | undefined; readonly name: string }

/** Everything reachable, nearest first, each document once. */
async function reach(foreign: Foreign, from: readonly Value[], { connectFrom, most, depthField, restrict, name }: Search): Promise<Document[]> {
  const budget = new Budget(name, 40099)
  const turn = new Turn()
  const found = new Map<string, Document>()
  let wanted = from
  for (let depth = 0; depth <= most && wanted.length > 0; depth++) {
    const next: Value[] = []
    const candidates = inBatches(await foreign.matching(wanted))
    for await (const batch of restrict === undefined ? candidates : restrict(candidates)) {
      for (const document of batch) {
        const key = foreign.identity(document)
        if (found.has(key)) continue
        budget.take(sizeOf(document) + key.length)
        found.set(key, depthField === undefined ? document : (withValue(document, depthField, 0, Long.fromNumber(depth)) as Document))
        walkPath(document, connectFrom, (value, present) => {
          if (present) for (const start of startValues(value)) next.push(start)
          return false
        })
      }
      if (turn.isOver) await turn.pause()
    }
    wanted = next
  }
  return [...found.values()]
}

export const joiningStages: Readonly<Record<string, MakeStage>> = { $lookup: lookup, $unionWith: unionWith, $graphLookup: graphLookup }
