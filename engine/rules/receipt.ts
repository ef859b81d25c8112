// What the rules make of a request before any document is seen: for the author of the rules, since it holds values of tokens.
import type { Document, JsonPointer } from "../../kernel/index.ts"
import { bind, leftOver, type Expression, type LeftOver, type Ternary } from "../expressions/index.ts"
import type { BoundRules } from "./bound.ts"
import { resolveFilterQuery } from "./resolve-filter-query.ts"
import { pushAssigned, pushVisible } from "./push-down.ts"
import type { FieldPermission, Role } from "./types.ts"

/** One permission of a role: what of it the database is asked, and what is judged per document. */
export interface ReceiptPart { readonly name: string; readonly pushed: Document | "none"; readonly exact: boolean; readonly leftOver: readonly LeftOver[] }

export interface ReceiptRole {
  readonly role: string
  readonly pointer: JsonPointer
  readonly parts: readonly ReceiptPart[]
  /** Its field permissions are applied to each document. */
  readonly cutsFields: boolean
}

export interface ReceiptFilter { readonly name: string; readonly applies: Ternary; readonly query: Document | "none" | undefined; readonly projection: Document | undefined }

export interface RulesReceipt {
  readonly filters: readonly ReceiptFilter[]
  readonly roles: readonly ReceiptRole[]
  /** Every document the roles make visible, or, for a write, speak of: as one query. */
  readonly query: Document | "none"
  /** The query admits no other document: the database may skip, limit, sort and count. */
  readonly exact: boolean
  /** Nothing is cut from what it admits; false for a write, which judges each document. */
  readonly whole: boolean
}

/** What filters add to a request. Throws `CallsWanted`. */
export function explainFilters(rules: BoundRules): readonly ReceiptFilter[] {
  return rules.filters.map((filter) => {
    const applies = filter.applyWhen === undefined ? true : rules.decide(filter.applyWhen)
    return { name: filter.name, applies, query: applies === false || filter.query === undefined ? undefined : resolveFilterQuery(filter.query, rules), projection: filter.projection }
  })
}

/** What filters and roles add to a read, or to the search for what a write may touch. Throws `CallsWanted`. */
export function explainRules(rules: BoundRules, purpose: "read" | "write"): RulesReceipt {
  const { query, exact, whole } = purpose === "read" ? pushVisible(rules) : { ...pushAssigned(rules), whole: false }
  return {
    filters: explainFilters(rules),
    roles: rules.roles.map(({ role }) => ({
      role: role.name,
      pointer: role.pointer,
      parts: expressionsOf(role, purpose).map(([name, expression]) => partOf(rules, name, expression)),
      cutsFields: role.read === undefined && (role.fields !== undefined || role.additionalFields !== undefined),
    })),
    query, exact, whole,
  }
}

function partOf(rules: BoundRules, name: string, expression: Expression): ReceiptPart {
  const { query, exact } = rules.pushed(expression)
  return { name, pushed: query, exact, leftOver: leftOver(bind(expression, rules.known, rules.table)) }
}

/** The expressions of a role that are pushed; those that decide a write are asked of each document and of what it becomes. */
function expressionsOf(role: Role, purpose: "read" | "write"): (readonly [string, Expression])[] {
  const gate: FieldPermission | undefined = role.documentFilters
  const ofRead: (readonly [string, Expression | undefined])[] = [["document_filters.read", gate?.read], ["document_filters.write", gate?.write], ["read", role.read], ["write", role.write]]
  const all: (readonly [string, Expression | undefined])[] = [["apply_when", role.applyWhen], ...(purpose === "read" ? ofRead : [])]
  return all.filter((pair): pair is readonly [string, Expression] => pair[1] !== undefined)
}
