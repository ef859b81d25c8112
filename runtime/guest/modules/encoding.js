// `TextEncoder` and `TextDecoder`. Loaded when one of them is first read.
const { bytesOf, utf8Bytes, utf8Text } = internals

class TextEncoder {
  get encoding() { return "utf-8" }
  encode(text = "") { return utf8Bytes(String(text)) }
  encodeInto(text, target) {
    let [read, written] = [0, 0]
    for (const letter of String(text)) {
      const bytes = utf8Bytes(letter)
      if (written + bytes.length > target.length) break
      target.set(bytes, written)
      written += bytes.length
      read += letter.length
    }
    return { read, written }
  }
}
// What WHATWG's windows-1252 has where Latin-1 has control characters.
const windowsLetters = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"
/** Each decoder: bytes → text, and how many bytes at the end may belong to a character that is not whole. */
const decoders = {
  "utf-8": {
    labels: /^(utf-?8|unicode-1-1-utf-8)$/,
    text: utf8Text,
    open(bytes) {
      for (let back = 1; back <= 3 && back <= bytes.length; back++) {
        const byte = bytes[bytes.length - back]
        if ((byte & 0xc0) !== 0x80) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1) > back ? back : 0
      }
      return 0
    },
  },
  "utf-16le": {
    labels: /^(utf-16(le)?|ucs-2|unicode|csunicode|iso-10646-ucs-2)$/,
    text(bytes, fatal) {
      let text = ""
      for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes[at] | (bytes[at + 1] << 8))
      // What is left over is one mistake: half a letter, with or without half a pair before it.
      if (bytes.length % 2 === 1 && !/[\ud800-\udbff]$/.test(text)) text += "\ud800"
      if (fatal && !text.isWellFormed()) throw new TypeError("The encoded data was not valid for encoding utf-16le")
      return text.toWellFormed()
    },
    open(bytes) {
      const odd = bytes.length % 2
      return bytes.length - odd >= 2 && (bytes[bytes.length - odd - 1] & 0xfc) === 0xd8 ? odd + 2 : odd
    },
  },
  "windows-1252": {
    labels: /^(windows-1252|cp1252|x-cp1252|latin1|l1|iso-?8859-1|iso_8859-1|iso88591|us-ascii|ascii)$/,
    text: (bytes) => Array.from(bytes, (byte) => (byte >= 0x80 && byte < 0xa0 ? windowsLetters[byte - 0x80] : String.fromCharCode(byte))).join(""),
    open: () => 0,
  },
}
class TextDecoder {
  #encoding
  #fatal
  #keep
  #rest = new Uint8Array(0)
  #begun = false
  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    this.#encoding = Object.keys(decoders).find((name) => decoders[name].labels.test(String(label).trim().toLowerCase()))
    if (this.#encoding === undefined) throw Object.assign(new RangeError(`The "${label}" encoding is not supported`), { code: "ERR_ENCODING_NOT_SUPPORTED" })
    this.#fatal = Boolean(fatal)
    this.#keep = Boolean(ignoreBOM)
  }
  get encoding() { return this.#encoding }
  get fatal() { return this.#fatal }
  get ignoreBOM() { return this.#keep }
  decode(input, { stream = false } = {}) {
    const given = input === undefined ? new Uint8Array(0) : bytesOf(input)
    if (given === undefined) throw new TypeError('The "input" argument must be an instance of ArrayBuffer or ArrayBufferView')
    const bytes = this.#rest.length === 0 ? given : new Uint8Array(this.#rest.length + given.length)
    if (bytes !== given) {
      bytes.set(this.#rest)
      bytes.set(given, this.#rest.length)
    }
    const { text: read, open } = decoders[this.#encoding]
    const whole = bytes.length - (stream ? open(bytes) : 0)
    this.#rest = new Uint8Array(0)
    const begun = this.#begun
    this.#begun = stream && (begun || whole > 0)
    const text = read(whole === bytes.length ? bytes : bytes.subarray(0, whole), this.#fatal)
    if (stream) this.#rest = bytes.slice(whole)
    return !begun && !this.#keep && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  }
}

for (const each of [TextEncoder, TextDecoder]) Object.defineProperty(each.prototype, Symbol.toStringTag, { value: each.name, configurable: true })
Object.assign(exports, { TextEncoder, TextDecoder })
