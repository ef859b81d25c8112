// What of a role's documents the database can withhold: the top-level fields that the user alone decides.
import type { Document } from "../../kernel/index.ts"
import type { BoundEntry, BoundRole, Question } from "./bound.ts"

/**
 * The projection that leaves of every document of a role what is readable of it, `{}` where that is all of it. `undefined`: documents
 * differ. INVARIANT: names of fields hold no dot and do not begin with `$`.
 */
export function readableProjection(role: BoundRole): Document | undefined {
  const rest = isAlwaysShown(role.additionalFields)
  const others: string[] = []
  for (const [field, entry] of role.fields ?? []) {
    const shown = isAlwaysShown(entry)
    if (shown === undefined) return undefined
    if (shown !== rest) others.push(field)
  }
  if (rest === undefined) return undefined
  return rest ? Object.fromEntries(others.map((field) => [field, 0])) : { _id: 0, ...Object.fromEntries(others.map((field) => [field, 1])) }
}

/** Whether a field is readable in every document or in none; undefined where the document or a call decides it. */
function isAlwaysShown(entry: BoundEntry | undefined): boolean | undefined {
  if (entry === undefined) return false
  const [read, write] = [alwaysHolds(entry.read), alwaysHolds(entry.write)]
  if (read === true || write === true) return true
  // A parent's `read` decides for everything below it.
  const isFinal = entry.read !== undefined || entry.fields === undefined
  return isFinal && read === false && write === false ? false : undefined
}

function alwaysHolds(question: Question | undefined): boolean | undefined {
  return question === undefined ? false : question.always()
}
