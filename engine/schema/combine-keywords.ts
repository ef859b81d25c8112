// Keywords that combine schemas.
import type { Value } from "../../kernel/index.ts"
import { below, refuse } from "./place.ts"
import type { Check, Checking, ReadSchema, SchemaNode, SchemaPlace } from "./types.ts"

export const combineKeywordNames = ["anyOf", "oneOf", "allOf", "not", "if", "then", "else"]

/** Reads the keywords that combine schemas; `allOf` is given back too, as a `validate` may stand in it. */
export function readCombineKeywords(raw: Record<string, unknown>, place: SchemaPlace, read: ReadSchema): { readonly allOf: readonly SchemaNode[]; readonly checks: readonly Check[] } {
  const has = (key: string): boolean => Object.hasOwn(raw, key)
  const bare: SchemaPlace = { ...place, mayValidate: false }
  const checks: Check[] = []
  if (has("anyOf")) checks.push(countCheck(readList(raw["anyOf"], below(bare, "anyOf"), read), (matching) => matching > 0, "number_any_of"))
  if (has("oneOf")) checks.push(countCheck(readList(raw["oneOf"], below(bare, "oneOf"), read), (matching) => matching === 1, "number_one_of"))
  const allOf = has("allOf") ? readList(raw["allOf"], below(place, "allOf"), read) : []
  if (allOf.length > 0) checks.push(allCheck(allOf))
  if (has("not")) checks.push(notCheck(read(raw["not"], below(bare, "not", true))))
  if (has("if")) checks.push(conditionCheck(raw, bare, read))
  return { allOf, checks }
}

function readList(raw: unknown, place: SchemaPlace, read: ReadSchema): SchemaNode[] {
  if (Array.isArray(raw) && raw.length > 0) return raw.map((item, index) => read(item, below(place, index, true)))
  refuse(place, "a list of schemas that is not empty is needed")
  return []
}

/** Whether a value is valid by itself. */
function admits(node: SchemaNode, value: Value, field: string, { generatedId }: Checking): boolean {
  const inner: Checking = { problems: [], generatedId }
  node.check(value, field, inner)
  return inner.problems.length === 0
}

function countCheck(nodes: readonly SchemaNode[], isEnough: (matching: number) => boolean, kind: "number_any_of" | "number_one_of"): Check {
  const detail = kind === "number_any_of" ? "is valid by none of the schemas" : "is not valid by exactly one of the schemas"
  return (value, field, checking) => {
    if (!isEnough(nodes.filter((node) => admits(node, value, field, checking)).length)) checking.problems.push({ field, kind, detail })
  }
}

function allCheck(nodes: readonly SchemaNode[]): Check {
  return (value, field, checking) => {
    const before = checking.problems.length
    for (const node of nodes) node.check(value, field, checking)
    if (checking.problems.length > before) checking.problems.push({ field, kind: "number_all_of", detail: "is not valid by all of the schemas" })
  }
}

function notCheck(node: SchemaNode): Check {
  return (value, field, checking) => {
    if (admits(node, value, field, checking)) checking.problems.push({ field, kind: "number_not", detail: "is valid by a schema it must miss" })
  }
}

function conditionCheck(raw: Record<string, unknown>, place: SchemaPlace, read: ReadSchema): Check {
  const branch = (key: string): SchemaNode | undefined => (Object.hasOwn(raw, key) ? read(raw[key], below(place, key, true)) : undefined)
  const [condition, then, otherwise] = [branch("if") as SchemaNode, branch("then"), branch("else")]
  return (value, field, checking) => {
    const holds = admits(condition, value, field, checking)
    const node = holds ? then : otherwise
    if (node !== undefined && !admits(node, value, field, checking)) checking.problems.push({ field, kind: holds ? "condition_then" : "condition_else", detail: "is not valid by the schema for this case" })
  }
}
