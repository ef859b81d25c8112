import type { BoundRules, Problems } from "../../engine/index.ts"
import type { Document } from "../../kernel/index.ts"
import type { RuleRequest } from "./request.ts"
import { refusedBySchema, type WriteKind } from "./refusals.ts"

/** A collection's `schema.json`, ready to ask. `before` is undefined for a new document. */
export interface CollectionSchema {
  /** The reasons a document is refused, for the log; empty when it is valid. May throw `CallsWanted`. */
  check(document: Document, before: Document | undefined, rules: BoundRules): readonly string[]
}

/** Refuses a document that its collection's schema does not admit. Asked after permissions, before anything is written. */
export async function checkSchema(request: RuleRequest, kind: WriteKind, document: Document, before?: Document): Promise<void> {
  const { schema } = request
  if (schema === undefined) return
  const reasons = await request.decide((rules) => schema.check(document, before, rules))
  if (reasons.length > 0) throw refusedBySchema(kind, reasons.join("; "))
}

export function compileCollectionSchema(_raw: unknown, _problems: Problems, _options: { readonly nullTypes?: boolean }): CollectionSchema | undefined {
  return undefined
}
