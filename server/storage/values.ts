// What both stores know of documents.
import { bsonTypeOf, isDocument, ObjectId, splitPath, writeBson, type Document, type Value } from "../../kernel/index.ts"
import { StoreError } from "../data/index.ts"

/** A document as it will be stored: with an `_id` that may be one, in first place. */
export function withId(document: Document): Document {
  if (!isDocument(document)) throw new StoreError("bad-request", "Cannot store a document: it is none", { serverCode: 14 })
  const { _id, ...rest } = document
  if (!Object.hasOwn(document, "_id")) return { _id: new ObjectId(), ...rest }
  checkId(_id)
  return Object.keys(document)[0] === "_id" ? document : { _id, ...rest }
}

function checkId(id: Value): void {
  const refused = Array.isArray(id) ? "a list" : id === undefined ? "undefined" : bsonTypeOf(id) === "BSONRegExp" ? "a regular expression" : undefined
  if (refused !== undefined) throw new StoreError("bad-request", `Cannot store a document whose \`_id\` is ${refused}`, { serverCode: 53 })
  if (isDocument(id) && Object.keys(id)[0]?.startsWith("$") === true) {
    throw new StoreError("bad-request", "Cannot store a document whose `_id` has a field that begins with `$`", { serverCode: 52 })
  }
}

/** Whether the value itself stands at the end of a path that passes through documents only: same type, same bytes. */
export function holdsExactly(field: string, value: Value): (document: Document) => boolean {
  const path = splitPath(field)
  const wanted = writeBson({ v: value })
  return (document) => {
    let found: Value = document
    for (const segment of path) {
      if (!isDocument(found) || !Object.hasOwn(found, segment)) return false
      found = found[segment]
    }
    return Buffer.compare(writeBson({ v: found }), wanted) === 0
  }
}

/** An update without operators is a replacement. */
export function asReplacement(update: Document | readonly Document[]): Document | undefined {
  if (Array.isArray(update) || !isDocument(update as Value)) return undefined
  const document = update as Document
  return Object.keys(document).some((field) => field.startsWith("$")) ? undefined : document
}
