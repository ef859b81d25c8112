// The `validate` expressions of a schema, for remarks about them.
import type { Expression } from "../expressions/index.ts"
import type { Schema, SchemaNode } from "./types.ts"

/** Every `validate` of a schema. */
export function schemaExpressions({ root }: Pick<Schema, "root">): readonly Expression[] {
  const below = (node: SchemaNode): Expression[] => [...(node.validate === undefined ? [] : [node.validate]), ...childrenOf(node).flatMap(below)]
  return below(root)
}

/** The schemas right below one in which a `validate` may stand. */
export function childrenOf({ properties, patterns, allOf, additional, additionalItems, items }: Omit<SchemaNode, "hasValidate">): SchemaNode[] {
  return [...properties.values(), ...patterns.map(({ node }) => node), ...allOf, ...[additional, additionalItems, items].flat().filter((each) => each !== undefined)]
}
