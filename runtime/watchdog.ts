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
  /** Called each time; says whether there is something to look after besides the calls. */
  readonly onTick: (tick: number) => boolean
}

export const tickMs = 25
/** After `dispose` a turn ends at once, or when a native function returns; later than this it never does. */
const hangMs = 1000

/** Messages of guests that come without a break keep this thread from its other work no longer than this. */
const floodMs = 300

/** A call under which the process has grown by less, in bytes, is not what fills it. */
const leastGrowth = 64 * 1024 * 1024

/** How long it goes on looking when there is nothing to see. */
const idleTicks = 80

export class Watchdog {
  readonly #options: WatchdogOptions
  readonly #disposedAt = new Map<GuestIsolate, number>()
  #timer: NodeJS.Timeout | undefined
  #ticks = 0
  #idle = 0
  #spared = 0
  #lookedAt = 0

  constructor(options: WatchdogOptions) {
    this.#options = options
  }

  /** Looks from now on; it falls asleep by itself when there are no calls. */
  wake(): void {
    this.#idle = 0
    if (this.#timer === undefined) this.#lookedAt = performance.now()
    this.#timer ??= setInterval(() => this.#look(), tickMs)
  }

  /** Ends the call that floods this thread, if one keeps even this watchdog from looking. */
  lookForFlood(): void {
    if (performance.now() - this.#lookedAt < floodMs) return
    this.#lookedAt = performance.now()
    let culprit: GuestCall | undefined
    for (const call of this.#options.calls.values()) if (culprit === undefined || call.served.milliseconds > culprit.served.milliseconds) culprit = call
    // One long message on a busy machine is no flood.
    if (culprit !== undefined && culprit.served.messages > 100 && culprit.served.milliseconds > floodMs / 4) stopCall(culprit, "cpu-time", this.#options)
  }

  #look(): void {
    const { calls, pool, onTick } = this.#options
    this.#ticks++
    this.#lookedAt = performance.now()
    for (const call of calls.values()) checkCall(call, this.#options)
    if (performance.now() > this.#spared && checkMemory(this.#options)) this.#spared = performance.now() + 300
    checkHangs(this.#options, this.#disposedAt)
    if (this.#ticks % 8 === 0) for (const isolate of pool.isolates) if (isolate.live > 0 && isolate.running === undefined) isolate.sampleHeap()
    const isBusy = onTick(this.#ticks)
    this.#idle = isBusy || calls.size > 0 || this.#disposedAt.size > 0 ? 0 : this.#idle + 1
    if (this.#idle < idleTicks) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

function checkCall(call: GuestCall, options: WatchdogOptions): void {
  call.flushLogs()
  call.served = { messages: 0, milliseconds: 0 }
  if (call.isolate.isDisposed) {
    // Not by us, or the call had ended: the isolate has met its memory limit, inside of something it cannot leave yet.
    call.finish(call.isRunning ? { kind: "terminated", reason: "memory" } : { kind: "lost" })
  } else if (call.repliedFor > tickMs) {
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
 * Memory that V8 does not count for an isolate shows only in the process. Of the calls under which it has grown, that whose turn burns
 * most time is taken for the one that fills it; what a call before them has left is nobody's. The ceiling of the server is further up.
 */
function checkMemory(options: WatchdogOptions): boolean {
  if (options.calls.size === 0) return false
  const resident = process.memoryUsage.rss()
  let largest = 0
  let culprit: GuestCall | undefined
  for (const call of options.calls.values()) {
    largest = Math.max(largest, call.limits.memoryMb)
    call.residentWhenSeen ??= resident
    const mayFill = call.isRunning && resident - call.residentWhenSeen >= leastGrowth
    if (mayFill && (culprit === undefined || call.cpuMs > culprit.cpuMs)) culprit = call
  }
  if (resident < (1.5 * largest + 250) * 1024 * 1024) return false
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
