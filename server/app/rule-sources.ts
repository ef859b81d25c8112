// Where an app holds expressions.
import type { AppModel, CollectionConfig, RuleSource } from "./model.ts"

/** The `can_evaluate` of every function and endpoint. */
export function callRules({ functions, endpoints }: AppModel): readonly RuleSource[] {
  return [...[...functions.values()].map(({ canEvaluate }) => canEvaluate), ...endpoints.flatMap(({ canEvaluate }) => canEvaluate ?? [])]
}

/** Every place of an app that holds expressions: rules, schemas and call rules. */
export function ruleSources(app: AppModel): readonly RuleSource[] {
  const ofData = [...app.dataSources.values()].flatMap(({ defaultRule, collections }) => [...present(defaultRule), ...collections.flatMap(ofCollection)])
  return [...ofData, ...callRules(app)]
}

function ofCollection({ rules, schema }: CollectionConfig): readonly RuleSource[] {
  return [...present(rules), ...present(schema)]
}

function present(source: RuleSource | undefined): readonly RuleSource[] {
  return source === undefined ? [] : [source]
}
