// Which paths a request looks at: everything it names could reveal what stands there.
import { isDocument, splitPath, type Document, type Value } from "../../kernel/index.ts"

/** A dotted path, split. */
export type Path = readonly string[]

/** Segments of a path that is continued. SECURITY: beyond, and where very many are combined, what holds the rest stands for it: who may look at that may look at all of it. */
const mostSegments = 100
/** Conditions on the elements of as many lists. */
const mostCombined = 10

/** The paths a predicate tests, at any depth. */
export function predicatePaths(predicate: Document): Path[] {
  const paths: Path[] = []
  visitPredicate(predicate, [], (path) => paths.push(path))
  return paths
}

/** The paths a sort orders by. `$natural` is the order of the store and no path. */
export function sortPaths(sort: Document | undefined): Path[] {
  return sort === undefined ? [] : Object.keys(sort).flatMap((path) => (path === "$natural" ? [] : [splitPath(path)]))
}

/**
 * The paths `arrayFilters` test: `{ "x.k": 1 }` for an update of `tags.$[x].v` tests `tags.k`.
 * An identifier the update does not use tests nothing; the database refuses it.
 */
export function arrayFilterPaths(update: Document, arrayFilters: readonly Document[]): Path[] {
  const conditions = new PathsByName()
  for (const [identifier = "", ...rest] of arrayFilters.flatMap(predicatePaths)) conditions.add(identifier, rest.slice(0, mostSegments))
  const lists = new PathsByName()
  for (const changes of Object.values(update)) {
    if (isDocument(changes)) for (const path of Object.keys(changes)) noteIdentifiers(splitPath(path), lists)
  }
  return conditions.names().flatMap((identifier) => {
    const [named, tested] = [lists.of(identifier), conditions.of(identifier)]
    return Math.min(named.length, tested.length) > mostCombined ? named : tested.flatMap((rest) => named.map((list) => [...list, ...rest]))
  })
}

/** Different paths, by a name. */
class PathsByName {
  readonly #paths = new Map<string, Map<string, Path>>()

  add(name: string, path: Path): void {
    const paths = this.#paths.get(name) ?? new Map<string, Path>()
    this.#paths.set(name, paths.set(path.join("."), path))
  }

  names(): string[] {
    return [...this.#paths.keys()]
  }

  of(name: string): Path[] {
    return [...(this.#paths.get(name)?.values() ?? [])]
  }
}

/** The paths an update or replacement names, without the operators that stand for elements. What it writes only on insert is left out. */
export function changePaths(change: Document, isReplacement: boolean): Path[] {
  if (isReplacement) return Object.keys(change).map((field) => [field])
  return Object.entries(change).flatMap(([operator, fields]) => {
    if (operator === "$setOnInsert" || !isDocument(fields)) return []
    const targets = operator === "$rename" ? Object.values(fields).filter((target) => typeof target === "string") : []
    return [...Object.keys(fields), ...targets].map((path) => splitPath(path).filter((segment) => !segment.startsWith("$")))
  })
}

function noteIdentifiers(path: Path, lists: PathsByName): void {
  path.forEach((segment, index) => {
    const identifier = /^\$\[(.+)\]$/.exec(segment)?.[1]
    if (identifier !== undefined) lists.add(identifier, path.slice(0, Math.min(index, mostSegments)).filter((before) => !before.startsWith("$")))
  })
}

function visitPredicate(predicate: Document, prefix: Path, visit: (path: Path) => void): void {
  const keys = Object.keys(predicate)
  // SECURITY: `$elemMatch: {}` names no field, and tells whether there is a list with a document in it.
  if ((keys.length === 0 && prefix.length > 0) || prefix.length > mostSegments) return visit(prefix)
  for (const key of keys) {
    const value = predicate[key]
    if (!key.startsWith("$")) visitCondition(value, [...prefix, ...splitPath(key)], visit)
    else if (Array.isArray(value)) for (const item of value as readonly Value[]) if (isDocument(item)) visitPredicate(item, prefix, visit)
  }
}

function visitCondition(condition: Value, path: Path, visit: (path: Path) => void): void {
  const inside = isDocument(condition) ? listConditions(condition) : undefined
  if (inside === undefined) return visit(path)
  if (inside.tests) visit(path)
  for (const nested of inside.nested) {
    if (Object.keys(nested).some((key) => key.startsWith("$") && !logical.has(key))) visitCondition(nested, path, visit)
    else visitPredicate(nested, path, visit)
  }
}

const logical = new Set(["$and", "$or", "$nor"])

/** Splits operators that look at the value itself from `$elemMatch` and `$not`, which look further in. Undefined for a literal document. */
function listConditions(condition: Document): { readonly tests: boolean; readonly nested: readonly Document[] } | undefined {
  const operators = Object.keys(condition)
  if (operators.length === 0 || !operators.every((operator) => operator.startsWith("$"))) return undefined
  const nested: Document[] = []
  let tests = false
  for (const operator of operators) {
    const operand = condition[operator]
    if ((operator === "$elemMatch" || operator === "$not") && isDocument(operand)) nested.push(operand)
    else if (operator === "$all" && isElemMatches(operand)) for (const item of operand) nested.push(item)
    else tests = true
  }
  return { tests, nested }
}

function isElemMatches(operand: Value): operand is readonly Document[] {
  return Array.isArray(operand) && operand.length > 0 && (operand as readonly Value[]).every((item) => isDocument(item) && Object.hasOwn(item, "$elemMatch"))
}
