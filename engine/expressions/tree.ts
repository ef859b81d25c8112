// The closed tree that the parser makes of an expression. Every reader (bind, compile, toQuery, explain) goes over this alone.
import type { JsonPointer, Value } from "../../kernel/index.ts"
import type { Regex } from "./regex.ts"
import type { Ternary } from "./types.ts"

/** What an expansion reads from. `item` is the element of the list an `$elemMatch` looks at; no expansion names it. */
export type Source = "user" | "values" | "environment" | "request" | "args" | "root" | "prevRoot" | "this" | "prev" | "item"

/** A place that is read: `%%user.custom_data.team`, or the bare key `team`. */
export interface Reference {
  readonly kind: "reference"
  readonly source: Source
  readonly path: readonly string[]
}

export type ConversionName = "stringToOid" | "oidToString" | "stringToUuid" | "uuidToString"

/** The right side of a test. */
export type Operand =
  /** `expanded`: the value came from an expansion, a conversion or a function, and matches by the rules for those (specification 5.1). */
  | { readonly kind: "literal"; readonly value: Value; readonly expanded: boolean }
  | Reference
  | { readonly kind: "list"; readonly items: readonly Operand[] }
  | { readonly kind: "document"; readonly fields: readonly (readonly [string, Operand])[] }
  | { readonly kind: "conversion"; readonly name: ConversionName; readonly of: Operand }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Operand[] }
  /** An expansion without a value. */
  | { readonly kind: "missing" }
  /** A conversion that failed, or an operator inside a literal. */
  | { readonly kind: "undetermined" }

/** The tests there are. `$ne`, `$nin` and `$exists: false` are the reverse of one of these. */
export type TestOperator = "eq" | "gt" | "gte" | "lt" | "lte" | "in" | "all"

/** One question to one subject. */
export type Leaf =
  | { readonly kind: "test"; readonly operator: TestOperator; readonly subject: Reference; readonly operand: Operand; readonly pointer: JsonPointer }
  /** The operand is this very boolean: what `%%true` and `%%false` ask of a value. */
  | { readonly kind: "isConstant"; readonly operand: Operand; readonly value: boolean; readonly pointer: JsonPointer }
  | { readonly kind: "exists"; readonly subject: Reference; readonly pointer: JsonPointer }
  | { readonly kind: "size"; readonly subject: Reference; readonly size: number; readonly pointer: JsonPointer }
  | { readonly kind: "type"; readonly subject: Reference; readonly types: readonly (string | number)[]; readonly pointer: JsonPointer }
  | { readonly kind: "mod"; readonly subject: Reference; readonly divisor: bigint; readonly remainder: bigint; readonly pointer: JsonPointer }
  | { readonly kind: "regex"; readonly subject: Reference; readonly regex: Regex; readonly pointer: JsonPointer }

/** A parsed expression. */
export type Expression =
  | { readonly kind: "constant"; readonly value: Ternary; readonly pointer?: JsonPointer }
  | { readonly kind: "every"; readonly of: readonly Expression[] }
  | { readonly kind: "some"; readonly of: readonly Expression[] }
  | { readonly kind: "not"; readonly of: Expression }
  /** One item of a list for which `of` holds. `documents`: `of` asks for fields of the item, so only documents count. */
  | { readonly kind: "elemMatch"; readonly subject: Reference; readonly of: Expression; readonly documents: boolean; readonly pointer: JsonPointer }
  | Leaf

/** The item of an `$elemMatch` itself. */
export const nowhere: Reference = { kind: "reference", source: "item", path: [] }

/** Whether a source is known before any document is read. */
export function isKnown(source: Source): boolean {
  return source === "user" || source === "values" || source === "environment" || source === "request" || source === "args"
}

/** The spelling of a reference, for people. */
export function referenceText({ source, path }: Reference): string {
  if (source === "item") return path.length === 0 ? "the item" : path.join(".")
  return [`%%${source}`, ...path].join(".")
}

/** Visits every operand of an operand, itself first. */
export function eachOperand(operand: Operand, visit: (operand: Operand) => void): void {
  visit(operand)
  switch (operand.kind) {
    case "list": for (const item of operand.items) eachOperand(item, visit); break
    case "document": for (const [, value] of operand.fields) eachOperand(value, visit); break
    case "conversion": eachOperand(operand.of, visit); break
    case "call": for (const argument of operand.args) eachOperand(argument, visit); break
  }
}
