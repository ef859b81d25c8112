// Why nested fields are hidden or not writable: the entries below an entry, asked of every value that they speak of.
import { childPointer, getField, isDocument, type Document, type JsonPointer, type Value } from "../../kernel/index.ts"
import type { DocumentScope } from "../expressions/index.ts"
import type { BoundEntry, BoundRole, BoundRules } from "./bound.ts"
import { admitsDifference, admitsWhole, ownDifference, type Images, type OwnDifference } from "./difference.ts"
import { explained, withheld, type ExplainedPermission } from "./explain-permission.ts"
import { identical } from "./identical.ts"
import { shownOf, type ReadDecision } from "./read.ts"
import type { FieldRule } from "./types.ts"

export interface ExplainedField {
  /** A dotted path; in it the index of a list's item, or `$[]` where all items are alike. */
  readonly field: string
  /** Which entry speaks of the field. */
  readonly entry: "fields" | "additional_fields" | "none"
  /** Of a read. */
  readonly shown: "whole" | "part" | "hidden"
  readonly permissions: readonly ExplainedPermission[]
}

/** What is asked of the fields: to show them, to be written whole (an insert, a deletion), or to admit a difference. */
export interface FieldQuestion {
  readonly kind: "read" | "whole" | "change"
  readonly scope: DocumentScope & { readonly root: Document }
  readonly read: ReadDecision | undefined
  /** Fields that need no permission. */
  readonly exempt: ReadonlySet<string>
}

export interface Walk {
  readonly rules: BoundRules
  readonly role: BoundRole
  readonly question: FieldQuestion
  readonly only: "all" | "not admitted"
  /** Fields that may still be looked at; below zero when there were more. */
  left: number
}

/** A value before and after, and the entry that speaks of it: of a list's item that of the list. */
export interface Place extends Images {
  readonly rule: FieldRule | undefined
  readonly bound: BoundEntry | undefined
  /** Where the entry stands. */
  readonly pointer: JsonPointer
  /** The `write` further up that decides for those below it. */
  readonly writeAbove: JsonPointer | undefined
  readonly isReadAbove: boolean
}

/** A field of two documents. */
export function valuesAt({ question: { scope } }: Walk, before: Document, after: Document, field: string): Images {
  return { root: scope.root, prevRoot: scope.prevRoot ?? {}, was: Object.hasOwn(before, field), is: Object.hasOwn(after, field), prev: getField(before, field), this: getField(after, field) }
}

/** The permissions of an entry as they count at a place, and why its value is no matter of the entries below. */
export function permissionsAt(walk: Walk, place: Place): ExplainedPermission[] {
  const { rules, question: { scope } } = walk
  const { rule, writeAbove, isReadAbove } = place
  const inField: DocumentScope = { ...scope, this: place.this, prev: place.prev }
  const permissions: ExplainedPermission[] = []
  if (rule?.read !== undefined && !isReadAbove) permissions.push(explained(rules, "read", rule.read, inField))
  if (rule?.write !== undefined) permissions.push(writeAbove === undefined ? explained(rules, "write", rule.write, inField) : withheld("write", writeAbove, "above", "`write` of a field above decides for those below it, and is not true"))
  return leavesToEntries(walk, place) ? [...permissions, ...ownRefusal(walk, place)] : permissions
}

/** Nested fields of a value, by paths that begin in it. */
export function below(walk: Walk, place: Place): ExplainedField[] {
  if (!leavesToEntries(walk, place) || ownRefusal(walk, place).length > 0) return []
  const { rule, pointer, writeAbove, isReadAbove } = place
  return inValue(walk, { ...place, writeAbove: rule?.write === undefined ? writeAbove : childPointer(pointer, "write"), isReadAbove: isReadAbove || rule?.read !== undefined })
}

/** Fields by paths that begin one step further up. */
export function within(step: string, fields: readonly ExplainedField[]): ExplainedField[] {
  return fields.map((each) => ({ ...each, field: each.field === "" ? step : `${step}.${each.field}` }))
}

/** Whether an entry decides nothing itself: for a write it has no `write`, for a read no `read`, nor a `write` that shows all. */
function leavesToEntries(walk: Walk, place: Place): boolean {
  const { rule } = place
  if (rule?.fields === undefined) return false
  return walk.question.kind === "read" ? rule.read === undefined && shownAt(walk, place) !== "whole" : rule.write === undefined
}

function inValue(walk: Walk, place: Place): ExplainedField[] {
  if (Array.isArray(place.this)) return inItems(walk, place, place.this as readonly Value[])
  const [before, after] = [documentOf(place.prev), documentOf(place.this)]
  const fields: ExplainedField[] = []
  for (const field of Object.keys({ ...before, ...after })) {
    const inner: Place = {
      ...place, ...valuesAt(walk, before, after, field),
      rule: place.rule?.fields?.get(field), bound: place.bound?.fields?.get(field), pointer: childPointer(childPointer(place.pointer, "fields"), field),
    }
    if (walk.only === "not admitted" && isAdmitted(walk, inner)) continue
    if (--walk.left < 0) break
    const shown = walk.question.kind === "read" ? shownAt(walk, inner) : "hidden"
    fields.push({ field, entry: inner.rule === undefined ? "none" : "fields", shown, permissions: permissionsAt(walk, inner) }, ...within(field, below(walk, inner)))
  }
  return fields
}

function documentOf(value: Value): Document {
  return isDocument(value) ? value : {}
}

/** Item by item, or once where all are alike. Of a list that changes only the items that do. */
function inItems(walk: Walk, place: Place, items: readonly Value[]): ExplainedField[] {
  // INVARIANT: a list that comes, goes or takes the place of another value is not looked into.
  const before = place.prev as readonly Value[]
  const isChange = !identical(place.prev, place.this)
  const found: (readonly [string, readonly ExplainedField[]])[] = []
  for (const [index, item] of items.entries()) {
    if (walk.left < 0) break
    if (!isChange || !identical(before[index], item)) found.push([String(index), inItem(walk, { ...place, was: true, is: true, prev: before[index], this: item })])
  }
  const [[, first] = ["", []], ...others] = found
  const areAlike = items.length > 1 && found.length === items.length && others.every(([, fields]) => identical(fields as unknown as Value, first as unknown as Value))
  return areAlike ? within("$[]", first) : found.flatMap(([index, fields]) => within(index, fields))
}

function inItem(walk: Walk, place: Place): ExplainedField[] {
  const permissions = ownRefusal(walk, place)
  if (permissions.length === 0) return inValue(walk, place)
  return --walk.left < 0 ? [] : [{ field: "", entry: "fields", shown: "hidden", permissions }]
}

function shownAt({ question: { scope } }: Walk, { bound, this: value, writeAbove }: Place): ExplainedField["shown"] {
  return bound === undefined ? "hidden" : shownOf(bound, value, scope.root, writeAbove === undefined)
}

/** Whether a field is shown whole, or may be written as it is asked. */
export function isAdmitted(walk: Walk, place: Place): boolean {
  const { bound, was, is, prev, this: value } = place
  const { kind, scope } = walk.question
  if (kind === "read") return shownAt(walk, place) === "whole"
  if (kind === "change" && was && is && identical(prev, value)) return true
  return bound !== undefined && (kind === "whole" ? admitsWhole(bound, value, scope) : admitsDifference(bound, place))
}

/** Why a value that its entry leaves to the entries below it is none that they could admit; empty where it is one. */
function ownRefusal({ question: { kind } }: Walk, place: Place): ExplainedPermission[] {
  const reason = kind === "read" ? nothingToShow(place.this) : ownChange(kind, place)
  return reason === undefined ? [] : [withheld(kind === "read" ? "read" : "write", place.pointer, "value", reason)]
}

function nothingToShow(value: Value): string | undefined {
  if (!Array.isArray(value) && !isDocument(value)) return "the entry speaks only of fields below it, and the value is no document"
  return Object.keys(value).length === 0 ? "the entry speaks only of fields below it, and there are none" : undefined
}

const changes: Readonly<Record<OwnDifference, string>> = { kind: "the value itself changes", whole: "the value is written whole", order: "the order of its fields changes", length: "the length of the list changes" }

function ownChange(kind: "whole" | "change", place: Place): string | undefined {
  const { was, is, prev, this: value } = place
  const isWhole = !isDocument(value) || Object.keys(value).length === 0
  const change = kind === "whole" ? (isWhole ? "whole" : undefined) : was && is && identical(prev, value) ? undefined : ownDifference(place)
  return change === undefined ? undefined : `${changes[change]}, which needs a \`write\` in the entry itself`
}
