// Change events through the projections of filters, which shape what a user gets (specification of rules, 12).
import { getField, isDocument, setField, splitPath, type Document, type Value } from "../../kernel/index.ts"
import { projectAll } from "./read.ts"
import type { ChangeEvent, Store } from "./store.ts"

/** An event as projections leave it; null where they leave nothing of what an update changed. */
export function projectedEvent(store: Store, event: ChangeEvent, projections: readonly Document[]): ChangeEvent | null {
  const { fullDocument, updateDescription } = event
  if (fullDocument === undefined || projections.length === 0) return event
  const shaped = { ...event, fullDocument: projectAll(store, fullDocument, projections, {}) }
  if (updateDescription === undefined) return shaped
  const description = projectedDescription(updateDescription, (path, value) => {
    const names = namesOf(fullDocument, splitPath(path))
    return leafOf(projectAll(store, nested(names, value) as Document, projections, {}), names)
  })
  return description === undefined ? null : { ...shaped, updateDescription: description }
}

/** What projections leave of a value at a path; undefined where that is nothing. */
type Leave = (path: string, value: Value) => Value

function projectedDescription(description: Document, leave: Leave): Document | undefined {
  const kept: Document = {}
  let had = 0
  let left = 0
  for (const part of Object.keys(description)) {
    const named = description[part]
    if (part === "updatedFields" && isDocument(named)) {
      const fields: Document = {}
      for (const path of Object.keys(named)) {
        const value = leave(path, named[path])
        if (value !== undefined) setField(fields, path, value)
      }
      had += Object.keys(named).length
      left += Object.keys(fields).length
      kept[part] = fields
    } else if (Array.isArray(named)) {
      const items = named as readonly Value[]
      const those = items.filter((item) => leave(String(isDocument(item) ? item["field"] : item), true) !== undefined)
      had += items.length
      left += those.length
      kept[part] = those
    }
    // Whatever else may come names paths too, and is not sent.
  }
  return had > 0 && left === 0 ? undefined : kept
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
