// Regular expressions of MongoDB (PCRE) in the spelling of the linear-time engine (RE2).

/** How a pattern is read: free spacing is option `x`, multiline option `m`. */
export interface RegexReading { readonly isFreeSpacing: boolean; readonly isMultiline: boolean }

/** A piece of a pattern, rewritten, and where the next piece begins. */
interface Piece { readonly source: string; readonly next: number }

/** Rewrites what the engine spells differently: free spacing, `$` before a last line break, `]` first in a class, `\Q…\E`, and some escapes. */
export function translateRegex(pattern: string, { isFreeSpacing, isMultiline }: RegexReading): string {
  const end = isMultiline || /\(\?[a-z]*m/.test(pattern) ? "$" : "(?:\\n?\\z)"
  let source = ""
  let at = 0
  while (at < pattern.length) {
    const piece = readPiece(pattern, at, isFreeSpacing, end)
    source += piece.source
    at = piece.next
  }
  return source
}

function readPiece(pattern: string, at: number, isFreeSpacing: boolean, end: string): Piece {
  const character = pattern[at] as string
  if (character === "\\") return pattern[at + 1] === "Q" ? readLiteral(pattern, at + 2) : readEscape(pattern, at, escapes)
  if (character === "[") return readClass(pattern, at)
  if (character === "$") return { source: end, next: at + 1 }
  if (isFreeSpacing && /\s/.test(character)) return { source: "", next: at + 1 }
  if (isFreeSpacing && character === "#") return { source: "", next: placeOf("\n", pattern, at) }
  return { source: character, next: at + 1 }
}

const escapes: Record<string, string> = { Z: "(?:\\n?\\z)", h: "[ \\t]", e: "\\x1b", s: "[\\s\\x0b]", S: "[^\\s\\x0b]" }
const classEscapes: Record<string, string> = { h: " \\t", e: "\\x1b", s: "\\s\\x0b", b: "\\x08" }

function readEscape(pattern: string, at: number, known: Record<string, string>): Piece {
  const letter = pattern[at + 1] ?? ""
  return { source: Object.hasOwn(known, letter) ? (known[letter] as string) : `\\${letter}`, next: at + 2 }
}

function readLiteral(pattern: string, from: number): Piece {
  const end = placeOf("\\E", pattern, from)
  return { source: pattern.slice(from, end).replaceAll(/[\\^$.|?*+()[\]{}]/g, "\\$&"), next: end + 2 }
}

/** Where a text stands, or the end of the pattern. */
function placeOf(text: string, pattern: string, from: number): number {
  const at = pattern.indexOf(text, from)
  return at === -1 ? pattern.length : at
}

function readClass(pattern: string, from: number): Piece {
  let source = "["
  let at = from + 1
  if (pattern[at] === "^") {
    source += "^"
    at += 1
  }
  if (pattern[at] === "]") {
    source += "\\]"
    at += 1
  }
  while (at < pattern.length) {
    const character = pattern[at] as string
    if (character === "]") return { source: `${source}]`, next: at + 1 }
    const piece = character === "\\" ? readEscape(pattern, at, classEscapes) : character === "[" ? readNamedClass(pattern, at) : { source: character, next: at + 1 }
    source += piece.source
    at = piece.next
  }
  return { source, next: at }
}

/** A class such as `[:alpha:]`, or a plain `[`. */
function readNamedClass(pattern: string, at: number): Piece {
  const named = /\[:\^?[a-z]+:\]/y
  named.lastIndex = at
  const name = named.exec(pattern)?.[0]
  return name === undefined ? { source: "\\[", next: at + 1 } : { source: name, next: at + name.length }
}
