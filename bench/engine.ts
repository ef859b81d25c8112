// A permission predicate, per document, beside a hand-written closure and beside mingo, sift and CASL, compiled once; then pages
// under roles out of 1,000,000 documents (bench/pages.ts): `npm run bench engine`, the predicates alone `node bench/engine.ts --predicates`.
import { createMongoAbility } from "@casl/ability"
import { Query } from "mingo"
import sift from "sift"
import { bind, compileStored, noCalls, parseExpressionOrThrow, type StoredPredicate } from "../engine/index.ts"
import type { Document } from "../kernel/index.ts"
import { run as runPages } from "./pages.ts"

interface Measurement {
  readonly name: string
  readonly expression: unknown
  /** The same as the peers' authors would write it. */
  readonly query: Document
  readonly byHand: (document: Document) => boolean
}

const user: Document = { id: "64b1f0c2a7d93e5b8c214f06", type: "normal", data: {}, custom_data: { team: "team 7", teams: ["team 3", "team 7", "team 9"], level: 3 }, identities: [] }
const id = user["id"] as string
const teams = new Set(["team 3", "team 7", "team 9"])

const documents: Document[] = Array.from({ length: 10_000 }, (_, index) => ({
  _id: index,
  owner_id: index % 10 === 0 ? id : `user ${index % 97}`,
  team: `team ${index % 12}`,
  members: index % 7 === 0 ? ["someone", id] : ["someone", "other"],
  status: index % 3 === 0 ? "archived" : "open",
  amount: index % 50,
  public: index % 5 === 0,
  meta: { region: index % 2 === 0 ? "eu" : "us" },
}))

const text = (document: Document, field: string): string => document[field] as string

const measurements: readonly Measurement[] = [
  { name: "owner", expression: { owner_id: "%%user.id" }, query: { owner_id: id }, byHand: (document) => document["owner_id"] === id },
  { name: "team of custom data", expression: { team: "%%user.custom_data.team" }, query: { team: "team 7" }, byHand: (document) => document["team"] === "team 7" },
  { name: "one of my teams", expression: { team: { $in: "%%user.custom_data.teams" } }, query: { team: { $in: [...teams] } }, byHand: (document) => teams.has(text(document, "team")) },
  { name: "member of a list", expression: { members: "%%user.id" }, query: { members: id }, byHand: (document) => (document["members"] as string[]).includes(id) },
  { name: "owner and open", expression: { owner_id: "%%user.id", status: { $ne: "archived" } }, query: { owner_id: id, status: { $ne: "archived" } }, byHand: (document) => document["owner_id"] === id && document["status"] !== "archived" },
  { name: "owner or public", expression: { $or: [{ owner_id: "%%user.id" }, { public: true }] }, query: { $or: [{ owner_id: id }, { public: true }] }, byHand: (document) => document["owner_id"] === id || document["public"] === true },
  { name: "range", expression: { amount: { $gte: 10, $lt: 40 } }, query: { amount: { $gte: 10, $lt: 40 } }, byHand: (document) => (document["amount"] as number) >= 10 && (document["amount"] as number) < 40 },
  { name: "embedded field", expression: { "meta.region": "eu" }, query: { "meta.region": "eu" }, byHand: (document) => (document["meta"] as Document)["region"] === "eu" },
  {
    name: "role of five tests",
    expression: { team: "%%user.custom_data.team", $or: [{ owner_id: "%%user.id" }, { members: "%%user.id" }, { public: true }], status: { $ne: "archived" } },
    query: { team: "team 7", $or: [{ owner_id: id }, { members: id }, { public: true }], status: { $ne: "archived" } },
    byHand: (document) => document["team"] === "team 7" && (document["owner_id"] === id || (document["members"] as string[]).includes(id) || document["public"] === true) && document["status"] !== "archived",
  },
]

/** Nanoseconds a document, the best of several rounds. */
function perDocument(test: (document: Document) => unknown): { readonly nanoseconds: number; readonly granted: number } {
  let best = Number.POSITIVE_INFINITY
  let granted = 0
  for (let round = 0; round < 60; round++) {
    granted = 0
    const start = process.hrtime.bigint()
    for (const document of documents) if (test(document) === true) granted += 1
    best = Math.min(best, Number(process.hrtime.bigint() - start) / documents.length)
  }
  return { nanoseconds: best, granted }
}

/** The predicate as the guard asks it on reads. */
function predicateOf(expression: unknown): StoredPredicate {
  return compileStored(bind(parseExpressionOrThrow(expression, { context: "role" }), { user }, noCalls))
}

/** The peers, compiled once. */
const peers: Record<string, (query: Document) => (document: Document) => boolean> = {
  mingo(query) {
    const compiled = new Query(query as Record<string, never>)
    return (document) => compiled.test(document)
  },
  // The package's types say `default` where its module is the function itself.
  sift: (query) => (sift as unknown as typeof sift.default)<Document, Document>(query as Record<string, never>),
  CASL(query) {
    const { $or: alternatives = [{}], ...common } = query
    // CASL says "or" by several rules.
    const rules = (alternatives as Document[]).map((each) => ({ action: "read", subject: "document", conditions: { ...common, ...each } }))
    const ability = createMongoAbility(rules, { detectSubjectType: () => "document" })
    return (document) => ability.can("read", document)
  },
}

const cell = (value: number): string => value.toFixed(1).padStart(5)
const mean = (ratios: readonly number[]): number => Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)

interface Contenders { readonly byHand: (document: Document) => boolean; ours: StoredPredicate; readonly [peer: string]: (document: Document) => unknown }

/** Predicates, then pages. */
export async function run(): Promise<void> {
  measurePredicates()
  if (!process.argv.includes("--predicates")) await runPages(1_000_000)
}

/** Prints one line for each expression: nanoseconds a document, and how many times the closure's. */
function measurePredicates(): void {
  const contenders = measurements.map(({ expression, query, byHand }): Contenders => ({ byHand, ours: predicateOf(expression), ...Object.fromEntries(Object.entries(peers).map(([name, make]) => [name, make(query)])) }))
  // The loop sees all functions before any is measured, so that none is inlined into it for being the only one; and a predicate of
  // each expression bound before, as in a server, so that V8 does not take the values of the only one for constants.
  for (const { ours } of contenders) perDocument(ours)
  for (const [index, { expression }] of measurements.entries()) (contenders[index] as Contenders).ours = predicateOf(expression)
  for (const each of contenders) for (const test of Object.values(each)) perDocument(test)
  const ratios = new Map<string, number[]>()
  for (const [index, { name, byHand }] of measurements.entries()) {
    const floor = perDocument(byHand)
    const cells = Object.entries(contenders[index] ?? {}).filter(([contender]) => contender !== "byHand").map(([contender, test]) => {
      const { nanoseconds, granted } = perDocument(test)
      if (granted !== floor.granted) throw new Error(`${name}: ${floor.granted} by hand, ${granted} by ${contender}`)
      const ratio = nanoseconds / floor.nanoseconds
      ratios.set(contender, [...(ratios.get(contender) ?? []), ratio])
      return `${contender} ${cell(nanoseconds)} ns × ${ratio.toFixed(2).padStart(5)}`
    })
    console.log(`${name.padEnd(20)} by hand ${cell(floor.nanoseconds)} ns   ${cells.join("   ")}`)
  }
  console.log(`geometric means: ${[...ratios].map(([contender, all]) => `${contender} × ${mean(all).toFixed(2)}`).join(", ")}`)
  const expression = parseExpressionOrThrow(measurements.at(-1)?.expression, { context: "role" })
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 60; round++) {
    const start = performance.now()
    for (let at = 0; at < 500; at++) compileStored(bind(expression, { user }, noCalls))
    best = Math.min(best, (performance.now() - start) * 2)
  }
  console.log(`bind and compile the last, once a request: ${best.toFixed(2)} µs`)
}

if (import.meta.main) await run()
