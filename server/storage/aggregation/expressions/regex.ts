// `$regexMatch`, `$regexFind`, `$regexFindAll`, on the engine whose time is linear.
import { bsonTypeOf, type BSONRegExp, type Document, type Value } from "../../../../kernel/index.ts"
import { compileRegexSearch, type RegexSearch } from "../../language/index.ts"
import { isNullish, mostElements } from "../evaluate.ts"
import { named, wrong, type NamedCall, type Operator } from "../operands.ts"
import { codePoints, textOf } from "./text.ts"

type RegexArguments = { readonly [name in "input" | "regex" | "options"]: Value }

interface Wanted { readonly text: string; readonly search: RegexSearch }

const compiled = new Map<string, RegexSearch>()

function searchOf(pattern: string, options: string): RegexSearch {
  const key = `${options}/${pattern}`
  const known = compiled.get(key)
  if (known !== undefined) return known
  const search = compileRegexSearch(pattern, options)
  if (compiled.size >= 200) compiled.clear()
  compiled.set(key, search)
  return search
}

function readArguments({ input, regex, options }: RegexArguments, call: NamedCall): Wanted | null {
  const { name, meter } = call
  const text = textOf(input)
  if (text === undefined && !isNullish(input)) throw wrong(name, "`input` is no string", 51104)
  const isRegex = bsonTypeOf(regex) === "BSONRegExp"
  const pattern = isRegex ? (regex as BSONRegExp).pattern : textOf(regex)
  if (pattern === undefined && !isNullish(regex)) throw wrong(name, "`regex` is neither string nor regular expression", 51105)
  const given = textOf(options)
  if (given === undefined && !isNullish(options)) throw wrong(name, "`options` is no string", 51106)
  const own = isRegex ? (regex as BSONRegExp).options : ""
  if (own !== "" && given !== undefined) throw wrong(name, "options stand in `regex` and in `options`", 51107)
  if (pattern === undefined) return null
  const search = searchOf(pattern, given ?? own)
  if (text === undefined) return null
  meter.spend(8 + text.length * 4)
  return { text, search }
}

/** Counts code points from match to match: their places ascend. */
class Places {
  readonly #text: string
  #unit = 0
  #points = 0

  constructor(text: string) {
    this.#text = text
  }

  at(unit: number): number {
    this.#points += codePoints(this.#text.slice(this.#unit, unit))
    this.#unit = unit
    return this.#points
  }
}

function found(match: { readonly text: string; readonly start: number; readonly captures: readonly (string | null)[] }, places: Places): Document {
  return { match: match.text, idx: places.at(match.start), captures: [...match.captures] }
}

function operator(compute: (wanted: Wanted, call: NamedCall) => Value, otherwise: Value): Operator {
  return named(["input", "regex"], ["options"], (values: RegexArguments, call) => {
    const wanted = readArguments(values, call)
    return wanted === null ? otherwise : compute(wanted, call)
  }, 51103)
}

export const regexOperators: Readonly<Record<string, Operator>> = {
  $regexMatch: operator(({ text, search }) => search.test(text), false),
  $regexFind:  operator(({ text, search }) => {
    for (const match of search.matches(text)) return found(match, new Places(text))
    return null
  }, null),
  $regexFindAll: operator(({ text, search }, { name, meter }) => {
    const list: Value[] = []
    const places = new Places(text)
    for (const match of search.matches(text)) {
      if (list.length >= mostElements) throw wrong(name, "the list is too long", 51151)
      // Each search may look ahead to the end of the text before it settles on a short match.
      meter.spend(8 + ((text.length - match.start) >> 3))
      list.push(found(match, places))
      // SOURCE: MongoDB's loop ends when a search would begin at the end of the text; an empty match moves it on by one character.
      const next = match.text === "" ? match.start + 1 : match.start + match.text.length
      if (next >= text.length) break
    }
    return list
  }, []),
}
