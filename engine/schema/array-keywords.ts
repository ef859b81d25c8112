// Keywords for lists.
import { compareValues, type Value } from "../../kernel/index.ts"
import { fieldBelow } from "./object-keywords.ts"
import { below, readCount, refuse } from "./place.ts"
import type { Check, Checking, ReadSchema, SchemaNode, SchemaPlace } from "./types.ts"

/** The keywords of lists, read. */
export interface ArrayKeywords {
  readonly items: SchemaNode | readonly SchemaNode[] | undefined
  readonly additionalItems: SchemaNode | undefined
  readonly checks: readonly Check[]
}

export const arrayKeywordNames = ["items", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains"]

/** Reads the keywords of lists. */
export function readArrayKeywords(raw: Record<string, unknown>, place: SchemaPlace, read: ReadSchema): ArrayKeywords {
  const has = (key: string): boolean => Object.hasOwn(raw, key)
  const items = has("items") ? readItems(raw["items"], below(place, "items"), read) : undefined
  const additionalItems = has("additionalItems") ? read(raw["additionalItems"], below(place, "additionalItems", true)) : undefined
  const checks: Check[] = []
  if (items !== undefined) checks.push(itemsCheck(items, additionalItems, raw["additionalItems"] === false))
  if (has("minItems")) checks.push(...countCheck(readCount(raw["minItems"], below(place, "minItems")), "array_min_items"))
  if (has("maxItems")) checks.push(...countCheck(readCount(raw["maxItems"], below(place, "maxItems")), "array_max_items"))
  if (has("uniqueItems")) checks.push(...uniqueCheck(raw["uniqueItems"], below(place, "uniqueItems")))
  if (has("contains")) checks.push(containsCheck(read(raw["contains"], below({ ...place, mayValidate: false }, "contains", true))))
  return { items, additionalItems, checks: checks.map(onLists) }
}

function onLists(check: Check): Check {
  return (value, field, checking) => {
    if (Array.isArray(value)) check(value, field, checking)
  }
}

function readItems(raw: unknown, place: SchemaPlace, read: ReadSchema): SchemaNode | readonly SchemaNode[] {
  return Array.isArray(raw) ? raw.map((item, index) => read(item, below(place, index, true))) : read(raw, { ...place, level: place.level + 1 })
}

/** The schema of the item at an index. */
export function itemNode(items: SchemaNode | readonly SchemaNode[] | undefined, additionalItems: SchemaNode | undefined, index: number): SchemaNode | undefined {
  return isList(items) ? (items[index] ?? additionalItems) : items
}

function isList(items: SchemaNode | readonly SchemaNode[] | undefined): items is readonly SchemaNode[] {
  return Array.isArray(items)
}

function itemsCheck(items: SchemaNode | readonly SchemaNode[], additionalItems: SchemaNode | undefined, isClosed: boolean): Check {
  return (value, field, checking) => {
    for (const [index, item] of (value as readonly Value[]).entries()) {
      if (isClosed && isList(items) && index >= items.length) checking.problems.push({ field: fieldBelow(field, index), kind: "array_no_additional_items", detail: "no further items are allowed" })
      else itemNode(items, additionalItems, index)?.check(item, fieldBelow(field, index), checking)
    }
  }
}

function countCheck(bound: number | undefined, kind: "array_min_items" | "array_max_items"): Check[] {
  if (bound === undefined) return []
  const isMinimum = kind === "array_min_items"
  return [(value, field, { problems }) => {
    const { length } = value as readonly Value[]
    if (isMinimum ? length < bound : length > bound) problems.push({ field, kind, detail: `must have at ${isMinimum ? "least" : "most"} ${bound} items` })
  }]
}

function uniqueCheck(raw: unknown, place: SchemaPlace): Check[] {
  if (typeof raw !== "boolean") refuse(place, "true or false is needed")
  if (raw !== true) return []
  return [(value, field, { problems }) => {
    const sorted = (value as Value[]).toSorted(compareValues)
    if (sorted.some((item, index) => index > 0 && compareValues(sorted[index - 1], item) === 0)) problems.push({ field, kind: "unique", detail: "items must differ" })
  }]
}

function containsCheck(node: SchemaNode): Check {
  return (value, field, checking) => {
    const holds = (value as readonly Value[]).some((item) => {
      const inner: Checking = { problems: [], generatedId: checking.generatedId }
      node.check(item, field, inner)
      return inner.problems.length === 0
    })
    if (!holds) checking.problems.push({ field, kind: "contains", detail: "no item is of the required form" })
  }
}
