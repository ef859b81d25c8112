// Reads the answer of `explain`: which index the winning plan uses, and whether it has to sort.
import { isDocument, type Document, type Value } from "../../../kernel/index.ts"
import type { FindPlan } from "../../data/index.ts"

/** The way to the documents out of an explanation of the server, whatever stages lie around it. */
export function planOf(explained: Document): FindPlan {
  const stages = stagesIn(explained["queryPlanner"] ?? null)
  const index = stages.find(({ indexName }) => typeof indexName === "string")?.["indexName"]
  const byId = stages.some(({ stage }) => stage === "IDHACK" || stage === "EXPRESS_IXSCAN")
  return { index: typeof index === "string" ? index : byId ? "_id_" : null, sorted: !stages.some(({ stage }) => stage === "SORT") }
}

/** Every stage of the winning plans, at any depth. Plans that lost are no way to the documents. */
function stagesIn(value: Value): Document[] {
  if (Array.isArray(value)) return value.flatMap((item: Value) => stagesIn(item))
  if (!isDocument(value)) return []
  const own = typeof value["stage"] === "string" ? [value] : []
  return [...own, ...Object.keys(value).filter((key) => key !== "rejectedPlans" && key !== "parsedQuery").flatMap((key) => stagesIn(value[key]))]
}
