// One operation of one user on one collection: its rules bound, and the calls its rules have made.
import { applyFilters, bindRules, CallsWanted, createCallTable, type AppliedFilters, type BoundRules, type CallLedger, type EffectiveRules, type KnownScope } from "../../engine/index.ts"
import { InternalError, type Value } from "../../kernel/index.ts"
import { PermissionError, RequestError } from "../errors.ts"
import { finishing } from "./cursor.ts"
import type { DataLog, DataLogEntry } from "./log.ts"
import { createMetrics, type MetricsCounter } from "./metrics.ts"
import { invalid, noRule } from "./refusals.ts"
import type { CollectionSchema } from "./schema.ts"
import type { Caller, RuleFunctions } from "./service.ts"
import type { DataSettings } from "./settings.ts"
import type { Cursor, Namespace, Store } from "./store.ts"

/** What the guard knows of a collection and of the user before an operation. */
export interface UserCollection {
  readonly store: Store
  readonly namespace: Namespace
  readonly caller: Caller
  /** Undefined: no roles serve this namespace. */
  readonly rules: EffectiveRules | undefined
  readonly schema: CollectionSchema | undefined
  readonly known: KnownScope
  readonly functions: RuleFunctions
  readonly settings: DataSettings
  readonly newId: () => Value
  readonly log: DataLog | undefined
  /** The store is the view of a transaction already. */
  readonly inTransaction: boolean
}

/** A request under rules. */
export interface RuleRequest extends UserCollection {
  readonly calls: CallLedger
  readonly bound: BoundRules
  /**
   * Puts a question to the rules. If it hangs on values of `%function`, they are called and the question is put again;
   * only then is the answer a promise.
   */
  decide<Answer>(question: (rules: BoundRules) => Answer): Answer | Promise<Answer>
  /** The filters that apply, decided once per request. */
  filters(): AppliedFilters | Promise<AppliedFilters>
  readonly metrics: MetricsCounter
  /** Caps a cursor and logs the request when it ends; `role` is that of every document, where the user alone decides it. */
  finish(operation: string, cursor: Cursor, cap: number, role?: string): Cursor
  /** Logs the request. */
  logged(operation: string, more?: Pick<DataLogEntry, "counts" | "truncatedAt" | "refused">): void
}

/** Opens a request. Throws where no rules serve the namespace. */
export function openRequest(collection: UserCollection): RuleRequest {
  if (collection.rules === undefined) throw noRule(collection.namespace)
  const calls = createCallTable()
  const bound = bindRules(collection.rules, collection.known, calls, collection.settings.rules)
  let filters: AppliedFilters | Promise<AppliedFilters> | undefined
  const decide = <Answer>(question: (rules: BoundRules) => Answer): Answer | Promise<Answer> => {
    try {
      return question(bound)
    } catch (error) {
      return decideLater(collection, bound, question, error)
    }
  }
  const metrics = createMetrics()
  const logged: RuleRequest["logged"] = (operation, more = {}) => collection.log?.({ operation, namespace: collection.namespace, metrics: metrics.total(), ...more })
  return {
    ...collection, calls, bound, decide, metrics, logged,
    finish(operation, cursor, cap, role) {
      if (cap === 0 && collection.log === undefined) return cursor
      return finishing(cursor, cap, (given, cut) => {
        if (role !== undefined) metrics.assign(role, given)
        logged(operation, cut ? { truncatedAt: cap } : {})
      })
    },
    filters() {
      filters ??= decide(applyFilters)
      return filters instanceof Promise ? filters.then(withoutConflict) : withoutConflict(filters)
    },
  }
}

function withoutConflict(filters: AppliedFilters): AppliedFilters {
  if (filters.conflict) throw invalid("the projections of filters include and exclude fields")
  return filters
}

/** Opens a request, does the work of a write, and logs it: also when rules refuse it, since the client is not told why. */
export async function runWrite<Result>(collection: UserCollection, operation: string, work: (request: RuleRequest) => Promise<Result>, more?: (result: Result) => Pick<DataLogEntry, "counts">): Promise<Result> {
  const request = openRequest(collection)
  try {
    const result = await work(request)
    request.logged(operation, more?.(result))
    return result
  } catch (error) {
    if (error instanceof PermissionError) request.logged(operation, { refused: { code: error.code, reason: error.reason } })
    throw error
  }
}

/** The same request on another view of the store, such as a transaction. */
export function onStore(request: RuleRequest, store: Store): RuleRequest {
  return { ...request, store }
}

async function decideLater<Answer>(collection: UserCollection, bound: BoundRules, question: (rules: BoundRules) => Answer, reason: unknown): Promise<Answer> {
  if (!(reason instanceof CallsWanted)) throw reason
  await makeCalls(collection, bound)
  try {
    return question(bound)
  } catch (error) {
    return decideLater(collection, bound, question, error)
  }
}

async function makeCalls({ caller, functions, settings }: UserCollection, { calls }: BoundRules): Promise<void> {
  const wanted = calls.takeWanted()
  if (wanted.length === 0) throw new InternalError("internal", "a rule waits for a function call that nobody asked for")
  if (calls.answered() + wanted.length > settings.maxRuleCalls) {
    throw new RequestError("InvalidParameter", `the rules of this request need more than ${settings.maxRuleCalls} function calls`)
  }
  const depth = caller.ruleDepth ?? 0
  await Promise.all(wanted.map(async (call) => {
    // A rule that calls a function that reads under the same rule does not end: beyond the depth it is undetermined.
    if (depth >= settings.maxRuleDepth) return calls.answer(call, { state: "failed" })
    try {
      const value = await functions.call(call.name, call.args, { ...caller, ruleDepth: depth + 1 })
      calls.answer(call, value === undefined ? { state: "failed" } : { state: "value", value })
    } catch {
      // A function that fails makes the rule undetermined, which grants nothing; the function service logs why.
      calls.answer(call, { state: "failed" })
    }
  }))
}
