// What the query language asks of others. Aggregation fills these hooks; nothing here imports it.
import type { Document, Value } from "../../../kernel/index.ts"

/** Evaluates aggregation expressions and update pipelines for `$expr`, computed projections and pipeline updates. */
export interface ExpressionHook {
  /**
   * The value of an expression over a document; `undefined` when it is missing. `variables` holds `NOW` and whatever the
   * request's `let` gave; `$$ROOT` and `$$CURRENT` are the document. Throws `StoreError` for what MongoDB refuses.
   */
  evaluateExpression(expression: Value, document: Document, variables: Document): Value
  /** The document after the stages of an update pipeline. The given document is not changed. `_id` is checked by the caller. */
  runUpdatePipeline(pipeline: readonly Document[], document: Document, variables: Document): Document
  /** The same, compiled and checked once. Where it is there, it is used instead of the two above. */
  compileExpression?(expression: Value, variables: Document): (document: Document) => Value
  /** The same for an update pipeline. */
  compileUpdatePipeline?(pipeline: readonly Document[], variables: Document): (document: Document) => Document
  /** Refuses an expression that can never be evaluated, before any document is seen. */
  checkExpression?(expression: Value): void
  /** Refuses an update pipeline that can never run, before any document is seen. */
  checkUpdatePipeline?(pipeline: readonly Document[]): void
}

/** What every compiler of this folder may be given. */
export interface LanguageOptions {
  /** Without it `$expr`, computed projections and pipeline updates are refused as unsupported. */
  readonly evaluate?: ExpressionHook
  /** Variables of the request, read as `$$name`; `NOW` is added where it is absent. */
  readonly variables?: Document
}
