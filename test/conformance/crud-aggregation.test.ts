// The observed operations that need aggregation, over `runPipeline` and the query language with its hook.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import type { Document } from "../../kernel/index.ts"
import type { Cursor, Namespace } from "../../server/data/store.ts"
import { expressionHook, runPipeline } from "../../server/storage/aggregation/index.ts"
import { loadCrudCases, runCrudCase } from "./crud-cases.ts"
import { ListStore } from "./list-store.ts"

/** A list store that can aggregate. */
class PipelineStore extends ListStore {
  override aggregate(...[namespace, pipeline]: readonly unknown[]): Cursor {
    const where = namespace as Namespace
    const documents = this.find(where, {})
    const run = (): AsyncIterable<Document> => runPipeline(documents, pipeline as Document[], {
      now: new Date(), source: { lookup: (collection, filter) => this.find({ ...where, collection }, filter) },
    })
    return {
      async toArray() {
        const all: Document[] = []
        for await (const document of run()) all.push(document)
        return all
      },
      close: async () => {},
      [Symbol.asyncIterator]: () => run()[Symbol.asyncIterator](),
    }
  }
}

const known = JSON.parse(readFileSync(join(import.meta.dirname, "crud-aggregation.known-failures.json"), "utf8")) as Record<string, string>
const files = loadCrudCases()

for (const { file, cases } of files) {
  describe(file, () => {
    for (const each of cases) {
      const run = Object.hasOwn(known, each.id) ? test.fails : test
      run(each.id, async () => {
        expect(await runCrudCase(new PipelineStore({ evaluate: expressionHook }), { database: "test", collection: "cases" }, each)).toBeUndefined()
      })
    }
  })
}

test("every known failure names a case", () => {
  const ids = new Set(files.flatMap(({ cases }) => cases.map((each) => each.id)))
  expect(Object.keys(known).filter((id) => !ids.has(id))).toEqual([])
})
