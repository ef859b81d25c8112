// Time zones: names of the IANA database through Intl, and offsets from UTC.
import type { Value } from "../../../../kernel/index.ts"
import { isNullish } from "../evaluate.ts"
import { wrong } from "../operands.ts"

/** How far local time is ahead of UTC, in milliseconds, at an instant. */
export interface TimeZone {
  readonly isFixed: boolean
  offsetAt(instant: number): number
}

/** UTC itself. */
export const utc: TimeZone = { isFixed: true, offsetAt: () => 0 }

const known = new Map<string, TimeZone>([["UTC", utc], ["GMT", utc], ["Z", utc]])
// SECURITY: names come from clients; only names that exist are kept, and they are few.
const mostKnown = 2000

/** The zone of a name or offset. Throws `StoreError` 40485 for one that does not exist. */
export function timeZone(name: string, operator: string): TimeZone {
  const found = known.get(name)
  if (found !== undefined) return found
  const zone = fixedZone(name) ?? namedZone(name)
  if (zone === undefined) throw wrong(operator, "there is no such time zone", 40485)
  if (known.size < mostKnown) known.set(name, zone)
  return zone
}

/** The zone an argument gives; null when it is null or missing. */
export function zoneArgument(value: Value, isThere: boolean, operator: string): TimeZone | null {
  if (!isThere) return utc
  if (isNullish(value)) return null
  if (typeof value !== "string") throw wrong(operator, "the time zone is no string", 40517)
  return timeZone(value, operator)
}

function fixedZone(name: string): TimeZone | undefined {
  const match = /^(?:UTC|GMT)?([+-])(\d{2})(?::?(\d{2}))?$/.exec(name)
  if (match === null) return undefined
  const offset = (Number(match[2]) * 60 + Number(match[3] ?? 0)) * 60_000 * (match[1] === "-" ? -1 : 1)
  return { isFixed: true, offsetAt: () => offset }
}

const quarter = 15 * 60_000

function namedZone(name: string): TimeZone | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return undefined
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23", era: "short",
      year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
    })
  } catch {
    return undefined
  }
  // Zones change on quarters of an hour: the offset holds for the whole of one. Kept for as long as the next dates are near.
  const offsets = new Map<number, number>()
  return {
    isFixed: false,
    offsetAt(instant) {
      const slot = Math.floor(instant / quarter)
      const cached = offsets.get(slot)
      if (cached !== undefined) return cached
      const offset = measuredOffset(format, slot * quarter)
      if (offsets.size >= 4096) offsets.clear()
      offsets.set(slot, offset)
      return offset
    },
  }
}

function measuredOffset(format: Intl.DateTimeFormat, instant: number): number {
  const parts: Record<string, string> = {}
  for (const { type, value } of format.formatToParts(instant)) parts[type] = value
  const year = Number(parts["year"])
  const local = utcOf({
    year: parts["era"]?.startsWith("B") === true ? 1 - year : year, month: Number(parts["month"]), day: Number(parts["day"]),
    hour: Number(parts["hour"]), minute: Number(parts["minute"]), second: Number(parts["second"]), millisecond: 0,
  })
  return local - Math.floor(instant / 1000) * 1000
}

/** A date and time on the calendar, without a zone. */
export interface Calendar {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly millisecond: number
}

/** The instant of a date and time in UTC; parts out of range carry over. */
export function utcOf({ year, month, day, hour, minute, second, millisecond }: Calendar): number {
  // `Date.UTC` takes years below 100 for years of the twentieth century.
  const cycles = Math.floor(year / 400) - 5
  return Date.UTC(year - cycles * 400, month - 1, day, hour, minute, second, millisecond) + cycles * 146_097 * 86_400_000
}

/** The date and time on the calendar of a zone. */
export function calendarOf(instant: number, zone: TimeZone): Calendar {
  const local = new Date(instant + zone.offsetAt(instant))
  return {
    year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate(),
    hour: local.getUTCHours(), minute: local.getUTCMinutes(), second: local.getUTCSeconds(), millisecond: local.getUTCMilliseconds(),
  }
}

/** The instant at which a zone's clocks show a local time (given as if it were UTC); the earlier of two, and after a gap for one that is skipped. */
export function instantOf(local: number, zone: TimeZone): number {
  if (zone.isFixed) return local - zone.offsetAt(local)
  const before = zone.offsetAt(local - 86_400_000)
  const first = local - before
  if (zone.offsetAt(first) === before) return first
  const after = zone.offsetAt(local + 86_400_000)
  const second = local - after
  // In a gap neither offset fits; the clocks went on from the one before.
  return zone.offsetAt(second) === after ? second : first
}
