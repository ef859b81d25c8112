// Updates, replacements and findOneAnd… of a user. What is refused is never visible to another reader: results are computed
// without writing, judged, and only then swapped in, each only if the document is still what was judged.
import { allOf, arrayFilterPaths, changePaths, decideDelete, decideUpdate, deniedInUpdate, type AppliedFilters, type Path } from "../../engine/index.ts"
import { isDocument, type Document, type Value } from "../../kernel/index.ts"
import { writeWithRetry, type Plan } from "./attempts.ts"
import { checkQuery, checkSort } from "./read.ts"
import { invalid, refuseDenied, refusedByRole } from "./refusals.ts"
import type { RuleRequest } from "./request.ts"
import { judgeInsert } from "./insert.ts"
import { checkSchema } from "./schema.ts"
import { userLimits } from "./settings.ts"
import type { Change } from "./store.ts"
import { selectTargets, type Judge, type Target } from "./targets.ts"
import { withoutRepeats } from "./upsert-seed.ts"

/** One update or replacement as a user asks for it. */
export interface ChangeRequest {
  readonly filter: Document
  readonly change: UserChange
  readonly many: boolean
  readonly upsert: boolean
  readonly sort?: Document | undefined
  readonly beforeWriting?: BeforeWriting | undefined
}

/** Told what an attempt is about to write, all of it admitted; rejects where it must not. */
export type BeforeWriting = (plan: Plan) => Promise<void>

/** What was written. `upserted` is the new document, where nothing matched. */
export interface Written { readonly targets: readonly Target[]; readonly upserted: Document | undefined }

/** A change that users may ask for: never a pipeline. */
export type UserChange = Extract<Change, { kind: "replace" }> | { readonly kind: "update"; readonly update: Document; readonly arrayFilters?: readonly Document[] }

/** Reads the text of an update: without operators it replaces the document, also in `updateMany`. */
export function changeOf(update: Document, arrayFilters: readonly Document[] | undefined): UserChange {
  // SOURCE: realm-js issue 5173.
  if (!isDocument(update)) throw invalid('"update" argument must be a object')
  const isReplacement = !Object.keys(update).some((key) => key.startsWith("$"))
  if (isReplacement) return { kind: "replace", replacement: update }
  return { kind: "update", update, ...(arrayFilters === undefined ? {} : { arrayFilters }) }
}

export function replacementOf(replacement: Document): UserChange {
  if (!isDocument(replacement)) throw invalid("a replacement is a document")
  if (Object.keys(replacement).some((key) => key.startsWith("$"))) throw invalid("a replacement holds no update operators")
  return { kind: "replace", replacement }
}

/** Applies one change under rules. */
export async function applyChange(request: RuleRequest, wanted: ChangeRequest): Promise<Written> {
  const { filter, change, many, upsert, sort, beforeWriting } = wanted
  checkQuery(request, filter)
  checkSort(sort)
  checkChange(request, change)
  const filters = await request.filters()
  const judge: Judge = {
    kind: "update",
    result: (before) => request.store.preview(request.namespace, before, filter, change),
    decide: (rules, role, before, after) => decideUpdate(rules, role, before, after as Document),
  }
  const { morePaths, changedPaths } = namedPaths(change)
  return writeWithRetry(request, async (except) => {
    const targets = await selectTargets(request, { filter, many, sort, morePaths, changedPaths, except }, filters, judge)
    for (const { before, after } of targets) await checkSchema(request, "update", after as Document, before)
    const nothingMatched = targets.length === 0 && except.size === 0
    // SECURITY: what is malformed is refused whether hidden documents match or not; otherwise the refusal would tell of them.
    if (nothingMatched) await request.store.checkChange(request.namespace, filter, change)
    const plan: Plan = { targets, replaces: change.kind === "replace", insert: upsert && nothingMatched ? await judgeUpsert(request, filter, filters, change) : undefined }
    await beforeWriting?.(plan)
    return plan
  })
}

/** Deletes under rules. */
export async function applyDelete(request: RuleRequest, { filter, many, sort, beforeWriting }: Omit<ChangeRequest, "change" | "upsert">): Promise<Written> {
  checkQuery(request, filter)
  checkSort(sort)
  const filters = await request.filters()
  const judge: Judge = { kind: "delete", result: () => Promise.resolve(null), decide: (rules, role, before) => decideDelete(rules, role, before) }
  return writeWithRetry(request, async (except) => {
    const plan: Plan = { targets: await selectTargets(request, { filter, many, sort, except }, filters, judge), insert: undefined }
    await beforeWriting?.(plan)
    return plan
  })
}

/** Refuses what users may not use in a change. */
export function checkChange(request: RuleRequest, change: UserChange): void {
  if (change.kind === "replace") return
  const { update, arrayFilters = [] } = change
  if (!Array.isArray(arrayFilters) || !arrayFilters.every(isDocument)) throw invalid("`arrayFilters` is a list of documents")
  refuseDenied(deniedInUpdate(update, arrayFilters, userLimits(request.settings)))
}

/** The document an upsert inserts, judged as an insert by the role of the new document. */
async function judgeUpsert(request: RuleRequest, filter: Document, filters: AppliedFilters, change: UserChange): Promise<Document> {
  const upserted = await upsertOf(request, filter, filters, change)
  if (upserted === "none") throw refusedByRole("insert", { outcome: "refused", because: "no-role-applies", role: undefined })
  await judgeInsert(request, upserted.document, upserted.generatedId)
  return upserted.document
}

/** The document an upsert would insert, and whether this server made its `_id`; "none": filters would never let it be found. */
export async function upsertOf(request: RuleRequest, filter: Document, filters: AppliedFilters, change: UserChange): Promise<{ readonly document: Document; readonly generatedId: boolean } | "none"> {
  const seed = allOf([filter, filters.query === "none" ? "none" : withoutRepeats(filters.query, filter)])
  if (seed === "none") return "none"
  const document = await request.store.preview(request.namespace, null, seed, change)
  return { document, generatedId: !namesId(seed) && !namesId(change.kind === "replace" ? change.replacement : change.update) }
}

/** The paths that the conditions of array filters look at, and those a change names. */
export function namedPaths(change: UserChange): { readonly morePaths: readonly Path[]; readonly changedPaths: readonly Path[] } {
  if (change.kind === "replace") return { morePaths: [], changedPaths: changePaths(change.replacement, true) }
  return { morePaths: arrayFilterPaths(change.update, change.arrayFilters ?? []), changedPaths: changePaths(change.update, false) }
}

/** Whether the text of a predicate or change names `_id`, so that it was not this server that made it. */
function namesId(value: Value): boolean {
  if (Array.isArray(value)) return value.some((item: Value) => namesId(item))
  return isDocument(value) && Object.keys(value).some((key) => key === "_id" || (key.startsWith("$") && namesId(value[key])))
}
