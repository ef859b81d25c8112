// Which leading stages of a pipeline the search does itself, and that they mean the same there.
import { afterAll, describe, expect, test } from "vitest"
import type { Document } from "../../../../kernel/index.ts"
import { openEmbeddedStore } from "../../../../server/storage/embedded/index.ts"
import { splitPipeline } from "../../../../server/storage/embedded/pipeline.ts"

const store = openEmbeddedStore({ file: ":memory:" })
const namespace = { database: "d", collection: "c" }
await store.insert(namespace, Array.from({ length: 9 }, (_, n): Document => ({ _id: n, a: n % 3, list: [n, n + 1] })))
afterAll(() => store.close())

describe("the head of a pipeline", () => {
  test.each<[readonly Document[], object]>([
    [[{ $match: { a: 1 } }, { $count: "n" }], { filter: { a: 1 }, skip: 0, limit: 0, rest: [{ $count: "n" }] }],
    [[{ $match: { a: 1 } }, { $match: { b: 2 } }, { $match: { a: 3 } }], { filter: { $and: [{ a: 1 }, { b: 2 }, { a: 3 }] }, skip: 0, limit: 0, rest: [] }],
    [[{ $match: { a: 1 } }, { $sort: { a: 1 } }, { $skip: 1 }, { $limit: 2 }, { $match: { b: 1 } }], { filter: { a: 1 }, sort: { a: 1 }, skip: 1, limit: 2, rest: [{ $match: { b: 1 } }] }],
    [[{ $match: { a: 1 } }, { $match: 5 }], { filter: { a: 1 }, skip: 0, limit: 0, rest: [{ $match: 5 }] }],
    [[{ $limit: 2 }, { $match: { a: 1 } }], { filter: {}, skip: 0, limit: 2, rest: [{ $match: { a: 1 } }] }],
    [[], { filter: {}, skip: 0, limit: 0, rest: [] }],
  ])("%j", (pipeline, split) => {
    expect(splitPipeline(pipeline)).toEqual(split)
  })
})

test.each<[readonly Document[], unknown[]]>([
  [[{ $match: { a: 1 } }, { $match: { list: 5 } }], [4]],
  [[{ $match: { list: { $gt: 6 } } }, { $match: { list: { $lt: 7 } } }], [6]],
  [[{ $match: { $or: [{ a: 0 }, { a: 1 }] } }, { $match: { $or: [{ _id: { $gt: 6 } }, { _id: 0 }] } }, { $sort: { _id: -1 } }, { $limit: 2 }], [7, 0]],
])("%j finds what its stages find one after the other", async (pipeline, ids) => {
  expect((await store.aggregate(namespace, pipeline).toArray()).map(({ _id }) => _id)).toEqual(ids)
})
