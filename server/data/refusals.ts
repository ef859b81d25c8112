// The texts, statuses and codes of refusals (specification of rules, 11). The client gets the bare text.
import type { Denied, WriteDecision } from "../../engine/index.ts"
import { PermissionError, RequestError } from "../errors.ts"
import type { Namespace } from "./store.ts"

export type WriteKind = "insert" | "update" | "delete"

/** SOURCE: recorded Stitch reply. */
export function noRule({ database, collection }: Namespace): PermissionError {
  return new PermissionError("NoMatchingRuleFound", `no rule exists for namespace '${database}.${collection}'`, { status: 403, reason: "no roles serve this namespace" })
}

/** SOURCE: exact texts in the tests of realm-core and realm-js. */
export function refusedByRole(kind: WriteKind, decision: Extract<WriteDecision, { outcome: "refused" }>): PermissionError {
  const role = decision.role === undefined ? "" : ` (role \`${decision.role}\`)`
  const field = decision.field === undefined ? "" : ` at field \`${decision.field}\``
  return new PermissionError("NoMatchingRuleFound", `${kind} not permitted`, { reason: `${decision.because}${role}${field}` })
}

/** A hidden document stands in the way, under the setting that refuses then. */
export function refusedAsHidden(kind: WriteKind): PermissionError {
  return new PermissionError("NoMatchingRuleFound", `${kind} not permitted`, { reason: "the request touches a document the user may not see" })
}

export function refusedBySchema(kind: WriteKind, reason: string): PermissionError {
  return new PermissionError("SchemaValidationFailedWrite", `${kind} not permitted`, { reason })
}

/** Throws when a user's request names what only the system user may use. */
export function refuseDenied(denied: Denied): void {
  if (denied === undefined) return
  const { kind, name } = denied
  // SOURCE: the reply of the service to an operator it does not know; SDK tests look for this text.
  const text = kind === "operator" ? `unknown top level operator: ${name}` : `unknown ${kind}: ${name}`
  throw new RequestError("InvalidParameter", `${text} (only the system user may use it)`)
}

export function invalid(text: string): RequestError {
  return new RequestError("InvalidParameter", text)
}
