// The server's log: JSON lines on standard error. SECURITY: ids, names, codes, sizes and durations; never a token, a secret or a document value.
import pino, { type Logger } from "pino"
import type { DataLog, RuleMetrics } from "./data/index.ts"
import type { FunctionLogEntry } from "./functions/index.ts"
import type { HttpLog } from "./http/index.ts"
import type { TriggerLog } from "./triggers/index.ts"
import type { UserLog } from "./users/index.ts"

export interface AppLog {
  readonly users: UserLog
  readonly http: HttpLog
  readonly data: DataLog
  readonly functions: (entry: FunctionLogEntry) => void
  readonly triggers: TriggerLog
  readonly storage: (code: string, details: Readonly<Record<string, unknown>>) => void
  readonly runtime: (event: string, details: Readonly<Record<string, unknown>>) => void
  readonly deployment: (level: "info" | "warn", code: string, details: Readonly<Record<string, string | number>>) => void
}

/** Makes the log of one server. */
export function createAppLog(logger: Logger = pino({ level: process.env["BACKSTITCH_LOG_LEVEL"] ?? "info", base: null }, pino.destination({ dest: 2, sync: false }))): AppLog {
  return {
    users: { warn: (code, details) => logger.warn({ code, ...details }, "users") },
    triggers: {
      info: (code, details) => logger.info({ code, ...details }, "triggers"),
      warn: (code, details) => logger.warn({ code, ...details }, "triggers"),
    },
    http: ({ method, route, error }) => logger.error({ method, route, ...describe(error) }, "request failed"),
    // SOURCE: the service's log pages and Admin API: `rule_metrics` with its names.
    data: ({ operation, namespace: { database, collection }, metrics, refused, counts, truncatedAt }) => {
      // There is one for every request: written at `debug` unless it says more than that all went well, and not made for a log that is off.
      const level = refused !== undefined ? "warn" : truncatedAt !== undefined ? "info" : "debug"
      if (!logger.isLevelEnabled(level)) return
      const fields = { operation, ...counts, ...(truncatedAt === undefined ? {} : { truncatedAt }), ...(metrics === undefined ? {} : { rule_metrics: { namespaces_metrics: { [`${database}.${collection}`]: ruleMetrics(metrics) } } }) }
      logger[level]({ ...fields, ...refused }, refused === undefined ? "data" : "data refused")
    },
    functions: (entry) => {
      const { type, function_name: name, status, error_code: code, user_id: user, started, completed, messages, error_logs: complaints } = entry
      const trigger = entry["event_subscription_name"]
      const endpoint = entry["endpoint_route"] ?? entry["incoming_webhook_name"]
      const fields = { type, function: name, status, ...(typeof trigger === "string" ? { trigger } : {}), ...(typeof endpoint === "string" ? { endpoint } : {}), ...(code === undefined ? {} : { code }), ...(user === undefined ? {} : { user }), milliseconds: completed.getTime() - started.getTime() }
      logger.info(fields, "function")
      // What the author prints is the author's word, shown as App Services' log page showed it.
      for (const { level, text } of messages) logger.info({ function: name, level }, text)
      for (const text of complaints) logger.warn({ function: name, level: "error" }, text)
      if (entry.stack !== undefined) logger.info({ function: name, stack: entry.stack }, "stack")
    },
    storage: (code, details) => logger.warn({ code, ...details }, "storage"),
    runtime: (event, details) => logger.warn({ event, ...details }, "runtime"),
    deployment: (level, code, details) => logger[level]({ code, ...details }, "deployment"),
  }
}

function ruleMetrics({ roles, noMatchingRole }: RuleMetrics): Record<string, unknown> {
  const named = Object.entries(roles).map(([name, { matchingDocuments, evaluatedFields, discardedFields }]) => [name, { matching_documents: matchingDocuments, evaluated_fields: evaluatedFields, discarded_fields: discardedFields }] as const)
  return { roles: Object.fromEntries(named), no_matching_role: noMatchingRole }
}

function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error }
  const { code } = error as { code?: unknown }
  const cause = error.cause instanceof Error ? { cause: error.cause.name, causeCode: (error.cause as { code?: unknown }).code } : {}
  // A stack is code, not data; the message of an unknown error might quote data, so only its own first frames are kept.
  const frames = error.stack?.split("\n").filter((line) => line.trimStart().startsWith("at ")).slice(0, 6).map((line) => line.trim())
  return { error: error.name, ...(typeof code === "string" || typeof code === "number" ? { code } : {}), ...cause, frames }
}
