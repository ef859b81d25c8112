// The observed operations on the embedded store: each twice, as it stands, and with indexes made before its documents.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { openEmbeddedStore } from "../../server/storage/index.ts"
import { loadCrudCases, runCrudCase } from "./crud-cases.ts"

const known = JSON.parse(readFileSync(join(import.meta.dirname, "crud-embedded.known-failures.json"), "utf8")) as Record<string, string>
const files = loadCrudCases()
const indexKeys = [{ a: 1 }, { b: -1 }, { "a.b": 1 }, { a: 1, b: -1 }] as const

for (const { file, cases } of files) {
  describe(file, () => {
    // A store for each file of cases: making an index costs more the more collections a store has.
    const store = openEmbeddedStore({ file: ":memory:" })
    afterAll(() => store.close())
    for (const each of cases) {
      const run = Object.hasOwn(known, each.id) ? test.fails : test
      run(each.id, async () => {
        // A database of its own for each case: `$lookup` names collections beside the one it runs on.
        expect(await runCrudCase(store, { database: `plain-${each.id}`, collection: "cases" }, each)).toBeUndefined()
        const indexed = { database: `indexed-${each.id}`, collection: "cases" }
        for (const keys of indexKeys) {
          // An index on two fields that are both lists takes no such documents.
          if (Object.keys(keys).length > 1 && each.documents.some(({ a, b }) => Array.isArray(a) && Array.isArray(b))) continue
          await store.ensureIndex(indexed, { keys })
        }
        expect(await runCrudCase(store, indexed, each), "with indexes").toBeUndefined()
      })
    }
  })
}

test("every known failure names a case", () => {
  const ids = new Set(files.flatMap(({ cases }) => cases.map((each) => each.id)))
  expect(Object.keys(known).filter((id) => !ids.has(id))).toEqual([])
})
