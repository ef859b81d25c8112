// The one door to BSON: `bson` is a dual package, and the classes of `import … from "bson"` are not those that the
// driver and `ejson-shell-parser` load with `require`. Nothing else in the project imports `bson`.
import { createRequire } from "node:module"
import type * as Bson from "bson"

// SOURCE: measured, `instanceof` is false between the two builds; types are told by `_bsontype`.
const bson = createRequire(import.meta.url)("bson") as typeof Bson

export const {
  Binary, BSONRegExp, BSONSymbol, Code, DBRef, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp, UUID,
} = bson
export type Binary = Bson.Binary
export type BSONRegExp = Bson.BSONRegExp
export type BSONSymbol = Bson.BSONSymbol
export type Code = Bson.Code
export type DBRef = Bson.DBRef
export type Decimal128 = Bson.Decimal128
export type Double = Bson.Double
export type Int32 = Bson.Int32
export type Long = Bson.Long
export type MaxKey = Bson.MaxKey
export type MinKey = Bson.MinKey
export type ObjectId = Bson.ObjectId
export type Timestamp = Bson.Timestamp

/**
 * A BSON value in this project's normal form.
 *
 * - A plain number is an **int** when it is an integer of 32 bits and not −0; otherwise it is a **double**.
 * - A double whose value looks like an int (2.0) is a `Double` object; a 64-bit integer is always a `Long` object.
 * - Regular expressions are `BSONRegExp`, symbols `BSONSymbol`, references plain documents, `undefined` the deprecated BSON type.
 *
 * This is js-bson's own reading of plain numbers when it writes, so a value in normal form keeps its kind in both directions.
 */
export type Value =
  | string | number | boolean | null | undefined | Date
  | Bson.Binary | Bson.BSONRegExp | Bson.BSONSymbol | Bson.Code | Bson.DBRef | Bson.Decimal128 | Bson.Double | Bson.Int32
  | Bson.Long | Bson.MaxKey | Bson.MinKey | Bson.ObjectId | Bson.Timestamp
  | readonly Value[]
  | Document

/** A BSON document: an ordinary object whose own properties, in order, are the fields. Read it with own-property tests only. */
export type Document = { [field: string]: Value }

const parseOptions = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true, useBigInt64: false } as const

/** The options under which the driver or `deserialize` hands out values whose kinds are still known. */
export const exactReading = parseOptions

/** Decodes BSON bytes into normal form. Throws js-bson's error when the bytes are no document. */
export function readBson(bytes: Uint8Array): Document {
  return normalise(bson.deserialize(bytes, parseOptions)) as Document
}

/** Encodes a document in normal form as BSON bytes; `undefined` fields become null, as the drivers store them. */
export function writeBson(document: Document): Uint8Array {
  try {
    return bson.serialize(document, writing)
  } catch (error) {
    if (!hasTypeField(document)) throw error
    return bson.serialize(asMaps(document) as Document, writing)
  }
}

const writing = { ignoreUndefined: false, checkKeys: false } as const

// SECURITY: js-bson takes a document with a field named `_bsontype` for an object of another bson's classes and throws; a client
// may have such a field. As a `Map` it is a document like any other, so only documents that hold one are written that way.

function hasTypeField(value: Value): boolean {
  if (Array.isArray(value)) return (value as readonly Value[]).some(hasTypeField)
  return isDocument(value) && (Object.hasOwn(value, "_bsontype") || Object.keys(value).some((field) => hasTypeField(value[field])))
}

function asMaps(value: Value): unknown {
  if (Array.isArray(value)) return value.map(asMaps)
  return isDocument(value) ? new Map(Object.keys(value).map((field) => [field, asMaps(value[field])])) : value
}

/** The size in bytes a document would have as BSON. */
export function bsonSize(document: Document): number {
  try {
    return bson.calculateObjectSize(document, { ignoreUndefined: false })
  } catch (error) {
    if (!hasTypeField(document)) throw error
    return writeBson(document).length
  }
}

/** The `_bsontype` of a BSON object, or undefined for plain values, lists and documents. */
export function bsonTypeOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined
  const name: unknown = (value as { _bsontype?: unknown })._bsontype
  // SECURITY: a document may hold a field named `_bsontype`; only the inherited one of a class counts.
  return typeof name === "string" && !Object.hasOwn(value, "_bsontype") ? name : undefined
}

/** Whether the value is an embedded document: neither a list, a date nor an object of a BSON class. */
export function isDocument(value: unknown): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date) && bsonTypeOf(value) === undefined
}

/** Whether a plain number is of BSON kind int, by the rule of {@link Value}. */
export function isInt(value: number): boolean {
  return (value | 0) === value && !Object.is(value, -0)
}

/** A number as a BSON double in normal form. */
export function toDouble(value: number): Value {
  return isInt(value) ? new bson.Double(value) : value
}

/** Sets an own field, also one named `__proto__`. */
export function setField(target: Document, field: string, value: Value): void {
  if (field === "__proto__") Object.defineProperty(target, field, { value, writable: true, enumerable: true, configurable: true })
  else target[field] = value
}

/** An own field of a document, or undefined. Never an inherited name. */
export function getField(source: Document, field: string): Value {
  return Object.hasOwn(source, field) ? source[field] : undefined
}

/** Brings whatever js-bson, the driver or a library user made into normal form; containers are changed in place. */
export function normalise(value: unknown): Value {
  if (typeof value !== "object" || value === null) {
    if (typeof value === "bigint") return bson.Long.fromBigInt(value)
    return value as Value
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = normalise(value[index])
    return value as Value[]
  }
  if (value instanceof Date) return value
  if (value instanceof RegExp) return new bson.BSONRegExp(value.source, value.flags.replaceAll(/[^imsux]/g, ""))
  switch (bsonTypeOf(value)) {
    case undefined: {
      if (value instanceof Uint8Array) return new bson.Binary(value)
      for (const field of Object.keys(value)) {
        const before: unknown = (value as Record<string, unknown>)[field]
        const after = normalise(before)
        if (after !== before) setField(value as Document, field, after)
      }
      return value as Document
    }
    case "Int32": return (value as Bson.Int32).value
    case "Double": return toDouble((value as Bson.Double).value)
    case "DBRef": return normalise((value as Bson.DBRef).toJSON())
    default: return value as Value
  }
}

/** A deep copy of containers; objects of BSON classes are shared, they are not changed by anyone. */
export function cloneValue<V extends Value>(value: V): V {
  if (Array.isArray(value)) return value.map((item: Value) => cloneValue(item)) as unknown as V
  if (!isDocument(value)) return value
  const copy: Document = {}
  for (const field of Object.keys(value)) setField(copy, field, cloneValue(value[field]))
  return copy as V
}
