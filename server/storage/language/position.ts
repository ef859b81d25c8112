// Which element of a list made a document match: what the positional `$` of updates and projections stands for.
import { isDocument, isIndex, walkPath, type Document, type Value } from "../../../kernel/index.ts"
import { conditionTest, opening } from "./compile-tree.ts"
import type { Condition, FilterNode, Test, ValueTest } from "./filter-tree.ts"

/** The index of the first element that made the document match; undefined where no list had a part in it. */
export type PositionFinder = (document: Document) => number | undefined

/**
 * Compiles a search for the matched element. Negated conditions have no part in it; of several conditions on lists the last
 * one decides. An `$or` has a part in it when all its branches are equalities at one path.
 */
export function compilePosition(node: FilterNode): PositionFinder {
  switch (node.kind) {
    case "document":
    case "nor": return () => undefined
    case "field": return fieldPosition(node.segments, node.condition)
    case "and": return lastOf(node.of.map(compilePosition))
    case "or": {
      const alternatives = asMembership(node.of)
      return alternatives === undefined ? () => undefined : fieldPosition(alternatives.segments, alternatives.condition)
    }
  }
}

/** The branches of an `$or` as one condition on one path, where each is an equality: others have no part in the position, as in MongoDB. */
function asMembership(branches: readonly FilterNode[]): { readonly segments: readonly string[]; readonly condition: Condition } | undefined {
  const [first] = branches
  if (first?.kind !== "field") return undefined
  if (branches.length === 1) return first
  const tests: ValueTest[] = []
  for (const branch of branches) {
    if (branch.kind !== "field" || branch.path !== first.path || branch.condition.kind !== "test" || !isEquality(branch.condition)) return undefined
    tests.push(branch.condition.test)
  }
  return { segments: first.segments, condition: { kind: "test", operator: "$in", operand: [], opens: true, test: (value, present) => tests.some((test) => test(value, present)) } }
}

function isEquality({ operator }: Test): boolean {
  return operator === "$eq" || operator === "$in" || operator === "$regex"
}

function lastOf(finders: readonly PositionFinder[]): PositionFinder {
  return (document) => {
    let position: number | undefined
    for (const find of finders) position = find(document) ?? position
    return position
  }
}

function fieldPosition(segments: readonly string[], condition: Condition): PositionFinder {
  switch (condition.kind) {
    case "not": return () => undefined
    case "every": return lastOf(condition.of.map((part) => fieldPosition(segments, part)))
    case "some": return () => undefined
    case "test": return (document) => firstPosition(document, segments, condition)
  }
}

function firstPosition(document: Document, segments: readonly string[], condition: Test): number | undefined {
  let value: Value = document
  for (let at = 0; at < segments.length; at++) {
    if (Array.isArray(value)) return positionIn(value as readonly Value[], segments, at, condition)
    const segment = segments[at] as string
    if (!isDocument(value) || !Object.hasOwn(value, segment)) return undefined
    value = value[segment]
  }
  if (!Array.isArray(value)) return undefined
  const test: ValueTest | undefined = condition.element ?? (condition.opens ? conditionTest(condition) : undefined)
  const found = test === undefined ? -1 : (value as readonly Value[]).findIndex((item) => test(item, true))
  return found < 0 ? undefined : found
}

function positionIn(list: readonly Value[], segments: readonly string[], at: number, condition: Test): number | undefined {
  const visit = condition.opens ? opening(condition.test) : condition.test
  const segment = segments[at] as string
  const picked = isIndex(segment) ? Number(segment) : -1
  for (let index = 0; index < list.length; index++) {
    const item = list[index]
    if (isDocument(item) && walkPath(item, segments, visit, at)) return index
    if (index === picked && (at + 1 === segments.length ? condition.test(item, true) : walkPath(item, segments, visit, at + 1))) return index
  }
  return undefined
}
