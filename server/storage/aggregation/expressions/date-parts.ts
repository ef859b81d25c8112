// Parts of dates, `$dateToParts` and `$dateToString`.
import { isDocument, Long, type Document, type Value } from "../../../../kernel/index.ts"
import { compileExpression } from "../compile.ts"
import { folded, isNullish, type Evaluate, type Scope } from "../evaluate.ts"
import { named, namedFields, wrong, type NamedCall, type Operator } from "../operands.ts"
import { instantOfValue } from "./date-arguments.ts"
import { calendarOf, utc, utcOf, zoneArgument, type Calendar, type TimeZone } from "./time-zone.ts"

/** A date on the calendar of a zone, and what is counted from it. */
export interface DateParts extends Calendar {
  /** Sunday is 0. */
  readonly weekday: number
  readonly dayOfYear: number
}

/** The parts of an instant in a zone. */
export function partsOf(instant: number, zone: TimeZone): DateParts {
  const calendar = calendarOf(instant, zone)
  const { year, month, day } = calendar
  const midnight = { hour: 0, minute: 0, second: 0, millisecond: 0 }
  const local = utcOf({ year, month, day, ...midnight })
  return { ...calendar, weekday: new Date(local).getUTCDay(), dayOfYear: (local - utcOf({ year, month: 1, day: 1, ...midnight })) / 86_400_000 + 1 }
}

/** Week of the year, 0 to 53; weeks begin on Sunday. */
export function weekOf({ dayOfYear, weekday }: DateParts): number {
  return Math.floor((dayOfYear - 1 + 7 - weekday) / 7)
}

/** The ISO week of a date and the year it is counted in. */
export function isoWeekOf({ year, dayOfYear, weekday }: DateParts): { readonly week: number; readonly year: number } {
  const week = Math.floor((dayOfYear - (weekday || 7) + 10) / 7)
  if (week < 1) return { week: weeksOfYear(year - 1), year: year - 1 }
  return week > weeksOfYear(year) ? { week: 1, year: year + 1 } : { week, year }
}

function weeksOfYear(year: number): number {
  const midnight = { hour: 0, minute: 0, second: 0, millisecond: 0 }
  const first = new Date(utcOf({ year, month: 1, day: 1, ...midnight })).getUTCDay()
  const last = new Date(utcOf({ year, month: 12, day: 31, ...midnight })).getUTCDay()
  return first === 4 || last === 4 ? 53 : 52
}

/** `{ $year: date }`, `{ $year: [date] }` or `{ $year: { date, timezone } }`. */
function datePart(read: (parts: DateParts) => Value): Operator {
  return (operand, scope, name) => {
    const { date, zone } = dateAndZone(operand, scope, name)
    return folded((root) => {
      const value = date(root)
      const where = zone(root)
      if (isNullish(value) || where === null) return null
      return read(partsOf(instantOfValue(value, name), where))
    }, [date])
  }
}

function dateAndZone(operand: Value, scope: Scope, name: string): { date: Evaluate; zone: (root: Document) => TimeZone | null } {
  if (isDocument(operand) && Object.keys(operand).some((key) => !key.startsWith("$"))) {
    const fields = namedFields(operand, name, ["date"], ["timezone"], 40535)
    const date = compileExpression(fields["date"], scope)
    if (!Object.hasOwn(fields, "timezone")) return { date, zone: () => zoneArgument(undefined, false, name) }
    const zone = compileExpression(fields["timezone"], scope)
    // No longer a constant, even where it was one: the zone may not be.
    return { date: (root) => date(root), zone: (root) => zoneArgument(zone(root), true, name) }
  }
  if (Array.isArray(operand) && operand.length !== 1) throw wrong(name, "it takes one date", 40536)
  return { date: compileExpression(Array.isArray(operand) ? (operand[0] as Value) : operand, scope), zone: () => zoneArgument(undefined, false, name) }
}

type ToPartsArguments = { readonly [name in "date" | "timezone" | "iso8601"]: Value }

function dateToParts(values: ToPartsArguments, call: NamedCall): Value {
  const zone = zoneArgument(values.timezone, call.has("timezone"), call.name)
  const iso = call.has("iso8601") ? values.iso8601 : false
  if (isNullish(iso) || isNullish(values.date) || zone === null) return null
  if (typeof iso !== "boolean") throw wrong(call.name, "`iso8601` is no boolean", 40521)
  const parts = partsOf(instantOfValue(values.date, call.name), zone)
  const { year, month, day, hour, minute, second, millisecond } = parts
  if (!iso) return { year, month, day, hour, minute, second, millisecond }
  const week = isoWeekOf(parts)
  return { isoWeekYear: week.year, isoWeek: week.week, isoDayOfWeek: parts.weekday || 7, hour, minute, second, millisecond }
}

type ToStringArguments = { readonly [name in "date" | "format" | "timezone" | "onNull"]: Value }

function dateToString(values: ToStringArguments, call: NamedCall): Value {
  const zone = zoneArgument(values.timezone, call.has("timezone"), call.name)
  // SOURCE: manual, "$dateToString": without a format the `Z` stands for UTC only.
  const isLocal = zone !== utc
  const format = call.has("format") ? values.format : isLocal ? "%Y-%m-%dT%H:%M:%S.%L" : "%Y-%m-%dT%H:%M:%S.%LZ"
  if (!isNullish(format)) {
    if (typeof format !== "string") throw wrong(call.name, "`format` is no string", 18533)
    checkFormat(format, call.name)
  }
  if (isNullish(values.date)) return call.has("onNull") ? values.onNull : null
  if (isNullish(format) || zone === null) return null
  return formatted(format as string, instantOfValue(values.date, call.name), zone, call.name)
}

function checkFormat(format: string, name: string): void {
  for (const [, letter = ""] of format.matchAll(/%(.?)/gsu)) {
    if (letter === "") throw wrong(name, "the format ends with a lone `%`", 18535)
    if (letter !== "%" && !Object.hasOwn(specifiers, letter)) throw wrong(name, "the format has an unknown `%` sign", 18536)
  }
}

type Specifier = (parts: DateParts, offset: number) => string

const digits = (value: number, length: number): string => String(value).padStart(length, "0")
const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]

const specifiers: Readonly<Record<string, Specifier>> = {
  d: ({ day }) => digits(day, 2),
  m: ({ month }) => digits(month, 2),
  Y: ({ year }) => digits(year, 4),
  H: ({ hour }) => digits(hour, 2),
  M: ({ minute }) => digits(minute, 2),
  S: ({ second }) => digits(second, 2),
  L: ({ millisecond }) => digits(millisecond, 3),
  j: ({ dayOfYear }) => digits(dayOfYear, 3),
  w: ({ weekday }) => String(weekday + 1),
  u: ({ weekday }) => String(weekday || 7),
  U: (parts) => digits(weekOf(parts), 2),
  V: (parts) => digits(isoWeekOf(parts).week, 2),
  G: (parts) => digits(isoWeekOf(parts).year, 4),
  b: ({ month }) => (months[month - 1] as string).slice(0, 3),
  B: ({ month }) => months[month - 1] as string,
  z: (_parts, offset) => `${offset < 0 ? "-" : "+"}${digits(Math.trunc(Math.abs(offset) / 60), 2)}${digits(Math.abs(offset) % 60, 2)}`,
  Z: (_parts, offset) => String(offset),
}

function formatted(format: string, instant: number, zone: TimeZone, name: string): string {
  const parts = partsOf(instant, zone)
  if (parts.year < 0 || parts.year > 9999) throw wrong(name, "the year is not between 0 and 9999", 18537)
  const offset = Math.trunc(zone.offsetAt(instant) / 60_000)
  return format.replaceAll(/%(.)/gs, (_all, letter: string) => (letter === "%" ? "%" : (specifiers[letter] as Specifier)(parts, offset)))
}

export const datePartOperators: Readonly<Record<string, Operator>> = {
  $year:         datePart(({ year }) => year),
  $month:        datePart(({ month }) => month),
  $dayOfMonth:   datePart(({ day }) => day),
  $hour:         datePart(({ hour }) => hour),
  $minute:       datePart(({ minute }) => minute),
  $second:       datePart(({ second }) => second),
  $millisecond:  datePart(({ millisecond }) => millisecond),
  $dayOfYear:    datePart(({ dayOfYear }) => dayOfYear),
  $dayOfWeek:    datePart(({ weekday }) => weekday + 1),
  $week:         datePart(weekOf),
  $isoDayOfWeek: datePart(({ weekday }) => weekday || 7),
  $isoWeek:      datePart((parts) => isoWeekOf(parts).week),
  $isoWeekYear:  datePart((parts) => Long.fromNumber(isoWeekOf(parts).year)),
  $dateToParts:  named(["date"], ["timezone", "iso8601"], dateToParts, 40518),
  $dateToString: named(["date"], ["format", "timezone", "onNull"], dateToString, 18534),
}
