import { expect, test } from "vitest"
import type { Document } from "../../../../kernel/index.ts"
import { openEmbeddedStore } from "../../../../server/storage/index.ts"

const namespace = { database: "d", collection: "c" }
const over = { code: "unavailable", serverCode: 50 }

async function* endless(): AsyncGenerator<Document> {
  for (let n = 0; ; n++) {
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    yield { n }
  }
}

test("a pipeline ends when its time is over, whatever it reads", async () => {
  const store = openEmbeddedStore({ file: ":memory:" })
  await store.insert(namespace, Array.from({ length: 3000 }, (_, _id) => ({ _id, group: _id % 7 })))
  await expect(store.aggregateOver(endless(), [{ $group: { _id: null, n: { $sum: 1 } } }], { maxTimeMS: 30 }).toArray()).rejects.toMatchObject(over)
  // Each document of the one side meets all of the other: nine million pairs.
  const join = [{ $lookup: { from: "c", let: { group: "$group" }, pipeline: [{ $match: { $expr: { $gt: ["$$group", "$_id"] } } }], as: "others" } }, { $count: "n" }]
  await expect(store.aggregate(namespace, join, { maxTimeMS: 30 }).toArray()).rejects.toMatchObject(over)
  expect(await store.aggregate(namespace, [{ $count: "n" }], { maxTimeMS: 60_000 }).toArray()).toEqual([{ n: 3000 }])
  await store.close()
})
