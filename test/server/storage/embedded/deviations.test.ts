// What docs/deviations.md says of the embedded store against MongoDB, line by line.
import { afterAll, describe, expect, test } from "vitest"
import { BSONRegExp, Decimal128, MinKey, type Document, type Value } from "../../../../kernel/index.ts"
import { openEmbeddedStore } from "../../../../server/storage/index.ts"

const store = openEmbeddedStore({ file: ":memory:" })
afterAll(() => store.close())
let collections = 0

async function filled(...documents: Document[]): Promise<{ database: string; collection: string }> {
  const namespace = { database: "d", collection: `c${collections++}` }
  if (documents.length > 0) await store.insert(namespace, documents)
  return namespace
}

const unsupported = { code: "unsupported" }
const found = async (filter: Document): Promise<Document[]> => store.find(await filled({ _id: 1, a: "ab" }), filter).toArray()
const piped = async (...pipeline: Document[]): Promise<Document[]> => store.aggregate(await filled({ _id: 1, n: 1, t: "ab", d: new Date(0), m: Decimal128.fromString("1.5") }), pipeline).toArray()
const computed = async (expression: Value): Promise<Value> => (await piped({ $project: { _id: 0, v: expression } }))[0]?.["v"]

describe("queries", () => {
  test.each(["(a)\\1", "(?>a)b", "a++", "(?(1)a|b)", "a{1001}"])("refuse the regular expression %s", async (pattern) => {
    await expect(found({ a: { $regex: pattern } })).rejects.toMatchObject(unsupported)
  })

  test("take look-ahead, and look-behind without captures", async () => {
    expect(await found({ a: new BSONRegExp("a(?=b)", "") })).toHaveLength(1)
    expect(await found({ a: new BSONRegExp("(?<=a)b", "") })).toHaveLength(1)
  })

  test.each<Document>([
    { $where: "true" }, { $text: { $search: "x" } }, { a: { $near: [0, 0] } }, { a: { $geoWithin: { $center: [[0, 0], 1] } } }, { $sampleRate: 0.5 },
  ])("refuse %j", async (filter) => {
    await expect(found(filter)).rejects.toMatchObject(unsupported)
  })

  test("refuse `$meta` and collations", async () => {
    const namespace = await filled({ _id: 1 })
    await expect(store.find(namespace, {}, { sort: { score: { $meta: "textScore" } } }).toArray()).rejects.toMatchObject(unsupported)
    await expect(store.find(namespace, {}, { collation: { locale: "en" } }).toArray()).rejects.toMatchObject(unsupported)
  })

  test("find `undefined` stored as null, and names that are whole numbers first", async () => {
    const namespace = await filled({ _id: 1, b: undefined, a: 1, 7: "seven" })
    const [document] = await store.find(namespace, { _id: 1 }).toArray() as [Document]
    expect(document["b"]).toBeNull()
    expect(Object.keys(document)).toEqual(["7", "_id", "b", "a"])
  })

  test("give the positional `$` the element of the last condition on a list", async () => {
    const namespace = await filled({ _id: 1, l: [1, 2], m: [1, 2] })
    await store.update(namespace, { l: 1, m: 2 }, { $set: { "l.$": "hit" } }, { many: false })
    expect(await store.find(namespace, {}).toArray()).toEqual([{ _id: 1, l: [1, "hit"], m: [1, 2] }])
  })
})

describe("aggregation", () => {
  test.each<Document>([
    { $geoNear: { near: [0, 0], distanceField: "d" } }, { $search: {} }, { $vectorSearch: {} }, { $changeStream: {} }, { $currentOp: {} },
    { $setWindowFields: { sortBy: { n: 1 }, output: { v: { $minMaxScaler: { input: "$n" } } } } },
    { $lookup: { from: { db: "other", coll: "c" }, localField: "a", foreignField: "b", as: "c" } }, { $unionWith: { coll: { db: "other", coll: "c" } } },
  ])("refuses %j", async (stage) => {
    await expect(piped(stage)).rejects.toMatchObject(unsupported)
  })

  test.each<[Value]>([
    [{ $sin: "$m" }], [{ $convert: { input: "$t", to: "int", base: 2 } }], [{ $convert: { input: "$t", to: "array" } }], [{ $convert: { input: "$t", to: "object" } }],
    [{ $meta: "textScore" }], [{ $toHashedIndexKey: "$t" }], [{ $sigmoid: "$n" }], ["$$CLUSTER_TIME"], ["$$USER_ROLES"], ["$$SEARCH_META"], [{ $regexFind: { input: "$t", regex: "a(?=b)" } }],
  ])("refuses %j", async (expression) => {
    await expect(computed(expression)).rejects.toMatchObject(unsupported)
  })

  test("stops a document that costs too much, a list and a text that are too long", async () => {
    await expect(computed({ $reduce: { input: { $range: [0, 3000] }, initialValue: [], in: { $concatArrays: ["$$value", { $range: [0, 3000] }] } } })).rejects.toMatchObject({ name: "StoreError" })
    await expect(computed({ $size: { $range: [0, 2_000_001] } })).rejects.toMatchObject({ name: "StoreError" })
    await expect(computed({ $reduce: { input: { $range: [0, 30] }, initialValue: "xx", in: { $concat: ["$$value", "$$value"] } } })).rejects.toMatchObject({ name: "StoreError" })
  })

  test("densifies one partition after another", async () => {
    const namespace = await filled({ _id: 1, p: 1, v: 0 }, { _id: 2, p: 2, v: 0 }, { _id: 3, p: 1, v: 2 })
    const made = await store.aggregate(namespace, [{ $densify: { field: "v", partitionByFields: ["p"], range: { step: 1, bounds: "full" } } }]).toArray()
    expect(made.map(({ p, v }) => [p, v])).toEqual([[1, 0], [1, 1], [1, 2], [2, 0], [2, 1], [2, 2]])
  })

  test("gives exact medians, and fails in a constant part only when it is evaluated", async () => {
    expect(Number(await computed({ $median: { input: [1, 2, 9], method: "approximate" } }))).toBe(2)
    expect(await computed({ $cond: [true, "fine", { $divide: [1, 0] }] })).toBe("fine")
  })

  test("reads dates without a format as ISO 8601 and the usual English forms", async () => {
    expect(await computed({ $dateFromString: { dateString: "2020-01-02T03:04:05Z" } })).toEqual(new Date("2020-01-02T03:04:05Z"))
    await expect(computed({ $dateFromString: { dateString: "le 2 janvier 2020" } })).rejects.toMatchObject({ name: "StoreError" })
  })
})

describe("writing and locking", () => {
  test("a change of many that meets a refusal keeps what came before it", async () => {
    const namespace = await filled({ _id: 1, n: 1 }, { _id: 2, n: "text" }, { _id: 3, n: 3 })
    await expect(store.update(namespace, {}, { $inc: { n: 10 } }, { many: true })).rejects.toMatchObject({ code: "bad-request" })
    expect((await store.find(namespace, {}).toArray()).map(({ n }) => n)).toEqual([11, "text", 3])
  })

  test("a failed write inside a transaction undoes only that write", async () => {
    const namespace = await filled({ _id: 1 })
    await store.transaction(async (inside) => {
      await inside.insert(namespace, [{ _id: 2 }])
      await expect(inside.insert(namespace, [{ _id: 1 }])).rejects.toMatchObject({ code: "duplicate-key" })
    })
    expect(await store.count(namespace, {})).toBe(2)
  })

  test("a transaction keeps other writers waiting", async () => {
    const namespace = await filled()
    const order: string[] = []
    await Promise.all([
      store.transaction(async (inside) => {
        await inside.insert(namespace, [{ _id: new MinKey() }])
        await new Promise((resolve) => setTimeout(resolve, 20))
        order.push("transaction")
      }),
      store.insert(namespace, [{ _id: 2 }]).then(() => order.push("other")),
    ])
    expect(order).toEqual(["transaction", "other"])
  })

  test.each(["text", "2dsphere", "hashed"])("an index of kind %s is refused", async (kind) => {
    await expect(store.ensureIndex(await filled(), { keys: { a: kind } })).rejects.toMatchObject(unsupported)
  })
})
