// A page of 20 out of a large collection under a role, beside the store asked with the same predicate written by hand: `npm run bench pages` of 100,000 documents; of
// 1,000,000 with `-- --million`, and as a part of `npm run bench engine`.
// By hand means: a store's own find, the predicate and order as literals, and for what rules cut or judge per document a closure.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { applyFilters, bindRules, createCallTable, defaultRuleSettings, parseRules, pushVisible, type Problems } from "../engine/index.ts"
import type { Document } from "../kernel/index.ts"
import { compileDataSource, createDataService, type Caller, type GuardedCollection, type Store } from "../server/data/index.ts"
import { openEmbeddedStore } from "../server/storage/index.ts"

const indexed = { database: "bench", collection: "indexed" }
const plain = { database: "bench", collection: "plain" }
const groups = 500
const user: Document = { id: "64b1f0c2a7d93e5b8c214f06", type: "normal", data: {}, custom_data: { team: "team-7", level: 3 }, identities: [] }
const caller: Caller = { system: false, user, request: {} }
const pageSize = 20

function makeTask(n: number): Document {
  return {
    _id: `task-${String(n).padStart(8, "0")}`, team: `team-${n % groups}`, rank: (n * 7919) % 1_000_003, title: `Task number ${n}`, done: n % 3 === 0, level: n % 5, limit: 2,
    owner: n % 9 === 0 ? user["id"] : "someone", tags: ["red", "green"], detail: { size: n % 10, note: "a few words of text to fill the place" },
  }
}

interface Case {
  readonly name: string
  readonly roles: readonly Document[]
  readonly filters?: readonly Document[]
  readonly query: Document
  readonly sort?: Document
  /** The predicate an author would write by hand for this role. */
  readonly byHand: Document
  /** What is cut of each document, by hand. */
  readonly cut?: (document: Document) => Document
  /** What is judged per document, by hand: undefined leaves the document out. */
  readonly perDocument?: (document: Document) => Document | undefined
}

const role = (of: Document): Document => ({ name: "role", apply_when: {}, ...of })
const withoutDetail = ({ detail: _detail, ...rest }: Document): Document => rest

const cases: readonly Case[] = [
  { name: "role of the team", roles: [role({ apply_when: { team: "%%user.custom_data.team" }, read: true })], query: {}, byHand: { team: "team-7" } },
  { name: "role of the team, in order", roles: [role({ apply_when: { team: "%%user.custom_data.team" }, read: true })], query: {}, sort: { rank: 1 }, byHand: { team: "team-7" } },
  { name: "team or owner, not done", roles: [role({ apply_when: { team: "%%user.custom_data.team", $or: [{ owner: "%%user.id" }, { done: false }] }, read: true })], query: {}, byHand: { team: "team-7", $or: [{ owner: user["id"] as string }, { done: false }] } },
  { name: "filter and gate of the team", roles: [role({ document_filters: { read: { team: "%%user.custom_data.team" }, write: { team: "%%user.custom_data.team" } }, read: true })], filters: [{ name: "f", apply_when: {}, query: { team: "%%user.custom_data.team" } }], query: { done: false }, byHand: { team: "team-7", done: false } },
  { name: "a field withheld", roles: [role({ apply_when: { team: "%%user.custom_data.team" }, fields: { detail: {} }, additional_fields: { read: true } })], query: {}, byHand: { team: "team-7" }, cut: withoutDetail },
  { name: "one part per document", roles: [role({ apply_when: { team: "%%user.custom_data.team", level: { $lte: "%%root.limit" } }, read: true })], query: {}, byHand: { team: "team-7" }, perDocument: (document) => ((document["level"] as number) <= (document["limit"] as number) ? document : undefined) },
  { name: "everything", roles: [role({ read: true })], query: {}, byHand: {} },
]

function guarded(store: Store, namespace: typeof indexed, { roles, filters = [] }: Case): () => GuardedCollection {
  const rules = { file: "rules.json", raw: { roles, filters } }
  const { dataSource, problems } = compileDataSource({ name: "db", type: "mongodb-atlas", defaultRule: undefined, collections: [{ ...namespace, rules, schema: undefined }] })
  if (problems.some(({ errors }) => errors.length > 0)) throw new Error("the rules of the benchmark have errors")
  const service = createDataService({ dataSources: [dataSource], storeFor: () => store, known: () => ({ values: {}, environment: { tag: "", values: {} } }), functions: { call: () => Promise.reject(new Error("none")) } })
  return () => service.collection("db", namespace, caller)
}

/** A page by hand. Like the rules, it stops when it has enough. */
async function pageByHand(store: Store, namespace: typeof indexed, { byHand, query, sort, cut, perDocument }: Case): Promise<Document[]> {
  const filter = { ...query, ...byHand }
  const order = sort === undefined ? {} : { sort }
  if (cut !== undefined) return (await store.find(namespace, filter, { ...order, limit: pageSize }).toArray()).map(cut)
  if (perDocument === undefined) return store.find(namespace, filter, { ...order, limit: pageSize }).toArray()
  const page: Document[] = []
  for await (const document of store.find(namespace, filter, { ...order, batchSize: pageSize })) {
    const shown = perDocument(document)
    if (shown !== undefined) page.push(shown)
    if (page.length === pageSize) break
  }
  return page
}

const mostMilliseconds = 6000
const fewestRounds = 3

/** Best of many short rounds, each side in turn, in microseconds a page. */
async function compare(store: Store, namespace: typeof indexed, each: Case, times: number): Promise<void> {
  const open = guarded(store, namespace, each)
  const ours = (): Promise<Document[]> => open().find(each.query, { limit: pageSize, ...(each.sort === undefined ? {} : { sort: each.sort }) }).toArray()
  const byHand = (): Promise<Document[]> => pageByHand(store, namespace, each)
  if (JSON.stringify(await ours()) !== JSON.stringify(await byHand())) throw new Error(`${each.name}: the pages differ`)
  const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  // V8 has seen enough of both before the last of these rounds.
  const end = performance.now() + mostMilliseconds
  for (let round = 0; round < fewestRounds || performance.now() < end; round++) {
    for (const [side, page] of [ours, byHand].entries()) {
      const started = performance.now()
      for (let at = 0; at < times; at++) await page()
      best[side] = Math.min(best[side] as number, ((performance.now() - started) / times) * 1000)
    }
  }
  const [mine, floor] = best as [number, number]
  console.log(`  ${each.name.padEnd(30)} ${mine.toFixed(1).padStart(10)} µs  by hand ${floor.toFixed(1).padStart(10)} µs  ratio ${(mine / floor).toFixed(2).padStart(5)}  more ${(mine - floor).toFixed(1).padStart(7)} µs  deciding ${deciding(each).toFixed(1)} µs`)
}

/** What the rules cost before the store is asked, in microseconds: bound, filters applied, roles pushed. */
function deciding({ roles, filters = [] }: Case): number {
  const problems: Problems = { errors: [], warnings: [] }
  const rules = parseRules({ roles, filters }, { kind: "collection", problems })
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 10; round++) {
    const started = performance.now()
    for (let at = 0; at < 500; at++) {
      const bound = bindRules(rules, { user, values: {}, environment: {}, request: {} }, createCallTable(), defaultRuleSettings)
      applyFilters(bound)
      pushVisible(bound)
    }
    best = Math.min(best, performance.now() - started)
  }
  return (best / 500) * 1000
}

/** Prints one line for each case, with and without an index. */
export async function run(count = process.argv.includes("--million") ? 1_000_000 : 100_000): Promise<void> {
  const folder = mkdtempSync(join(process.env["BENCH_FOLDER"] ?? tmpdir(), "backstitch-pages-"))
  const store = openEmbeddedStore({ file: join(folder, "store.sqlite"), durability: "process" })
  try {
    await store.ensureIndex(indexed, { keys: { team: 1, rank: 1 } })
    for (let from = 0; from < count; from += 1000) {
      const tasks = Array.from({ length: 1000 }, (_, at) => makeTask(from + at))
      await store.insert(indexed, tasks)
      await store.insert(plain, tasks)
    }
    for (const [title, namespace, times] of [["with an index", indexed, 10], ["without an index", plain, 1]] as const) {
      console.log(`a page of ${pageSize} from ${count} documents, ${title}`)
      for (const each of cases) await compare(store, namespace, each, each.name === "everything" ? 10 : times)
    }
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
}

if (import.meta.main) await run()
