/** Whose fault an error is: the app's configuration, the caller's request, guest code, or this server. */
export type Fault = "app" | "caller" | "guest" | "server"

/**
 * The base of every error this project raises on purpose.
 *
 * `code` is stable and part of the public interface; `message` is for people and tests never depend on it.
 * Messages never hold a token, a secret or a document value.
 */
export abstract class BackstitchError extends Error {
  abstract readonly code: string
  abstract readonly fault: Fault
}

/** A fault of our own or of a dependency that is away: the caller can only try again. */
export class InternalError extends BackstitchError {
  override readonly name = "InternalError"
  readonly fault = "server"
  readonly code: InternalErrorCode

  constructor(code: InternalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** `unavailable`: a dependency is away, try again; `unsupported`: the store cannot do this; `internal`: a bug. */
export type InternalErrorCode = "unavailable" | "unsupported" | "internal"
