import { isDocument, setField, writeBson, type Document, type Value } from "../../../kernel/index.ts"

/** What an update changed, as a change event's `updateDescription` says it: dotted paths into documents, lists as a whole. */
export function describeUpdate(before: Document, after: Document): Document {
  const updatedFields: Document = {}
  const removedFields: string[] = []
  compare(before, after, "", updatedFields, removedFields)
  return { updatedFields, removedFields, truncatedArrays: [] }
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
