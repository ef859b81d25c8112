// Short ways to run expressions and pipelines in tests.
import type { Document, Value } from "../../../../kernel/index.ts"
import { StoreError } from "../../../../server/data/index.ts"
import { runPipeline, type PipelineSource } from "../../../../server/storage/aggregation/index.ts"

const now = new Date("2026-01-02T03:04:05.678Z")

/** All documents a pipeline gives. */
export async function run(documents: AsyncIterable<Document> | Iterable<Document>, pipeline: readonly unknown[], source?: PipelineSource): Promise<Document[]> {
  const all: Document[] = []
  for await (const document of runPipeline(documents, pipeline as readonly Document[], { now, ...(source === undefined ? {} : { source }) })) all.push(document)
  return all
}

/** The value of an expression over one document; undefined when it is missing. */
export async function evaluate(expression: unknown, document: Document = {}): Promise<Value> {
  const [result] = await run([document], [{ $replaceWith: { value: expression } }])
  return (result as Document)["value"]
}

/** `code serverCode` of the refusal. */
export async function refusal(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return `${error.code} ${error.serverCode ?? ""}`.trim()
  }
  throw new Error("nothing was refused")
}
