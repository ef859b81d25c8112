// What crosses the two walls: server ⇄ executor process (IPC) and executor ⇄ guest context (strings only).
// SECURITY: whatever comes from an executor is hostile input; it is checked for shape, size and ownership before use.
import type { Json } from "../kernel/index.ts"

/** How a function says under whose rights it runs; `inherit` takes those of the function that called it. */
export type RunAs = { readonly kind: "inherit" } | { readonly kind: "system" } | { readonly kind: "user"; readonly id: string } | { readonly kind: "script"; readonly source: string }

export interface GuestFunction { readonly name: string; readonly source: string; readonly runAs: RunAs }

/** The code of one app: its functions, and its packages as one bundled table (module name → CommonJS text). */
export interface AppCode {
  readonly functions: readonly GuestFunction[]
  readonly modules: { readonly [name: string]: string }
}

/** What the guest is told at the start of a request, as one JSON text. Values inside are canonical Extended JSON. */
export interface GuestStart {
  readonly function: string
  /** Extended JSON, one element a parameter. */
  readonly args: readonly Json[]
  /** `context.user`; absent parts as the specification of functions, section 3, says. */
  readonly user: Json
  readonly request: Json
  readonly app: Json
  readonly environment: Json
  /** Name → Extended JSON value; secrets included, they are the app's own. */
  readonly values: { readonly [name: string]: Json }
  /** Names of the data sources `context.services.get` knows. */
  readonly services: readonly string[]
  readonly httpServices: readonly string[]
  /** Unguessable tokens for the identities this request may use; the host accepts an identity by token only. */
  readonly identities: { readonly caller: string; readonly system: string; readonly users: { readonly [userId: string]: string } }
  readonly callerIsSystem: boolean
  readonly limits: { readonly executeDepth: number; readonly executions: number; readonly outstanding: number; readonly resultBytes: number }
  /** Milliseconds since 1970 of the host's clock at the start. */
  readonly now: number
  readonly errorText: "plain" | "json"
  /** Under whose rights the entry function runs: an identity token, and whether it is the system's. Absent: by its `RunAs`. */
  readonly entry?: { readonly identity: string; readonly system: boolean }
  /** The function gets a `response` as its second parameter; the result is then `{ result, response: { touched, statusCode, headers, body } }`. */
  readonly response?: boolean
  /** Service → database → collections, for `getDBNames` and `getCollectionNames`, which answer at once; only where some function asks. */
  readonly names?: { readonly [service: string]: { readonly [database: string]: readonly string[] } }
}

/** Functions of this prefix are identity scripts: the host may start them, `context.functions.execute` does not know them. */
export const scriptPrefix = "\u0000script:"

/** Host work a guest asks for asynchronously; collected in batches, one per microtask turn. */
export type GuestOperation =
  | { readonly id: number; readonly kind: "data"; readonly identity: string; readonly service: string; readonly database: string; readonly collection: string; readonly name: string; readonly args: Json; readonly session?: string }
  | { readonly id: number; readonly kind: "cursor"; readonly cursor: string; readonly name: "next" | "close" }
  | { readonly id: number; readonly kind: "session"; readonly identity: string; readonly service: string; readonly session: string; readonly name: "start" | "commit" | "abort" | "end" }
  /** With a service and an identity: a request of a legacy HTTP service, under its rules. */
  | { readonly id: number; readonly kind: "http"; readonly method: string; readonly args: Json; readonly through?: { readonly service: string; readonly identity: string } }
  | { readonly id: number; readonly kind: "script"; readonly name: string }
  /** Served by the executor: answered with `value: null` when due. Cancelled by itself when the call ends. */
  | { readonly id: number; readonly kind: "timer"; readonly milliseconds: number }
  /** Forgets a timer (`clearTimeout`); neither it nor the timer is answered afterwards. */
  | { readonly id: number; readonly kind: "timer-cancel"; readonly timer: number }

/** The answer to one operation. `value` is Extended JSON; `code` is an App Services error code. */
export type GuestAnswer =
  | { readonly id: number; readonly ok: true; readonly value: Json }
  /** `transient`: the transaction may be tried again as a whole. */
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string; readonly transient?: boolean }

/** A console line. The guest sends each line once: in a `log` message, or with its `end`. */
export interface LogLine { readonly level: "log" | "info" | "debug" | "warn" | "error"; readonly text: string }

/** How a request ended, as the guest reports it. The value is canonical Extended JSON text. */
export type GuestEnd =
  | { readonly ok: true; readonly result: string; readonly logs: readonly LogLine[] }
  | { readonly ok: false; readonly name: string; readonly message: string; readonly code: "FunctionExecutionError" | "FunctionInvalid" | "FunctionSyntaxError" | "InvalidParameter"; readonly stack: string; readonly logs: readonly LogLine[] }

/** Limits of one call; App Services' defaults are in runtime/limits.ts. */
export interface CallLimits {
  readonly wallMs: number
  readonly cpuMs: number
  readonly memoryMb: number
  readonly resultBytes: number
  readonly executeDepth: number
  readonly executions: number
  readonly outstandingOperations: number
}

/** Why a call was ended by force. */
export type TerminationReason = "wall-time" | "cpu-time" | "memory" | "never-settles" | "executor-lost"

/** How a call ended. Console lines are there in every case, also what a stopped call had still said. */
export type Outcome =
  | { readonly kind: "returned"; readonly result: string; readonly logs: readonly LogLine[]; readonly usage: Usage }
  | { readonly kind: "threw"; readonly error: { readonly name: string; readonly message: string; readonly code: string; readonly stack: string }; readonly logs: readonly LogLine[]; readonly usage: Usage }
  | { readonly kind: "terminated"; readonly reason: TerminationReason; readonly logs: readonly LogLine[]; readonly usage: Usage }
  /** Nothing ran. `too-many-requests`: queue of the app or of the user is full. `unavailable`: no executor can be had now (they keep dying, or the runtime is closing). */
  | { readonly kind: "refused"; readonly reason: "too-many-requests" | "unavailable"; readonly logs: readonly LogLine[]; readonly usage: Usage }

/**
 * What a call has used. The heap is that of its isolate when it was last looked at (every tenth of a second at most, and not in
 * the middle of a turn); calls that share an isolate share the figure.
 */
export interface Usage { readonly wallMs: number; readonly cpuMs: number; readonly heapBytes: number }

/**
 * Everything guest code can reach of the host, for one call. What is not listed here does not exist for it.
 * Asynchronous operations come in batches; each answer carries the id of its operation. A method never rejects.
 */
export interface Capabilities {
  /** Data, cursors, sessions, HTTP and identity scripts. Timers are served inside the executor and never arrive here. */
  perform(operations: readonly GuestOperation[], answer: (answers: readonly GuestAnswer[]) => void): void
  /** Called once when the call has ended, however it ended: closes cursors, aborts transactions. */
  release(): void
}

/**
 * The synchronous crossing, served inside the executor process itself (crypto, random bytes, text of a module):
 * one JSON text in, one JSON text out. It holds no secret and reaches no network.
 */
export type SyncRequest =
  | { readonly kind: "crypto"; readonly name: string; readonly args: readonly Json[] }
  | { readonly kind: "module"; readonly name: string }
  | { readonly kind: "random"; readonly bytes: number }
  | { readonly kind: "url"; readonly name: string; readonly args: readonly Json[] }
export type SyncAnswer = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly name: string; readonly message: string }

/**
 * The guest side, between runtime/guest (the prelude, plain JavaScript text evaluated in each context) and the executor.
 * The prelude is one function expression `(function (send, sync, loadFunction, loadModule) { …; return dispatch })`:
 *   send(text)         – one outbound function, returns nothing: JSON of `GuestOutbound`
 *   sync(text)         – synchronous outbound function: JSON of `SyncRequest` → JSON of `SyncAnswer`
 *   loadFunction(name) – the compiled wrapper `function (exports, context, require, console)` of an app function, compiled once an
 *                        isolate and named `functions/<name>.js`; a new closure a call, so call it again for each execution.
 *                        It returns `exports` as the file left it. Throws a SyntaxError with `code: "FunctionSyntaxError"` for a
 *                        file that does not parse, an Error with `code: "FunctionNotFound"` for a name that is not deployed.
 *   loadModule(name)   – the same for an entry of `AppCode.modules`: `function (exports, require, module)`.
 *   dispatch(text)     – the one inbound function: JSON of `GuestInbound`; never throws, returns nothing.
 * All five are functions of the guest's own realm. The prelude runs before any guest code, once a context, and not in the
 * time of a call: make it lazy. It must not leave promises or timers behind.
 *
 * A turn is one `dispatch` and the microtasks after it. The executor sees its end and then decides two things, so the
 * prelude need not: a promise rejected and unhandled at the end of a turn fails the call ("uncaught promise rejection: …"),
 * and a turn that ends without `end` and with no operation or timer outstanding is a promise that never settles.
 */
export type GuestInbound =
  /** `functions`: JSON text of a table name → {@link RunAs}, which only calls that execute another function read. */
  | { readonly kind: "start"; readonly start: GuestStart; readonly functions: string }
  | { readonly kind: "done"; readonly answers: readonly GuestAnswer[] }
export type GuestOutbound =
  | { readonly kind: "ops"; readonly ops: readonly GuestOperation[] }
  | { readonly kind: "log"; readonly lines: readonly LogLine[] }
  | { readonly kind: "end"; readonly end: GuestEnd }
  /** Not needed (see above); accepted as a hint that the promise never settles. */
  | { readonly kind: "stuck" }
