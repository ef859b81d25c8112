// The seam to aggregation: which leading stages of a pipeline the search does itself.
import { isDocument, isNumeric, type Document, type Value } from "../../../kernel/index.ts"
import { exactInteger } from "../language/index.ts"

/** The part of a pipeline that is a search, and the stages after it. */
export interface SplitPipeline {
  readonly filter: Document
  readonly sort?: Document
  readonly skip: number
  readonly limit: number
  readonly rest: readonly Document[]
}

/**
 * Takes `$match` (several as one), `$sort`, `$skip` and `$limit`, in this order, from the head of a pipeline. What is malformed
 * is left for the pipeline to refuse.
 */
export function splitPipeline(pipeline: readonly Document[]): SplitPipeline {
  if (!Array.isArray(pipeline)) return { filter: {}, skip: 0, limit: 0, rest: pipeline }
  let at = 0
  const take = <Operand>(name: string, read: (operand: Value) => Operand | undefined): Operand | undefined => {
    const stage = pipeline[at]
    if (!isDocument(stage) || !Object.hasOwn(stage, name) || Object.keys(stage).length !== 1) return undefined
    const operand = read(stage[name])
    if (operand !== undefined) at += 1
    return operand
  }
  const takeMatch = (): Document | undefined => take("$match", (operand) => (isDocument(operand) ? operand : undefined))
  const filters: Document[] = []
  for (let next = takeMatch(); next !== undefined; next = takeMatch()) filters.push(next)
  const sort = take("$sort", (operand) => (isDocument(operand) && Object.keys(operand).length > 0 ? operand : undefined))
  const skip = take("$skip", (operand) => countOf(operand, 0))
  const limit = take("$limit", (operand) => countOf(operand, 1))
  const [first = {}, ...others] = filters
  return { filter: others.length === 0 ? first : { $and: filters }, ...(sort === undefined ? {} : { sort }), skip: skip ?? 0, limit: limit ?? 0, rest: pipeline.slice(at) }
}

function countOf(operand: Value, least: number): number | undefined {
  const exact = isNumeric(operand) ? exactInteger(operand) : undefined
  const count = Number(exact ?? Number.NaN)
  return Number.isSafeInteger(count) && count >= least ? count : undefined
}
