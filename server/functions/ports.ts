// What the functions service is given and what it promises.
import type { Clock, Document, Json, Value } from "../../kernel/index.ts"
import type { AppCode, CallLimits, CallRequest, LogLine, Outcome } from "../../runtime/index.ts"
import type { AppModel, AppValue, RuleSource } from "../app/index.ts"
import type { Caller, DataService, RuleFunctions } from "../data/index.ts"
import type { HttpTransport } from "./http-transport.ts"

/** The part of the runtime that calls go through. */
export interface GuestRuntime {
  deploy(app: string, code: AppCode): Promise<{ readonly problems: readonly { readonly name: string; readonly problem: string }[] }>
  remove(app: string): Promise<void>
  call(request: CallRequest): Promise<Outcome>
}

/** Who asks for a function. `user` is `context.user`: `{ id, type, data, custom_data, identities }`. */
export type FunctionCaller =
  | { readonly kind: "user"; readonly user: Document; readonly request: Document }
  /** Nobody: a trigger, a webhook, the server itself. */
  | { readonly kind: "system"; readonly request?: Document }

/** By what road a call comes; it decides about `private` and `can_evaluate`, and the type of the log entry. */
export type Via =
  | "client" | "endpoint" | "webhook" | "database-trigger" | "authentication-trigger" | "scheduled-trigger" | "rule" | "authentication" | "administrator"

export interface CallOptions {
  readonly via: Via
  /** The function gets a `response` as its second parameter, and the result tells what it did to it. */
  readonly response?: boolean
  /** What the log entry shall say besides. */
  readonly logFields?: Document
  /** A further `can_evaluate` that must hold: an endpoint's own. */
  readonly rule?: RuleSource | undefined
  /** False: users that functions of this call run as have no custom data, and none is read. SOURCE: specification of users, 1.6. */
  readonly customData?: boolean
  /** How many rule functions deep the call is. */
  readonly ruleDepth?: number
}

/** What an endpoint function left: its result as Extended JSON text, and what it did to `response`. */
export interface EndpointResult {
  readonly result: string
  readonly response: { readonly touched: boolean; readonly statusCode: number | undefined; readonly headers: readonly (readonly [string, readonly string[]])[]; readonly body: string | Uint8Array | undefined }
}

/** The functions of one deployed app. Methods reject with `RequestError`. */
export interface Functions extends RuleFunctions {
  /**
   * Calls a function with arguments as they came: Extended JSON, a list. Resolves to the result as canonical Extended JSON text.
   * `args` is `unknown` because it is checked here: not a list or malformed is `InvalidParameter`. Long ones may be `RawArguments`.
   */
  run(name: string, args: unknown, caller: FunctionCaller, options: CallOptions): Promise<string>
  /** As {@link Functions.run}, with values in and out. */
  runWithValues(name: string, args: readonly Value[], caller: FunctionCaller, options: CallOptions): Promise<Value>
  /**
   * Runs an endpoint's or webhook's function with `(request, response)`. `answer` makes something of what it left before the
   * call is logged: what it throws is how the call ended.
   */
  runEndpoint<Answer>(name: string, request: Document, caller: FunctionCaller, options: Omit<CallOptions, "response">, answer: (result: EndpointResult) => Answer): Promise<Answer>
  /** Whether there is a function of this name. */
  has(name: string): boolean
  /** Files that cannot be compiled and packages that cannot be bundled, found when the app was deployed. */
  readonly problems: readonly { readonly name: string; readonly problem: string }[]
  /** Takes the functions out of the runtime; resolves when the last call has ended. A later deployment of the same app needs no close before it. */
  close(): Promise<void>
}

export interface FunctionSettings {
  readonly limits: Partial<CallLimits>
  /** Limits of single functions, over those of the app. */
  readonly functionLimits: Readonly<Record<string, Partial<CallLimits>>>
  readonly errorText: "plain" | "json"
  /** Hosts that `context.http` may reach although their addresses are private: `name` or `name:port`. */
  readonly openHosts: readonly string[]
  readonly httpResponseBytes: number
  readonly packages: Partial<PackageLimits>
}

/** Limits of bundling an app's packages when it is deployed. */
export interface PackageLimits {
  readonly bundleMs: number
  readonly bundleMemoryMb: number
  /** All bundles of the app together. */
  readonly bundleBytes: number
  /** An archive of `node_modules`, as it is. */
  readonly archiveBytes: number
}

export interface FunctionsOptions {
  readonly app: AppModel
  /** Keeps this deployment's code apart from others of the same app, so that each can be closed for itself. */
  readonly deployment?: string
  readonly runtime: GuestRuntime
  readonly data: DataService
  /** `context.user` of an account that exists and may log in; null otherwise. With `customData: false` its custom data is empty and not read. */
  readonly userLookup: (userId: string, options?: { readonly customData: boolean }) => Promise<Document | null>
  /** What `context.values.get` gives: the value, or the secret's text; undefined hides the name. */
  readonly resolveValue: (value: AppValue) => Value
  readonly settings?: Partial<FunctionSettings>
  readonly clock?: Clock
  readonly log?: (entry: FunctionLogEntry) => void
  readonly httpTransport?: HttpTransport
  /** `context.app.hostingUri` and the time of the deployment. */
  readonly hostingUri?: string
  readonly deployedAt?: Date
}

/** One entry of the app's log; names as in App Services (admin specification, 6.4). No secret and no token is in it. */
export interface FunctionLogEntry {
  readonly type: "FUNCTION" | "SERVICE_FUNCTION" | "ENDPOINT" | "WEBHOOK" | "DB_TRIGGER" | "AUTH_TRIGGER" | "SCHEDULED_TRIGGER"
  readonly started: Date
  readonly completed: Date
  readonly status: number
  readonly user_id: string | undefined
  readonly remote_ip_address: string | undefined
  readonly function_id: string | undefined
  readonly function_name: string
  readonly function_call: { readonly name: string; readonly arguments?: readonly Json[]; readonly service: "" }
  readonly messages: readonly LogLine[]
  readonly error_logs: readonly string[]
  readonly mem_time_usage: number
  readonly error?: string
  readonly error_code?: string
  readonly stack?: string
  readonly [field: string]: unknown
}

/** Whose rights an identity token stands for; made when first needed. */
export type IdentityOwner = () => Promise<Caller>
