// Raw JSON → closed tree. Reports every problem; what is broken becomes an expression that never grants.
import { isWrapper, type JsonPointer } from "../../kernel/index.ts"
import { isLogical, isValueOperator, looksLikeOperator, operatorOf } from "./names.ts"
import { misspelt, readOperand, readValueOperator } from "./parse-operand.ts"
import { readOperatorTest } from "./parse-test.ts"
import { below, describe, isRecord, isTooDeep, readBareKey, readExpansion, report, startPlace, warn, type Place } from "./reader.ts"
import { nowhere, type Expression, type Operand, type Reference } from "./tree.ts"
import type { ExpressionContext, Problems } from "./types.ts"

/** An expression that is neither true nor false, so that neither it nor its reverse grants. */
export function never({ pointer }: Place): Expression {
  return { kind: "constant", value: undefined, pointer }
}

export interface ParseOptions {
  readonly context: ExpressionContext
  /** Where the expression stands in its file. */
  readonly pointer?: JsonPointer
  readonly problems: Problems
}

/**
 * Parses an expression as it stands in a configuration file, into a tree that every reader accepts.
 *
 * All problems are collected in `problems`; the tree of an expression with errors grants nothing where it is broken.
 * A whole expression that is text or a number is a warning where documents are judged, and an error in `validate` and call rules.
 */
export function parseExpression(raw: unknown, { context, pointer = "", problems }: ParseOptions): Expression {
  const place = startPlace(context, pointer, problems)
  if ((typeof raw === "string" || typeof raw === "number") && context !== "validate" && context !== "call") {
    // SOURCE: such permissions stand in real files and were accepted (specification 2.1).
    warn(place, "no-expression", `${describe(raw)} is no expression; it never grants`)
    return never(place)
  }
  return readExpression(raw, place)
}

/** Parses an expression or throws its first problem, an {@link ExpressionError}. */
export function parseExpressionOrThrow(raw: unknown, options: Omit<ParseOptions, "problems">): Expression {
  const problems: Problems = { errors: [], warnings: [] }
  const expression = parseExpression(raw, { ...options, problems })
  const first = problems.errors[0]
  if (first !== undefined) throw first
  return expression
}

/** Reads an expression at a place. */
export function readExpression(raw: unknown, place: Place): Expression {
  if (typeof raw === "boolean") return { kind: "constant", value: raw, pointer: place.pointer }
  if (!isRecord(raw)) {
    report(place, "wrong-operand", `${describe(raw)} is no expression`)
    return never(place)
  }
  if (isTooDeep(place)) return never(place)
  return every(Object.keys(raw).map((key) => readMember(key, raw[key], below(place, key))), place)
}

function every(of: readonly Expression[], { pointer }: Place): Expression {
  if (of.length === 0) return { kind: "constant", value: true, pointer }
  return of.length === 1 ? (of[0] as Expression) : { kind: "every", of }
}

function readMember(key: string, raw: unknown, place: Place): Expression {
  if (key.startsWith("%%")) return readExpansionMember(key, raw, place)
  if (looksLikeOperator(key)) return readLogical(key, raw, place, readExpression)
  const subject = readBareKey(key, place)
  const condition = readCondition(raw, subject ?? nowhere, place)
  return subject === undefined ? never(place) : condition
}

function readExpansionMember(key: string, raw: unknown, place: Place): Expression {
  const subject = readExpansion(key, place)
  if (subject?.kind === "literal") return readConstantMember(subject, raw, place)
  const condition = readCondition(raw, subject ?? nowhere, place)
  return subject === undefined ? never(place) : condition
}

/** `{"%%true": …}`: the value is an expression, a `%function`, or a value that must be this boolean. */
function readConstantMember(constant: Operand & { kind: "literal" }, raw: unknown, place: Place): Expression {
  const wanted = constant.value === true
  const isValue = !isRecord(raw) ? typeof raw !== "boolean" : isConditionOnly(raw)
  if (!isValue) {
    const inner = readExpression(raw, { ...place, level: place.level + 1 })
    return wanted ? inner : { kind: "not", of: inner }
  }
  if (isRecord(raw)) {
    return every(Object.keys(raw).map((key) => {
      const at = below(place, key)
      if (isValueOperator(operatorOf(key))) return equalsConstant(readValueOperator(key, raw[key], at), wanted, place)
      report(at, operatorOf(key) === undefined ? "unknown-operator" : "wrong-operand", "the value of a constant is an expression or a `%function`")
      return never(at)
    }), place)
  }
  if (Array.isArray(raw) || raw === null || typeof raw === "number") {
    report(place, "wrong-operand", `${describe(raw)} is no expression`)
    return never(place)
  }
  return equalsConstant(readOperand(raw, place), wanted, place)
}

function isConditionOnly(raw: Record<string, unknown>): boolean {
  const keys = Object.keys(raw)
  return keys.length > 0 && keys.every((key) => looksLikeOperator(key) && !isLogical(operatorOf(key)))
}

/** SECURITY: only the boolean itself counts; `"yes"`, 1 and `[true]` do not (specification 3.2). */
function equalsConstant(operand: Operand, wanted: boolean, { pointer }: Place): Expression {
  return { kind: "isConstant", operand, value: wanted, pointer }
}

type Read = (raw: unknown, place: Place) => Expression

/** A logical operator over whatever `read` reads: expressions at the top, conditions below a key. */
function readLogical(key: string, raw: unknown, place: Place, read: Read): Expression {
  const operator = operatorOf(key)
  if (!isLogical(operator)) {
    if (operator === undefined) report(place, "unknown-operator", misspelt(key, "logical"))
    else report(place, "wrong-operand", `there is nothing to compare \`${key}\` with`)
    return never(place)
  }
  if (operator === "not") return { kind: "not", of: read(raw, { ...place, level: place.level + 1 }) }
  if (!Array.isArray(raw) || raw.length === 0) {
    report(place, "wrong-operand", `\`${key}\` takes a list that is not empty, not ${Array.isArray(raw) ? "an empty one" : describe(raw)}`)
    return never(place)
  }
  const of = raw.map((part, index) => read(part, below(place, index, true)))
  if (operator === "and") return every(of, place)
  const some: Expression = of.length === 1 ? (of[0] as Expression) : { kind: "some", of }
  return operator === "or" ? some : { kind: "not", of: some }
}

/** Reads what stands below a key: a value to match, or operators that must all hold. */
export function readCondition(raw: unknown, subject: Reference, place: Place): Expression {
  const readSame: Read = (part, at) => readCondition(part, subject, at)
  if (isRecord(raw) && !isWrapper(raw)) {
    if (isTooDeep(place)) return never(place)
    const keys = Object.keys(raw)
    const operators = keys.filter(looksLikeOperator)
    if (operators.length > 0 && operators.length < keys.length) {
      report(place, "wrong-operand", "operators and other keys stand in one object")
      return never(place)
    }
    if (operators.length > 0) {
      return every(keys.filter((key) => !isOptions(key, keys)).map((key) => {
        const at = below(place, key)
        return isLogical(operatorOf(key)) ? readLogical(key, raw[key], at, readSame) : readOperatorTest(key, raw, subject, at)
      }), place)
    }
  }
  const operand = readOperand(raw, place)
  return operand.kind === "undetermined" ? never(place) : { kind: "test", operator: "eq", subject, operand, pointer: place.pointer }
}

function isOptions(key: string, keys: readonly string[]): boolean {
  return operatorOf(key) === "options" && keys.some((other) => operatorOf(other) === "regex")
}
