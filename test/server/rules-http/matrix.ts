// Operation × permission shape: what each operation of a user does under each shape, derived from the table of shapes by hand.
import { Long, type Document, type Value } from "../../../kernel/index.ts"
import type { Shape, Which } from "./shapes.ts"

/** What is in a cell before the operation. */
export function documentsOf(owner: string, other: string): Record<Which, Document> {
  return {
    m: { _id: 1, owner_id: owner, title: "a", n: 1, address: { city: "Oslo", zip: "1" } },
    t: { _id: 2, owner_id: other, title: "b", n: 2, address: { city: "Rome", zip: "2" } },
  }
}

/** A document as it is shown, or null. */
export function seen(document: Document, letters: string): Document | null {
  const parts: [string, string][] = [["i", "_id"], ["o", "owner_id"], ["t", "title"], ["n", "n"]]
  const shown: Document = {}
  for (const [letter, field] of parts) if (letters.includes(letter)) shown[field] = document[field]
  const address = document["address"] as Document
  const inner: Document = { ...(letters.includes("c") ? { city: address["city"] } : {}), ...(letters.includes("z") ? { zip: address["zip"] } : {}) }
  if (Object.keys(inner).length > 0) shown["address"] = inner
  return Object.keys(shown).length === 0 ? null : shown
}

/** The result of an operation that was let through, or why it was not; and what is stored then. */
export interface Expected { readonly result?: Value; readonly refused?: "insert" | "update" | "delete" | "no-rule"; readonly stored?: (before: Document[]) => Value[] }

/** One operation of the matrix. `by`: a service action, or a method in a function for what clients have no action for. */
export interface Operation {
  readonly by: "action" | "function"
  readonly method: string
  readonly args: (documents: Record<Which, Document>) => readonly Value[]
  readonly expected: (shape: Shape, documents: Record<Which, Document>) => Expected
}

const order: readonly Which[] = ["m", "t"]
const lettersOf = (shape: Shape, which: Which): string => shape.sees[order.indexOf(which)] as string
const visible = (shape: Shape, documents: Record<Which, Document>, needs = ""): Document[] =>
  order.filter((which) => needs === "" || lettersOf(shape, which).includes(needs)).map((which) => seen(documents[which], lettersOf(shape, which))).filter((document) => document !== null)

/** The fate of one document a write meets. */
function fate(shape: Shape, may: string, which: Which): "done" | "refused" | "skipped" {
  return may.includes(which) ? "done" : lettersOf(shape, which) === "" ? "skipped" : "refused"
}

function write(shape: Shape, may: string, kind: "update" | "delete", targets: readonly Which[], change: (document: Document) => Document | null, result: (count: number) => Value): Expected {
  const fates = targets.map((which) => fate(shape, may, which))
  if (fates.includes("refused")) return { refused: kind }
  const done: unknown[] = targets.filter((_, at) => fates[at] === "done").map((which) => (which === "m" ? 1 : 2))
  return { result: result(done.length), stored: (before) => before.flatMap((document) => (done.includes(document["_id"]) ? (change(document) ?? []) : [document])) }
}

const matched = (count: number): Value => ({ matchedCount: count, modifiedCount: count })
const deleted = (count: number): Value => ({ deletedCount: count })
const retitled = (document: Document): Document => ({ ...document, title: "x" })
const cut = (shape: Shape, documents: Record<Which, Document>, which: Which) => (count: number): Value => (count === 0 ? null : seen(documents[which], lettersOf(shape, which)))
const fresh = ({ m }: Record<Which, Document>, id: Document): Document => ({ ...id, owner_id: m["owner_id"], title: "c", n: 1, address: { city: "Bern", zip: "3" } })
const inserted = (shape: Shape, id: "g" | "c", document: Document, result: Value): Expected => (shape.insert.includes(id) ? { result, stored: (before) => [...before, document] } : { refused: "insert" })
const anyId: Document = { _id: "made by the server" }

export const operations: Readonly<Record<string, Operation>> = {
  "find": { by: "action", method: "find", args: () => [{ query: {} }], expected: (shape, documents) => ({ result: visible(shape, documents) }) },
  "find by a field": { by: "action", method: "find", args: () => [{ query: { n: { $gte: 0 } } }], expected: (shape, documents) => ({ result: visible(shape, documents, "n") }) },
  "find by a nested field": { by: "action", method: "find", args: () => [{ query: { "address.city": { $gt: "" } } }], expected: (shape, documents) => ({ result: visible(shape, documents, "c") }) },
  "find by the absence of a field": { by: "action", method: "find", args: () => [{ query: { "address.zip": { $ne: "9" } } }], expected: (shape, documents) => ({ result: visible(shape, documents, "z") }) },
  "find in order": { by: "action", method: "find", args: () => [{ query: {}, sort: { n: -1 } }], expected: (shape, documents) => ({ result: visible(shape, documents, "n").toReversed() }) },
  "find with a limit": { by: "action", method: "find", args: () => [{ query: {}, limit: 1 }], expected: (shape, documents) => ({ result: visible(shape, documents).slice(0, 1) }) },
  "findOne": { by: "action", method: "findOne", args: () => [{ query: { _id: 2 } }], expected: (shape, { t }) => ({ result: seen(t, lettersOf(shape, "t")) }) },
  "count": { by: "action", method: "count", args: () => [{ query: {} }], expected: (shape, documents) => ({ result: Long.fromNumber(visible(shape, documents).length) }) },
  "distinct": { by: "action", method: "distinct", args: () => [{ key: "title", query: {} }], expected: (shape, documents) => ({ result: visible(shape, documents, "t").map(({ title }) => title) }) },
  "aggregate": { by: "action", method: "aggregate", args: () => [{ pipeline: [{ $match: { n: { $exists: true } } }] }], expected: (shape, documents) => ({ result: visible(shape, documents, "n") }) },
  "insertOne": { by: "action", method: "insertOne", args: (documents) => [{ document: fresh(documents, {}) }], expected: (shape, documents) => inserted(shape, "g", fresh(documents, anyId), { insertedId: "made by the server" }) },
  "insertOne with an _id": { by: "action", method: "insertOne", args: (documents) => [{ document: fresh(documents, { _id: 3 }) }], expected: (shape, documents) => inserted(shape, "c", fresh(documents, { _id: 3 }), { insertedId: 3 }) },
  "insertMany": { by: "action", method: "insertMany", args: (documents) => [{ documents: [fresh(documents, { _id: 3 })] }], expected: (shape, documents) => inserted(shape, "c", fresh(documents, { _id: 3 }), { insertedIds: [3] }) },
  "upsert": {
    by: "action", method: "updateOne", args: (documents) => [{ query: { _id: 3 }, update: { $set: fresh(documents, {}) }, upsert: true }],
    expected: (shape, documents) => inserted(shape, "c", fresh(documents, { _id: 3 }), { matchedCount: 0, modifiedCount: 0, upsertedId: 3 }),
  },
  "updateOne": { by: "action", method: "updateOne", args: () => [{ query: { _id: 1 }, update: { $set: { title: "x" } } }], expected: (shape) => write(shape, shape.title, "update", ["m"], retitled, matched) },
  "updateOne of another field": { by: "action", method: "updateOne", args: () => [{ query: { _id: 1 }, update: { $inc: { n: 4 } } }], expected: (shape) => write(shape, shape.n, "update", ["m"], (document) => ({ ...document, n: 5 }), matched) },
  "updateOne of a nested field": { by: "action", method: "updateOne", args: () => [{ query: { _id: 2 }, update: { $set: { "address.city": "x" } } }], expected: (shape) => write(shape, shape.city, "update", ["t"], (document) => ({ ...document, address: { city: "x", zip: "2" } }), matched) },
  "updateMany": { by: "action", method: "updateMany", args: () => [{ query: {}, update: { $set: { title: "x" } } }], expected: (shape) => write(shape, shape.title, "update", order, retitled, matched) },
  "replaceOne": { by: "function", method: "replaceOne", args: ({ m }) => [{ _id: 1 }, { ...m, title: "x" }], expected: (shape) => write(shape, shape.replace, "update", ["m"], retitled, matched) },
  "findOneAndUpdate": { by: "action", method: "findOneAndUpdate", args: () => [{ filter: { _id: 1 }, update: { $set: { title: "x" } } }], expected: (shape, documents) => write(shape, shape.title, "update", ["m"], retitled, cut(shape, documents, "m")) },
  "findOneAndReplace": { by: "action", method: "findOneAndReplace", args: ({ m }) => [{ filter: { _id: 1 }, update: { ...m, title: "x" } }], expected: (shape, documents) => write(shape, shape.replace, "update", ["m"], retitled, cut(shape, documents, "m")) },
  "findOneAndDelete": { by: "action", method: "findOneAndDelete", args: () => [{ filter: { _id: 2 } }], expected: (shape, documents) => write(shape, shape.delete, "delete", ["t"], () => null, cut(shape, documents, "t")) },
  "deleteOne": { by: "action", method: "deleteOne", args: () => [{ query: { _id: 2 } }], expected: (shape) => write(shape, shape.delete, "delete", ["t"], () => null, deleted) },
  "deleteMany": { by: "action", method: "deleteMany", args: () => [{ query: {} }], expected: (shape) => write(shape, shape.delete, "delete", order, () => null, deleted) },
  "bulkWrite": {
    by: "function", method: "bulkWrite", args: () => [[{ updateOne: { filter: { _id: 1 }, update: { $set: { title: "x" } } } }, { deleteOne: { filter: { _id: 2 } } }]],
    expected(shape) {
      const [first, second] = [write(shape, shape.title, "update", ["m"], retitled, () => null), write(shape, shape.delete, "delete", ["t"], () => null, () => null)]
      if (first.refused !== undefined || second.refused !== undefined) return { refused: first.refused ?? second.refused ?? "update" }
      return { result: null, stored: (before) => second.stored?.(first.stored?.(before) as Document[]) ?? [] }
    },
  },
}
