import { explainAccess, type AccessExplanation, type AccessQuestion } from "../../engine/index.ts"
import type { Document } from "../../kernel/index.ts"
import { openRequest, type UserCollection } from "./request.ts"
import { changeOf } from "./update.ts"

/** What to explain: a read, update or deletion of the first stored match, or an insert of a document. */
export type ExplainQuestion =
  | { readonly operation: "read" | "delete"; readonly filter: Document }
  | { readonly operation: "update"; readonly filter: Document; readonly update: Document }
  | { readonly operation: "insert"; readonly document: Document }

/** Explains a decision without acting on it; null when no document matches. */
export async function explainDocument(collection: UserCollection, question: ExplainQuestion): Promise<AccessExplanation | null> {
  const request = openRequest(collection)
  const asked = await askedOf(collection, question)
  return asked === null ? null : request.decide((rules) => explainAccess(rules, asked))
}

async function askedOf({ store, namespace }: UserCollection, question: ExplainQuestion): Promise<AccessQuestion | null> {
  if (question.operation === "insert") return { operation: "insert", document: question.document, generatedId: !Object.hasOwn(question.document, "_id") }
  const [document] = await store.find(namespace, question.filter, { limit: 1 }).toArray()
  if (document === undefined) return null
  if (question.operation !== "update") return { operation: question.operation, document }
  return { operation: "update", document, after: await store.preview(namespace, document, question.filter, changeOf(question.update, undefined)) }
}
