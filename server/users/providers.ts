// Which provider checks which credentials (specification of users, 4).
import { randomBytes, randomInt } from "node:crypto"
import { isDocument, type Clock, type Document, type Value } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import { isOutage, refusedLink, type Credentials } from "./accounts.ts"
import type { ApiKeys } from "./api-keys.ts"
import type { FacebookTokens } from "./facebook.ts"
import type { ForeignTokens } from "./jwt.ts"
import type { ProviderConfig, UserFunctions } from "./ports.ts"
import { newHexId, providerIdOf } from "./records.ts"
import type { Registration } from "./registrations.ts"
import type { Userpass } from "./userpass.ts"

export interface ProvidersOptions {
  readonly configured: () => ReadonlyMap<string, ProviderConfig>
  readonly domainId: string
  readonly userpass: () => Userpass
  readonly apiKeys: ApiKeys
  readonly foreignTokens: ForeignTokens
  readonly facebookTokens: FacebookTokens
  readonly functions: UserFunctions
  readonly clock: Clock
}

export interface CheckedCredentials {
  readonly credentials: Credentials
  /** Of `local-userpass` only. */
  readonly registration?: Registration
}

export interface Providers {
  /** The configuration of an enabled provider; throws `AuthProviderNotFound`. */
  enabled(name: string): ProviderConfig
  idOf(name: string): string
  /** Checks credentials; throws the error of the provider when they are wrong. */
  check(name: string, payload: Document, address: string, linking: boolean): Promise<CheckedCredentials>
}

const longestId = 256

/** Makes the dispatcher over all providers this server has. */
export function createProviders({ configured, domainId, userpass, apiKeys, foreignTokens, facebookTokens, functions, clock }: ProvidersOptions): Providers {
  function enabled(name: string): ProviderConfig {
    const found = configured().get(name)
    if (found === undefined || found.disabled) throw new RequestError("AuthProviderNotFound", `authentication via '${name}' is unsupported`)
    return found
  }

  const idOf = (name: string): string => providerIdOf(domainId, name, configured().get(name)?.id)

  async function checkFunction(provider: ProviderConfig, payload: Document): Promise<Credentials> {
    const name = provider.config["authFunctionName"]
    if (typeof name !== "string") throw new RequestError("AuthProviderNotFound", "authentication via 'custom-function' is unsupported")
    // SOURCE: specification 4.6: SDKs add `options`; authors wrote for the payload alone.
    const { options: _options, ...own } = payload
    let result: Value
    try {
      result = await functions.call(name, [own])
    } catch (error) {
      if (isOutage(error)) throw error
      throw new RequestError("AuthError", error instanceof Error ? error.message : "authentication function failed", { cause: error })
    }
    const [id, label] = isDocument(result) ? [result["id"], result["name"]] : [result, undefined]
    if (typeof id !== "string" || id === "" || id.length > longestId) throw new RequestError("AuthError", "authentication function must return a non-empty string id")
    return { identity: { id, providerType: "custom-function", providerId: idOf("custom-function"), data: typeof label === "string" ? { name: label } : {} } }
  }

  function checkOpenId(name: "oauth2-google" | "oauth2-apple", provider: ProviderConfig, payload: Document): Promise<Credentials> {
    if (!Object.hasOwn(payload, "id_token")) throw new RequestError("BadRequest", `authentication via '${name}' needs an \`id_token\`: this server does not exchange authorization codes`)
    if (name === "oauth2-google" && provider.config["openId"] !== true) throw new RequestError("BadRequest", "authentication via 'oauth2-google' with an `id_token` needs OpenID Connect to be enabled")
    return foreignTokens.checkIdToken(payload["id_token"], name, provider, idOf(name))
  }

  async function dispatch(name: string, payload: Document, address: string, linking: boolean): Promise<CheckedCredentials> {
    const provider = enabled(name)
    switch (provider.type) {
      case "anon-user": return { credentials: { identity: { id: anonymousId(clock()), providerType: name, providerId: idOf(name), data: {} } } }
      case "local-userpass": return userpass().check(payload, address, linking)
      case "api-key": return { credentials: await apiKeys.check(payload, idOf(name)) }
      case "custom-token": return { credentials: await foreignTokens.checkCustomToken(payload["token"], provider, idOf(name)) }
      case "custom-function": return { credentials: await checkFunction(provider, payload) }
      case "oauth2-facebook": return { credentials: await facebookTokens.check(payload["accessToken"], provider, idOf(name)) }
      case "oauth2-google":
      case "oauth2-apple": return { credentials: await checkOpenId(provider.type, provider, payload) }
      default: throw new RequestError("AuthProviderNotFound", `authentication via '${name}' is unsupported`)
    }
  }

  return {
    enabled,
    idOf,
    async check(name, payload, address, linking) {
      if (!linking) return dispatch(name, payload, address, false)
      // SOURCE: specification 2.4 and 4.4: nobody can be linked to an anonymous user or an API key.
      if (name === "anon-user" || name === "api-key") throw refusedLink()
      try {
        return await dispatch(name, payload, address, true)
      } catch (error) {
        // SECURITY: realm-web answers this text by refreshing and trying again, without end.
        if (error instanceof RequestError && error.message === "unauthorized") throw new RequestError(error.code, "the credentials to link were refused", { cause: error })
        throw error
      }
    },
  }
}

/** SOURCE: recorded tokens: an ObjectId's digits, a dash, 24 lower-case letters. */
function anonymousId(now: Date): string {
  const letters = Array.from({ length: 24 }, () => String.fromCharCode(97 + randomInt(26))).join("")
  return `${newHexId(now).slice(0, 8)}${randomBytes(8).toString("hex")}-${letters}`
}
