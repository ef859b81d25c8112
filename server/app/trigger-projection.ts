// The projection of a database trigger: of one kind, and never without `operationType` (admin and triggers, 11.3).
import { isDocument, type Value } from "../../kernel/index.ts"
import { within, type Fields } from "./fields.ts"

/** Reports a projection that mixes 0 and 1 or removes `operationType`. `_id: 0` may stand beside inclusions, as in MongoDB. */
export function checkProjection(fields: Fields, project: Value): void {
  if (!isDocument(project)) return
  const at = fields.spot("project")
  const kinds = new Set<boolean>()
  for (const key of Object.keys(project)) {
    const keeps = isKept(project[key])
    if (keeps === false && key === "operationType") fields.report.error("bad-project", within(at, key), "`operationType` cannot be removed")
    if (keeps !== undefined && key !== "_id") kinds.add(keeps)
  }
  if (kinds.size > 1) fields.report.error("bad-project", at, "a projection either keeps fields or removes them, not both")
}

/** Whether a projection value keeps its field, removes it, or (an expression) computes it, which is a way of keeping. */
function isKept(value: Value): boolean | undefined {
  if (typeof value === "number") return value !== 0
  if (typeof value === "boolean") return value
  if (isDocument(value)) return Object.keys(value).length > 0 ? true : undefined
  const number = Number(String(value))
  return Number.isNaN(number) ? true : number !== 0
}
