// Searches: filter, sort, skip, limit and projection over a scan.
import type { Document } from "../../../kernel/index.ts"
import { StoreError, type FindOptions, type Namespace } from "../../data/index.ts"
import { compileFilter, compileProjection, compileSort, filterBounds, type LanguageOptions } from "../language/index.ts"
import { lookUp } from "./catalog.ts"
import { Slice } from "./cursor.ts"
import { choosePlan } from "./plan.ts"
import { startScan, type Reader, type Scan } from "./scan.ts"
import type { Found } from "./write-context.ts"

/** What is looked for, read once from a request. */
export interface Search {
  readonly namespace: Namespace
  readonly matches: (document: Document) => boolean
  readonly begin: (reader: Reader, limited: number) => { readonly scan: Scan; readonly sorted: boolean } | undefined
  readonly compare: ((left: Document, right: Document) => number) | undefined
}

const mostSortBytes = 100 * 1024 * 1024
const everything = (): boolean => true

/** Reads a filter, a sort and a hint. Throws `StoreError` for what MongoDB refuses. */
export function compileSearch(namespace: Namespace, filter: Document, options: { readonly sort?: Document; readonly hint?: Document | string }, language: LanguageOptions): Search {
  const { sort, hint } = options
  const matches = Object.keys(filter).length === 0 ? everything : compileFilter(filter, language)
  const isSorted = sort !== undefined && Object.keys(sort).length > 0 && !Object.hasOwn(sort, "$natural")
  const bounds = matches === everything ? [] : filterBounds(filter, language)
  const wantedHint = sort !== undefined && Object.hasOwn(sort, "$natural") ? sort : hint
  return {
    namespace,
    matches,
    compare: isSorted ? compileSort(sort) : undefined,
    begin(reader, limited) {
      const info = lookUp(reader.catalog, namespace)
      if (info === undefined) return undefined
      const plan = choosePlan(info, { bounds, limited: limited > 0, ...(isSorted ? { sort } : {}), ...(wantedHint === undefined ? {} : { hint: wantedHint }) })
      const sorted = !isSorted || plan.sorted
      return { scan: startScan(namespace, plan, limited > 0 && sorted ? limited : undefined), sorted }
    },
  }
}

/** The matching documents in order, in batches; gives way to others while it searches. */
export async function* searchBatches(reader: () => Reader, search: Search, skip = 0, limit = 0): AsyncGenerator<Found[], void, void> {
  const begun = search.begin(reader(), limit === 0 ? 0 : skip + limit)
  if (begun === undefined) return
  const slice = new Slice()
  const top = begun.sorted ? undefined : new TopList(search.compare as (left: Document, right: Document) => number, limit === 0 ? 0 : skip + limit)
  let skipped = 0
  let given = 0
  for (let rows = begun.scan.next(reader()); rows.length > 0; rows = begun.scan.next(reader())) {
    let found = rows.filter(({ document }) => search.matches(document))
    if (top !== undefined) for (const each of found) top.add(each)
    else {
      const leave = Math.min(skip - skipped, found.length)
      skipped += leave
      found = found.slice(leave, limit === 0 ? undefined : leave + limit - given)
      given += found.length
      if (found.length > 0) yield found
      if (limit !== 0 && given >= limit) return
    }
    if (slice.isOver) await slice.pause()
  }
  if (top !== undefined) yield top.take(skip)
}

/** The first documents a search finds within a number of rows, or `over` when there are more rows than that. */
export function searchWithin(reader: Reader, search: Search, limit: number, mostRows: number): Found[] | "over" {
  const begun = search.begin(reader, limit)
  if (begun === undefined) return []
  const top = begun.sorted ? undefined : new TopList(search.compare as (left: Document, right: Document) => number, limit)
  const found: Found[] = []
  let rowsSeen = 0
  for (let rows = begun.scan.next(reader); rows.length > 0; rows = begun.scan.next(reader)) {
    rowsSeen += rows.length
    for (const row of rows) {
      if (!search.matches(row.document)) continue
      if (top !== undefined) top.add(row)
      else if (found.push(row) === limit) return found
    }
    if (rowsSeen > mostRows) return "over"
  }
  return top === undefined ? found : top.take(0)
}

/** Documents → documents, by the projection of a request. */
export function compileShape(options: Pick<FindOptions, "projection">, filter: Document, language: LanguageOptions): (document: Document) => Document {
  const { projection } = options
  if (projection === undefined || Object.keys(projection).length === 0) return (document) => document
  return compileProjection(projection, { ...language, filter })
}

/** The first documents of an order, or all of them; never more than MongoDB sorts in memory. */
class TopList {
  readonly #compare: (left: Found, right: Found) => number
  readonly #most: number
  #kept: Found[] = []
  #bytes = 0

  constructor(compare: (left: Document, right: Document) => number, most: number) {
    this.#compare = (left, right) => compare(left.document, right.document) || left.n - right.n
    this.#most = most
  }

  add(found: Found): void {
    this.#kept.push(found)
    this.#bytes += found.size
    if (this.#most > 0 && this.#kept.length >= 2 * this.#most + 64) this.#cut()
    if (this.#bytes > mostSortBytes) {
      if (this.#most > 0) this.#cut()
      if (this.#bytes > mostSortBytes) throw new StoreError("bad-request", "Cannot sort: more than 100 MiB of documents, and no index gives their order", { serverCode: 292 })
    }
  }

  take(skip: number): Found[] {
    this.#kept.sort(this.#compare)
    return this.#kept.slice(skip, this.#most === 0 ? undefined : this.#most)
  }

  #cut(): void {
    this.#kept.sort(this.#compare)
    this.#kept.length = Math.min(this.#kept.length, this.#most)
    this.#bytes = this.#kept.reduce((sum, { size }) => sum + size, 0)
  }
}
