import { isDocument, type Document, type Value } from "../../../kernel/index.ts"
import { refuseReserved } from "../namespaces.ts"

const reaching = new Set(["$lookup", "$graphLookup", "$unionWith", "$out", "$merge"])

/** SECURITY: refuses a pipeline whose stages, at any depth, name a database of this server's own. */
export function refuseReservedStages(pipeline: readonly Document[]): void {
  for (const stage of pipeline) visit(stage)
}

function visit(value: Value): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item as Value)
    return
  }
  if (!isDocument(value)) return
  for (const field of Object.keys(value)) {
    const operand = value[field]
    if (reaching.has(field)) refuseIn(operand)
    visit(operand)
  }
}

/** `db` beside `coll`, in a stage or in its `from` or `into`. */
function refuseIn(operand: Value): void {
  if (!isDocument(operand)) return
  for (const place of [operand, operand["from"], operand["into"]]) {
    if (isDocument(place) && typeof place["db"] === "string") refuseReserved(place["db"])
  }
}
