// Cursors over a page that can be had as a whole or one by one: whoever begins in one way ends in it, and nothing is read twice.
import { describe, expect, test } from "vitest"
import { atOnce, openLater } from "../../../server/data/cursor.ts"
import type { Cursor } from "../../../server/data/index.ts"
import type { Document } from "../../../kernel/index.ts"

const documents: Document[] = [{ _id: 1 }, { _id: 2 }, { _id: 3 }]

function page(): { readonly cursor: Cursor; readonly read: string[] } {
  const read: string[] = []
  const whole = async (): Promise<Document[]> => {
    read.push("whole")
    return documents
  }
  async function* stream(): AsyncGenerator<Document, void, undefined> {
    read.push("stream")
    yield* documents
  }
  return { cursor: atOnce(whole, stream), read }
}

async function idsOf(all: AsyncIterable<Document>): Promise<unknown[]> {
  const ids: unknown[] = []
  for await (const { _id } of all) ids.push(_id)
  return ids
}

describe("a page", () => {
  test("is read as a whole where the list is wanted, and is then at its end", async () => {
    const { cursor, read } = page()
    expect(await cursor.toArray()).toEqual(documents)
    expect(await cursor.toArray()).toEqual([])
    expect(await idsOf(cursor)).toEqual([])
    await cursor.close()
    expect(read).toEqual(["whole"])
  })

  test("is read one by one where it is walked, and gives the rest as a list", async () => {
    const { cursor, read } = page()
    const walk = cursor[Symbol.asyncIterator]()
    expect(await walk.next()).toEqual({ done: false, value: { _id: 1 } })
    expect(await cursor.toArray()).toEqual([{ _id: 2 }, { _id: 3 }])
    expect(read).toEqual(["stream"])
  })

  test("reads nothing once it is closed", async () => {
    const { cursor, read } = page()
    await cursor.close()
    expect([await cursor.toArray(), await idsOf(cursor)]).toEqual([[], []])
    expect(read).toEqual([])
  })

  test("that is closed while it is walked ends there", async () => {
    const { cursor } = page()
    const walk = cursor[Symbol.asyncIterator]()
    await walk.next()
    await cursor.close()
    expect(await walk.next()).toEqual({ done: true, value: undefined })
  })
})

test("a cursor that cannot be opened rejects wherever it is read, and closes in peace", async () => {
  const cursor = openLater(() => {
    throw new TypeError("no")
  })
  await expect(cursor.toArray()).rejects.toThrow(TypeError)
  await expect(idsOf(cursor)).rejects.toThrow(TypeError)
  await expect(cursor.close()).resolves.toBeUndefined()
})
