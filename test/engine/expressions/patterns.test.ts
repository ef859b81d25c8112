// How MongoDB's patterns (PCRE) read on the linear-time engine: what they find, and how they are rewritten (decisions 0140, 0300).
import { describe, expect, test } from "vitest"
import { compileMongoRegex, compileRegex, translateRegex } from "../../../engine/expressions/index.ts"

function finds(pattern: string, text: string, options = ""): boolean | undefined {
  const result = compileMongoRegex(pattern, options)
  if ("problem" in result) throw new Error(result.problem)
  return result.regex.test(text)
}

describe("a pattern", () => {
  test.each<[pattern: string, found: string[], missed: string[], options?: string]>([
    ["c$", ["abc", "abc\n"], ["abc\n\n", "cd"]], ["c$", ["abc\nd", "abc"], ["cd"], "m"], ["(?m)c$", ["abc\nd"], ["cd"]], ["(?im)C$", ["abc\nd"], []], ["^b", ["b"], ["a\nb"]], ["^b", ["a\nb"], [], "m"], ["c\\Z", ["abc", "abc\n"], ["abc\n\n"]], ["c\\z", ["abc"], ["abc\n"]],
    ["a$|b", ["b", "a\n"], ["ac"]], ["a.c", ["abc", "a\tc"], ["a\nc"]], ["a.c", ["a\nc"], [], "s"], ["AB", ["ab"], [], "i"], ["AB", ["AB"], ["ab"], ""], ["AB", ["AB"], ["ab"], "u"], ["\\Qa.c*\\E", ["a.c*"], ["abc"]], ["\\Qa.c", ["a.c"], ["abc", "a.b"]], ["\\Q$\\E$", ["x$"], ["$x"]], ["x\\Q[\\E]", ["x[]"], ["x["]], ["\\Q\\E", [""], []],
    ["a\\sb", ["a b", "a\tb", "a\u000bb", "a\nb"], ["ab", "a_b"]], ["a\\Sb", ["a_b"], ["a b", "a\u000bb"]], ["[\\s]", [" ", "\u000b"], ["a"]], ["[^\\s]", ["a"], [" ", "\u000b"]], ["a\\hb", ["a b", "a\tb"], ["a\nb", "ahb"]], ["[\\h]", [" ", "\t"], ["h"]], ["\\e", ["\u001b"], ["e"]], ["[\\e]", ["\u001b"], ["e"]], ["[\\b]", ["\b"], ["b"]], ["\\bab\\b", ["x ab y"], ["xab"]],
    ["[]a]", ["]", "a"], ["b"]], ["[^]a]", ["b"], ["]", "a"]], ["[a\\]b]", ["]"], ["c"]], ["[]$]", ["$", "]"], ["a", "\n", "?"]], ["[^]$]", ["a"], ["$", "]"]], ["[ab]c", ["ac"], ["a"]], ["[ab]\\sc", ["a\u000bc"], ["ac"]], ["[ab]$", ["a\n"], ["a$"]], ["[$]", ["$"], ["a"]], ["[.]", ["."], ["a"]], ["[[]", ["["], ["a"]], ["[a[b]", ["[", "a", "b"], ["c", "]"]], ["[[:alpha:]]", ["x"], ["1", ":"]], ["[[:^alpha:]]", ["1"], ["x"]], ["[[:digit:][:space:]x]", ["1", " ", "x"], ["y"]], ["[[:digit:]\\s]x", ["1x", "\u000bx"], ["ax", "]x"]], ["[a-c]", ["b"], ["d", "-"]], ["[^a-c]", ["d"], ["b"]], ["[a^]", ["^", "a"], ["b"]],
    ["\\$", ["$"], ["a"]], ["\\.$", ["a."], ["a"]], ["\\\\", ["\\"], ["a"]], ["\\d{2,3}x", ["12x", "123x"], ["1x"]], ["a#b", ["a#b"], ["a"]], ["a b", ["a b"], ["ab"]], ["é", ["é"], ["e"]], ["^.$", ["😀"], ["ab"]],
  ])("%j finds %j and not %j, options %j", (pattern, found, missed, options = "") => {
    for (const text of found) expect([text, finds(pattern, text, options)]).toEqual([text, true])
    for (const text of missed) expect([text, finds(pattern, text, options)]).toEqual([text, false])
  })

  test.each(["(", "(?=a)", "(?<!a)b", "(a)\\1", "a++", "a{1001}", "[a", "a\\", "[z-a]", "[[:abcdefghijklm:]]"])("%j is refused", (pattern) => {
    for (const compile of [compileMongoRegex, compileRegex]) expect(compile(pattern)).toEqual({ problem: expect.any(String) as unknown })
  })

  test("options beyond i, m, s and u are refused, inherited names among them", () => {
    for (const options of ["x", "g", "ix", "constructor"]) expect(compileMongoRegex("a", options)).toEqual({ problem: expect.stringContaining("option") as unknown })
    for (const options of ["", "i", "ms", "uims"]) expect(compileMongoRegex("a", options)).toHaveProperty("regex.options", options)
  })

  test("one of 10,000 characters is the longest, and one of more than 10,000 steps is refused", () => {
    expect(compileRegex(`[${"a".repeat(9_998)}]`)).toHaveProperty("regex")
    expect(compileRegex(`[${"a".repeat(9_999)}]`)).toEqual({ problem: expect.stringContaining("longer") as unknown })
    expect(compileRegex("a".repeat(9_998))).toHaveProperty("regex")
    expect(compileRegex("a".repeat(9_999))).toEqual({ problem: expect.stringContaining("instructions") as unknown })
  })

  test("a text that would cost more than 20,000,000 steps is not looked at", () => {
    const { regex } = compileRegex("(ab){1000}") as { regex: { test(text: string): boolean | undefined } }
    expect([regex.test("a".repeat(4_997)), regex.test("a".repeat(4_998))]).toEqual([false, undefined])
    const { regex: shorter } = compileRegex("a".repeat(19)) as { regex: { test(text: string): boolean | undefined } }
    expect([shorter.test("b".repeat(952_380)), shorter.test("b".repeat(952_381))]).toEqual([false, undefined])
  })
})

test.each(["a\\", "[", "[a", "[^", "[a\\", "[[", "(", "\\"])("%j stays unfinished", (pattern) => {
  expect(translateRegex(pattern, { isFreeSpacing: false, isMultiline: false })).toBe(pattern === "[[" ? "[\\[" : pattern)
})

describe("free spacing", () => {
  test.each<[string, string]>([["a b\tc\n", "abc"], ["a # b\nc", "ac"], ["a # b", "a"], ["a\\ b", "a\\ b"], ["[a b#]", "[a b#]"], ["\\Qa b#\\E c", "a b#c"], ["#\n", ""], ["a$ b", "a(?:\\n?\\z)b"]])("%j reads %j", (pattern, source) => {
    expect(translateRegex(pattern, { isFreeSpacing: true, isMultiline: false })).toBe(source)
  })

  test("is an option: without it spaces and number signs stand for themselves", () => {
    expect(translateRegex("a # b\nc", { isFreeSpacing: false, isMultiline: false })).toBe("a # b\nc")
  })
})

test("several lines leave the end of a line to the engine", () => {
  expect(translateRegex("a$", { isFreeSpacing: false, isMultiline: true })).toBe("a$")
  expect(translateRegex("(?m)a$", { isFreeSpacing: false, isMultiline: false })).toBe("(?m)a$")
  expect(translateRegex("(?i)a$", { isFreeSpacing: false, isMultiline: false })).toBe("(?i)a(?:\\n?\\z)")
})
