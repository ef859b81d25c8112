// The query language beside a hand-written closure and mingo: `node bench/language.ts`.
import { Query } from "mingo"
import { Long, type Document } from "../kernel/index.ts"
import { compileFilter, compileProjection, compileSort, compileUpdate, sortDocuments } from "../server/storage/language/index.ts"

interface Measurement { readonly name: string; readonly filter: Document; readonly byHand: (document: Document) => boolean }

const documents: Document[] = Array.from({ length: 10_000 }, (_, index) => ({
  _id: index, a: index % 5, b: index % 2 === 0 ? "x" : "y", team: `team ${index % 40}`, at: new Date(1_700_000_000_000 + index * 1000),
  total: Long.fromNumber(index * 1000), tags: [`t${index % 7}`, `t${index % 11}`], owner: { id: `user ${index % 100}`, level: index % 3 },
}))

const measurements: readonly Measurement[] = [
  { name: "two equalities", filter: { a: 1, b: "x" }, byHand: (document) => document["a"] === 1 && document["b"] === "x" },
  { name: "dotted equality", filter: { "owner.id": "user 7" }, byHand: (document) => (document["owner"] as Document)["id"] === "user 7" },
  { name: "range", filter: { a: { $gte: 2, $lt: 4 } }, byHand: (document) => (document["a"] as number) >= 2 && (document["a"] as number) < 4 },
  { name: "$in of ten", filter: { team: { $in: Array.from({ length: 10 }, (_, index) => `team ${index}`) } },
    byHand: ((wanted) => (document: Document) => wanted.has(document["team"] as string))(new Set(Array.from({ length: 10 }, (_, index) => `team ${index}`))) },
  { name: "element of a list", filter: { tags: "t3" }, byHand: (document) => (document["tags"] as string[]).includes("t3") },
  { name: "$or of two", filter: { $or: [{ b: "x" }, { "owner.level": 2 }] }, byHand: (document) => document["b"] === "x" || (document["owner"] as Document)["level"] === 2 },
]

function cell(value: number): string {
  return value.toFixed(1).padStart(10)
}

/** Nanoseconds a document, the best of several rounds. */
function perDocument(test: (document: Document) => boolean): { nanoseconds: number; matched: number } {
  let best = Number.POSITIVE_INFINITY
  let matched = 0
  for (let round = 0; round < 60; round++) {
    matched = 0
    const start = process.hrtime.bigint()
    for (const document of documents) if (test(document)) matched += 1
    best = Math.min(best, Number(process.hrtime.bigint() - start) / documents.length)
  }
  return { nanoseconds: best, matched }
}

// Every loop sees many functions before any is measured, so that none is inlined into it for being the only one.
for (const { filter, byHand } of measurements) {
  perDocument(byHand)
  perDocument(compileFilter(filter))
}
console.log("predicate, ns a document      by hand      ours     ratio     mingo     ratio")
for (const { name, filter, byHand } of measurements) {
  const floor = perDocument(byHand)
  const ours = perDocument(compileFilter(filter))
  const query = new Query(filter as Record<string, never>)
  const peer = perDocument((document) => query.test(document))
  if (ours.matched !== floor.matched) throw new Error(`${name}: ${ours.matched} matched, ${floor.matched} by hand`)
  console.log(name.padEnd(24), cell(floor.nanoseconds), cell(ours.nanoseconds), cell(ours.nanoseconds / floor.nanoseconds), cell(peer.nanoseconds), cell(peer.nanoseconds / floor.nanoseconds))
}

function time(name: string, work: () => void): void {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 15; round++) {
    const start = process.hrtime.bigint()
    work()
    best = Math.min(best, Number(process.hrtime.bigint() - start))
  }
  console.log(name.padEnd(52), `${(best / documents.length).toFixed(0)} ns a document`)
}

console.log("")
time("compile a filter of two equalities", () => { for (let index = 0; index < documents.length; index++) compileFilter({ a: index, b: "x" }) })
time("sort by one key", () => { sortDocuments(documents, { team: 1 }) })
time("sort by two keys, compared two by two", () => { documents.toSorted(compileSort({ b: 1, at: -1 })) })
time("sort by two keys", () => { sortDocuments(documents, { b: 1, at: -1 }) })
const project = compileProjection({ a: 1, "owner.id": 1 })
time("project two fields", () => { for (const document of documents) project(document) })
const change = compileUpdate({ $set: { b: "z" }, $inc: { a: 1, "owner.level": 1 } }, { now: new Date() })
time("update three fields", () => { for (const document of documents) change(document, false) })
