// Inserts of a user (specification 9.1): every document is judged before the first is written.
import { decideInsert } from "../../engine/index.ts"
import { getField, isDocument, type Document, type Value } from "../../kernel/index.ts"
import { invalid, refusedByRole } from "./refusals.ts"
import { runWrite, type RuleRequest, type UserCollection } from "./request.ts"
import { checkSchema } from "./schema.ts"

export async function insertOne(collection: UserCollection, document: Document): Promise<{ readonly insertedId: Value }> {
  const [insertedId] = await runWrite(collection, "insertOne", (request) => insertAll(request, [document]))
  return { insertedId }
}

export async function insertMany(collection: UserCollection, documents: readonly Document[], options: { readonly ordered?: boolean } = {}): Promise<{ readonly insertedIds: Value[] }> {
  const insertedIds = await runWrite(collection, "insertMany", (request) => {
    if (!Array.isArray(documents)) throw invalid("the documents of `insertMany` are a list")
    if (documents.length === 0) throw invalid("must provide at least one element")
    return insertAll(request, documents as readonly Document[], { ordered: options.ordered !== false })
  })
  return { insertedIds }
}

/** Judges all documents, then writes them. */
export async function insertAll(request: RuleRequest, documents: readonly Document[], options: { readonly ordered?: boolean } = {}): Promise<Value[]> {
  const complete: Document[] = []
  for (const document of documents) {
    if (!isDocument(document)) throw invalid("only documents can be inserted")
    const { document: whole, generated } = withGivenId(document, request.newId)
    await judgeInsert(request, whole, generated)
    complete.push(whole)
  }
  return request.store.insert(request.namespace, complete, options)
}

/** Throws unless the role of the new document admits it and the schema does. */
export async function judgeInsert(request: RuleRequest, document: Document, generatedId: boolean): Promise<void> {
  const decision = await request.decide((rules) => decideInsert(rules, document, generatedId))
  if (decision.outcome === "refused") throw refusedByRole("insert", decision)
  request.metrics.assign(decision.role)
  await checkSchema(request, "insert", document)
}

/** A document with its own `_id`, or with one that this server makes, placed first. */
export function withGivenId(document: Document, newId: () => Value): { readonly document: Document; readonly generated: boolean } {
  if (getField(document, "_id") !== undefined) return { document, generated: false }
  const { _id, ...rest } = document
  return { document: { _id: newId(), ...rest }, generated: true }
}
