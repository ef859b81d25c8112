// A permission predicate, per document, beside a hand-written closure and mingo compiled once: `node bench/engine.ts`.
import { Query } from "mingo"
import { bind, compile, noCalls, parseExpressionOrThrow, toQuery } from "../engine/expressions/index.ts"
import type { Document } from "../kernel/index.ts"

interface Measurement {
  readonly name: string
  readonly expression: unknown
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
  { name: "owner", expression: { owner_id: "%%user.id" }, byHand: (document) => document["owner_id"] === id },
  { name: "team of custom data", expression: { team: "%%user.custom_data.team" }, byHand: (document) => document["team"] === "team 7" },
  { name: "one of my teams", expression: { team: { $in: "%%user.custom_data.teams" } }, byHand: (document) => teams.has(text(document, "team")) },
  { name: "member of a list", expression: { members: "%%user.id" }, byHand: (document) => (document["members"] as string[]).includes(id) },
  { name: "owner and open", expression: { owner_id: "%%user.id", status: { $ne: "archived" } }, byHand: (document) => document["owner_id"] === id && document["status"] !== "archived" },
  { name: "owner or public", expression: { $or: [{ owner_id: "%%user.id" }, { public: true }] }, byHand: (document) => document["owner_id"] === id || document["public"] === true },
  { name: "range", expression: { amount: { $gte: 10, $lt: 40 } }, byHand: (document) => (document["amount"] as number) >= 10 && (document["amount"] as number) < 40 },
  { name: "embedded field", expression: { "meta.region": "eu" }, byHand: (document) => (document["meta"] as Document)["region"] === "eu" },
  {
    name: "role of five tests",
    expression: { team: "%%user.custom_data.team", $or: [{ owner_id: "%%user.id" }, { members: "%%user.id" }, { public: true }], status: { $ne: "archived" } },
    byHand: (document) => document["team"] === "team 7" && (document["owner_id"] === id || (document["members"] as string[]).includes(id) || document["public"] === true) && document["status"] !== "archived",
  },
]

/** Nanoseconds a document, the best of several rounds. */
function perDocument(test: (document: Document) => boolean): { readonly nanoseconds: number; readonly granted: number } {
  let best = Number.POSITIVE_INFINITY
  let granted = 0
  for (let round = 0; round < 60; round++) {
    granted = 0
    const start = process.hrtime.bigint()
    for (const document of documents) if (test(document)) granted += 1
    best = Math.min(best, Number(process.hrtime.bigint() - start) / documents.length)
  }
  return { nanoseconds: best, granted }
}

/** The predicate as the guard uses it: one scope object, filled with document after document. */
function predicateOf(expression: unknown): (document: Document) => boolean {
  const predicate = compile(bind(parseExpressionOrThrow(expression, { context: "role" }), { user }, noCalls))
  return (document) => predicate({ root: document, prevRoot: document }) === true
}

function queryOf(expression: unknown): (document: Document) => boolean {
  const { query } = toQuery(bind(parseExpressionOrThrow(expression, { context: "role" }), { user }, noCalls))
  const compiled = new Query(query as Record<string, never>)
  return (document) => compiled.test(document)
}

const cell = (value: number): string => value.toFixed(1).padStart(9)

/** Prints one line for each expression. */
export function run(): void {
  // Every loop sees many functions before any is measured, so that none is inlined into it for being the only one.
  for (const { expression, byHand } of measurements) for (const test of [byHand, predicateOf(expression), queryOf(expression)]) perDocument(test)
  console.log("predicate, ns a document  by hand     ours    ratio    mingo    ratio")
  const ratios: number[] = []
  for (const { name, expression, byHand } of measurements) {
    const floor = perDocument(byHand)
    const ours = perDocument(predicateOf(expression))
    const peer = perDocument(queryOf(expression))
    if (ours.granted !== floor.granted || peer.granted !== floor.granted) throw new Error(`${name}: ${floor.granted} by hand, ${ours.granted} ours, ${peer.granted} mingo`)
    ratios.push(ours.nanoseconds / floor.nanoseconds)
    console.log(name.padEnd(22), cell(floor.nanoseconds), cell(ours.nanoseconds), cell(ours.nanoseconds / floor.nanoseconds), cell(peer.nanoseconds), cell(peer.nanoseconds / floor.nanoseconds))
  }
  console.log(`geometric mean of ours: ${Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length).toFixed(2)}`)
  const expression = parseExpressionOrThrow(measurements.at(-1)?.expression, { context: "role" })
  const rounds = 20_000
  const start = process.hrtime.bigint()
  for (let round = 0; round < rounds; round++) compile(bind(expression, { user }, noCalls))
  console.log(`bind and compile the last, once a request: ${(Number(process.hrtime.bigint() - start) / rounds / 1000).toFixed(2)} µs`)
}

if (import.meta.main) run()
