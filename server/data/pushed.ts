// Reads that the database does alone: it finds exactly what is visible, and withholds what is not readable of it (specification 15).
import { predicatePaths, sortPaths, type Path } from "../../engine/index.ts"
import { isDocument, splitPath, type Document } from "../../kernel/index.ts"
import type { RuleRequest } from "./request.ts"
import { arePathsReadable, type ReadPlan } from "./visible.ts"

/** The stages that make a pipeline over a collection one over what is visible of it; undefined where documents must pass through this server. */
export async function pushedPipeline(request: RuleRequest, plan: ReadPlan, pipeline: readonly Document[]): Promise<readonly Document[] | undefined> {
  const { query, projection, filters } = plan
  if (query === "none" || projection === undefined || filters.projections.length > 0) return undefined
  const visible = Object.keys(query).length === 0 ? [] : [{ $match: query }]
  if (plan.whole) return [...visible, ...pipeline]
  // What looks at readable fields only may come before the cut, where an index can serve it.
  const before = await request.decide((rules) => pipeline.findIndex((stage) => !(pathsOfStage(stage)?.every((path) => arePathsReadable(rules, plan.roles, [path])))))
  const at = before === -1 ? pipeline.length : before
  return [...visible, ...pipeline.slice(0, at), { $project: projection }, ...pipeline.slice(at)]
}

/** The paths that a stage looks at which neither changes documents nor reads them by expressions. */
function pathsOfStage(stage: Document): Path[] | undefined {
  const [name = ""] = Object.keys(stage)
  const value = stage[name]
  if (name === "$skip" || name === "$limit") return []
  if (!isDocument(value)) return undefined
  if (name === "$match") return predicatePaths(value)
  return name === "$sort" && Object.values(value).every((order) => order === 1 || order === -1) ? sortPaths(value) : undefined
}

/** Whether the database may collect the distinct values at a path. */
export function isDistinctPushed(request: RuleRequest, { projection, whole, filters, roles }: ReadPlan, field: string): boolean | Promise<boolean> {
  if (projection === undefined || filters.projections.length > 0) return false
  return whole || request.decide((rules) => arePathsReadable(rules, roles, [splitPath(field)]))
}
