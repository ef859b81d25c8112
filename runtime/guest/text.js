// UTF-8, base64 and hexadecimal. Runs inside the isolate.

/** Text as UTF-8 bytes; a lone surrogate becomes U+FFFD. */
const utf8Bytes = (text) => {
  const bytes = new NativeBytes(utf8Length(text))
  let at = 0
  for (let index = 0; index < text.length; index++) {
    let code = charCodeAt(text, index)
    if (code < 0x80) {
      bytes[at++] = code
      continue
    }
    if (code >= 0xd800 && code < 0xe000) {
      const point = codePointAt(text, index)
      if (point > 0xffff) index++
      code = point > 0xffff ? point : 0xfffd
    }
    if (code < 0x800) bytes[at++] = 0xc0 | (code >> 6)
    else {
      if (code < 0x10000) bytes[at++] = 0xe0 | (code >> 12)
      else {
        bytes[at++] = 0xf0 | (code >> 18)
        bytes[at++] = 0x80 | ((code >> 12) & 63)
      }
      bytes[at++] = 0x80 | ((code >> 6) & 63)
    }
    bytes[at++] = 0x80 | (code & 63)
  }
  return bytes
}

/** How many bytes the text has as UTF-8. */
const utf8Length = (text) => {
  let length = text.length
  for (let index = 0; index < text.length; index++) {
    const code = charCodeAt(text, index)
    if (code < 0x80) continue
    length += code < 0x800 ? 1 : 2
    if (code >= 0xd800 && code < 0xe000 && codePointAt(text, index) > 0xffff) {
      index++ // two units, four bytes: 2 + 2
    }
  }
  return length
}

/** Cuts text to at most `limit` UTF-8 bytes, not inside a character. */
const cutToBytes = (text, limit) => {
  if (text.length * 3 <= limit) return text
  let length = 0
  for (let index = 0; index < text.length; index++) {
    const point = codePointAt(text, index)
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
    if (length > limit) return sliceText(text, 0, index)
    if (point > 0xffff) index++
  }
  return text
}

/** Bytes read as UTF-8; what is malformed becomes U+FFFD, or throws when `fatal`. */
const utf8Text = (bytes, fatal = false) => {
  let text = ""
  let units = []
  const lowest = [0, 0, 0x80, 0x800, 0x10000]
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at++]
    let code = first
    if (first >= 0x80) {
      const size = first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0
      code = size === 0 ? -1 : first & (0x7f >> size)
      for (let part = 1; code >= 0 && part < size; part++) {
        const next = bytes[at]
        // The bytes that may follow the first are narrower for some leads, so that each wrong byte is replaced by itself.
        const [from, to] = part > 1 ? [0x80, 0xbf] : first === 0xe0 ? [0xa0, 0xbf] : first === 0xed ? [0x80, 0x9f] : first === 0xf0 ? [0x90, 0xbf] : first === 0xf4 ? [0x80, 0x8f] : [0x80, 0xbf]
        if (next === undefined || next < from || next > to) code = -1
        else {
          code = (code << 6) | (next & 63)
          at++
        }
      }
      if (code < lowest[size]) code = -1
      if (code < 0) {
        if (fatal) throw new NativeTypeError("The encoded data was not valid for encoding utf-8")
        code = 0xfffd
      }
    }
    if (code > 0xffff) {
      units[units.length] = 0xd800 + ((code - 0x10000) >> 10)
      units[units.length] = 0xdc00 + ((code - 0x10000) & 0x3ff)
    } else units[units.length] = code
    if (units.length >= 8190) {
      text += apply(fromCharCode, undefined, units)
      units = []
    }
  }
  return text + apply(fromCharCode, undefined, units)
}

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const base64Values = new NativeBytes(128)
for (let index = 0; index < 64; index++) base64Values[charCodeAt(base64Letters, index)] = index

/** Bytes as base64 with padding. */
const base64Text = (bytes) => {
  let text = ""
  for (let at = 0; at < bytes.length; at += 3) {
    const [a, b, c] = [bytes[at], bytes[at + 1], bytes[at + 2]]
    text += base64Letters[a >> 2] + base64Letters[((a & 3) << 4) | ((b ?? 0) >> 4)]
    text += b === undefined ? "==" : base64Letters[((b & 15) << 2) | ((c ?? 0) >> 6)] + (c === undefined ? "=" : base64Letters[c & 63])
  }
  return text
}

/** Base64 text, padded or not, as bytes; undefined when it is none. */
const base64Bytes = (text) => {
  if (!testPattern(/^[A-Za-z0-9+/]*={0,2}$/, text)) return undefined
  let length = text.length
  while (length > 0 && text[length - 1] === "=") length--
  const bytes = new NativeBytes(floor((length * 3) / 4))
  let bits = 0
  let held = 0
  let at = 0
  for (let index = 0; index < length; index++) {
    held = (held << 6) | base64Values[charCodeAt(text, index)]
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (held >> bits) & 255
    }
  }
  return bytes
}

/** Bytes as hexadecimal digits in small letters. */
const hexText = (bytes) => {
  let text = ""
  for (let index = 0; index < bytes.length; index++) text += padStart(numberText(bytes[index], 16), 2, "0")
  return text
}

/** Hexadecimal digits as bytes; undefined when the text is something else. */
const hexBytes = (text) => {
  if (typeof text !== "string" || text.length % 2 !== 0 || !testPattern(/^[0-9a-fA-F]*$/, text)) return undefined
  const bytes = new NativeBytes(text.length / 2)
  for (let index = 0; index < bytes.length; index++) bytes[index] = +("0x" + sliceText(text, index * 2, index * 2 + 2))
  return bytes
}
