// The text of tokens: which claims they carry and how they are signed (specification of users, 3.2 and 3.3).
import { randomBytes } from "node:crypto"
import { CompactSign } from "jose/jws/compact/sign"
import type { Brand } from "../../kernel/index.ts"
import type { SigningKey } from "./keys.ts"

/** A signed access token; minted here, accepted everywhere. */
export type AccessToken = Brand<string, "AccessToken">
export type RefreshToken = Brand<string, "RefreshToken">

/** The identity a session was started with. */
export interface SessionIdentity {
  readonly id: string
  readonly providerType: string
  readonly providerId: string
}

export interface TokenSubject {
  readonly userId: string
  readonly sessionId: string
  readonly deviceId: string
  readonly domainId: string
}

/** What a device is called that told nothing of itself. */
export const noDevice = "000000000000000000000000"

/** Signs an access token. `snapshot` is the claim's JSON text, put in as it is; undefined leaves the claim out. */
export async function signAccessToken(subject: TokenSubject, snapshot: string | undefined, issuedAt: number, lifetime: number, key: SigningKey): Promise<AccessToken> {
  const head = JSON.stringify({
    baas_device_id: subject.deviceId, baas_domain_id: subject.domainId, exp: issuedAt + lifetime, iat: issuedAt, iss: subject.sessionId, jti: newId(issuedAt),
    stitch_devId: subject.deviceId, stitch_domainId: subject.domainId, sub: subject.userId, typ: "access",
  })
  // SOURCE: never `"user_data":null`; realm-web would give null for `{}` and realm-core refuses the login.
  const payload = snapshot === undefined ? head : `${head.slice(0, -1)},"user_data":${snapshot}}`
  return (await sign(payload, key)) as AccessToken
}

/** Signs a refresh token; it carries no custom data. */
export async function signRefreshToken(subject: TokenSubject, identity: SessionIdentity, issuedAt: number, lifetime: number, key: SigningKey): Promise<RefreshToken> {
  const used = { id: identity.id, provider_type: identity.providerType, provider_id: identity.providerId }
  const payload = JSON.stringify({
    baas_data: null, baas_device_id: subject.deviceId, baas_domain_id: subject.domainId, baas_id: subject.sessionId, baas_identity: used, exp: issuedAt + lifetime, iat: issuedAt, jti: newId(issuedAt),
    stitch_data: null, stitch_devId: subject.deviceId, stitch_domainId: subject.domainId, stitch_id: subject.sessionId, stitch_ident: used, sub: subject.userId, typ: "refresh",
  })
  return (await sign(payload, key)) as RefreshToken
}

function sign(payload: string, key: SigningKey): Promise<string> {
  // Text to bytes as UTF-8; realm-web decodes it so.
  return new CompactSign(Buffer.from(payload)).setProtectedHeader({ alg: key.algorithm, typ: "JWT", kid: key.kid }).sign(key.signWith)
}

/** 24 hexadecimal digits in the shape of an ObjectId. */
export function newId(seconds: number): string {
  return (seconds >>> 0).toString(16).padStart(8, "0") + randomBytes(8).toString("hex")
}

/**
 * The id of a session that starts at the given millisecond: seconds as in an ObjectId, then the milliseconds, then chance.
 *
 * INVARIANT: {@link sessionStart} reads the start back, so an access token tells it without a read of the session.
 */
export function newSessionId(start: number): string {
  const seconds = Math.floor(start / 1000)
  return (seconds >>> 0).toString(16).padStart(8, "0") + (start - seconds * 1000).toString(16).padStart(4, "0") + randomBytes(6).toString("hex")
}

/** When a session started, in milliseconds. Undefined for an id that {@link newSessionId} did not make. */
export function sessionStart(sessionId: string): number | undefined {
  return /^[0-9a-f]{24}$/.test(sessionId) ? Number.parseInt(sessionId.slice(0, 8), 16) * 1000 + Number.parseInt(sessionId.slice(8, 12), 16) : undefined
}

/** The claims of either token, after the signature was found right. */
export interface Claims {
  readonly sub: string
  readonly typ: string
  readonly iat: number
  readonly exp: number
  /** `iss` of an access token, `baas_id` of a refresh token. */
  readonly sessionId: string
  readonly deviceId: string
  readonly domainId: string
  /** The claim `user_data` as parsed JSON. */
  readonly userData: unknown
}

/** Reads claims from a payload; undefined when one that every token of ours has is missing. */
export function readClaims(payload: Uint8Array): Claims | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload))
  } catch {
    return undefined
  }
  if (typeof parsed !== "object" || parsed === null) return undefined
  const of = (name: string): unknown => (Object.hasOwn(parsed, name) ? (parsed as Record<string, unknown>)[name] : undefined)
  const [sub, typ, iat, exp, sessionId, deviceId, domainId] = [of("sub"), of("typ"), of("iat"), of("exp"), of("iss") ?? of("baas_id"), of("baas_device_id"), of("baas_domain_id")]
  if (typeof sub !== "string" || typeof typ !== "string" || typeof sessionId !== "string" || typeof deviceId !== "string" || typeof domainId !== "string") return undefined
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) return undefined
  return { sub, typ, iat: iat as number, exp: exp as number, sessionId, deviceId, domainId, userData: of("user_data") }
}
