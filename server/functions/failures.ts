// Errors on their way: out of the server into the guest, and from the guest's end to the caller.
import { BackstitchError, EjsonError } from "../../kernel/index.ts"
import type { GuestAnswer, Outcome } from "../../runtime/index.ts"
import { StoreError } from "../data/index.ts"
import { PermissionError, RequestError, type RequestErrorCode } from "../errors.ts"

// MongoDB's numbers for what may be tried again: write conflict, no such transaction, snapshot too old, …
const transientCodes = new Set([24, 112, 133, 134, 189, 225, 244, 246, 251, 262, 267])

/** The answer to an operation that failed. SECURITY: the text of an error that is not meant for callers stays here. */
export function failedAnswer(id: number, error: unknown): GuestAnswer {
  // SOURCE: the suites of two SDKs look for this phrase in functions, while the recorded reply of services has the other (decision 0200).
  if (error instanceof PermissionError && error.message.startsWith("no rule exists for namespace")) return { id, ok: false, code: error.code, message: `${error.message}: no matching rule found` }
  if (error instanceof RequestError || error instanceof PermissionError) return { id, ok: false, code: error.code, message: error.message }
  if (error instanceof StoreError) {
    const transient = error.serverCode !== undefined && transientCodes.has(error.serverCode)
    return { id, ok: false, code: "MongoDBError", message: error.fault === "server" ? "the database cannot be reached" : error.message, ...(transient ? { transient } : {}) }
  }
  if (error instanceof EjsonError) return { id, ok: false, code: "InvalidParameter", message: error.message }
  if (error instanceof BackstitchError && error.fault !== "server") return { id, ok: false, code: "FunctionExecutionError", message: error.message }
  return { id, ok: false, code: "InternalServerError", message: "internal server error" }
}

/** What the caller gets for an outcome that is no result. SOURCE: specification of functions, 8.1. */
export function outcomeError(outcome: Exclude<Outcome, { kind: "returned" }>): RequestError {
  switch (outcome.kind) {
    case "threw": return new RequestError(outcome.error.code as RequestErrorCode, outcome.error.message)
    case "refused": return outcome.reason === "too-many-requests"
      ? new RequestError("TooManyRequests", "too many requests")
      : new RequestError("InternalServerError", "functions cannot run now, try again later", { status: 503 })
    case "terminated": switch (outcome.reason) {
      case "wall-time": case "cpu-time": return new RequestError("ExecutionTimeLimitExceeded", "execution time limit exceeded")
      case "memory": return new RequestError("FunctionExecutionError", "memory limit exceeded")
      case "never-settles": return new RequestError("FunctionExecutionError", "pending promise returned that will never resolve/reject")
      case "executor-lost": return new RequestError("InternalServerError", "the function was interrupted")
    }
  }
}
