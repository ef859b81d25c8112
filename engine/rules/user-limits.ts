// What a user's request may not contain (specification of rules, 8.3 and 10; of functions, 4.5). The system user may.
import { bsonTypeOf, getField, isDocument, type Document, type Value } from "../../kernel/index.ts"

// SOURCE: CRUD and aggregation pages: operators and stages that user functions may not use.
const deniedInQueries = new Set([
  "$expr", "$jsonSchema", "$regex", "$options", "$text", "$where", "$function", "$accumulator",
  "$geoIntersects", "$geoWithin", "$near", "$nearSphere", "$within", "$geometry", "$box", "$center", "$centerSphere", "$polygon", "$maxDistance", "$minDistance", "$uniqueDocs",
  "$bitsAllClear", "$bitsAllSet", "$bitsAnyClear", "$bitsAnySet",
])
const deniedInExpressions = new Set(["$function", "$setIsSubset", "$accumulator", "$where"])
const deniedVariables = /^\$\$(?:SEARCH_META|USER_ROLES)(?:\.|$)/

/**
 * Stages that read nothing but the documents handed to them. An allow list: newer servers add stages that reach other
 * collections, and those must not become a way round the rules.
 */
const allowedStages = new Set([
  "$addFields", "$bucket", "$bucketAuto", "$count", "$densify", "$fill", "$group", "$limit", "$match", "$project", "$redact", "$replaceRoot", "$replaceWith",
  "$sample", "$set", "$setWindowFields", "$skip", "$sort", "$sortByCount", "$unset", "$unwind",
])

export interface UserLimits { readonly mayUseRegex: boolean }

/** The first thing a user's request names and may not use, or undefined. */
export type Denied = { readonly kind: "operator" | "stage" | "variable"; readonly name: string } | undefined

/** Looks through a predicate at any depth. A regular expression as a value counts as `$regex`. */
export function deniedInPredicate(predicate: Value, { mayUseRegex }: UserLimits): Denied {
  return find(predicate, (key) => deniedInQueries.has(key) && !(mayUseRegex && (key === "$regex" || key === "$options")), !mayUseRegex)
}

/** Looks through the conditions of an update: `$pull` holds predicates; everything else is values. */
export function deniedInUpdate(update: Document, arrayFilters: readonly Document[], limits: UserLimits): Denied {
  return deniedInPredicate(getField(update, "$pull"), limits) ?? deniedInPredicate(arrayFilters, limits)
}

/** Looks through a projection, which may hold predicates and expressions. */
export function deniedInProjection(projection: Document | undefined, limits: UserLimits): Denied {
  return deniedInPredicate(projection, limits) ?? deniedInExpression(projection)
}

/** Looks through a pipeline: every stage, and the predicates and expressions in it at any depth. */
export function deniedInPipeline(pipeline: readonly Document[], limits: UserLimits): Denied {
  for (const stage of pipeline) {
    for (const name of Object.keys(stage)) {
      if (!allowedStages.has(name)) return { kind: "stage", name }
      const denied = deniedInExpression(stage[name]) ?? (name === "$match" ? deniedInPredicate(stage[name], limits) : undefined)
      if (denied !== undefined) return denied
    }
  }
  return undefined
}

function deniedInExpression(expression: Value): Denied {
  return find(expression, (key) => deniedInExpressions.has(key), false)
}

function find(value: Value, denies: (key: string) => boolean, noPatterns: boolean): Denied {
  if (typeof value === "string") return deniedVariables.test(value) ? { kind: "variable", name: value.split(".")[0] as string } : undefined
  if (Array.isArray(value)) return first(value as readonly Value[], (item) => find(item, denies, noPatterns))
  if (noPatterns && bsonTypeOf(value) === "BSONRegExp") return { kind: "operator", name: "$regex" }
  if (!isDocument(value)) return undefined
  return first(Object.keys(value), (key) => (denies(key) ? { kind: "operator", name: key } : find(value[key], denies, noPatterns)))
}

function first<Item>(items: readonly Item[], test: (item: Item) => Denied): Denied {
  for (const item of items) {
    const denied = test(item)
    if (denied !== undefined) return denied
  }
  return undefined
}
