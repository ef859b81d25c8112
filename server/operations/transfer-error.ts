import { BackstitchError } from "../../kernel/index.ts"

/**
 * `dump-invalid`: a line cannot be read, or the dump is not whole; `target-not-empty`; `state-closed`: the server's own databases
 * were not asked for; `cannot-be-spelt`: a document has no Extended JSON; `write-refused`: the target refused a document or index.
 */
export type TransferErrorCode = "dump-invalid" | "target-not-empty" | "state-closed" | "cannot-be-spelt" | "write-refused"

/** Data cannot be dumped, restored or copied. One line for the person who asked; it holds no document value. */
export class TransferError extends BackstitchError {
  override readonly name = "TransferError"
  readonly fault = "caller"
  readonly code: TransferErrorCode
  /** The line of the dump, counted from 1, where it is one line's fault. */
  readonly line: number | undefined

  constructor(code: TransferErrorCode, message: string, details: { readonly line?: number; readonly cause?: unknown } = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause })
    this.code = code
    this.line = details.line
  }
}
