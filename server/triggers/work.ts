// What every kind of trigger shares: its surroundings, pauses that hold nothing up, and the end of it all.
import { setTimeout as sleep } from "node:timers/promises"
import type { Clock } from "../../kernel/index.ts"
import type { Trigger } from "../app/index.ts"
import type { Functions } from "../functions/index.ts"
import type { TriggerLog, TriggerSettings } from "./ports.ts"

export interface Surroundings {
  readonly functions: Pick<Functions, "runWithValues">
  readonly log: TriggerLog
  readonly clock: Clock
  readonly settings: TriggerSettings
  readonly exclusive: boolean
  /** Names this process in claims. */
  readonly owner: string
  /** Aborted by `close`. */
  readonly stopping: AbortSignal
  /** Work that `close` waits for. */
  readonly running: Set<Promise<void>>
}

/** Waits without keeping the process alive; ends early, without an error, when the signal does. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { ref: false, signal }).catch(() => undefined)
}

/** The pause before the next attempt, growing from the first to the longest. */
export function pauseAfter(failures: number, [first, longest]: TriggerSettings["pauseMs"]): number {
  return Math.min(longest, first * 2 ** Math.min(failures - 1, 20))
}

/** Lets work run beside, to be waited for at the end. INVARIANT: the work reports its own failures. */
export function runBeside({ running }: Pick<Surroundings, "running">, work: Promise<void>): void {
  const tracked = work.finally(() => running.delete(tracked))
  running.add(tracked)
}

/** What a trigger is known by in the state: the id of its export, which outlives a new name. */
export function keyOf({ id, name }: Trigger): string {
  return id ?? name
}

/** What went wrong, without a word of what it was about. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === "string" || typeof code === "number" ? String(code) : error instanceof Error ? error.name : typeof error
}
