// What lies between two images of one document.
import { isDocument, setField, writeBson, type Document, type Value } from "../../kernel/index.ts"

/** The paths an update changed, dotted into documents, lists as a whole: with their new values, and those that are gone. */
export function changedPaths(before: Document, after: Document): { readonly updated: Document; readonly removed: readonly string[] } {
  const updated: Document = {}
  const removed: string[] = []
  compare(before, after, "", updated, removed)
  return { updated, removed }
}

/** The same as a change event's `updateDescription` says it. */
export function describeUpdate(before: Document, after: Document): Document {
  const { updated, removed } = changedPaths(before, after)
  return { updatedFields: updated, removedFields: [...removed], truncatedArrays: [] }
}

function compare(before: Document, after: Document, prefix: string, updated: Document, removed: string[]): void {
  for (const field of Object.keys(before)) if (!Object.hasOwn(after, field)) removed.push(prefix + field)
  for (const field of Object.keys(after)) {
    const [old, value] = [Object.hasOwn(before, field) ? before[field] : undefined, after[field]]
    if (Object.hasOwn(before, field) && isDocument(old) && isDocument(value)) compare(old, value, `${prefix}${field}.`, updated, removed)
    else if (!Object.hasOwn(before, field) || !isSame(old, value)) setField(updated, prefix + field, value)
  }
}

function isSame(left: Value, right: Value): boolean {
  return left === right || Buffer.compare(writeBson({ v: left }), writeBson({ v: right })) === 0
}
