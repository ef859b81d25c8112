// Looks at every call of an executor a few times in a hundred milliseconds and ends what is over its limit.
import type { GuestCall } from "./guest-call.ts"
import type { GuestIsolate } from "./guest-isolate.ts"
import type { IsolatePool } from "./isolate-pool.ts"
import type { TerminationReason } from "./protocol.ts"

export interface WatchdogOptions {
  readonly pool: IsolatePool
  readonly calls: ReadonlyMap<number, GuestCall>
  /** Throws an isolate away, with whatever calls are still in it. */
  readonly discard: (isolate: GuestIsolate) => void
  /** Something cannot be stopped from inside: the process has to end soon. */
  readonly onHang: () => void
  readonly onTick: (tick: number) => void
}

export const tickMs = 25
/** After `dispose` a turn ends at once, or when a native function returns; later than this it never does. */
const hangMs = 1000

/** Starts looking; the answer stops it. */
export function startWatchdog(options: WatchdogOptions): () => void {
  const disposedAt = new Map<GuestIsolate, number>()
  let ticks = 0
  let spared = 0
  const timer = setInterval(() => {
    ticks++
    for (const call of options.calls.values()) checkCall(call, options)
    if (performance.now() > spared && checkMemory(options)) spared = performance.now() + 300
    checkHangs(options, disposedAt)
    if (ticks % 8 === 0) for (const isolate of options.pool.isolates) if (isolate.live > 0 && isolate.running === undefined) isolate.sampleHeap()
    options.onTick(ticks)
  }, tickMs)
  return () => clearInterval(timer)
}

function checkCall(call: GuestCall, options: WatchdogOptions): void {
  if (call.repliedFor > tickMs) {
    const running = call.isRunning
    call.finishReplied()
    if (running) options.discard(call.isolate)
  } else if (call.wallMs > call.limits.wallMs) stopCall(call, "wall-time", options)
  else if (call.cpuMs > call.limits.cpuMs) stopCall(call, "cpu-time", options)
}

/** Ends a call by force. INVARIANT: an isolate in which something was stopped serves no further call. */
function stopCall(call: GuestCall, reason: TerminationReason, options: WatchdogOptions): void {
  const running = call.isRunning
  call.finish({ kind: "terminated", reason })
  if (running) options.discard(call.isolate)
  else call.isolate.retired = true
}

/**
 * Memory that V8 does not count for an isolate shows only in the process. The call whose turn burns most time is taken
 * for the one that fills it; the ceiling of the server is further up.
 */
function checkMemory(options: WatchdogOptions): boolean {
  let largest = 0
  let culprit: GuestCall | undefined
  for (const call of options.calls.values()) {
    largest = Math.max(largest, call.limits.memoryMb)
    if (call.isRunning && (culprit === undefined || call.cpuMs > culprit.cpuMs)) culprit = call
  }
  if (largest === 0 || process.memoryUsage.rss() < (1.5 * largest + 250) * 1024 * 1024) return false
  if (culprit === undefined) options.pool.shrink()
  else stopCall(culprit, "memory", options)
  return true
}

function checkHangs(options: WatchdogOptions, disposedAt: Map<GuestIsolate, number>): void {
  for (const isolate of options.pool.isolates) {
    if (!isolate.isDisposed || isolate.running === undefined) continue
    const since = disposedAt.get(isolate)
    if (since === undefined) disposedAt.set(isolate, performance.now())
    else if (performance.now() - since > hangMs) options.onHang()
  }
  for (const isolate of disposedAt.keys()) if (isolate.running === undefined) disposedAt.delete(isolate)
}
