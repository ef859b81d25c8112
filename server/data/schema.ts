// A collection's schema at work: asked after permissions and before anything is written (specification 13).
import { bindSchema, explainSchema, parseSchema, type BoundRules, type ExplainedProblem, type Problems, type SchemaProblem, type SchemaValidator } from "../../engine/index.ts"
import type { Document } from "../../kernel/index.ts"
import { refusedBySchema, type WriteKind } from "./refusals.ts"
import type { RuleRequest } from "./request.ts"

/** A collection's `schema.json`, ready to ask. */
export interface CollectionSchema {
  /** What is wrong with a document; `before` is undefined for a new one. Throws `CallsWanted`. */
  check(after: Document, before: Document | undefined, rules: BoundRules): readonly SchemaProblem[]
  /** The same, and why; for the author of the rules. Throws `CallsWanted`: it asks for every call. */
  explain(after: Document, before: Document | undefined, rules: BoundRules): readonly ExplainedProblem[]
}

/** Compiles a schema; undefined when it admits everything. */
export function compileCollectionSchema(raw: unknown, problems: Problems, { nullTypes = false }: { readonly nullTypes?: boolean }): CollectionSchema | undefined {
  const schema = parseSchema(raw, { problems, nullTypes })
  if (schema.isEmpty) return undefined
  // What a request knows is bound once for all its documents.
  const validators = new WeakMap<BoundRules, SchemaValidator>()
  const validatorOf = (rules: BoundRules): SchemaValidator => {
    const made = validators.get(rules) ?? bindSchema(schema, rules.known, rules.table)
    validators.set(rules, made)
    return made
  }
  const changeOf = (after: Document, before: Document | undefined): { readonly after: Document; readonly before?: Document } => (before === undefined ? { after } : { before, after })
  return {
    check: (after, before, rules) => rules.evaluate(() => validatorOf(rules)(changeOf(after, before)), (found) => found.length === 0),
    explain: (after, before, rules) => rules.evaluate(() => explainSchema(schema, { ...changeOf(after, before), known: rules.known, calls: rules.table }), () => false),
  }
}

/** Refuses a document that its collection's schema does not admit. */
export async function checkSchema(request: RuleRequest, kind: WriteKind, document: Document, before?: Document): Promise<void> {
  const { schema } = request
  if (schema === undefined) return
  const found = await request.decide((rules) => schema.check(document, before, rules))
  if (found.length > 0) throw refusedBySchema(kind, found.map(({ field, kind: what }) => `${field === "" ? "(root)" : field}: ${what}`).join("; "))
}
