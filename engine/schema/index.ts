export { schemaExpressions } from "./expressions.ts"
export { parseSchema, type ParseSchemaOptions } from "./parse.ts"
export type { Schema, SchemaProblem, SchemaProblemKind } from "./types.ts"
export { bindSchema, explainSchema, validateDocument, type Change, type ExplainedProblem, type SchemaValidator } from "./validate.ts"
