// Parsed filters as functions.
import { walkPath, type Document, type Value, type Visit } from "../../../kernel/index.ts"
import type { Condition, FilterNode, ValueTest } from "./filter-tree.ts"

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
    case "test": {
      if (segments.length === 1) return compileTopField(segments[0] as string, condition.test, condition.opens)
      const visit = condition.opens ? opening(condition.test) : condition.test
      return (document) => walkPath(document, segments, visit)
    }
  }
}

/** A test that is also tried on each element of a list. */
export function opening(test: ValueTest): Visit {
  return (value, present, isElement) => {
    if (!isElement && Array.isArray(value)) for (const item of value as readonly Value[]) if (test(item, true)) return true
    return test(value, present)
  }
}

function compileTopField(field: string, test: ValueTest, opens: boolean): Predicate {
  // SECURITY: a name that every object inherits is read only where the document itself holds it.
  const read: (document: Document) => Value = field in Object.prototype
    ? (document) => (Object.hasOwn(document, field) ? document[field] : undefined)
    : (document) => document[field]
  const visit = opens ? opening(test) : test
  return (document) => {
    const value = read(document)
    if (value === undefined) return test(undefined, Object.hasOwn(document, field))
    return typeof value === "object" ? visit(value, true, false) : test(value, true)
  }
}
