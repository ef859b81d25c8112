// Dates out of text: ISO 8601 and its relatives without a format, or by one.
import { wrong } from "../operands.ts"
import { instantOf, timeZone, utc, utcOf, type Calendar, type TimeZone } from "./time-zone.ts"

/**
 * Reads a date. `zone`, where given, is the one the text is in; a text that names a zone itself is refused then.
 * Throws `StoreError` 241 for a text that is no date.
 */
export function parseDate(text: string, format: string | undefined, zone: TimeZone | undefined, operator: string): Date {
  const read = format === undefined ? readFree(text, operator) : readByFormat(text, format, operator)
  if (read === undefined) throw wrong(operator, "the text is no date", 241)
  if (read.zone !== undefined && zone !== undefined) throw wrong(operator, "the text names a zone, and so does `timezone`", 241)
  const date = new Date(instantOf(read.local, read.zone ?? zone ?? utc))
  if (Number.isNaN(date.getTime())) throw wrong(operator, "the date is out of range", 241)
  return date
}

interface Read { readonly local: number; readonly zone: TimeZone | undefined }

const monthNames = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]

function monthNumber(name: string): number | undefined {
  const text = name.toLowerCase().replace(/\.$/, "")
  const index = monthNames.findIndex((month) => month === text || (month.slice(0, 3) === text) || (text === "sept" && month === "september"))
  return index < 0 ? undefined : index + 1
}

const time = String.raw`(?:(?:\s*[Tt]\s*|\s+)(?:(?<hour>\d{1,2}):(?<minute>\d{2})(?:[:.](?<second>\d{2})(?:[.,:](?<fraction>\d{1,9}))?)?\s*(?<half>[AaPp]\.?[Mm]\.?)?|(?<hourAlone>\d{1,2})\s*(?<halfAlone>[AaPp]\.?[Mm]\.?)|(?<word>noon|midnight)))?`
const place = String.raw`(?<zone>(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|[A-Za-z]{1,5})`
const shapes = [
  String.raw`(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})`,
  String.raw`(?<year>\d{4})/(?<month>\d{1,2})/(?<day>\d{1,2})`,
  String.raw`(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})`,
  String.raw`(?<year>\d{4})-(?<month>\d{2})`,
  String.raw`(?<month>\d{1,2})/(?<day>\d{1,2})/(?<year>\d{4}|\d{2})`,
  String.raw`(?<year>\d{4})-(?<name>[A-Za-z]{3,9})-(?<day>\d{1,2})`,
  String.raw`(?<day>\d{1,2})[.-](?<month>\d{1,2})[.-](?<year>\d{4})`,
  String.raw`(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+)?(?<name>[A-Za-z]{3,9}\.?)\s+(?<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?<year>\d{4})`,
  String.raw`(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+)?(?<day>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?<name>[A-Za-z]{3,9}\.?),?[\s-]+(?<year>\d{4})`,
].map((date) => new RegExp(`^\\s*${date}${time}\\s*${place}?\\s*$`))
const compactTime = /^(\d{8}T?)(\d{2})(\d{2})(\d{2})?(.*)$/

// SOURCE: the server's tests date_from_string.js; letters stand for offsets, and names of places are refused.
const letters: Readonly<Record<string, string>> = {
  UTC: "+00", GMT: "+00", WET: "+00", BST: "+01", WEST: "+01", CET: "+01", CEST: "+02", EET: "+02", EEST: "+03", MSK: "+03", JST: "+09", AEST: "+10", AEDT: "+11", NZST: "+12", NZDT: "+13",
  EST: "-05", EDT: "-04", CST: "-06", CDT: "-05", MST: "-07", MDT: "-06", PST: "-08", PDT: "-07", AKST: "-09", AKDT: "-08", HST: "-10",
}
/** The zones of one letter: eastwards from A, which is an hour ahead, without J; westwards from N; Z is UTC. */
const [eastward, westward] = ["ABCDEFGHIKLM", "NOPQRSTUVWXY"]

function readFree(text: string, operator: string): Read | undefined {
  if (text.length > 100) return undefined
  const compact = compactTime.exec(text.trim())
  const whole = compact === null || !/^\d{8}T/.test(text.trim()) ? text : `${(compact[1] as string).replace("T", "")} ${compact[2] as string}:${compact[3] as string}:${compact[4] ?? "00"}${compact[5] as string}`
  for (const shape of shapes) {
    const groups = shape.exec(whole)?.groups as Record<string, string | undefined> | undefined
    if (groups === undefined) continue
    const month = groups["name"] === undefined ? Number(groups["month"]) : monthNumber(groups["name"])
    if (month === undefined) continue
    const hour = groups["word"] === undefined ? clockHour(groups["hour"] ?? groups["hourAlone"], groups["half"] ?? groups["halfAlone"]) : groups["word"] === "noon" ? 12 : 0
    if (hour === undefined) return undefined
    return fromCalendar({
      year: fullYear(groups["year"] as string), month, day: Number(groups["day"] ?? 1), hour,
      minute: Number(groups["minute"] ?? 0), second: Number(groups["second"] ?? 0), millisecond: Number((groups["fraction"] ?? "").padEnd(3, "0").slice(0, 3)),
    }, readZone(groups["zone"], operator))
  }
  return undefined
}

function clockHour(hour: string | undefined, half: string | undefined): number | undefined {
  const number = Number(hour ?? 0)
  if (half === undefined) return number
  if (number < 1 || number > 12) return undefined
  return (number % 12) + (/^p/i.test(half) ? 12 : 0)
}

/** A year of two digits is one from 1970 to 2069. */
function fullYear(text: string): number {
  const year = Number(text)
  return text.length > 2 ? year : year + (year < 70 ? 2000 : 1900)
}

function readZone(name: string | undefined, operator: string): TimeZone | undefined {
  if (name === undefined) return undefined
  const upper = name.toUpperCase()
  if (Object.hasOwn(letters, upper)) return timeZone(letters[upper] as string, operator)
  if (/^(?:UTC|GMT)?[+-]/.test(upper)) return timeZone(upper.replace(/^((?:UTC|GMT)?[+-])(\d)(?=:|$)/, "$10$2"), operator)
  const hours = upper.length > 1 ? -1 : upper === "Z" ? 0 : Math.max(eastward.indexOf(upper) + 1, westward.indexOf(upper) + 1) || -1
  if (hours < 0) throw wrong(operator, "the text names a zone that is unknown", 241)
  return minutesZone(hours * (westward.includes(upper) ? -60 : 60))
}

/** A date that exists on the calendar. */
function fromCalendar(calendar: Calendar, zone: TimeZone | undefined): Read | undefined {
  const { month, day, hour, minute, second } = calendar
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 59) return undefined
  const lastDay = new Date(utcOf({ ...calendar, month: month + 1, day: 0 })).getUTCDate()
  return day > lastDay ? undefined : { local: utcOf(calendar), zone }
}

const signs: Readonly<Record<string, string>> = {
  Y: String.raw`(?<year>\d{1,4})`, m: String.raw`(?<month>\d{1,2})`, d: String.raw`(?<day>\d{1,2})`, H: String.raw`(?<hour>\d{1,2})`, M: String.raw`(?<minute>\d{1,2})`,
  S: String.raw`(?<second>\d{1,2})`, L: String.raw`(?<fraction>\d{1,3})`, z: String.raw`\s*${place}`,
  Z: String.raw`(?<minutes>[+-]\d{1,4})`, G: String.raw`(?<isoYear>\d{1,4})`, V: String.raw`(?<isoWeek>\d{1,2})`, u: String.raw`(?<isoDay>\d)`, j: String.raw`(?<dayOfYear>\d{1,3})`,
  b: "(?<name>[A-Za-z]{3})", B: "(?<name>[A-Za-z]{3,9})", "%": "%",
}

const readers = new Map<string, RegExp>()

function formatReader(format: string, operator: string): RegExp {
  const found = readers.get(format)
  if (found !== undefined) return found
  const seen = new Set<string>()
  let source = ""
  for (let at = 0; at < format.length; at++) {
    const letter = format[at] as string
    if (letter !== "%") {
      source += letter.replaceAll(/[\\^$.|?*+()[\]{}/-]/g, "\\$&")
      continue
    }
    at += 1
    const sign = format[at]
    if (sign === undefined) throw wrong(operator, "the format ends with a lone `%`", 18535)
    if (!Object.hasOwn(signs, sign)) throw wrong(operator, "the format has an unknown `%` sign", 18536)
    if (sign !== "%" && seen.has(sign)) throw wrong(operator, "the format has a `%` sign twice", 241)
    seen.add(sign)
    source += signs[sign] as string
  }
  const reader = new RegExp(`^${source}$`)
  if (readers.size > 500) readers.clear()
  readers.set(format, reader)
  return reader
}

function readByFormat(text: string, format: string, operator: string): Read | undefined {
  if (text.length > 1000 || format.length > 1000) return undefined
  const groups = formatReader(format, operator).exec(text)?.groups as Record<string, string | undefined> | undefined
  if (groups === undefined) return undefined
  const clock = { hour: Number(groups["hour"] ?? 0), minute: Number(groups["minute"] ?? 0), second: Number(groups["second"] ?? 0), millisecond: Number((groups["fraction"] ?? "").padEnd(3, "0")) }
  const zone = groups["minutes"] === undefined ? readZone(groups["zone"], operator) : minutesZone(Number(groups["minutes"]))
  const has = (...names: readonly string[]): boolean => names.some((name) => groups[name] !== undefined)
  if (has("isoYear", "isoWeek", "isoDay") && has("year", "month", "day", "name", "dayOfYear")) throw wrong(operator, "the format mixes ISO weeks with the calendar", 241)
  if (groups["isoYear"] !== undefined) return fromIsoWeek(Number(groups["isoYear"]), Number(groups["isoWeek"] ?? 1), Number(groups["isoDay"] ?? 1), clock, zone)
  if (groups["year"] === undefined) return undefined
  const year = Number(groups["year"])
  if (groups["dayOfYear"] !== undefined) return { local: utcOf({ year, month: 1, day: Number(groups["dayOfYear"]), ...clock }), zone }
  const month = groups["name"] === undefined ? Number(groups["month"] ?? 1) : monthNumber(groups["name"])
  return month === undefined ? undefined : fromCalendar({ year, month, day: Number(groups["day"] ?? 1), ...clock }, zone)
}

function minutesZone(minutes: number): TimeZone {
  return { isFixed: true, offsetAt: () => minutes * 60_000 }
}

function fromIsoWeek(year: number, week: number, day: number, clock: Pick<Calendar, "hour" | "minute" | "second" | "millisecond">, zone: TimeZone | undefined): Read | undefined {
  if (week < 1 || week > 53 || day < 1 || day > 7) return undefined
  const fourth = new Date(utcOf({ year, month: 1, day: 4, hour: 0, minute: 0, second: 0, millisecond: 0 }))
  const monday = 4 - ((fourth.getUTCDay() + 6) % 7)
  return { local: utcOf({ year, month: 1, day: monday + (week - 1) * 7 + day - 1, ...clock }), zone }
}
