// Regular expressions of queries, on an engine whose time is linear in the text.
// SECURITY: patterns come from clients and functions; a backtracking engine could be held for hours by one of them.
import { RE2JS } from "re2js"
import { StoreError } from "../../data/index.ts"
import { badRequest, unsupported } from "./errors.ts"
import { reverseRegex, reverseText } from "./reverse-regex.ts"
import { translateRegex } from "./translate-regex.ts"

/** One match: its text, where it begins, and what its groups captured. */
export interface RegexMatch { readonly text: string; readonly start: number; readonly captures: readonly (string | null)[] }

/** A compiled pattern: whether a text has a match, and all its matches from left to right. */
export interface RegexSearch {
  test(text: string): boolean
  /** Throws `StoreError` "unsupported" for a pattern with look-ahead, of which the places are not known. */
  matches(text: string): Generator<RegexMatch, void, void>
}

/**
 * Compiles a pattern with MongoDB's options `i`, `m`, `s`, `x` (and `u`, which is always on) into a search.
 *
 * Throws `StoreError`: "unsupported" for what a linear-time engine cannot do, "bad-request" (51091) for a broken pattern,
 * (51108) for an unknown option.
 */
export function compileRegexSearch(pattern: string, options: string): RegexSearch {
  const inline = /^\(\?([imsx]+)\)/.exec(pattern)
  const flags = new Set(options + (inline?.[1] ?? ""))
  for (const flag of flags) if (!"imsxu".includes(flag)) throw badRequest(`Cannot use regular expression: unknown option \`${flag}\``, 51108)
  if (pattern.includes("\0")) throw badRequest("Cannot use regular expression: it holds a NUL character")
  if (pattern.length > maxPattern) throw badRequest("Cannot use regular expression: the pattern is too long", 51091)
  const source = translateRegex(inline === null ? pattern : pattern.slice(inline[0].length), { isFreeSpacing: flags.has("x"), isMultiline: flags.has("m") })
  const bits = (flags.has("i") ? RE2JS.CASE_INSENSITIVE : 0) | (flags.has("m") ? RE2JS.MULTILINE : 0) | (flags.has("s") ? RE2JS.DOTALL : 0) | RE2JS.LOOKBEHINDS
  const looksAhead = /\(\?[=!]/.test(source)
  const expression = compileLinear(source, bits, looksAhead)
  const longest = maxWork / expression.programSize()
  const checkLength = (text: string): void => {
    if (text.length > longest) throw badRequest("Cannot use regular expression: a text is too long for so large a pattern", 51156)
  }
  return {
    test(text) {
      checkLength(text)
      return expression.test(looksAhead ? reverseText(text) : text)
    },
    *matches(text) {
      checkLength(text)
      if (looksAhead) throw unsupported("Cannot use regular expression: the places of matches with look-ahead are not supported")
      const matcher = expression.matcher(text)
      while (matcher.find()) {
        const captures = Array.from({ length: matcher.groupCount() }, (_, index) => matcher.group(index + 1) ?? null)
        yield { text: matcher.group() ?? "", start: matcher.start(), captures }
      }
    },
  }
}

/** {@link compileRegexSearch} where only the presence of a match is asked. */
export function compileRegex(pattern: string, options: string): (text: string) => boolean {
  const search = compileRegexSearch(pattern, options)
  return (text) => search.test(text)
}

// SECURITY: the time of a search grows with the size of the program times the length of the text, at worst 27 ns each
// (measured), so both the program and the product are bounded: half a second at the very worst for one text.
const maxPattern = 32_764
const maxProgram = 10_000
const maxWork = 20_000_000

function compileLinear(source: string, bits: number, looksAhead: boolean): RE2JS {
  let expression: RE2JS
  try {
    expression = RE2JS.compile(looksAhead ? reverseRegex(source) : source, bits)
  } catch (error) {
    throw refusal(source, error)
  }
  if (expression.programSize() > maxProgram) throw badRequest("Cannot use regular expression: the pattern is too large", 51091)
  return expression
}

function refusal(source: string, cause: unknown): Error {
  const feature = beyondLinear.find(([sign]) => sign.test(source))?.[1]
  if (feature !== undefined) return unsupported(`Cannot use regular expression: ${feature} is not supported`)
  return cause instanceof StoreError ? cause : badRequest("Cannot use regular expression: the pattern is malformed", 51091)
}

const beyondLinear: readonly (readonly [RegExp, string])[] = [
  [/\\(?:[1-9]|k[<{']|g)|\(\?P=/, "a back-reference"],
  [/\(\?>/, "an atomic group"],
  [/\(\?(?:R|[+-]?\d|&|P>)/, "recursion"],
  [/\(\?\(/, "a conditional group"],
  [/\(\?\||\(\*|\(\?#/, "this kind of group"],
  [/[*+?}]\+/, "a possessive quantifier"],
  [/\(\?[a-z]*x/, "inline `x` inside the pattern"],
  [/\{\d*,?\d{4,}\}|\{\d{4,},\}/, "a repeat count above 1000"],
  [/\\[hHvVRXKGN]/, "this escape"],
  [/\(\?<[=!]/, "look-behind with a capturing group or beside look-ahead"],
]
