// Where an app holds expressions.
import type { AppModel, CollectionConfig, RuleSource } from "./model.ts"

/** The `can_evaluate` of every function and endpoint, and the rules of HTTP services. */
export function callRules({ functions, endpoints, httpServices }: AppModel): readonly RuleSource[] {
  return [
    ...[...functions.values()].map(({ canEvaluate }) => canEvaluate), ...endpoints.flatMap(({ canEvaluate }) => canEvaluate ?? []),
    ...[...httpServices.values()].flatMap(({ rules }) => rules.map(({ when }) => when)),
  ]
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
