// Parsed filters as functions.
import { walkPath, type Document, type Value, type Visit } from "../../../kernel/index.ts"
import type { Condition, FilterNode, Test, ValueTest } from "./filter-tree.ts"

/** A condition as a test of one value that stands by itself: lists are not opened. */
export function conditionTest(condition: Condition): ValueTest {
  if (condition.kind === "test") return condition.test
  const tests = condition.of.map(conditionTest)
  switch (condition.kind) {
    case "every": return (value, present) => tests.every((test) => test(value, present))
    case "some": return (value, present) => tests.some((test) => test(value, present))
    case "not": return (value, present) => !tests.every((test) => test(value, present))
  }
}

type Predicate = (document: Document) => boolean

/** A filter as a predicate. */
export function compileNode(node: FilterNode): Predicate {
  switch (node.kind) {
    case "document": return node.test
    case "field": return compileField(node.segments, node.condition)
    case "and": return conjunction(node.of.map(compileNode))
    case "or": return disjunction(node.of.map(compileNode))
    case "nor": {
      const any = disjunction(node.of.map(compileNode))
      return (document) => !any(document)
    }
  }
}

function conjunction(parts: readonly Predicate[]): Predicate {
  const [first, second, third] = parts
  if (first === undefined) return () => true
  if (second === undefined) return first
  if (third === undefined) return (document) => first(document) && second(document)
  if (parts.length === 3) return (document) => first(document) && second(document) && third(document)
  return (document) => {
    for (const part of parts) if (!part(document)) return false
    return true
  }
}

function disjunction(parts: readonly Predicate[]): Predicate {
  const [first, second] = parts
  if (first === undefined) return () => false
  if (second === undefined) return first
  if (parts.length === 2) return (document) => first(document) || second(document)
  return (document) => {
    for (const part of parts) if (part(document)) return true
    return false
  }
}

function compileField(segments: readonly string[], condition: Condition): Predicate {
  switch (condition.kind) {
    case "every": return conjunction(condition.of.map((part) => compileField(segments, part)))
    case "some": return disjunction(condition.of.map((part) => compileField(segments, part)))
    case "not": {
      const holds = conjunction(condition.of.map((part) => compileField(segments, part)))
      return (document) => !holds(document)
    }
    case "test": return compileTest(segments, condition)
  }
}

function compileTest(segments: readonly string[], { operator, operand, test, opens }: Test): Predicate {
  const visit = opens ? opening(test) : test
  const walk = (document: Document): boolean => walkPath(document, segments, visit)
  // SECURITY: a name that every object inherits is read by the walk, which sees own fields only.
  if (segments.some((segment) => segment in Object.prototype)) return walk
  const isPlainEquality = operator === "$eq" && (typeof operand === "string" || typeof operand === "boolean" || (typeof operand === "number" && !Number.isNaN(operand)))
  const [first, second] = segments as [string, string]
  if (segments.length === 1) return isPlainEquality ? fieldEquals(first, operand, visit) : fieldPasses(first, test, visit)
  if (segments.length === 2) return isPlainEquality ? nestedEquals(first, second, operand, walk) : nestedPasses(first, second, test, walk)
  return walk
}

/** A test that is also tried on each element of a list. */
export function opening(test: ValueTest): Visit {
  return (value, present, isElement) => {
    if (!isElement && Array.isArray(value)) for (const item of value as readonly Value[]) if (test(item, true)) return true
    return test(value, present)
  }
}

// Most filters name one field, or one below another, and compare it with a text or number: these four do without the walk
// where no list and no object of a BSON class stands in the way.

function fieldEquals(field: string, operand: Value, visit: Visit): Predicate {
  return (document) => {
    const value = document[field]
    return value === operand || (typeof value === "object" && value !== null && visit(value, true, false))
  }
}

function fieldPasses(field: string, test: ValueTest, visit: Visit): Predicate {
  return (document) => {
    const value = document[field]
    if (value === undefined) return test(undefined, Object.hasOwn(document, field))
    return typeof value === "object" ? visit(value, true, false) : test(value, true)
  }
}

function nestedEquals(first: string, second: string, operand: Value, walk: Predicate): Predicate {
  return (document) => {
    const below = document[first]
    if (typeof below !== "object" || below === null) return false
    if (Object.getPrototypeOf(below) !== Object.prototype) return walk(document)
    const value = (below as Document)[second]
    return value === operand || (typeof value === "object" && value !== null && walk(document))
  }
}

function nestedPasses(first: string, second: string, test: ValueTest, walk: Predicate): Predicate {
  return (document) => {
    const below = document[first]
    if (typeof below !== "object" || below === null || Object.getPrototypeOf(below) !== Object.prototype) return walk(document)
    const value = (below as Document)[second]
    return typeof value === "object" || value === undefined ? walk(document) : test(value, true)
  }
}
