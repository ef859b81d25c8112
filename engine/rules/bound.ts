// Rules for one request: everything known before the documents is bound, each expression is compiled when first asked.
import type { Document } from "../../kernel/index.ts"
import {
  bind, compile, compileStored, toDatabaseQuery, toQuery, type BoundExpression, type CallLedger, type CallTable, type DocumentScope, type Expression, type KnownScope, type Predicate, type Pushed, type StoredPredicate, type Ternary,
} from "../expressions/index.ts"
import type { RuleSettings } from "./settings.ts"
import type { FieldPermission, FieldRule, FieldRules, Filter, Role, Rules } from "./types.ts"

/**
 * A decision hangs on a `%function` whose value is not known yet: the caller makes the wanted calls of the request's
 * {@link CallLedger} and decides again. Leaves a decision by being thrown, so that
 * nothing is decided halfway.
 */
export class CallsWanted extends Error {
  override readonly name = "CallsWanted"
}

/** Whether a permission is true for a document. Undetermined is not true. Throws {@link CallsWanted}. */
export interface Question {
  of(scope: DocumentScope): boolean
  /** Of a document as it is stored, which stands for both images. */
  ofStored(document: Document): boolean
  /** The answer, where the user alone decides it; undefined where it hangs on the document or on a call. */
  always(): boolean | undefined
}

export interface BoundPermission { readonly read: Question | undefined; readonly write: Question | undefined }
export interface BoundEntry extends BoundPermission { readonly fields: ReadonlyMap<string, BoundEntry> | undefined }

export interface BoundRole extends BoundPermission {
  readonly role: Role
  readonly applies: Question
  readonly gate: BoundPermission | undefined
  readonly insert: Question | undefined
  readonly delete: Question | undefined
  readonly fields: ReadonlyMap<string, BoundEntry> | undefined
  readonly additionalFields: BoundEntry | undefined
}

export interface BoundRules {
  readonly roles: readonly BoundRole[]
  readonly filters: readonly Filter[]
  readonly settings: RuleSettings
  readonly known: KnownScope
  readonly calls: CallLedger
  /** The calls as evaluations see them. */
  readonly table: CallTable
  /** The part of an expression that a query can decide. Throws {@link CallsWanted} where a call with known arguments would decide it. */
  pushed(expression: Expression): Pushed
  /** The same for the query of a filter, where the database has the last word. */
  pushedAsFilter(expression: Expression): Pushed
  /** The three-valued result of an expression over no document. Throws {@link CallsWanted}. */
  decide(expression: Expression): Ternary
  /** Runs another evaluation that may want calls, and throws {@link CallsWanted} when it wanted some and was not decided without. */
  evaluate<Result>(work: () => Result, isDecided: (result: Result) => boolean): Result
}

/** Binds what is known before a document is read. Cheap: nothing is compiled until it is asked. */
export function bindRules(rules: Pick<Rules, "roles" | "filters">, known: KnownScope, calls: CallLedger, settings: RuleSettings): BoundRules {
  let wanted = 0
  const table: CallTable = {
    result(name, args) {
      const result = calls.result(name, args)
      if (result.state === "wanted") wanted += 1
      return result
    },
  }
  /** After an evaluation that wanted calls: they are made, unless it was decided without. */
  const settle = (isDecided: boolean): void => {
    if (!isDecided) throw new CallsWanted()
    calls.takeWanted()
  }
  const evaluate: BoundRules["evaluate"] = (work, isDecided) => {
    const before = wanted
    const result = work()
    if (wanted !== before) settle(isDecided(result))
    return result
  }
  const ask = (expression: Expression): Question => {
    let bound: BoundExpression | undefined
    let predicate: Predicate | undefined
    let stored: StoredPredicate | undefined
    return {
      always() {
        bound ??= bind(expression, known, table)
        return bound.root.kind === "constant" ? bound.root.value === true : undefined
      },
      of(scope) {
        predicate ??= compile((bound ??= bind(expression, known, table)))
        const before = wanted
        const result = predicate(scope)
        if (wanted !== before) settle(result !== undefined)
        return result === true
      },
      ofStored(document) {
        stored ??= compileStored((bound ??= bind(expression, known, table)))
        const before = wanted
        const result = stored(document)
        if (wanted !== before) settle(result !== undefined)
        return result === true
      },
    }
  }
  const question = (expression: Expression | undefined): Question | undefined => (expression === undefined ? undefined : ask(expression))
  const permission = (of: FieldPermission): BoundPermission => ({ read: question(of.read), write: question(of.write) })
  const entry = (of: FieldRule): BoundEntry => ({ read: question(of.read), write: question(of.write), fields: entries(of.fields) })
  const entries = (of: FieldRules | undefined): ReadonlyMap<string, BoundEntry> | undefined => (of === undefined ? undefined : new Map([...of].map(([name, rule]) => [name, entry(rule)])))
  const bindRole = (role: Role): BoundRole => ({
    role,
    applies: ask(role.applyWhen ?? never),
    gate: role.documentFilters === undefined ? undefined : permission(role.documentFilters),
    ...permission(role),
    insert: question(role.insert),
    delete: question(role.delete),
    fields: entries(role.fields),
    additionalFields: role.additionalFields === undefined ? undefined : { ...permission(role.additionalFields), fields: undefined },
  })
  return {
    roles: rules.roles.map(bindRole),
    filters: rules.filters,
    settings, known, calls, table,
    evaluate,
    pushed: (expression) => evaluate(() => toQuery(bind(expression, known, table)), ({ exact }) => exact),
    pushedAsFilter: (expression) => evaluate(() => toDatabaseQuery(bind(expression, known, table)), ({ exact }) => exact),
    decide: (expression) => evaluate(() => compile(bind(expression, known, table))(noDocument), (result) => result !== undefined),
  }
}

const never: Expression = { kind: "constant", value: false }
const noDocument: DocumentScope = {}

/** Whether a role has any permission by field, nested or additional. */
export function hasFieldPermissions({ fields, additionalFields }: BoundRole): boolean {
  return fields !== undefined || additionalFields !== undefined
}

/** The permission of a top-level field: its own entry, else that of additional fields. */
export function entryOf(role: BoundRole, field: string): BoundEntry | undefined {
  return role.fields?.get(field) ?? role.additionalFields
}

/** `T(x)` of the specification: defined and true. */
export function holds(question: Question | undefined, scope: DocumentScope): boolean {
  return question !== undefined && question.of(scope)
}

/** `T(x)` for a document as it is stored. */
export function holdsStored(question: Question | undefined, document: Document): boolean {
  return question !== undefined && question.ofStored(document)
}

/** The scope of a read or deletion: the stored document stands for both images. */
export function storedScope(document: Document): DocumentScope {
  return { root: document, prevRoot: document }
}
