// A parsed schema: checks that run on a value, and the expressions that judge a change.
import type { JsonPointer, Value } from "../../kernel/index.ts"
import type { Expression, Problems, Regex } from "../expressions/index.ts"

/** How a value misses a schema. SOURCE: `ValidationError` of the Admin API; `validate` is ours. */
export type SchemaProblemKind =
  | "required" | "invalid_type" | "unique" | "missing_dependency" | "const" | "enum" | "number_any_of" | "number_one_of" | "number_all_of" | "number_not"
  | "number_gte" | "number_gt" | "number_lte" | "number_lt" | "multiple_of" | "array_no_additional_items" | "array_min_items" | "array_max_items" | "contains"
  | "array_min_properties" | "array_max_properties" | "additional_property_not_allowed" | "invalid_property_pattern" | "invalid_property_name"
  | "string_gte" | "string_lte" | "pattern" | "format" | "condition_then" | "condition_else" | "false" | "validate"

/**
 * One way in which a document misses its schema. `field` is a dotted path, `""` the document; `detail` holds no value of the
 * document. `undetermined`: a `validate` was neither true nor false, perhaps for want of a call.
 */
export interface SchemaProblem { readonly field: string; readonly kind: SchemaProblemKind; readonly detail: string; readonly undetermined?: true }

/** What a check knows besides the value. */
export interface Checking {
  readonly problems: SchemaProblem[]
  /** The `_id` will be made by the server: a `required` that names it is satisfied. */
  readonly generatedId: boolean
}

/** Checks a value that is there and reports what is wrong with it. */
export type Check = (value: Value, field: string, checking: Checking) => void

/** One schema or subschema. */
export interface SchemaNode {
  readonly check: Check
  /** Types are named, and null is among them. */
  readonly admitsNull: boolean
  /** Types are named. */
  readonly isTyped: boolean
  readonly validate: Expression | undefined
  /** A `validate` stands here or below: only then is the walk over the change worth it. */
  readonly hasValidate: boolean
  readonly properties: ReadonlyMap<string, SchemaNode>
  readonly patterns: readonly { readonly pattern: Regex; readonly node: SchemaNode }[]
  readonly additional: SchemaNode | undefined
  readonly items: SchemaNode | readonly SchemaNode[] | undefined
  readonly additionalItems: SchemaNode | undefined
  readonly allOf: readonly SchemaNode[]
}

/** A parsed `schema.json`. */
export interface Schema {
  readonly root: SchemaNode
  /** `{}`: every document is valid. */
  readonly isEmpty: boolean
}

/** One place in a raw schema, and what the parser needs there. */
export interface SchemaPlace {
  readonly pointer: JsonPointer
  readonly problems: Problems
  readonly level: number
  readonly nullTypes: boolean
  /** Inside `anyOf`, `not` and their like a `validate` would have no clear meaning. */
  readonly mayValidate: boolean
}

/** Reads a subschema. */
export type ReadSchema = (raw: unknown, place: SchemaPlace) => SchemaNode
