// The visible collection of one user: the documents he may read, cut to what he may read of them (specification 8.3).
import {
  allOf, decideRead, isPathAlwaysReadable, isPathReadable, predicatePaths, pushVisible, sortPaths, type AppliedFilters, type BoundRules, type Path, type PushedRoles, type ReadDecision,
} from "../../engine/index.ts"
import type { Document } from "../../kernel/index.ts"
import { noDocuments } from "./cursor.ts"
import type { RuleRequest } from "./request.ts"
import type { Cursor, FindOptions } from "./store.ts"

/** What a read asks the store for, and what is left to decide per document. */
export interface ReadPlan {
  readonly query: Document | "none"
  /** Paths the request looks at and that may be hidden; a document that hides one of them does not match. */
  readonly paths: readonly Path[]
  readonly filters: AppliedFilters
  /** The query selects exactly the visible matches: the store may skip, limit and count them. */
  readonly exact: boolean
  /** And each is readable whole: nothing is left to do per document. */
  readonly whole: boolean
  /** Where it is exact, and what is readable of each can be told beforehand: the projection that leaves that; `{}` where it is whole. */
  readonly projection: Document | undefined
  readonly roles: PushedRoles
}

/** Plans a read: filters first, then what the database can decide of the roles. */
export async function planRead(request: RuleRequest, filter: Document, sort?: Document): Promise<ReadPlan> {
  const applied = request.filters()
  const filters = applied instanceof Promise ? await applied : applied
  const pushed = request.decide(pushVisible)
  const roles = pushed instanceof Promise ? await pushed : pushed
  // The request's predicate stays apart from what the rules add: a positional `$` refers to it alone.
  const query = allOf([filter, filters.query, roles.query])
  // Where all is readable, so is every path.
  const paths = roles.whole ? [] : pathsOf(request, filter, sort)
  const exact = roles.exact && (paths.length === 0 || (await request.decide((rules) => arePathsReadable(rules, roles, paths))))
  return { query, filters, roles, exact, whole: exact && roles.whole, projection: exact ? (roles.whole ? {} : roles.projection) : undefined, paths }
}

/** Whether no document can be left out for what the request looks at. Known only where all have one role. */
export function arePathsReadable(rules: BoundRules, { onlyRole }: Pick<PushedRoles, "onlyRole">, paths: readonly Path[]): boolean {
  return paths.every((path) => path[0] === "_id" || (onlyRole !== undefined && isPathAlwaysReadable(rules, onlyRole, path)))
}

/** The paths a request looks at, as far as they are to be readable. */
export function pathsOf(request: RuleRequest, filter: Document, sort?: Document): Path[] {
  return request.settings.rules.queryOnUnreadable === "match" ? [] : [...predicatePaths(filter), ...sortPaths(sort)]
}

/** The visible matches in order, cut, before any projection. `options` go to the store: `skip` and `limit` only where the plan is exact. */
export async function* visibleDocuments(request: RuleRequest, plan: ReadPlan, options: FindOptions): AsyncGenerator<Document, void, undefined> {
  for await (const document of findVisible(request, plan, options)) {
    const answer = show(request, plan, document)
    const shown = answer instanceof Promise ? await answer : answer
    if (shown !== undefined) yield shown
  }
}

/** The part of the visible matches that `skip` and `limit` name, at once: for a page, whose documents are few. */
export async function visiblePage(request: RuleRequest, plan: ReadPlan, order: FindOptions, bounds: Bounds): Promise<Document[]> {
  const visible: Document[] = []
  if (plan.exact) {
    for (const document of await findVisible(request, plan, { ...order, ...bounds }).toArray()) {
      const answer = show(request, plan, document)
      const shown = answer instanceof Promise ? await answer : answer
      if (shown !== undefined) visible.push(shown)
    }
    return visible
  }
  const { skip, limit } = bounds
  let skipped = 0
  for await (const document of findVisible(request, plan, { ...order, batchSize: skip + limit })) {
    const answer = show(request, plan, document)
    const shown = answer instanceof Promise ? await answer : answer
    if (shown === undefined) continue
    if (skipped < skip) skipped += 1
    else if (visible.push(shown) === limit) break
  }
  return visible
}

/** As {@link visiblePage}, one after the other. */
export function visibleStream(request: RuleRequest, plan: ReadPlan, order: FindOptions, bounds: Bounds): AsyncGenerator<Document, void, undefined> {
  if (plan.exact) return visibleDocuments(request, plan, { ...order, ...bounds })
  const { skip, limit } = bounds
  return page(visibleDocuments(request, plan, { ...order, batchSize: skip + limit }), skip, limit)
}

export interface Bounds { readonly skip: number; readonly limit: number }

/** What the store finds for a plan. It is not asked where nothing can be visible. */
export function findVisible({ store, namespace }: RuleRequest, { query }: ReadPlan, options: FindOptions): Cursor {
  return query === "none" ? noDocuments : store.find(namespace, query, options)
}

/** What is shown of one document that the store found; undefined for a document that is not, or that hides what the request looks at. */
function show(request: RuleRequest, plan: ReadPlan, document: Document): Document | undefined | Promise<Document | undefined> {
  const answer = request.decide((rules) => judge(rules, plan, document))
  return answer instanceof Promise ? answer.then((read) => counted(request, read, document)) : counted(request, answer, document)
}

function judge(rules: BoundRules, { paths }: ReadPlan, document: Document): ReadDecision | undefined {
  const read = decideRead(rules, document)
  return read.outcome === "hidden" || paths.every((path) => isPathReadable(read, document, path)) ? read : undefined
}

function counted({ metrics }: RuleRequest, read: ReadDecision | undefined, document: Document): Document | undefined {
  metrics.count(read, document)
  return read?.outcome === "granted" ? read.document : undefined
}

/** The page of a stream that `skip` and `limit` name. `limit` 0: no limit. */
export async function* page(documents: AsyncIterable<Document>, skip: number, limit: number): AsyncGenerator<Document, void, undefined> {
  let skipped = 0
  let sent = 0
  for await (const document of documents) {
    if (skipped < skip) {
      skipped += 1
      continue
    }
    yield document
    sent += 1
    if (sent === limit) return
  }
}
