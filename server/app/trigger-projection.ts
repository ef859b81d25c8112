// The projection of a database trigger: of one kind, and never without `operationType` (admin and triggers, 11.3).
import { bsonTypeOf, isDocument, type Document, type Value } from "../../kernel/index.ts"
import { within, type Fields } from "./fields.ts"

const numbers: ReadonlySet<string | undefined> = new Set(["Int32", "Long", "Double", "Decimal128"])

/** Reports a projection that mixes 0 and 1 or removes `operationType`. `_id: 0` may stand beside inclusions, as in MongoDB. */
export function checkProjection(fields: Fields, project: Value): void {
  if (!isDocument(project)) return
  const at = fields.spot("project")
  if (kindsOf(project["operationType"]).includes(false)) fields.report.error("bad-project", within(at, "operationType"), "`operationType` cannot be removed")
  if (new Set(countingKinds(project)).size > 1) fields.report.error("bad-project", at, "a projection either keeps fields or removes them, not both")
}

/** Whether a projection names what stays; else it names what goes, or nothing. */
export function keepsFields(project: Document): boolean {
  const names = Object.keys(project)
  return (names.every((name) => name === "_id") ? kindsOf(project["_id"]) : countingKinds(project)).includes(true)
}

/** `_id` may be of the other kind. */
function countingKinds(project: Document): readonly boolean[] {
  return Object.keys(project).flatMap((name) => (name === "_id" ? [] : kindsOf(project[name])))
}

/** True where a value keeps its field, false where it removes it. A document without operators holds projections of what is below; whatever is computed is kept. */
function kindsOf(value: Value): readonly boolean[] {
  if (value === undefined) return []
  if (typeof value === "boolean") return [value]
  if (typeof value === "number" || numbers.has(bsonTypeOf(value))) return [Number(String(value)) !== 0]
  if (!isDocument(value)) return [true]
  const names = Object.keys(value)
  return names.some((name) => name.startsWith("$")) ? [true] : names.flatMap((name) => kindsOf(value[name]))
}
