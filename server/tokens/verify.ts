// Checking tokens in the order of the specification of users, 3.4: size and shape → `kid` → signature → `typ` → `exp` → domain.
// What follows, the state of the user and the session, is the service's.
import * as errors from "jose/errors"
import { compactVerify } from "jose/jws/compact/verify"
import { fromEjson, isDocument, type Clock, type Document } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import { readClaims, type Claims } from "./encode.ts"
import type { KeyRing, SigningKey } from "./keys.ts"
import { digestOf } from "./sessions.ts"

export type TokenType = "access" | "refresh"

/** A token whose signature, type and domain are right. */
export interface Verified {
  readonly claims: Claims
  /** SHA-256 of the token, by which refresh tokens are looked up. */
  readonly digest: string
  /** The snapshot, decoded once and shared by all requests with this token. INVARIANT: frozen. */
  readonly customData: Document
}

/** Why a token is refused. A caller learns nothing of the claims before the signature holds. */
export type TokenFault = "malformed" | "bad-signature" | "wrong-type" | "expired" | "foreign"

export interface TokenVerifier {
  /** Rejects with whatever `refuse` makes of the fault, or with a `server` fault when the keys cannot be read. */
  verify(token: string, type: TokenType, refuse: (fault: TokenFault) => RequestError): Promise<Verified>
}

/** Characters a token may have: a claim of 64 KiB in base64url, doubled. */
export const maxTokenLength = 262_144
/** Seconds by which the clocks of a fleet may differ. */
export const clockTolerance = 5
const shape = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** Makes the verifier. `cacheEntries` and `cacheCharacters` bound the table of tokens already verified. */
export function createVerifier({ ring, domainId, clock, accessTokenSeconds, retiredKeySeconds, cacheEntries = 10_000, cacheCharacters = 33_554_432 }: {
  readonly ring: KeyRing; readonly domainId: string; readonly clock: Clock; readonly accessTokenSeconds: number; readonly retiredKeySeconds: number; readonly cacheEntries?: number; readonly cacheCharacters?: number
}): TokenVerifier {
  const table = new Map<string, { readonly verified: Verified; readonly kid: string; readonly length: number }>()
  let characters = 0

  function remember(token: string, verified: Verified, kid: string): void {
    table.set(verified.digest, { verified, kid, length: token.length })
    characters += token.length
    while (table.size > cacheEntries || characters > cacheCharacters) forget(table.keys().next().value as string)
  }

  function forget(digest: string): void {
    const found = table.get(digest)
    if (found !== undefined && table.delete(digest)) characters -= found.length
  }

  async function checkSignature(token: string, digest: string, refuse: (fault: TokenFault) => RequestError): Promise<{ verified: Verified; key: SigningKey }> {
    const header = readHeader(token)
    if (header === undefined) throw refuse("malformed")
    const key = await ring.find(header.kid)
    // SECURITY: the algorithm is the key's, never the token's choice; `none` is no key's.
    if (key === undefined || header.alg !== key.algorithm) throw refuse("bad-signature")
    let payload: Uint8Array
    try {
      payload = (await compactVerify(token, key.verifyWith, { algorithms: [key.algorithm] })).payload
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) throw refuse("bad-signature")
      throw error
    }
    const claims = readClaims(payload)
    if (claims === undefined) throw refuse("bad-signature")
    return { verified: { claims, digest, customData: decode(claims.userData) }, key }
  }

  return {
    async verify(token, type, refuse) {
      if (typeof token !== "string" || token.length > maxTokenLength || !shape.test(token)) throw refuse("malformed")
      const digest = digestOf(token)
      const found = table.get(digest)
      let key = found === undefined ? undefined : await ring.find(found.kid)
      let verified = found?.verified
      if (verified === undefined || key === undefined) {
        if (found !== undefined) forget(digest)
        const checked = await checkSignature(token, digest, refuse)
        ;({ verified, key } = checked)
        if (!table.has(digest)) remember(token, verified, key.kid)
      }
      const { claims } = verified
      const now = clock().getTime()
      if (claims.typ !== type) throw refuse("wrong-type")
      if (key.retired !== undefined && now - key.retired.getTime() > (type === "access" ? accessTokenSeconds + clockTolerance : retiredKeySeconds) * 1000) throw refuse("bad-signature")
      if (now >= (claims.exp + clockTolerance) * 1000) {
        forget(digest)
        throw refuse("expired")
      }
      if (claims.domainId !== domainId) throw refuse("foreign")
      return verified
    },
  }
}

function readHeader(token: string): { readonly kid: string; readonly alg: string } | undefined {
  const encoded = token.slice(0, token.indexOf("."))
  if (encoded.length > 1024) return undefined
  try {
    const header: unknown = JSON.parse(Buffer.from(encoded, "base64url").toString("utf8"))
    if (typeof header !== "object" || header === null) return undefined
    const { kid, alg } = header as { kid?: unknown; alg?: unknown }
    return typeof kid === "string" && kid.length <= 64 && typeof alg === "string" ? { kid, alg } : undefined
  } catch {
    return undefined
  }
}

function decode(claim: unknown): Document {
  return freeze(claim === undefined ? {} : (fromEjson(claim) as Document))
}

function freeze<Content>(value: Content): Content {
  if (!Array.isArray(value) && !isDocument(value)) return value
  for (const inner of Object.values(value)) freeze(inner)
  return Object.freeze(value)
}
