import { describe, expect, test } from "vitest"
import { compareValues, Decimal128, Double, Long, ObjectId, toEjson, type Document, type Value } from "../../kernel/index.ts"
import { expectStoreError } from "./expect-error.ts"
import type { Bench } from "./store-contract.ts"

const values: readonly Value[] = [
  0, 1, 2, new Double(2), 2.5, Long.fromNumber(2), Decimal128.fromString("2.5"), -1, "", "a", "ab", "b", null, true, false, new Date(0), new Date(5), new ObjectId("5f1a5f1a5f1a5f1a5f1a5f1a"),
  { x: 1 }, { x: 1, y: 2 }, [], [1, 2], [2, "b"], [[1, 2]], [null], [{ x: 1 }], Number.NaN,
]
const filters: readonly Document[] = [
  ...values.map((value) => ({ a: value })), { a: { $in: [1, "a", null] } }, { a: { $in: [[1, 2], true] } }, { a: { $gt: 1 } }, { a: { $gte: 2, $lt: 3 } }, { a: { $lte: "ab" } }, { a: { $gt: "a", $lt: "b" } },
  { a: { $gt: 1, $lt: 2 } }, { a: { $exists: false } }, { a: { $exists: true } }, { a: { $ne: 2 } }, { a: { $gte: new Date(0) } }, { a: { $lt: true } }, { a: 2, b: { $gte: 1 } }, { a: { $in: [2, "b"] }, b: 1 }, { a: { $gte: null } },
  { "a.x": 1 }, { $or: [{ a: 1 }, { a: "b" }] }, { a: { $elemMatch: { $gt: 1 } } }, { a: { $regex: "^a" } }, { b: 1 }, { b: { $gt: 0 }, a: 2 }, { a: { $size: 2 } }, { a: { $gt: { x: 1 } } }, { a: { $gte: Number.NaN } },
]

const sorts: readonly Document[] = [{ a: 1 }, { a: -1 }, { a: 1, b: -1 }, { a: -1, b: 1 }, { b: 1, a: 1 }, { b: -1 }]

export function indexContract({ store, fresh }: Bench): void {
  describe("indexes", () => {
    test("are described, made once, and refuse to be something else", async () => {
      const namespace = await fresh([{ _id: 1, a: 1 }])
      await store().ensureIndex(namespace, { keys: { a: 1, b: -1 } })
      await store().ensureIndex(namespace, { keys: { a: 1, b: -1 } })
      await store().ensureIndex(namespace, { keys: { c: 1 }, name: "mine", unique: true })
      expect(await store().indexes(namespace)).toEqual([
        { name: "_id_", keys: { _id: 1 }, unique: true, partial: false }, { name: "a_1_b_-1", keys: { a: 1, b: -1 }, unique: false, partial: false }, { name: "mine", keys: { c: 1 }, unique: true, partial: false },
      ])
    })

    for (const keys of [{ a: 1 }, { a: -1 }, { a: 1, b: -1 }, { b: 1, a: 1 }, { a: -1, b: 1 }, { "a.x": 1 }] as readonly Document[]) {
      for (const lists of [false, true]) {
        test(`find the same with and without an index on ${JSON.stringify(keys)}${lists ? ", with lists" : ""}`, async () => {
          const documents = values.filter((value) => lists || !Array.isArray(value)).flatMap((a, at) => [0, 1, 2].map((b): Document => ({ _id: at * 3 + b, a, b })))
          const plain = await fresh([...documents, { _id: -1, b: 1 }])
          const indexed = await fresh(documents.slice(0, 10))
          await store().ensureIndex(indexed, { keys })
          await store().insert(indexed, [...documents.slice(10), { _id: -1, b: 1 }])
          for (const filter of filters) {
            const [expected, found] = await Promise.all([plain, indexed].map((namespace) => store().find(namespace, filter, { sort: { _id: 1 } }).toArray()))
            expect(found?.map(({ _id }) => _id), JSON.stringify(toEjson(filter))).toEqual(expected?.map(({ _id }) => _id))
            if (lists) continue
            for (const sort of sorts) {
              const [inOrder = [], byIndex = []] = await Promise.all([plain, indexed].map((namespace) => store().find(namespace, filter, { sort, limit: 12 }).toArray()))
              expect(byIndex.length).toBe(inOrder.length)
              // A sort decides only up to equal keys.
              for (const [at, document] of byIndex.entries()) for (const field of Object.keys(sort)) expect(compareValues(document[field] ?? null, inOrder[at]?.[field] ?? null)).toBe(0)
            }
          }
        })
      }
    }

    test("are named by the way a find takes, where the store can say", async () => {
      const namespace = await fresh(Array.from({ length: 50 }, (_, _id) => ({ _id, a: _id, b: 1 })))
      await store().ensureIndex(namespace, { keys: { a: 1 }, name: "by_a" })
      const asked = [{ a: 5 }, { _id: 5 }, { b: 1 }].map((filter) => store().explain?.(namespace, filter))
      const plans = await Promise.all(asked)
      // A server that cannot explain itself says nothing, and fails nothing.
      if (plans.some((plan) => plan === undefined)) expect(plans).toEqual([undefined, undefined, undefined])
      else expect(plans.map((plan) => plan?.index)).toEqual(["by_a", "_id_", null])
      if (plans[0] !== undefined) expect((await store().explain?.(namespace, { a: { $gt: 5 } }, { sort: { b: 1 } }))?.sorted).toBe(false)
    })

    test("give the order of a sort, both ways, page by page", async () => {
      const namespace = await fresh(Array.from({ length: 1500 }, (_, _id) => ({ _id, group: _id % 7, size: (_id * 7919) % 1500 })))
      await store().ensureIndex(namespace, { keys: { group: 1, size: -1 } })
      const expected = Array.from({ length: 1500 }, (_, _id) => ({ _id, group: _id % 7, size: (_id * 7919) % 1500 })).filter(({ group }) => group === 3).toSorted((left, right) => right.size - left.size)
      expect(await store().find(namespace, { group: 3 }, { sort: { size: -1 } }).toArray()).toEqual(expected)
      expect(await store().find(namespace, { group: 3 }, { sort: { size: 1 }, skip: 50, limit: 20 }).toArray()).toEqual(expected.toReversed().slice(50, 70))
    })

    test("follow updates and deletes", async () => {
      const namespace = await fresh([{ _id: 1, a: 1 }, { _id: 2, a: 1 }])
      await store().ensureIndex(namespace, { keys: { a: 1 } })
      await store().update(namespace, { _id: 1 }, { $set: { a: 2 } }, { many: false })
      await store().delete(namespace, { _id: 2 }, { many: false })
      expect(await store().find(namespace, { a: 1 }).toArray()).toEqual([])
      expect(await store().find(namespace, { a: 2 }).toArray()).toEqual([{ _id: 1, a: 2 }])
    })

    test("that are unique refuse equal values, in inserts, updates, lists and when they are made", async () => {
      const namespace = await fresh([{ _id: 1, mail: "a", tags: [1, 2] }, { _id: 2, mail: "b", tags: [3] }])
      await store().ensureIndex(namespace, { keys: { mail: 1 }, unique: true })
      await store().ensureIndex(namespace, { keys: { tags: 1 }, unique: true })
      const error = await expectStoreError(store().insert(namespace, [{ _id: 3, mail: "a" }]), "duplicate-key", 11000)
      expect(error.message).not.toMatch(/"a"/)
      await expectStoreError(store().update(namespace, { _id: 2 }, { $set: { mail: "a" } }, { many: false }), "duplicate-key", 11000)
      await expectStoreError(store().insert(namespace, [{ _id: 4, mail: "d", tags: [9, 3] }]), "duplicate-key", 11000)
      await store().insert(namespace, [{ _id: 5, mail: "c", tags: [7, 7] }])
      await store().update(namespace, { _id: 2 }, { $set: { mail: "b", other: 1 } }, { many: false })
      expect(await store().count(namespace, {})).toBe(3)
      const doubled = await fresh([{ _id: 1, a: 1 }, { _id: 2, a: 1 }])
      await expectStoreError(store().ensureIndex(doubled, { keys: { a: 1 }, unique: true }), "duplicate-key", 11000)
      expect((await store().indexes(doubled)).map(({ name }) => name)).toEqual(["_id_"])
    })

    test("that are unique admit a value again once its document is gone or has another", async () => {
      const namespace = await fresh()
      await store().ensureIndex(namespace, { keys: { a: 1 }, unique: true })
      for (const _id of [1, 2]) {
        await store().insert(namespace, [{ _id, a: "x" }])
        await store().update(namespace, { _id }, { $set: { b: 1 } }, { many: false })
        expect(await store().delete(namespace, { a: "x" }, { many: true })).toBe(1)
      }
      await store().insert(namespace, [{ _id: 3, a: "x" }])
      await store().update(namespace, { _id: 3 }, { $set: { a: "y" } }, { many: false })
      await store().insert(namespace, [{ _id: 4, a: "x" }])
      expect((await store().find(namespace, { a: "x" }).toArray()).map(({ _id }) => _id)).toEqual([4])
    })

    test("that are unique and compound refuse equal combinations only", async () => {
      const namespace = await fresh([{ _id: 1, a: 1, b: 1 }])
      await store().ensureIndex(namespace, { keys: { a: 1, b: 1 }, unique: true })
      await store().insert(namespace, [{ _id: 2, a: 1, b: 2 }])
      await expectStoreError(store().insert(namespace, [{ _id: 3, a: 1, b: 2 }]), "duplicate-key", 11000)
    })
  })
}
