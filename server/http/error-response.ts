// The one place where an error becomes a status and a body. See the client protocol, 1.4, and the tables of its neighbours.
import { BackstitchError, EjsonError } from "../../kernel/index.ts"
import { StoreError } from "../data/index.ts"
import { PermissionError, RequestError, type RequestErrorCode } from "../errors.ts"

/** What a client gets. `error` is for people; `error_code` is one of the codes its SDK knows. */
export interface ErrorReply {
  readonly status: number
  readonly body: { readonly error: string; readonly error_code: string; readonly link?: string }
  readonly headers: Readonly<Record<string, string>>
}

const statusOf: Record<RequestErrorCode, number> = {
  APIKeyAlreadyExists: 409, APIKeyNotFound: 404, AccountNameInUse: 409, AppNotFound: 404, AuthError: 401, AuthProviderNotFound: 401, BadRequest: 400,
  DomainNotAllowed: 401, EndpointNotFound: 404, ExecutionTimeLimitExceeded: 408, FunctionExecutionError: 400, FunctionInvalid: 400, FunctionNotFound: 404,
  FunctionSyntaxError: 400, HTTPError: 400, InternalServerError: 500, InvalidParameter: 400, InvalidPassword: 401, InvalidSession: 401,
  MissingAuthReq: 401, MissingParameter: 400, MongoDBError: 400, NotCallable: 403, NotFound: 404, OriginNotAllowed: 403, PayloadTooLarge: 413,
  RestrictedHost: 400, ServiceNotFound: 400, TooManyRequests: 429, UserAlreadyConfirmed: 400, UserDisabled: 401, UserNotFound: 404, UserpassTokenInvalid: 400,
}

/** Turns whatever a handler threw into a reply. Unknown errors are ours: 500 without their text. */
export function errorReply(error: unknown, link?: string): ErrorReply {
  if (error instanceof RequestError) {
    const status = error.status ?? statusOf[error.code]
    return reply(status, error.message, error.code, link)
  }
  if (error instanceof PermissionError) return reply(error.status, error.message, error.code, link)
  if (error instanceof StoreError) {
    if (error.fault === "server") return reply(503, "the database cannot be reached", "InternalServerError", link)
    return reply(error.code === "unsupported" ? 501 : 400, error.message, "MongoDBError", link)
  }
  if (error instanceof EjsonError) return reply(400, error.message, "InvalidParameter", link)
  if (error instanceof BackstitchError && error.fault === "server") {
    return reply(error.code === "unavailable" ? 503 : 500, "internal server error", "InternalServerError", link)
  }
  const http = httpFault(error)
  if (http !== undefined) return reply(http.status, http.message, http.code, link)
  return reply(500, "internal server error", "InternalServerError", link)
}

function reply(status: number, error: string, code: string, link: string | undefined): ErrorReply {
  const headers: Record<string, string> = status === 503 ? { "retry-after": "1" } : {}
  return { status, body: { error, error_code: code, ...(link === undefined ? {} : { link }) }, headers }
}

/** Errors of the HTTP library itself that are the caller's fault. */
function httpFault(error: unknown): { status: number; message: string; code: RequestErrorCode } | undefined {
  const { statusCode, code } = (typeof error === "object" && error !== null ? error : {}) as { statusCode?: unknown; code?: unknown }
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE" || statusCode === 413) return { status: 413, message: "request body is too large", code: "PayloadTooLarge" }
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500) return { status: statusCode, message: "bad request", code: "BadRequest" }
  return undefined
}
