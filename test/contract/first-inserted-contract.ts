import { describe, expect, test } from "vitest"
import { ObjectId, type Document } from "../../kernel/index.ts"
import type { Bench } from "./store-contract.ts"

export function firstInsertedContract({ store, fresh, unless }: Bench): void {
  describe("the first inserted document of a value", () => {
    const hex = "5f1a5f1a5f1a5f1a5f1a5f1a"

    for (const indexed of [false, true]) {
      const prepare = async (documents: readonly Document[]): Promise<{ database: string; collection: string }> => {
        const namespace = await fresh(documents)
        if (indexed) for (const keys of [{ owner: 1, at: 1 }, { owner: 1 }, { "in.owner": 1 }] as readonly Document[]) await store().ensureIndex(namespace, { keys })
        return namespace
      }
      const how = indexed ? "by an index" : "without an index"

      test(`is found ${how}, by type and value`, async () => {
        const namespace = await prepare([{ _id: 9, owner: new ObjectId(hex) }, { _id: 8, owner: hex, at: 2 }, { _id: 1, owner: hex, at: 1 }, { _id: 2, owner: 7 }])
        expect(await store().findFirstInserted(namespace, "owner", hex)).toEqual({ _id: 8, owner: hex, at: 2 })
        expect(await store().findFirstInserted(namespace, "owner", new ObjectId(hex))).toMatchObject({ _id: 9 })
        expect(await store().findFirstInserted(namespace, "owner", hex.toUpperCase())).toBeNull()
        expect(await store().findFirstInserted(namespace, "owner", ` ${hex}`)).toBeNull()
        expect(await store().findFirstInserted(namespace, "_id", 9)).toMatchObject({ _id: 9 })
        expect(await store().findFirstInserted(namespace, "nowhere", hex)).toBeNull()
      })

      test(`is found ${how} in embedded documents, never in or through lists`, async () => {
        const namespace = await prepare([{ _id: 1, owner: [hex] }, { _id: 2, in: [{ owner: hex }] }, { _id: 3, in: { owner: [hex] } }, { _id: 4, in: { owner: hex } }, { _id: 5, owner: hex }])
        expect(await store().findFirstInserted(namespace, "owner", hex)).toMatchObject({ _id: 5 })
        expect(await store().findFirstInserted(namespace, "in.owner", hex)).toMatchObject({ _id: 4 })
      })

      test(`stays the first ${how} through updates and replacements, and is the next one when deleted`, async () => {
        const namespace = await prepare([{ _id: 3, owner: hex }, { _id: 2, owner: hex }, { _id: 1, owner: hex }])
        await store().update(namespace, { _id: 3 }, { $set: { text: "x".repeat(5000) } }, { many: false })
        await store().replace(namespace, { _id: 3 }, { owner: hex, r: 1 })
        expect(await store().findFirstInserted(namespace, "owner", hex)).toEqual({ _id: 3, owner: hex, r: 1 })
        await store().delete(namespace, { _id: 3 }, { many: false })
        expect(await store().findFirstInserted(namespace, "owner", hex)).toMatchObject({ _id: 2 })
      })

      unless("natural-order-after-delete")(`that is inserted again ${how} is the last one`, async () => {
        const namespace = await prepare([{ _id: 1, owner: hex }, { _id: 2, owner: hex }])
        await store().delete(namespace, { _id: 1 }, { many: false })
        await store().insert(namespace, [{ _id: 1, owner: hex }])
        expect(await store().findFirstInserted(namespace, "owner", hex)).toMatchObject({ _id: 2 })
      })
    }
  })
}
