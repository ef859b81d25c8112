// The windows of `$setWindowFields`: which documents of a sorted partition each document looks at.
import { compareValues, isNumeric, splitPath, type Document, type Value } from "../../../../kernel/index.ts"
import { exactInteger } from "../../language/index.ts"
import type { Scope } from "../evaluate.ts"
import { unitArgument, type Unit } from "../expressions/date-arguments.ts"
import { addUnits, type FixedUnit } from "../expressions/date-arithmetic.ts"
import { utc } from "../expressions/time-zone.ts"
import type { Budget } from "../memory.ts"
import { add, toNumber } from "../numbers.ts"
import { namedFields } from "../operands.ts"
import { wrongStage } from "../stage.ts"
import { plainValue } from "./simple.ts"

/** One partition, sorted. */
export interface Partition { readonly documents: readonly Document[]; readonly sameKey: (left: number, right: number) => boolean }

/** The value of a field for the document at a place of a partition. */
export type WindowField = (partition: Partition, budget: Budget) => (at: number) => Value

/** What the fields of one stage are compiled in; `name` is the stage's. */
export interface Sorting { readonly sortBy: Document | undefined; readonly scope: Scope; readonly name: string }

/** The first and the last place a window takes in; it is empty where the last is before the first. */
export type Extent = readonly [first: number, last: number]

/** A window that was read. `isWhole`: each document's is the whole partition. `grows`: it begins with the partition and goes forward. */
export interface Window { readonly extents: (partition: Partition) => (at: number) => Extent; readonly isWhole: boolean; readonly grows: boolean }

type Bound = "unbounded" | "current" | number

/** The value documents are sorted by, where they are sorted by one field. */
export function sortValue(sortBy: Document | undefined): ((document: Document) => Value) | undefined {
  const [field, ...others] = Object.keys(sortBy ?? {})
  if (field === undefined || others.length > 0) return undefined
  const path = splitPath(field)
  return (document) => plainValue(document, path)
}

/** Reads `window`, which is all of the partition where it is absent. Throws `StoreError` for what MongoDB refuses. */
export function readWindow(window: Value, { sortBy, name }: Sorting): Window {
  const options = window === undefined ? {} : namedFields(window, name, [], ["documents", "range", "unit"], 9)
  const isRange = Object.hasOwn(options, "range")
  if (isRange && Object.hasOwn(options, "documents")) throw wrongStage(name, "a window has documents and a range", 9)
  if (!isRange && Object.hasOwn(options, "unit")) throw wrongStage(name, "a window has a `unit` and no range", 9)
  if (isRange) return rangeWindow(options, sortBy, name)
  const [from, to] = Object.hasOwn(options, "documents") ? readBounds(options["documents"], name, true) : (["unbounded", "unbounded"] as const)
  if (sortBy === undefined && (from !== "unbounded" || to !== "unbounded")) throw wrongStage(name, "a window of documents needs `sortBy`", 5339901)
  return {
    isWhole: from === "unbounded" && to === "unbounded", grows: from === "unbounded",
    extents: ({ documents }) => (at) => [
      from === "unbounded" ? 0 : Math.max(0, at + offset(from)), to === "unbounded" ? documents.length - 1 : Math.min(documents.length - 1, at + offset(to)),
    ],
  }
}

function offset(bound: "current" | number): number {
  return bound === "current" ? 0 : bound
}

function readBound(value: Value, name: string, isWhole: boolean): Bound {
  if (value === "unbounded" || value === "current") return value
  if (!isNumeric(value) || Number.isNaN(toNumber(value)) || (isWhole && exactInteger(value) === undefined)) throw wrongStage(name, "a bound of a window is no usable number, `current` nor `unbounded`", 9)
  return toNumber(value)
}

function readBounds(list: Value, name: string, isWhole: boolean): [Bound, Bound] {
  if (!Array.isArray(list) || list.length !== 2) throw wrongStage(name, "a window has not exactly two bounds", 5339902)
  const [from, to] = [readBound(list[0] as Value, name, isWhole), readBound(list[1] as Value, name, isWhole)]
  const place = (bound: Bound, unbounded: number): number => (bound === "unbounded" ? unbounded : offset(bound))
  if (place(from, Number.NEGATIVE_INFINITY) > place(to, Number.POSITIVE_INFINITY)) throw wrongStage(name, "the bounds of a window are the wrong way round", 5339900)
  return [from, to]
}

function rangeWindow(options: Document, sortBy: Document | undefined, name: string): Window {
  const unit = Object.hasOwn(options, "unit") ? unitArgument(options["unit"], name) : undefined
  if (unit === null) throw wrongStage(name, "`unit` is no string", 9)
  const [from, to] = readBounds(options["range"], name, unit !== undefined)
  const valueOf = sortValue(sortBy)
  if (valueOf === undefined || Object.values(sortBy as Document).some((direction) => toNumber(direction) < 0)) throw wrongStage(name, "a range needs `sortBy` of one ascending field", 5339902)
  const moved = unit === undefined ? add : dateMover(unit)
  return { isWhole: false, grows: from === "unbounded", extents: ({ documents }) => {
    const values = documents.map(valueOf)
    if (unit === undefined && !values.every(isNumeric)) throw wrongStage(name, "a range is over values that are no numbers", 5429414)
    if (unit !== undefined && !values.every((value) => value instanceof Date)) throw wrongStage(name, "a range with `unit` is over values that are no dates", 5429513)
    // SOURCE: the server's tests time.js; `current` is the document itself, 0 is all that tie with it.
    const first = (at: number, bound: number): number => {
      const least = moved(values[at], bound)
      return countWhile(values, (value) => compareValues(value, least) < 0)
    }
    const last = (at: number, bound: number): number => {
      const greatest = moved(values[at], bound)
      return countWhile(values, (value) => compareValues(value, greatest) <= 0) - 1
    }
    return (at) => [
      from === "unbounded" ? 0 : from === "current" ? at : first(at, from),
      to === "unbounded" ? values.length - 1 : to === "current" ? at : last(at, to),
    ]
  } }
}

function dateMover(unit: Unit): (value: Value, by: number) => Value {
  return (value, by) => new Date(addUnits((value as Date).getTime(), unit, by, utc))
}

/** How many values at the beginning pass; all that pass are there. */
function countWhile(values: readonly Value[], passes: (value: Value) => boolean): number {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (passes(values[middle])) low = middle + 1
    else high = middle
  }
  return low
}

/** Refuses a window where a function takes none. */
export function forbidWindow(window: Value, name: string, code = 9): void {
  if (window !== undefined) throw wrongStage(name, "a window stands beside a function that takes none", code)
}

/** `unit` of a slope or an area, which must be of one length. Throws `StoreError` 5490710. */
export function fixedUnit(fields: Document, name: string): FixedUnit | undefined {
  if (!Object.hasOwn(fields, "unit")) return undefined
  const unit = unitArgument(fields["unit"], name)
  if (unit === null || unit === "year" || unit === "quarter" || unit === "month") throw wrongStage(name, "`unit` is no unit of one length", 5490710)
  return unit
}
