// Binary data as text and back, in the formats of `$convert`.
import { Binary, bsonTypeOf, type Value } from "../../../../kernel/index.ts"
import { asInt32, wrong } from "../operands.ts"
import { textOf } from "./text.ts"

/** How text stands for binary data. */
export type BinaryFormat = "auto" | "base64" | "base64url" | "hex" | "utf8" | "uuid"

const formats: ReadonlySet<Value> = new Set<BinaryFormat>(["auto", "base64", "base64url", "hex", "utf8", "uuid"])

/** The subtype of UUIDs. */
export const uuidSubtype = 4
const uuidText = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Reads `format`. Throws `StoreError`: 4341114 for what is no string, 4341125 for an unknown one. */
export function binaryFormat(value: Value, name: string): BinaryFormat {
  if (typeof value !== "string") throw wrong(name, "`format` is no string", 4341114)
  if (!formats.has(value)) throw wrong(name, "`format` is unknown", 4341125)
  return value as BinaryFormat
}

/** Reads a subtype. Throws `StoreError` 4341107 for what is neither one of BSON nor one that users may define. */
export function binarySubtype(value: Value, name: string): number {
  const subtype = asInt32(value)
  if (subtype === undefined || subtype < 0 || subtype > 255 || (subtype > 9 && subtype < 128)) throw wrong(name, "`subtype` is no subtype of binary data", 4341107)
  return subtype
}

/** Text or binary data as binary data of a subtype. Throws `StoreError` 241 where there is no such conversion, 4341115 without a format. */
export function toBinary(value: Value, subtype: number, format: BinaryFormat | undefined, name: string): Binary {
  if (bsonTypeOf(value) === "Binary") {
    if ((value as Binary).sub_type !== subtype) throw wrong(name, "there is no conversion between the subtypes of binary data", 241)
    return value as Binary
  }
  const text = textOf(value)
  if (text === undefined) throw wrong(name, "only text becomes binary data", 241)
  if (format === undefined) throw wrong(name, "text becomes binary data by a `format`", 4341115)
  if ((format === "uuid") !== (subtype === uuidSubtype)) throw wrong(name, "the format `uuid` and the subtype 4 need each other", 241)
  const bytes = bytesOf(text, format)
  if (bytes === undefined) throw wrong(name, "the text is not of its format", 241)
  return new Binary(bytes, subtype)
}

function bytesOf(text: string, format: BinaryFormat): Buffer | undefined {
  switch (format) {
    case "utf8": return Buffer.from(text, "utf8")
    case "uuid": return uuidText.test(text) ? Buffer.from(text.replaceAll("-", ""), "hex") : undefined
    case "hex": return text.length % 2 === 0 && !/[^0-9a-f]/i.test(text) ? Buffer.from(text, "hex") : undefined
    case "base64": return text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(unpadded(text)) ? Buffer.from(text, "base64") : undefined
    case "base64url": return unpadded(text).length % 4 !== 1 && !/[^\w-]/.test(unpadded(text)) ? Buffer.from(text, "base64url") : undefined
    case "auto": return undefined
  }
}

function unpadded(text: string): string {
  return text.endsWith("==") ? text.slice(0, -2) : text.endsWith("=") ? text.slice(0, -1) : text
}

/** Binary data as text. Throws `StoreError` 241 for bytes that are none of the format. */
export function binaryText(value: Binary, format: BinaryFormat, name: string): string {
  const bytes = Buffer.from(value.buffer.buffer, value.buffer.byteOffset, value.position)
  const isUuid = value.sub_type === uuidSubtype && bytes.length === 16
  if (format === "uuid" && !isUuid) throw wrong(name, "the binary data is no UUID", 241)
  if (format === "uuid" || (format === "auto" && isUuid)) return value.toUUID().toHexString()
  if (format === "utf8") {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      throw wrong(name, "the binary data is no UTF-8", 241)
    }
  }
  // SOURCE: the server's tests convert_bindata.js: hexadecimal digits are capitals.
  return format === "hex" ? bytes.toString("hex").toUpperCase() : bytes.toString(format === "auto" ? "base64" : format)
}
