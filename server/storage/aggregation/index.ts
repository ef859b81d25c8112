// MongoDB's aggregation in memory: pipelines and expressions over values in normal form.
import { accumulators } from "./accumulators/accumulators.ts"
import { operators } from "./operators.ts"
import { stages } from "./stages/stages.ts"

export { compileExpression } from "./compile.ts"
export { DistinctValues } from "./distinct.ts"
export { rootScope, type Evaluate, type Scope } from "./evaluate.ts"
export { expressionHook } from "./hook.ts"
export { preparePipeline, runPipeline, type PipelineContext } from "./pipeline.ts"
export { inBatches, type MergePlan, type PipelineOutput, type PipelineSource } from "./stage.ts"

/** The stages, expression operators and accumulators that are there, by name. */
export const supported: { readonly stages: readonly string[]; readonly operators: readonly string[]; readonly accumulators: readonly string[] } = {
  stages: Object.keys(stages).toSorted(), operators: Object.keys(operators).toSorted(), accumulators: Object.keys(accumulators).toSorted(),
}
