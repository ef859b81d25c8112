import { describe, expect, test } from "vitest"
import type { Store } from "../../server/data/index.ts"
import { expectStoreError } from "./expect-error.ts"
import type { Bench } from "./store-contract.ts"

export function transactionContract({ store, fresh }: Bench): void {
  describe("a transaction", () => {
    test("is seen by nobody else before it is done, and by all afterwards; or it is refused", async () => {
      const namespace = await fresh([{ _id: 1, a: 1 }])
      const work = async (inside: Store): Promise<string> => {
        await inside.update(namespace, { _id: 1 }, { $set: { a: 2 } }, { many: false })
        await inside.insert(namespace, [{ _id: 2 }])
        expect(await inside.count(namespace, {})).toBe(2)
        expect(await inside.find(namespace, { a: 2 }).toArray()).toEqual([{ _id: 1, a: 2 }])
        expect(await store().find(namespace, {}).toArray()).toEqual([{ _id: 1, a: 1 }])
        return "result"
      }
      if (!store().abilities.transactions) {
        await expectStoreError(store().transaction(work), "unsupported")
        return
      }
      expect(await store().transaction(work)).toBe("result")
      expect(await store().find(namespace, {}).toArray()).toEqual([{ _id: 1, a: 2 }, { _id: 2 }])
    })

    test("that rejects is undone, also the collections and indexes it touched", async () => {
      if (!store().abilities.transactions) return
      const namespace = await fresh([{ _id: 1, tags: 1 }])
      await store().ensureIndex(namespace, { keys: { tags: 1 } })
      const unheard = await fresh()
      const failure = new Error("mine")
      const work = store().transaction(async (inside) => {
        await inside.delete(namespace, {}, { many: true })
        await inside.insert(namespace, [{ _id: 2, tags: [1, 2] }])
        await inside.insert(unheard, [{ _id: 1 }])
        throw failure
      })
      await expect(work).rejects.toBe(failure)
      expect(await store().find(namespace, { tags: 1 }, { sort: { tags: 1 } }).toArray()).toEqual([{ _id: 1, tags: 1 }])
      expect(await store().count(unheard, {})).toBe(0)
    })

    test("goes on after a refused step, without it", async () => {
      if (!store().abilities.transactions) return
      const namespace = await fresh([{ _id: 1 }])
      const goesOn = store().transaction(async (inside) => {
        await inside.insert(namespace, [{ _id: 2 }])
        await expectStoreError(inside.insert(namespace, [{ _id: 1 }]), "duplicate-key")
      })
      // MongoDB ends a transaction at the first refused write; the embedded store undoes that write alone.
      const ended = await goesOn.then(() => false, () => true)
      expect(await store().count(namespace, {})).toBe(ended ? 1 : 2)
    })

    test("does not let its view be used afterwards", async () => {
      if (!store().abilities.transactions) return
      const namespace = await fresh([{ _id: 1 }])
      const kept = await store().transaction(async (inside) => [inside])
      await expect((kept[0] as Store).insert(namespace, [{ _id: 2 }])).rejects.toThrow()
      expect(await store().count(namespace, {})).toBe(1)
    })

    test("of many at once gives each a whole view", async () => {
      if (!store().abilities.transactions) return
      const namespace = await fresh([{ _id: "a", n: 100 }, { _id: "b", n: 0 }])
      await Promise.all(Array.from({ length: 10 }, async () => {
        for (;;) {
          const done = await store().transaction(async (inside) => {
            await inside.update(namespace, { _id: "a" }, { $inc: { n: -1 } }, { many: false })
            await inside.update(namespace, { _id: "b" }, { $inc: { n: 1 } }, { many: false })
          }).then(() => true, () => false)
          if (done) return
        }
      }))
      expect(await store().find(namespace, {}).toArray()).toEqual([{ _id: "a", n: 90 }, { _id: "b", n: 10 }])
    })
  })
}
