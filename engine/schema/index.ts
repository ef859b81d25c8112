export { parseSchema, type ParseSchemaOptions } from "./parse.ts"
export type { Schema, SchemaProblem, SchemaProblemKind } from "./types.ts"
export { bindSchema, validateDocument, type Change, type SchemaValidator } from "./validate.ts"
