// Why a caller may or may not do something with one document: the decision a request would meet, and every part of it.
import { explainAccess, explainFilters, forbiddenPath, identical, type AccessExplanation, type AccessQuestion, type ExplainedProblem, type Path, type ReceiptFilter } from "../../engine/index.ts"
import type { Document } from "../../kernel/index.ts"
import { withGivenId } from "./insert.ts"
import { checkQuery } from "./read.ts"
import { openRequest, type RuleRequest, type UserCollection } from "./request.ts"
import { meet } from "./targets.ts"
import { changeOf, checkChange, namedPaths, upsertOf, type UserChange } from "./update.ts"
import { pathsOf } from "./visible.ts"

/** What is asked: of the first document that matches a filter, or of one that is given and need not be stored. */
export type ExplainQuestion =
  | { readonly operation: "read" | "delete"; readonly filter: Document }
  | { readonly operation: "read" | "delete"; readonly document: Document }
  /** `update`: operators, or the document as it shall be. With `upsert` it becomes an insert where nothing matches. */
  | { readonly operation: "update"; readonly filter: Document; readonly update: Document; readonly arrayFilters?: readonly Document[]; readonly upsert?: boolean }
  | { readonly operation: "update"; readonly document: Document; readonly update: Document; readonly arrayFilters?: readonly Document[] }
  | { readonly operation: "insert"; readonly document: Document }

/** One filter, and whether it lets the document be found. */
export interface ExplainedFilter extends ReceiptFilter { readonly admits: boolean }

export interface DocumentExplanation extends AccessExplanation {
  /** Filters, in their order; an insert passes none. */
  readonly filters: readonly ExplainedFilter[]
  /** How the document that is to be written misses its collection's schema; asked also of what the roles refuse. */
  readonly schema: readonly ExplainedProblem[]
}

/** What a client may be told: a code and the name of the role, never a value. */
export interface ClientExplanation { readonly outcome: AccessExplanation["decision"]["outcome"]; readonly code: string | undefined; readonly role: string | undefined }

/** Cuts an explanation down to what a client may be told. */
export function explanationForClient({ decision, assigned }: AccessExplanation): ClientExplanation {
  return { outcome: decision.outcome, code: "because" in decision ? decision.because : undefined, role: assigned }
}

/** The question with its document, and the paths of it that the request names. */
interface Asked { readonly question: AccessQuestion; readonly paths: readonly Path[]; readonly changed: readonly Path[] }

/** Explains a decision without acting on it; null when no document matches. */
export async function explainDocument(collection: UserCollection, question: ExplainQuestion): Promise<DocumentExplanation | null> {
  const request = openRequest(collection)
  const asked = await askedOf(request, question)
  if (asked === null) return null
  const access = await request.decide((rules) => explainAccess(rules, asked.question))
  const filters = asked.question.operation === "insert" ? [] : await filtersOf(request, asked.question.document)
  const schema = await problemsOf(request, asked.question)
  return { ...access, filters, schema, decision: await decisionOf(request, asked, { ...access, filters, schema }) }
}

async function askedOf(request: RuleRequest, question: ExplainQuestion): Promise<Asked | null> {
  const { store, namespace, newId } = request
  if (question.operation === "insert") {
    const { document, generated } = withGivenId(question.document, newId)
    return { question: { operation: "insert", document, generatedId: generated }, paths: [], changed: [] }
  }
  const filter = "filter" in question ? question.filter : {}
  checkQuery(request, filter)
  const paths = pathsOf(request, filter)
  const document = "document" in question ? question.document : (await store.find(namespace, filter, { limit: 1 }).toArray())[0]
  if (question.operation !== "update") return document === undefined ? null : { question: { operation: question.operation, document }, paths, changed: [] }
  const change = changeOf(question.update, question.arrayFilters)
  checkChange(request, change)
  if (document === undefined) return "upsert" in question && question.upsert === true ? askedOfUpsert(request, filter, change) : null
  const { morePaths, changedPaths } = namedPaths(change)
  return { question: { operation: "update", document, after: await store.preview(namespace, document, filter, change) }, paths: [...paths, ...morePaths], changed: changedPaths }
}

async function askedOfUpsert(request: RuleRequest, filter: Document, change: UserChange): Promise<Asked | null> {
  const upserted = await upsertOf(request, filter, await request.filters(), change)
  return upserted === "none" ? null : { question: { operation: "insert", ...upserted }, paths: [], changed: [] }
}

async function filtersOf(request: RuleRequest, document: Document): Promise<ExplainedFilter[]> {
  const filters = await request.decide(explainFilters)
  return Promise.all(filters.map(async (filter) => ({ ...filter, admits: filter.query === undefined || (filter.query !== "none" && (await request.store.matches(document, filter.query))) })))
}

async function problemsOf(request: RuleRequest, question: AccessQuestion): Promise<readonly ExplainedProblem[]> {
  const { schema } = request
  if (schema === undefined || (question.operation !== "insert" && question.operation !== "update")) return []
  const [before, after] = question.operation === "insert" ? [undefined, question.document] : [question.document, question.after]
  return request.decide((rules) => schema.explain(after, before, rules))
}

type Decision = AccessExplanation["decision"]

/** What the request itself would come to: filters first, then what it looks at, the roles, and the schema last. */
async function decisionOf(request: RuleRequest, asked: Asked, { decision, filters, schema }: DocumentExplanation): Promise<Decision> {
  if (filters.some(({ admits }) => !admits)) return { outcome: "hidden", because: "filter-excludes" }
  const met = asked.question.operation === "insert" ? decision : await decisionOnStored(request, asked, asked.question, decision)
  const [problem] = schema
  return met.outcome === "granted" && problem !== undefined ? { outcome: "refused", because: "schema-refuses", field: problem.field } : met
}

/** As the search for targets decides: a document that its user cannot see is skipped where a visible one is refused. */
async function decisionOnStored(request: RuleRequest, { paths, changed }: Asked, question: Exclude<AccessQuestion, { operation: "insert" }>, decision: Decision): Promise<Decision> {
  const { document } = question
  const skipped = question.operation === "read" || request.settings.rules.hiddenOnWrite === "skip" ? "hidden" : "refused"
  const met = await request.decide((rules) => meet(rules, document, paths, changed))
  if (met === "no-role") return { outcome: skipped, because: "no-role-applies" }
  if (met === "no-match") return decision.outcome === "hidden" ? decision : { outcome: "hidden", because: "query-names-hidden-field" }
  if (question.operation === "read") return decision
  const after = question.operation === "update" ? question.after : null
  const forbidden = after === null || decision.outcome !== "granted" ? undefined : await request.decide(() => forbiddenPath(met.role, met.unreadable, document, after))
  const refusal: Decision = forbidden === undefined ? decision : { outcome: "refused", because: "field-forbids", field: forbidden.join(".") }
  if (refusal.outcome !== "granted") return { ...refusal, outcome: met.visible ? "refused" : skipped }
  const isVacuous = !met.visible && met.unreadable.length === 0 && after !== null && identical(document, after)
  return isVacuous ? { outcome: skipped, because: "nothing-readable" } : decision
}
