// `require("crypto")`: the parts of Node's module that can be computed by the host within bounds; the rest says that it is missing.
const { callHost, decode, bytesOf, utf8Bytes, Binary, hide, randomBytes, realm, queueTask } = internals
const { Buffer } = realm
const ask = (name, ...args) => decode(callHost("crypto", name, args))
const toBuffer = (binary) => Buffer.from(binary.buffer)

/** A key as Node's functions give it: what it was made from, and what the host says of it. */
class KeyObject {
  #material
  constructor(type, material, info) {
    this.#material = material
    Object.defineProperty(this, "type", { value: type, enumerable: true })
    if (type === "secret") this.symmetricKeySize = material.length
    else {
      this.asymmetricKeyType = info.type
      this.asymmetricKeyDetails = { ...(info.modulusLength === undefined ? {} : { modulusLength: info.modulusLength }), ...(info.namedCurve === undefined ? {} : { namedCurve: info.namedCurve }) }
    }
  }
  export(options) { return this.type === "secret" && options?.format !== "jwk" ? Buffer.from(this.#material) : this.#material }
}
const keyOf = (type) => (input) => {
  if (input instanceof KeyObject && input.type === type) return input
  const text = pem(input)
  return new KeyObject(type, text, ask("node.key", type, text))
}
/** SECURITY: what is neither text nor bytes is refused; taken for no bytes, a hash or a key of it would be the same for everybody. */
const toBinary = (data, encoding) => {
  if (typeof data === "string") return new Binary(encoding === undefined || encoding === "utf8" || encoding === "utf-8" ? utf8Bytes(data) : Buffer.from(data, encoding))
  const bytes = bytesOf(data instanceof KeyObject ? data.export() : data)
  if (bytes === undefined) throw Object.assign(new TypeError(`The data must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${data === null ? "null" : typeof data}`), { code: "ERR_INVALID_ARG_TYPE" })
  return new Binary(bytes)
}
const output = (buffer, encoding) => (encoding === undefined || encoding === "buffer" ? buffer : buffer.toString(encoding))

class Collecting {
  constructor(finish) {
    hide(this, "chunks", [])
    hide(this, "isFinished", false)
    hide(this, "finish", finish)
  }
  update(data, encoding) {
    this.refuseFinished()
    this.chunks.push(toBinary(data, encoding).buffer)
    return this
  }
  refuseFinished() { if (this.isFinished) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" }) }
  write(data, encoding) { return this.update(data, encoding) }
  input() { return new Binary(Buffer.concat(this.chunks.map((chunk) => Buffer.from(chunk)))) }
}
class Hash extends Collecting {
  digest(encoding) {
    this.refuseFinished()
    this.isFinished = true
    return output(toBuffer(this.finish(this.input())), encoding)
  }
  copy() {
    this.refuseFinished()
    const copy = new Hash(this.finish)
    copy.chunks.push(...this.chunks)
    return copy
  }
}
class Hmac extends Hash {}
class Sign extends Collecting {
  sign(key, encoding) { return output(toBuffer(this.finish(this.input(), key)), encoding) }
  verify(key, signature, encoding) { return this.finish(this.input(), key, toBinary(signature, encoding)) }
}
const pem = (key) => (typeof key === "string" ? key : key instanceof KeyObject ? key.export() : typeof key === "object" && key !== null && key.key !== undefined ? pem(key.key) : Buffer.from(key).toString())

/** Input is collected and the work done at `final`; `update` gives nothing, so `update(x) + final()` is right in sum. */
class Cipher extends Collecting {
  constructor(mode, name, key, iv) {
    super()
    Object.assign(this, { mode, name, key: toBinary(key), iv: iv === null || iv === undefined ? null : toBinary(iv), extra: {} })
  }
  update(data, inputEncoding, outputEncoding) {
    super.update(data, inputEncoding)
    return output(Buffer.alloc(0), outputEncoding)
  }
  final(encoding) {
    const result = ask("node.cipher", this.mode, this.name, this.key, this.iv, this.input(), this.extra)
    this.tag = result.tag
    return output(toBuffer(result.data), encoding)
  }
  setAAD(data) {
    this.extra.aad = toBinary(data)
    return this
  }
  setAuthTag(tag) {
    this.extra.tag = toBinary(tag)
    return this
  }
  getAuthTag() { return toBuffer(this.tag) }
  setAutoPadding(on = true) {
    this.extra.autoPadding = on
    return this
  }
}

exports.createHash = (name) => new Hash((input) => ask("node.hash", name, input))
exports.createHmac = (name, key) => {
  const secret = toBinary(key)
  return new Hmac((input) => ask("node.hmac", name, secret, input))
}
const details = (key) => ({ padding: key?.padding ?? null, saltLength: key?.saltLength ?? null, dsaEncoding: key?.dsaEncoding ?? null })
exports.createSign = (name) => new Sign((input, key) => ask("node.sign", name, input, pem(key), details(key)))
exports.createVerify = (name) => new Sign((input, key, signature) => ask("node.verify", name, input, pem(key), signature, details(key)))
exports.sign = (name, data, key, callback) => eventually(() => exports.createSign(name).update(data).sign(key), callback)
exports.verify = (name, data, key, signature, callback) => eventually(() => exports.createVerify(name).update(data).verify(key, signature), callback)
exports.KeyObject = KeyObject
exports.createSecretKey = (key, encoding) => new KeyObject("secret", typeof key === "string" ? Buffer.from(key, encoding) : Buffer.from(bytesOf(key)))
exports.createPrivateKey = keyOf("private")
exports.createPublicKey = keyOf("public")
exports.createCipheriv = (name, key, iv) => new Cipher("encrypt", name, key, iv)
exports.createDecipheriv = (name, key, iv) => new Cipher("decrypt", name, key, iv)
const eventually = (compute, callback) => {
  if (callback === undefined) return compute()
  queueTask(() => {
    let result
    try {
      result = compute()
    } catch (error) {
      callback(error)
      return
    }
    callback(null, result)
  }, [])
}
exports.randomBytes = (size, callback) => eventually(() => Buffer.from(randomBytes(size)), callback)
exports.pseudoRandomBytes = exports.randomBytes
exports.randomFillSync = (target, offset = 0, size = target.byteLength - offset) => {
  new Uint8Array(target.buffer ?? target, (target.byteOffset ?? 0) + offset, size).set(randomBytes(size))
  return target
}
exports.randomFill = (target, ...rest) => {
  const callback = rest.pop()
  eventually(() => exports.randomFillSync(target, ...rest), callback)
}
exports.randomInt = (low, high, callback) => {
  if (typeof high === "function") return exports.randomInt(0, low, high)
  if (callback !== undefined) return eventually(() => exports.randomInt(low, high), callback)
  const [from, to] = high === undefined ? [0, low] : [low, high]
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || to <= from) throw new RangeError('"max" must be a safe integer greater than "min"')
  const bytes = randomBytes(6)
  let value = 0
  for (const byte of bytes) value = value * 256 + byte
  return from + (value % (to - from))
}
exports.randomUUID = () => realm.crypto.randomUUID()
exports.getRandomValues = (view) => realm.crypto.getRandomValues(view)
exports.webcrypto = { getRandomValues: exports.getRandomValues, randomUUID: exports.randomUUID }
exports.timingSafeEqual = (left, right) => ask("node.timingSafeEqual", toBinary(left), toBinary(right))
exports.pbkdf2Sync = (password, salt, iterations, length, digest = "sha1") => toBuffer(ask("node.pbkdf2", toBinary(password), toBinary(salt), iterations, length, digest))
exports.pbkdf2 = (password, salt, iterations, length, digest, callback) => eventually(() => exports.pbkdf2Sync(password, salt, iterations, length, digest), callback)
exports.scryptSync = (password, salt, length, options) => toBuffer(ask("node.scrypt", toBinary(password), toBinary(salt), length, options?.N ?? options?.cost ?? null, options?.r ?? options?.blockSize ?? null, options?.p ?? options?.parallelization ?? null))
exports.scrypt = (password, salt, length, options, callback) => (typeof options === "function" ? eventually(() => exports.scryptSync(password, salt, length), options) : eventually(() => exports.scryptSync(password, salt, length, options), callback))
exports.getHashes = () => ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "ripemd160"]
exports.getCiphers = () => ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "aes-128-ctr", "aes-192-ctr", "aes-256-ctr", "aes-128-gcm", "aes-192-gcm", "aes-256-gcm"]
exports.constants = { RSA_PKCS1_PADDING: 1, RSA_PKCS1_OAEP_PADDING: 4, RSA_PKCS1_PSS_PADDING: 6, RSA_PSS_SALTLEN_DIGEST: -1, RSA_PSS_SALTLEN_AUTO: -2, RSA_PSS_SALTLEN_MAX_SIGN: -2 }
for (const name of ["createDiffieHellman", "createDiffieHellmanGroup", "createECDH", "generateKeyPair", "generateKeyPairSync", "publicEncrypt", "privateDecrypt", "privateEncrypt", "publicDecrypt", "createCipher", "createDecipher", "hkdf", "hkdfSync"]) {
  exports[name] = () => {
    throw new Error(`crypto.${name} is not available in this server`)
  }
}
