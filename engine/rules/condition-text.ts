// The text of a condition: equal texts ask the same, wherever they stand, in whatever order and spelling.
import { ejsonText, type Value } from "../../kernel/index.ts"
import type { Expression } from "../expressions/index.ts"

type Test = Extract<Expression, { kind: "test" }>

/** An expression without its places, and without the order of what may stand in any. */
export function conditionText(expression: Expression): string {
  switch (expression.kind) {
    case "every": case "some": {
      const parts = distinct(partsOf(expression, expression.kind))
      return parts.length === 1 ? String(parts[0]) : `${expression.kind}(${parts.join()})`
    }
    case "not": return `not(${conditionText(expression.of)})`
    case "elemMatch": return `${plainText({ ...expression, of: undefined })}(${conditionText(expression.of)})`
    case "test": return testText(expression)
    case "type": return plainText({ ...expression, types: distinct(expression.types.map(plainText)) })
    default: return plainText(expression)
  }
}

/** The texts of what is joined, through all that is joined alike. */
function partsOf(expression: Expression, kind: "every" | "some"): string[] {
  return expression.kind === kind ? expression.of.flatMap((part) => partsOf(part, kind)) : [conditionText(expression)]
}

/** Among the items of `$in` and `$all` none is the first. */
function testText(test: Test): string {
  const items = test.operator === "in" || test.operator === "all" ? itemTexts(test.operand) : undefined
  return items === undefined ? plainText(test) : `${plainText({ ...test, operand: undefined })}(${distinct(items).join()})`
}

/** The texts of the items of a list that is written in the rule. */
function itemTexts(operand: Test["operand"]): string[] | undefined {
  if (operand.kind === "list") return operand.items.map(plainText)
  if (operand.kind !== "literal" || !Array.isArray(operand.value)) return undefined
  return operand.value.map((value: Value) => plainText({ ...operand, value }))
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].toSorted()
}

function plainText(part: unknown): string {
  return JSON.stringify(part, function (this: { readonly value?: Value }, key, value: unknown) {
    if (key === "pointer") return undefined
    if (typeof value === "bigint") return String(value)
    // JSON's own text of a value of BSON may be that of another: of NaN and null, of a date and what it is written as.
    return key === "value" ? ejsonText(this.value) : value
  })
}
