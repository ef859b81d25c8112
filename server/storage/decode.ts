// BSON bytes → documents in normal form, at once: what `readBson` of the kernel does in two passes over js-bson's objects.
// Types that are rare in stored documents are left to it.
import { Binary, Decimal128, Double, isInt, Long, MaxKey, MinKey, ObjectId, readBson, Timestamp, type Document, type Value } from "../../kernel/index.ts"

const deepest = 200
/** Thrown and caught here: this decoder leaves the document to the kernel's. */
const rare = Symbol("rare type")

/** Decodes the bytes of one document. Throws js-bson's error when they are none. */
export function decodeDocument(bytes: Uint8Array): Document {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (buffer.length < 5 || buffer.readInt32LE(0) !== buffer.length || buffer[buffer.length - 1] !== 0) return readBson(bytes)
  const reader = new Reader(buffer)
  try {
    return reader.document(0)
  } catch (error) {
    if (error === rare || error instanceof RangeError) return readBson(bytes)
    throw error
  }
}

/** Decodes one value of a document; undefined for a type that is rare. */
export function decodeValue(bytes: Uint8Array, type: number, at: number): Value {
  try {
    return new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), at).value(type, 0)
  } catch (error) {
    if (error === rare || error instanceof RangeError) return undefined
    throw error
  }
}

class Reader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  document(depth: number): Document {
    if (depth > deepest) throw rare
    const end = this.#enter()
    const document: Document = {}
    for (;;) {
      const type = this.#bytes[this.#at++] as number
      if (type === 0) break
      const field = this.#field()
      if (field === "__proto__") Object.defineProperty(document, field, { value: this.value(type, depth), writable: true, enumerable: true, configurable: true })
      else document[field] = this.value(type, depth)
    }
    if (this.#at !== end) throw rare
    return document
  }

  #list(depth: number): Value[] {
    if (depth > deepest) throw rare
    const end = this.#enter()
    const list: Value[] = []
    for (;;) {
      const type = this.#bytes[this.#at++] as number
      if (type === 0) break
      this.#at = this.#bytes.indexOf(0, this.#at) + 1
      if (this.#at === 0) throw rare
      list.push(this.value(type, depth))
    }
    if (this.#at !== end) throw rare
    return list
  }

  /** Reads the length of a document or list and gives the place behind it. */
  #enter(): number {
    const end = this.#at + this.#bytes.readInt32LE(this.#at)
    if (end > this.#bytes.length || end < this.#at + 5) throw rare
    this.#at += 4
    return end
  }

  value(type: number, depth: number): Value {
    const from = this.#at
    switch (type) {
      case 0x01: {
        this.#at += 8
        const number = this.#bytes.readDoubleLE(from)
        return isInt(number) ? new Double(number) : number
      }
      case 0x02: return this.#text()
      case 0x03: return this.document(depth + 1)
      case 0x04: return this.#list(depth + 1)
      case 0x05: return this.#binary()
      case 0x07: return new ObjectId(this.#copy(12))
      case 0x08: return this.#flag()
      case 0x09: {
        this.#at += 8
        return new Date(this.#bytes.readInt32LE(from + 4) * 4294967296 + this.#bytes.readUInt32LE(from))
      }
      case 0x0a: return null
      case 0x10: {
        this.#at += 4
        return this.#bytes.readInt32LE(from)
      }
      case 0x11: {
        this.#at += 8
        return new Timestamp({ t: this.#bytes.readUInt32LE(from + 4), i: this.#bytes.readUInt32LE(from) })
      }
      case 0x12: {
        this.#at += 8
        return new Long(this.#bytes.readInt32LE(from), this.#bytes.readInt32LE(from + 4))
      }
      case 0x13: return new Decimal128(this.#copy(16))
      case 0xff: return new MinKey()
      case 0x7f: return new MaxKey()
      default: throw rare
    }
  }

  #flag(): boolean {
    const value = this.#bytes[this.#at++]
    if (value !== 0 && value !== 1) throw rare
    return value === 1
  }

  #binary(): Value {
    const length = this.#bytes.readInt32LE(this.#at)
    const subtype = this.#bytes[this.#at + 4] as number
    if (subtype === 2 || length < 0) throw rare
    this.#at += 5
    return new Binary(this.#copy(length), subtype)
  }

  #copy(length: number): Uint8Array {
    const from = this.#at
    this.#at += length
    if (this.#at > this.#bytes.length) throw rare
    return Uint8Array.prototype.slice.call(this.#bytes, from, this.#at)
  }

  #text(): string {
    const length = this.#bytes.readInt32LE(this.#at)
    const from = this.#at + 4
    const end = from + length - 1
    if (length < 1 || end >= this.#bytes.length || this.#bytes[end] !== 0) throw rare
    this.#at = end + 1
    return this.#string(from, end)
  }

  #field(): string {
    const from = this.#at
    const end = this.#bytes.indexOf(0, from)
    if (end < 0) throw rare
    this.#at = end + 1
    return this.#string(from, end)
  }

  /** Short ASCII, which most names and many values are, is put together faster than it is decoded. */
  #string(from: number, end: number): string {
    const length = end - from
    if (length > 20) return this.#decoded(from, end)
    let text = ""
    for (let at = from; at < end; at++) {
      const code = this.#bytes[at] as number
      if (code >= 0x80) return this.#decoded(from, end)
      text += String.fromCharCode(code)
    }
    return text
  }

  #decoded(from: number, end: number): string {
    const text = this.#bytes.toString("utf8", from, end)
    // Bytes that are no UTF-8 are the kernel's decoder's to refuse.
    if (text.includes("\ufffd")) throw rare
    return text
  }
}
