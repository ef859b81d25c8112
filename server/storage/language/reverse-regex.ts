// Look-ahead for an engine that knows only look-behind: the pattern is turned round and run over the text turned round.
// A text has a match of a pattern exactly when the reversed text has a match of the reversed pattern, and there what looked
// ahead looks behind, which the engine does in linear time.
import { badRequest, unsupported } from "./errors.ts"

/** A text with its characters (not its surrogates) in the opposite order. */
export function reverseText(text: string): string {
  return [...text].toReversed().join("")
}

/** A pattern, in the engine's spelling, that matches the reversed texts. Groups are no longer captured. Throws `StoreError`. */
export function reverseRegex(source: string): string {
  const reader: Reader = { source, at: 0 }
  const reversed = reverseAlternatives(reader)
  if (reader.at < source.length) throw malformed()
  return reversed
}

interface Reader { readonly source: string; at: number }

function reverseAlternatives(reader: Reader): string {
  const alternatives = [reverseSequence(reader)]
  while (reader.source[reader.at] === "|") {
    reader.at += 1
    alternatives.push(reverseSequence(reader))
  }
  return alternatives.join("|")
}

function reverseSequence(reader: Reader): string {
  const items: string[] = []
  for (;;) {
    const next = reader.source[reader.at]
    if (next === undefined || next === "|" || next === ")") return items.toReversed().join("")
    items.push(reverseAtom(reader) + (take(reader, /(?:[*+?]|\{\d+(?:,\d*)?\})\??/y) ?? ""))
  }
}

function reverseAtom(reader: Reader): string {
  if (reader.source[reader.at] === "(") return reverseGroup(reader)
  const escape = take(reader, /\\(?:x\{[0-9a-fA-F]*\}|x[0-9a-fA-F]{2}|[pP]\{[^}]*\}|[pP].|.)/suy)
  if (escape !== undefined) return escape === "\\A" ? "\\z" : escape === "\\z" ? "\\A" : escape
  const listed = take(reader, /\[\^?(?:\\.|\[:\^?[a-z]+:\]|[^\]\\])*\]/suy)
  if (listed !== undefined) return listed
  const character = take(reader, /./suy)
  if (character === undefined || character === "\\" || character === "[") throw malformed()
  return character === "^" ? "$" : character === "$" ? "^" : character
}

function reverseGroup(reader: Reader): string {
  if (take(reader, /\(\?<[=!]/y) !== undefined) throw unsupported("Cannot use regular expression: look-behind beside look-ahead is not supported")
  if (take(reader, /\(\?[imsU-]+\)/y) !== undefined) throw unsupported("Cannot use regular expression: inline options beside look-ahead are not supported")
  const open = take(reader, /\(\?(?:[=!:]|[imsU-]+:|P?<\w+>)|\((?!\?)/y)
  if (open === undefined) throw malformed()
  const inner = reverseAlternatives(reader)
  if (take(reader, /\)/y) === undefined) throw malformed()
  if (open === "(?=") return `(?<=${inner})`
  if (open === "(?!") return `(?<!${inner})`
  return open.endsWith(":") ? `${open}${inner})` : `(?:${inner})`
}

/** What a sticky expression finds at the reader's place, which moves behind it. */
function take(reader: Reader, expression: RegExp): string | undefined {
  expression.lastIndex = reader.at
  const found = expression.exec(reader.source)?.[0]
  if (found === undefined) return undefined
  reader.at += found.length
  return found
}

function malformed(): Error {
  return badRequest("Cannot use regular expression: the pattern is malformed", 51091)
}
