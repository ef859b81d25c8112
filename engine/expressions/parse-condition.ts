// A condition on a field that does not stand in an expression.
import { never, readCondition, type ParseOptions } from "./parse.ts"
import { readBareKey, startPlace } from "./reader.ts"
import type { Expression } from "./tree.ts"

/** Parses what stands below the key of a field, as it would in an expression. `pointer` is the condition's own place. */
export function parseCondition(key: string, raw: unknown, { context, pointer = "", problems }: ParseOptions): Expression {
  const place = startPlace(context, pointer, problems)
  const subject = readBareKey(key, place)
  return subject === undefined ? never(place) : readCondition(raw, subject, place)
}
