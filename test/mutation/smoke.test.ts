// The mutation run itself is long; this holds it fit to run: every target has mutants, each is one change, and all of them are programs.
import { readFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { join, resolve } from "node:path"
import { expect, test } from "vitest"
import { mutantsOf } from "./mutants.ts"
import { targets } from "./targets.ts"

const root = resolve(import.meta.dirname, "../..")

test.each(targets)("%s", (file) => {
  const source = readFileSync(join(root, file), "utf8")
  const mutants = mutantsOf(file, source)
  expect(mutants.length).toBeGreaterThan(0)
  expect(new Set(mutants.map(({ text }) => text)).size).toBe(mutants.length)
  for (const { text } of mutants) expect(() => stripTypeScriptTypes(text)).not.toThrow()
})

test("comments, texts, types and patterns are left alone", () => {
  const source = 'import { a } from "a === b"\n// a && b\n/** a || b */\nexport interface A { readonly f: (a: boolean) => a is true }\nexport type B =\n  | { readonly k: "x === y" }\nconst text = "a && b"\nconst pattern = /a||b/\nexport function f(a: number): boolean {\n  return a === 1\n}\n'
  expect(mutantsOf("f.ts", source).map(({ line, change }) => [line, change])).toEqual([[10, "=== → !=="]])
})
