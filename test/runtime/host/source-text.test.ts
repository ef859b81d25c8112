import { describe, expect, test } from "vitest"
import { prepareSources } from "../../../runtime/source-text.ts"
import { codeOf } from "./support.ts"

function problemOf(source: string): string | undefined {
  return prepareSources(codeOf({ main: source })).functions.get("main")?.problem
}

describe("prepareSources()", () => {
  test.each([
    ["an arrow function", "exports = () => 1"],
    ["a directive", "'use strict'; exports = () => 1"],
    ["a comment at the end", "exports = () => 1 // end"],
    ["an HTML comment at the end", "exports = () => 1 <!-- end"],
    ["a return", "if (context) return () => 1"],
    ["nothing", ""],
  ])("takes %s", (_, source) => {
    expect(problemOf(source)).toBeUndefined()
  })

  test.each([
    ["a text that closes the wrapper", "return 1 }); globalThis.x = 1; (function () {"],
    ["an open comment", "exports = () => 1 /*"],
    ["an open template", "exports = `"],
    ["a text that closes and opens a block", "} {"],
    ["an import", "import fs from 'fs'"],
    ["a parameter declared again", "let exports = 1"],
    ["deep nesting", "(".repeat(200_000)],
    ["what is a comment only where a file begins", "#!/usr/bin/env node\nexports = () => 1"],
    ["what closes a comment where none is open", "--> note\nexports = () => 1"],
    ["what only strict code forbids, after its directive", "'use strict'; with (context) exports = () => 1"],
  ])("refuses %s", (_, source) => {
    expect(problemOf(source)).toEqual(expect.any(String))
  })

  test("names the line of a problem", () => {
    expect(problemOf("const a = 1\nconst b = \nconst c = 1")).toMatch(/\(functions\/main\.js:[23]\)$/)
  })

  test("needsOf() follows names that occur as texts, not into files that do not parse", () => {
    const { needsOf } = prepareSources(codeOf({ a: "exports = () => context.functions.execute('b')", b: "exports = () => context.functions.execute(\"c\") + context.functions.execute(`bad`)", c: "exports = () => 'a'", bad: "exports = (", other: "exports = () => 1" }))
    expect(needsOf("a").map((each) => each.name)).toEqual(["a", "b", "c"])
    expect(needsOf("unknown")).toEqual([])
  })
})
