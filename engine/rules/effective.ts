import type { Filter, Role, Rules } from "./types.ts"

/** The roles and filters that serve one collection. */
export interface EffectiveRules {
  readonly roles: readonly Role[]
  readonly filters: readonly Filter[]
  readonly from: "collection" | "default"
}

/**
 * Which rules serve a collection (specification 6.3), or undefined: every request is refused.
 *
 * Roles of the collection serve alone, even where none applies. Without any, the default roles serve, with the filters of both files.
 */
export function effectiveRules(collection: Rules | undefined, defaults: Rules | undefined): EffectiveRules | undefined {
  if (collection !== undefined && collection.roles.length > 0) return { roles: collection.roles, filters: collection.filters, from: "collection" }
  if (defaults === undefined || defaults.roles.length === 0) return undefined
  return { roles: defaults.roles, filters: [...(collection?.filters ?? []), ...defaults.filters], from: "default" }
}
