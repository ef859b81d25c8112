// Access tokens of Facebook, checked with its Graph API (specification of users, 4.7). Facebook signs nothing, so it is asked.
import { createHmac } from "node:crypto"
import { InternalError, type Clock, type Value } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import type { Credentials } from "./accounts.ts"
import { pickMetadata, requireDomain } from "./metadata.ts"
import type { ProviderConfig, ProviderHttp, UserLog } from "./ports.ts"

export interface FacebookOptions {
  readonly http: ProviderHttp
  readonly secret: (name: string) => string | undefined
  readonly log: UserLog
  readonly clock: Clock
  /** Where the Graph API is; without a version Facebook takes the oldest one the app may use. */
  readonly graphUrl?: string | undefined
}

export interface FacebookTokens {
  check(token: Value, provider: ProviderConfig, providerId: string): Promise<Credentials>
}

type Members = Readonly<Record<string, unknown>>
interface FacebookApp { readonly id: string; readonly secret: string }

const longestToken = 4096
const largestReply = 65_536
const deadlineMs = 5000
const tolerance = 5
/** Graph's own trouble, and its limits on requests: nothing is wrong with the token. */
const passing = new Set([1, 2, 4, 17, 32, 341, 613])
/** SOURCE: specification 2.2. Metadata by the name App Services gave it, and the field of Graph it comes from; Graph refuses a request for any it does not know. */
const graphFields: ReadonlyMap<string, string> = new Map([
  ["name", "name"], ["first_name", "first_name"], ["last_name", "last_name"], ["picture", "picture"], ["gender", "gender"], ["birthday", "birthday"],
  ["min_age", "age_range"], ["max_age", "age_range"], ["email", "email"],
])

/** Makes the checker: the token is this app's and alive, the profile is the token's user, and what was configured becomes metadata. */
export function createFacebookTokens({ http, secret, log, clock, graphUrl = "https://graph.facebook.com" }: FacebookOptions): FacebookTokens {
  function appOf({ config, secretConfig }: ProviderConfig): FacebookApp {
    const [id, name] = [config["clientId"], secretConfig["clientSecret"]]
    const value = typeof name === "string" ? secret(name) : undefined
    if (typeof id !== "string" || id === "" || value === undefined || value === "") throw misconfigured("`clientId` or the secret of `clientSecret` is missing")
    return { id, secret: value }
  }

  function misconfigured(detail: string): RequestError {
    log.warn("auth-provider-misconfigured", { provider: "oauth2-facebook", detail })
    return unauthorized()
  }

  /** Asks Graph. An answer that says no is the caller's; one that is no answer is an outage. */
  async function ask(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<{ readonly members: Members; readonly refused: boolean }> {
    const url = new URL(`${graphUrl.replace(/\/+$/, "")}/${path}`)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    let reply: { readonly status: number; readonly body: Buffer }
    try {
      reply = await http.get(url, { maxBytes: largestReply, signal })
    } catch {
      // SECURITY: no cause, it may quote the address, which holds both the token and the secret.
      throw outage()
    }
    const members = reply.status < 500 ? readObject(reply.body) : undefined
    if (members === undefined || reply.status === 429) throw outage()
    const error = membersOf(members["error"])
    if (error?.["is_transient"] === true || passing.has(Number(error?.["code"]))) throw outage()
    return { members, refused: reply.status !== 200 || error !== undefined }
  }

  /** The id of the user an access token was given for. */
  async function ownerOf(token: string, app: FacebookApp, signal: AbortSignal): Promise<string> {
    const { members, refused } = await ask("debug_token", { input_token: token, access_token: `${app.id}|${app.secret}` }, signal)
    if (refused) throw misconfigured("Facebook does not accept the id and secret of the app, or refused the question")
    const { app_id: appId, is_valid: isValid, type = "USER", user_id: userId, expires_at: expires = 0 } = membersOf(members["data"]) ?? {}
    // SECURITY: a token that another app was given would let that app log in as its users here.
    const isOurs = isValid === true && String(appId) === app.id && type === "USER"
    const isAlive = expires === 0 || (typeof expires === "number" && expires > clock().getTime() / 1000 - tolerance)
    if (!isOurs || !isAlive || typeof userId !== "string" || !/^\d{1,64}$/.test(userId)) throw unauthorized()
    return userId
  }

  return {
    async check(token, provider, providerId) {
      if (typeof token !== "string" || token.length > longestToken || !/^[\x21-\x7e]+$/.test(token)) throw unauthorized()
      const app = appOf(provider)
      const signal = AbortSignal.timeout(deadlineMs)
      const userId = await ownerOf(token, app, signal)
      const { metadataFields, domainRestrictions } = provider
      const wanted = [...metadataFields.map(({ name }) => name), ...(domainRestrictions.length > 0 ? ["email"] : [])]
      const fields = [...new Set(["id", ...wanted.flatMap((name) => graphFields.get(name) ?? [])])].join(",")
      const proof = createHmac("sha256", app.secret).update(token).digest("hex")
      const { members: profile, refused } = await ask("me", { fields, access_token: token, appsecret_proof: proof }, signal)
      // SECURITY: both answers must be of one user.
      if (refused || profile["id"] !== userId) throw unauthorized()
      requireDomain(profile["email"], domainRestrictions)
      return { identity: { id: userId, providerType: "oauth2-facebook", providerId, data: pickMetadata(metadataOf(profile), metadataFields) } }
    },
  }
}

/** A profile with the names and shapes of App Services' metadata. */
function metadataOf(profile: Members): Members {
  const age = membersOf(profile["age_range"])
  const picture = membersOf(membersOf(profile["picture"])?.["data"])?.["url"]
  return { ...profile, min_age: age?.["min"], max_age: age?.["max"], picture: typeof picture === "string" ? picture : undefined }
}

function readObject(body: Buffer): Members | undefined {
  try {
    return membersOf(JSON.parse(body.toString("utf8")))
  } catch {
    return undefined
  }
}

function membersOf(value: unknown): Members | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : undefined
}

function outage(): InternalError {
  return new InternalError("unavailable", "Cannot check a token: Facebook cannot be asked")
}

function unauthorized(): RequestError {
  return new RequestError("AuthError", "unauthorized")
}
