// Patterns run on user data, so they run on an engine whose time is linear in the text.
import { RE2JS } from "re2js"
import { translateRegex } from "./translate-regex.ts"

/** A compiled pattern; `source` and `options` are as written. */
export interface Regex {
  readonly source: string
  readonly options: string
  /** Whether the pattern is found anywhere in the text; undefined for a text too long to be looked at. */
  test(text: string): boolean | undefined
}

/** A pattern, or why it cannot be used; the reason is for the author of the pattern. */
export type RegexResult = { readonly regex: Regex } | { readonly problem: string }

/** The longest pattern taken, and the most instructions it may compile to. */
const longestPattern = 10_000
const mostInstructions = 10_000
/** Instructions times characters: linear time is still up to 27 ns for each (decision 0140). */
const mostSteps = 20_000_000

const flags: Record<string, number> = { i: RE2JS.CASE_INSENSITIVE, m: RE2JS.MULTILINE, s: RE2JS.DOTALL, u: 0 }

/**
 * Compiles a pattern for linear-time matching.
 *
 * SECURITY: exponential patterns do not exist here; what such an engine cannot run (back-references, look-around,
 * possessive repetition, repetition above 1,000) is refused, and so is the option `x`. A text above the bound of steps is
 * left undecided, which whoever asks must take for a refusal.
 */
export function compileRegex(source: string, options = ""): RegexResult {
  return compile(source, options, (pattern) => pattern)
}

/**
 * Compiles a pattern of `$regex`, as MongoDB reads it: `$` also stands before a last line break, and the rest of
 * {@link translateRegex}. The stores read the patterns of queries by the same rewriting.
 */
export function compileMongoRegex(source: string, options = ""): RegexResult {
  return compile(source, options, (pattern) => translateRegex(pattern, { isFreeSpacing: false, isMultiline: options.includes("m") }))
}

function compile(source: string, options: string, rewrite: (pattern: string) => string): RegexResult {
  if (source.length > longestPattern) return { problem: `the pattern is longer than ${longestPattern} characters` }
  let flag = 0
  for (const option of options) {
    if (!Object.hasOwn(flags, option)) return { problem: `option \`${option}\` is not supported` }
    flag |= flags[option] as number
  }
  try {
    const compiled = RE2JS.compile(rewrite(source), flag)
    const size = compiled.programSize()
    if (size > mostInstructions) return { problem: `the pattern compiles to more than ${mostInstructions} instructions` }
    const longestText = Math.floor(mostSteps / size)
    return { regex: { source, options, test: (text) => (text.length > longestText ? undefined : compiled.test(text)) } }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : "the pattern cannot be compiled" }
  }
}
