// A mutation run keeps tests by their names: what has the name of another would never be run.
import { expect, test } from "vitest"
import * as standIn from "./vitest-stand-in.ts"

/** The tests that a file collects, with what each was given. */
function collect(file: string, write: (note: (...args: unknown[]) => void) => void): readonly { readonly name: string; readonly run: () => Promise<unknown> }[] {
  const before = standIn.collected.length
  let given: unknown
  standIn.startFile(file)
  write((...args) => { given = args })
  return standIn.collected.slice(before).map((one) => ({
    name: one.name,
    run: async () => {
      await standIn.run(one)
      return given
    },
  }))
}

test("two tables of one title in one block are all there, each with its own cases", async () => {
  const tests = collect("tables.test.ts", (note) => {
    standIn.describe("block", () => {
      standIn.test.each([["a", 1], ["b", 2]])("%s", note)
      standIn.test.each([["c", 3], ["d", 4], ["e", 5]])("%s", note)
    })
  })
  expect(tests.map(({ name }) => name)).toEqual(["(1)", "(2)", "(1) (2)", "(2) (2)", "(3)"].map((end) => `tables.test.ts block > %s ${end}`))
  const given: unknown[] = []
  for (const { run } of tests) given.push(await run())
  expect(given).toEqual([["a", 1], ["b", 2], ["c", 3], ["d", 4], ["e", 5]])
})

test.each<[string, (note: () => void) => void]>([
  ["two tests of one title", (note) => { for (const title of ["t", "t", "t"]) standIn.test(title, note) }],
  ["a title that looks like one that was told apart", (note) => { for (const title of ["t", "t (2)", "t"]) standIn.test(title, note) }],
  ["two blocks of one name", (note) => { for (const name of ["b", "b"]) standIn.describe(name, () => standIn.test("t", note)) }],
  ["blocks of one name in two others", (note) => { for (const name of ["b", "c"]) standIn.describe(name, () => standIn.describe("inner", () => standIn.test("t", note))) }],
  ["two tables of blocks", (note) => { for (const cases of [[1, 2], [3]]) standIn.describe.each(cases)("%s", () => standIn.test("t", note)) }],
  ["a known failure and a test", (note) => { standIn.test.fails("t", note); standIn.test("t", note) }],
])("names differ: %s", (title, write) => {
  const names = collect(`${title}.test.ts`, write).map(({ name }) => name)
  expect(names.length).toBeGreaterThan(1)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name.startsWith(`${title}.test.ts `)).toBe(true)
})

test("a test outside of blocks is named by its file and title", () => {
  expect(collect("plain.test.ts", (note) => standIn.test("t", note)).map(({ name }) => name)).toEqual(["plain.test.ts t"])
})
