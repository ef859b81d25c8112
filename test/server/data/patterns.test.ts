// A pattern means the same in a rule and in a query: what differed would let one select what the other hides.
import { expect, test } from "vitest"
import { compileMongoRegex } from "../../../engine/index.ts"
import { compileRegex } from "../../../server/storage/language/index.ts"

const patterns = [
  "^abc$", "c$", "a.c", "^$", "a\\Z", "a\\z", "\\Qa.c\\E", "a\\sb", "a\\Sb", "[\\s]", "[]a]", "[^]a]", "[[:alpha:]]+$", "a|b$", "(?i)ABC", "(?m)^b$", "\\bab\\b", "\\d{2,3}", "\\w+\\W", "\\x41", "\\u0041", "é", "^.{1}$", "a\\hb", "\\e", "(?:ab)+?$", "", "\\$", "[$]", "\\.$",
]
const texts = ["", "abc", "abc\n", "abc\n\n", "a.c", "a\u000bb", "a\tb", "a b", "]", "\\", "b\na", "a\nb", "ab ab", "12", "1234", "A", "é", "É", "😀", "\n", "\r\n", "a\u00a0b", "$", "x$", "x.", "\u001b", "ababab", "ABC"]

test.each(patterns.flatMap((pattern) => ["", "i", "m", "s", "ims"].map((options) => [pattern, options] as const)))("/%s/%s", (pattern, options) => {
  const rule = compileMongoRegex(pattern, options)
  let query: ((text: string) => boolean) | undefined
  try {
    query = compileRegex(pattern, options)
  } catch {
    // Refused by both, or the test fails below.
  }
  expect("problem" in rule).toBe(query === undefined)
  if ("regex" in rule) expect(texts.filter((text) => rule.regex.test(text) === true)).toEqual(texts.filter((text) => query?.(text) === true))
})
