// Stages, where the recorded cases do not go.
import { describe, expect, test } from "vitest"
import { Double, Long, type Document } from "../../../../kernel/index.ts"
import { openEmbeddedStore } from "../../../../server/storage/index.ts"
import { supported } from "../../../../server/storage/aggregation/index.ts"
import { refusal, run } from "./run.ts"

const people: readonly Document[] = [
  { _id: 1, team: "a", points: 3 }, { _id: 2, team: "b", points: 5 }, { _id: 3, team: "a", points: 4 }, { _id: 4, team: "b", points: 5 },
]

test("nothing is read before all stages are checked", async () => {
  let reads = 0
  function* counted(): Generator<Document> {
    reads += 1
    yield {}
  }
  expect(await refusal(() => run(counted(), [{ $match: {} }, { $project: { a: { $nosuch: 1 } } }]))).toBe("bad-request 168")
  expect(await refusal(() => run(counted(), [{ $geoNear: {} }]))).toBe("unsupported")
  expect(reads).toBe(0)
})

test("stages that stream read no more than is asked for", async () => {
  let reads = 0
  async function* endless(): AsyncGenerator<Document> {
    for (;;) yield { _id: reads++ }
  }
  expect(await run(endless(), [{ $match: { _id: { $gte: 2 } } }, { $set: { a: 1 } }, { $skip: 1 }, { $limit: 2 }])).toEqual([{ _id: 3, a: 1 }, { _id: 4, a: 1 }])
  expect(reads).toBeLessThan(1000)
})

describe("malformed stages are refused", () => {
  const stages: readonly (readonly [unknown, string])[] = [
    [{ $sample: { size: -1 } }, "bad-request 28747"], [{ $sample: { size: "x" } }, "bad-request 28746"], [{ $limit: 0 }, "bad-request 15958"], [{ $skip: -1 }, "bad-request 5107200"],
    [{ $project: { a: 1, b: 0 } }, "bad-request 31254"], [{ $project: { a: 1, "a.b": 1 } }, "bad-request 31249"], [{ $project: {} }, "bad-request 51272"],
    [{ $set: {} }, "bad-request 40177"], [{ $unwind: "a" }, "bad-request 28818"], [{ $count: "a.b" }, "bad-request 40160"], [{ $bucket: { groupBy: "$a", boundaries: [2, 1] } }, "bad-request 40194"],
    [{ $group: { _id: 1, x: { $accumulator: {} } } }, "unsupported"], [{ $match: { $where: "1" } }, "unsupported"], [{ $lookup: { from: "x", localField: "a", foreignField: "b", as: "c" } }, "unsupported"],
    [{ $out: "x" }, "unsupported"], [{ $facet: { a: [{ $facet: { b: [] } }] } }, "bad-request 40600"], [null, "bad-request 14"], [{ $match: {}, $limit: 1 }, "bad-request 40323"],
  ]
  test.each(stages)("%j: %s", async (stage, expected) => {
    expect(await refusal(() => run([], [stage]))).toBe(expected)
  })
})

test("$bucketAuto keeps equal values together", async () => {
  expect(await run(people, [{ $bucketAuto: { groupBy: "$points", buckets: 2 } }])).toEqual([
    { _id: { min: 3, max: 5 }, count: 2 }, { _id: { min: 5, max: 5 }, count: 2 },
  ])
})

test.each([["R40", 0.95, 2.12], ["R80", 0.975, 2.06], ["E48", 0.953, 2.05], ["E96", 0.976, 2.05], ["E192", 0.988, 2.03]])("$bucketAuto by %s", async (granularity, min, max) => {
  const values = [1, 2, 101, 950].map((v) => ({ v }))
  expect(await run(values, [{ $bucketAuto: { groupBy: "$v", buckets: 2, granularity } }, { $limit: 1 }])).toEqual([{ _id: { min, max }, count: 2 }])
})

test("$bucket puts the rest into the default", async () => {
  expect(await run(people, [{ $bucket: { groupBy: "$points", boundaries: [0, 4], default: "more", output: { ids: { $push: "$_id" } } } }])).toEqual([
    { _id: 0, ids: [1] }, { _id: "more", ids: [2, 3, 4] },
  ])
})

test("$setWindowFields sums, ranks and looks aside", async () => {
  const stage = {
    $setWindowFields: {
      partitionBy: "$team", sortBy: { points: 1 },
      output: {
        running: { $sum: "$points", window: { documents: ["unbounded", "current"] } }, near: { $avg: "$points", window: { range: [-1, 0] } },
        rank: { $rank: {} }, next: { $shift: { output: "$_id", by: 1, default: "none" } }, all: { $push: "$_id" },
      },
    },
  }
  expect(await run(people, [stage, { $project: { team: 0, points: 0 } }])).toEqual([
    { _id: 1, running: 3, near: new Double(3), rank: 1, next: 3, all: [1, 3] }, { _id: 3, running: 7, near: 3.5, rank: 2, next: "none", all: [1, 3] },
    { _id: 2, running: 5, near: new Double(5), rank: 1, next: 4, all: [2, 4] }, { _id: 4, running: 10, near: new Double(5), rank: 1, next: "none", all: [2, 4] },
  ])
})

test("$fill gives values and carries them forward within partitions", async () => {
  const gaps = [{ _id: 1, t: 3, g: "a" }, { _id: 2, t: 1, g: "a", v: 7 }, { _id: 3, t: 2, g: "a", v: null }, { _id: 4, t: 1, g: "b" }]
  expect(await run(gaps, [{ $fill: { output: { v: { value: "$t" } } } }, { $project: { v: 1 } }])).toEqual([{ _id: 1, v: 3 }, { _id: 2, v: 7 }, { _id: 3, v: 2 }, { _id: 4, v: 1 }])
  for (const partition of [{ partitionBy: "$g" }, { partitionByFields: ["g"] }]) {
    expect(await run(gaps, [{ $fill: { ...partition, sortBy: { t: 1 }, output: { v: { method: "locf" } } } }, { $project: { v: 1 } }])).toEqual([{ _id: 2, v: 7 }, { _id: 3, v: 7 }, { _id: 1, v: 7 }, { _id: 4, v: null }])
  }
  const line = [{ _id: 1, t: 1, v: 1 }, { _id: 2, t: 2 }, { _id: 3, t: 4, v: null }, { _id: 4, t: 5, v: 7 }, { _id: 5, t: 9 }]
  expect(await run(line, [{ $fill: { sortBy: { t: 1 }, output: { v: { method: "linear" } } } }, { $project: { v: 1 } }])).toEqual([
    { _id: 1, v: 1 }, { _id: 2, v: 2.5 }, { _id: 3, v: 5.5 }, { _id: 4, v: 7 }, { _id: 5, v: null },
  ])
  // Without a sort, in the order in which they come.
  expect(await run(gaps, [{ $fill: { output: { v: { method: "locf" } } } }, { $project: { v: 1 } }])).toEqual([{ _id: 1, v: null }, { _id: 2, v: 7 }, { _id: 3, v: 7 }, { _id: 4, v: 7 }])
  expect(await refusal(() => run(gaps, [{ $fill: { output: { v: { method: "linear" } } } }]))).toBe("bad-request 605001")
})

test("$group takes $top, $firstN and $addToSet by value", async () => {
  expect(await run(people, [{ $group: { _id: "$team", best: { $top: { sortBy: { points: -1 }, output: "$_id" } }, two: { $lastN: { input: "$_id", n: 2 } }, points: { $addToSet: "$points" } } }])).toEqual([
    { _id: "a", best: 3, two: [1, 3], points: [3, 4] }, { _id: "b", best: 2, two: [2, 4], points: [5] },
  ])
})

test("$graphLookup follows to a depth and ends in circles", async () => {
  const nodes = [{ _id: "a", to: ["b"] }, { _id: "b", to: ["c"] }, { _id: "c", to: ["a"] }]
  const stage = { $graphLookup: { from: "nodes", startWith: "$to", connectFromField: "to", connectToField: "_id", as: "all", depthField: "depth" } }
  const [first] = await run([nodes[0] as Document], [stage, { $project: { all: { _id: 1, depth: 1 } } }], { lookup: () => nodes })
  expect(first).toEqual({ _id: "a", all: [{ _id: "b", depth: Long.fromNumber(0) }, { _id: "c", depth: Long.fromNumber(1) }, { _id: "a", depth: Long.fromNumber(2) }] })
})

test("what is supported can be listed", () => {
  expect(supported.stages).toContain("$lookup")
  expect(supported.operators).toContain("$dateTrunc")
  expect(supported.operators).not.toContain("$function")
})

describe("over the embedded store", () => {
  const namespace = { database: "d", collection: "left" }

  test("$lookup finds the same with and without an index", async () => {
    const store = openEmbeddedStore({ file: ":memory:" })
    const odd = [1, null, [1, 2], [[1]], "x", [], new Double(1), Long.fromNumber(2), { a: 1 }]
    await store.insert(namespace, odd.map((k, index) => ({ _id: index, k })).concat([{ _id: 99 } as never]))
    await store.insert({ ...namespace, collection: "right" }, odd.map((r, index) => ({ _id: index, r })).concat([{ _id: 99 } as never]))
    const pipeline = [{ $lookup: { from: "right", localField: "k", foreignField: "r", as: "j" } }, { $project: { ids: "$j._id" } }]
    const before = await store.aggregate(namespace, pipeline).toArray()
    await store.ensureIndex({ ...namespace, collection: "right" }, { keys: { r: 1 } })
    const sorted = (documents: readonly Document[]): Document[] => documents.map((each) => ({ ...each, ids: (each["ids"] as number[]).toSorted((left, right) => left - right) }))
    expect(sorted(await store.aggregate(namespace, pipeline).toArray())).toEqual(sorted(before))
    expect(sorted(before)[0]).toEqual({ _id: 0, ids: [0, 2, 6] })
    await store.close()
  })

  test("$out and $merge write", async () => {
    const store = openEmbeddedStore({ file: ":memory:" })
    await store.insert(namespace, people)
    const target = { ...namespace, collection: "target" }
    await store.insert(target, [{ _id: 7 }])
    expect(await store.aggregate(namespace, [{ $match: { team: "a" } }, { $out: "target" }]).toArray()).toEqual([])
    expect(await store.find(target, {}).toArray()).toEqual([people[0], people[2]])
    await store.aggregate(namespace, [{ $project: { team: { $concat: ["$team", "!"] } } }, { $merge: { into: "target", whenMatched: "merge", whenNotMatched: "discard" } }]).toArray()
    expect(await store.find(target, {}).toArray()).toEqual([{ _id: 1, team: "a!", points: 3 }, { _id: 3, team: "a!", points: 4 }])
    await store.aggregate(namespace, [{ $merge: { into: "target", whenMatched: [{ $set: { sum: { $add: ["$points", "$$new.points"] } } }] } }]).toArray()
    expect((await store.find(target, {}).toArray()).map((each) => each["sum"])).toEqual([6, 8, undefined, undefined])
    expect(await refusal(() => store.aggregate(namespace, [{ $merge: { into: "target", on: "team" } }]).toArray())).toBe("bad-request 51183")
    await store.close()
  })

  test("the server's own databases stay closed to what pipelines write", async () => {
    const store = openEmbeddedStore({ file: ":memory:" })
    await store.insert(namespace, people)
    expect(await refusal(() => store.aggregate(namespace, [{ $out: { db: "__backstitch", coll: "users" } }]).toArray())).toMatch(/^(bad-request|unsupported)/)
    await store.close()
  })
})

test("what is computed below a scalar takes its place, in lists too", async () => {
  const document: Document = { _id: 1, a: 5, l: [1, { b: 2, c: 3 }, [4, {}], []], z: 6 }
  const [projected] = await run([document], [{ $project: { "a.x": { $add: [1, 1] }, "l.b": 1, "l.x": "$z", z: 1 } }])
  expect(projected).toEqual({ _id: 1, a: { x: 2 }, l: [{ x: 6 }, { b: 2, x: 6 }, [{ x: 6 }, { x: 6 }], []], z: 6 })
  expect(Object.keys(projected as Document)).toEqual(["_id", "a", "l", "z"])
})
