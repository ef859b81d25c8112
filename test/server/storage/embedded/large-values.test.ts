// Long lists, deep documents and very many changes in the embedded store.
import { afterAll, expect, test, vi } from "vitest"
import type { Document, Value } from "../../../../kernel/index.ts"
import { createCatalogTables } from "../../../../server/storage/embedded/catalog.ts"
import { transactionAccess } from "../../../../server/storage/embedded/access.ts"
import { ChangeLog, type RowChange } from "../../../../server/storage/embedded/change-log.ts"
import { Connection } from "../../../../server/storage/embedded/connection.ts"
import { volatileDurability } from "../../../../server/storage/embedded/durability.ts"
import { WriteContext } from "../../../../server/storage/embedded/write-context.ts"
import { Writer } from "../../../../server/storage/embedded/writer.ts"
import { openEmbeddedStore } from "../../../../server/storage/index.ts"

const store = openEmbeddedStore({ file: ":memory:" })
afterAll(() => store.close())
const place = (collection: string) => ({ database: "d", collection })
/** More than one call of a function takes as arguments. */
const veryMany = 200_000
const upTo = (length: number): number[] => Array.from({ length }, (_, at) => at)

test("an update of a long indexed list does not compare each entry with each other", async () => {
  const namespace = place("indexed")
  await store.ensureIndex(namespace, { keys: { l: 1 } })
  await store.insert(namespace, [{ _id: 1, l: upTo(2000) }])
  const compare = vi.spyOn(Buffer, "compare")
  await store.update(namespace, { _id: 1 }, { $push: { l: 2000 }, $unset: { nosuch: "" } }, { many: false })
  const compared = compare.mock.calls.length
  compare.mockRestore()
  expect(compared).toBeLessThan(2000)
  await store.update(namespace, { _id: 1 }, { $pull: { l: { $lt: 1000 } } }, { many: false })
  expect(await store.count(namespace, { l: 2000 })).toBe(1)
  expect(await store.count(namespace, { l: 999 })).toBe(0)
})

test("an empty list is a value of its own for a unique index", async () => {
  const namespace = place("unique")
  await store.ensureIndex(namespace, { keys: { k: 1 }, unique: true })
  await store.insert(namespace, [{ _id: 1, k: [] }, { _id: 2 }, { _id: 3, k: [[]] }])
  await expect(store.insert(namespace, [{ _id: 4, k: [] }])).rejects.toMatchObject({ code: "duplicate-key", serverCode: 11000 })
  await store.update(namespace, { _id: 1 }, { $push: { k: 1 } }, { many: false })
  await store.insert(namespace, [{ _id: 4, k: [] }])
  await expect(store.update(namespace, { _id: 1 }, { $pop: { k: 1 } }, { many: false })).rejects.toMatchObject({ code: "duplicate-key" })
  expect(await store.find(namespace, { k: [] }, { sort: { _id: 1 } }).toArray()).toEqual([{ _id: 3, k: [[]] }, { _id: 4, k: [] }])
  expect(await store.find(namespace, { k: null }).toArray()).toEqual([{ _id: 2 }])
  expect((await store.find(namespace, {}, { sort: { k: 1 } }).toArray()).map(({ _id }) => _id)).toEqual([4, 2, 1, 3])
})

const nested = (levels: number): Value => (levels === 0 ? 1 : levels % 2 === 0 ? { a: nested(levels - 1) } : [nested(levels - 1)])

test("a document has at most 180 levels, however it comes to them", async () => {
  const namespace = place("deep")
  const refusal = { code: "document-invalid", serverCode: 15 }
  await store.insert(namespace, [{ _id: 1, a: nested(179) }])
  await expect(store.insert(namespace, [{ _id: 2, a: nested(180) }])).rejects.toMatchObject(refusal)
  await expect(store.insert(namespace, [{ _id: 2, a: nested(1000) }])).rejects.toMatchObject(refusal)
  await expect(store.update(namespace, { _id: 1 }, [{ $set: { a: { a: "$a" } } }], { many: false })).rejects.toMatchObject(refusal)
  expect(await store.find(namespace, {}).toArray()).toEqual([{ _id: 1, a: nested(179) }])
})

test("`$graphLookup` starts from a list of any length", async () => {
  const namespace = place("graph")
  await store.insert(namespace, [{ _id: 1, l: upTo(veryMany) }])
  const graphLookup = { from: "graph", startWith: 1, connectFromField: "l", connectToField: "_id", as: "g", maxDepth: 1 }
  expect(await store.aggregate(namespace, [{ $graphLookup: graphLookup }, { $project: { n: { $size: "$g" } } }]).toArray()).toEqual([{ _id: 1, n: 1 }])
})

test("one write may have any number of changes that watchers are told of", async () => {
  const connection = new Connection(":memory:")
  createCatalogTables(connection)
  const changes = new ChangeLog(() => new Date(0))
  const writer = new Writer({ connection, durability: volatileDurability, changes })
  const change: RowChange = { collection: 1, kind: "insert", after: {} as Document, seq: 1, at: 0 }
  const fill = (context: WriteContext): void => {
    for (let at = 0; at < veryMany; at++) context.changes.push(change)
  }
  const heard: number[] = []
  changes.listen((all) => heard.push(all.length))
  await writer.submit(fill)
  await writer.exclusive((context) => transactionAccess(context, () => new WriteContext(connection, context.catalog, changes)).write(fill))
  expect(heard).toEqual([veryMany, veryMany])
  await writer.close()
  connection.close()
})
