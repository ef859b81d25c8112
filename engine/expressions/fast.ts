// The commonest tests of all, on a field of the document or one level below: closures that do without the walk along a path
// where no list and no object of a BSON class stands in the way. Everything else is left to the plain way in compile.ts.
import type { Document, Value } from "../../kernel/index.ts"
import type { FixedTest } from "./bound.ts"
import { passes, type Check } from "./checks.ts"
import type { SubjectTest } from "./tests.ts"
import type { DocumentScope } from "./types.ts"

type FastStep = (scope: DocumentScope) => boolean

/** A fast closure for a test, or undefined when it is not one of the common ones. */
export function compileFast({ subject, check, of }: FixedTest): FastStep | undefined {
  const { simple } = check
  if (subject.kind !== "document" || subject.source !== "root" || simple === undefined) return undefined
  const [first, second, third] = subject.path
  // SECURITY: a name that every object inherits is read through own-property tests; all others cannot be inherited from anywhere.
  if (first === undefined || third !== undefined || subject.path.some((segment) => segment in Object.prototype)) return undefined
  if (second !== undefined) return /^\d/.test(second) ? undefined : belowField(first, second, simple, check, subject.path)
  switch (of.kind) {
    case "eq": return typeof of.value === "string" || typeof of.value === "boolean" ? fieldEquals(first, of.value, simple) : fieldPasses(first, simple)
    case "order": return typeof of.value === "number" && !Number.isNaN(of.value) ? fieldOrdered(first, of.operator, of.value, simple) : fieldPasses(first, simple)
    default: return fieldPasses(first, simple)
  }
}

function fieldEquals(field: string, wanted: string | boolean, test: SubjectTest): FastStep {
  return ({ root }) => {
    if (root === undefined) return false
    const value = root[field]
    return value === wanted || (typeof value === "object" && value !== null && objectPasses(value, wanted, test))
  }
}

/** A list is no text and no boolean; its items are compared first as they are, and only objects among them by the test. */
function objectPasses(value: Value, wanted: string | boolean, test: SubjectTest): boolean {
  if (!Array.isArray(value)) return test.holds(value)
  for (const item of value as readonly Value[]) {
    if (item === wanted || (typeof item === "object" && item !== null && test.holds(item))) return true
  }
  return false
}

function fieldOrdered(field: string, operator: "gt" | "gte" | "lt" | "lte", bound: number, test: SubjectTest): FastStep {
  const otherwise = (value: Value): boolean => typeof value === "object" && value !== null && passes(test, value)
  switch (operator) {
    case "gt": return ({ root }) => {
      const value = root?.[field]
      return typeof value === "number" ? value > bound : otherwise(value)
    }
    case "gte": return ({ root }) => {
      const value = root?.[field]
      return typeof value === "number" ? value >= bound : otherwise(value)
    }
    case "lt": return ({ root }) => {
      const value = root?.[field]
      return typeof value === "number" ? value < bound : otherwise(value)
    }
    case "lte": return ({ root }) => {
      const value = root?.[field]
      return typeof value === "number" ? value <= bound : otherwise(value)
    }
  }
}

function fieldPasses(field: string, test: SubjectTest): FastStep {
  const { holds, opens, missing } = test
  return ({ root }) => {
    if (root === undefined) return missing
    const value = root[field]
    if (value === undefined && !Object.hasOwn(root, field)) return missing
    return holds(value) || (opens && Array.isArray(value) && value.some(holds))
  }
}

function belowField(first: string, second: string, test: SubjectTest, check: Check, path: readonly string[]): FastStep {
  const { holds, opens, missing } = test
  return ({ root }) => {
    if (root === undefined) return missing
    const outer = root[first]
    if (!isPlain(outer)) return check.run(root, path, false) === true
    const value = outer[second]
    if (value === undefined && !Object.hasOwn(outer, second)) return missing
    return holds(value) || (opens && Array.isArray(value) && value.some(holds))
  }
}

/** Certainly an embedded document. Others may be one too; the walk tells. */
function isPlain(value: Value): value is Document {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
