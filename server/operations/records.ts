// What a dump is made of: one JSON object a line, canonical Extended JSON. The first line names the format, the last one counts, so a dump that was cut short is told from a whole one.
import { bsonSize, ejsonText, fromEjson, getField, isDocument, maxDepth, toEjson, writeBson, type Document, type Value } from "../../kernel/index.ts"
import type { IndexSpecification, Namespace } from "../data/index.ts"
import { TransferError } from "./transfer-error.ts"

/** A document or an index of a collection, and where it was found, for messages. */
export type TransferRecord =
  | { readonly kind: "document"; readonly namespace: Namespace; readonly document: Document; readonly place: string }
  | { readonly kind: "index"; readonly namespace: Namespace; readonly index: IndexSpecification; readonly place: string }

/** The last line of a dump. */
export interface DumpEnd { readonly kind: "end"; readonly documents: number; readonly indexes: number }

const format = "backstitch"
const version = 1
const mostDocumentBytes = 16 * 1024 * 1024

/** The first line of a dump. */
export function headLine(): string {
  return JSON.stringify({ dump: format, version })
}

/** The last line of a dump. */
export function endLine(documents: number, indexes: number): string {
  return JSON.stringify({ end: { documents, indexes } })
}

/** The line of a record. Throws `TransferError` for a document that Extended JSON cannot spell so that it comes back the same. */
export function recordLine(record: TransferRecord): string {
  const { database, collection } = record.namespace
  if (record.kind === "index") {
    const { keys, name, unique } = record.index
    return JSON.stringify({ database, collection, index: { keys: toEjson(keys), ...(name === undefined ? {} : { name }), ...(unique === true ? { unique } : {}) } })
  }
  const json = toEjson(record.document)
  // A field such as `$oid`, alone in its document, would be read back as a value of another type.
  if (hasDollarField(record.document) && !isSame(record.document, fromEjson(json))) {
    throw new TransferError("cannot-be-spelt", `Cannot dump ${record.place} of \`${database}.${collection}\`: it has a field that Extended JSON takes for a wrapper`)
  }
  return `{"database":${JSON.stringify(database)},"collection":${JSON.stringify(collection)},"document":${JSON.stringify(json)}}`
}

function isSame(document: Document, other: Value): boolean {
  return isDocument(other) && Buffer.compare(writeBson(document), writeBson(other)) === 0
}

function hasDollarField(value: Value): boolean {
  if (Array.isArray(value)) return value.some((item: Value) => hasDollarField(item))
  if (!isDocument(value)) return false
  return Object.keys(value).some((field) => field.startsWith("$") || hasDollarField(getField(value, field)))
}

/** Reads the first line. Throws `TransferError`. */
export function readHead(line: string): void {
  const head = parse(line, 1)
  if (head["dump"] !== format) throw invalid(1, "it is not the first line of a dump of this program")
  if (head["version"] !== version) throw invalid(1, "the dump has a version that this program does not know")
}

/** Reads any other line. Throws `TransferError` with the number of the line; no message quotes it. */
export function readRecord(line: string, number: number): TransferRecord | DumpEnd {
  const raw = parse(line, number)
  if (Object.hasOwn(raw, "end")) return readEnd(raw, number)
  const { database, collection, index, document } = raw
  if (typeof database !== "string" || typeof collection !== "string") throw invalid(number, "`database` and `collection` are not both strings")
  const kind = Object.hasOwn(raw, "document") ? "document" : Object.hasOwn(raw, "index") ? "index" : undefined
  const unknown = Object.keys(raw).find((key) => key !== "database" && key !== "collection" && key !== kind)
  if (kind === undefined) throw invalid(number, "it holds neither a document nor an index")
  if (unknown !== undefined) throw invalid(number, "it holds a key that no line of a dump has")
  const namespace = { database, collection }
  const place = `line ${number}`
  if (kind === "index") return { kind, namespace, index: readIndex(index, number), place }
  const value = decode(document, number)
  if (!isDocument(value)) throw invalid(number, "`document` is no document")
  if (!Object.hasOwn(value, "_id")) throw invalid(number, "the document has no `_id`")
  if (bsonSize(value) > mostDocumentBytes) throw invalid(number, `the document is larger than ${mostDocumentBytes} bytes`)
  return { kind, namespace, document: value, place }
}

function readEnd(raw: Record<string, unknown>, number: number): DumpEnd {
  const { documents, indexes } = (raw["end"] ?? {}) as { documents?: unknown; indexes?: unknown }
  if (!isCount(documents) || !isCount(indexes)) throw invalid(number, "`end` counts nothing")
  return { kind: "end", documents, indexes }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function readIndex(raw: unknown, number: number): IndexSpecification {
  if (typeof raw !== "object" || raw === null) throw invalid(number, "`index` is no object")
  const { keys: rawKeys, name, unique } = raw as Record<string, unknown>
  const keys = decode(rawKeys, number)
  if (!isDocument(keys) || !isOrdinaryIndex(keys)) throw invalid(number, "the keys of the index are not fields with 1 or -1")
  if (name !== undefined && typeof name !== "string") throw invalid(number, "the name of the index is no string")
  if (unique !== undefined && typeof unique !== "boolean") throw invalid(number, "`unique` is not true or false")
  return { keys, ...(name === undefined ? {} : { name }), ...(unique === true ? { unique } : {}) }
}

/** Whether an index is one of plain values, which both stores can make. */
export function isOrdinaryIndex(keys: Document): boolean {
  const directions = Object.keys(keys).map((field) => Number(getField(keys, field)))
  return directions.length > 0 && directions.every((direction) => direction === 1 || direction === -1)
}

function parse(line: string, number: number): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    // SECURITY: no cause: the parser's message quotes the text.
    throw invalid(number, "it is no JSON")
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(number, "it is no JSON object")
  return value as Record<string, unknown>
}

function decode(json: unknown, number: number): Value {
  try {
    return fromEjson(json)
  } catch (error) {
    const tooDeep = (error as { code?: unknown }).code === "too-deep"
    throw invalid(number, tooDeep ? `it has more than ${maxDepth} levels` : "it is no canonical Extended JSON")
  }
}

function invalid(line: number, found: string): TransferError {
  return new TransferError("dump-invalid", `Cannot read line ${line} of the dump: ${found}`, { line })
}

/** A key by which documents with the same `_id` are found, but for numbers of different types. */
export function idText(id: Value): string {
  return ejsonText(id)
}
