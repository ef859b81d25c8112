// Searches: filter, sort, skip, limit and projection over a scan.
import type { Document } from "../../../kernel/index.ts"
import type { FindOptions, Namespace } from "../../data/index.ts"
import { nodeBounds, type PathBounds } from "../language/bounds.ts"
import { compileNode } from "../language/compile-tree.ts"
import { compileProjection, compileSort, type LanguageOptions } from "../language/index.ts"
import { parseFilter } from "../language/parse-filter.ts"
import { lookUp } from "./catalog.ts"
import { Slice } from "./cursor.ts"
import { choosePlan, type Plan } from "./plan.ts"
import { compileRawFilter } from "./raw-filter.ts"
import { startScan, type Reader, type Scan } from "./scan.ts"
import { TopList } from "./top-list.ts"
import type { Found } from "./write-context.ts"

/** What is looked for, read once from a request. */
export interface Search {
  readonly namespace: Namespace
  readonly matches: (document: Document) => boolean
  /** The way to the documents; undefined while there is no collection. */
  readonly plan: (reader: Reader, limited: number) => Plan | undefined
  readonly begin: (reader: Reader, limited: number) => { readonly scan: Scan; readonly sorted: boolean } | undefined
  readonly compare: ((left: Document, right: Document) => number) | undefined
}

/** How many numbers are counted at once. */
const countedAtOnce = 100_000
/** How many sorted documents are handed on at once. */
const sortedBatch = 512
const everything = (): boolean => true

/** Reads a filter, a sort and a hint. Throws `StoreError` for what MongoDB refuses. */
export function compileSearch(namespace: Namespace, filter: Document, options: { readonly sort?: Document; readonly hint?: Document | string }, language: LanguageOptions): Search {
  const { sort, hint } = options
  const node = Object.keys(filter).length === 0 ? undefined : parseFilter(filter, language)
  const matches = node === undefined ? everything : compileNode(node)
  const isSorted = sort !== undefined && Object.keys(sort).length > 0 && !Object.hasOwn(sort, "$natural")
  const bounds = node === undefined ? [] : nodeBounds(node)
  const wantedHint = sort !== undefined && Object.hasOwn(sort, "$natural") ? sort : hint
  const planOf: Search["plan"] = (reader, limited) => {
    const info = lookUp(reader.catalog, namespace)
    return info === undefined ? undefined : choosePlan(info, { bounds, limited: limited > 0, ...(isSorted ? { sort } : {}), ...(wantedHint === undefined ? {} : { hint: wantedHint }) })
  }
  return {
    namespace,
    matches,
    plan: planOf,
    compare: isSorted ? compileSort(sort) : undefined,
    begin(reader, limited) {
      const plan = planOf(reader, limited)
      if (plan === undefined) return undefined
      const sorted = !isSorted || plan.sorted
      return { scan: startScan(namespace, plan, { expected: limited > 0 && sorted ? limited : undefined, mayMatch: compileRawFilter(boundsLeft(bounds, plan)) }), sorted }
    },
  }
}

/** The bounds that a plan has not used up: what it visits is within the others, but for lists. */
function boundsLeft(bounds: readonly PathBounds[], plan: Plan): readonly PathBounds[] {
  if (plan.kind === "natural" || bounds.length === 0) return bounds
  return plan.kind === "point" ? [] : bounds.filter(({ path }) => !plan.bounded.includes(path))
}

/** A search under way: each step looks at one batch of rows. */
export class Steps {
  readonly #search: Search
  readonly #skip: number
  readonly #limit: number
  readonly #scan: Scan | undefined
  /** Where the plan does not give the order: what is left to be handed on once all rows were seen. */
  readonly top: TopList | undefined
  #skipped = 0
  #given = 0
  isDone = false

  constructor(reader: Reader, search: Search, skip: number, limit: number) {
    this.#search = search
    this.#skip = skip
    this.#limit = limit
    const begun = search.begin(reader, limit === 0 || limit === Number.POSITIVE_INFINITY ? 0 : skip + limit)
    this.#scan = begun?.scan
    this.top = begun === undefined || begun.sorted ? undefined : new TopList(search.compare as (left: Document, right: Document) => number, { skip, most: limit === 0 ? 0 : skip + limit })
    this.isDone = begun === undefined
  }

  /** What the next rows give: nothing, where a sort has to see all of them first. */
  next(reader: Reader): Found[] {
    const rows = (this.#scan as Scan).next(reader)
    if (rows === null) {
      this.isDone = true
      return []
    }
    const { matches } = this.#search
    const found = matches === everything ? rows : rows.filter(({ document }) => matches(document))
    if (this.top === undefined) return this.#cut(found)
    for (const each of found) this.top.add(each)
    return []
  }

  get looked(): number {
    return this.#scan?.looked ?? 0
  }

  #cut(found: Found[]): Found[] {
    const leave = Math.min(this.#skip - this.#skipped, found.length)
    this.#skipped += leave
    const end = this.#limit === 0 ? found.length : Math.min(found.length, leave + this.#limit - this.#given)
    this.#given += end - leave
    this.isDone = this.#limit !== 0 && this.#given >= this.#limit
    return leave === 0 && end === found.length ? found : found.slice(leave, end)
  }
}

/** The matching documents in order, in batches; gives way to others while it searches. */
export async function* searchBatches(reader: () => Reader, search: Search, skip = 0, limit = 0): AsyncGenerator<Found[], void, void> {
  const steps = new Steps(reader(), search, skip, limit)
  const slice = new Slice()
  while (!steps.isDone) {
    const found = steps.next(reader())
    if (found.length > 0) yield found
    if (slice.isOver) await slice.pause()
  }
  for (const batch of await sortedBatches(steps)) {
    yield batch
    if (slice.isOver) await slice.pause()
  }
}

async function sortedBatches({ top }: Steps): Promise<Found[][]> {
  const sorted = top === undefined ? [] : await top.sortedGently()
  return Array.from({ length: Math.ceil(sorted.length / sortedBatch) }, (_, at) => sorted.slice(at * sortedBatch, (at + 1) * sortedBatch))
}

/** All matching documents in order, each through `shape`. */
export async function searchAll<Result>(reader: () => Reader, search: Search, skip: number, limit: number, shape: (found: Found) => Result): Promise<Result[]> {
  const steps = new Steps(reader(), search, skip, limit)
  const results: Result[] = []
  const slice = new Slice()
  while (!steps.isDone) {
    for (const found of steps.next(reader())) results.push(shape(found))
    if (!steps.isDone && slice.isOver) await slice.pause()
  }
  if (steps.top === undefined) return results
  for (const batch of await sortedBatches(steps)) {
    for (const found of batch) results.push(shape(found))
    if (slice.isOver) await slice.pause()
  }
  return results
}

/** How many documents a collection has; gives way to others while it counts. */
export async function countAll(reader: () => Reader, namespace: Namespace): Promise<number> {
  const slice = new Slice()
  let total = 0
  for (let from = 0; ; from += countedAtOnce) {
    const { connection, catalog } = reader()
    const info = lookUp(catalog, namespace)
    if (info === undefined) return total
    const { counted, greatest } = connection.get(
      `SELECT (SELECT count(*) FROM ${info.table} WHERE n > ? AND n <= ?) AS counted, (SELECT max(n) FROM ${info.table}) AS greatest`, from, from + countedAtOnce,
    ) as { counted: number; greatest: number | null }
    total += counted
    if (greatest === null || greatest <= from + countedAtOnce) return total
    if (slice.isOver) await slice.pause()
  }
}

/** The first documents a search finds within a number of rows, or `over` when there are more rows than that. */
export function searchWithin(reader: Reader, search: Search, limit: number, mostRows: number): Found[] | "over" {
  const steps = new Steps(reader, search, 0, limit)
  const found: Found[] = []
  while (!steps.isDone) {
    for (const each of steps.next(reader)) found.push(each)
    if (!steps.isDone && steps.looked > mostRows) return "over"
  }
  return steps.top === undefined ? found : steps.top.sorted()
}

/** Documents → documents, by the projection of a request. */
export function compileShape(options: Pick<FindOptions, "projection">, filter: Document, language: LanguageOptions): (document: Document) => Document {
  const { projection } = options
  if (projection === undefined || Object.keys(projection).length === 0) return (document) => document
  return compileProjection(projection, { ...language, filter })
}
