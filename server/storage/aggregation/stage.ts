// What a stage is: batches of documents → batches of documents.
import type { Document, Value } from "../../../kernel/index.ts"
import { badRequest, type LanguageOptions } from "../language/index.ts"
import type { Scope } from "./evaluate.ts"
import { Turn } from "./memory.ts"

/** Documents in batches, so that most of the way no promise is made for each. */
export type Batches = AsyncIterable<Document[]>

/** A compiled stage. */
export type Run = (input: Batches) => Batches

/** Where other collections come from. */
export interface PipelineSource {
  /** The documents of a collection of the same database that match a filter. Throws or rejects with `StoreError`. */
  lookup(collection: string, filter: Document): AsyncIterable<Document> | Iterable<Document>
  /** Whether equality at a path of a collection is answered by an index. Where absent, never. */
  isIndexed?(collection: string, path: string): boolean
  /** Writes the result of `$out` and `$merge`. Where absent, they are refused. */
  readonly output?: PipelineOutput
}

/** How `$merge` treats a document that meets one that is there (`whenMatched`) or none. */
export interface MergePlan {
  readonly database: string | undefined
  readonly collection: string
  readonly on: readonly string[]
  readonly whenMatched: "replace" | "keepExisting" | "merge" | "fail" | ((there: Document, made: Document) => Document)
  readonly whenNotMatched: "insert" | "discard" | "fail"
}

/** Where `$out` and `$merge` write. */
export interface PipelineOutput {
  /** Puts the documents in place of all that the collection holds. */
  replaceCollection(target: { readonly database: string | undefined; readonly collection: string }, documents: AsyncIterable<Document[]>): Promise<void>
  merge(plan: MergePlan, documents: readonly Document[]): Promise<void>
}

/** What a stage is compiled in. */
export interface StageContext {
  readonly scope: Scope
  readonly language: LanguageOptions
  readonly source: PipelineSource | undefined
  /** How deep in pipelines of `$lookup`, `$unionWith` and `$facet` the stage is. */
  readonly depth: number
  readonly insideFacet: boolean
}

/** Compiles the operand of a stage. Throws `StoreError`. */
export type MakeStage = (operand: Value, context: StageContext, name: string) => Run

/** A refusal of what a stage was given. */
export function wrongStage(name: string, detail: string, code: number): Error {
  return badRequest(`Cannot run \`${name}\`: ${detail}`, code)
}

// A batch is handed on early when its documents were costly to make: they may be large.
const costlyUnits = 500_000

/** A stage that makes none or one document of each. */
export function eachDocument(context: StageContext, step: (document: Document) => Document | undefined): Run {
  const { meter } = context.scope
  return async function* run(input) {
    const turn = new Turn()
    for await (const batch of input) {
      let made: Document[] = []
      let begun = meter.spent
      for (let index = 0; index < batch.length; index++) {
        meter.begin()
        const document = step(batch[index] as Document)
        if (document !== undefined) made.push(document)
        if (meter.spent - begun > costlyUnits) {
          yield made
          made = []
          begun = meter.spent
        }
        if ((index & 63) === 63 && turn.isOver) await turn.pause()
      }
      if (made.length > 0) yield made
    }
  }
}

/** Reads documents one by one, in batches. */
export async function* inBatches(documents: AsyncIterable<Document> | Iterable<Document>): AsyncGenerator<Document[], void, void> {
  let batch: Document[] = []
  if (Symbol.iterator in documents) {
    for (const document of documents) {
      batch.push(document)
      if (batch.length < batchSize) continue
      yield batch
      batch = []
    }
  } else {
    for await (const document of documents) {
      batch.push(document)
      if (batch.length < batchSize) continue
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

const batchSize = 256

/** A list as batches. */
export function* batchesOf(documents: readonly Document[]): Generator<Document[], void, void> {
  for (let at = 0; at < documents.length; at += batchSize) yield documents.slice(at, at + batchSize)
}
