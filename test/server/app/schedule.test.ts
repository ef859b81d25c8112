import { describe, expect, test } from "vitest"
import { isDue, parseSchedule } from "../../../server/app/index.ts"

function minutesOf(text: string): number[] {
  const parsed = parseSchedule(text)
  return "schedule" in parsed ? [...parsed.schedule.minutes] : []
}

function due(text: string, time: string): boolean {
  const parsed = parseSchedule(text)
  return "schedule" in parsed && isDue(parsed.schedule, new Date(time))
}

describe("schedules", () => {
  test.each([
    ["*/25 * * * *", [0, 25, 50]], ["5-20/5 * * * *", [5, 10, 15, 20]], ["1-10/3 * * * *", [3, 6, 9]], ["8,23,38,53 13-22 * * 1-5", [8, 23, 38, 53]],
  ])("%s is due at the minutes that the documented rule gives", (text, minutes) => {
    expect(minutesOf(text)).toEqual(minutes)
  })

  test.each(["*/1 * * * *", "0 */1 * * *", "0 9 * * MON", "9 12 * * 2-6", "58 11 * * *", "1 8 1 * *", "0 0 1 jan-mar sun,Sat", "  5   4 * * *  "])("%s is accepted", (text) => {
    expect(parseSchedule(text)).toHaveProperty("schedule")
  })

  test.each(["@daily", "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 7", "* * L * *", "* * * * 1#2", "5-1 * * * *", "*/0 * * * *", "1-2-3 * * * *", "1/2/3 * * * *", "a * * * *", ", * * * *"])("%j is refused", (text) => {
    expect(parseSchedule(text)).toHaveProperty("fault")
  })

  test("day of the month and weekday must both match", () => {
    expect(due("0 0 13 * FRI", "2026-02-13T00:00:30Z")).toBe(true)
    expect(due("0 0 13 * FRI", "2026-02-20T00:00:00Z")).toBe(false)
    expect(due("0 0 13 * FRI", "2026-01-13T00:00:00Z")).toBe(false)
  })

  test("times are UTC", () => {
    expect(due("30 23 31 12 *", "2026-12-31T23:30:59.999Z")).toBe(true)
    expect(due("30 23 31 12 *", "2027-01-01T00:30:00+02:00")).toBe(false)
  })
})
