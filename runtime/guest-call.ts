// One call inside an executor: its turns, timers, console lines and its end.
import { pauseQuestion } from "./bootstrap.ts"
import { logLines } from "./limits.ts"
import { own } from "./own.ts"
import type { GuestContext, GuestIsolate, Rejection } from "./guest-isolate.ts"
import type { CallLimits, LogLine, SyncAnswer, SyncRequest, TerminationReason } from "./protocol.ts"
import type { GuestSources } from "./source-text.ts"

/** What ends a call, on the executor's side. `lost`: not this call's doing; the server decides whether it is tried again. */
export type CallEnd =
  /** `end` is the guest's `GuestEnd` as it came. */
  | { readonly kind: "guest"; readonly end: unknown }
  | { readonly kind: "terminated"; readonly reason: TerminationReason }
  | { readonly kind: "lost" }

/** What a call needs of the process around it. */
export interface CallSurroundings {
  readonly sources: GuestSources
  /** The table name → RunAs of the app's functions: JSON text, quoted as the start of a call has it. */
  readonly functionsText: string
  answerSync(request: SyncRequest): SyncAnswer
  sendOperations(call: GuestCall, operations: readonly unknown[]): void
  sendLogs(call: GuestCall, lines: readonly unknown[]): void
  ended(call: GuestCall, end: CallEnd): void
  /** Called after each message: the chance to look after the others, should messages come without a break. */
  served(): void
}

/** Answers of operations as JSON texts, a comma between two. */
export interface AnswerTexts { readonly count: number; readonly text: string }

/** A call as the server announces it, and when that was: what it waits here for a place is part of its wall time. */
export interface CallOrder { readonly id: number; readonly function: string; readonly user: string; readonly limits: CallLimits; readonly at: number }

export class GuestCall {
  readonly id: number
  readonly user: string
  readonly limits: CallLimits
  readonly isolate: GuestIsolate
  readonly beganAt: number
  readonly #function: string
  readonly #surroundings: CallSurroundings
  #context: GuestContext | undefined
  #outstanding = 0
  readonly #timers = new Map<number, NodeJS.Timeout>()
  #answers: string[] = []
  #queued = false
  #cpuMs = 0
  #stuck = false
  #logs: unknown[] = []
  #end: { readonly end: unknown; readonly at: number } | undefined
  ended = false
  /** Bytes the process had when the watchdog first saw the call. */
  residentWhenSeen: number | undefined
  /** What this thread has had to do for the call since the watchdog last looked. */
  served = { messages: 0, milliseconds: 0 }

  constructor(order: CallOrder, isolate: GuestIsolate, surroundings: CallSurroundings) {
    this.id = order.id
    this.user = order.user
    this.#function = order.function
    this.limits = order.limits
    this.beganAt = order.at
    this.isolate = isolate
    this.#surroundings = surroundings
  }

  /** Begins the call. `start` is the JSON text of `GuestStart`. */
  async begin(start: string): Promise<void> {
    try {
      const context = (this.#context = await this.isolate.takeContext())
      if (this.ended) return context.release()
      context.listener = { receive: (text) => this.#receive(text), answer: (text) => this.#answerSync(text) }
      await this.isolate.loadSources(context, this.#surroundings.sources.needsOf(this.#function))
      this.#enter(() => `{"kind":"start","functions":${this.#surroundings.functionsText},"start":${start}}`)
    } catch {
      this.finish({ kind: "lost" })
    }
  }

  /** Hands answers of the server to the guest. */
  takeAnswers({ count, text }: AnswerTexts): void {
    this.#outstanding -= count
    this.#deliver(text)
  }

  #deliver(text: string): void {
    if (this.ended) return
    this.#answers.push(text)
    if (this.#queued) return
    this.#queued = true
    this.#enter(() => {
      this.#queued = false
      const answers = this.#answers.join(",")
      this.#answers = []
      return `{"kind":"done","answers":[${answers}]}`
    })
  }

  #enter(text: () => string): void {
    if (this.ended || this.#context === undefined) return
    this.isolate.enter({ context: this.#context, text, begun: () => undefined, ended: (cpuMs, rejection) => this.#turnEnded(cpuMs, rejection) })
  }

  // SECURITY: a guest cannot reach `send`, but its prelude shares a realm with it; every message is checked all the same.
  #receive(text: string): void {
    if (this.ended) return
    const began = performance.now()
    this.#take(parse(text))
    this.#countServed(performance.now() - began)
  }

  #countServed(milliseconds: number): void {
    this.served.messages++
    this.served.milliseconds += milliseconds
    this.#surroundings.served()
  }

  #take(message: unknown): void {
    const kind = own(message, "kind")
    if (kind === "ops") this.#takeOperations(own(message, "ops"))
    else if (kind === "log") this.#takeLogs(own(message, "lines"))
    else if (kind === "stuck") this.#stuck = true
    else if (kind === "end") this.#end ??= { end: own(message, "end"), at: performance.now() }
  }

  #takeOperations(operations: unknown): void {
    if (!Array.isArray(operations)) return
    const rest: unknown[] = []
    for (const operation of operations) {
      const kind = own(operation, "kind")
      const id = own(operation, "id")
      if (kind === "timer" && typeof id === "number") this.#startTimer(id, Number(own(operation, "milliseconds")))
      else if (kind === "timer-cancel") this.#dropTimer(Number(own(operation, "timer")))
      else rest.push(operation)
    }
    if (rest.length === 0) return
    this.#outstanding += rest.length
    this.#surroundings.sendOperations(this, rest)
  }

  #startTimer(id: number, milliseconds: number): void {
    if (this.#timers.has(id) || this.#timers.size >= 10_000) return
    const due = (): void => {
      this.#timers.delete(id)
      this.#deliver(`{"id":${id},"ok":true,"value":null}`)
    }
    this.#timers.set(id, setTimeout(due, Math.min(Math.max(milliseconds, 0) || 0, 2 ** 31 - 1)))
  }

  #dropTimer(id: number): void {
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
  }

  #takeLogs(lines: unknown): void {
    if (!Array.isArray(lines)) return
    this.#logs.push(...lines.slice(-logLines))
    if (this.#logs.length > logLines) this.#logs.splice(0, this.#logs.length - logLines)
  }

  /** Sends console lines on; every few milliseconds, so that a call that is stopped later still shows them. */
  flushLogs(): void {
    if (this.#logs.length === 0) return
    this.#surroundings.sendLogs(this, this.#logs)
    this.#logs = []
  }

  #answerSync(text: string): string {
    if (this.ended || text === pauseQuestion) return "{}"
    const began = performance.now()
    const request = parse(text)
    const answer = own(request, "kind") === "source" ? this.#source(own(request, "of"), own(request, "name")) : JSON.stringify(this.#surroundings.answerSync(request as SyncRequest))
    // The guest's own clock stands still while this thread works for it.
    const took = performance.now() - began
    this.#cpuMs += took
    this.#countServed(took)
    return answer
  }

  #source(of: unknown, name: unknown): string {
    const table = of === "module" ? this.#surroundings.sources.modules : this.#surroundings.sources.functions
    const source = typeof name === "string" ? table.get(name) : undefined
    if (source === undefined) return JSON.stringify({ ok: false, code: "FunctionNotFound", message: `function not found: '${String(name).slice(0, 200)}'` })
    if (source.problem !== undefined) return JSON.stringify({ ok: false, code: "FunctionSyntaxError", message: source.problem })
    return JSON.stringify({ ok: true, text: `${source.wrapper}\n//# sourceURL=${encodeURI(source.filename)}` })
  }

  #turnEnded(cpuMs: number, rejection: Rejection | undefined): void {
    this.#cpuMs += cpuMs
    if (this.ended) return
    if (rejection?.kind === "lost") return this.finish(rejection.memory ? { kind: "terminated", reason: "memory" } : { kind: "lost" })
    if (rejection !== undefined) return this.#failUnhandled(rejection.text)
    if (this.#end !== undefined) return this.finish({ kind: "guest", end: this.#end.end })
    const waits = this.#outstanding > 0 || this.#timers.size > 0 || this.#answers.length > 0
    if (this.#stuck || !waits) this.finish({ kind: "terminated", reason: "never-settles" })
  }

  // SOURCE: specification of the function runtime, 2.5: a rejection nobody handles by the end of the turn fails the call.
  #failUnhandled(text: string): void {
    const end = this.#end?.end
    if (own(end, "ok") === false) return this.finish({ kind: "guest", end })
    const logs: readonly LogLine[] = []
    this.finish({ kind: "guest", end: { ok: false, name: "Error", message: `uncaught promise rejection: ${text}`, code: "FunctionExecutionError", stack: "", logs: own(end, "logs") ?? logs } })
  }

  /** Whether it is this call's turn now. */
  get isRunning(): boolean {
    return this.isolate.running?.turn.context === this.#context && this.#context !== undefined
  }

  /** Processor time so far, the turn that is running included. */
  get cpuMs(): number {
    return this.#cpuMs + (!this.ended && this.isRunning ? this.isolate.cpuOfTurn() : 0)
  }

  get wallMs(): number {
    return performance.now() - this.beganAt
  }

  /** The guest has replied, and goes on working in the same turn: the reply need not wait for that. */
  get repliedFor(): number {
    return this.#end === undefined ? 0 : performance.now() - this.#end.at
  }

  /** Sends the reply of a guest that has replied. */
  finishReplied(): void {
    if (this.#end !== undefined) this.finish({ kind: "guest", end: this.#end.end })
  }

  /** Ends the call, once. */
  finish(end: CallEnd): void {
    if (this.ended) return
    this.flushLogs()
    const cpuMs = this.cpuMs
    this.ended = true
    this.#cpuMs = cpuMs
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    this.#surroundings.ended(this, end)
    // Whoever ended the call in the middle of its turn has disposed the isolate, or does so next.
    this.#context?.release()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
