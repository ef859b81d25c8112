// The one Extended JSON decoder and encoder.
//
// js-bson's `EJSON.parse` takes the query operator `{"$regex": …, "$options": …}` for a regular expression and drops the
// conditions beside it, so this one knows only the wrappers of canonical Extended JSON, each as an object's only key.
import { BackstitchError } from "./errors.ts"
import { childPointer, type JsonPointer } from "./json-pointer.ts"
import {
  Binary, BSONRegExp, BSONSymbol, bsonTypeOf, Code, DBRef, Decimal128, isDocument, isInt, Long, MaxKey, MinKey, ObjectId, setField, Timestamp, toDouble, UUID,
  type Document, type Double, type Int32, type Value,
} from "./bson.ts"

/** JSON as `JSON.parse` gives it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

export type EjsonErrorCode = "invalid-ejson" | "too-deep"

/** Text that claims to be Extended JSON and is not; `path` points at the place inside the decoded value. */
export class EjsonError extends BackstitchError {
  override readonly name = "EjsonError"
  readonly fault = "caller"
  readonly code: EjsonErrorCode
  readonly path: JsonPointer

  constructor(code: EjsonErrorCode, path: JsonPointer, detail: string) {
    super(`Cannot read Extended JSON at ${path === "" ? "the root" : path}: ${detail}`)
    this.code = code
    this.path = path
  }
}

/** Levels of nesting a value may have. */
export const maxDepth = 200

/**
 * Decodes parsed JSON into a BSON value in normal form.
 *
 * Canonical and relaxed spellings are read, also numbers wrapped inside `$timestamp`, `$minKey` and `$maxKey` (realm-web
 * encodes twice). Any other object, also with `$` keys, is a document. Throws {@link EjsonError}.
 */
export function fromEjson(json: unknown, pointer: JsonPointer = "", depth = 0): Value {
  if (typeof json === "number") return fromPlainNumber(json)
  if (typeof json !== "object" || json === null) return json as Value
  if (depth >= maxDepth) throw new EjsonError("too-deep", pointer, `more than ${maxDepth} levels`)
  if (Array.isArray(json)) return json.map((item, index) => fromEjson(item, childPointer(pointer, index), depth + 1))
  const keys = Object.keys(json)
  const first = keys[0]
  if (first !== undefined && first.startsWith("$")) {
    const wrapped = fromWrapper(json as Record<string, unknown>, keys, pointer, depth)
    if (wrapped !== notAWrapper) return wrapped
  }
  const document: Document = {}
  for (const key of keys) setField(document, key, fromEjson((json as Record<string, unknown>)[key], childPointer(pointer, key), depth + 1))
  return document
}

/** Parses Extended JSON text. Throws {@link EjsonError}, also for text that is no JSON. */
export function parseEjson(source: string): Value {
  let json: unknown
  try {
    json = JSON.parse(source)
  } catch {
    throw new EjsonError("invalid-ejson", "", "the text is no JSON")
  }
  return fromEjson(json)
}

function fromPlainNumber(value: number): Value {
  return Number.isInteger(value) && !isInt(value) && !Object.is(value, -0) && Math.abs(value) < 2 ** 63 ? Long.fromNumber(value) : value
}

const notAWrapper = Symbol("not a wrapper")
type Wrapper = (value: unknown, fail: (detail: string) => never, pointer: JsonPointer, depth: number) => Value

/** Whether an object of parsed JSON is a wrapper by its keys, whatever it holds. */
export function isWrapper(json: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(json)
  return hasScope(json, keys) || (keys.length === 1 && Object.hasOwn(wrappers, keys[0] as string))
}

function hasScope(json: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  return keys.length === 2 && Object.hasOwn(json, "$code") && Object.hasOwn(json, "$scope")
}

function fromWrapper(json: Record<string, unknown>, keys: readonly string[], pointer: JsonPointer, depth: number): Value | typeof notAWrapper {
  const name = keys[0] as string
  const fail = (detail: string): never => {
    throw new EjsonError("invalid-ejson", childPointer(pointer, name), detail)
  }
  if (hasScope(json, keys)) {
    if (typeof json["$code"] !== "string") return fail("`$code` is no string")
    const scope = fromEjson(json["$scope"], childPointer(pointer, "$scope"), depth + 1)
    return isDocument(scope) ? new Code(json["$code"], scope) : fail("`$scope` is no document")
  }
  if (keys.length !== 1 || !Object.hasOwn(wrappers, name)) return notAWrapper
  return (wrappers[name] as Wrapper)(json[name], fail, pointer, depth)
}

const wrappers: Record<string, Wrapper> = {
  $numberInt: (value, fail) => {
    const number = decimalInteger(value, fail)
    return isInt(number) ? number : fail("no 32-bit integer")
  },
  $numberLong: (value, fail) => {
    if (typeof value !== "string" || !/^[+-]?\d+$/.test(value)) return fail("no integer in a string")
    const integer = BigInt(value)
    // SOURCE: realm-web sends 2**63 as "9223372036854776000", which does not fit; it is read as a double.
    return BigInt.asIntN(64, integer) === integer ? Long.fromBigInt(integer) : toDouble(Number(value))
  },
  $numberDouble: (value, fail) => {
    if (typeof value !== "string" || !/^(?:NaN|[+-]?Infinity|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/.test(value)) return fail("no number in a string")
    return toDouble(Number(value))
  },
  $numberDecimal: (value, fail) => attempt(() => Decimal128.fromString(text(value, fail)), fail, "no decimal number"),
  $oid: (value, fail) => (/^[0-9a-fA-F]{24}$/.test(text(value, fail)) ? ObjectId.createFromHexString(value as string) : fail("not 24 hexadecimal digits")),
  $date: (value, fail) => fromDate(value, fail),
  $binary: (value, fail) => {
    const { base64, subType } = record(value, fail)
    if (typeof base64 !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return fail("`base64` is no base64 text")
    if (typeof subType !== "string" || !/^[0-9a-fA-F]{1,2}$/.test(subType)) return fail("`subType` is not one or two hexadecimal digits")
    return new Binary(Buffer.from(base64, "base64"), Number.parseInt(subType, 16))
  },
  $uuid: (value, fail) => attempt(() => new UUID(text(value, fail)).toBinary(), fail, "no UUID"),
  $regularExpression: (value, fail) => {
    const { pattern, options } = record(value, fail)
    if (typeof pattern !== "string" || typeof options !== "string") return fail("`pattern` and `options` are not both strings")
    return attempt(() => new BSONRegExp(pattern, options), fail, "no regular expression")
  },
  $timestamp: (value, fail) => {
    const { t, i } = record(value, fail)
    const [seconds, increment] = [unsigned(t, fail), unsigned(i, fail)]
    return new Timestamp({ t: seconds, i: increment })
  },
  $symbol: (value, fail) => new BSONSymbol(text(value, fail)),
  $code: (value, fail) => new Code(text(value, fail)),
  $dbPointer: (value, fail, pointer, depth) => {
    const { $ref, $id } = record(value, fail)
    const id = fromEjson($id, pointer, depth + 1)
    return typeof $ref === "string" && bsonTypeOf(id) === "ObjectId" ? new DBRef($ref, id as InstanceType<typeof ObjectId>) : fail("no `$ref` and `$id`")
  },
  $minKey: (value, fail) => (isOne(value) ? new MinKey() : fail("not 1")),
  $maxKey: (value, fail) => (isOne(value) ? new MaxKey() : fail("not 1")),
  $undefined: (value, fail) => (value === true ? undefined : fail("not true")),
}

function fromDate(value: unknown, fail: (detail: string) => never): Date {
  const milliseconds = typeof value === "number" ? value : typeof value === "string" ? isoMilliseconds(value) : longNumber(value)
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? fail("no date that can be represented") : date
}

/** `Date.parse` also takes other texts than ISO 8601, such as a bare number. */
function isoMilliseconds(iso: string): number {
  return /^[+-]?\d{4,6}-\d\d/.test(iso) ? Date.parse(iso) : Number.NaN
}

function longNumber(value: unknown): number {
  const wrapped = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}
  const inner = wrapped["$numberLong"] ?? wrapped["$numberInt"] ?? wrapped["$numberDouble"]
  return typeof inner === "string" && /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(inner) ? Number(inner) : Number.NaN
}

function unsigned(value: unknown, fail: (detail: string) => never): number {
  const number = typeof value === "number" ? value : longNumber(value)
  return Number.isInteger(number) && number >= 0 && number < 2 ** 32 ? number : fail("no unsigned 32-bit number")
}

function isOne(value: unknown): boolean {
  return value === 1 || longNumber(value) === 1
}

function decimalInteger(value: unknown, fail: (detail: string) => never): number {
  return typeof value === "string" && /^[+-]?\d+$/.test(value) ? Number(value) + 0 : fail("no integer in a string")
}

function text(value: unknown, fail: (detail: string) => never): string {
  return typeof value === "string" ? value : fail("no string")
}

function record(value: unknown, fail: (detail: string) => never): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : fail("no object")
}

function attempt<Result>(make: () => Result, fail: (detail: string) => never, detail: string): Result {
  try {
    return make()
  } catch (error) {
    if (error instanceof EjsonError) throw error
    return fail(detail)
  }
}

/** How {@link toEjson} writes: `canonical` (default) or `relaxed` numbers and dates; ids as wrapper or as their plain 24 digits. */
export interface EjsonStyle { readonly relaxed?: boolean; readonly objectIdAsText?: boolean }

/** Encodes a BSON value as Extended JSON, as a tree for `JSON.stringify`. */
export function toEjson(value: Value, style: EjsonStyle = {}): Json {
  switch (typeof value) {
    case "string":
    case "boolean": return value
    case "number": return numberToEjson(value, style)
    case "undefined": return { $undefined: true }
  }
  if (value === null) return null
  if (Array.isArray(value)) return value.map((item: Value) => toEjson(item, style))
  if (value instanceof Date) return dateToEjson(value, style)
  const name = bsonTypeOf(value)
  if (name !== undefined) return objectToEjson(name, value, style)
  const json: { [key: string]: Json } = {}
  for (const field of Object.keys(value)) {
    const encoded = toEjson((value as Document)[field], style)
    if (field === "__proto__") Object.defineProperty(json, field, { value: encoded, writable: true, enumerable: true, configurable: true })
    else json[field] = encoded
  }
  return json
}

/** Encodes a BSON value as one line of Extended JSON text. */
export function ejsonText(value: Value, style: EjsonStyle = {}): string {
  return JSON.stringify(toEjson(value, style))
}

function numberToEjson(value: number, style: EjsonStyle): Json {
  if (style.relaxed === true && Number.isFinite(value)) return value
  return isInt(value) ? { $numberInt: String(value) } : { $numberDouble: doubleText(value) }
}

function doubleText(value: number): string {
  if (Object.is(value, -0)) return "-0.0"
  const digits = String(value)
  return Number.isInteger(value) && !digits.includes("e") ? `${digits}.0` : digits
}

function dateToEjson(value: Date, style: EjsonStyle): Json {
  const milliseconds = value.getTime()
  if (Number.isNaN(milliseconds)) return null
  if (style.relaxed === true && milliseconds >= 0 && value.getUTCFullYear() <= 9999) return { $date: value.toISOString() }
  return { $date: { $numberLong: String(milliseconds) } }
}

function objectToEjson(name: string, value: Value, style: EjsonStyle): Json {
  switch (name) {
    case "ObjectId": {
      const hex = (value as InstanceType<typeof ObjectId>).toHexString()
      return style.objectIdAsText === true ? hex : { $oid: hex }
    }
    case "Int32": return numberToEjson((value as Int32).value, style)
    case "Double": return style.relaxed === true ? (value as Double).value : { $numberDouble: doubleText((value as Double).value) }
    case "Long": {
      const long = value as InstanceType<typeof Long>
      return style.relaxed === true && Number.isSafeInteger(long.toNumber()) ? long.toNumber() : { $numberLong: long.toString() }
    }
    case "Decimal128": return { $numberDecimal: (value as InstanceType<typeof Decimal128>).toString() }
    case "Binary": {
      const binary = value as InstanceType<typeof Binary>
      return { $binary: { base64: binary.toString("base64"), subType: binary.sub_type.toString(16).padStart(2, "0") } }
    }
    case "BSONRegExp": {
      const expression = value as InstanceType<typeof BSONRegExp>
      return { $regularExpression: { pattern: expression.pattern, options: expression.options } }
    }
    case "Timestamp": {
      const timestamp = value as InstanceType<typeof Timestamp>
      return { $timestamp: { t: timestamp.getHighBitsUnsigned(), i: timestamp.getLowBitsUnsigned() } }
    }
    case "BSONSymbol": return { $symbol: (value as InstanceType<typeof BSONSymbol>).value }
    case "Code": {
      const { code, scope } = value as InstanceType<typeof Code>
      return scope === null || scope === undefined ? { $code: String(code) } : { $code: String(code), $scope: toEjson(scope as Document, style) }
    }
    case "DBRef": {
      const reference = value as InstanceType<typeof DBRef>
      // js-bson splits "db.collection" into two members.
      const namespace = reference.db === undefined || reference.db === "" ? reference.collection : `${reference.db}.${reference.collection}`
      return { $dbPointer: { $ref: namespace, $id: toEjson(reference.oid as Value, style) } }
    }
    case "MinKey": return { $minKey: 1 }
    case "MaxKey": return { $maxKey: 1 }
    default: throw new EjsonError("invalid-ejson", "", `no spelling for ${name}`)
  }
}
