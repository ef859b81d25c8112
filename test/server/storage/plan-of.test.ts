// What the ways of MongoDB to explain a plan come to: classic, slot based, by `_id`, sharded.
import { expect, test } from "vitest"
import type { Document } from "../../../kernel/index.ts"
import { planOf } from "../../../server/storage/mongodb/plan.ts"

const scan: Document = { stage: "IXSCAN", indexName: "team_1", keyPattern: { team: 1 } }
const plans: [name: string, winningPlan: Document, index: string | null, sorted: boolean][] = [
  ["an index scan", { stage: "FETCH", inputStage: scan }, "team_1", true],
  ["an index scan and a sort", { stage: "SORT", inputStage: { stage: "FETCH", inputStage: scan } }, "team_1", false],
  ["a collection scan", { stage: "COLLSCAN", filter: { indexName: { $eq: "x" } } }, null, true],
  ["the slot based engine", { queryPlan: { stage: "FETCH", inputStage: scan }, slotBasedPlan: { stages: "text" } }, "team_1", true],
  ["a look-up by _id", { stage: "IDHACK" }, "_id_", true],
  ["two branches of an $or", { stage: "SUBPLAN", inputStage: { stage: "OR", inputStages: [scan, { stage: "IXSCAN", indexName: "owner_1" }] } }, "team_1", true],
  ["a sharded cluster", { stage: "SINGLE_SHARD", shards: [{ shardName: "a", winningPlan: { stage: "FETCH", inputStage: scan } }] }, "team_1", true],
]

test.each(plans)("%s", (_, winningPlan, index, sorted) => {
  expect(planOf({ queryPlanner: { winningPlan, rejectedPlans: [{ stage: "SORT", inputStage: { stage: "IXSCAN", indexName: "lost_1" } }] } })).toEqual({ index, sorted })
})
