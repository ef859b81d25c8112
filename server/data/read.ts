// find, findOne, count, distinct and aggregate of a user: all over the visible collection.
import { deniedInPipeline, deniedInPredicate, deniedInProjection, type AppliedFilters } from "../../engine/index.ts"
import { isDocument, type Document, type Value } from "../../kernel/index.ts"
import { atOnce, cursorOver, openLater } from "./cursor.ts"
import { collectDistinct } from "./distinct.ts"
import { invalid, refuseDenied } from "./refusals.ts"
import { isDistinctPushed, pushedPipeline } from "./pushed.ts"
import { openRequest, type RuleRequest, type UserCollection } from "./request.ts"
import { userLimits } from "./settings.ts"
import type { Cursor, FindOptions, Store } from "./store.ts"
import { findVisible, page, planRead, visibleDocuments, visiblePage, visibleStream, type ReadPlan } from "./visible.ts"

export function find(collection: UserCollection, filter: Document, options: FindOptions = {}): Cursor {
  return openLater(() => openFind(openRequest(collection), filter, options))
}

export async function findOne(collection: UserCollection, filter: Document, options: FindOptions = {}): Promise<Document | null> {
  const [document] = await find(collection, filter, { ...options, limit: 1 }).toArray()
  return document ?? null
}

async function openFind(request: RuleRequest, filter: Document, options: FindOptions): Promise<Cursor> {
  checkQuery(request, filter)
  checkFindOptions(request, options)
  const plan = await planRead(request, filter, options.sort)
  const { capped, ...bounds } = boundsOf(request, options)
  const projections = [...plan.filters.projections, ...(options.projection === undefined ? [] : [options.projection])]
  const order = orderOf(options)
  const shape: Shape = { store: request.store, filter, limit: bounds.limit }
  if (plan.projection === undefined) {
    const visible = shaped(() => visiblePage(request, plan, order, bounds), () => visibleStream(request, plan, order, bounds), projections, shape)
    return request.finish("find", visible, capped)
  }
  const [first, ...others] = plan.whole ? projections : [plan.projection, ...projections]
  const isLeft = isPositional(first)
  const found = findVisible(request, plan, { ...order, ...bounds, ...(first === undefined || isLeft ? {} : { projection: first }) })
  const left = isLeft ? projections : others
  return request.finish("find", left.length === 0 ? found : shaped(() => found.toArray(), () => found, left, shape), capped, plan.roles.onlyRole?.role.name)
}

interface Shape { readonly store: Store; readonly filter: Document; readonly limit: number }

/** Documents through projections: a page at once, more of them one after the other. */
function shaped(list: () => Promise<Document[]>, stream: () => AsyncIterable<Document>, projections: readonly Document[], { store, filter, limit }: Shape): Cursor {
  const one = (document: Document): Document => projectAll(store, document, projections, filter)
  const all = (): AsyncGenerator<Document, void, undefined> => projected(store, stream(), projections, filter)
  return limit > longestPage ? cursorOver(all()) : atOnce(async () => (await list()).map(one), all)
}

/** Pages up to this many documents are read at once, when they are wanted as a list. */
const longestPage = 1000

export async function count(collection: UserCollection, filter: Document, { limit = 0 }: { readonly limit?: number } = {}): Promise<number> {
  const request = openRequest(collection)
  checkQuery(request, filter)
  checkWhole("limit", limit)
  const plan = await planRead(request, filter)
  const counted = await countVisible(request, plan, limit)
  request.logged("count")
  return counted
}

async function countVisible(request: RuleRequest, plan: ReadPlan, limit: number): Promise<number> {
  if (plan.query === "none") return 0
  if (plan.exact) {
    const counted = await request.store.count(request.namespace, plan.query, limit === 0 ? {} : { limit })
    if (plan.roles.onlyRole !== undefined) request.metrics.assign(plan.roles.onlyRole.role.name, counted)
    return counted
  }
  let counted = 0
  for await (const _ of page(visibleDocuments(request, plan, {}), 0, limit)) counted += 1
  return counted
}

export async function distinct(collection: UserCollection, field: string, filter: Document): Promise<Value[]> {
  const request = openRequest(collection)
  checkQuery(request, filter)
  if (typeof field !== "string" || field === "") throw invalid("the field of `distinct` is text that is not empty")
  const plan = await planRead(request, filter)
  const values = await distinctVisible(request, plan, field, filter)
  request.logged("distinct")
  return values
}

async function distinctVisible(request: RuleRequest, plan: ReadPlan, field: string, filter: Document): Promise<Value[]> {
  if (plan.query === "none") return []
  if (await isDistinctPushed(request, plan, field)) return request.store.distinct(request.namespace, field, plan.query)
  return collectDistinct(projected(request.store, visibleDocuments(request, plan, {}), plan.filters.projections, filter), field)
}

export function aggregate(collection: UserCollection, pipeline: readonly Document[], options: { readonly maxTimeMS?: number; readonly allowDiskUse?: boolean } = {}): Cursor {
  return openLater(async () => {
    const request = openRequest(collection)
    checkPipeline(request, pipeline)
    if (options.allowDiskUse === true) throw invalid("`allowDiskUse` is for the system user only")
    const plan = await planRead(request, {})
    return request.finish("aggregate", await runPipeline(request, plan, pipeline, options.maxTimeMS), request.settings.maxResultDocuments)
  })
}

async function runPipeline(request: RuleRequest, plan: ReadPlan, pipeline: readonly Document[], maxTimeMS: number | undefined): Promise<Cursor> {
  const { store, namespace } = request
  const options = maxTimeMS === undefined ? {} : { maxTimeMS }
  const pushed = await pushedPipeline(request, plan, pipeline)
  if (pushed !== undefined) return store.aggregate(namespace, pushed, options)
  return store.aggregateOver(projected(store, visibleDocuments(request, plan, {}), plan.filters.projections, {}), pipeline, options)
}

/** Applies the projections of filters, then that of the request: each on what the one before left. */
export async function* projected(store: Store, documents: AsyncIterable<Document>, projections: readonly Document[], filter: Document): AsyncGenerator<Document, void, undefined> {
  for await (const document of documents) yield projectAll(store, document, projections, filter)
}

/** One document through all projections. */
export function projectAll(store: Store, document: Document, projections: AppliedFilters["projections"], filter: Document): Document {
  return projections.reduce((left, projection) => store.project(left, projection, filter), document)
}

/** Refuses what users may not use in a predicate. */
export function checkQuery(request: RuleRequest, filter: Document): void {
  if (!isDocument(filter)) throw invalid("a query is a document")
  refuseDenied(deniedInPredicate(filter, userLimits(request.settings)))
}

/** Refuses what users may not use in a pipeline. */
export function checkPipeline(request: RuleRequest, pipeline: readonly Document[]): void {
  if (!Array.isArray(pipeline) || !pipeline.every(isDocument)) throw invalid("a pipeline is a list of stages")
  refuseDenied(deniedInPipeline(pipeline, userLimits(request.settings)))
}

/** Refuses what users may not use beside the predicate of a find. */
export function checkFindOptions(request: RuleRequest, { projection, sort, collation, skip = 0, limit = 0 }: FindOptions): void {
  if (collation !== undefined) throw invalid("`collation` is for the system user only")
  checkWhole("skip", skip)
  checkWhole("limit", Math.abs(limit))
  checkProjection(request, projection)
  checkSort(sort)
}

/** Refuses what users may not use in a projection. */
export function checkProjection(request: RuleRequest, projection: Document | undefined): void {
  if (projection !== undefined && !isDocument(projection)) throw invalid("a projection is a document")
  refuseDenied(deniedInProjection(projection, userLimits(request.settings)))
}

/** Refuses what is no order. */
export function checkSort(sort: Document | undefined): void {
  if (sort !== undefined && (!isDocument(sort) || Object.values(sort).some(isDocument))) throw invalid("a sort is a document of 1 and -1")
}

function boundsOf({ settings }: RuleRequest, { skip = 0, limit = 0 }: FindOptions): { skip: number; limit: number; capped: number } {
  // A negative limit asks for one batch of that many documents.
  const wanted = Math.abs(limit)
  const isCapped = wanted === 0 || wanted > settings.maxResultDocuments
  // One more than may be given tells whether there are more.
  return { skip, limit: isCapped ? settings.maxResultDocuments + 1 : wanted, capped: isCapped ? settings.maxResultDocuments : 0 }
}

function checkWhole(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw invalid(`\`${name}\` is a whole number that is not negative`)
}

/** A projection with `a.$`, which names the element the predicate met; the rules' part of a pushed query must not decide that. */
function isPositional(projection: Document | undefined): boolean {
  return projection !== undefined && Object.keys(projection).some((path) => path.endsWith(".$"))
}

function orderOf({ sort, hint }: FindOptions): Pick<FindOptions, "sort" | "hint"> {
  return { ...(sort === undefined ? {} : { sort }), ...(hint === undefined ? {} : { hint }) }
}
