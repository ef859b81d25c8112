import { describe, expect, test } from "vitest"
import { Binary, BSONRegExp, Code, Decimal128, Double, Long, MaxKey, MinKey, ObjectId, Timestamp, toEjson, type Document } from "../../kernel/index.ts"
import { expectStoreError } from "./expect-error.ts"
import type { Bench } from "./store-contract.ts"

/** One value of each kind BSON has, where a store could lose the kind. */
const kinds: Document = {
  _id: 1, int: 1, double: 1.5, whole: new Double(2), negativeZero: -0, long: Long.fromString("9007199254740993"), smallLong: Long.fromNumber(3), decimal: Decimal128.fromString("1.10"),
  text: "ü\u{1f600}", empty: "", yes: true, none: null, date: new Date(-1), id: new ObjectId("5f1a5f1a5f1a5f1a5f1a5f1a"), bytes: new Binary(Uint8Array.of(1, 2, 3), 0), uuid: new Binary(new Uint8Array(16), 4),
  expression: new BSONRegExp("^a", "i"), stamp: new Timestamp({ t: 5, i: 6 }), least: new MinKey(), most: new MaxKey(), code: new Code("f()"), list: [1, [2, new Double(3)], { a: null }], inner: { b: { c: Long.fromNumber(1) } },
}

export function readContract({ store, fresh }: Bench): void {
  describe("reading", () => {
    test("gives back every kind of value as it was", async () => {
      const namespace = await fresh([kinds])
      expect(toEjson((await store().find(namespace, {}).toArray())[0])).toEqual(toEjson(kinds))
    })

    test("gives back fields named like inherited properties, and their order", async () => {
      const document: Document = Object.defineProperty({ _id: 1, z: 1, a: 2, constructor: 3, hasOwnProperty: 4 }, "__proto__", { value: { a: 1 }, enumerable: true, configurable: true, writable: true })
      const namespace = await fresh([document])
      const [found] = await store().find(namespace, {}).toArray()
      expect(Object.keys(found as Document)).toEqual(["_id", "z", "a", "constructor", "hasOwnProperty", "__proto__"])
      expect(Object.getPrototypeOf(found)).toBe(Object.prototype)
    })

    test("without a sort goes in order of insertion, whatever the ids", async () => {
      const namespace = await fresh([{ _id: 3 }, { _id: 1 }, { _id: 2 }])
      expect((await store().find(namespace, {}).toArray()).map(({ _id }) => _id)).toEqual([3, 1, 2])
    })

    test("filters, sorts, skips, limits and projects in this order", async () => {
      const namespace = await fresh(Array.from({ length: 20 }, (_, at) => ({ _id: at, even: at % 2 === 0, size: 20 - at })))
      const found = await store().find(namespace, { even: true }, { sort: { size: 1 }, skip: 2, limit: 3, projection: { size: 1, _id: 0 } }).toArray()
      expect(found).toEqual([{ size: 6 }, { size: 8 }, { size: 10 }])
    })

    test("sorts values of different types in the order of BSON, and by several keys", async () => {
      const values = [new MaxKey(), "b", 2, null, new ObjectId("5f1a5f1a5f1a5f1a5f1a5f1a"), true, new Date(0), 1.5, "a", new MinKey()]
      const namespace = await fresh(values.map((value, _id) => ({ _id, value, half: _id % 2 })))
      expect((await store().find(namespace, {}, { sort: { value: 1 } }).toArray()).map(({ _id }) => _id)).toEqual([9, 3, 7, 2, 8, 1, 4, 5, 6, 0])
      expect((await store().find(namespace, {}, { sort: { half: -1, _id: -1 } }).toArray()).map(({ _id }) => _id)).toEqual([9, 7, 5, 3, 1, 8, 6, 4, 2, 0])
    })

    test("of a collection that is not there finds nothing and makes nothing", async () => {
      const namespace = await fresh()
      expect(await store().find(namespace, { a: 1 }).toArray()).toEqual([])
      expect(await store().count(namespace, {})).toBe(0)
      expect(await store().distinct(namespace, "a", {})).toEqual([])
      expect(await store().indexes(namespace)).toEqual([])
      expect(await store().listCollections(namespace.database)).not.toContain(namespace.collection)
    })

    test("is lazy: leaving a loop early, and closing, are allowed at any time", async () => {
      const namespace = await fresh(Array.from({ length: 3000 }, (_, _id) => ({ _id, text: "x".repeat(100) })))
      const seen: unknown[] = []
      for await (const { _id } of store().find(namespace, {})) {
        seen.push(_id)
        if (seen.length === 5) break
      }
      expect(seen).toEqual([0, 1, 2, 3, 4])
      await store().find(namespace, {}).close()
      let count = 0
      for await (const _document of store().find(namespace, { _id: { $gte: 10 } })) count += 1
      expect(count).toBe(2990)
    })

    test("counts, with a limit and a skip", async () => {
      const namespace = await fresh(Array.from({ length: 10 }, (_, _id) => ({ _id, odd: _id % 2 === 1 })))
      expect(await store().count(namespace, {})).toBe(10)
      expect(await store().count(namespace, { odd: true })).toBe(5)
      expect(await store().count(namespace, { odd: true }, { limit: 3 })).toBe(3)
      expect(await store().count(namespace, { odd: true }, { skip: 4 })).toBe(1)
      expect(await store().count(namespace, {}, { skip: 4, limit: 3 })).toBe(3)
    })

    test("gives distinct values, lists opened", async () => {
      const namespace = await fresh([{ _id: 1, a: { b: [1, 2] } }, { _id: 2, a: { b: 2 } }, { _id: 3, a: { b: "x" } }, { _id: 4 }])
      expect(new Set(await store().distinct(namespace, "a.b", {}))).toEqual(new Set([1, 2, "x"]))
      expect(await store().distinct(namespace, "a.b", { _id: 3 })).toEqual(["x"])
    })

    test("runs a pipeline on a collection and on given documents", async () => {
      const namespace = await fresh([{ _id: 1, n: 3 }, { _id: 2, n: 1 }, { _id: 3, n: 2 }])
      const pipeline = [{ $match: { n: { $gt: 1 } } }, { $sort: { n: 1 } }, { $project: { n: 1 } }]
      expect(await store().aggregate(namespace, pipeline).toArray()).toEqual([{ _id: 3, n: 2 }, { _id: 1, n: 3 }])
      const given = async function* (): AsyncGenerator<Document> {
        yield { n: 5 }
        yield { n: 0 }
        yield { n: 4 }
      }
      expect(await store().aggregateOver(given(), pipeline).toArray()).toEqual([{ n: 4 }, { n: 5 }])
      expect(await store().aggregate(namespace, [{ $match: { n: { $gt: 1 } } }, { $count: "all" }]).toArray()).toEqual([{ all: 2 }])
    })

    test("says whether a document matches, and projects one", async () => {
      expect(await store().matches({ _id: 1, a: [1, 2] }, { a: 2 })).toBe(true)
      expect(await store().matches({ _id: 1, a: [1, 2] }, { a: 3 })).toBe(false)
      expect(store().project({ _id: 1, a: { b: 1, c: 2 }, d: 3 }, { "a.b": 1 })).toEqual({ _id: 1, a: { b: 1 } })
    })

    test("refuses a malformed query as a bad request that holds no value", async () => {
      const namespace = await fresh([{ _id: 1 }])
      const error = await expectStoreError(store().find(namespace, { a: { $in: "secret-value" } }).toArray(), "bad-request")
      expect(error.message).not.toContain("secret-value")
      await expectStoreError(store().count(namespace, { $unknown: [] }), "bad-request")
    })

    test("keeps the server's own databases from operations of apps", async () => {
      const own = { database: "__backstitch", collection: "contract" }
      await expectStoreError(store().find(own, {}).toArray(), "bad-request", 13)
      await expectStoreError(store().insert(own, [{ _id: 1 }]), "bad-request", 13)
      await store().internal.insert(own, [{ _id: new ObjectId() }])
      expect(await store().internal.count(own, {})).toBeGreaterThan(0)
      expect(await store().listDatabases()).not.toContain("__backstitch")
      await store().internal.delete(own, {}, { many: true })
    })

    test("lists databases and collections", async () => {
      const namespace = await fresh([{ _id: 1 }])
      expect(await store().listDatabases()).toContain(namespace.database)
      expect(await store().listCollections(namespace.database)).toContain(namespace.collection)
    })

    test("knows a collation, or refuses it", async () => {
      const namespace = await fresh([{ _id: "A" }])
      const found = store().find(namespace, { _id: "a" }, { collation: { locale: "en", strength: 2 } }).toArray()
      if (store().abilities.collation) expect(await found).toEqual([{ _id: "A" }])
      else await expectStoreError(found, "unsupported")
    })
  })
}
