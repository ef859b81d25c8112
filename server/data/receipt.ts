// The receipt of a request: what is asked of the store, what is left to judge here and why, and the way the store takes.
import { allOf, explainRules, type RulesReceipt } from "../../engine/index.ts"
import { isDocument, type Document } from "../../kernel/index.ts"
import { checkFindOptions, checkPipeline, checkQuery } from "./read.ts"
import { isDistinctPushed, pushedPipeline } from "./pushed.ts"
import { openRequest, type RuleRequest, type UserCollection } from "./request.ts"
import type { FindOptions, FindPlan } from "./store.ts"
import { candidatesOf } from "./targets.ts"
import { changeOf, checkChange } from "./update.ts"
import { planRead, type ReadPlan } from "./visible.ts"

/** A request to be explained without being made. */
export type RequestQuestion = ReadQuestion | WriteQuestion

type ReadQuestion =
  | { readonly operation: "find"; readonly filter: Document; readonly options?: FindOptions }
  | { readonly operation: "count"; readonly filter: Document }
  | { readonly operation: "distinct"; readonly filter: Document; readonly field: string }
  | { readonly operation: "aggregate"; readonly pipeline: readonly Document[] }

type WriteQuestion =
  | { readonly operation: "updateOne" | "updateMany"; readonly filter: Document; readonly update: Document; readonly arrayFilters?: readonly Document[] }
  | { readonly operation: "deleteOne" | "deleteMany"; readonly filter: Document }

export interface RequestReceipt extends RulesReceipt {
  readonly operation: RequestQuestion["operation"]
  /** Request, filters and roles as one query; `"none"`: the store is not asked. */
  readonly sent: Document | "none"
  /** What the database withholds of each document, as a projection; undefined where that is nothing, or is done here. */
  readonly projection: Document | undefined
  /** Who does the rest: the database alone pages, counts and aggregates, or each document that `sent` finds passes through this server. */
  readonly doneBy: "database" | "server"
  /** Undefined where the store cannot say, or is not asked. */
  readonly plan: FindPlan | undefined
}

/** What a question comes to. `search` is the find that the way is asked of. */
interface Asked { readonly receipt: RulesReceipt; readonly sent: Document | "none"; readonly projection?: Document | undefined; readonly doneBy: RequestReceipt["doneBy"]; readonly search: { readonly filter: Document | "none"; readonly options: FindOptions } }

/** Explains a request. Rejects as the request itself would where it is malformed or not allowed to users. */
export async function explainRequest(collection: UserCollection, question: RequestQuestion): Promise<RequestReceipt> {
  const request = openRequest(collection)
  const { receipt, sent, projection, doneBy, search } = await (isRead(question) ? askRead(request, question) : askWrite(request, question))
  const plan = search.filter === "none" ? undefined : await collection.store.explain?.(collection.namespace, search.filter, search.options)
  return { ...receipt, operation: question.operation, sent, projection, doneBy, plan }
}

function isRead(question: RequestQuestion): question is ReadQuestion {
  return question.operation === "find" || question.operation === "count" || question.operation === "distinct" || question.operation === "aggregate"
}

async function askRead(request: RuleRequest, question: ReadQuestion): Promise<Asked> {
  const filter = question.operation === "aggregate" ? {} : question.filter
  const options = question.operation === "find" ? question.options ?? {} : {}
  if (question.operation === "aggregate") checkPipeline(request, question.pipeline)
  checkQuery(request, filter)
  checkFindOptions(request, options)
  const plan = await planRead(request, filter, options.sort)
  const pipeline = question.operation === "aggregate" ? await pushedPipeline(request, plan, question.pipeline) : undefined
  const isDone = pipeline !== undefined || (await isDoneByDatabase(request, question, plan))
  const isCut = question.operation === "find" || pipeline !== undefined
  const receipt = await request.decide((rules) => explainRules(rules, "read"))
  return {
    receipt: { ...receipt, exact: plan.exact, whole: plan.whole }, sent: plan.query, projection: isCut && !plan.whole ? plan.projection : undefined, doneBy: isDone ? "database" : "server",
    search: pipeline === undefined ? searchOf(question, plan) : leadingSearch(pipeline),
  }
}

function isDoneByDatabase(request: RuleRequest, question: ReadQuestion, plan: ReadPlan): boolean | Promise<boolean> {
  if (question.operation === "count") return plan.exact
  if (question.operation === "distinct") return isDistinctPushed(request, plan, question.field)
  return question.operation === "find" && plan.projection !== undefined && plan.filters.projections.length === 0
}

function searchOf(question: ReadQuestion, { query, exact }: ReadPlan): Asked["search"] {
  const { sort, skip, limit } = question.operation === "find" ? question.options ?? {} : {}
  return { filter: query, options: { ...(sort === undefined ? {} : { sort }), ...(exact && skip !== undefined ? { skip } : {}), ...(exact && limit !== undefined ? { limit } : {}) } }
}

/** The search that a pipeline begins with: its first `$match` stages, and the `$sort` after them. */
function leadingSearch(pipeline: readonly Document[]): Asked["search"] {
  const end = pipeline.findIndex((stage) => !isDocument(stage["$match"]))
  const matches = pipeline.slice(0, end === -1 ? pipeline.length : end).map((stage) => stage["$match"] as Document)
  const sort = pipeline[matches.length]?.["$sort"]
  return { filter: allOf(matches), options: isDocument(sort) ? { sort } : {} }
}

async function askWrite(request: RuleRequest, question: WriteQuestion): Promise<Asked> {
  checkQuery(request, question.filter)
  if ("update" in question) {
    const change = changeOf(question.update, question.arrayFilters)
    checkChange(request, change)
    await request.store.checkChange(request.namespace, question.filter, change)
  }
  const sent = await candidatesOf(request, question.filter, await request.filters())
  const receipt = await request.decide((rules) => explainRules(rules, "write"))
  return { receipt, sent, doneBy: "server", search: { filter: sent, options: {} } }
}
