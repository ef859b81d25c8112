import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { BSONRegExp, type Document } from "../../../../kernel/index.ts"
import { compileFilter, compileRegex } from "../../../../server/storage/language/index.ts"

const matches = (pattern: string, options: string, text: string) => compileRegex(pattern, options)(text)

describe("compileRegex()", () => {
  test.each<[string, string, string, boolean]>([
    ["^ab", "", "abc", true], ["^ab", "", "cab", false], ["AB", "i", "cabc", true], ["(?i)AB", "", "cabc", true], ["(?i:A)b", "", "ab", true], ["ÄÖ", "i", "äö", true],
    ["^b$", "m", "a\nb\nc", true], ["^b$", "", "a\nb\nc", false], ["(?m)^b$", "", "a\nb", true], ["a.b", "", "a\nb", false], ["a.b", "s", "a\nb", true],
    ["a b # comment\n c", "x", "abc", true], ["(?x) a b", "", "ab", true], ["a\\ b", "x", "a b", true], ["[a b]c", "x", " c", true], ["(?xi) A [#] b", "", "a#b", true],
    ["ab$", "", "ab\n", true], ["ab$", "", "ab\n\n", false], ["ab\\Z", "", "ab\n", true], ["ab\\z", "", "ab\n", false], ["ab$", "m", "ab\nc", true],
    ["[]a]b", "", "]b", true], ["[^]a]b", "", "]b", false], ["[[:digit:]]x", "", "5x", true], ["[a[b]x", "", "[x", true], ["\\Qa.b*\\Ec", "", "a.b*c", true], ["\\Qa.b\\E", "", "axb", false],
    ["\\Q[x", "", "[x", true], ["a\\hb", "", "a\tb", true], ["[\\h]", "", "\t", true], ["\\S+", "", "\v", false], ["(?<year>\\d{4})", "", "in 2020", true], ["(?<!o)o", "", "foo", true],
    ["(?<=f)o", "", "foo", true], ["\\p{Lu}", "", "É", true], ["\ud83d\ude00.", "", "\ud83d\ude00\ud83d\ude00", true], ["", "", "", true], ["a{,2}", "", "a{,2}", true], ["\\bx\\b", "", "a x b", true],
    ["a", "u", "a", true], ["a(?=b)", "", "xab", true], ["a(?=b)", "", "ac", false], ["^(?!.*admin).+$", "", "a user", true], ["^(?!.*admin).+$", "", "an admin", false],
    ["^(?=.*\\d)(?=.*[a-z]).{4,}$", "", "ab12", true], ["^(?=.*\\d)(?=.*[a-z]).{4,}$", "", "abcd", false], ["(?i)^(?!no)", "", "NOPE", false], ["^b(?=\\n)", "m", "a\nb\nc", true],
    ["a(?=(?<x>b|cd)e)", "", "acde", true], ["\ud83d\ude00(?=é)", "", "\ud83d\ude00é", true], ["\\(?=x", "", "(=x", true], ["a(?=$)", "", "ba\n", true],
  ])("/%s/%s on %j is %s", (pattern, options, text, expected) => expect(matches(pattern, options, text)).toBe(expected))

  test.each<[string, string]>([
    ["(?<=x)a(?=b)", "beside look-ahead"], ["a(?i)b(?=c)", "inline options beside look-ahead"], ["(?=a)(a)\\1", "back-reference"], ["(?<=(a))b", "capturing group"], ["(a)\\1", "back-reference"], ["(?<n>a)\\k<n>", "back-reference"], ["(?>a)b", "atomic group"], ["a++b", "possessive quantifier"],
    ["(?R)", "recursion"], ["(?(1)a|b)", "conditional group"], ["a(?x) b", "inline `x`"], ["a\\Kb", "this escape"], ["a{2000}", "repeat count"],
  ])("refuses %s and says why", (pattern, feature) => {
    expect(() => compileRegex(pattern, "")).toThrow(expect.objectContaining({ code: "unsupported", message: expect.stringContaining(feature) }))
  })

  test.each<[string, string, number]>([["(", "", 51091], ["[", "", 51091], ["*", "", 51091], ["a", "q", 51108], ["a", "g", 51108], ["a\0", "", 2], ["a".repeat(40_000), "", 51091]])("refuses %.10s with %s", (pattern, options, serverCode) => {
    expect(() => compileRegex(pattern, options)).toThrow(expect.objectContaining({ code: "bad-request", serverCode }))
  })

  test("a refusal does not repeat the pattern", () => {
    try {
      compileRegex("my-secret(", "")
      expect.unreachable()
    } catch (error) {
      expect((error as Error).message).not.toContain("my-secret")
    }
  })
})

describe("no pattern holds the server", () => {
  // Each of these takes a backtracking engine longer than anyone waits.
  test.each(["^(a+)+$", "^(a|aa)+$", "^(a|a)*$", "(.*)*(.*)*(.*)*x", "^([a-z]+)*@", "(?<=(?:a+)+b)c", "(a+)+(?=b)", "^(?=(a+)+$)(?!.*!)"])("%s", (pattern) => {
    const search = compileRegex(pattern, "")
    const started = performance.now()
    search(`${"a".repeat(20_000)}!`)
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test("a pattern too large for a text is refused instead of run", () => {
    const pattern = "(?:[a-z]{0,1000})".repeat(2) + "Z[^q]"
    expect(compileRegex(pattern, "")("abcZ!")).toBe(true)
    expect(() => compileRegex(pattern, "")("a".repeat(100_000))).toThrow(expect.objectContaining({ code: "bad-request", serverCode: 51156 }))
    expect(() => compileRegex("(?:[a-z]{0,1000})".repeat(30), "")).toThrow(expect.objectContaining({ code: "bad-request", serverCode: 51091 }))
  })
})

test("look-ahead is what JavaScript's own engine makes of it", () => {
  const atom = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "(?=a)", "(?!b)", "(?=a|bb)", "(?!(?:ab)+)", "^", "$", "\\b", "(a|b)", "(?:ab)")
  const piece = fc.tuple(atom, fc.constantFrom("", "", "", "*", "?", "{1,2}")).map(([each, count]) => (/^(?:\(\?[=!]|\^|\$|\\)/.test(each) ? each : each + count))
  const pattern = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(""))
  fc.assert(fc.property(pattern, fc.stringMatching(/^[ab ]{0,6}$/), (each, text) => {
    expect(matches(each, "", text)).toBe(new RegExp(each).test(text))
  }), { numRuns: 3000 })
})

function select(filter: Document, ...values: (string | number | BSONRegExp)[]): boolean[] {
  return values.map((a) => compileFilter(filter)({ a }))
}

describe("regular expressions in filters", () => {
  test("match texts and equal expressions", () => {
    expect(select({ a: new BSONRegExp("^x", "i") }, "Xy", "yx", 5, new BSONRegExp("^x", "i"), new BSONRegExp("^x", ""))).toEqual([true, false, false, true, false])
  })

  test("are a pattern, or with `$eq` a value", () => {
    const expression = new BSONRegExp("^x", "")
    expect(select({ a: { $eq: expression } }, "xy", expression)).toEqual([false, true])
    expect(select({ a: { $in: [expression, 5] } }, "xy", 5, "y", expression)).toEqual([true, true, false, true])
    expect(select({ a: { $not: expression } }, "xy", 5, "y")).toEqual([false, true, true])
    expect(select({ a: { $all: [expression] } }, "xy", "y")).toEqual([true, false])
    for (const operator of ["$ne", "$gt"]) expect(() => compileFilter({ a: { [operator]: expression } })).toThrow(expect.objectContaining({ code: "bad-request", serverCode: 2 }))
  })

  test("keep conditions that stand beside `$regex`", () => {
    expect(select({ a: { $regex: "x", $options: "i", $ne: "Xy" } }, "Xy", "Xz")).toEqual([false, true])
  })
})
