// The errors that reach a caller. Their `code` is App Services' `error_code`; server/http turns it into a status.
import { BackstitchError } from "../kernel/index.ts"

/** Codes App Services' clients know (client protocol, 1.4), as far as this server sends them, and a few of our own that they ignore. */
export type RequestErrorCode =
  | "APIKeyAlreadyExists" | "APIKeyNotFound" | "AccountNameInUse" | "AuthError" | "AuthProviderNotFound" | "BadRequest" | "DomainNotAllowed"
  | "ExecutionTimeLimitExceeded" | "FunctionExecutionError" | "FunctionInvalid" | "FunctionNotFound" | "FunctionSyntaxError" | "HTTPError"
  | "InternalServerError" | "InvalidParameter" | "InvalidPassword" | "InvalidSession" | "MissingAuthReq" | "MissingParameter" | "MongoDBError"
  | "NotCallable" | "RestrictedHost" | "ServiceNotFound" | "TooManyRequests" | "UserAlreadyConfirmed" | "UserDisabled" | "UserNotFound"
  | "UserpassTokenInvalid" | "AppNotFound" | "PayloadTooLarge" | "NotFound" | "OriginNotAllowed" | "EndpointNotFound"

/** The request cannot be served as it stands. The message is App Services' text where one is known. */
export class RequestError extends BackstitchError {
  override readonly name = "RequestError"
  readonly fault = "caller"
  readonly code: RequestErrorCode
  /** The HTTP status, where the code alone does not decide it. */
  readonly status: number | undefined

  constructor(code: RequestErrorCode, message: string, details: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause })
    this.code = code
    this.status = details.status
  }
}

export type PermissionErrorCode = "NoMatchingRuleFound" | "SchemaValidationFailedWrite"

/** Rules refuse the operation. The text is the bare one of App Services; the reason stays in `reason`, for the log and `explain` only. */
export class PermissionError extends BackstitchError {
  override readonly name = "PermissionError"
  readonly fault = "caller"
  readonly code: PermissionErrorCode
  readonly status: number
  /** SECURITY: never sent to a client; it may name fields and roles of hidden documents. Holds no document value. */
  readonly reason: string | undefined

  constructor(code: PermissionErrorCode, message: string, details: { readonly status?: number; readonly reason?: string } = {}) {
    super(message)
    this.code = code
    this.status = details.status ?? 400
    this.reason = details.reason
  }
}

export type ConfigErrorCode = "app-not-found" | "app-refused" | "address-unusable" | "data-unusable" | "database-unreachable" | "option-invalid"

/** The server cannot start as it was told to. Each message is one line for the person who started it. */
export class ConfigError extends BackstitchError {
  override readonly name = "ConfigError"
  readonly fault = "app"
  readonly code: ConfigErrorCode

  constructor(code: ConfigErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The refusal of a refresh token whose session has ended or is not known. SOURCE: specification of users, 3.5: realm-web's `logOut` passes over an error with these words. */
export function noSession(): RequestError {
  return new RequestError("InvalidSession", "invalid session: failed to find refresh token")
}
