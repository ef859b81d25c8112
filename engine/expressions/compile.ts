// A bound expression → closures over one document, and programs for what is common (fast.ts). Cannot fail: the parser has refused everything that could.
import { isDocument, walkPath, type Value } from "../../kernel/index.ts"
import { readsDocument, type BoundExpression, type BoundNode, type BoundSubject, type FixedTest } from "./bound.ts"
import { checkFor, equality, type Check } from "./checks.ts"
import { compileFast } from "./fast.ts"
import { documentRoot, missing, resolve, undetermined } from "./resolve.ts"
import type { CallTable, DocumentScope, Predicate, StoredPredicate, Ternary } from "./types.ts"

/** A compiled node. `item` is what an `$elemMatch` around it looks at. */
export type Step = (scope: DocumentScope, item: Value | typeof missing) => Ternary

/**
 * Compiles a bound expression into a predicate over documents.
 *
 * A `%function` is looked up in the call table at each evaluation until it has an answer; while it has none the result may be
 * undetermined, so give the answers and ask the same predicate again.
 */
export function compile(bound: BoundExpression): Predicate {
  // Outside an `$elemMatch` nothing asks for the item, so a step is a predicate.
  return compileNode(bound.root, bound.calls, overScopes) as Predicate
}

/** As {@link compile}, for documents that are stored. */
export function compileStored(bound: BoundExpression): StoredPredicate {
  const fast = compileFast(bound.root, "stored")
  if (fast !== undefined) return fast
  const predicate = compile(bound)
  return (document) => predicate({ root: document, prevRoot: document })
}

const overScopes: Fast = (node) => compileFast(node, "scope")

/** Whoever has a faster way for some nodes. */
export type Fast = (node: BoundNode) => Step | undefined

const plainly: Fast = () => undefined

/** Compiles one node; without a faster way, for one evaluation or few. */
export function compileNode(node: BoundNode, calls: CallTable, fast: Fast = plainly): Step {
  return fast(node) ?? compilePlain(node, calls, fast)
}

function compilePlain(node: BoundNode, calls: CallTable, fast: Fast): Step {
  switch (node.kind) {
    case "constant": {
      const { value } = node
      return () => value
    }
    case "every": return conjunction(node.of.map((part) => compileNode(part, calls, fast)))
    case "some": return disjunction(node.of.map((part) => compileNode(part, calls, fast)))
    case "not": return negation(compileNode(node.of, calls, fast))
    case "fixed": return compileFixed(node)
    case "open": return compileOpen(node, calls)
    case "isConstant": return compileIsConstant(node, calls)
    case "elemMatch": return compileElemMatch(node, calls, fast)
  }
}

function conjunction(parts: readonly Step[]): Step {
  const [first, second] = parts as [Step, Step]
  if (parts.length === 2) {
    return (scope, item) => {
      const left = first(scope, item)
      if (left === false) return false
      const right = second(scope, item)
      return right === false ? false : left === undefined ? undefined : right
    }
  }
  return (scope, item) => {
    let result: Ternary = true
    for (const part of parts) {
      const one = part(scope, item)
      if (one === false) return false
      if (one === undefined) result = undefined
    }
    return result
  }
}

function disjunction(parts: readonly Step[]): Step {
  const [first, second] = parts as [Step, Step]
  if (parts.length === 2) {
    return (scope, item) => {
      const left = first(scope, item)
      if (left === true) return true
      const right = second(scope, item)
      return right === true ? true : left === undefined ? undefined : right
    }
  }
  return (scope, item) => {
    let result: Ternary = false
    for (const part of parts) {
      const one = part(scope, item)
      if (one === true) return true
      if (one === undefined) result = undefined
    }
    return result
  }
}

function negation(of: Step): Step {
  return (scope, item) => {
    const result = of(scope, item)
    return result === undefined ? undefined : !result
  }
}

function compileFixed(node: FixedTest): Step {
  const { subject, check } = node
  const read = subjectReader(subject)
  const { path } = subject
  const direct = isDirect(subject)
  return (scope, item) => check.run(read(scope, item), path, direct)
}

/** The item of an `$elemMatch` is not opened again. */
function isDirect(subject: BoundSubject): boolean {
  return subject.kind === "document" && subject.source === "item" && subject.path.length === 0
}

type Read = (scope: DocumentScope, item: Value | typeof missing) => Value | typeof missing

function subjectReader(subject: BoundSubject): Read {
  if (subject.kind === "known") {
    const { value } = subject
    return () => value
  }
  const { source } = subject
  switch (source) {
    case "item": return (_scope, item) => item
    case "root": return (scope) => scope.root ?? missing
    case "prevRoot": return (scope) => scope.prevRoot ?? missing
    default: return (scope, item) => documentRoot(source, { scope, item })
  }
}

/** A test whose operand is read anew each time; an operand that hangs on calls alone is kept once it is there. */
function compileOpen(node: BoundNode & { kind: "open" }, calls: CallTable): Step {
  const { operand, subject } = node
  const read = subjectReader(subject)
  const direct = isDirect(subject)
  const once = !readsDocument(operand)
  if (!once && subject.kind === "known" && subject.path.length === 0 && node.operator === "eq" && node.mode === "expanded") return compileSwapped(node, subject.value, calls)
  let kept: Check | undefined
  return (scope, item) => {
    if (kept !== undefined) return kept.run(read(scope, item), subject.path, direct)
    const value = resolve(operand, { scope, item, calls })
    if (value === missing || value === undetermined) return undefined
    const check = checkFor(node.operator, value, node.mode)
    if (check === undefined) return undefined
    if (once) kept = check
    return check.run(read(scope, item), subject.path, direct)
  }
}

/**
 * A known value against what the document holds. SOURCE: specification 15, "as `f:` expanded value": the field takes the
 * subject's place, so that the database can decide it.
 */
function compileSwapped({ operand }: BoundNode & { kind: "open" }, known: Value | typeof missing, calls: CallTable): Step {
  const check = known === missing ? undefined : equality(known, "expanded")
  return (scope, item) => {
    const value = resolve(operand, { scope, item, calls })
    if (value === missing || value === undetermined) return undefined
    return check !== undefined && check.run(value, [], false)
  }
}

function compileIsConstant({ operand, value: wanted }: BoundNode & { kind: "isConstant" }, calls: CallTable): Step {
  return (scope, item) => {
    const value = resolve(operand, { scope, item, calls })
    return value === missing || value === undetermined ? undefined : value === wanted
  }
}

function compileElemMatch(node: BoundNode & { kind: "elemMatch" }, calls: CallTable, fast: Fast): Step {
  const of = compileNode(node.of, calls, fast)
  const read = subjectReader(node.subject)
  return (scope, item) => elemMatch(node, read(scope, item), (inner) => of(scope, inner))
}

/** True when one item passes, undetermined when none does but one might. */
function elemMatch(node: { readonly subject: BoundSubject; readonly documents: boolean }, root: Value | typeof missing, of: (item: Value) => Ternary): Ternary {
  let result: Ternary = false
  const lists = endsOf(root, node.subject.path)
  for (const list of lists) {
    for (const item of list) {
      if (node.documents && !isDocument(item)) continue
      const one = of(item)
      if (one === true) return true
      if (one === undefined) result = undefined
    }
  }
  return result
}

function endsOf(root: Value | typeof missing, path: readonly string[]): (readonly Value[])[] {
  const lists: (readonly Value[])[] = []
  if (root !== missing) {
    walkPath(root, path, (value) => {
      if (Array.isArray(value)) lists.push(value as Value[])
      return false
    })
  }
  return lists
}
