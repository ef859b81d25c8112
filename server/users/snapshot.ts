// Custom user data on its way into a token and out of it again: the claim `user_data` (specification of users, 1.5).
import { fromEjson, toEjson, type Document } from "../../kernel/index.ts"

/** The claim as JSON text, and its size as UTF-8. */
export interface EncodedSnapshot {
  readonly json: string
  readonly bytes: number
}

/**
 * Spells a document as the claim: canonical Extended JSON, but every ObjectId as its plain 24 digits, at any depth.
 *
 * SOURCE: recorded tokens (specification 1.5). The text is built once and put into the token as it is, so that no later step
 * can lose a field such as `__proto__` or change the order. Throws `EjsonError` for a document that could not be read again, since a
 * field of it spells a broken value of Extended JSON (`{ $oid: "x" }`) or it is too deep.
 */
export function encodeSnapshot(document: Document): EncodedSnapshot {
  const claim = toEjson(document, { objectIdAsText: true })
  // INVARIANT: a claim decodes: each request with its token does so.
  fromEjson(claim)
  const json = JSON.stringify(claim)
  return { json, bytes: Buffer.byteLength(json) }
}

/** What functions and rules see of a claim: decoded, so dates are dates; ids stay text. Absent: an empty document. */
export function decodeSnapshot(claim: unknown): Document {
  return claim === undefined ? {} : (fromEjson(claim) as Document)
}
