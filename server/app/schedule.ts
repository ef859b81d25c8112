// Cron expressions as App Services documents them: five fields, UTC, all of which must match (admin and triggers, 12).

/** The minutes, hours, days, months and weekdays at which a scheduled trigger is due. */
export interface Schedule {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly weekdays: ReadonlySet<number>
}

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
const weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

interface Field { readonly name: string; readonly from: number; readonly to: number; readonly words: readonly string[] }
const fields: readonly [Field, Field, Field, Field, Field] = [
  { name: "minute", from: 0, to: 59, words: [] },
  { name: "hour", from: 0, to: 23, words: [] },
  { name: "day of the month", from: 1, to: 31, words: [] },
  { name: "month", from: 1, to: 12, words: months },
  { name: "weekday", from: 0, to: 6, words: weekdays },
]

/** Parses a cron expression; a fault is a sentence for people. */
export function parseSchedule(text: string): { readonly schedule: Schedule } | { readonly fault: string } {
  const parts = text.trim().split(/\s+/)
  if (parts.length !== 5) return { fault: `a schedule has five fields, \`${text}\` has ${text.trim() === "" ? 0 : parts.length}` }
  const sets: Set<number>[] = []
  for (const [index, field] of fields.entries()) {
    const found = parseField(parts[index] as string, field)
    if (typeof found === "string") return { fault: found }
    sets.push(found)
  }
  const [minutes, hours, days, monthSet, weekdaySet] = sets as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>]
  return { schedule: { minutes, hours, days, months: monthSet, weekdays: weekdaySet } }
}

/** Whether a schedule is due in the minute of a time. SOURCE: day and weekday must both match, unlike classic cron. */
export function isDue(schedule: Schedule, time: Date): boolean {
  return schedule.minutes.has(time.getUTCMinutes()) && schedule.hours.has(time.getUTCHours()) && schedule.days.has(time.getUTCDate())
    && schedule.months.has(time.getUTCMonth() + 1) && schedule.weekdays.has(time.getUTCDay())
}

/** Whether there is a time at which a schedule is due; each date of the year falls on each weekday some year. */
export function isEverDue({ minutes, hours, days, months: inMonths, weekdays: onWeekdays }: Schedule): boolean {
  const hasDate = [...inMonths].some((month) => [...days].some((day) => day <= (longest[month - 1] ?? 0)))
  return hasDate && minutes.size > 0 && hours.size > 0 && onWeekdays.size > 0
}

const longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function parseField(text: string, field: Field): Set<number> | string {
  const found = new Set<number>()
  for (const part of text.split(",")) {
    const [range = "", step, rest] = part.split("/")
    const bounds = parseRange(range, field)
    const every = step === undefined ? 1 : /^\d{1,2}$/.test(step) ? Number(step) : 0
    if (bounds === undefined || every === 0 || rest !== undefined) return `\`${part}\` is no ${field.name} (${field.from} to ${field.to}, lists, ranges and steps)`
    // SOURCE: the documented step rule: the value is divisible by the step, whatever the range begins with.
    for (let value = bounds[0]; value <= bounds[1]; value++) if (value % every === 0) found.add(value)
  }
  return found
}

function parseRange(text: string, field: Field): readonly [number, number] | undefined {
  if (text === "*") return [field.from, field.to]
  const [first = "", second, rest] = text.split("-")
  const from = parseValue(first, field)
  const to = second === undefined ? from : parseValue(second, field)
  return from === undefined || to === undefined || from > to || rest !== undefined ? undefined : [from, to]
}

function parseValue(text: string, { from, to, words }: Field): number | undefined {
  const word = words.indexOf(text.toUpperCase())
  const value = word >= 0 ? word + from : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  return value >= from && value <= to ? value : undefined
}
