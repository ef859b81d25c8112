// The visible collection of one user: the documents he may read, cut to what he may read of them (specification 8.3).
import {
  allOf, decideRead, isPathAlwaysReadable, isPathReadable, predicatePaths, pushVisible, sortPaths, type AppliedFilters, type BoundRules, type Path, type PushedRoles, type ReadDecision,
} from "../../engine/index.ts"
import type { Document } from "../../kernel/index.ts"
import type { RuleRequest } from "./request.ts"
import type { FindOptions } from "./store.ts"

/** What a read asks the store for, and what is left to decide per document. */
export interface ReadPlan {
  readonly query: Document | "none"
  /** Paths the request looks at; a document that hides one of them does not match. */
  readonly paths: readonly Path[]
  readonly filters: AppliedFilters
  /** The query selects exactly the visible matches: the store may skip, limit and count them. */
  readonly exact: boolean
  /** And each is readable whole: nothing is left to do per document. */
  readonly whole: boolean
  readonly roles: PushedRoles
}

/** Plans a read: filters first, then what the database can decide of the roles. */
export async function planRead(request: RuleRequest, filter: Document, sort?: Document): Promise<ReadPlan> {
  const filters = await request.filters()
  const roles = await request.decide(pushVisible)
  // The request's predicate stays apart from what the rules add: a positional `$` refers to it alone.
  const query = allOf([filter, filters.query, roles.query])
  const paths = pathsOf(request, filter, sort)
  const exact = roles.exact && (roles.whole || (await request.decide((rules) => arePathsReadable(rules, roles, paths))))
  return { query, filters, roles, exact, whole: exact && roles.whole, paths }
}

/** Whether no document can be left out for what the request looks at. Known only where the user alone decides the role. */
function arePathsReadable(rules: BoundRules, { onlyRole }: PushedRoles, paths: readonly Path[]): boolean {
  return paths.every((path) => path[0] === "_id" || (onlyRole !== undefined && isPathAlwaysReadable(rules, onlyRole, path)))
}

/** The paths a request looks at, as far as they are to be readable. */
export function pathsOf(request: RuleRequest, filter: Document, sort?: Document): Path[] {
  return request.settings.rules.queryOnUnreadable === "match" ? [] : [...predicatePaths(filter), ...sortPaths(sort)]
}

/** The visible matches in order, cut, before any projection. `options` go to the store: `skip` and `limit` only where the plan is exact. */
export async function* visibleDocuments(request: RuleRequest, plan: ReadPlan, options: FindOptions): AsyncGenerator<Document, void, undefined> {
  if (plan.query === "none") return
  const metrics = request.metrics
  for await (const document of request.store.find(request.namespace, plan.query, options)) {
    if (plan.whole) {
      yield document
      continue
    }
    const answer = judgeVisible(request, plan, document)
    const read = answer instanceof Promise ? await answer : answer
    metrics.count(read, document)
    if (read?.outcome === "granted") yield read.document
  }
}

/** As {@link visibleDocuments}, all at once: for a page, whose documents are few. */
export async function visiblePage(request: RuleRequest, plan: ReadPlan, options: FindOptions): Promise<Document[]> {
  if (plan.query === "none") return []
  const found = await request.store.find(request.namespace, plan.query, options).toArray()
  if (plan.whole) return found
  const visible: Document[] = []
  for (const document of found) {
    const answer = judgeVisible(request, plan, document)
    const read = answer instanceof Promise ? await answer : answer
    request.metrics.count(read, document)
    if (read?.outcome === "granted") visible.push(read.document)
  }
  return visible
}

/** What is visible of one document that the store found; undefined when it hides what the request looks at. */
function judgeVisible(request: RuleRequest, plan: ReadPlan, document: Document): Judged | Promise<Judged> {
  return request.decide((rules) => {
    const read = decideRead(rules, document)
    return read.outcome === "hidden" || read.whole || plan.paths.every((path) => isPathReadable(read, document, path)) ? read : undefined
  })
}

type Judged = ReadDecision | undefined

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
