export * from "./expressions/index.ts"
export * from "./rules/index.ts"
export * from "./schema/index.ts"
