// The observed operations that need no aggregation stages, on the query language alone.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { loadCrudCases, runCrudCase } from "./crud-cases.ts"
import { ListStore } from "./list-store.ts"

const files = [
  "equality", "comparison", "in-and-nin", "logical", "exists-and-type", "mod-and-bits", "regular-expressions", "array-operators", "dotted-paths",
  "bson-types", "sort", "projection", "set-and-unset", "numeric-updates", "array-updates", "positional-updates", "update-errors", "query-errors",
  "upsert", "findOneAnd", "distinct", "delete-and-count", "replace-and-pipelines",
]
const known = JSON.parse(readFileSync(join(import.meta.dirname, "crud-language.known-failures.json"), "utf8")) as Record<string, string>

for (const { file, cases } of loadCrudCases(files)) {
  describe(file, () => {
    for (const each of cases) {
      const run = Object.hasOwn(known, each.id) ? test.fails : test
      run(each.id, async () => {
        expect(await runCrudCase(new ListStore(), { database: "test", collection: "cases" }, each)).toBeUndefined()
      })
    }
  })
}

test("every known failure names a case", () => {
  const ids = new Set(loadCrudCases(files).flatMap(({ cases }) => cases.map((each) => each.id)))
  expect(Object.keys(known).filter((id) => !ids.has(id))).toEqual([])
})
