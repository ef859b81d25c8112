// Documents that tell two predicates apart: made of the fields and values the predicates name.
import { isDocument, setField, type Document, type Value } from "../../kernel/index.ts"

/** Documents over the fields and values found in some predicates and documents. The same for the same input. */
export function probesFor(sources: readonly Value[], count = 400): Document[] {
  const fields = new Set<string>()
  const values: Value[] = [null, 0, 2, -1, 100, "", "zzz", true, false, [], [null], {}, [[]]]
  const collect = (value: Value): void => {
    if (Array.isArray(value)) value.forEach(collect)
    if (isDocument(value)) {
      for (const [key, inner] of Object.entries(value)) {
        if (!key.startsWith("$")) fields.add(key)
        collect(inner)
      }
    }
    if (value !== "none") values.push(value, [value as Value], [value as Value, "other"])
  }
  sources.forEach(collect)
  const random = randomFrom(7)
  const pick = (): Value => values[Math.floor(random() * values.length)] as Value
  const probes: Document[] = [{}]
  for (const field of fields) for (const value of values) probes.push(documentWith([[field, value]]))
  for (let index = 0; index < count; index++) probes.push(documentWith([...fields].filter(() => random() < 0.85).map((field) => [field, pick()])))
  return probes
}

/** A document with values at dotted paths. */
function documentWith(entries: readonly (readonly [string, Value])[]): Document {
  const document: Document = {}
  for (const [path, value] of entries) {
    const segments = path.split(".")
    let target = document
    for (const segment of segments.slice(0, -1)) {
      if (!isDocument(target[segment])) setField(target, segment, {})
      target = target[segment] as Document
    }
    setField(target, segments.at(-1) as string, value)
  }
  return document
}

function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
