// kill -9 at any moment: every acknowledged write is there, nothing is half there, the indexes agree with the documents, and
// no insertion number is given twice. 200 rounds in CI (about a minute on two quiet cores), 40 else; BACKSTITCH_CRASH_ROUNDS says how many.
import { spawn, type ChildProcess } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, expect, test } from "vitest"
import type { Document } from "../../../../kernel/index.ts"
import { decodeDocument } from "../../../../server/storage/decode.ts"
import { openEmbeddedStore } from "../../../../server/storage/index.ts"

const rounds = Number(process.env["BACKSTITCH_CRASH_ROUNDS"] ?? (process.env["CI"] === "true" ? "200" : "40"))
const folder = mkdtempSync(join(tmpdir(), "backstitch-crash-"))
const file = join(folder, "store.sqlite")
const namespace = { database: "crash", collection: "documents" }
const child = join(import.meta.dirname, "crash-child.ts")

interface Line { readonly begin?: string; readonly done?: string; readonly value: string | null; readonly twin?: string }

/** What the lines of killed processes allow to be there. */
class Expected {
  /** By document: the last acknowledged value, and what was begun after it. */
  readonly documents = new Map<string, { settled: string | null; begun: Set<string | null> }>()
  /** Transactions that were begun and not acknowledged: both documents have the value, or neither. */
  readonly undecided = new Map<string, readonly string[]>()
  acknowledged = 0

  follow(text: string): void {
    for (const { begin, done, value, twin } of text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Line)) {
      const ids = [begin ?? done as string, ...(twin === undefined ? [] : [twin])]
      for (const id of ids) {
        const known = this.documents.get(id) ?? { settled: null, begun: new Set() }
        if (begin !== undefined) known.begun.add(value)
        else [known.settled, known.begun] = [value, new Set()]
        this.documents.set(id, known)
      }
      if (done !== undefined) this.acknowledged += 1
      if (value === null || twin === undefined) continue
      if (begin === undefined) this.undecided.delete(value)
      else this.undecided.set(value, ids)
    }
  }
}

/** A process that has read its modules and waits to be told to begin. */
function prepare(round: number): ChildProcess {
  const environment = { ...process.env, NODE_COMPILE_CACHE: join(folder, "cache") }
  return spawn(process.execPath, [child, file, String(round % 7), String(round)], { stdio: ["pipe", "pipe", "inherit"], env: environment })
}

/** Lets it write, and kills it: soon after some number of acknowledged writes, or while it opens the file. */
async function runUntilKilled(writer: ChildProcess): Promise<string> {
  let wanted = Math.random() < 0.1 ? 0 : 1 + Math.floor(Math.random() * 40)
  const kill = (): void => void setTimeout(() => writer.kill("SIGKILL"), Math.random() * 20)
  let text = ""
  writer.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk
    if (text.split('"done"').length <= wanted) return
    wanted = Number.POSITIVE_INFINITY
    kill()
  })
  writer.stdin?.write("begin\n")
  if (wanted === 0) kill()
  const signal = await new Promise((resolve) => writer.once("close", (_code, name) => resolve(name)))
  expect(signal).toBe("SIGKILL")
  return text
}

async function check({ documents: expected, undecided }: Expected): Promise<void> {
  const store = openEmbeddedStore({ file })
  try {
    const documents = await store.find(namespace, {}).toArray()
    const found = new Map(documents.map((document) => [document["_id"] as string, document]))
    const valueOf = (id: string): string | null => (found.get(id)?.["value"] ?? null) as string | null
    for (const [value, ids] of undecided) expect(new Set(ids.map((id) => valueOf(id) === value)).size, value).toBe(1)
    undecided.clear()
    for (const [id, known] of expected) {
      expect([known.settled, ...known.begun], id).toContain(valueOf(id))
      Object.assign(known, { settled: valueOf(id), begun: new Set() })
    }
    expect(documents.filter(({ _id, size, text }) => !expected.has(_id as string) || (size !== undefined && text !== "x".repeat(size as number)))).toEqual([])
    for (let group = 0; group < 5; group++) {
      const plain = documents.filter((document) => document["group"] === group).map(({ _id }) => _id)
      expect((await store.find(namespace, { group }, { hint: "group_1" }).toArray()).map(({ _id }) => _id).toSorted()).toEqual(plain.toSorted())
      const tagged = documents.filter((document: Document) => ((document["tags"] ?? []) as number[]).includes(group)).map(({ _id }) => _id)
      expect((await store.find(namespace, { tags: group }, { hint: "tags_1_group_-1" }).toArray()).map(({ _id }) => _id).toSorted()).toEqual(tagged.toSorted())
    }
  } finally {
    await store.close()
  }
}

/** Looks into the file: a number belongs to one insertion for ever, and what is inserted later has a greater one. */
function checkNumbers(owners: Map<number, string>): void {
  const greatest = Math.max(0, ...owners.keys())
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    for (const { n, doc } of database.prepare("SELECT n, doc FROM c1").all() as { n: number; doc: Uint8Array }[]) {
      const born = decodeDocument(doc)["born"] as string
      if (owners.has(n)) expect(owners.get(n), `number ${n}`).toBe(born)
      else expect(n).toBeGreaterThan(greatest)
      owners.set(n, born)
    }
    expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" })
  } finally {
    database.close()
  }
}

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test(`${rounds} times killed while writing, nothing acknowledged is lost, nothing is half written, no number is used again`, { timeout: rounds * 5000 + 30_000 }, async () => {
  const expected = new Expected()
  const owners = new Map<number, string>()
  let next = prepare(0)
  for (let round = 0; round < rounds; round++) {
    const writer = next
    if (round + 1 < rounds) next = prepare(round + 1)
    expected.follow(await runUntilKilled(writer))
    await check(expected)
    if (expected.acknowledged > 0) checkNumbers(owners)
  }
  expect(expected.acknowledged).toBeGreaterThan(rounds)
  expect(owners.size).toBeGreaterThan(rounds)
})
