// Watch streams of a user: each event is judged anew, with the user as he was when the stream was opened (specification 10).
import { decideEvent, deniedInPredicate, isPathReadable, predicatePaths, type Path, type ReadDecision } from "../../engine/index.ts"
import { equalValues, isDocument, type Document, type Value } from "../../kernel/index.ts"
import { createMetrics, type MetricsCounter } from "./metrics.ts"
import { projectedEvent } from "./projected-event.ts"
import { invalid, refuseDenied } from "./refusals.ts"
import { openRequest, type RuleRequest, type UserCollection } from "./request.ts"
import { userLimits } from "./settings.ts"
import type { ChangeEvent, StreamOptions } from "./store.ts"

export interface WatchOptions { readonly ids?: readonly Value[]; readonly filter?: Document; readonly signal?: AbortSignal; readonly onOpen?: () => void }

/** Throws at the call, before anything is opened, when the user may not watch: a stream that is refused never begins. */
export function watch(collection: UserCollection, options: WatchOptions): AsyncGenerator<ChangeEvent, void, undefined> {
  openRequest(collection)
  checkWatch(options)
  refuseDenied(deniedInPredicate(options.filter, userLimits(collection.settings)))
  return visibleEvents(collection, options)
}

/** Each stream is one line of the log, when it ends. */
async function* visibleEvents(collection: UserCollection, options: WatchOptions): AsyncGenerator<ChangeEvent, void, undefined> {
  // A filter that the store does not understand fails here, and not with the first change.
  if (options.filter !== undefined) await collection.store.matches({}, options.filter)
  // Filters that contradict each other fail the stream, not its first event.
  await openRequest(collection).filters()
  const metrics = createMetrics()
  try {
    for await (const event of collection.store.watch(collection.namespace, streamOptions(options))) {
      const shown = await visibleEvent(collection, event, options, metrics)
      if (shown !== null) yield shown
    }
  } finally {
    collection.log?.({ operation: "watch", namespace: collection.namespace, metrics: metrics.total() })
  }
}

export function streamOptions({ signal, onOpen }: WatchOptions): StreamOptions {
  return { ...(signal === undefined ? {} : { signal }), ...(onOpen === undefined ? {} : { onOpen }) }
}

export function checkWatch({ ids, filter }: WatchOptions): void {
  if (ids !== undefined && !Array.isArray(ids)) throw invalid("`ids` is a list")
  if (filter !== undefined && !isDocument(filter)) throw invalid("`filter` is a document")
}

/** One event as the user may see it, or null. */
async function visibleEvent(collection: UserCollection, event: ChangeEvent, { ids, filter }: WatchOptions, metrics: MetricsCounter): Promise<ChangeEvent | null> {
  if (!isAmong(event, ids)) return null
  const request = openRequest(collection)
  const { query, projections } = await request.filters()
  const judged = event.fullDocument ?? event.fullDocumentBeforeChange
  if (!(await passesFilters(collection, query, judged))) return null
  const { event: shown, read } = await request.decide((rules) => decideEvent(rules, event))
  metrics.count(read, judged ?? {})
  if (shown === null || !(await passesOwnFilter(request, shown, read, judged ?? {}, filter))) return null
  return projectedEvent(collection.store, shown, projections)
}

/** The filter of the client, which may ask for fields that projections leave out, as that of a find may. */
async function passesOwnFilter({ settings, store, decide }: RuleRequest, shown: ChangeEvent, read: ReadDecision | undefined, judged: Document, filter: Document | undefined): Promise<boolean> {
  if (filter === undefined) return true
  // SECURITY: the filter sees what roles leave of the event; paths into a document that hides them match nothing, not even in reverse.
  if (read?.outcome === "granted" && !read.whole && settings.rules.queryOnUnreadable !== "match") {
    const readable = await decide(() => documentPaths(filter).every((path) => path.length > 0 && isPathReadable(read, judged, path)))
    if (!readable) return false
  }
  return store.matches(shown as unknown as Document, filter)
}

/** Whether an event is of one of the wanted documents. */
export function isAmong(event: ChangeEvent, ids: readonly Value[] | undefined): boolean {
  return ids === undefined || ids.some((id) => equalValues(id, event.documentKey["_id"]))
}

/** Filters of rules ask for the document after the change. Of a document nobody has seen they can only be sure when they ask nothing. */
async function passesFilters({ store }: UserCollection, query: Document | "none", document: Document | undefined): Promise<boolean> {
  if (query === "none") return false
  if (Object.keys(query).length === 0) return true
  return document !== undefined && store.matches(document, query)
}

function documentPaths(filter: Document): Path[] {
  return predicatePaths(filter).filter(([first]) => first === "fullDocument").map((path) => path.slice(1))
}
