// The executors of one deployed app: which call goes where, what happens when one dies, and how soon there is another.
import type { CallHead, ExecutorSettings } from "./executor.ts"
import { ExecutorProcess, type CodeProblem, type ExecutorExit, type GuestModules } from "./executor-process.ts"
import { FairQueue } from "./fair-queue.ts"
import { fromExecutor, toExecutor, type Frame } from "./frames.ts"
import { parseMessage, readBeat, readEnd } from "./executor-messages.ts"
import type { PendingCall } from "./pending-call.ts"
import type { GuestAnswer } from "./protocol.ts"
import { blame, checkSlot, type Slot } from "./slot.ts"

export interface PoolPlan {
  readonly executors: number
  readonly settings: ExecutorSettings
  readonly modules: GuestModules
  readonly queue: { readonly all: number; readonly user: number; readonly waitMs: number }
  readonly log: RuntimeLog
  /** A process that was started ahead, if there is one. */
  readonly takePrepared: () => ExecutorProcess | undefined
}

/** What the runtime tells of itself; no line holds anything a guest has said but the name of its app. */
export type RuntimeLog = (event: RuntimeEvent) => void
export type RuntimeEvent =
  | { readonly kind: "executor-started"; readonly app: string; readonly pid: number | undefined }
  | { readonly kind: "executor-ended"; readonly app: string; readonly pid: number | undefined; readonly code: number | null; readonly signal: string | null; readonly because: string; readonly calls: number }
  | { readonly kind: "executors-held-back"; readonly app: string; readonly milliseconds: number }

const watchMs = 40
/** Deaths within this time count as one row. */
const rowMs = 30_000
const calmDeaths = 3
const mostStartFailures = 3
/** How often a call is tried again that was lost by another call's doing, for certain. */
const retriesOfInnocents = 4

export class AppPool {
  readonly #app: string
  readonly #code: string
  readonly #plan: PoolPlan
  readonly #slots = new Set<Slot>()
  readonly #queue: FairQueue<PendingCall>
  #deaths: number[] = []
  #startFailures = 0
  /** Executors that wait for the first one: it is what calls wait for, and shares the processor with nobody. */
  #unstarted: number
  #retries: NodeJS.Timeout[] = []
  #watch: NodeJS.Timeout | undefined
  #closing = false
  #idle: (() => void) | undefined
  #lastWatch = 0
  readonly #ready: { readonly promise: Promise<readonly CodeProblem[]>; readonly resolve: (problems: readonly CodeProblem[]) => void; readonly reject: (error: Error) => void }

  constructor(app: string, code: string, plan: PoolPlan) {
    this.#app = app
    this.#code = code
    this.#plan = plan
    this.#queue = new FairQueue(plan.queue)
    this.#ready = Promise.withResolvers()
    this.#ready.promise.catch(() => undefined)
    this.#unstarted = plan.executors - 1
    this.#start()
  }

  /** Resolves when calls can run, with what cannot be compiled. Rejects when no executor can be started. */
  get ready(): Promise<readonly CodeProblem[]> {
    return this.#ready.promise
  }

  /** Takes a call; its outcome tells the rest. */
  submit(call: PendingCall): void {
    if (this.#closing || this.#startFailures >= mostStartFailures) return call.refuse("unavailable")
    if (!this.#queue.push(call.user, call)) return call.refuse("too-many-requests")
    this.#dispatch()
  }

  /** Gives the calls that wait to the pool of the code that comes after. */
  handOver(next: AppPool): void {
    for (const call of this.#queue.drain()) next.submit(call)
  }

  #start(): void {
    const slot: Slot = {
      process: this.#plan.takePrepared() ?? new ExecutorProcess({ settings: this.#plan.settings, modules: this.#plan.modules }),
      calls: new Map(), users: new Map(), isReady: false, isLeaving: false, isSpent: false, running: new Map(), killed: undefined,
    }
    this.#slots.add(slot)
    slot.process.begin({ code: this.#code, onFrame: (frame) => this.#onFrame(slot, frame), onExit: (exit) => this.#onExit(slot, exit) })
    slot.process.ready.then(
      (problems) => {
        slot.isReady = true
        this.#startFailures = 0
        for (; this.#unstarted > 0 && !this.#closing; this.#unstarted--) this.#start()
        this.#plan.log({ kind: "executor-started", app: this.#app, pid: slot.process.pid })
        this.#ready.resolve(problems)
        this.#dispatch()
      },
      () => undefined,
    )
  }

  #dispatch(): void {
    while (this.#queue.size > 0) {
      const { sharing, isolates } = this.#plan.settings
      const slots = [...this.#slots].filter((slot) => slot.isReady && !slot.isLeaving && slot.calls.size < sharing * isolates)
      const slotFor = (user: string): Slot | undefined => {
        const open = slots.filter((slot) => (slot.users.get(user) ?? 0) < sharing * Math.max(1, isolates - 1))
        return open.reduce<Slot | undefined>((least, slot) => (least !== undefined && loadOf(least) <= loadOf(slot) ? least : slot), undefined)
      }
      const call = this.#queue.shift((user) => slotFor(user) !== undefined)
      const slot = call === undefined ? undefined : slotFor(call.user)
      if (call === undefined || slot === undefined) return this.#watchQueue()
      this.#send(call, slot)
    }
  }

  #send(call: PendingCall, slot: Slot): void {
    call.attempts++
    call.dispatchedAt = performance.now()
    slot.calls.set(call.id, call)
    slot.users.set(call.user, (slot.users.get(call.user) ?? 0) + 1)
    const head = JSON.stringify({ function: call.functionName, user: call.user, limits: call.limits } satisfies CallHead)
    slot.process.send(toExecutor.call, call.id, head.length, head + call.startText)
    this.#watchQueue()
  }

  #onFrame(slot: Slot, frame: Frame): void {
    if (frame.type === fromExecutor.beat) slot.running = readBeat(frame.body)
    else if (frame.type === fromExecutor.retire) this.#replace(slot)
    // SECURITY: a call's messages count only from the executor it was given to.
    const call = slot.calls.get(frame.call)
    if (call === undefined) return
    if (frame.type === fromExecutor.ops) call.takeOperations(frame.body, (answers) => sendAnswers(slot, call, answers))
    else if (frame.type === fromExecutor.logs) call.takeLogs(parseMessage(frame.body))
    else if (frame.type === fromExecutor.end) this.#onEnd(slot, call, frame)
  }

  #onEnd(slot: Slot, call: PendingCall, frame: Frame): void {
    const end = readEnd(frame)
    this.#leave(slot, call)
    if (end.kind === "guest") call.takeEnd(end.end, end.usage)
    else if (end.kind === "terminated") {
      if (end.reason === "memory") this.#spend(slot)
      call.terminate(end.reason, end.usage)
    } else this.#retry(call, retriesOfInnocents)
    this.#dispatch()
  }

  #leave(slot: Slot, call: PendingCall): void {
    slot.calls.delete(call.id)
    slot.running.delete(call.id)
    const left = (slot.users.get(call.user) ?? 1) - 1
    if (left > 0) slot.users.set(call.user, left)
    else slot.users.delete(call.user)
  }

  /** After a call was ended for its memory its executor goes, as long as others come at once; in a row of such ends it has to do. */
  #spend(slot: Slot): void {
    slot.isSpent = true
    if (slot.isLeaving || this.#closing || this.#recentDeaths().length >= calmDeaths) return
    this.#replace(slot)
    slot.process.drain()
  }

  // SOURCE: specification of the function runtime, 8.1: a call lost through another one is tried again once, if it has done nothing yet.
  #retry(call: PendingCall, retries = 1): void {
    if (call.ended) return
    if (call.hasEffects || call.attempts > retries) return call.terminate("executor-lost")
    call.forgetAttempt()
    if (this.#closing || !this.#queue.push(call.user, call)) return call.refuse("unavailable")
    this.#dispatch()
  }

  /** Starts another executor beside one that takes no more calls. */
  #replace(slot: Slot): void {
    if (slot.isLeaving) return
    slot.isLeaving = true
    this.#startAnother()
  }

  #startAnother(): void {
    if (this.#closing) return
    this.#deaths = [...this.#recentDeaths(), performance.now()]
    const delay = this.#deaths.length <= calmDeaths ? 0 : Math.min(5000, 100 * 2 ** (this.#deaths.length - calmDeaths - 1))
    if (delay > 0) this.#plan.log({ kind: "executors-held-back", app: this.#app, milliseconds: delay })
    const timer = setTimeout(() => {
      this.#retries = this.#retries.filter((each) => each !== timer)
      if (!this.#closing) this.#start()
    }, delay)
    this.#retries.push(timer)
  }

  #recentDeaths(): number[] {
    const now = performance.now()
    return this.#deaths.filter((at) => now - at < rowMs)
  }

  #onExit(slot: Slot, exit: ExecutorExit): void {
    this.#slots.delete(slot)
    const calls = [...slot.calls.values()]
    this.#plan.log({ kind: "executor-ended", app: this.#app, pid: slot.process.pid, code: exit.code, signal: exit.signal, because: slot.killed?.because ?? (this.#closing ? "closing" : slot.isLeaving ? "retired" : "died"), calls: calls.length })
    if (!slot.isReady && !this.#closing) this.#failStart(exit.said)
    const blamed = blame(slot, calls, exit)
    const retries = slot.isSpent ? retriesOfInnocents : 1
    for (const call of calls) {
      slot.calls.delete(call.id)
      if (call === blamed?.call) call.terminate(blamed.reason)
      else this.#retry(call, retries)
    }
    if (!slot.isLeaving && this.#startFailures < mostStartFailures) this.#startAnother()
    if (this.#closing && this.#slots.size === 0) this.#idle?.()
  }

  #failStart(said: string): void {
    this.#startFailures++
    if (this.#startFailures < mostStartFailures) return
    this.#ready.reject(new Error(`Cannot start executors: they end before they are ready (${said.trim().slice(-1000)})`))
    for (const call of this.#queue.drain()) call.refuse("unavailable")
  }

  #watchQueue(): void {
    this.#watch ??= setInterval(() => this.#look(), watchMs)
  }

  #look(): void {
    const now = performance.now()
    // A server that was itself away must not take its executors' silence for theirs.
    const wasAway = now - this.#lastWatch > 10 * watchMs
    this.#lastWatch = now
    let busy = this.#queue.size > 0
    for (const slot of this.#slots) {
      if (slot.calls.size === 0) continue
      busy = true
      if (slot.killed === undefined) checkSlot(slot, now, wasAway)
    }
    for (const call of this.#queue.size === 0 ? [] : this.#queue.take((each) => now - each.queuedAt > this.#plan.queue.waitMs)) call.refuse("too-many-requests")
    if (busy) return
    clearInterval(this.#watch)
    this.#watch = undefined
  }

  /** Takes no more calls, lets those that run come to their end, and resolves when the last executor has gone. */
  async close(withinMs: number): Promise<void> {
    this.#closing = true
    for (const timer of this.#retries) clearTimeout(timer)
    for (const call of this.#queue.drain()) call.refuse("unavailable")
    if (this.#slots.size > 0) {
      const gone = new Promise<void>((resolve) => (this.#idle = resolve))
      for (const { isReady, process } of this.#slots) {
        if (isReady) process.drain()
        else process.kill()
      }
      const timer = setTimeout(() => this.#killAll(), withinMs)
      await gone
      clearTimeout(timer)
    }
    clearInterval(this.#watch)
    this.#watch = undefined
  }

  #killAll(): void {
    for (const slot of this.#slots) slot.process.kill()
  }
}

/** How much there is in an executor. A call that has been burning time when it last spoke weighs as much as some that wait; so does what may end any moment. */
function loadOf(slot: Slot): number {
  return slot.calls.size + 8 * slot.running.size + (slot.isSpent ? 8 : 0)
}

function sendAnswers(slot: Slot, call: PendingCall, answers: readonly GuestAnswer[]): void {
  if (call.ended || !slot.calls.has(call.id)) return
  slot.process.send(toExecutor.answers, call.id, answers.length, answers.map((answer) => JSON.stringify(answer)).join(","))
}
