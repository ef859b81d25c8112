// What the query language asks of aggregation: expressions in filters and projections, and update pipelines.
import type { Document, Value } from "../../../kernel/index.ts"
import { badRequest, type ExpressionHook, type LanguageOptions } from "../language/index.ts"
import { compileExpression } from "./compile.ts"
import { rootScope, type Scope } from "./evaluate.ts"
import { reshapers, type Reshape } from "./reshaping.ts"

/** The hook over the variables of each request; `$expr` and computed projections are compiled once. */
export const expressionHook: ExpressionHook = {
  compileExpression: (expression, variables) => metered(expression, rootScope(variables)),
  compileUpdatePipeline,
  evaluateExpression: (expression, document, variables) => metered(expression, rootScope(variables))(document),
  runUpdatePipeline: (pipeline, document, variables) => compileUpdatePipeline(pipeline, variables)(document),
}

/** The options under which filters inside a pipeline see the pipeline's variables. */
export function filterOptions(scope: Scope, language: LanguageOptions): LanguageOptions {
  return { ...language, evaluate: { ...expressionHook, compileExpression: (expression) => metered(expression, scope) } }
}

function metered(expression: Value, scope: Scope): (document: Document) => Value {
  const evaluate = compileExpression(expression, scope)
  return (document) => {
    scope.meter.begin()
    return evaluate(document)
  }
}

function compileUpdatePipeline(pipeline: readonly Document[], variables: Document): (document: Document) => Document {
  const scope = rootScope(variables)
  const steps = pipeline.map((stage): Reshape => {
    const [name, ...others] = Object.keys(stage)
    if (name === undefined || others.length > 0) throw badRequest("Cannot update: a stage of a pipeline is a document of one key", 40323)
    const make = Object.hasOwn(reshapers, name) ? reshapers[name] : undefined
    if (make === undefined) throw badRequest(`Cannot update: stage \`${name}\` is not allowed in an update`, 72)
    return make(stage[name], scope, name)
  })
  return (document) => {
    scope.meter.begin()
    return steps.reduce((result, step) => step(result), document)
  }
}
