// What the parser makes of a filter; read by the compiler, the positional search, the upsert seed and the index planner.
import type { Document, Value } from "../../../kernel/index.ts"

/** Decides one value at the end of a path; `present` is false where there is no such field. */
export type ValueTest = (value: Value, present: boolean) => boolean

/** A test of a value. `opens`: it is also tried on each element of a list. `element`: how `$elemMatch` tests one element. */
export interface Test {
  readonly kind: "test"
  readonly operator: string
  readonly operand: Value
  readonly test: ValueTest
  readonly opens: boolean
  readonly element?: ValueTest
}

/** What is said of one value: tests, alone, all together or negated. */
export type Condition = Test | { readonly kind: "every" | "some" | "not"; readonly of: readonly Condition[] }

/** A filter: conditions on paths under logical operators, or a test of the whole document. */
export type FilterNode =
  | { readonly kind: "and" | "or" | "nor"; readonly of: readonly FilterNode[] }
  | { readonly kind: "field"; readonly path: string; readonly segments: readonly string[]; readonly condition: Condition }
  | { readonly kind: "document"; readonly operator: string; readonly test: (document: Document) => boolean }
