// All stages by name, and those that MongoDB has and this store has not.
import type { MakeStage } from "../stage.ts"
import { densifyStages } from "./densify.ts"
import { fillStages } from "./fill.ts"
import { groupingStages } from "./grouping.ts"
import { joiningStages } from "./joining.ts"
import { otherStages } from "./other.ts"
import { simpleStages } from "./simple.ts"
import { sortingStages } from "./sorting.ts"
import { windowStages } from "./window.ts"

/** Every stage this store runs. */
export const stages: Readonly<Record<string, MakeStage>> = { ...simpleStages, ...sortingStages, ...groupingStages, ...joiningStages, ...otherStages, ...windowStages, ...fillStages, ...densifyStages }

/** Stages of MongoDB that are refused by name. */
export const refusedStages: ReadonlySet<string> = new Set([
  "$changeStream", "$changeStreamSplitLargeEvent", "$collStats", "$currentOp", "$geoNear", "$indexStats", "$listClusterCatalog",
  "$listLocalSessions", "$listSampledQueries", "$listSearchIndexes", "$listSessions", "$planCacheStats", "$querySettings", "$queryStats", "$rankFusion",
  "$scoreFusion", "$search", "$searchMeta", "$shardedDataDistribution", "$vectorSearch",
])
