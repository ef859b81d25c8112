// Update operators on single values.
import { compareValues, identicalValues, isDocument, isNumeric, Timestamp, type Value } from "../../../kernel/index.ts"
import { addNumbers, integerValue, isIntegerKind, kindOf, multiplyNumbers } from "./arithmetic.ts"
import { badRequest, serverCode } from "./errors.ts"
import { truncatedInteger } from "./integers.ts"
import { removed, unchanged, type Modifier } from "./update-tree.ts"

type Make = (path: string, operand: Value) => Modifier

/** `$set`, and `$setOnInsert`, which is only in the tree when a document is inserted. */
export const setValue: Make = (path, operand) => ({
  operator: "$set", path, creates: true, needsWay: true,
  apply: (value, present) => (present && identicalValues(value, operand) ? unchanged : operand),
})

export const unsetValue: Make = (path) => ({ operator: "$unset", path, creates: false, needsWay: false, apply: (_, present) => (present ? removed : unchanged) })

export const incrementValue: Make = (path, operand) => {
  if (!isNumeric(operand)) throw badRequest("Cannot use `$inc`: its operand is no number", serverCode.typeMismatch)
  return {
    operator: "$inc", path, creates: true, needsWay: true,
    apply: (value, present) => (present ? arithmetic("$inc", addNumbers, value, operand) : operand),
  }
}

export const multiplyValue: Make = (path, operand) => {
  if (!isNumeric(operand)) throw badRequest("Cannot use `$mul`: its operand is no number", serverCode.typeMismatch)
  return {
    operator: "$mul", path, creates: true, needsWay: true,
    apply: (value, present) => (present ? arithmetic("$mul", multiplyNumbers, value, operand) : (multiplyNumbers(0, operand) as Value)),
  }
}

function arithmetic(operator: string, compute: (left: Value, right: Value) => Value, value: Value, operand: Value): Value | typeof unchanged {
  if (!isNumeric(value)) throw badRequest(`Cannot use \`${operator}\`: the field is no number`, serverCode.typeMismatch)
  const result = compute(value, operand)
  if (result === undefined) throw badRequest(`Cannot use \`${operator}\`: the result does not fit into 64 bits`)
  return identicalValues(result, value) ? unchanged : result
}

const bound = (operator: "$min" | "$max"): Make => (path, operand) => ({
  operator, path, creates: true, needsWay: true,
  apply: (value, present) => {
    if (!present) return operand
    const order = compareValues(operand, value)
    return (operator === "$min" ? order < 0 : order > 0) ? operand : unchanged
  },
})
export const lowerValue = bound("$min")
export const raiseValue = bound("$max")

export const currentDate: Make = (path, operand) => {
  const isTimestamp = readDateType(operand)
  return {
    operator: "$currentDate", path, creates: true, needsWay: true,
    apply: (_value, _present, { now }) => (isTimestamp ? new Timestamp({ t: Math.floor(now.getTime() / 1000), i: 1 }) : now),
  }
}

function readDateType(operand: Value): boolean {
  if (typeof operand === "boolean") return false
  const keys = isDocument(operand) ? Object.keys(operand) : []
  const type = isDocument(operand) && keys.length === 1 && keys[0] === "$type" ? operand["$type"] : undefined
  if (type !== "date" && type !== "timestamp") throw badRequest("Cannot use `$currentDate`: its operand is no boolean and no `$type` of \"date\" or \"timestamp\"")
  return type === "timestamp"
}

const bitwise: Record<string, (left: bigint, right: bigint) => bigint> = {
  and: (left, right) => left & right,
  or:  (left, right) => left | right,
  xor: (left, right) => left ^ right,
}

export const changeBits: Make = (path, operand) => {
  if (!isDocument(operand)) throw badRequest("Cannot use `$bit`: its operand is no document")
  const steps = Object.keys(operand).map((name) => {
    const mask = operand[name]
    if (!Object.hasOwn(bitwise, name)) throw badRequest("Cannot use `$bit`: it knows `and`, `or` and `xor`")
    if (!isIntegerKind(mask)) throw badRequest("Cannot use `$bit`: a mask is no integer")
    return { compute: bitwise[name] as (left: bigint, right: bigint) => bigint, mask }
  })
  if (steps.length === 0) throw badRequest("Cannot use `$bit`: its operand is empty")
  return {
    operator: "$bit", path, creates: true, needsWay: true,
    apply: (value, present) => {
      const before = present ? value : 0
      if (!isIntegerKind(before)) throw badRequest("Cannot use `$bit`: the field is no integer")
      let result: Value = before
      for (const { compute, mask } of steps) {
        const kind = kindOf(result) === "long" || kindOf(mask) === "long" ? "long" : "int"
        result = integerValue(compute(truncatedInteger(result) as bigint, truncatedInteger(mask) as bigint), kind)
      }
      return present && identicalValues(result, value) ? unchanged : result
    },
  }
}

