import { describe, expect, test } from "vitest"
import type { Document } from "../../kernel/index.ts"
import type { ChangeEvent, Namespace } from "../../server/data/index.ts"
import { expectStoreError } from "./expect-error.ts"
import type { Bench } from "./store-contract.ts"

export function watchContract({ store, fresh, unless }: Bench): void {
  /** The next changes of a collection, while something is done to it. */
  const during = async (namespace: Namespace, count: number, work: () => Promise<void>, resumeAfter?: Document): Promise<ChangeEvent[]> => {
    const abort = new AbortController()
    const events: ChangeEvent[] = []
    const changes = store().watch(namespace, { signal: abort.signal, ...(resumeAfter === undefined ? {} : { resumeAfter }) })
    const timer = setTimeout(() => abort.abort(), 5000)
    const reading = (async () => {
      for await (const event of changes) if (events.push(event) >= count) break
    })()
    await new Promise((resolve) => setTimeout(resolve, 100))
    await work()
    await reading
    clearTimeout(timer)
    return events
  }
  const supported = (): boolean => store().abilities.changeStreams

  describe("watching", () => {
    test("is refused where the store cannot", async () => {
      if (supported()) return
      const namespace = await fresh()
      await expectStoreError((async () => {
        for await (const _event of store().watch(namespace)) return
      })(), "unsupported")
    })

    test("reports inserts and deletes of this collection alone, in order", async () => {
      if (!supported()) return
      const [namespace, other] = [await fresh([{ _id: 1 }]), await fresh()]
      const events = await during(namespace, 3, async () => {
        await store().insert(namespace, [{ _id: 2, a: "x" }])
        await store().insert(other, [{ _id: 7 }])
        await store().delete(namespace, { _id: 1 }, { many: false })
        await store().insert(namespace, [{ _id: 3 }])
      })
      expect(events.map(({ operationType, documentKey }) => [operationType, documentKey])).toEqual([["insert", { _id: 2 }], ["delete", { _id: 1 }], ["insert", { _id: 3 }]])
      expect(events[0]?.fullDocument).toEqual({ _id: 2, a: "x" })
      expect(events[0]?.ns).toEqual({ db: namespace.database, coll: namespace.collection })
    })

    unless("change-event-details")("says what an update and a replacement did", async () => {
      if (!supported()) return
      const namespace = await fresh([{ _id: 1, a: 1, gone: true, in: { b: 1, c: [1] } }, { _id: 2, a: 1 }])
      const events = await during(namespace, 2, async () => {
        await store().update(namespace, { _id: 1 }, { $set: { a: 2, "in.b": 5 }, $unset: { gone: 1 } }, { many: false })
        await store().replace(namespace, { _id: 2 }, { z: 1 })
      })
      expect(events.map(({ operationType }) => operationType)).toEqual(["update", "replace"])
      expect(events[0]?.documentKey).toEqual({ _id: 1 })
      expect(events[0]?.updateDescription).toMatchObject({ updatedFields: { a: 2, "in.b": 5 }, removedFields: ["gone"] })
      expect(events[1]?.fullDocument).toEqual({ _id: 2, z: 1 })
    })

    unless("change-event-details")("reports what `$merge` merges as an update, what it replaces as a replacement", async () => {
      if (!supported()) return
      const merged = { _id: 1, kept: 1, set: { a: "$not.a.path" } }
      for (const [whenMatched, expected] of [["merge", "update"], [[{ $set: { set: "$$new.set" } }], "update"], ["replace", "replace"]] as const) {
        const [from, namespace] = [await fresh([{ _id: 1, set: { a: "$not.a.path" } }]), await fresh([{ _id: 1, kept: 1 }])]
        const [event] = await during(namespace, 1, async () => {
          await store().aggregate(from, [{ $merge: { into: namespace.collection, whenMatched } }] as unknown as Document[]).toArray()
        })
        const { kept: _kept, ...replaced } = merged
        expect([event?.operationType, await store().find(namespace, {}).toArray()]).toEqual([expected, [expected === "replace" ? replaced : merged]])
        if (expected === "update") expect(event?.updateDescription).toMatchObject({ updatedFields: { set: { a: "$not.a.path" } }, removedFields: [] })
      }
    })

    test("goes on after the event a token names", async () => {
      if (!supported()) return
      const namespace = await fresh()
      const [first] = await during(namespace, 1, async () => void await store().insert(namespace, [{ _id: 1 }]))
      await store().insert(namespace, [{ _id: 2 }])
      const events = await during(namespace, 2, async () => void await store().insert(namespace, [{ _id: 3 }]), first?._id)
      expect(events.map(({ documentKey }) => documentKey)).toEqual([{ _id: 2 }, { _id: 3 }])
    })

    unless("change-event-details")("of a whole database reports each collection of it by name, also those that come later, and of all databases not the server's own", async () => {
      if (!supported()) return
      const namespace = await fresh()
      const later = { database: namespace.database, collection: `${namespace.collection}_later` }
      const elsewhere = { database: `${namespace.database}2`, collection: "c" }
      const inserted = async (scope: "database" | "deployment", wanted: number): Promise<string[]> => {
        const abort = new AbortController()
        const found: ChangeEvent[] = []
        const { promise: stands, resolve } = Promise.withResolvers<void>()
        const reading = (async () => {
          for await (const event of store().watch({ database: scope === "database" ? namespace.database : "", collection: "" }, { scope, signal: abort.signal, onPosition: () => resolve() })) {
            if (event.ns.db.startsWith(namespace.database) && found.push(event) >= wanted) return
          }
        })()
        await stands
        for (const each of [namespace, later, elsewhere]) await store().insert(each, [{ from: scope }])
        const timer = setTimeout(() => abort.abort(), 5000)
        await reading
        clearTimeout(timer)
        return found.map(({ ns }) => `${ns.db}.${ns.coll}`)
      }
      const names = [namespace, later, elsewhere].map(({ database, collection }) => `${database}.${collection}`)
      expect(await inserted("database", 2)).toEqual(names.slice(0, 2))
      expect(await inserted("deployment", 3)).toEqual(names)
    })

    test("ends when its signal does", async () => {
      if (!supported()) return
      const namespace = await fresh([{ _id: 1 }])
      const abort = new AbortController()
      setTimeout(() => abort.abort(), 200)
      for await (const _event of store().watch(namespace, { signal: abort.signal })) expect.unreachable()
    })
  })
}
