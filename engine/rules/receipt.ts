// What the rules make of a read before any document is seen: for the author of the rules, since it holds values of tokens.
import type { Document, JsonPointer } from "../../kernel/index.ts"
import { bind, leftOver, type Expression, type LeftOver, type Ternary } from "../expressions/index.ts"
import type { BoundRules } from "./bound.ts"
import { resolveFilterQuery } from "./filter-query.ts"
import { pushVisible } from "./push-down.ts"
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
  /** Every document the roles make visible, as one query. */
  readonly query: Document | "none"
  /** The query admits no other document: the database may skip, limit, sort and count. */
  readonly exact: boolean
  /** Nothing is cut from what it admits. */
  readonly whole: boolean
}

/** What filters and roles add to a read. Throws `CallsWanted`. */
export function explainRead(rules: BoundRules): RulesReceipt {
  const { query, exact, whole } = pushVisible(rules)
  return {
    filters: rules.filters.map((filter) => {
      const applies = filter.applyWhen === undefined ? true : rules.decide(filter.applyWhen)
      return { name: filter.name, applies, query: applies === false || filter.query === undefined ? undefined : resolveFilterQuery(filter.query, rules), projection: filter.projection }
    }),
    roles: rules.roles.map(({ role }) => ({
      role: role.name,
      pointer: role.pointer,
      parts: expressionsOf(role).map(([name, expression]) => partOf(rules, name, expression)),
      cutsFields: role.read === undefined && (role.fields !== undefined || role.additionalFields !== undefined),
    })),
    query, exact, whole,
  }
}

function partOf(rules: BoundRules, name: string, expression: Expression): ReceiptPart {
  const { query, exact } = rules.pushed(expression)
  return { name, pushed: query, exact, leftOver: exact ? [] : leftOver(bind(expression, rules.known, rules.table)) }
}

function expressionsOf(role: Role): (readonly [string, Expression])[] {
  const gate: FieldPermission | undefined = role.documentFilters
  const all: (readonly [string, Expression | undefined])[] = [
    ["apply_when", role.applyWhen], ["document_filters.read", gate?.read], ["document_filters.write", gate?.write], ["read", role.read], ["write", role.write],
  ]
  return all.filter((pair): pair is readonly [string, Expression] => pair[1] !== undefined)
}
