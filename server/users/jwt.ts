// Tokens that others signed: `custom-token`, and the ID tokens of Google and Apple (specification of users, 4.5 and 4.7).
import type { CryptoKey, JWTPayload, JWTVerifyGetKey } from "jose"
import * as errors from "jose/errors"
import { createRemoteJWKSet, customFetch } from "jose/jwks/remote"
import { jwtVerify } from "jose/jwt/verify"
import { importSPKI } from "jose/key/import"
import { InternalError, type Clock, type Value } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import type { Credentials } from "./accounts.ts"
import { pickMetadata, requireDomain } from "./metadata.ts"
import type { ProviderConfig, UserLog } from "./ports.ts"

export interface ForeignTokensOptions {
  readonly clock: Clock
  /** The default audience of `custom-token`. */
  readonly clientAppId: () => string
  /** The value of a secret, for `secret_config.signingKeys`. */
  readonly secret: (name: string) => string | undefined
  readonly log: UserLog
  /** For key sets; tests put their own in place of the network. */
  readonly fetch?: (url: string, options: RequestInit) => Promise<Response>
}

export interface ForeignTokens {
  checkCustomToken(token: Value, provider: ProviderConfig, providerId: string): Promise<Credentials>
  checkIdToken(token: Value, issuer: "oauth2-google" | "oauth2-apple", provider: ProviderConfig, providerId: string): Promise<Credentials>
}

const longestToken = 1_000_000
const longestSubject = 256
const tolerance = 5
const largestKeySet = 1_048_576
/** SOURCE: specification 4.5: secrets, and keys of a set, that `custom-token` takes. */
const mostKeys = 3

const openIdIssuers = {
  "oauth2-google": { issuers: ["https://accounts.google.com", "accounts.google.com"], keys: "https://www.googleapis.com/oauth2/v3/certs" },
  "oauth2-apple": { issuers: ["https://appleid.apple.com"], keys: "https://appleid.apple.com/auth/keys" },
} as const

/** Makes the checker. Key sets are cached for all logins; a set is fetched again at most every 30 seconds. */
export function createForeignTokens({ clock, clientAppId, secret, log, fetch: fetchKeys = fetch }: ForeignTokensOptions): ForeignTokens {
  const keySets = new Map<string, JWTVerifyGetKey>()
  const publicKeys = new Map<string, Promise<CryptoKey>>()

  function keySet(address: string, most?: number): JWTVerifyGetKey {
    if (!URL.canParse(address) || new URL(address).protocol !== "https:") throw misconfigured("the address of the key set is not HTTPS")
    const name = `${most ?? "all"} ${address}`
    let found = keySets.get(name)
    if (found === undefined) {
      if (keySets.size >= 16) keySets.clear()
      const remote = createRemoteJWKSet(new URL(address), { timeoutDuration: 5000, cooldownDuration: 30_000, [customFetch]: async (url, options) => fewKeys(await limited(await fetchKeys(url, options)), most) })
      found = (header, token) => {
        // SOURCE: specification 4.5: `kid` is required in token and key.
        if (typeof header?.kid !== "string") throw new errors.JWSInvalid("no `kid`")
        return remote(header, token)
      }
      keySets.set(name, found)
    }
    return found
  }

  /** The keys of a set that can sign, the first few of them. */
  async function fewKeys(response: Response, most: number | undefined): Promise<Response> {
    if (most === undefined || response.status !== 200) return response
    const set = await response.json().catch(() => undefined) as { readonly keys?: unknown } | undefined
    if (!Array.isArray(set?.keys)) throw new errors.JWKSInvalid("no key set")
    const signing = set.keys.filter((key: unknown) => isSigningKey(key))
    if (signing.length > most) log.warn("auth-key-set-cut", { keys: signing.length, used: most })
    return Response.json({ keys: signing.slice(0, most) })
  }

  function publicKey(pem: string): Promise<CryptoKey> {
    let found = publicKeys.get(pem)
    if (found === undefined) {
      if (publicKeys.size >= 16) publicKeys.clear()
      publicKeys.set(pem, (found = importSPKI(pem, "RS256")))
    }
    return found
  }

  /** The keys and the one algorithm the configuration decides on; the token has no say. */
  async function keysOf({ config, secretConfig }: ProviderConfig): Promise<{ algorithm: "HS256" | "RS256"; keys: (CryptoKey | Uint8Array | JWTVerifyGetKey)[] }> {
    if (config["useJWKURI"] === true) return { algorithm: "RS256", keys: [keySet(String(config["jwkURI"]), mostKeys)] }
    const algorithm = config["signingAlgorithm"] === "RS256" ? "RS256" : "HS256"
    const names = [secretConfig["signingKeys"]].flat().filter((name) => typeof name === "string").slice(0, mostKeys)
    const secrets = names.flatMap((name) => secret(name) ?? [])
    if (secrets.length === 0) throw misconfigured("no signing key is set")
    if (algorithm === "RS256") return { algorithm, keys: await Promise.all(secrets.map(publicKey)).catch(() => Promise.reject(misconfigured("a signing key is no public key in PEM form"))) }
    // SECURITY: a short secret can be guessed from one token.
    const long = secrets.filter((each) => /^[A-Za-z0-9_-]{32,512}$/.test(each))
    if (long.length === 0) throw misconfigured("signing keys need 32 to 512 letters, digits, `_` and `-`")
    return { algorithm, keys: long.map((each) => new TextEncoder().encode(each)) }
  }

  function misconfigured(detail: string): RequestError {
    log.warn("auth-provider-misconfigured", { detail })
    return unauthorized()
  }

  async function verify(token: Value, algorithm: "HS256" | "RS256", keys: readonly (CryptoKey | Uint8Array | JWTVerifyGetKey)[], issuers?: readonly string[]): Promise<JWTPayload & { sub: string }> {
    if (typeof token !== "string" || token === "" || token.length > longestToken) throw unauthorized()
    for (const key of keys) {
      try {
        const options = { algorithms: [algorithm], clockTolerance: tolerance, currentDate: clock(), requiredClaims: ["exp", "sub", "aud"], ...(issuers === undefined ? {} : { issuer: [...issuers] }) }
        const { payload } = typeof key === "function" ? await jwtVerify(token, key, options) : await jwtVerify(token, key, options)
        const { sub, iat } = payload
        if (typeof sub !== "string" || sub === "" || sub.length > longestSubject) throw unauthorized()
        if (iat !== undefined && iat > clock().getTime() / 1000 + tolerance) throw unauthorized()
        return { ...payload, sub }
      } catch (error) {
        if (error instanceof errors.JWSSignatureVerificationFailed) continue
        throw translate(error)
      }
    }
    throw unauthorized()
  }

  return {
    async checkCustomToken(token, provider, providerId) {
      const { algorithm, keys } = await keysOf(provider)
      const payload = await verify(token, algorithm, keys)
      const configured = [provider.config["audience"]].flat().filter((each) => typeof each === "string" && each !== "")
      const wanted = configured.length === 0 ? [clientAppId()] : configured
      const given = [payload.aud].flat()
      const has = (audience: Value): boolean => given.includes(audience as string)
      if (!(provider.config["requireAnyAudience"] === true ? wanted.some(has) : wanted.every(has))) throw unauthorized()
      return { identity: { id: payload.sub, providerType: "custom-token", providerId, data: pickMetadata(payload, provider.metadataFields) } }
    },
    async checkIdToken(token, issuer, provider, providerId) {
      const { issuers, keys } = openIdIssuers[issuer]
      const clients = [provider.config["clientId"]].flat().filter((each) => typeof each === "string" && each !== "")
      if (clients.length === 0) throw misconfigured("no `clientId` is set")
      const payload = await verify(token, "RS256", [keySet(keys)], issuers)
      const audiences = [payload.aud].flat()
      if (!audiences.some((audience) => clients.includes(audience as string))) throw unauthorized()
      // SECURITY: of a token for several audiences, the one it was made for is named (OpenID Connect Core, 3.1.3.7).
      if (audiences.length > 1 && !clients.includes(payload["azp"] as string)) throw unauthorized()
      const email = payload["email"]
      if (issuer === "oauth2-google") requireDomain(payload["email_verified"] === true ? email : undefined, provider.domainRestrictions)
      // SOURCE: specification 2.2: no metadata from Google with OpenID; from Apple the address, when it is sent.
      return { identity: { id: payload.sub, providerType: issuer, providerId, data: issuer === "oauth2-apple" && typeof email === "string" ? { email } : {} } }
    },
  }
}

function isSigningKey(key: unknown): boolean {
  if (typeof key !== "object" || key === null) return false
  const { kty, kid, use, alg } = key as Readonly<Record<string, unknown>>
  return kty === "RSA" && typeof kid === "string" && (use === undefined || use === "sig") && (alg === undefined || alg === "RS256")
}

async function limited(response: Response): Promise<Response> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  // Leaving the loop ends the transfer.
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > largestKeySet) throw new errors.JWKSInvalid("the key set is too large")
    chunks.push(chunk as Uint8Array<ArrayBuffer>)
  }
  return new Response(new Blob(chunks), { status: response.status, headers: response.headers })
}

/** A wrong token is the caller's; a key set that cannot be fetched is an outage, and must not look like a wrong token. */
function translate(error: unknown): Error {
  if (error instanceof RequestError) return error
  const outage = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || (error instanceof errors.JOSEError && error.code === "ERR_JOSE_GENERIC") || error instanceof TypeError
  if (outage) return new InternalError("unavailable", "Cannot check a token: its key set cannot be fetched", { cause: error })
  return error instanceof errors.JOSEError ? unauthorized() : (error as Error)
}

function unauthorized(): RequestError {
  return new RequestError("AuthError", "unauthorized")
}
