// Which documents a write of a user touches, and whether it may (specification 9.4).
import {
  allOf, assignStored, forbiddenPath, identical, isPathReadable, pushAssigned, readAs, unreadablePaths, type AppliedFilters, type BoundRole, type BoundRules, type Path, type WriteDecision,
} from "../../engine/index.ts"
import { ejsonText, type Document } from "../../kernel/index.ts"
import { refusedAsHidden, refusedByRole, type WriteKind } from "./refusals.ts"
import type { RuleRequest } from "./request.ts"
import { pathsOf } from "./visible.ts"

/** One document a write may touch, with what was admitted for it: `after` null deletes. */
export interface Target { readonly before: Document; readonly after: Document | null }

/** How a kind of write judges one document. */
export interface Judge {
  readonly kind: WriteKind
  /** What the document becomes; rejects where the database cannot do it. */
  result(before: Document): Promise<Document | null>
  decide(rules: BoundRules, role: BoundRole, before: Document, after: Document | null): WriteDecision
}

export interface Selection {
  readonly filter: Document
  readonly many: boolean
  readonly sort?: Document | undefined
  /** Paths the request looks at besides those of its predicate and sort. */
  readonly morePaths?: readonly Path[]
  /** Paths the change names. */
  readonly changedPaths?: readonly Path[]
  /** Documents an earlier, interrupted attempt has written. */
  readonly except?: ReadonlySet<string>
}

/**
 * The documents a write touches, each judged. Documents without a role, and hidden ones it may not change, are skipped as if they
 * did not exist; a visible one it may not change refuses the whole request.
 */
export async function selectTargets(request: RuleRequest, selection: Selection, filters: AppliedFilters, judge: Judge): Promise<Target[]> {
  const hiddenRefuses = request.settings.rules.hiddenOnWrite === "refuse"
  const query = await candidatesOf(request, selection.filter, filters)
  if (query === "none") return []
  const paths = [...pathsOf(request, selection.filter, selection.sort), ...(selection.morePaths ?? [])]
  const targets: Target[] = []
  const found = request.store.find(request.namespace, query, { forWrite: true, ...(selection.sort === undefined ? {} : { sort: selection.sort }) })
  for await (const before of found) {
    if (selection.except?.has(idKey(before)) === true) continue
    const target = await judgeOne(request, before, paths, selection.changedPaths ?? [], judge)
    if (target === "skip") continue
    if (target === "hidden") {
      if (hiddenRefuses) throw refusedAsHidden(judge.kind)
      continue
    }
    targets.push(target)
    if (!selection.many) break
  }
  return targets
}

/** The query for the documents a write may touch. */
export async function candidatesOf(request: RuleRequest, filter: Document, filters: AppliedFilters): Promise<Document | "none"> {
  const roles = await request.decide(pushAssigned)
  // Under the setting that refuses, documents without a role must be met.
  return allOf([filter, filters.query, request.settings.rules.hiddenOnWrite === "refuse" ? {} : roles.query])
}

async function judgeOne(request: RuleRequest, before: Document, paths: readonly Path[], changed: readonly Path[], judge: Judge): Promise<Target | "skip" | "hidden"> {
  const met = await request.decide((rules) => meet(rules, before, paths, changed))
  if (met === "no-match") return "skip"
  if (met === "no-role") {
    request.metrics.count({ outcome: "hidden", because: "no-role-applies", role: undefined }, before)
    return "hidden"
  }
  request.metrics.assign(met.role.role.name)
  let after: Document | null
  try {
    after = await judge.result(before)
  } catch (error) {
    // SECURITY: what the database says of a part the user cannot see would tell him about it.
    if (!met.visible) return "hidden"
    throw met.unreadable.length > 0 ? refusedByRole(judge.kind, refusedAt(met, met.unreadable[0])) : error
  }
  const decision = await request.decide((rules) => decideMet(rules, judge, met, before, after))
  if (decision.outcome === "refused" && met.visible) throw refusedByRole(judge.kind, decision)
  // SECURITY: a hidden document that a change leaves as it is, and names nothing of, is not counted: the count would tell that it exists.
  const isVacuous = !met.visible && met.unreadable.length === 0 && identical(before, after)
  return decision.outcome === "refused" || isVacuous ? "hidden" : { before, after }
}

/** What the rules say of a change: first of what it changes, then of what it names. A deletion names nothing. */
function decideMet(rules: BoundRules, judge: Judge, met: Met, before: Document, after: Document | null): WriteDecision {
  const decision = judge.decide(rules, met.role, before, after)
  const forbidden = decision.outcome === "refused" || after === null ? undefined : forbiddenPath(met.role, met.unreadable, before, after)
  return forbidden === undefined ? decision : refusedAt(met, forbidden)
}

/** A document that was met: its role, whether the user sees it, and which paths the change names of what he does not see. */
export interface Met { readonly role: BoundRole; readonly visible: boolean; readonly unreadable: readonly Path[] }

function refusedAt({ role }: Met, path: Path = []): Extract<WriteDecision, { outcome: "refused" }> {
  return { outcome: "refused", because: "field-forbids", role: role.role.name, field: path.join(".") }
}

/** Looks at one document a write has found; "no-match": it hides what the request looks at. */
export function meet(rules: BoundRules, before: Document, paths: readonly Path[], changed: readonly Path[]): Met | "no-role" | "no-match" {
  const role = assignStored(rules, before)
  if (role === undefined) return "no-role"
  const read = readAs(role, before, rules.settings)
  if (!paths.every((path) => isPathReadable(read, before, path))) return "no-match"
  return { role, visible: read.outcome === "granted", unreadable: unreadablePaths(read, before, changed) }
}

/** A document's `_id` as a key. */
export function idKey(document: Document): string {
  return ejsonText(document["_id"])
}
