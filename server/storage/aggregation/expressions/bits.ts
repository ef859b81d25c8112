// `$bitAnd`, `$bitOr`, `$bitXor` and `$bitNot`.
import { isNumeric, type Value } from "../../../../kernel/index.ts"
import { kindOf } from "../../language/index.ts"
import { isNullish } from "../evaluate.ts"
import { integer, toInteger } from "../numbers.ts"
import { unaryOrNull, variadic, wrong, type Operator } from "../operands.ts"

function integerKind(value: Value, name: string): "int" | "long" {
  const kind = isNumeric(value) ? kindOf(value) : undefined
  if (kind !== "int" && kind !== "long") throw wrong(name, "it takes ints and longs only", 14)
  return kind
}

function combine(start: bigint, step: (left: bigint, right: bigint) => bigint): Operator {
  return variadic((values, { name }) => {
    let result = start
    let kind: "int" | "long" = "int"
    for (const value of values) {
      if (isNullish(value)) return null
      if (integerKind(value, name) === "long") kind = "long"
      result = step(result, toInteger(value))
    }
    return integer(result, kind)
  })
}

export const bitOperators: Readonly<Record<string, Operator>> = {
  $bitAnd: combine(-1n, (left, right) => left & right),
  $bitOr:  combine(0n, (left, right) => left | right),
  $bitXor: combine(0n, (left, right) => left ^ right),
  $bitNot: unaryOrNull((value, { name }) => integer(~toInteger(value), integerKind(value, name))),
}
