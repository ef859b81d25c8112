// The four conversions between ids and their text.
import { bsonTypeOf, ObjectId, UUID, type Value } from "../../kernel/index.ts"
import { isUuid } from "./tests.ts"
import type { ConversionName } from "./tree.ts"

const uuidText = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const table = {
  stringToOid:  (value) => (typeof value === "string" ? toObjectId(value) : undefined),
  oidToString:  (value) => (bsonTypeOf(value) === "ObjectId" ? (value as InstanceType<typeof ObjectId>).toHexString() : undefined),
  stringToUuid: (value) => (typeof value === "string" && uuidText.test(value) ? new UUID(value).toBinary() : undefined),
  uuidToString: (value) => (isUuid(value) ? value.toUUID().toHexString() : undefined),
} satisfies Record<ConversionName, (value: Value) => Value | undefined>

/** Converts a value, or gives undefined when it cannot be converted. */
export function convert(name: ConversionName, value: Value): Value | undefined {
  return table[name](value)
}

function toObjectId(text: string): Value | undefined {
  if (/^[0-9a-f]{24}$/i.test(text)) return ObjectId.createFromHexString(text)
  const bytes = Buffer.from(text, "utf8")
  return bytes.length === 12 ? new ObjectId(bytes) : undefined
}
