// One event to one function.
import { BackstitchError, type Value } from "../../kernel/index.ts"
import type { Trigger } from "../app/index.ts"
import { RequestError } from "../errors.ts"
import type { Via } from "../functions/index.ts"
import { codeOf, keyOf, pause, pauseAfter, type Surroundings } from "./work.ts"

/** `spent`: it ran, or failed by its own fault, or cannot be run at all. `stopped`: the server closes, and the event is as it was. */
export type Delivery = "spent" | "stopped"

const mostInterruptions = 3

/**
 * Runs a trigger's function as the system. SOURCE: what the function throws is in its log entry and the event is spent; only when
 * no function could be run it is tried again. Never rejects.
 */
export async function deliver({ functions, log, settings, stopping }: Surroundings, trigger: Trigger, args: readonly Value[], via: Via): Promise<Delivery> {
  const logFields = { event_subscription_id: keyOf(trigger), event_subscription_name: trigger.name }
  let interruptions = 0
  for (let attempt = 1; ; attempt++) {
    if (stopping.aborted) return "stopped"
    try {
      await functions.runWithValues(trigger.functionName ?? "", args, { kind: "system" }, { via, logFields })
      return "spent"
    } catch (error) {
      const fault = faultOf(error)
      if (fault === "function") return "spent"
      if (stopping.aborted) return "stopped"
      // An executor that ends each time is ended by the function: without a bound it would hold up those behind it for ever.
      if (fault === "interrupted" && ++interruptions >= mostInterruptions) {
        log.warn("trigger-gave-up", { trigger: trigger.name, attempts: interruptions })
        return "spent"
      }
      log.warn("trigger-delayed", { trigger: trigger.name, attempt, error: codeOf(error) })
      await pause(pauseAfter(attempt, settings.pauseMs), stopping)
    }
  }
}

/** Whether a call failed by its function, was cut off, or could not begin. */
function faultOf(error: unknown): "function" | "interrupted" | "unavailable" {
  if (!(error instanceof RequestError)) return error instanceof BackstitchError && error.fault !== "server" ? "function" : "unavailable"
  if (error.code === "TooManyRequests") return "unavailable"
  if (error.code !== "InternalServerError") return "function"
  return error.status === 503 ? "unavailable" : "interrupted"
}
