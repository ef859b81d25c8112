// What a user's requests may not contain, name by name (specification of rules, 8.3 and 10).
import { describe, expect, test } from "vitest"
import { deniedInPipeline, deniedInPredicate, deniedInProjection, deniedInUpdate } from "../../../engine/index.ts"
import { BSONRegExp, type Document } from "../../../kernel/index.ts"

const limits = { mayUseRegex: false }

describe("in a predicate", () => {
  const refused = [
    "$expr", "$jsonSchema", "$regex", "$options", "$text", "$where", "$function", "$accumulator", "$geoIntersects", "$geoWithin", "$near", "$nearSphere", "$within", "$geometry", "$box", "$center", "$centerSphere", "$polygon", "$maxDistance",
    "$minDistance", "$uniqueDocs", "$bitsAllClear", "$bitsAllSet", "$bitsAnyClear", "$bitsAnySet",
  ]

  test.each(refused)("%s is refused, wherever it stands", (name) => {
    for (const predicate of [{ [name]: 1 }, { a: { [name]: 1 } }, { $or: [{ b: 1 }, { a: { $not: { [name]: 1 } } }] }, { a: { $elemMatch: { b: { [name]: 1 } } } }] as Document[]) {
      expect(deniedInPredicate(predicate, limits)).toEqual({ kind: "operator", name })
    }
  })

  test("a regular expression counts as one, as a value too", () => {
    for (const predicate of [{ a: new BSONRegExp("x") }, { a: { $in: ["y", new BSONRegExp("x")] } }] as Document[]) {
      expect(deniedInPredicate(predicate, limits)).toEqual({ kind: "operator", name: "$regex" })
      expect(deniedInPredicate(predicate, { mayUseRegex: true })).toBeUndefined()
    }
  })

  test("the setting allows patterns and nothing else", () => {
    expect(deniedInPredicate({ a: { $regex: "x", $options: "i" } }, { mayUseRegex: true })).toBeUndefined()
    expect(deniedInPredicate({ a: { $regex: "x" }, $where: "1" }, { mayUseRegex: true })).toEqual({ kind: "operator", name: "$where" })
  })

  test("all others are allowed, and so are values that look like one", () => {
    for (const predicate of [{ a: { $gt: 1, $lt: 2 } }, { $and: [{ a: 1 }] }, { a: { $type: "int", $mod: [2, 0], $size: 1, $all: [1], $exists: true } }, { a: "$where" }, { where: 1 }] as Document[]) expect(deniedInPredicate(predicate, limits)).toBeUndefined()
  })
})

describe("in a pipeline", () => {
  // SOURCE: specification 10, refused stages; every other one that is not known to be safe is refused too.
  test.each([
    "$collStats", "$facet", "$geoNear", "$graphLookup", "$indexStats", "$lookup", "$merge", "$out", "$unionWith", "$documents", "$changeStream", "$currentOp", "$listSessions", "$planCacheStats", "$search", "$searchMeta", "$vectorSearch", "$newStage",
  ])("stage %s is refused", (name) => {
    expect(deniedInPipeline([{ $match: {} }, { [name]: {} }], limits)).toEqual({ kind: "stage", name })
    expect(deniedInPipeline([{ $match: {}, [name]: {} }], limits)).toEqual({ kind: "stage", name })
  })

  test.each([
    "$addFields", "$bucket", "$bucketAuto", "$count", "$densify", "$fill", "$group", "$limit", "$match", "$project", "$redact", "$replaceRoot", "$replaceWith", "$sample", "$set", "$setWindowFields", "$skip", "$sort", "$sortByCount", "$unset", "$unwind",
  ])("stage %s is allowed", (name) => {
    expect(deniedInPipeline([{ [name]: {} }], limits)).toBeUndefined()
  })

  test.each(["$function", "$setIsSubset", "$accumulator", "$where"])("operator %s is refused, wherever it stands", (name) => {
    for (const pipeline of [[{ $project: { a: { [name]: [] } } }], [{ $group: { _id: null, a: { $sum: { $cond: [true, { [name]: [] }, 0] } } } }], [{ $match: {} }, { $addFields: { a: [{ b: { [name]: [] } }] } }]] as Document[][]) {
      expect(deniedInPipeline(pipeline, limits)).toEqual({ kind: "operator", name })
    }
  })

  test("a `$match` is held to what predicates are", () => {
    expect(deniedInPipeline([{ $match: { a: { $regex: "x" } } }], limits)).toEqual({ kind: "operator", name: "$regex" })
    expect(deniedInPipeline([{ $match: { a: { $regex: "x" } } }], { mayUseRegex: true })).toBeUndefined()
    for (const regex of ["x", new BSONRegExp("x")]) expect(deniedInPipeline([{ $project: { a: { $regexMatch: { input: "$b", regex } } } }], limits)).toBeUndefined()
  })

  test.each(["$$SEARCH_META", "$$USER_ROLES", "$$SEARCH_META.count"])("%s is refused", (text) => {
    expect(deniedInPipeline([{ $project: { a: text } }], limits)).toEqual({ kind: "variable", name: text.split(".")[0] })
    expect(deniedInPipeline([{ $project: { a: `${text.split(".")[0] ?? ""}X` } }], limits)).toBeUndefined()
  })
})

test("a projection is held to what predicates and expressions are", () => {
  for (const name of ["$where", "$regex", "$function", "$setIsSubset"]) expect(deniedInProjection({ a: { [name]: 1 } }, limits)).toEqual({ kind: "operator", name })
  expect(deniedInProjection({ a: "$$USER_ROLES" }, limits)).toEqual({ kind: "variable", name: "$$USER_ROLES" })
  expect(deniedInProjection({ a: 1, b: { $elemMatch: { c: 1 } } }, limits)).toBeUndefined()
  expect(deniedInProjection(undefined, limits)).toBeUndefined()
})

test("an update is looked through where it holds predicates", () => {
  expect(deniedInUpdate({ $pull: { a: { $regex: "x" } } }, [], limits)).toEqual({ kind: "operator", name: "$regex" })
  expect(deniedInUpdate({ $set: { "a.$[x]": 1 } }, [{ x: 1 }, { x: { $where: "1" } }], limits)).toEqual({ kind: "operator", name: "$where" })
  expect(deniedInUpdate({ $set: { a: { $where: "a value" } }, $pull: { b: { $gt: 1 } } }, [{ x: { $gt: 1 } }], limits)).toBeUndefined()
})
