// One executor among those of an app: what is in it, when it has to be killed, and which call its death is laid upon.
import type { ExecutorExit, ExecutorProcess } from "./executor-process.ts"
import { hardDeadlineGraceMs, residentCeilingBytes } from "./limits.ts"
import type { PendingCall } from "./pending-call.ts"
import type { TerminationReason } from "./protocol.ts"

export interface Slot {
  readonly process: ExecutorProcess
  readonly calls: Map<number, PendingCall>
  readonly users: Map<string, number>
  isReady: boolean
  isLeaving: boolean
  /** Calls whose turn it was when the executor last said, and the processor time each had used. */
  running: Map<number, number>
  /** A call was ended here for its memory: what the engine was left with may end the process a moment later, under somebody else's call. */
  isSpent: boolean
  /** Why the server killed it, and the call it holds responsible. */
  killed: { readonly because: "deadline" | "memory" | "silence"; readonly culprit: PendingCall | undefined } | undefined
}

/** An executor with calls sends something at least every quarter of a second. */
const silenceMs = 5000

/** Kills an executor whose call is beyond every limit, which has grown too large, or which does not speak any more. */
export function checkSlot(slot: Slot, now: number, wasAway: boolean): void {
  let memoryMb = 0
  let latest: PendingCall | undefined
  for (const call of slot.calls.values()) {
    memoryMb = Math.max(memoryMb, call.limits.memoryMb)
    if (now - call.dispatchedAt > call.limits.wallMs + hardDeadlineGraceMs) latest = call
  }
  if (latest !== undefined) slot.killed = { because: "deadline", culprit: latest }
  else if (slot.process.residentBytes() > residentCeilingBytes(memoryMb)) slot.killed = { because: "memory", culprit: slot.isSpent ? undefined : busiest(slot) }
  else if (!wasAway && now - Math.max(slot.process.lastFrameAt, newest(slot)) > silenceMs) slot.killed = { because: "silence", culprit: busiest(slot) }
  if (slot.killed !== undefined) slot.process.kill()
}

function newest(slot: Slot): number {
  let at = 0
  for (const call of slot.calls.values()) at = Math.max(at, call.dispatchedAt)
  return at
}

/** The call that was burning most time when the executor last spoke; the only one there is, if there is but one. */
function busiest(slot: Slot): PendingCall | undefined {
  if (slot.calls.size === 1) return slot.calls.values().next().value
  let found: PendingCall | undefined
  let most = -1
  for (const [id, cpuMs] of slot.running) {
    const call = slot.calls.get(id)
    if (call === undefined || cpuMs <= most) continue
    found = call
    most = cpuMs
  }
  return found
}

/**
 * The call that an executor's end is laid upon, if any. SOURCE: specification of the function runtime, 9.3 (7).
 *
 * An engine that aborts has run out of memory, and so may have a process that somebody else killed while a guest was
 * running. Any other end proves nothing of a call, unless it is the second for that call.
 */
export function blame(slot: Slot, calls: readonly PendingCall[], exit: ExecutorExit): { readonly call: PendingCall; readonly reason: TerminationReason } | undefined {
  if (slot.killed !== undefined) {
    const { culprit, because } = slot.killed
    return culprit === undefined ? undefined : { call: culprit, reason: because === "memory" ? "memory" : "wall-time" }
  }
  const aborted = exit.signal === "SIGABRT" || exit.code === 134
  const killed = exit.signal === "SIGKILL" && slot.running.size > 0
  const guilty = !slot.isLeaving && !slot.isSpent && (aborted || killed) ? busiest(slot) : undefined
  if (guilty !== undefined) return { call: guilty, reason: "memory" }
  // Its end was another call's doing, and is no second time for those in it.
  if (slot.isSpent) return undefined
  const again = calls.find((each) => each.attempts > 1)
  return again === undefined ? undefined : { call: again, reason: "executor-lost" }
}
