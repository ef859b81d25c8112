// Makes mutants of a source file: one place changed in each. Places inside comments, texts and type declarations are left alone.

/** One changed place. `text` is the whole file with it. */
export interface Mutant { readonly file: string; readonly line: number; readonly change: string; readonly text: string }

type Swap = readonly [pattern: RegExp, replace: (match: string) => string]

const swaps: readonly Swap[] = [
  [/&&(?!=)/g, () => "||"],
  [/\|\|(?!=)/g, () => "&&"],
  [/===/g, () => "!=="],
  [/!==/g, () => "==="],
  [/(?<=[\w)\]"] )(<|>|<=|>=)(?= [\w("'-])/g, (match) => (match.endsWith("=") ? match[0] as string : `${match}=`)],
  [/\breturn (true|false)\b/g, (match) => (match.endsWith("true") ? "return false" : "return true")],
  [/\.(every|some)\(/g, (match) => (match === ".every(" ? ".some(" : ".every(")],
  [/(?<=[(\s])!(?=[\w(])/g, () => ""],
]

/** Every mutant of a file. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const code = masked(source)
  const found: Mutant[] = []
  const add = (from: number, to: number, replacement: string): void => {
    const line = source.slice(0, from).split("\n").length
    const was = source.slice(from, to)
    found.push({ file, line, change: `${shortened(was)} → ${shortened(replacement)}`, text: source.slice(0, from) + replacement + source.slice(to) })
  }
  for (const [pattern, replace] of swaps) for (const match of code.matchAll(pattern)) add(match.index, match.index + match[0].length, replace(match[0]))
  for (const match of code.matchAll(/\bif \(/g)) {
    const open = match.index + match[0].length - 1
    const close = closing(code, open)
    if (close > 0) add(open, close + 1, "(false)")
  }
  return found.toSorted((left, right) => left.line - right.line)
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`
}

function closing(code: string, open: number): number {
  let depth = 0
  for (let at = open; at < code.length; at++) {
    if (code[at] === "(") depth += 1
    if (code[at] === ")" && (depth -= 1) === 0) return at
  }
  return -1
}

/** The text with everything that is no code blanked out, place for place. */
function masked(source: string): string {
  const blank = (text: string): string => text.replaceAll(/[^\n]/g, " ")
  return source
    .replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g, blank)
    .replaceAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, blank)
    .replaceAll(/(?<=[(,=:?&|] ?)\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\]|\\.)*\])+\/[a-z]*/g, blank)
    .replaceAll(/^(?:export )?(?:interface|type) [\s\S]*?(?=^\S(?!\n))/gm, blank)
    .replaceAll(/^import [\s\S]*?\n(?=\S)/gm, blank)
}
