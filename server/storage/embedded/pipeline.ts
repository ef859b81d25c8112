// The seam to aggregation: which leading stages the search does itself, and the stages that need no aggregation engine.
import type { Document, Value } from "../../../kernel/index.ts"
import { StoreError } from "../../data/index.ts"
import { compileFilter, compileProjection, compileSort, type LanguageOptions } from "../language/index.ts"

/** The part of a pipeline that is a search, and the stages after it. */
export interface SplitPipeline {
  readonly filter: Document
  readonly sort?: Document
  readonly skip: number
  readonly limit: number
  readonly rest: readonly Document[]
}

/** Takes `$match`, `$sort`, `$skip` and `$limit`, in this order and once each, from the head of a pipeline. */
export function splitPipeline(pipeline: readonly Document[]): SplitPipeline {
  let at = 0
  const take = (name: string): Value => {
    const stage = pipeline[at]
    if (stage === undefined || !Object.hasOwn(stage, name) || Object.keys(stage).length !== 1) return undefined
    at += 1
    return stage[name]
  }
  const filter = take("$match")
  const sort = take("$sort")
  const skip = take("$skip")
  const limit = take("$limit")
  return {
    filter: filter === undefined ? {} : asDocument(filter, "$match"),
    ...(sort === undefined ? {} : { sort: asSort(sort) }),
    skip: skip === undefined ? 0 : asCount(skip, "$skip", 0),
    limit: limit === undefined ? 0 : asCount(limit, "$limit", 1),
    rest: pipeline.slice(at),
  }
}

/** Runs the stages known here over documents. Refuses others as unsupported, by name, before any document is read. */
export function runStages(documents: AsyncIterable<Document>, pipeline: readonly Document[], language: LanguageOptions): AsyncIterable<Document> {
  let stream = documents
  for (const stage of pipeline) {
    const [name, ...others] = Object.keys(stage)
    if (name === undefined || others.length > 0) throw new StoreError("bad-request", "Cannot aggregate: a stage has not exactly one field", { serverCode: 40323 })
    const make = Object.hasOwn(stages, name) ? stages[name] : undefined
    if (make === undefined) throw new StoreError("unsupported", `Cannot aggregate: the stage \`${name}\` is not supported by this store`)
    stream = make(stream, stage[name], language)
  }
  return stream
}

type Stage = (documents: AsyncIterable<Document>, operand: Value, language: LanguageOptions) => AsyncIterable<Document>

const stages: Record<string, Stage> = {
  $match: (documents, operand, language) => filtered(documents, compileFilter(asDocument(operand, "$match"), language)),
  $sort: (documents, operand) => sorted(documents, compileSort(asSort(operand))),
  $skip: (documents, operand) => sliced(documents, asCount(operand, "$skip", 0), Number.POSITIVE_INFINITY),
  $limit: (documents, operand) => sliced(documents, 0, asCount(operand, "$limit", 1)),
  $project: (documents, operand, language) => mapped(documents, compileProjection(asDocument(operand, "$project"), language)),
  $count: (documents, operand) => counted(documents, operand),
}

async function* filtered(documents: AsyncIterable<Document>, matches: (document: Document) => boolean): AsyncIterable<Document> {
  for await (const document of documents) if (matches(document)) yield document
}

async function* sorted(documents: AsyncIterable<Document>, compare: (left: Document, right: Document) => number): AsyncIterable<Document> {
  const all: Document[] = []
  for await (const document of documents) all.push(document)
  yield* all.toSorted(compare)
}

async function* sliced(documents: AsyncIterable<Document>, skip: number, limit: number): AsyncIterable<Document> {
  let at = 0
  for await (const document of documents) {
    if (at++ < skip) continue
    yield document
    if (at - skip >= limit) return
  }
}

async function* mapped(documents: AsyncIterable<Document>, shape: (document: Document) => Document): AsyncIterable<Document> {
  for await (const document of documents) yield shape(document)
}

async function* counted(documents: AsyncIterable<Document>, field: Value): AsyncIterable<Document> {
  if (typeof field !== "string" || field === "" || field.startsWith("$") || field.includes(".")) throw new StoreError("bad-request", "Cannot aggregate: `$count` has no usable field name", { serverCode: 40156 })
  let count = 0
  for await (const document of documents) count += document === undefined ? 0 : 1
  if (count > 0) yield { [field]: count }
}

function asDocument(operand: Value, stage: string): Document {
  if (typeof operand !== "object" || operand === null || Array.isArray(operand)) throw new StoreError("bad-request", `Cannot aggregate: \`${stage}\` needs a document`, { serverCode: 15959 })
  return operand as Document
}

function asSort(operand: Value): Document {
  const sort = asDocument(operand, "$sort")
  if (Object.keys(sort).length === 0) throw new StoreError("bad-request", "Cannot aggregate: `$sort` has no keys", { serverCode: 15976 })
  return sort
}

function asCount(operand: Value, stage: string, least: number): number {
  const count = Number(String(operand))
  if (!Number.isSafeInteger(count) || count < least) throw new StoreError("bad-request", `Cannot aggregate: \`${stage}\` needs an integer of at least ${least}`, { serverCode: 15958 })
  return count
}
