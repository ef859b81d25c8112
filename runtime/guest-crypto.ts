// `utils.crypto` and the parts of Node's `crypto` that guests may use, computed with native code within fixed bounds.
import {
  constants, createCipheriv, createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey, pbkdf2Sync, randomBytes, scryptSync, sign, timingSafeEqual, verify, type KeyObject,
} from "node:crypto"
import type { Json } from "../kernel/index.ts"

const mostInput = 1024 * 1024
const mostRsaBits = 8192
/** Cost, block size and parallelization multiplied: four times what Node takes unasked. */
const mostScrypt = 512 * 1024

/** Reads a text or a binary argument as bytes. */
export function bytesOf(value: Json | undefined, what: string): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : binaryBytes(value)
  if (bytes === undefined) throw new TypeError(`${what} must be text or binary`)
  if (bytes.length > mostInput) throw new RangeError(`${what} is larger than ${mostInput} bytes`)
  return bytes
}

function binaryBytes(value: Json | undefined): Buffer | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  const inner = value["$binary"]
  const base64 = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? inner["base64"] : undefined
  return typeof base64 === "string" ? Buffer.from(base64, "base64") : undefined
}

/** Reads an argument that must be text. */
export function textOf(value: Json | undefined, what: string): string {
  if (typeof value !== "string") throw new TypeError(`${what} must be text`)
  if (value.length > mostInput) throw new RangeError(`${what} is too long`)
  return value
}

function numberOf(value: Json | undefined, what: string, most: number): number {
  const plain = typeof value === "object" && value !== null && !Array.isArray(value) ? Number(value["$numberInt"] ?? value["$numberLong"]) : value
  if (typeof plain !== "number" || !Number.isInteger(plain) || plain < 0 || plain > most) throw new RangeError(`${what} must be an integer up to ${most}`)
  return plain
}

function binary(bytes: Uint8Array): Json {
  return { $binary: { base64: Buffer.from(bytes).toString("base64"), subType: "00" } }
}

function aesKey(kind: Json | undefined, key: Json | undefined): { readonly key: Buffer; readonly cipher: "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm" } {
  if (kind !== "aes") throw new Error("the only encryption method is \"aes\"")
  const bytes = bytesOf(key, "key")
  const cipher = { 16: "aes-128-gcm", 24: "aes-192-gcm", 32: "aes-256-gcm" }[bytes.length] as "aes-128-gcm" | undefined
  if (cipher === undefined) throw new Error("an AES key must have 16, 24 or 32 bytes")
  return { key: bytes, cipher }
}

// SOURCE: the documented ciphertext: nonce of 12 bytes, ciphertext, tag of 16 bytes.
function encrypt([kind, text, key]: readonly Json[]): Json {
  const { key: bytes, cipher: name } = aesKey(kind, key)
  const nonce = randomBytes(12)
  const cipher = createCipheriv(name, bytes, nonce)
  return binary(Buffer.concat([nonce, cipher.update(bytesOf(text, "text")), cipher.final(), cipher.getAuthTag()]))
}

function decrypt([kind, message, key]: readonly Json[]): Json {
  const { key: bytes, cipher: name } = aesKey(kind, key)
  const data = bytesOf(message, "message")
  if (data.length < 28) throw new Error("the message is too short")
  const decipher = createDecipheriv(name, bytes, data.subarray(0, 12))
  decipher.setAuthTag(data.subarray(-16))
  try {
    return binary(Buffer.concat([decipher.update(data.subarray(12, -16)), decipher.final()]))
  } catch {
    throw new Error("the message cannot be decrypted with this key")
  }
}

/** Reads a private or public key in PEM; its size is bounded. */
export function readKey(kind: "private" | "public", value: Json | undefined): KeyObject {
  const pem = textOf(value, "key").replaceAll("\\n", "\n").trim()
  let key: KeyObject
  try {
    key = kind === "private" ? createPrivateKey(pem) : createPublicKey(pem)
  } catch {
    throw new Error(`the ${kind} key cannot be read`)
  }
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) > mostRsaBits) throw new RangeError(`an RSA key must have at most ${mostRsaBits} bits`)
  return key
}

function paddingOf(scheme: Json | undefined, signing: boolean): { readonly padding: number; readonly saltLength?: number } {
  if (scheme === "pss") return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: signing ? constants.RSA_PSS_SALTLEN_MAX_SIGN : constants.RSA_PSS_SALTLEN_AUTO }
  if (scheme === "pkcs1v15") return { padding: constants.RSA_PKCS1_PADDING }
  throw new Error("the signature scheme must be \"pss\" or \"pkcs1v15\"")
}

function rsaSign([kind, text, key, scheme]: readonly Json[]): Json {
  if (kind !== "rsa") throw new Error("the only signature method is \"rsa\"")
  return binary(sign("sha256", bytesOf(text, "text"), { key: readKey("private", key), ...paddingOf(scheme, true) }))
}

function rsaVerify([kind, text, key, signature, scheme]: readonly Json[]): Json {
  if (kind !== "rsa") throw new Error("the only signature method is \"rsa\"")
  return verify("sha256", bytesOf(text, "text"), { key: readKey("public", key), ...paddingOf(scheme, false) }, bytesOf(signature, "signature"))
}

function oneOf<const Names extends readonly string[]>(names: Names, value: Json | undefined, what: string): Names[number] {
  const found = names.find((name) => name === value)
  if (found === undefined) throw new Error(`${what} must be one of ${names.join(", ")}`)
  return found
}

function hmac([text, secret, name, format]: readonly Json[]): Json {
  return createHmac(oneOf(["sha1", "sha256", "sha512"], name, "the hash function"), bytesOf(secret, "secret")).update(bytesOf(text, "text")).digest(oneOf(["hex", "base64"], format ?? "hex", "the output format"))
}

function hash([name, input]: readonly Json[]): Json {
  return binary(createHash(oneOf(["sha1", "sha256", "md5"], name, "the hash function")).update(bytesOf(input, "input")).digest())
}

const nodeHashes = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "ripemd160"] as const
const nodeHash = (name: Json | undefined): string => oneOf(nodeHashes, typeof name === "string" ? name.toLowerCase().replace(/^rsa-/, "").replace(/^sha-/, "sha") : name, "the digest")
const nodeCiphers = ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "aes-128-ctr", "aes-192-ctr", "aes-256-ctr", "aes-128-ecb", "aes-192-ecb", "aes-256-ecb"] as const
const gcmCiphers = ["aes-128-gcm", "aes-192-gcm", "aes-256-gcm"] as const

function isGcm(name: string): name is (typeof gcmCiphers)[number] {
  return (gcmCiphers as readonly string[]).includes(name)
}

/** Ciphers of Node's `crypto`: the guest collects the input, so that nothing has to be kept here between two questions. */
function nodeCipher([mode, given, key, iv, input, extra]: readonly Json[]): Json {
  const name = oneOf([...nodeCiphers, ...gcmCiphers], typeof given === "string" ? given.toLowerCase() : given, "the cipher")
  const vector = iv === null ? null : bytesOf(iv, "iv")
  const data = bytesOf(input, "input")
  const { aad, tag, autoPadding } = (extra ?? {}) as { readonly aad?: Json; readonly tag?: Json; readonly autoPadding?: Json }
  if (isGcm(name)) {
    if (vector === null) throw new TypeError("the cipher needs an iv")
    if (mode === "encrypt") {
      const cipher = createCipheriv(name, bytesOf(key, "key"), vector)
      if (aad !== undefined) cipher.setAAD(bytesOf(aad, "aad"))
      return { data: binary(Buffer.concat([cipher.update(data), cipher.final()])), tag: binary(cipher.getAuthTag()) }
    }
    const decipher = createDecipheriv(name, bytesOf(key, "key"), vector)
    if (aad !== undefined) decipher.setAAD(bytesOf(aad, "aad"))
    decipher.setAuthTag(bytesOf(tag, "tag"))
    return { data: binary(Buffer.concat([decipher.update(data), decipher.final()])) }
  }
  const cipher = mode === "encrypt" ? createCipheriv(name, bytesOf(key, "key"), vector) : createDecipheriv(name, bytesOf(key, "key"), vector)
  if (autoPadding === false) cipher.setAutoPadding(false)
  return { data: binary(Buffer.concat([cipher.update(data), cipher.final()])) }
}

function plainNumber(value: Json | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(typeof value === "object" && !Array.isArray(value) ? value["$numberInt"] : value)
}

/** `padding`, `saltLength` and `dsaEncoding` of Node's `sign` and `verify`. */
function signOptions(options: Json | undefined): { padding?: number; saltLength?: number; dsaEncoding?: "der" | "ieee-p1363" } {
  const given = (typeof options === "object" && options !== null && !Array.isArray(options) ? options : {}) as Record<string, Json>
  const [padding, saltLength] = [plainNumber(given["padding"]), plainNumber(given["saltLength"])]
  return {
    ...(padding === undefined ? {} : { padding: padding === 6 ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING }),
    ...(saltLength === undefined ? {} : { saltLength: Math.min(Math.max(saltLength, -2), 1024) }),
    ...(given["dsaEncoding"] === "ieee-p1363" ? { dsaEncoding: "ieee-p1363" as const } : {}),
  }
}

function nodeSign([algorithm, input, key, options]: readonly Json[]): Json {
  return binary(sign(nodeHash(algorithm), bytesOf(input, "input"), { key: readKey("private", key), ...signOptions(options) }))
}

function keyInfo([kind, pem]: readonly Json[]): Json {
  const key = readKey(oneOf(["private", "public"], kind, "the key"), pem)
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  return { type: key.asymmetricKeyType ?? "", ...(modulusLength === undefined ? {} : { modulusLength }), ...(namedCurve === undefined ? {} : { namedCurve }) }
}

/** Name → function; arguments and result are Extended JSON. */
export const cryptoFunctions: Readonly<Record<string, (args: readonly Json[]) => Json>> = {
  encrypt, decrypt, sign: rsaSign, verify: rsaVerify, hmac, hash,
  "node.hash": ([name, input]) => binary(createHash(nodeHash(name)).update(bytesOf(input, "input")).digest()),
  "node.hmac": ([name, key, input]) => binary(createHmac(nodeHash(name), bytesOf(key, "key")).update(bytesOf(input, "input")).digest()),
  "node.cipher": nodeCipher,
  "node.sign": nodeSign,
  "node.verify": ([algorithm, input, key, signature, options]) => verify(nodeHash(algorithm), bytesOf(input, "input"), { key: readKey("public", key), ...signOptions(options) }, bytesOf(signature, "signature")),
  "node.key": keyInfo,
  "node.pbkdf2": ([password, salt, iterations, length, digest]) =>
    binary(pbkdf2Sync(bytesOf(password, "password"), bytesOf(salt, "salt"), numberOf(iterations, "iterations", 1_000_000), numberOf(length, "length", 1024), nodeHash(digest))),
  "node.scrypt": ([password, salt, length, cost, blockSize, parallelization]) => {
    const [N, r, p] = [numberOf(cost ?? 16384, "cost", mostScrypt), numberOf(blockSize ?? 8, "blockSize", mostScrypt), numberOf(parallelization ?? 1, "parallelization", mostScrypt)]
    if (N * r * p > mostScrypt) throw new RangeError("scrypt would take too long: cost, block size and parallelization are too high")
    return binary(scryptSync(bytesOf(password, "password"), bytesOf(salt, "salt"), numberOf(length, "length", 1024), { N, r, p, maxmem: 64 * 1024 * 1024 }))
  },
  "node.timingSafeEqual": ([left, right]) => timingSafeEqual(bytesOf(left, "left"), bytesOf(right, "right")),
}
