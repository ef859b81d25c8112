// Users with more than one matching document of custom data: only the first inserted is seen, and copying data may change which that is.
import { getField, isDocument, ObjectId, type Document, type Value } from "../kernel/index.ts"
import type { Store } from "./data/index.ts"
import { ConfigError } from "./errors.ts"
import type { CustomDataConfig } from "./users/index.ts"

export interface DuplicateData {
  readonly userId: string
  /** Documents that hold the id as text; of these the first inserted is used, whatever the others are. */
  readonly asText: number
  readonly asObjectId: number
}

/** Finds them in one pass over the collection. Holds one small entry for each user id in memory. */
export async function* findDuplicates(config: CustomDataConfig | undefined, store: Store): AsyncGenerator<DuplicateData, void, undefined> {
  if (config === undefined) throw new ConfigError("app-refused", "Cannot look for duplicates: the app has no custom user data")
  const { database, collection, userIdField } = config
  const seen = new Map<string, { asText: number; asObjectId: number }>()
  for await (const document of store.find({ database, collection }, {}, { projection: { [userIdField]: 1 } })) {
    const value = valueAt(document, userIdField)
    const isId = value instanceof ObjectId || (typeof value === "object" && value !== null && "_bsontype" in value && value["_bsontype"] === "ObjectId")
    if (!isId && typeof value !== "string") continue
    const id = String(value)
    const counts = seen.get(id) ?? { asText: 0, asObjectId: 0 }
    counts[isId ? "asObjectId" : "asText"] += 1
    seen.set(id, counts)
  }
  for (const [userId, counts] of seen) if (counts.asText + counts.asObjectId > 1) yield { userId, ...counts }
}

/** The value itself, with no list on the way, as the lookup of a login sees it. */
function valueAt(document: Document, path: string): Value {
  let value: Value = document
  for (const part of path.split(".")) {
    if (!isDocument(value)) return undefined
    value = getField(value, part)
  }
  return value
}
