// What the app's log keeps of a call. SOURCE: specification of functions, 8.2.
import type { Json } from "../../kernel/index.ts"
import type { LogLine, Outcome } from "../../runtime/index.ts"
import type { AppFunction } from "../app/index.ts"
import { RequestError } from "../errors.ts"
import type { CallOptions, FunctionCaller, FunctionLogEntry, Via } from "./ports.ts"

const types: Record<Via, FunctionLogEntry["type"]> = {
  client: "FUNCTION", administrator: "FUNCTION", endpoint: "ENDPOINT", webhook: "WEBHOOK", "database-trigger": "DB_TRIGGER", "authentication-trigger": "AUTH_TRIGGER",
  "scheduled-trigger": "SCHEDULED_TRIGGER", rule: "SERVICE_FUNCTION", authentication: "SERVICE_FUNCTION",
}

const mostArgumentText = 16 * 1024

export interface CallRecord {
  readonly each: AppFunction
  /** Undefined for arguments that only the guest has read: they are too long to log. */
  readonly args: readonly Json[] | undefined
  readonly caller: FunctionCaller
  readonly options: CallOptions
  readonly started: Date
  readonly completed: Date
  readonly outcome: Outcome | undefined
  /** Beside what the function itself printed. */
  readonly notes: readonly LogLine[]
  readonly error: unknown
}

/** Makes the entry. `disable_arg_logs` leaves the arguments out. */
export function toLogEntry({ each, args, caller, options, started, completed, outcome, notes, error }: CallRecord): FunctionLogEntry {
  const lines = [...(outcome?.logs ?? []), ...notes]
  const user = caller.kind === "user" ? caller.user["id"] : undefined
  const address = caller.request?.["remoteIPAddress"]
  // SECURITY: an endpoint's argument is a whole HTTP request, with whatever a third party proves itself by.
  const showsArguments = options.response !== true && !each.disableArgLogs && args !== undefined && isShort(args, mostArgumentText)
  const usage = outcome?.usage
  return {
    ...options.logFields,
    type: types[options.via],
    started, completed,
    status: error === undefined ? 200 : statusOf(error),
    user_id: typeof user === "string" ? user : undefined,
    remote_ip_address: typeof address === "string" && address !== "" ? address : undefined,
    function_id: each.id,
    function_name: each.name,
    function_call: { name: each.name, service: "", ...(showsArguments ? { arguments: args } : {}) },
    messages: lines.filter(({ level }) => level !== "error"),
    error_logs: lines.filter(({ level }) => level === "error").map(({ text }) => text),
    mem_time_usage: usage === undefined ? 0 : Math.round(usage.heapBytes * usage.wallMs),
    ...(error === undefined ? {} : failure(error, outcome)),
  }
}

/** Whether the JSON text of a value has about this length at most, found without making it: arguments may have 18 MB. */
function isShort(value: readonly Json[], most: number): boolean {
  let left = most
  const open: Json[] = value.slice(0, most)
  while (open.length > 0 && left >= 0) {
    const each = open.pop() as Json
    if (typeof each === "string") left -= each.length + 2
    else if (typeof each !== "object" || each === null) left -= 4
    else if (Array.isArray(each)) {
      left -= 2 + each.length
      if (left >= 0) open.push(...(each as readonly Json[]))
    } else {
      for (const key in each) {
        left -= key.length + 4
        if (left < 0) return false
        open.push((each as Record<string, Json>)[key] as Json)
      }
    }
  }
  return left >= 0
}

function failure(error: unknown, outcome: Outcome | undefined): { error: string; error_code: string; stack?: string } {
  const known = error instanceof RequestError
  return {
    error: known ? error.message : "internal server error",
    error_code: known ? error.code : "InternalServerError",
    ...(outcome?.kind === "threw" && outcome.error.stack !== "" ? { stack: outcome.error.stack } : {}),
  }
}

function statusOf(error: unknown): number {
  if (!(error instanceof RequestError)) return 500
  return error.status ?? ({ FunctionNotFound: 404, NotCallable: 403, ExecutionTimeLimitExceeded: 408, TooManyRequests: 429, InternalServerError: 500, PayloadTooLarge: 413 }[error.code as string] ?? 400)
}
