// Scheduled triggers by a clock that the test moves (admin and triggers, 12).
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import { embeddedWorld, gate, quiet, scheduled, thrown, unavailable, until, World } from "./world.ts"

const minute = 60_000
let world: World
beforeEach(async () => {
  // 10:00:30 on a Monday.
  world = await embeddedWorld()
})
afterEach(() => world.close())

const planned = async (): Promise<unknown[]> => (await world.state("trigger_schedules")).map(({ _id, planned: time }) => [_id, (time as Date).toISOString().slice(11, 16)])

describe("a scheduled trigger", () => {
  test("runs at its minute, once, without arguments, as the system", async () => {
    const { guests } = await world.begin([scheduled("each", "*/1 * * * *")])
    await quiet()
    expect(guests.calls).toEqual([])
    world.now += minute / 2
    await until(() => guests.ended.length === 1)
    await quiet()
    expect(guests.calls).toEqual([{ name: "oneach", args: [], via: "scheduled-trigger", caller: "system", logFields: { event_subscription_id: "each", event_subscription_name: "each" } }])
    world.now += minute
    await until(() => guests.ended.length === 2)
    expect(await planned()).toEqual([["each", "10:02"]])
  })

  test.each([
    ["0 9 * * MON", "2026-03-09T09:00", "2026-03-10T09:00"],
    ["9 12 * * 2-6", "2026-03-03T12:09", "2026-03-08T12:09"],
    ["8,23,38,53 13-22 * * 1-5", "2026-03-02T22:53", "2026-03-02T23:08"],
    ["1 8 1 * *", "2026-04-01T08:01", "2026-04-02T08:01"],
    // SOURCE: day and weekday must both match: a Friday the 13th, and no other one.
    ["0 0 13 * FRI", "2026-03-13T00:00", "2026-04-13T00:00"],
  ])("%s is due at %s and not at %s", async (schedule, due, notDue) => {
    for (const [time, runs] of [[due, 1], [notDue, 0]] as const) {
      world.now = Date.parse(`${time}:10Z`) - minute
      const { triggers, guests } = await world.begin([scheduled(`at ${time}`, schedule)])
      world.now += minute
      if (runs === 1) await until(() => guests.ended.length === 1)
      await quiet()
      expect(guests.calls).toHaveLength(runs)
      await triggers.close()
    }
  })

  test("one that is off, and one whose schedule has no next time, does nothing", async () => {
    const { guests } = await world.begin([scheduled("off", "* * * * *", {}, { disabled: true }), scheduled("never", "0 0 30 2 *")])
    for (let at = 0; at < 3; at++) {
      world.now += minute
      await quiet(30)
    }
    expect(guests.calls).toEqual([])
  })

  test("does not wait for the run before, and an error is no reason to run again", async () => {
    const { guests } = await world.begin([scheduled("each", "* * * * *")])
    const first = gate()
    guests.respond = (_call, attempt) => (attempt === 1 ? first.passed : Promise.reject(thrown()))
    world.now += minute
    await until(() => guests.calls.length === 1)
    world.now += minute
    await until(() => guests.ended.length === 1)
    await quiet()
    expect(guests.calls).toHaveLength(2)
    first.open()
    await until(() => guests.ended.length === 2)
  })

  test("is tried again when no function could run", async () => {
    const { guests } = await world.begin([scheduled("each", "1 10 * * *")])
    guests.respond = (_call, attempt) => (attempt < 3 ? Promise.reject(unavailable()) : undefined)
    world.now += minute
    await until(() => guests.ended.length === 3)
    await quiet()
    expect(guests.calls).toHaveLength(3)
  })
})

describe("missed times", () => {
  const after = async (trigger: Document, stopMinutes: number, schedule = "0 * * * *"): Promise<number> => {
    const first = await world.begin([scheduled("hourly", "0 * * * *", trigger)])
    await first.triggers.close()
    world.now += stopMinutes * minute
    const { guests } = await world.begin([scheduled("hourly", schedule, trigger)])
    await quiet()
    return guests.calls.length
  }

  test("are made up by one run after a stop", async () => {
    expect(await after({}, 5 * 60 + 20)).toBe(1)
    expect(await planned()).toEqual([["hourly", "15:00"]])
  })
  test("are not made up where catch-up is skipped", async () => {
    expect(await after({ skip_catchup_events: true }, 5 * 60 + 20)).toBe(0)
    expect(await planned()).toEqual([["hourly", "15:00"]])
  })
  test("are forgotten when the schedule is another one now", async () => {
    expect(await after({}, 5 * 60, "30 * * * *")).toBe(0)
  })
  test("older than a day are not looked for", async () => {
    const first = await world.begin([scheduled("yearly", "0 12 2 3 *")])
    await first.triggers.close()
    world.now += 27 * 60 * minute
    const { guests } = await world.begin([scheduled("yearly", "0 12 2 3 *")])
    await quiet()
    expect(guests.calls).toEqual([])
  })
  test("after a disabled spell count as after a stop", async () => {
    const on = await world.begin([scheduled("hourly", "0 * * * *")])
    await on.triggers.close()
    const off = await world.begin([scheduled("hourly", "0 * * * *", {}, { disabled: true })])
    world.now += 3 * 60 * minute
    await quiet()
    await off.triggers.close()
    const { guests } = await world.begin([scheduled("hourly", "0 * * * *")])
    await until(() => guests.ended.length === 1)
    expect(off.guests.calls).toEqual([])
  })
  test("of a machine that slept are one run, and none where catch-up is skipped", async () => {
    const { guests } = await world.begin([scheduled("made", "0 * * * *"), scheduled("skipped", "0 * * * *", { skip_catchup_events: true })])
    await quiet()
    world.now += (5 * 60 + 20) * minute
    await until(() => guests.ended.length === 1)
    await quiet()
    expect(guests.calls.map(({ name }) => name)).toEqual(["onmade"])
  })
})
