import { describe, expect, test } from "vitest"
import { bsonTypeOf, type Document } from "../../kernel/index.ts"
import type { Namespace } from "../../server/data/index.ts"
import { expectStoreError } from "./expect-error.ts"
import type { Bench } from "./store-contract.ts"

const malformed: readonly Document[] = [
  { $bogus: { a: 1 } }, { $set: 5 }, { $set: { a: 1 }, $unset: { a: "" } }, { $set: { "a.b": 1, a: 2 } }, { $inc: { a: "text" } }, { $push: { a: { $each: 5 } } }, { $rename: { a: "a" } }, { $set: { a: 1 }, b: 2 },
]

export function swapContract({ store, fresh, unless }: Bench): void {
  const one = async (namespace: Namespace, _id: number): Promise<Document | undefined> => (await store().find(namespace, { _id }).toArray())[0]

  describe("previewing and swapping", () => {
    test("a preview is what the update would make, and writes nothing", async () => {
      const before = { _id: 1, n: 1, list: [1, 2, 3] }
      const namespace = await fresh([before])
      const after = await store().preview(namespace, before, { list: 2 }, { kind: "update", update: { $inc: { n: 1 }, $set: { "list.$": 20 } } })
      expect(after).toEqual({ _id: 1, n: 2, list: [1, 20, 3] })
      expect(await one(namespace, 1)).toEqual(before)
      expect(await store().count(namespace, {})).toBe(1)
    })

    test("a preview with array filters, of a replacement, and of an upsert", async () => {
      const before = { _id: 1, list: [1, 5] }
      const namespace = await fresh([before])
      expect(await store().preview(namespace, before, {}, { kind: "update", update: { $set: { "list.$[x]": 0 } }, arrayFilters: [{ x: { $gt: 2 } }] })).toEqual({ _id: 1, list: [1, 0] })
      expect(await store().preview(namespace, before, {}, { kind: "replace", replacement: { b: 1 } })).toEqual({ _id: 1, b: 1 })
      expect(await store().preview(namespace, null, { _id: 5, kind: "k" }, { kind: "update", update: { $set: { a: 1 } } })).toEqual({ _id: 5, kind: "k", a: 1 })
      const made = await store().preview(namespace, null, { kind: "k" }, { kind: "replace", replacement: { a: 1 } })
      expect(bsonTypeOf(made["_id"])).toBe("ObjectId")
      expect(await store().count(namespace, {})).toBe(1)
    })

    unless("pipeline-updates")("a preview of an update pipeline", async () => {
      const before = { _id: 1, a: 1 }
      const namespace = await fresh([before])
      expect(await store().preview(namespace, before, {}, { kind: "update", update: [{ $set: { b: "$a" } }] })).toEqual({ _id: 1, a: 1, b: 1 })
    })

    test("previews at the same time, also of one document, do not meet", async () => {
      const before = { _id: 1, n: 0 }
      const namespace = await fresh([before])
      const results = await Promise.all(Array.from({ length: 12 }, (_, at) => store().preview(namespace, before, {}, { kind: "update", update: { $set: { n: at } } })))
      expect(results.map(({ n }) => n)).toEqual(Array.from({ length: 12 }, (_, at) => at))
    })

    test("a preview of a wrong update is refused", async () => {
      const before = { _id: 1, a: "text" }
      const namespace = await fresh([before])
      await expectStoreError(store().preview(namespace, before, {}, { kind: "update", update: { $inc: { a: 1 } } }), "bad-request")
    })

    unless("malformed-without-documents")("a malformed change is refused where there is nothing to change", async () => {
      const namespace = await fresh([])
      for (const update of malformed) await expectStoreError(store().checkChange(namespace, {}, { kind: "update", update }), "bad-request")
      await expectStoreError(store().checkChange(namespace, {}, { kind: "replace", replacement: { a: 1, $set: { b: 1 } } }), "bad-request")
    })

    test("a change that is well formed is not refused where there is nothing to change, and nothing is written", async () => {
      const namespace = await fresh([])
      await store().checkChange(namespace, { list: 1 }, { kind: "update", update: { $set: { "list.$": 2 }, $inc: { n: 1 } } })
      await store().checkChange(namespace, {}, { kind: "update", update: { $set: { "list.$[x]": 0 } }, arrayFilters: [{ x: { $gt: 2 } }] })
      await store().checkChange(namespace, {}, { kind: "replace", replacement: { a: 1 } })
      expect(await store().count(namespace, {})).toBe(0)
    })

    test("a swap inserts, replaces and deletes", async () => {
      const namespace = await fresh([{ _id: 1, a: 1 }, { _id: 2, a: 2 }])
      const outcome = await store().swap(namespace, [{ before: null, after: { _id: 3, a: 3 } }, { before: { _id: 1, a: 1 }, after: { _id: 1, a: 10 } }, { before: { _id: 2, a: 2 }, after: null }])
      expect(outcome).toEqual({ outcome: "done" })
      expect(await store().find(namespace, {}, { sort: { _id: 1 } }).toArray()).toEqual([{ _id: 1, a: 10 }, { _id: 3, a: 3 }])
    })

    test("a swap is refused when the document is another, in a value, a field, or their order, or gone", async () => {
      const namespace = await fresh([{ _id: 1, a: { x: 1, y: [1, 2] } }])
      const after = { _id: 1, done: true }
      for (const before of [{ _id: 1, a: { x: 2, y: [1, 2] } }, { _id: 1, a: { x: 1, y: [1, 2] }, b: 1 }, { _id: 1 }, { _id: 1, a: { y: [1, 2], x: 1 } }, { _id: 9, a: 1 }]) {
        expect(await store().swap(namespace, [{ before, after: { ...after, _id: before._id } }])).toEqual({ outcome: "conflict", at: 0 })
        expect(await store().swap(namespace, [{ before, after: null }])).toEqual({ outcome: "conflict", at: 0 })
      }
      expect(await one(namespace, 1)).toEqual({ _id: 1, a: { x: 1, y: [1, 2] } })
    })

    unless("equality-of-lists")("a swap is refused when an element of a list is another", async () => {
      const namespace = await fresh([{ _id: 1, a: { y: [1, 2] } }])
      expect(await store().swap(namespace, [{ before: { _id: 1, a: { y: [1, 3] } }, after: null }])).toEqual({ outcome: "conflict", at: 0 })
    })

    test("a swap takes operators in documents as data", async () => {
      const before: Document = { _id: 1, a: { $gt: 1 }, b: "$a" }
      const namespace = await fresh([{ _id: 1, b: "$a" }])
      expect(await store().swap(namespace, [{ before: { _id: 1, b: "$a" }, after: { _id: 1, b: "$$ROOT" } }])).toEqual({ outcome: "done" })
      expect(await store().swap(namespace, [{ before, after: null }])).toEqual({ outcome: "conflict", at: 0 })
    })

    test("several swaps are all or nothing where the store has transactions", async () => {
      const namespace = await fresh([{ _id: 1, a: 1 }, { _id: 2, a: 2 }])
      const outcome = await store().swap(namespace, [{ before: { _id: 1, a: 1 }, after: { _id: 1, a: 10 } }, { before: { _id: 2, a: 99 }, after: null }])
      expect(outcome).toEqual({ outcome: "conflict", at: 1 })
      expect(await one(namespace, 1)).toEqual(store().abilities.transactions ? { _id: 1, a: 1 } : { _id: 1, a: 10 })
      expect(await one(namespace, 2)).toEqual({ _id: 2, a: 2 })
    })

    test("an inserting swap of an `_id` that is there is a duplicate key", async () => {
      const namespace = await fresh([{ _id: 1 }])
      await expectStoreError(store().swap(namespace, [{ before: null, after: { _id: 1, a: 1 } }]), "duplicate-key", 11000)
    })

    test("of many who compare and swap one document nobody's step is lost", async () => {
      const namespace = await fresh([{ _id: 1, n: 0 }])
      await Promise.all(Array.from({ length: 8 }, async () => {
        for (let step = 0; step < 25; step++) {
          for (;;) {
            const before = await one(namespace, 1) as Document
            const { outcome } = await store().swap(namespace, [{ before, after: { ...before, n: (before["n"] as number) + 1 } }])
            if (outcome === "done") break
          }
        }
      }))
      expect(await one(namespace, 1)).toEqual({ _id: 1, n: 200 })
    })
  })
}
