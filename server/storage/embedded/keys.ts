// Index keys: BSON values as bytes whose order, byte by byte, is the kernel's order of values.
//
// INVARIANT: a key is never the beginning of another key, so keys can be put one after another (compound indexes) and
// inverted (descending fields); its first byte is neither 00 nor FF, so 00 ends a list and FF is above all that follows.
import { isDocument, rank, rankOf, type Binary, type BSONRegExp, type BSONSymbol, type Code, type Document, type ObjectId, type Timestamp, type Value } from "../../../kernel/index.ts"
import { KeyWriter } from "./key-writer.ts"
import { writeNumberKey } from "./number-key.ts"

const end = 0
const shared = new KeyWriter()

/** One field's part of an index key. */
export interface KeyPart { readonly value: Value; readonly descending: boolean }

/** The key of one value. */
export function encodeKey(value: Value): Uint8Array {
  shared.restart()
  writeKey(shared, value)
  return shared.take()
}

/** The key of several values after one another, with `tail` behind them. */
export function encodeParts(parts: readonly KeyPart[], tail?: number): Uint8Array {
  shared.restart()
  for (const { value, descending } of parts) {
    const from = shared.length
    writeKey(shared, value)
    if (descending) shared.invert(from)
  }
  if (tail !== undefined) shared.byte(tail)
  return shared.take()
}

function writeKey(key: KeyWriter, value: Value): void {
  const bracket = rankOf(value)
  key.byte(rankByte(bracket))
  writeContent(key, bracket, value)
}

/** The first byte of the keys of a bracket. Ranks begin at −1; 0 is taken by the end of lists. */
export function rankByte(bracket: number): number {
  return bracket + 2
}

function writeContent(key: KeyWriter, bracket: number, value: Value): void {
  switch (bracket) {
    case rank.number: return writeNumberKey(key, value)
    case rank.string: return key.text(typeof value === "string" ? value : (value as BSONSymbol).value)
    case rank.document: return writeDocument(key, value as Document)
    case rank.array: {
      for (const item of value as Value[]) writeKey(key, item)
      return key.byte(end)
    }
    case rank.binary: return writeBinary(key, value as Binary)
    case rank.objectId: return key.bytes((value as ObjectId).id)
    case rank.boolean: return key.byte(value === true ? 1 : 0)
    case rank.date: return key.orderedDouble((value as Date).getTime())
    case rank.timestamp: {
      key.uint32((value as Timestamp).getHighBitsUnsigned())
      return key.uint32((value as Timestamp).getLowBitsUnsigned())
    }
    case rank.regex: {
      key.text((value as BSONRegExp).pattern)
      return key.text((value as BSONRegExp).options)
    }
    case rank.dbPointer: return key.text(JSON.stringify(value))
    case rank.code: return key.text(codeText(value as Code))
    case rank.codeWithScope: {
      key.text(codeText(value as Code))
      return writeDocument(key, (value as Code).scope as Document)
    }
    // Missing, null, MinKey and MaxKey: the rank says all.
    default: return undefined
  }
}

function writeDocument(key: KeyWriter, document: Document): void {
  if (!isDocument(document)) return key.byte(end)
  for (const field of Object.keys(document)) {
    const value = document[field]
    const bracket = rankOf(value)
    key.byte(rankByte(bracket))
    key.text(field)
    writeContent(key, bracket, value)
  }
  key.byte(end)
}

function writeBinary(key: KeyWriter, value: Binary): void {
  key.uint32(value.position)
  key.byte(value.sub_type)
  key.bytes(value.buffer.subarray(0, value.position))
}

function codeText(value: Code): string {
  return typeof value.code === "string" ? value.code : String(value.code)
}
