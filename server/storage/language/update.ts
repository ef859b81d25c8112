// Changes to one document: operators, replacements and pipelines.
import { equalValues, isDocument, setField, type Document } from "../../../kernel/index.ts"
import { applyTree } from "./apply-update.ts"
import { badRequest, serverCode, unsupported } from "./errors.ts"
import type { LanguageOptions } from "./options.ts"
import { parseFilter } from "./parse-filter.ts"
import { parseUpdate } from "./parse-update.ts"
import { compilePosition } from "./position.ts"
import { fillPosition } from "./update-tree.ts"

/** `filter` is the filter of the same request: the positional `$` stands for the element that it matched. `now` is what `$currentDate` writes. */
export interface UpdateLanguageOptions extends LanguageOptions {
  readonly now: Date
  readonly filter?: Document
  readonly arrayFilters?: readonly Document[]
}

/**
 * A change, compiled. Gives a new document that shares what did not change; the same object when nothing changed at all.
 * The document before is never changed. `isInsert` is true for the document of an upsert: `$setOnInsert` takes part.
 */
export type CompiledUpdate = (before: Document, isInsert: boolean) => Document

/**
 * Compiles an update: operators, a pipeline, or, when its first key is no operator, a replacement.
 *
 * Throws `StoreError` with MongoDB's number for a malformed update; the compiled function throws it for what the document
 * forbids, such as a changed `_id` (66) or `$inc` of a text (14).
 */
export function compileUpdate(update: Document | readonly Document[], options: UpdateLanguageOptions): CompiledUpdate {
  if (Array.isArray(update)) return compilePipeline(update as readonly Document[], options)
  const document = update as Document
  if (!isDocument(document)) throw badRequest("Cannot update: the update is neither document nor pipeline", serverCode.failedToParse)
  const [first] = Object.keys(document)
  if (first === undefined || !first.startsWith("$")) {
    if ((options.arrayFilters ?? []).length > 0) throw badRequest("Cannot update: array filters beside a replacement", serverCode.failedToParse)
    checkReplacement(document)
    return (before) => replaceDocument(before, document)
  }
  return compileOperators(document, options)
}

function compileOperators(update: Document, options: UpdateLanguageOptions): CompiledUpdate {
  const { onUpdate, onInsert, arrayFilters, isPositional } = parseUpdate(update, options.arrayFilters ?? [], options)
  const find = isPositional ? compilePosition(parseFilter(options.filter ?? {}, options)) : undefined
  return (before, isInsert) => {
    let tree = isInsert ? onInsert : onUpdate
    if (find !== undefined) {
      const position = isInsert ? undefined : find(before)
      if (position === undefined) throw badRequest("Cannot update: positional `$` has no matching element")
      tree = fillPosition(tree, String(position))
    }
    const after = applyTree(tree, before, { root: before, now: options.now, isInsert, arrayFilters })
    return after === before ? before : checkId(before, after)
  }
}

function checkId(before: Document, after: Document): Document {
  if (!Object.hasOwn(before, "_id")) return after
  if (!Object.hasOwn(after, "_id") || !equalValues(before["_id"], after["_id"])) throw badRequest("Cannot update: `_id` would change", serverCode.immutableField)
  return after
}

const pipelineStages = new Set(["$set", "$addFields", "$unset", "$project", "$replaceWith", "$replaceRoot"])

function compilePipeline(pipeline: readonly Document[], options: UpdateLanguageOptions): CompiledUpdate {
  if ((options.arrayFilters ?? []).length > 0) throw badRequest("Cannot update: array filters beside a pipeline", serverCode.failedToParse)
  for (const stage of pipeline) {
    const names = isDocument(stage) ? Object.keys(stage) : []
    if (names.length !== 1) throw badRequest("Cannot update: a stage of a pipeline is a document of one key", 40323)
    if (!pipelineStages.has(names[0] as string)) throw badRequest(`Cannot update: stage \`${names[0] as string}\` is not allowed in an update`, 72)
  }
  const hook = options.evaluate
  if (hook === undefined) throw unsupported("Cannot update: pipelines are not available here")
  hook.checkUpdatePipeline?.(pipeline)
  const variables = { NOW: options.now, ...options.variables }
  const compiled = hook.compileUpdatePipeline?.(pipeline, variables) ?? ((before: Document) => hook.runUpdatePipeline(pipeline, before, variables))
  return (before) => withIdOf(before, compiled(before))
}

/** Refuses a replacement that is no document or holds operators. */
export function checkReplacement(replacement: Document): void {
  if (!isDocument(replacement)) throw badRequest("Cannot replace: the replacement is no document", serverCode.typeMismatch)
  for (const field of Object.keys(replacement)) {
    if (field.startsWith("$")) throw badRequest("Cannot replace: the replacement has a field that begins with `$`", serverCode.dollarPrefixedField)
  }
}

/**
 * The document a replacement makes of another: the replacement's fields behind the `_id` that stays.
 * Throws `StoreError` 66 when the replacement has another `_id`.
 */
export function replaceDocument(before: Document, replacement: Document): Document {
  return withIdOf(before, replacement)
}

function withIdOf(before: Document, after: Document): Document {
  if (!Object.hasOwn(before, "_id")) return after
  if (Object.hasOwn(after, "_id")) {
    checkId(before, after)
    if (Object.keys(after)[0] === "_id") return after
  }
  const result: Document = { _id: before["_id"] }
  for (const field of Object.keys(after)) if (field !== "_id") setField(result, field, after[field])
  return result
}
