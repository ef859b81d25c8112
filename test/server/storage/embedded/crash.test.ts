// kill -9 at any moment: every acknowledged write is there, nothing is half there, and the indexes agree with the documents.
// BACKSTITCH_CRASH_ROUNDS=200 for more than the twenty rounds of the ordinary suite.
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import type { Document } from "../../../../kernel/index.ts"
import { openEmbeddedStore } from "../../../../server/storage/index.ts"

const rounds = Number(process.env["BACKSTITCH_CRASH_ROUNDS"] ?? "20")
const folder = mkdtempSync(join(tmpdir(), "backstitch-crash-"))
const file = join(folder, "store.sqlite")
const namespace = { database: "crash", collection: "documents" }
const child = join(import.meta.dirname, "crash-child.ts")

interface Line { readonly begin?: string; readonly done?: string; readonly value: string | null; readonly twin?: string }
/** What a document may hold: the last acknowledged value, and what was begun after it. */
type Expected = Map<string, { settled: string | null; begun: Set<string | null> }>

async function runUntilKilled(seed: number, milliseconds: number): Promise<string> {
  const process_ = spawn(process.execPath, [child, file, String(seed)], { stdio: ["ignore", "pipe", "inherit"] })
  let text = ""
  process_.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    if (text === "") setTimeout(() => process_.kill("SIGKILL"), milliseconds)
    text += chunk
  })
  const signal = await new Promise((resolve) => process_.once("close", (_code, name) => resolve(name)))
  expect(signal).toBe("SIGKILL")
  return text
}

function follow(expected: Expected, text: string): void {
  const lines = text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Line)
  for (const { begin, done, value, twin } of lines) {
    for (const id of [begin ?? done as string, ...(twin === undefined ? [] : [twin])]) {
      const known = expected.get(id) ?? { settled: null, begun: new Set() }
      if (begin !== undefined) known.begun.add(value)
      else [known.settled, known.begun] = [value, new Set()]
      expected.set(id, known)
    }
  }
}

async function check(expected: Expected): Promise<void> {
  const store = openEmbeddedStore({ file })
  try {
    const documents = await store.find(namespace, {}).toArray()
    const found = new Map(documents.map((document) => [document["_id"] as string, document]))
    for (const [id, known] of expected) {
      const value = (found.get(id)?.["value"] ?? null) as string | null
      expect([known.settled, ...known.begun], id).toContain(value)
      Object.assign(known, { settled: value, begun: new Set() })
    }
    expect(documents.filter(({ _id }) => !expected.has(_id as string))).toEqual([])
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

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test(`${rounds} times killed while writing, nothing acknowledged is lost and nothing is half written`, { timeout: rounds * 5000 + 30_000 }, async () => {
  const expected: Expected = new Map()
  let acknowledged = 0
  for (let round = 0; round < rounds; round++) {
    const text = await runUntilKilled(round % 7, 5 + Math.floor(Math.random() * 150))
    acknowledged += text.split('"done"').length - 1
    follow(expected, text)
    await check(expected)
  }
  expect(acknowledged).toBeGreaterThan(rounds)
})
