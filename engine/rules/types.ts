// Rules as the parser leaves them: names in our spelling, expressions parsed, lookups by own name only.
import type { Document, JsonPointer } from "../../kernel/index.ts"
import type { Expression } from "../expressions/index.ts"
import type { FilterQuery } from "./filter-query.ts"

/** The content of one rules file: of a collection, or the default of a data source. */
export interface Rules {
  /** As written in a collection's file; the place of the file decides, not these. */
  readonly database: string | undefined
  readonly collection: string | undefined
  readonly roles: readonly Role[]
  readonly filters: readonly Filter[]
}

/** Named permissions with an `apply_when`. An absent expression is not the same as `false` (specification 6.2). */
export interface Role extends FieldPermission {
  readonly name: string
  readonly pointer: JsonPointer
  /** Absent: never applies. */
  readonly applyWhen: Expression | undefined
  /** A gate before the other permissions; an absent half of it is not passed. */
  readonly documentFilters: FieldPermission | undefined
  readonly insert: Expression | undefined
  readonly delete: Expression | undefined
  readonly search: boolean | undefined
  readonly fields: FieldRules | undefined
  /** For every top-level field that `fields` does not name. */
  readonly additionalFields: FieldPermission | undefined
}

export interface FieldPermission {
  readonly read: Expression | undefined
  readonly write: Expression | undefined
}

/** One entry under `fields`. Its own `read` and `write` override those of the same kind below it. */
export interface FieldRule extends FieldPermission {
  readonly fields: FieldRules | undefined
}

// SECURITY: a Map, so that a field named `constructor` or `__proto__` finds only what the file says of it.
export type FieldRules = ReadonlyMap<string, FieldRule>

/** A query and projection merged into a request before it runs. */
export interface Filter {
  readonly name: string
  readonly pointer: JsonPointer
  /** Absent: applies. */
  readonly applyWhen: Expression | undefined
  readonly query: FilterQuery | undefined
  readonly projection: Document | undefined
}
