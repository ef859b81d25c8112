// What date operators take: dates, units, days of the week.
import { bsonTypeOf, type ObjectId, type Timestamp, type Value } from "../../../../kernel/index.ts"
import { isNullish } from "../evaluate.ts"
import { wrong } from "../operands.ts"

/** The instant of a date, timestamp or ObjectId. Throws `StoreError` 16006 for anything else. */
export function instantOfValue(value: Value, operator: string, code = 16006): number {
  if (value instanceof Date) return value.getTime()
  const name = bsonTypeOf(value)
  if (name === "Timestamp") return (value as Timestamp).t * 1000
  if (name === "ObjectId") return (value as ObjectId).getTimestamp().getTime()
  throw wrong(operator, "the argument is no date", code)
}

export type Unit = "year" | "quarter" | "month" | "week" | "day" | "hour" | "minute" | "second" | "millisecond"
const units: ReadonlySet<string> = new Set<Unit>(["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"])

/** A unit of time; null when it is null or missing. Throws `StoreError` for anything else, with `unknown` for a name that is no unit. */
export function unitArgument(value: Value, operator: string, unknown = 9): Unit | null {
  if (isNullish(value)) return null
  if (typeof value !== "string") throw wrong(operator, "`unit` is no string", 5439013)
  if (!units.has(value)) throw wrong(operator, "`unit` is no unit of time", unknown)
  return value as Unit
}

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]

/** The day a week begins with, Sunday being 0 and the one where nothing is said; null when it is null or missing. */
export function weekdayArgument(value: Value, isThere: boolean, operator: string): number | null {
  if (!isThere) return 0
  if (isNullish(value)) return null
  if (typeof value !== "string") throw wrong(operator, "`startOfWeek` is no string", 5439015)
  const text = value.toLowerCase()
  const found = weekdays.findIndex((day) => day === text || (text.length === 3 && day.startsWith(text)))
  if (found < 0) throw wrong(operator, "`startOfWeek` is no day of the week", 5439016)
  return found
}
