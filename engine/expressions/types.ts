// What the parser makes of a rule expression, and what its readers need. See docs/engine.md and the specification of rules.
import { BackstitchError, type Document, type JsonPointer, type Value } from "../../kernel/index.ts"

/** Where an expression stands; it decides which expansions are known and what a bare key means (specification 2.4). */
export type ExpressionContext = "role" | "field" | "validate" | "filter" | "query" | "call"

export type ExpressionErrorCode =
  | "unknown-operator" | "unknown-expansion" | "expansion-not-available" | "bad-path" | "too-deep" | "wrong-operand"
  | "unknown-key" | "conflicting-keys" | "bad-field-name"

/** The app's rules cannot be compiled. Raised when the app is loaded, never while serving a request. */
export class ExpressionError extends BackstitchError {
  override readonly name = "ExpressionError"
  readonly fault = "app"
  readonly code: ExpressionErrorCode
  readonly path: JsonPointer

  constructor(code: ExpressionErrorCode, path: JsonPointer, detail: string) {
    super(`Cannot compile expression at ${path === "" ? "the root" : path}: ${detail}`)
    this.code = code
    this.path = path
  }
}

/** A remark about a rule that loads but will not do what its author may expect. */
export interface RuleWarning { readonly code: string; readonly path: JsonPointer; readonly message: string }

/** Collects every problem of one file, so that all are reported at once. */
export interface Problems {
  readonly errors: ExpressionError[]
  readonly warnings: RuleWarning[]
}

/** The three results of an expression (specification 3.1); only `true` grants. `undefined` is "undetermined". */
export type Ternary = true | false | undefined

/** What is known before a document is read. An absent key is a missing value. */
export interface KnownScope {
  /** `{ id, type, data, custom_data, identities }`, or absent for work without a user. */
  readonly user?: Document
  readonly values?: Document
  readonly environment?: Document
  readonly request?: Document
  /** For call rules: the list of arguments of a function, or the documented argument object of a service. */
  readonly args?: Value
}

/** What depends on the document. A key that is absent is a missing value (an insert has no `prevRoot`). */
export interface DocumentScope {
  readonly root?: Document
  readonly prevRoot?: Document
  readonly this?: Value
  readonly prev?: Value
}

/** The answer to a `%function`: not asked yet, failed (throws, unknown, undefined result), or a value. */
export type CallResult = { readonly state: "wanted" } | { readonly state: "failed" } | { readonly state: "value"; readonly value: Value }

/**
 * The calls of `%function` made so far in one request. The engine never waits: it evaluates with what is here,
 * a call that is not here is undetermined and noted in `wanted`; the caller makes the wanted calls and evaluates again
 * only if the result was undetermined.
 */
export interface CallTable {
  result(name: string, args: readonly Value[]): CallResult
}

/** A compiled expression: one question, to be put to many documents. Cannot throw. */
export type Predicate = (scope: DocumentScope) => Ternary

/** The same over documents as they are stored, each of which stands for both images. */
export type StoredPredicate = (document: Document) => Ternary

/**
 * What the database can decide of an expression: a MongoDB predicate that admits at least the documents for which the
 * expression is true; `exact` when it admits no others; `"none"` when no document can match.
 */
export interface Pushed { readonly query: Document | "none"; readonly exact: boolean }
