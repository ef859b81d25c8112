// The mutation run itself is long; this holds it fit to run: every target has mutants, all of them together are a program that behaves as
// the original while none is on, and every fault R1 to R24 still finds its place.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "acorn"
import { expect, test } from "vitest"
import { equivalentsOf } from "./equivalent.ts"
import { instrumented, switchName } from "./instrument.ts"
import { mutantsOf } from "./mutants.ts"
import { faults } from "./regressions.ts"
import { root, targets } from "./targets.ts"

const changesOf = (source: string): (string | number)[][] => mutantsOf("f.ts", source).mutants.map(({ line, change }) => [line, change])

test.each(targets)("%s", (file) => {
  const mutated = mutantsOf(file, readFileSync(join(root, file), "utf8"))
  expect(mutated.mutants.length).toBeGreaterThan(0)
  const text = instrumented(mutated, 0)
  expect(() => parse(text, { ecmaVersion: "latest", sourceType: "module" })).not.toThrow()
  for (const number of mutated.mutants.keys()) expect(text).toContain(`${switchName}(${number})`)
})

test("every listed mutant is one, once, with a reason", () => {
  const folder = join(root, "test/mutation/equivalent")
  const nameOf = (file: string): string => `${file.replaceAll("/", "-").replace(/\.ts$/, "")}.json`
  expect(readdirSync(folder).filter((name) => !targets.some((file) => nameOf(file) === name))).toEqual([])
  for (const file of targets) {
    const source = readFileSync(join(root, file), "utf8")
    const lines = source.split("\n")
    const known = new Set(mutantsOf(file, source).mutants.map(({ line, change }) => `${lines[line - 1]?.trim()}\n${change}`))
    const entries = equivalentsOf(file).flatMap(({ because, mutants }) => mutants.map(([line, change]) => ({ file, because, key: `${line}\n${change}` })))
    expect(entries.filter(({ key }) => !known.has(key))).toEqual([])
    expect(entries.filter(({ because }) => because.length < 20)).toEqual([])
    expect(new Set(entries.map(({ key }) => key)).size).toBe(entries.length)
  }
})

test("comments, texts, types, imports and patterns are left alone", () => {
  const source = 'import { a } from "a === b"\n// a && b\n/** a || b */\nexport interface A { readonly f: (a: boolean) => a is true }\nexport type B =\n  | { readonly k: "x === y" }\nconst text = "a && b"\nconst pattern = /a||b/\nexport function f(a: number): boolean {\n  return a === g\n}\n'
  expect(changesOf(source)).toEqual([[10, "a === g: === → !=="]])
})

test("operators, branches, steps and entries of tables are switched or dropped", () => {
  expect(changesOf("const f = (a) => a && b")).toEqual([[1, "&& → ||"], [1, "&& b dropped"], [1, "a && dropped"]])
  expect(changesOf("const f = (a) => (a ? b : c)")).toEqual([[1, "a ? → true ?"], [1, "a ? → false ?"]])
  expect(changesOf("function f(a) {\n  if (!a) return\n  g(a)\n}")).toEqual([[2, "if (!a) → if (true)"], [2, "if (!a) → if (false)"], [2, "!a → a"], [2, "return dropped"], [3, "g(a) dropped"]])
  expect(changesOf('function f(a) {\n  switch (a) {\n    case "x": return b\n  }\n}')).toEqual([[3, 'case "x" dropped']])
  expect(changesOf('const t = ["a", "b", "c"]')).toEqual([[1, '"a" left out'], [1, '"b" left out'], [1, '"c" left out']])
})

test.each([
  ["(a, b) => (a && b) || a > 2", [[0, 0], [1, 0], [0, 3], [1, 1]]],
  ["(a, b) => { let n = 0\nif (a === 1) n += 1\nfor (const x of [b, b]) { if (x) continue\nn -= 1 }\nreturn n }", [[1, 0], [0, 1]]],
  ["(a, b) => { switch (a) { case 1: return !b\ndefault: throw new Error(`no ${a}`) } }", [[1, 0], [1, 1]]],
])("with no mutant on, %s is what it was", (source, inputs) => {
  const mutated = mutantsOf("f.ts", `const f = ${source}`)
  const original = build(mutated.code)
  const asked = new Set<number>()
  for (const input of inputs) expect(build(instrumented(mutated, 0), (number) => asked.add(number) === undefined)(...input)).toEqual(original(...input))
  expect(asked.size).toBeGreaterThan(2)
})

function build(code: string, isOn: (number: number) => boolean = () => false): (...args: readonly number[]) => unknown {
  // eslint-disable-next-line no-new-func -- the text was made from a literal of this file
  return new Function(switchName, `${code}\nreturn f`)(isOn) as (...args: readonly number[]) => unknown
}

test("every fault finds its place once, and every name has one", () => {
  for (const { edits } of faults) for (const { file, is } of edits) expect([file, is, readFileSync(join(root, file), "utf8").split(is).length]).toEqual([file, is, 2])
  expect(faults.map(({ test: name }) => name)).toEqual(Array.from({ length: 24 }, (_, index) => `R${index + 1}`))
})
