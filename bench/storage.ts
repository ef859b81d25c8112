// The embedded store against SQLite with the same statements written by hand, at 10,000 and 100,000 documents, with `--million` at
// 1,000,000 too: `npm run bench storage`. By hand means: prepared statements on a table of BSON blobs with a key column, and the same decoder.
// Then what a walk through all documents holds in memory, and how long it keeps others waiting. Last, the MongoDB store against the raw driver,
// on the server `MONGODB_URI` names or the stand-in of the tests.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { DatabaseSync } from "node:sqlite"
import { writeBson, type Document } from "../kernel/index.ts"
import { decodeDocument } from "../server/storage/decode.ts"
import { openEmbeddedStore, type EmbeddedStore } from "../server/storage/index.ts"
import { compare, groups, makeTask, namespace } from "./storage/compare.ts"
import { measureDriver } from "./storage/driver.ts"

interface Floor { readonly database: DatabaseSync; close(): void }

function openFloor(file: string): Floor {
  const database = new DatabaseSync(file)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768; PRAGMA mmap_size = 268435456;
    CREATE TABLE tasks (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, team TEXT, rank INTEGER, doc BLOB NOT NULL); CREATE INDEX tasks_team ON tasks (team, rank)`)
  return { database, close: () => database.close() }
}

async function fill(store: EmbeddedStore, floor: Floor, count: number): Promise<void> {
  await store.ensureIndex(namespace, { keys: { group: 1, rank: 1 } })
  const insert = floor.database.prepare("INSERT INTO tasks (id, team, rank, doc) VALUES (?, ?, ?, ?)")
  for (let from = 0; from < count; from += 1000) {
    const tasks = Array.from({ length: Math.min(1000, count - from) }, (_, at) => makeTask(from + at))
    await store.insert(namespace, tasks)
    floor.database.exec("BEGIN")
    for (const task of tasks) insert.run(task["_id"] as string, task["group"] as string, task["rank"] as number, writeBson(task))
    floor.database.exec("COMMIT")
  }
}

async function measure(count: number): Promise<void> {
  const folder = mkdtempSync(join(process.env["BENCH_FOLDER"] ?? tmpdir(), "backstitch-bench-"))
  const store = openEmbeddedStore({ file: join(folder, "store.sqlite") })
  const floor = openFloor(join(folder, "floor.sqlite"))
  try {
    await fill(store, floor, count)
    console.log(`${count.toLocaleString("en")} documents`)
    const any = (at: number): number => (at * 104_729) % count
    const byId = floor.database.prepare("SELECT doc FROM tasks WHERE id = ?")
    await compare("by `_id`", 300, (at) => store.find(namespace, { _id: makeTask(any(at))["_id"] }, { limit: 1 }).toArray(), (at) => decodeDocument(byId.get(makeTask(any(at))["_id"] as string)?.["doc"] as Uint8Array))
    const first = floor.database.prepare("SELECT doc FROM tasks WHERE team = ? ORDER BY rank LIMIT 1")
    await compare("first by an index", 300, (at) => store.find(namespace, { group: `team-${at % groups}` }, { sort: { rank: 1 }, limit: 1 }).toArray(), (at) => decodeDocument(first.get(`team-${at % groups}`)?.["doc"] as Uint8Array))
    const page = floor.database.prepare("SELECT doc FROM tasks WHERE team = ? ORDER BY rank LIMIT 20")
    await compare("page of 20 by an index, in its order", 100, (at) => store.find(namespace, { group: `team-${at % groups}` }, { sort: { rank: 1 }, limit: 20 }).toArray(), (at) => page.all(`team-${at % groups}`).map(({ doc }) => decodeDocument(doc as Uint8Array)))
    const all = floor.database.prepare("SELECT doc FROM tasks WHERE team = ?")
    await compare("page of 20 by an index, filtered further", 100,
      (at) => store.find(namespace, { group: `team-${at % groups}`, done: true, "detail.size": { $lt: 8 } }, { limit: 20 }).toArray(),
      (at) => {
        const found: Document[] = []
        for (const { doc } of all.iterate(`team-${at % groups}`)) {
          const task = decodeDocument(doc as Uint8Array)
          if (task["done"] === true && ((task["detail"] as Document)["size"] as number) < 8 && found.push(task) === 20) break
        }
        return found
      })
    const scan = floor.database.prepare("SELECT doc FROM tasks")
    await compare("scan of all, one match", count > 10_000 ? 1 : 10,
      (at) => store.find(namespace, { title: `Task number ${any(at)}` }).toArray(),
      (at) => {
        const found: Document[] = []
        for (const { doc } of scan.iterate()) {
          const task = decodeDocument(doc as Uint8Array)
          if (task["title"] === `Task number ${any(at)}`) found.push(task)
        }
        return found
      })
    let inserted = count
    const insert = floor.database.prepare("INSERT INTO tasks (id, team, rank, doc) VALUES (?, ?, ?, ?)")
    const insertByHand = (): void => {
      const task = makeTask(inserted++)
      insert.run(`h${task["_id"] as string}`, task["group"] as string, task["rank"] as number, writeBson(task))
    }
    floor.database.exec("PRAGMA synchronous = FULL")
    await compare("insert, one after another, each on the disk", 100, () => store.insert(namespace, [makeTask(inserted++)]), insertByHand)
    await compare("insert, 16 at a time, each on the disk", 20, () => Promise.all(Array.from({ length: 16 }, () => store.insert(namespace, [makeTask(inserted++)]))), () => {
      for (let each = 0; each < 16; each++) insertByHand()
    })
    await compare("update by `_id`, one after another", 100, (at) => store.update(namespace, { _id: makeTask(any(at))["_id"] }, { $set: { done: at } }, { many: false }), (at) => {
      const id = makeTask(any(at))["_id"] as string
      const task = decodeDocument(byId.get(id)?.["doc"] as Uint8Array)
      floor.database.prepare("UPDATE tasks SET doc = ? WHERE id = ?").run(writeBson({ ...task, done: at }), id)
    })
    await walk("a scan, read one by one", async () => {
      let met = 0
      for await (const _ of store.find(namespace, {})) met += 1
      return met
    })
    await walk("the first 20 of a sort without an index", async () => (await store.find(namespace, {}, { sort: { title: 1 }, limit: 20 }).toArray()).length)
    await walk("groups of an aggregation", async () => (await store.aggregate(namespace, [{ $group: { _id: "$detail.size", n: { $sum: 1 } } }]).toArray()).length)
  } finally {
    await store.close()
    floor.close()
    rmSync(folder, { recursive: true })
  }
}

/** Prints how much more memory work took at its height, and the longest that it kept a timer waiting. */
async function walk(name: string, work: () => Promise<number>): Promise<void> {
  const before = process.memoryUsage().rss
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss)
  }, 10)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const started = performance.now()
  const result = await work()
  const taken = performance.now() - started
  delay.disable()
  clearInterval(timer)
  console.log(`  ${name.padEnd(44)} ${taken.toFixed(0).padStart(9)} ms  memory +${((most - before) / 1048576).toFixed(0)} MB  others waited at most ${(delay.max / 1e6).toFixed(0)} ms  (${result} documents)`)
}

/** At 10,000 and 100,000 documents, and with `--million` at a million too; the driver at 10,000. */
export async function run(): Promise<void> {
  await measure(10_000)
  await measure(100_000)
  if (process.argv.includes("--million")) await measure(1_000_000)
  await measureDriver(10_000)
}

if (import.meta.main) await run()
