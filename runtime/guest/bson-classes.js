// The slim BSON of guest code: classes only, no bytes. Each is told by the `_bsontype` its prototype carries. Runs inside the isolate.
const constructorOf = { __proto__: null, get: undefined, set: undefined, enumerable: false, configurable: true }

/** A class made when first needed; its `constructor` is the one guest code knows, made when somebody asks for that. `type` is what it is in a document. */
const bsonClass = (make, type) => once(() => {
  const Class = make()
  const { prototype } = Class
  const { name } = Class
  hide(prototype, "_bsontype", type ?? name)
  hide(prototype, toStringTag, name)
  delete prototype.constructor
  constructorOf.get = () => getBson()[name]
  defineProperty(prototype, "constructor", constructorOf)
  return Class
})

/** The name of the BSON class of an object, or undefined. A document may hold an own field `_bsontype`; only an inherited one counts. */
const bsonTypeOf = (value) => {
  if (typeof value !== "object" || value === null) return undefined
  const name = value._bsontype
  return typeof name === "string" && !hasOwn(value, "_bsontype") ? name : undefined
}

let idSeed
let idCounter = 0

const freshIdText = () => {
  if (idSeed === undefined) {
    const bytes = randomBytes(8)
    idSeed = hexText(bytesSubarray(bytes, 0, 5))
    idCounter = (bytes[5] << 16) | (bytes[6] << 8) | bytes[7]
  }
  idCounter = (idCounter + 1) & 0xffffff
  return secondsText(floor(currentTime() / 1000)) + idSeed + padStart(numberText(idCounter, 16), 6, "0")
}
const secondsText = (seconds) => padStart(numberText(seconds >>> 0, 16), 8, "0")

// What an instance is made of stands under symbols, as in js-bson, and not in private fields: packages that copy values member
// by member or compare them so (lodash, assert) then see ids and bytes.
const content = NativeSymbol("content")
const content64 = NativeSymbol("base64")

const objectIdClass = bsonClass(() => class ObjectId {
  constructor(input) {
    if (input === undefined || input === null) this[content] = freshIdText()
    else if (typeof input === "string" && testPattern(/^[0-9a-fA-F]{24}$/, input)) this[content] = lowerCase(input)
    else if (typeof input === "number" && isInteger(input)) this[content] = secondsText(input) + sliceText(freshIdText(), 8)
    else if (bsonTypeOf(input) === "ObjectId") this[content] = NativeString(input.toHexString())
    else if (isView(input) && input.byteLength === 12) this[content] = hexText(new NativeBytes(input.buffer, input.byteOffset, 12))
    else throw new NativeTypeError("Cannot create an ObjectId: the input must be a 24 character hex string, 12 byte Uint8Array, or an integer")
  }
  get id() { return hexBytes(this[content]) }
  toHexString() { return this[content] }
  toString(encoding) { return encoding === "base64" ? base64Text(hexBytes(this[content])) : this[content] }
  toJSON() { return this[content] }
  valueOf() { return this[content] }
  equals(other) {
    if (typeof other === "string") return lowerCase(other) === this[content]
    return bsonTypeOf(other) === "ObjectId" && NativeString(other.toHexString()) === this[content]
  }
  getTimestamp() { return new NativeDate(+("0x" + sliceText(this[content], 0, 8)) * 1000) }
  static isValid(input) {
    return typeof input === "string" ? testPattern(/^[0-9a-fA-F]{24}$/, input) : (typeof input === "number" && isInteger(input)) || bsonTypeOf(input) === "ObjectId" || (isView(input) && input.byteLength === 12)
  }
  static createFromHexString(text) { return new ObjectId(NativeString(text)) }
  static createFromTime(seconds) { return new ObjectId(secondsText(seconds) + "0000000000000000") }
  static createFromBase64(text) { return new ObjectId(base64Bytes(NativeString(text))) }
  static generate() { return hexBytes(freshIdText()) }
})

/** Bytes of whatever guest code calls bytes; undefined for other values. */
const bytesOf = (value) => {
  if (value instanceof NativeBytes) return value
  if (isView(value)) return new NativeBytes(value.buffer, value.byteOffset, value.byteLength)
  if (value instanceof NativeBuffer) return new NativeBytes(value)
  return bsonTypeOf(value) === "Binary" ? new NativeBytes(value.buffer) : undefined
}

let keepBase64
const binaryClass = bsonClass(() => class Binary {
  // One of the two is set: base64 as it came, or the bytes once somebody looks at them (and may change them).
  constructor(input, subType = 0) {
    this.sub_type = subType
    this[content64] = undefined
    if (input === undefined || input === null) this[content] = new NativeBytes(0)
    else if (typeof input === "string") this[content] = utf8Bytes(input)
    else this[content] = isArray(input) ? new NativeBytes(input) : bytesOf(input)
    if (this[content] === undefined) throw new NativeTypeError("Cannot create a Binary: the input must be text or bytes")
  }
  static {
    keepBase64 = (binary, text) => {
      // SOURCE: the text is kept only in the one form that encoding gives again.
      if (text.length % 4 === 0) {
        binary[content64] = text
        binary[content] = undefined
      } else binary[content] = base64Bytes(text)
      return binary
    }
  }
  get buffer() {
    if (this[content] === undefined) {
      this[content] = base64Bytes(this[content64])
      this[content64] = undefined
    }
    return this[content]
  }
  get position() { return this.buffer.length }
  length() { return this.buffer.length }
  value() { return this.buffer }
  toHex() { return hexText(this.buffer) }
  toBase64() { return this[content64] ?? base64Text(this[content]) }
  text() { return utf8Text(this.buffer) }
  toString(encoding) { return encoding === "hex" ? this.toHex() : encoding === "base64" ? this.toBase64() : this.text() }
  toJSON() { return this.toBase64() }
  toUUID() { return new (uuidClass())(this.buffer) }
  equals(other) { return bsonTypeOf(other) === "Binary" && other.sub_type === this.sub_type && other.toBase64() === this.toBase64() }
  static fromHex(text, subType = 0) {
    const bytes = hexBytes(text)
    if (bytes === undefined) throw new NativeTypeError("Cannot create a Binary: not hexadecimal text")
    return new Binary(bytes, subType)
  }
  static fromBase64(text, subType = 0) {
    if (typeof text !== "string" || text.length % 4 !== 0 || !testPattern(/^[A-Za-z0-9+/]*={0,2}$/, text)) throw new NativeTypeError("Cannot create a Binary: not base64 text with padding")
    return binaryOfBase64(text, subType)
  }
  static fromText(text, subType = 0) { return new Binary(utf8Bytes(NativeString(text)), subType) }
})
const binaryOfBase64 = (text, subType) => {
  const Binary = binaryClass()
  return keepBase64(new Binary(undefined, subType), text)
}

const uuidClass = bsonClass(() => class UUID extends binaryClass() {
  constructor(input) {
    const bytes = input === undefined || input === null ? randomUuidBytes() : typeof input === "string" ? uuidBytes(input) : bytesOf(input)
    if (bytes === undefined || bytes.length !== 16) throw new NativeTypeError("Cannot create a UUID: the input must be UUID text or 16 bytes")
    super(bytes, 4)
  }
  toHexString(dashes = true) {
    const hex = hexText(this.buffer)
    return dashes ? joinList([sliceText(hex, 0, 8), sliceText(hex, 8, 12), sliceText(hex, 12, 16), sliceText(hex, 16, 20), sliceText(hex, 20)], "-") : hex
  }
  toString(encoding) { return encoding === "hex" ? this.toHexString(false) : encoding === "base64" ? this.toBase64() : this.toHexString() }
  toJSON() { return this.toHexString() }
  toBinary() { return new (binaryClass())(this.buffer, 4) }
  static generate() { return randomUuidBytes() }
  static isValid(input) { return typeof input === "string" ? uuidBytes(input) !== undefined : bytesOf(input)?.length === 16 }
}, "Binary")
const uuidPattern = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i
const uuidBytes = (text) => {
  const match = execPattern(uuidPattern, text)
  return match === null ? undefined : hexBytes(joinList(sliceList(match, 1), ""))
}
const randomUuidBytes = () => {
  const bytes = randomBytes(16)
  bytes[6] = (bytes[6] & 15) | 64
  bytes[8] = (bytes[8] & 63) | 128
  return bytes
}

const bsonRegExpClass = bsonClass(() => class BSONRegExp {
  constructor(pattern, options = "") {
    if (typeof pattern !== "string" || typeof options !== "string") throw new NativeTypeError("Cannot create a BSONRegExp: pattern and options must be strings")
    if (textIndexOf(pattern, "\0") >= 0 || textIndexOf(options, "\0") >= 0) throw new NativeTypeError("Cannot create a BSONRegExp: it must not hold null characters")
    const letters = []
    for (const letter of ["i", "l", "m", "s", "u", "x"]) if (textIndexOf(options, letter) >= 0) append(letters, letter)
    if (testPattern(/[^ilmsux]/, options)) throw new NativeTypeError("Cannot create a BSONRegExp: unknown option")
    this.pattern = pattern
    this.options = joinList(letters, "")
  }
  toString() { return `/${this.pattern}/${this.options}` }
})

const timestampClass = bsonClass(() => class Timestamp {
  constructor(input = 0, high) {
    const wide = bsonTypeOf(input) === "Long" ? asUintN(64, input.toBigInt()) : typeof input === "bigint" ? asUintN(64, input) : undefined
    if (wide !== undefined) [this.t, this.i] = [NativeNumber(wide >> 32n), NativeNumber(wide & 0xffffffffn)]
    else if (typeof input === "object" && input !== null) [this.t, this.i] = [input.t >>> 0, input.i >>> 0]
    else [this.t, this.i] = [high >>> 0, input >>> 0]
  }
  getHighBits() { return this.t | 0 }
  getLowBits() { return this.i | 0 }
  getHighBitsUnsigned() { return this.t }
  getLowBitsUnsigned() { return this.i }
  toBigInt() { return (NativeBigInt(this.t) << 32n) | NativeBigInt(this.i) }
  toString() { return bigText(this.toBigInt()) }
  toJSON() { return { $timestamp: this.toString() } }
  equals(other) { return bsonTypeOf(other) === "Timestamp" && other.t === this.t && other.i === this.i }
})

const minKeyClass = bsonClass(() => class MinKey { valueOf() { return "MinKey" } })
const maxKeyClass = bsonClass(() => class MaxKey { valueOf() { return "MaxKey" } })

const codeClass = bsonClass(() => class Code {
  constructor(code = "", scope = null) {
    this.code = NativeString(code)
    this.scope = scope
  }
  toJSON() { return this.scope === null ? { code: this.code } : { code: this.code, scope: this.scope } }
})

const bsonSymbolClass = bsonClass(() => class BSONSymbol {
  constructor(value = "") { this.value = NativeString(value) }
  valueOf() { return this.value }
  toString() { return this.value }
  toJSON() { return this.value }
})

const dbRefClass = bsonClass(() => class DBRef {
  constructor(collection, oid, db, fields) {
    this.collection = collection
    this.oid = oid
    this.db = db
    this.fields = fields ?? {}
  }
  get namespace() { return this.collection }
  toJSON() { return { $ref: this.collection, $id: this.oid, ...(this.db ? { $db: this.db } : {}), ...this.fields } }
})

/** The deprecated BSON type of its own; guest code cannot make one, it only passes through. */
const dbPointerClass = bsonClass(() => class DBPointer {
  constructor(ref, id) {
    this.ref = ref
    this.id = id
  }
})
