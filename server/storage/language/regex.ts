// Regular expressions of queries, on an engine whose time is linear in the text.
// SECURITY: patterns come from clients and functions; a backtracking engine could be held for hours by one of them.
import { RE2JS } from "re2js"
import { badRequest, unsupported } from "./errors.ts"

/**
 * Compiles a pattern with MongoDB's options `i`, `m`, `s`, `x` (and `u`, which is always on) into a search.
 *
 * Throws `StoreError`: "unsupported" for what a linear-time engine cannot do, "bad-request" (51091) for a broken pattern,
 * (51108) for an unknown option.
 */
export function compileRegex(pattern: string, options: string): (text: string) => boolean {
  const inline = /^\(\?([imsx]+)\)/.exec(pattern)
  const flags = new Set(options + (inline?.[1] ?? ""))
  for (const flag of flags) if (!"imsxu".includes(flag)) throw badRequest(`Cannot use regular expression: unknown option \`${flag}\``, 51108)
  if (pattern.includes("\0")) throw badRequest("Cannot use regular expression: it holds a NUL character")
  const source = translate(inline === null ? pattern : pattern.slice(inline[0].length), flags.has("x"), flags.has("m"))
  const bits = (flags.has("i") ? RE2JS.CASE_INSENSITIVE : 0) | (flags.has("m") ? RE2JS.MULTILINE : 0) | (flags.has("s") ? RE2JS.DOTALL : 0) | RE2JS.LOOKBEHINDS
  try {
    const expression = RE2JS.compile(source, bits)
    return (text) => expression.test(text)
  } catch {
    throw refusal(source)
  }
}

function refusal(source: string): Error {
  const feature = beyondLinear.find(([sign]) => sign.test(source))?.[1]
  if (feature !== undefined) return unsupported(`Cannot use regular expression: ${feature} is not supported`)
  return badRequest("Cannot use regular expression: the pattern is malformed", 51091)
}

const beyondLinear: readonly (readonly [RegExp, string])[] = [
  [/\(\?[=!]/, "look-ahead"],
  [/\(\?<[=!]/, "look-behind"],
  [/\\(?:[1-9]|k[<{']|g)|\(\?P=/, "a back-reference"],
  [/\(\?>/, "an atomic group"],
  [/\(\?(?:R|[+-]?\d|&|P>)/, "recursion"],
  [/\(\?\(/, "a conditional group"],
  [/\(\?\||\(\*|\(\?#/, "this kind of group"],
  [/[*+?}]\+/, "a possessive quantifier"],
  [/\(\?[a-z]*x/, "inline `x` inside the pattern"],
  [/\{\d*,?\d{4,}\}|\{\d{4,},\}/, "a repeat count above 1000"],
  [/\\[hHvVRXKGN]/, "this escape"],
]

/** Rewrites what the engine spells differently: free spacing, `$` before a last line break, `\Z`, `\h`, `\e`. */
function translate(pattern: string, isFreeSpacing: boolean, isMultiline: boolean): string {
  let source = ""
  let inClass = false
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string
    if (character === "\\") {
      const next = pattern[at + 1] ?? ""
      at += 1
      if (next === "Q") {
        const end = pattern.indexOf("\\E", at)
        const literal = end < 0 ? pattern.slice(at + 1) : pattern.slice(at + 1, end)
        source += literal.replaceAll(/[^A-Za-z0-9\u0080-\uffff]/g, (each) => (/\s/.test(each) ? each : `\\${each}`))
        at = end < 0 ? pattern.length : end + 1
        continue
      }
      source += (inClass ? inClassEscapes[next] : escapes[next]) ?? `\\${next}`
      continue
    }
    if (inClass) {
      if (character === "]") inClass = false
      else if (character === "[" && /^\[:\^?[a-z]+:\]/.test(pattern.slice(at))) {
        const end = pattern.indexOf(":]", at) + 2
        source += pattern.slice(at, end)
        at = end - 1
        continue
      }
      source += character
      continue
    }
    if (character === "[") {
      inClass = true
      source += character
      if (pattern[at + 1] === "^") source += pattern[++at]
      if (pattern[at + 1] === "]") { source += "\\]"; at += 1 }
      continue
    }
    if (isFreeSpacing && /\s/.test(character)) continue
    if (isFreeSpacing && character === "#") {
      while (at + 1 < pattern.length && pattern[at + 1] !== "\n") at += 1
      continue
    }
    source += character === "$" && !isMultiline && !/\(\?[a-z]*m/.test(pattern) ? "(?:\\n?\\z)" : character
  }
  return source
}

const escapes: Record<string, string> = { Z: "(?:\\n?\\z)", h: "[ \\t]", e: "\\x1b" }
const inClassEscapes: Record<string, string> = { h: " \\t", e: "\\x1b", b: "\\x08" }
