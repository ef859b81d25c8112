// `$dateFromString`, `$dateFromParts`, `$tsSecond` and `$tsIncrement`.
import { bsonTypeOf, isNumeric, Long, type Timestamp, type Value } from "../../../../kernel/index.ts"
import { StoreError } from "../../../data/index.ts"
import { isNullish } from "../evaluate.ts"
import { asSafeInteger, named, unaryOrNull, wrong, type NamedCall, type Operator } from "../operands.ts"
import { parseDate } from "./date-reading.ts"
import { instantOf, utcOf, zoneArgument } from "./time-zone.ts"

type FromStringArguments = { readonly [name in "dateString" | "format" | "timezone" | "onError" | "onNull"]: Value }

function dateFromString(values: FromStringArguments, call: NamedCall): Value {
  if (call.has("format") && !isNullish(values.format) && typeof values.format !== "string") throw wrong(call.name, "`format` is no string", 40684)
  const zone = zoneArgument(values.timezone, call.has("timezone"), call.name)
  if (isNullish(values.dateString)) return call.has("onNull") ? values.onNull : null
  if ((call.has("format") && isNullish(values.format)) || zone === null) return null
  try {
    if (typeof values.dateString !== "string") throw wrong(call.name, "`dateString` is no string", 241)
    return parseDate(values.dateString, call.has("format") ? (values.format as string) : undefined, call.has("timezone") ? zone : undefined, call.name)
  } catch (error) {
    if (call.has("onError") && error instanceof StoreError && error.serverCode === 241) return values.onError
    throw error
  }
}

const clock = ["hour", "minute", "second", "millisecond"] as const
const calendarFields = ["year", "month", "day"] as const
const isoFields = ["isoWeekYear", "isoWeek", "isoDayOfWeek"] as const
type PartName = (typeof clock)[number] | (typeof calendarFields)[number] | (typeof isoFields)[number]

function dateFromParts(values: { readonly [name in PartName | "timezone"]: Value }, call: NamedCall): Value {
  const isIso = call.has("isoWeekYear")
  if (isIso && calendarFields.some((field) => call.has(field))) throw wrong(call.name, "parts of the calendar and of ISO weeks are mixed", 40489)
  if (!isIso && isoFields.some((field) => call.has(field))) throw wrong(call.name, "parts of the calendar and of ISO weeks are mixed", 40525)
  if (!isIso && !call.has("year")) throw wrong(call.name, "it needs `year` or `isoWeekYear`", 40516)
  const zone = zoneArgument(values.timezone, call.has("timezone"), call.name)
  const parts = [...(isIso ? isoFields : calendarFields), ...clock].map((field, index) => datePart(values[field], call.has(field), index === 0 ? 1970 : index < 3 ? 1 : 0, field, call.name))
  if (zone === null || parts.includes(null)) return null
  const [year, second, third, hour, minute, seconds, millisecond] = parts as [number, number, number, number, number, number, number]
  if (year < 1 || year > 9999) throw wrong(call.name, "the year is not between 1 and 9999", isIso ? 31095 : 40523)
  const time = { hour, minute, second: seconds, millisecond }
  const local = isIso ? isoMonday(year) + ((second - 1) * 7 + third - 1) * 86_400_000 + utcOf({ year: 1970, month: 1, day: 1, ...time }) : utcOf({ year, month: second, day: third, ...time })
  const instant = new Date(instantOf(local, zone))
  if (Number.isNaN(instant.getTime())) throw wrong(call.name, "the date is out of range", 40515)
  return instant
}

function datePart(value: Value, isThere: boolean, otherwise: number, field: string, name: string): number | null {
  if (!isThere) return otherwise
  if (isNullish(value)) return null
  const number = isNumeric(value) ? asSafeInteger(value) : undefined
  if (number === undefined) throw wrong(name, `\`${field}\` is no integer`, 40515)
  if (Math.abs(number) > 32_767 && field !== "second" && field !== "millisecond" && field !== "minute" && field !== "hour") throw wrong(name, `\`${field}\` is out of range`, 31034)
  return number
}

/** The Monday of the first ISO week of a year, which is the week of January 4th. */
function isoMonday(year: number): number {
  const fourth = utcOf({ year, month: 1, day: 4, hour: 0, minute: 0, second: 0, millisecond: 0 })
  return fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * 86_400_000
}

function timestampPart(read: (value: Timestamp) => number): Operator {
  return unaryOrNull((value, { name }) => {
    if (bsonTypeOf(value) !== "Timestamp") throw wrong(name, "the argument is no timestamp", 5687301)
    return Long.fromNumber(read(value as Timestamp))
  })
}

export const dateFromOperators: Readonly<Record<string, Operator>> = {
  $dateFromString: named(["dateString"], ["format", "timezone", "onError", "onNull"], dateFromString, 40540),
  $dateFromParts:  named([], [...calendarFields, ...isoFields, ...clock, "timezone"], dateFromParts, 40519),
  $tsSecond:       timestampPart(({ t }) => t),
  $tsIncrement:    timestampPart(({ i }) => i),
}
