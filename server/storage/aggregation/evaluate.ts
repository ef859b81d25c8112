// What expressions are once compiled, what they may read, and how much work one document may cause.
import type { Document, Value } from "../../../kernel/index.ts"
import { badRequest } from "../language/index.ts"

/** The value of an expression over a document; undefined where it is missing. */
export type Evaluate = (root: Document) => Value

/** Where the value of a variable stands while it is bound. Evaluation is synchronous, so one place for each binding is enough. */
export interface Cell { value: Value }

/** Counts the work of expressions that can do much of it for one document. */
export class Meter {
  /** Ever growing; whoever wants to know what something cost compares two readings. */
  spent = 0
  #most = mostWork
  #calls = 0
  #began: number | undefined

  /** Begins the work on another document. */
  begin(): void {
    this.#most = this.spent + mostWork
    this.#calls = 0
    this.#began = undefined
  }

  /** Counts units of work: elements walked over, characters copied. Throws `StoreError` when one document has caused too much. */
  spend(units: number): void {
    this.spent += units
    if (this.spent > this.#most) throw badRequest("Cannot evaluate: an expression takes too much work for one document", 146)
    this.#calls += 1
    if ((this.#calls & 63) === 0) this.#checkClock()
  }

  /** What units do not tell (comparing large documents, say) the clock does. */
  #checkClock(): void {
    const now = performance.now()
    this.#began ??= now
    if (now - this.#began > mostMilliseconds) throw badRequest("Cannot evaluate: an expression takes too long for one document", 50)
  }
}

// SECURITY: expressions come from clients and run on the server's one thread; nested `$map` over `$range` would never end.
const mostWork = 4_000_000
const mostMilliseconds = 1500

/** No list an expression makes is longer, no text larger: they would not fit into a document of 16 MB. */
export const mostElements = 2_000_000
export const mostCharacters = 16 * 1024 * 1024

/** What an expression is compiled in. */
export interface Scope {
  readonly cells: ReadonlyMap<string, Cell>
  readonly meter: Meter
  readonly depth: number
}

/** A scope with nothing but the variables of a request in it. */
export function rootScope(variables: Document, meter = new Meter()): Scope {
  const cells = new Map<string, Cell>()
  for (const name of Object.keys(variables)) cells.set(name, { value: variables[name] })
  return { cells, meter, depth: 0 }
}

/** A scope with further variables, each in a place of its own. */
export function withCells(scope: Scope, added: Iterable<readonly [string, Cell]>): Scope {
  const cells = new Map(scope.cells)
  for (const [name, cell] of added) cells.set(name, cell)
  return { ...scope, cells }
}

const constants = new WeakMap<Evaluate, { readonly value: Value }>()

/** An expression that is always the same value. */
export function constant(value: Value): Evaluate {
  const evaluate = (): Value => value
  constants.set(evaluate, { value })
  return evaluate
}

/** The value of an expression that is always the same; undefined for any other expression. */
export function constantValue(evaluate: Evaluate): { readonly value: Value } | undefined {
  return constants.get(evaluate)
}

/** Computes at once what depends on constants alone; what fails then fails when it is evaluated. */
export function folded(evaluate: Evaluate, of: readonly Evaluate[]): Evaluate {
  if (!of.every((part) => constants.has(part))) return evaluate
  try {
    return constant(evaluate({}))
  } catch {
    return evaluate
  }
}

/** Whether a value is null or missing. */
export function isNullish(value: Value): value is null | undefined {
  return value === null || value === undefined
}
