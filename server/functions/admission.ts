// May this caller call this function? `can_evaluate`, compiled once when the app is deployed.
import type { Document, Value } from "../../kernel/index.ts"
import { bind, compile, createCallTable, parseExpression, type Expression, type Problems } from "../../engine/expressions/index.ts"
import type { AppFunction } from "../app/index.ts"

/** What `can_evaluate` may look at. */
export interface AdmissionScope {
  readonly user: Document
  readonly request: Document
  readonly values: Document
  readonly environment: Document
  /** The list of a function's arguments; the settings of a service's request; an endpoint has none. */
  readonly args: readonly Value[] | Document | undefined
  /** The value of a `%function`; rejecting makes the call fail. */
  callFunction(name: string, args: readonly Value[]): Promise<Value>
}

/** Distinct calls of one decision. SOURCE: specification of rules, 3.2. */
const mostCalls = 1_000

/** The rule of one function, endpoint or service. */
export class Admission {
  readonly #expression: Expression | undefined

  /** An expression with errors admits nobody. */
  constructor(each: Pick<AppFunction, "canEvaluate">) {
    const raw = each.canEvaluate.raw
    const isOpen = raw === undefined || raw === null || (typeof raw === "object" && !Array.isArray(raw) && Object.keys(raw).length === 0)
    const problems: Problems = { errors: [], warnings: [] }
    this.#expression = isOpen ? undefined : parseExpression(raw, { context: "call", problems })
    this.#broken = problems.errors.length > 0
  }
  readonly #broken: boolean

  /** Whether every caller is admitted, without looking. */
  get isOpen(): boolean {
    return this.#expression === undefined
  }

  /** Only `true` admits. */
  async admits(scope: AdmissionScope): Promise<boolean> {
    if (this.#expression === undefined) return true
    if (this.#broken) return false
    const calls = createCallTable()
    const predicate = compile(bind(this.#expression, { user: scope.user, request: scope.request, values: scope.values, environment: scope.environment, ...(scope.args === undefined ? {} : { args: scope.args as Value }) }, calls))
    for (;;) {
      const result = predicate({})
      const wanted = calls.takeWanted()
      if (result !== undefined || wanted.length === 0 || calls.answered() > mostCalls) return result === true
      await Promise.all(wanted.map(async (call) => {
        const value = await scope.callFunction(call.name, call.args).catch(() => undefined)
        calls.answer(call, value === undefined ? { state: "failed" } : { state: "value", value })
      }))
    }
  }
}
