// `$dateAdd`, `$dateSubtract`, `$dateDiff` and `$dateTrunc`.
import { Long, type Value } from "../../../../kernel/index.ts"
import { exactInteger } from "../../language/index.ts"
import { isNullish } from "../evaluate.ts"
import { named, wrong, type NamedCall, type Operator } from "../operands.ts"
import { instantOfValue, unitArgument, weekdayArgument, type Unit } from "./date-arguments.ts"
import { calendarOf, instantOf, utcOf, zoneArgument, type TimeZone } from "./time-zone.ts"

/** Milliseconds of the units that have one length. */
export const lengths = { week: 604_800_000, day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1000, millisecond: 1 } as const
/** A unit that always has the same length. */
export type FixedUnit = keyof typeof lengths
const monthsIn = { year: 12, quarter: 3, month: 1 } as const

type AddArguments = { readonly [name in "startDate" | "unit" | "amount" | "timezone"]: Value }

/** Whether an argument that was given is null or missing: nothing else is looked at then. SOURCE: the server's tests date_trunc.js and date_diff.js. */
function anyNullish<Names extends string>(values: { readonly [name in Names]: Value }, names: readonly Names[], call: NamedCall): boolean {
  return names.some((name) => call.has(name) && isNullish(values[name]))
}

function dateAdder(sign: 1 | -1): Operator {
  return named(["startDate", "unit", "amount"], ["timezone"], (values: AddArguments, call: NamedCall) => {
    if (anyNullish(values, ["startDate", "unit", "amount", "timezone"], call)) return null
    const zone = zoneArgument(values.timezone, call.has("timezone"), call.name)
    const unit = unitArgument(values.unit, call.name)
    if (unit === null || zone === null) return null
    const start = instantOfValue(values.startDate, call.name, 5166403)
    const amount = exactInteger(values.amount)
    if (amount === undefined || BigInt.asIntN(64, amount) !== amount) throw wrong(call.name, "`amount` is no integer", 5166405)
    const moved = new Date(addUnits(start, unit, Number(amount) * sign, zone))
    if (Number.isNaN(moved.getTime())) throw wrong(call.name, "the date is out of range", 5166406)
    return moved
  }, 5166401)
}

/** Months, weeks and days are counted on the calendar of the zone, shorter units on the clock. */
export function addUnits(instant: number, unit: Unit, amount: number, zone: TimeZone): number {
  if (unit === "hour" || unit === "minute" || unit === "second" || unit === "millisecond") return instant + amount * lengths[unit]
  const local = instant + zone.offsetAt(instant)
  if (unit === "day" || unit === "week") return instantOf(local + amount * lengths[unit], zone)
  const { year, month, day } = calendarOf(instant, zone)
  const months = year * 12 + month - 1 + amount * monthsIn[unit]
  const [toYear, toMonth] = [Math.floor(months / 12), (((months % 12) + 12) % 12) + 1]
  const midnight = { hour: 0, minute: 0, second: 0, millisecond: 0 }
  const lastDay = new Date(utcOf({ year: toYear, month: toMonth + 1, day: 0, ...midnight })).getUTCDate()
  const timeOfDay = ((local % lengths.day) + lengths.day) % lengths.day
  return instantOf(utcOf({ year: toYear, month: toMonth, day: Math.min(day, lastDay), ...midnight }) + timeOfDay, zone)
}

type DiffArguments = { readonly [name in "startDate" | "endDate" | "unit" | "timezone" | "startOfWeek"]: Value }

function dateDiff(values: DiffArguments, call: NamedCall): Value {
  if (anyNullish(values, ["startDate", "endDate", "unit", "timezone"], call) || (values.unit === "week" && anyNullish(values, ["startOfWeek"], call))) return null
  const zone = zoneArgument(values.timezone, call.has("timezone"), call.name)
  const unit = unitArgument(values.unit, call.name, 5439014)
  const weekday = unit === "week" ? weekdayArgument(values.startOfWeek, call.has("startOfWeek"), call.name) : 0
  if (unit === null || zone === null || weekday === null) return null
  const start = instantOfValue(values.startDate, call.name, 5166307)
  const end = instantOfValue(values.endDate, call.name, 5166307)
  return Long.fromNumber(unitNumber(end, unit, zone, weekday) - unitNumber(start, unit, zone, weekday))
}

/** The number of the unit an instant is in, counted from some fixed one: what lies between two is their difference. */
function unitNumber(instant: number, unit: Unit, zone: TimeZone, weekday: number): number {
  const local = instant + zone.offsetAt(instant)
  switch (unit) {
    case "year": case "quarter": case "month": {
      const { year, month } = calendarOf(instant, zone)
      return Math.floor((year * 12 + month - 1) / monthsIn[unit])
    }
    // 1970-01-01 was a Thursday.
    case "week": return Math.floor((Math.floor(local / lengths.day) + 4 - weekday) / 7)
    case "day": return Math.floor(local / lengths.day)
    // SOURCE: hours are counted on the clock of the zone, minutes and below are the same everywhere.
    case "hour": return Math.floor(local / lengths.hour)
    default: return Math.floor(instant / lengths[unit])
  }
}

type TruncArguments = { readonly [name in "date" | "unit" | "binSize" | "timezone" | "startOfWeek"]: Value }

function dateTrunc(values: TruncArguments, call: NamedCall): Value {
  if (anyNullish(values, ["date", "unit", "binSize", "timezone"], call) || (values.unit === "week" && anyNullish(values, ["startOfWeek"], call))) return null
  const zone = zoneArgument(values.timezone, call.has("timezone"), call.name)
  const unit = unitArgument(values.unit, call.name, 5439014)
  const weekday = unit === "week" ? weekdayArgument(values.startOfWeek, call.has("startOfWeek"), call.name) : 0
  const size = call.has("binSize") ? values.binSize : 1
  if (unit === null || zone === null || weekday === null) return null
  const instant = instantOfValue(values.date, call.name, 5439012)
  const bin = binSize(size, call.name)
  return new Date(truncateDate(instant, unit, bin, zone, weekday))
}

function binSize(value: Value, name: string): number {
  const exact = exactInteger(value)
  if (exact === undefined) throw wrong(name, "`binSize` is no integer", 5439017)
  if (exact <= 0n) throw wrong(name, "`binSize` is not positive", 5439018)
  return Number(exact)
}

const reference = { month: 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 }

/** The beginning of the bin an instant is in; bins are counted from the year 2000 in the zone. */
function truncateDate(instant: number, unit: Unit, bin: number, zone: TimeZone, weekday: number): number {
  if (unit === "year" || unit === "quarter" || unit === "month") {
    const { year, month } = calendarOf(instant, zone)
    const size = bin * monthsIn[unit]
    const months = 24_000 + Math.floor((year * 12 + month - 1 - 24_000) / size) * size
    return instantOf(utcOf({ ...reference, year: Math.floor(months / 12), month: (((months % 12) + 12) % 12) + 1 }), zone)
  }
  const begin = utcOf({ ...reference, year: 2000 })
  if (unit === "day" || unit === "week") {
    // The first such day of the week in 2000, which began on a Saturday.
    const from = unit === "week" ? begin + ((weekday - 6 + 7) % 7) * lengths.day : begin
    const size = bin * lengths[unit]
    return instantOf(from + Math.floor((instant + zone.offsetAt(instant) - from) / size) * size, zone)
  }
  const from = instantOf(begin, zone)
  const size = bin * lengths[unit]
  return from + Math.floor((instant - from) / size) * size
}

export const dateArithmeticOperators: Readonly<Record<string, Operator>> = {
  $dateAdd:      dateAdder(1),
  $dateSubtract: dateAdder(-1),
  $dateDiff:     named(["startDate", "endDate", "unit"], ["timezone", "startOfWeek"], dateDiff, 5166303),
  $dateTrunc:    named(["date", "unit"], ["binSize", "timezone", "startOfWeek"], dateTrunc, 5439009),
}

