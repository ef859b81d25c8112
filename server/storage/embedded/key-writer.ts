/** Bytes of an index key under construction: one growing buffer, used again for every key. */
export class KeyWriter {
  #bytes = Buffer.allocUnsafe(1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** A copy of what was written since {@link restart}. */
  take(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#bytes, 0, this.#length)
  }

  restart(): void {
    this.#length = 0
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  bytes(values: Uint8Array): void {
    this.#reserve(values.length)
    this.#bytes.set(values, this.#length)
    this.#length += values.length
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#length = this.#bytes.writeUInt32BE(value >>> 0, this.#length)
  }

  /** A double in 8 bytes that compare as doubles do: NaN least, −0 as 0. */
  orderedDouble(value: number): void {
    this.#reserve(8)
    const at = this.#length
    this.#length += 8
    if (Number.isNaN(value)) {
      this.#bytes.fill(0, at, at + 8)
      return
    }
    this.#bytes.writeDoubleBE(value === 0 ? 0 : value, at)
    if (value < 0) this.invert(at)
    else this.#bytes[at] = (this.#bytes[at] as number) | 0x80
  }

  /** Text ended by 00 00, with a 00 inside written as 00 FF: no text is the beginning of another, and UTF-8 keeps its order. */
  text(value: string): void {
    this.#reserve(value.length * 3 + 2)
    const from = this.#length
    this.#length += this.#bytes.write(value, from, "utf8")
    if (value.includes("\0")) this.#escapeZeros(from)
    this.#reserve(2)
    this.#bytes[this.#length++] = 0
    this.#bytes[this.#length++] = 0
  }

  /** Inverts all bits from a place to the end: what was less is greater. */
  invert(from: number): void {
    for (let at = from; at < this.#length; at++) this.#bytes[at] = (this.#bytes[at] as number) ^ 0xff
  }

  #escapeZeros(from: number): void {
    const written = Uint8Array.prototype.slice.call(this.#bytes, from, this.#length)
    this.#length = from
    for (const value of written) {
      this.byte(value)
      if (value === 0) this.byte(0xff)
    }
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
