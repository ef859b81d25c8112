// Scheduled triggers: a look at the clock now and then, and a claim on each planned time (admin and triggers, 12).
import type { Document } from "../../kernel/index.ts"
import { isDue, parseSchedule, type Schedule, type Trigger } from "../app/index.ts"
import type { StateCollection } from "../users/index.ts"
import { deliver } from "./deliver.ts"
import { codeOf, keyOf, runBeside, type Surroundings } from "./work.ts"

export interface Schedules {
  start(): Promise<void>
  /** Looks at the clock now. */
  tick(): Promise<void>
}

const minuteMs = 60_000
// SOURCE: never looks back more than 24 hours.
const lookBack = 24 * 60

interface Planned {
  readonly trigger: Trigger
  readonly schedule: Schedule
  /** Up to here, in minutes, nothing is due any more. */
  settled: number
  /** Whether this process has looked before: then a planned time may be a minute old, for a look may come late. */
  watched: boolean
  busy: boolean
}

/** The scheduled triggers of an app. INVARIANT: their schedules have been parsed by server/app. */
export function openSchedules(triggers: readonly Trigger[], collection: StateCollection, surroundings: Surroundings): Schedules {
  const { clock, log, settings, stopping } = surroundings
  const minuteNow = (): number => Math.floor(clock().getTime() / minuteMs)
  const planned: Planned[] = []
  let lastMinute = 0

  async function begin(trigger: Trigger): Promise<void> {
    const text = String(trigger.config["schedule"])
    const parsed = parseSchedule(text)
    if ("fault" in parsed) return
    planned.push({ trigger, schedule: parsed.schedule, settled: await settledTime(trigger, text), watched: false, busy: false })
  }

  /** The planned time that was last claimed; for a trigger that is new, or has a new schedule, now. */
  async function settledTime(trigger: Trigger, schedule: string): Promise<number> {
    const _id = keyOf(trigger)
    const now = new Date(minuteNow() * minuteMs)
    await collection.insertOne({ _id, schedule, planned: now })
    await collection.updateOne({ _id, schedule: { $ne: schedule } }, { $set: { schedule, planned: now } })
    const found = await collection.findOne({ _id })
    return Math.floor((found?.["planned"] instanceof Date ? found["planned"] : now).getTime() / minuteMs)
  }

  async function check(each: Planned, minute: number): Promise<void> {
    const due = lastDue(each.schedule, Math.max(each.settled, minute - lookBack), minute)
    const mostAge = each.watched ? 1 : 0
    if (due !== undefined && (await claim(each.trigger, due)) && (minute - due <= mostAge || each.trigger.config["skip_catchup_events"] !== true)) {
      runBeside(surroundings, deliver(surroundings, each.trigger, [], "scheduled-trigger").then(() => undefined))
    }
    each.settled = Math.max(each.settled, minute)
    each.watched = true
  }

  /** The planned time is written before the call: of all processes one gets it, and a crash repeats nothing. */
  async function claim(trigger: Trigger, due: number): Promise<boolean> {
    const time = new Date(due * minuteMs)
    return (await collection.updateOne({ _id: keyOf(trigger), planned: { $lt: time } } satisfies Document, { $set: { planned: time } })) === 1
  }

  async function checkOnce(each: Planned, minute: number): Promise<void> {
    if (each.busy || stopping.aborted) return
    each.busy = true
    try {
      await check(each, minute)
    } catch (error) {
      log.warn("trigger-delayed", { trigger: each.trigger.name, attempt: 1, error: codeOf(error) })
      // The next tick asks again.
      lastMinute = 0
    } finally {
      each.busy = false
    }
  }

  async function tick(): Promise<void> {
    const minute = minuteNow()
    if (minute === lastMinute) return
    lastMinute = minute
    await Promise.all(planned.map((each) => checkOnce(each, minute)))
  }

  return {
    tick,
    async start() {
      await Promise.all(triggers.map(begin))
      await tick()
      const timer = setInterval(() => runBeside(surroundings, tick()), settings.tickMs).unref()
      stopping.addEventListener("abort", () => clearInterval(timer))
    },
  }
}

/** The last minute after `from`, up to `to`, at which a schedule is due. */
function lastDue(schedule: Schedule, from: number, to: number): number | undefined {
  for (let minute = to; minute > from; minute--) if (isDue(schedule, new Date(minute * minuteMs))) return minute
  return undefined
}
