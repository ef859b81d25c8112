// Change events through the projections of filters, which shape what a user gets (specification of rules, 12).
import { getField, isDocument, reduceDescription, setField, splitPath, type Document, type Value } from "../../kernel/index.ts"
import { projectAll } from "./read.ts"
import type { ChangeEvent, Store } from "./store.ts"

/** An event as projections leave it; null where they leave nothing of what an update changed. */
export function projectedEvent(store: Store, event: ChangeEvent, projections: readonly Document[]): ChangeEvent | null {
  const { fullDocument, updateDescription } = event
  if (fullDocument === undefined || projections.length === 0) return event
  const shaped = { ...event, fullDocument: projectAll(store, fullDocument, projections, {}) }
  if (updateDescription === undefined) return shaped
  const { description, isEmptied } = reduceDescription(updateDescription, (path, value) => {
    const names = namesOf(fullDocument, splitPath(path))
    const left = leafOf(projectAll(store, nested(names, value) as Document, projections, {}), names)
    return left === undefined ? undefined : { value: left }
  })
  return isEmptied ? null : { ...shaped, updateDescription: description }
}

/** The names of a path, without the numbers of elements: projections look into each item of a list. */
function namesOf(document: Value, [segment, ...rest]: readonly string[]): readonly string[] {
  if (segment === undefined) return []
  if (Array.isArray(document)) return namesOf((document as readonly Value[])[Number(segment)], rest)
  return [segment, ...namesOf(isDocument(document) ? getField(document, segment) : undefined, rest)]
}

function nested([name, ...rest]: readonly string[], value: Value): Value {
  if (name === undefined) return value
  const document: Document = {}
  setField(document, name, nested(rest, value))
  return document
}

function leafOf(value: Value, names: readonly string[]): Value {
  return names.reduce<Value>((below, name) => (isDocument(below) ? getField(below, name) : undefined), value)
}
