// How operators take their arguments: a fixed number of them, a list, or by name.
import { isDocument, isNumeric, type Document, type Value } from "../../../kernel/index.ts"
import { badRequest, exactInteger } from "../language/index.ts"
import { compileExpression } from "./compile.ts"
import { folded, isNullish, type Evaluate, type Meter, type Scope } from "./evaluate.ts"

/** Compiles the operand of an operator; the name is for messages. Throws `StoreError` for an operand that can never be right. */
export type Operator = (operand: Value, scope: Scope, name: string) => Evaluate

/** A refusal of what an operator was given; names the operator and never a value. */
export function wrong(name: string, detail: string, code: number): Error {
  return badRequest(`Cannot evaluate \`${name}\`: ${detail}`, code)
}

/** Compiles the arguments of an operator, which stand in a list or, when there is but one, alone. */
export function compileArguments(operand: Value, scope: Scope, name: string, least: number, most: number): Evaluate[] {
  const list = Array.isArray(operand) ? (operand as readonly Value[]) : [operand]
  if (list.length < least || list.length > most) {
    throw least === most ? wrong(name, `it takes ${least} arguments`, 16020) : wrong(name, `it takes at least ${least} and at most ${most} arguments`, 28667)
  }
  return list.map((argument) => compileExpression(argument, scope))
}

/** What an operator's function is told besides its arguments. */
export interface Call { readonly name: string; readonly meter: Meter }

/** Counts the work of looking through a long text or list. */
function charge(value: Value, meter: Meter): Value {
  if ((typeof value === "string" || Array.isArray(value)) && value.length > 64) meter.spend(value.length >> 6)
  return value
}

/** An operator of one argument. */
export function unary(compute: (value: Value, call: Call) => Value): Operator {
  return (operand, scope, name) => {
    const parts = compileArguments(operand, scope, name, 1, 1)
    const [of] = parts as [Evaluate]
    const call = { name, meter: scope.meter }
    return folded((root) => compute(charge(of(root), scope.meter), call), parts)
  }
}

/** An operator of one argument that gives null for null and missing. */
export function unaryOrNull(compute: (value: Value, call: Call) => Value): Operator {
  return unary((value, call) => (isNullish(value) ? null : compute(value, call)))
}

/** An operator of two arguments. */
export function binary(compute: (left: Value, right: Value, call: Call) => Value): Operator {
  return (operand, scope, name) => {
    const parts = compileArguments(operand, scope, name, 2, 2)
    const [left, right] = parts as [Evaluate, Evaluate]
    const call = { name, meter: scope.meter }
    return folded((root) => compute(charge(left(root), scope.meter), charge(right(root), scope.meter), call), parts)
  }
}

/** An operator of two arguments that gives null when either is null or missing. */
export function binaryOrNull(compute: (left: Value, right: Value, call: Call) => Value): Operator {
  return binary((left, right, call) => (isNullish(left) || isNullish(right) ? null : compute(left, right, call)))
}

/** An operator of a list of arguments. */
export function variadic(compute: (values: readonly Value[], call: Call) => Value, least = 0, most = Number.POSITIVE_INFINITY): Operator {
  return (operand, scope, name) => {
    const parts = compileArguments(operand, scope, name, least, most)
    const call = { name, meter: scope.meter }
    return folded((root) => {
      const values = new Array<Value>(parts.length)
      for (let index = 0; index < parts.length; index++) values[index] = charge((parts[index] as Evaluate)(root), scope.meter)
      return compute(values, call)
    }, parts)
  }
}

/** The fields of an operand that is a document of named arguments. Throws `StoreError` for unknown and for absent ones. */
export function namedFields(operand: Value, name: string, required: readonly string[], optional: readonly string[], code = 9): Document {
  if (!isDocument(operand)) throw wrong(name, "its operand is no document", code)
  for (const field of Object.keys(operand)) {
    if (!required.includes(field) && !optional.includes(field)) throw wrong(name, "its operand has a field it does not know", code)
  }
  for (const field of required) if (!Object.hasOwn(operand, field)) throw wrong(name, `\`${field}\` is absent`, code)
  return operand
}

/** The named arguments of a call; those that were not given are undefined, and so are missing ones. */
export interface NamedCall extends Call { has(argument: string): boolean }

/** An operator of named arguments. */
export function named<const Names extends string>(
  required: readonly Names[], optional: readonly Names[], compute: (values: { readonly [name in Names]: Value }, call: NamedCall) => Value, code = 9,
): Operator {
  return (operand, scope, name) => {
    const fields = namedFields(operand, name, required, optional, code)
    const names = Object.keys(fields)
    const parts = names.map((field) => compileExpression(fields[field], scope))
    const call: NamedCall = { name, meter: scope.meter, has: (argument) => Object.hasOwn(fields, argument) }
    return folded((root) => {
      const values: Document = {}
      for (let index = 0; index < parts.length; index++) values[names[index] as string] = charge((parts[index] as Evaluate)(root), scope.meter)
      return compute(values as { readonly [each in Names]: Value }, call)
    }, parts)
  }
}

/** An integer of 32 bits out of a number of any kind; undefined for anything else. */
export function asInt32(value: Value): number | undefined {
  if (typeof value === "number") return (value | 0) === value ? value | 0 : undefined
  if (!isNumeric(value)) return undefined
  const exact = exactInteger(value)
  return exact === undefined || BigInt.asIntN(32, exact) !== exact ? undefined : Number(exact)
}

/** An integer out of a number of any kind, as a JavaScript number; undefined for anything else. */
export function asSafeInteger(value: Value): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined
  if (!isNumeric(value)) return undefined
  const exact = exactInteger(value)
  return exact === undefined || !Number.isSafeInteger(Number(exact)) ? undefined : Number(exact)
}
