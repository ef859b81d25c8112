// Why a caller may or may not do something with a document, and what a read asks of the store.
import { explainAccess, explainRead, type AccessExplanation, type AccessQuestion, type RulesReceipt } from "../../engine/index.ts"
import type { Document } from "../../kernel/index.ts"
import { checkQuery } from "./read.ts"
import { openRequest, type UserCollection } from "./request.ts"
import type { FindOptions, FindPlan } from "./store.ts"
import { changeOf } from "./update.ts"
import { planRead } from "./visible.ts"

/** What is asked: of the first document that matches a filter, or of one that is given and need not be stored. */
export type ExplainQuestion =
  | { readonly operation: "read" | "delete"; readonly filter: Document }
  | { readonly operation: "read" | "delete"; readonly document: Document }
  | { readonly operation: "update"; readonly filter: Document; readonly update: Document }
  /** `update`: operators, or the document as it shall be. */
  | { readonly operation: "update"; readonly document: Document; readonly update: Document }
  | { readonly operation: "insert"; readonly document: Document }

/** The receipt of a find: what was pushed to the store, what is left over and why, and the way the store takes. */
export interface FindReceipt extends RulesReceipt {
  /** Request, filters and roles as one query; `"none"`: the store is not asked. */
  readonly sent: Document | "none"
  /** Undefined where the store cannot say, or is not asked. */
  readonly plan: FindPlan | undefined
}

/** What a client may be told: a code and the name of the role, never a value. */
export interface ClientExplanation { readonly outcome: AccessExplanation["decision"]["outcome"]; readonly code: string | undefined; readonly role: string | undefined }

/** Cuts an explanation down to what a client may be told. */
export function explanationForClient({ decision, assigned }: AccessExplanation): ClientExplanation {
  return { outcome: decision.outcome, code: "because" in decision ? decision.because : undefined, role: assigned }
}

/** Explains a decision without acting on it; null when no document matches. */
export async function explainDocument(collection: UserCollection, question: ExplainQuestion): Promise<AccessExplanation | null> {
  const request = openRequest(collection)
  const asked = await askedOf(collection, question)
  return asked === null ? null : request.decide((rules) => explainAccess(rules, asked))
}

async function askedOf({ store, namespace }: UserCollection, question: ExplainQuestion): Promise<AccessQuestion | null> {
  if (question.operation === "insert") return { operation: "insert", document: question.document, generatedId: !Object.hasOwn(question.document, "_id") }
  const filter = "filter" in question ? question.filter : {}
  const document = "document" in question ? question.document : (await store.find(namespace, filter, { limit: 1 }).toArray())[0]
  if (document === undefined) return null
  if (question.operation !== "update") return { operation: question.operation, document }
  return { operation: "update", document, after: await store.preview(namespace, document, filter, changeOf(question.update, undefined)) }
}

/** Explains a find without running it. */
export async function explainFind(collection: UserCollection, filter: Document, options: FindOptions = {}): Promise<FindReceipt> {
  const request = openRequest(collection)
  checkQuery(request, filter)
  const { query, exact, whole } = await planRead(request, filter, options.sort)
  const receipt = await request.decide(explainRead)
  const plan = query === "none" ? undefined : await collection.store.explain?.(collection.namespace, query, exact ? options : options.sort === undefined ? {} : { sort: options.sort })
  return { ...receipt, exact, whole, sent: query, plan }
}
