// A question put to a subject: to every end of its path, and where the operator opens lists to their items.
import { bsonTypeOf, walkPath, type BSONRegExp, type BSONSymbol, type Value } from "../../kernel/index.ts"
import { missing } from "./resolve.ts"
import { equalTo, isOrdered, oneOf, ordered, type SubjectTest } from "./tests.ts"
import type { TestOperator } from "./tree.ts"
import type { Regex } from "./regex.ts"
import type { Ternary } from "./types.ts"

/**
 * How an operand matches (specification 5.1). `literal`: null matches a missing subject. `item`: it does not. `expanded`:
 * nor there, and a list also matches a subject that equals one of its items.
 */
export type MatchMode = "literal" | "item" | "expanded"

/** A question to the subject at `path` below `root`. `direct`: to `root` itself, which is not opened if it is a list, as for the item of an `$elemMatch`. */
export interface Check {
  readonly run: (root: Value | typeof missing, path: readonly string[], direct: boolean) => Ternary
  /** The same as a test of one value, where it is that simple. */
  readonly simple?: SubjectTest
}

/** The check that one end of the path passes a test. */
export function anyEnd(test: SubjectTest): Check {
  const opened = (value: Value, present: boolean, isElement: boolean): boolean => (present ? (isElement ? test.holds(value) : passes(test, value)) : test.missing)
  return { simple: test, run: (root, path, direct) => (root === missing ? test.missing : direct ? test.holds(root) : walkPath(root, path, opened)) }
}

/** Whether a present value passes a test, opened if the test opens lists. */
export function passes(test: SubjectTest, value: Value): boolean {
  return test.holds(value) || (test.opens && Array.isArray(value) && value.some(test.holds))
}

/** The check that the subject matches a value. */
export function equality(value: Value, mode: MatchMode): Check {
  if (Array.isArray(value) && mode === "expanded") return expandedList(value)
  if (value === null && mode === "literal") return anyEnd({ holds: (other) => other === null || other === undefined, opens: true, missing: true })
  return anyEnd({ holds: equalTo(value), opens: true, missing: false })
}

/**
 * An expanded list matches a subject that equals it, holds it as an item, or, being no list, equals one of its items.
 * SECURITY: two lists with a common item do not match; nor does a path with a list at one of its ends by another end.
 */
function expandedList(list: readonly Value[]): Check {
  const whole = anyEnd({ holds: equalTo(list), opens: true, missing: false })
  const item = membership(list, false)
  const anyList = anyEnd({ holds: Array.isArray, opens: true, missing: false })
  return { run: (root, path, direct) => whole.run(root, path, direct) === true || (anyList.run(root, path, direct) === false && item.run(root, path, direct) === true) }
}

/** The check that the subject matches one of the items. `looseNull`: a literal null is among them. */
export function membership(items: readonly Value[], looseNull: boolean): Check {
  const one = oneOf(items)
  const holds = looseNull ? (value: Value): boolean => value === undefined || one(value) : one
  return anyEnd({ holds, opens: true, missing: looseNull })
}

/** The check of a pattern; undetermined when it is found nowhere, but a text was too long to be looked at. */
export function pattern(regex: Regex): Check {
  return {
    run(root, path, direct) {
      let isUnsure = false
      const found = anyEnd({ holds: (value) => matchesRegex(value, regex, () => { isUnsure = true }), opens: true, missing: false }).run(root, path, direct)
      return found === true || (isUnsure ? undefined : false)
    },
  }
}

function matchesRegex(value: Value, regex: Regex, onUnsure: () => void): boolean {
  const name = bsonTypeOf(value)
  if (name === "BSONRegExp") return (value as BSONRegExp).pattern === regex.source && (value as BSONRegExp).options === [...regex.options].toSorted().join("")
  const text = typeof value === "string" ? value : name === "BSONSymbol" ? (value as BSONSymbol).value : undefined
  const found = text === undefined ? false : regex.test(text)
  if (found === undefined) onUnsure()
  return found === true
}

/** The check of an order, or undefined when the operand cannot be ordered. */
export function order(operator: "gt" | "gte" | "lt" | "lte", value: Value): Check | undefined {
  return isOrdered(value) ? anyEnd({ holds: ordered(operator, value), opens: true, missing: false }) : undefined
}

/**
 * The check an operator makes of an operand that has been read; undefined when the test is then undetermined.
 * INVARIANT: the lists of `$in` and `$all` are no literals; `bindComparison` has taken those apart.
 */
export function checkFor(operator: TestOperator, value: Value, mode: MatchMode): Check | undefined {
  switch (operator) {
    case "eq": return equality(value, mode)
    case "in": return Array.isArray(value) ? membership(value, false) : undefined
    case "all": return Array.isArray(value) ? every(value.map((item: Value) => equality(item, "item"))) : undefined
    default: return order(operator, value)
  }
}

function every(checks: readonly Check[]): Check {
  return { run: (root, path, direct) => checks.length > 0 && checks.every((check) => check.run(root, path, direct) === true) }
}
