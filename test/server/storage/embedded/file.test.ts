import { spawn } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, describe, expect, test } from "vitest"
import { StoreError, type Store } from "../../../../server/data/index.ts"
import { openEmbeddedStore } from "../../../../server/storage/index.ts"

const folder = mkdtempSync(join(tmpdir(), "backstitch-file-"))
const namespace = { database: "d", collection: "c" }
const namespaceOfChild = { database: "full", collection: "documents" }
let files = 0
const fresh = (): string => join(folder, `f${files++}.sqlite`)
const isRoot = process.getuid?.() === 0

function refusal(file: string): StoreError {
  try {
    void openEmbeddedStore({ file }).close()
  } catch (error) {
    expect(error).toBeInstanceOf(StoreError)
    return error as StoreError
  }
  throw new Error("it was opened")
}

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("a storage file", () => {
  test("is opened again with all that was written, in order of insertion, and numbers are never used again", async () => {
    const file = fresh()
    const first = openEmbeddedStore({ file })
    await first.insert(namespace, [{ _id: 3, a: 3 }, { _id: 1, a: 1 }, { _id: 2, a: 2 }])
    await first.ensureIndex(namespace, { keys: { a: 1 }, unique: true })
    await first.delete(namespace, { _id: 2 }, { many: false })
    await first.close()
    const second = openEmbeddedStore({ file })
    await second.insert(namespace, [{ _id: 0, a: 0 }])
    expect((await second.find(namespace, {}).toArray()).map(({ _id }) => _id)).toEqual([3, 1, 0])
    expect((await second.indexes(namespace)).map(({ name }) => name)).toEqual(["_id_", "a_1"])
    await second.close()
    const database = new DatabaseSync(file)
    expect(database.prepare("SELECT n FROM c1 ORDER BY n").all().map(({ n }) => n)).toEqual([1, 2, 4])
    database.close()
  })

  test("is refused and left as it is when it is not ours", () => {
    const [text, empty, foreign] = [fresh(), fresh(), fresh()]
    writeFileSync(text, "a text of somebody else, long enough to be looked at as if it were a header of one hundred bytes".repeat(2))
    const other = new DatabaseSync(foreign)
    other.exec("CREATE TABLE notes (t TEXT); INSERT INTO notes VALUES ('x')")
    other.close()
    for (const file of [text, foreign]) {
      const before = readFileSync(file)
      const modified = statSync(file).mtimeMs
      const error = refusal(file)
      expect(error.code).toBe("foreign-file")
      expect(error.message).toContain(file)
      expect(readFileSync(file).equals(before)).toBe(true)
      expect(statSync(file).mtimeMs).toBe(modified)
      expect(readdirSync(folder).filter((name) => join(folder, name).startsWith(file))).toHaveLength(1)
    }
    expect(refusal(folder).code).toBe("foreign-file")
    writeFileSync(empty, "")
    expect(existsSync(empty)).toBe(true)
  })

  test("made by a newer version is refused", async () => {
    const file = fresh()
    await openEmbeddedStore({ file }).close()
    const database = new DatabaseSync(file)
    database.exec("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    expect(refusal(file).code).toBe("foreign-file")
  })

  test("is refused while it is open, here, under another name, or in another process, and free when that one is killed", async () => {
    const [file, link] = [fresh(), fresh()]
    const store = openEmbeddedStore({ file })
    symlinkSync(file, link)
    for (const path of [file, link]) expect(refusal(path).code).toBe("locked")
    await store.insert(namespace, [{ _id: 1 }])
    await store.close()

    const script = `
      import { openEmbeddedStore } from ${JSON.stringify(join(import.meta.dirname, "../../../../server/storage/index.ts"))}
      const store = openEmbeddedStore({ file: ${JSON.stringify(file)} })
      process.stdout.write("open\\n")
      setInterval(() => store, 1000)`
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] })
    await new Promise((resolve) => holder.stdout.once("data", resolve))
    const error = refusal(file)
    expect(error.code).toBe("locked")
    expect(error.fault).toBe("server")
    const ended = new Promise((resolve) => holder.once("exit", resolve))
    holder.kill("SIGKILL")
    await ended
    const again = openEmbeddedStore({ file })
    expect(await again.count(namespace, {})).toBe(1)
    await again.close()
  })

  test.skipIf(isRoot)("that may not be written, or whose folder may not, is refused", async () => {
    const file = fresh()
    await openEmbeddedStore({ file }).close()
    chmodSync(file, 0o444)
    expect(refusal(file).code).toBe("unavailable")
  })

  test("in a folder that is not there is refused by name", () => {
    const error = refusal(join(folder, "missing", "store.sqlite"))
    expect(error.code).toBe("unavailable")
    expect(error.message).toContain("folder")
  })

  test("that is full refuses writes, keeps what it has, and takes writes again when there is room", async () => {
    const file = fresh()
    const store = openEmbeddedStore({ file, maxBytes: 200 * 1024 })
    let stored = 0
    const fill = async (): Promise<never> => {
      for (;;) {
        await store.insert(namespace, [{ _id: stored, text: "x".repeat(5000) }])
        stored += 1
      }
    }
    const error = await fill().catch((reason: unknown) => reason) as StoreError
    expect(error.code).toBe("unavailable")
    expect(error.message).toContain("full")
    expect(stored).toBeGreaterThan(10)
    expect(await store.count(namespace, {})).toBe(stored)
    await store.delete(namespace, { _id: { $lt: 5 } }, { many: true })
    await store.insert(namespace, [{ _id: "fits again" }])
    await store.close()
    const again = openEmbeddedStore({ file })
    expect(await again.count(namespace, {})).toBe(stored - 4)
    await again.close()
  })

  test.skipIf(process.platform === "win32")("that the system lets grow no further refuses writes, and has all that was acknowledged", async () => {
    const file = fresh()
    // In blocks of 512 or 1,024 bytes: 1 or 2 MB a file, for the log as well.
    const limited = spawn("sh", ["-c", 'ulimit -f 2000 && exec "$@"', "sh", process.execPath, join(import.meta.dirname, "full-child.ts"), file], { stdio: ["ignore", "pipe", "inherit"] })
    const text = (await limited.stdout.toArray()).join("")
    const { acknowledged, refused, readable } = JSON.parse(text) as { acknowledged: number[]; refused: string[]; readable: number }
    expect(refused).toEqual(["unavailable"])
    expect(acknowledged.length).toBeGreaterThan(50)
    expect(readable).toBeGreaterThanOrEqual(acknowledged.length)
    const store = openEmbeddedStore({ file })
    const found = new Set((await store.find(namespaceOfChild, {}).toArray()).map(({ _id, text: stored }) => ((stored as string).length === 3000 ? _id : "torn")))
    expect(acknowledged.filter((_id) => !found.has(_id))).toEqual([])
    expect(found.has("torn")).toBe(false)
    await store.insert(namespaceOfChild, [{ _id: "room again" }])
    await store.close()
  })

  test("is not used any more after it was closed; what was accepted before is written", async () => {
    const file = fresh()
    const store = openEmbeddedStore({ file })
    const accepted = Array.from({ length: 20 }, (_, _id) => store.insert(namespace, [{ _id }]))
    await store.close()
    await Promise.all(accepted)
    for (const attempt of [store.insert(namespace, [{ _id: 99 }]), store.find(namespace, {}).toArray(), store.transaction(async () => 1)]) {
      expect(await attempt.catch((error: unknown) => (error as StoreError).code)).toBe("closed")
    }
    const again = openEmbeddedStore({ file })
    expect(await again.count(namespace, {})).toBe(20)
    await again.close()
  })

  test("undoes a transaction that takes too long or does nothing, and lets the next writer go on", async () => {
    const store = openEmbeddedStore({ file: ":memory:", idleSeconds: 0.2, transactionSeconds: 1 })
    let view: Store | undefined
    const idle = store.transaction(async (inside) => {
      view = inside
      await inside.insert(namespace, [{ _id: 1 }])
      await new Promise(() => undefined)
    })
    const next = store.insert(namespace, [{ _id: 2 }])
    expect(await idle.catch((error: unknown) => (error as StoreError).serverCode)).toBe(290)
    await next
    expect(await (view as Store).insert(namespace, [{ _id: 3 }]).catch((error: unknown) => (error as StoreError).code)).toBe("closed")
    const long = store.transaction(async (inside) => {
      for (let step = 0; step < 100; step++) {
        await inside.insert(namespace, [{ _id: 100 + step }])
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })
    expect(await long.catch((error: unknown) => (error as StoreError).serverCode)).toBe(290)
    expect(await store.find(namespace, {}).toArray()).toEqual([{ _id: 2 }])
    await store.close()
  })

  test("keeps its log short while it is read and written", async () => {
    const file = fresh()
    const store = openEmbeddedStore({ file })
    for (let round = 0; round < 60; round++) {
      await store.insert(namespace, Array.from({ length: 100 }, () => ({ text: "x".repeat(2000) })))
      await store.find(namespace, {}, { limit: 1 }).toArray()
    }
    expect(statSync(file).size).toBeGreaterThan(10 * 1024 * 1024)
    expect(statSync(`${file}-wal`).size).toBeLessThan(8 * 1024 * 1024)
    await store.close()
  })

  test("of a long search lets others have their turn", async () => {
    const store = openEmbeddedStore({ file: ":memory:" })
    await store.insert(namespace, Array.from({ length: 30_000 }, (_, _id) => ({ _id, a: { b: [1, 2, 3] }, text: "some text" })))
    let longest = 0
    let last = performance.now()
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 1)
    const started = performance.now()
    expect(await store.count(namespace, { "a.b": 9 })).toBe(0)
    expect((await store.update(namespace, { "a.b": 3, text: { $regex: "text" } }, { $set: { done: true } }, { many: true })).modified).toBe(30_000)
    expect(await store.find(namespace, {}, { sort: { "a.b": 1, text: -1 } }).toArray()).toHaveLength(30_000)
    expect(await store.distinct(namespace, "_id", {})).toHaveLength(30_000)
    expect(await store.transaction((inside) => inside.delete(namespace, {}, { many: true }))).toBe(30_000)
    const whole = performance.now() - started
    clearInterval(timer)
    // A batch, and what else runs on this machine; far from the whole.
    expect(longest).toBeLessThan(Math.max(100, whole / 4))
    await store.close()
  })
})
