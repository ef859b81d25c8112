// `utils.jwt`: tokens made and read for guests. SOURCE: specification of the function runtime, 5.2.
import { constants, createHmac, sign, timingSafeEqual, verify } from "node:crypto"
import type { Json } from "../kernel/index.ts"
import { readKey, textOf } from "./guest-crypto.ts"

type Method = { readonly family: "HS" | "RS" | "ES" | "PS"; readonly hash: "sha256" | "sha384" | "sha512" }

function methodOf(name: Json | undefined): Method {
  const match = typeof name === "string" ? /^(HS|RS|ES|PS)(256|384|512)$/.exec(name) : null
  if (match === null) throw new Error("the signing method is not supported")
  return { family: match[1] as Method["family"], hash: `sha${match[2]}` as Method["hash"] }
}

const encodePart = (text: string): string => Buffer.from(text, "utf8").toString("base64url")

function signature({ family, hash }: Method, input: string, secret: Json | undefined): Buffer {
  if (family === "HS") return createHmac(hash, textOf(secret, "secret")).update(input).digest()
  const key = readKey("private", secret)
  return sign(hash, Buffer.from(input), { key, ...details(family, key.asymmetricKeyType) })
}

function details(family: Method["family"], keyType: string | undefined): object {
  if (keyType !== (family === "ES" ? "ec" : "rsa")) throw new Error("the key does not fit the signing method")
  if (family === "ES") return { dsaEncoding: "ieee-p1363" }
  return family === "PS" ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : { padding: constants.RSA_PKCS1_PADDING }
}

// SOURCE: the documented sample is reproduced byte for byte: `alg`, `typ`, then custom fields; the payload in its own order.
function encode([methodName, payload, secret, headers]: readonly Json[]): Json {
  const method = methodOf(methodName)
  if (typeof payload !== "string") throw new TypeError("the payload must be an object")
  const custom = JSON.parse(textOf(headers, "headers")) as Record<string, unknown>
  const header: Record<string, unknown> = { alg: methodName, typ: "JWT", ...custom }
  header["alg"] = methodName
  const input = `${encodePart(JSON.stringify(header))}.${encodePart(payload)}`
  return `${input}.${signature(method, input, secret).toString("base64url")}`
}

function decode([tokenValue, key, accepted]: readonly Json[]): Json {
  const token = textOf(tokenValue, "token")
  const parts = token.split(".")
  const [head, body, mark] = parts
  if (parts.length !== 3 || head === undefined || body === undefined || mark === undefined) throw new Error("the token is malformed")
  const header = Buffer.from(head, "base64url").toString("utf8")
  const payload = Buffer.from(body, "base64url").toString("utf8")
  const { alg } = readObject(header) as { alg?: Json }
  const claims = readObject(payload)
  const method = methodOf(alg)
  if (Array.isArray(accepted) && accepted.length > 0 && !accepted.includes(alg as string)) throw new Error("the signing method is not accepted")
  if (!isSigned(method, `${head}.${body}`, key, Buffer.from(mark, "base64url"))) throw new Error("the signature of the token is invalid")
  const now = Date.now() / 1000
  if (typeof claims["exp"] === "number" && claims["exp"] <= now) throw new Error("the token is expired")
  if (typeof claims["nbf"] === "number" && claims["nbf"] > now) throw new Error("the token is not valid yet")
  return { header, payload }
}

function isSigned(method: Method, input: string, key: Json | undefined, mark: Buffer): boolean {
  const text = textOf(key, "key")
  if (method.family === "HS") {
    // SECURITY: a public key taken for an HMAC secret would let anyone sign.
    if (text.includes("-----BEGIN")) throw new Error("the key does not fit the signing method")
    const expected = createHmac(method.hash, text).update(input).digest()
    return expected.length === mark.length && timingSafeEqual(expected, mark)
  }
  const publicKey = readKey("public", text)
  return verify(method.hash, Buffer.from(input), { key: publicKey, ...details(method.family, publicKey.asymmetricKeyType) }, mark)
}

function readObject(text: string): Record<string, Json> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error("the token is malformed")
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("the token is malformed")
  return value as Record<string, Json>
}

/** Name → function of {@link answerSync}. */
export const jwtFunctions: Readonly<Record<string, (args: readonly Json[]) => Json>> = { "jwt.encode": encode, "jwt.decode": decode }
