// The lookup of custom user data: the first inserted document whose value at a field is exactly this one.
import type { Document, Value } from "../../../kernel/index.ts"
import type { Namespace } from "../../data/index.ts"
import { decodeDocument } from "../decode.ts"
import { holdsExactly } from "../values.ts"
import type { Access } from "./access.ts"
import { lookUp, type CollectionInfo } from "./catalog.ts"
import { Slice } from "./cursor.ts"
import { entryTail } from "./entries.ts"
import { encodeKey, encodeParts } from "./keys.ts"

const step = 64

/**
 * Finds it by `_id`, by an index on the field alone (keys of equal values are in order of insertion), or by reading all.
 *
 * SECURITY: a list that holds the value, or a list on the way, never matches: it would make one document everybody's own.
 */
export async function findFirstInserted(access: Access, namespace: Namespace, field: string, value: Value): Promise<Document | null> {
  const isIt = holdsExactly(field, value)
  const slice = new Slice()
  let after = 0
  for (;;) {
    const { connection, catalog } = access.reader()
    const info = lookUp(catalog, namespace)
    if (info === undefined) return null
    const { sql, parameters } = candidates(info, field, value)
    const rows = connection.rows(sql, ...parameters, after)
    for (const [n, doc] of rows) {
      const document = decodeDocument(doc)
      if (isIt(document)) return document
      after = n
    }
    if (rows.length < step) return null
    if (slice.isOver) await slice.pause()
  }
}

function candidates({ table, indexes }: CollectionInfo, field: string, value: Value): { readonly sql: string; readonly parameters: readonly Uint8Array[] } {
  if (field === "_id") return { sql: `SELECT n, doc FROM ${table} WHERE id = ? AND n > ? ORDER BY n LIMIT ${step}`, parameters: [encodeKey(value)] }
  const index = indexes.find(({ fields }) => fields.length === 1 && fields[0]?.field === field)
  if (index === undefined) return { sql: `SELECT n, doc FROM ${table} WHERE n > ? ORDER BY n LIMIT ${step}`, parameters: [] }
  const key = encodeParts([{ value, descending: index.fields[0]?.descending === true }], entryTail.direct)
  return { sql: `SELECT i.n, d.doc FROM ${index.table} i CROSS JOIN ${table} d ON d.n = i.n WHERE i.k = ? AND i.n > ? ORDER BY i.n LIMIT ${step}`, parameters: [key] }
}
