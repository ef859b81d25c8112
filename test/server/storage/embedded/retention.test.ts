// How long the change feed is kept: a number of changes, and more for a stream that is still reading.
import { expect, test } from "vitest"
import { openEmbeddedStore } from "../../../../server/storage/index.ts"
import type { Document } from "../../../../kernel/index.ts"

const namespace = { database: "app", collection: "c" }
const many = 22_000

test("a stream that is far behind loses nothing, and what nobody waits for is dropped", async () => {
  const store = openEmbeddedStore({ file: ":memory:" })
  const stream = store.watch(namespace)[Symbol.asyncIterator]()
  const first = stream.next()
  await store.insert(namespace, [{ _id: 0 }])
  const token = (await first).value?._id as Document
  for (let at = 0; at < many; at += 1000) await store.insert(namespace, Array.from({ length: 1000 }, (_, each) => ({ _id: at + each + 1 })))
  let next = 0
  while (next < many) {
    const { value } = await stream.next()
    next += 1
    if (value?.documentKey["_id"] !== next) expect.unreachable(`${String(value?.documentKey["_id"])} came for ${next}`)
  }
  await stream.return?.(undefined)
  await store.insert(namespace, Array.from({ length: 1001 }, (_, each) => ({ _id: many + each + 1 })))
  await expect(store.watch(namespace, { resumeAfter: token })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ serverCode: 286 })
  await store.close()
})
