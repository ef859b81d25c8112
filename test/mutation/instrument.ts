// All mutants of a file in one text, each behind a question: which of them is on is decided while it runs. Loading the program once
// then serves every mutant, which is what makes a run over thousands of them a matter of minutes.
import type { MutatedFile, Site, SiteKind } from "./mutants.ts"

/** The global function that is asked, with the number of a mutant, whether it is on. */
export const switchName = "__isMutant"

const order: readonly SiteKind[] = ["statement", "jump", "property", "element", "expression"]

interface Choice { readonly number: number; readonly replacement: string }
interface Place extends Site { readonly choices: Choice[]; readonly inside: Place[] }

/** The text of a file with its mutants in it, numbered from `first`. */
export function instrumented({ code, mutants }: MutatedFile, first: number): string {
  const places = new Map<string, Place>()
  mutants.forEach(({ site, replacement }, index) => {
    const key = `${site.from} ${site.to} ${site.kind}`
    const place = places.get(key) ?? { ...site, choices: [], inside: [] }
    place.choices.push({ number: first + index, replacement })
    places.set(key, place)
  })
  // Outer places first; of those with the same ends, in the order of kinds.
  const sorted = [...places.values()].toSorted((left, right) => left.from - right.from || right.to - left.to || order.indexOf(left.kind) - order.indexOf(right.kind))
  const outermost: Place[] = []
  const open: Place[] = []
  for (const place of sorted) {
    while (open.length > 0 && (open.at(-1) as Place).to < place.to) open.pop()
    while (open.length > 0 && (open.at(-1) as Place).to <= place.from) open.pop()
    ;(open.at(-1)?.inside ?? outermost).push(place)
    open.push(place)
  }
  return textBetween(0, code.length, outermost)

  function textBetween(from: number, to: number, inside: readonly Place[]): string {
    let text = ""
    let at = from
    for (const place of inside) {
      text += code.slice(at, place.from) + textOf(place)
      at = place.to
    }
    return text + code.slice(at, to)
  }

  function textOf({ kind, from, to, choices, inside }: Place): string {
    const text = textBetween(from, to, inside)
    const isOn = choices.map(({ number }) => `${switchName}(${number})`).join(" || ")
    switch (kind) {
      case "statement": case "jump": return `{ if (!(${isOn})) { ${text} } }`
      case "element": return `...(${isOn} ? [] : [${text}])`
      case "property": return `...(${isOn} ? {} : { ${text} })`
      case "expression": return `(${choices.map(({ number, replacement }) => `${switchName}(${number}) ? (${replacement}) : `).join("")}(${text}))`
    }
  }
}
