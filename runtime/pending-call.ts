// One call as the server sees it: what it was given, what it has asked for, what it has said, and how it ended.
import { parseMessage } from "./executor-messages.ts"
import { logLines } from "./limits.ts"
import { checkOperation } from "./operations.ts"
import { own } from "./own.ts"
import type { CallLimits, Capabilities, GuestAnswer, GuestOperation, GuestStart, LogLine, Outcome, TerminationReason, Usage } from "./protocol.ts"

/** What a caller of the runtime gives. */
export interface CallRequest {
  readonly app: string
  /** Whose call it is, for fairness; calls without one share a place. */
  readonly user?: string
  readonly start: GuestStart
  /** In place of `start.args`: their JSON text, which the guest checks; a text that is no JSON ends the call with `InvalidParameter`. */
  readonly argsText?: string
  readonly limits?: Partial<CallLimits>
  readonly capabilities: Capabilities
}

/** Bytes of operations a call may have outstanding. */
const outstandingBytes = 64 * 1024 * 1024
/** From this length on, a batch is not performed in the same turn of the server's loop in which it was read. */
const longBatch = 2 * 1024 * 1024
const longestStack = 16 * 1024
const longestMessage = 4096

export class PendingCall {
  readonly id: number
  readonly user: string
  readonly limits: CallLimits
  readonly functionName: string
  readonly startText: string
  readonly queuedAt = performance.now()
  readonly outcome: Promise<Outcome>
  /** How often it was given to an executor. */
  attempts = 0
  dispatchedAt = 0
  /** Whether anything was asked of the database or network: then it cannot be tried again. */
  hasEffects = false
  ended = false
  readonly #capabilities: Capabilities
  readonly #identities: ReadonlySet<string>
  readonly #outstanding = new Map<number, number>()
  #bytes = 0
  #logs: LogLine[] = []
  #resolve: (outcome: Outcome) => void = () => undefined

  constructor(id: number, request: CallRequest, limits: CallLimits) {
    this.id = id
    this.user = request.user ?? ""
    this.limits = limits
    this.functionName = request.start.function
    this.startText = startText(request)
    this.#capabilities = request.capabilities
    const { caller, system, users } = request.start.identities
    this.#identities = new Set([caller, system, ...Object.values(users)])
    this.outcome = new Promise((resolve) => (this.#resolve = resolve))
  }

  /**
   * Takes a batch of operations as the executor sent it. `reply` gets the answers that are due, at once or later.
   * SECURITY: an operation that is not well formed is answered with an error and reaches nothing.
   */
  takeOperations(body: string, reply: (answers: readonly GuestAnswer[]) => void): void {
    const raw: unknown = parseMessage(body)
    if (this.ended || !Array.isArray(raw)) return
    const wanted: GuestOperation[] = []
    const refused: GuestAnswer[] = []
    const bytes = Math.ceil(body.length / raw.length)
    for (const each of raw) {
      const checked = checkOperation(each, this.#identities)
      if (!checked.ok) {
        // What has no id cannot be answered, and the guest's count of what is outstanding must stay right.
        refused.push(refusal(checked.id ?? -1, "InvalidParameter", `Cannot perform an operation: it is ${checked.problem}`))
      } else if (this.#outstanding.has(checked.operation.id)) refused.push(refusal(-1, "InvalidParameter", "Cannot perform an operation: its id is in use"))
      else if (this.#outstanding.size >= this.limits.outstandingOperations) refused.push(refusal(checked.operation.id, "FunctionExecutionError", `too many asynchronous operations: at most ${this.limits.outstandingOperations} at once`))
      else if (this.#bytes + bytes > outstandingBytes) refused.push(refusal(checked.operation.id, "FunctionExecutionError", "asynchronous operations are too large together"))
      else {
        this.#outstanding.set(checked.operation.id, bytes)
        this.#bytes += bytes
        wanted.push(checked.operation)
      }
    }
    if (refused.length > 0) reply(refused)
    if (wanted.length === 0) return
    this.hasEffects = true
    const answer = (answers: readonly GuestAnswer[]): void => {
      const due = answers.filter((each) => this.#settle(each.id))
      if (due.length > 0) reply(due)
    }
    if (body.length < longBatch) return this.#capabilities.perform(wanted, answer)
    // Reading it took a while, and so does what comes now: others have their turn between.
    setImmediate(() => {
      if (!this.ended) this.#capabilities.perform(wanted, answer)
    })
  }

  #settle(id: number): boolean {
    const bytes = this.#outstanding.get(id)
    if (this.ended || bytes === undefined) return false
    this.#outstanding.delete(id)
    this.#bytes -= bytes
    return true
  }

  /** Takes console lines as the executor sent them. */
  takeLogs(raw: unknown): void {
    if (!Array.isArray(raw)) return
    for (const line of raw.slice(-logLines)) {
      const level = levels.find((each) => each === own(line, "level"))
      const text = own(line, "text")
      if (level !== undefined && typeof text === "string") this.#logs.push({ level, text: text.slice(0, longestMessage) })
    }
    if (this.#logs.length > logLines) this.#logs = this.#logs.slice(-logLines)
  }

  /** Takes the end the guest has sent. */
  takeEnd(raw: unknown, usage: Usage): void {
    this.takeLogs(own(raw, "logs"))
    const result = own(raw, "result")
    if (own(raw, "ok") === true && typeof result === "string") {
      if (Buffer.byteLength(result) > this.limits.resultBytes) this.#throw("Error", "result is too large", usage)
      else this.#settleWith({ kind: "returned", result, logs: this.#logs, usage })
      return
    }
    const [name, message, stack] = [own(raw, "name"), own(raw, "message"), own(raw, "stack")].map((each) => (typeof each === "string" ? each : ""))
    const code = codes.find((each) => each === own(raw, "code")) ?? "FunctionExecutionError"
    this.#throw(name || "Error", message ?? "", usage, code, stack)
  }

  #throw(name: string, message: string, usage: Usage, code: string = "FunctionExecutionError", stack = ""): void {
    this.#settleWith({ kind: "threw", error: { name: name.slice(0, 200), message: message.slice(0, longestMessage), code, stack: stack.slice(0, longestStack) }, logs: this.#logs, usage })
  }

  terminate(reason: TerminationReason, usage: Usage = this.#usage()): void {
    this.#settleWith({ kind: "terminated", reason, logs: this.#logs, usage })
  }

  refuse(reason: "too-many-requests" | "unavailable"): void {
    this.#settleWith({ kind: "refused", reason, logs: this.#logs, usage: this.#usage() })
  }

  /** Forgets what a lost attempt has said, before the next. INVARIANT: only while {@link hasEffects} is false. */
  forgetAttempt(): void {
    this.#logs = []
  }

  #usage(): Usage {
    return { wallMs: this.dispatchedAt === 0 ? 0 : performance.now() - this.dispatchedAt, cpuMs: 0, heapBytes: 0 }
  }

  #settleWith(outcome: Outcome): void {
    if (this.ended) return
    this.ended = true
    this.#outstanding.clear()
    this.#capabilities.release()
    this.#resolve(outcome)
  }
}

/** SECURITY: a text that is not JSON makes the whole none, so nothing in it can stand beside the arguments. */
function startText({ start, argsText }: CallRequest): string {
  if (argsText === undefined) return JSON.stringify(start)
  const { args: _, ...rest } = start
  return `{"args":${argsText},${JSON.stringify(rest).slice(1)}`
}

const levels = ["log", "info", "debug", "warn", "error"] as const
const codes = ["FunctionExecutionError", "FunctionInvalid", "FunctionSyntaxError", "InvalidParameter"] as const

function refusal(id: number, code: string, message: string): GuestAnswer {
  return { id, ok: false, code, message }
}
