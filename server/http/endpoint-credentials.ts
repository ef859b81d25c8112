// The credentials in a request to an endpoint: admin specification, 9.3 and 9.7.
import type { Document } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"

/** What a provider checks, and the headers it came in, which no function gets to see. */
export interface EndpointCredentials {
  readonly provider: "local-userpass" | "api-key" | "custom-token"
  readonly payload: Document
  readonly headers: readonly string[]
}

type Fields = { readonly [name in "email" | "password" | "apiKey" | "jwtTokenString"]: string | undefined }

/**
 * Finds the one set of credentials. Throws the documented errors when there is none or half of one, and refuses several (decision 0361).
 * `body`: where credentials may stand in the body too, as for webhooks.
 */
export function readCredentials(header: (name: string) => string | undefined, body: Uint8Array | undefined): EndpointCredentials {
  const inHeaders: Fields = { email: header("email"), password: header("password"), apiKey: header("apikey") ?? header("api-key"), jwtTokenString: header("jwttokenstring") }
  const inBody = body === undefined ? undefined : fieldsOfBody(body)
  const fromHeaders = isThere(inHeaders)
  const fromBody = inBody !== undefined && isThere(inBody)
  if (fromHeaders && fromBody) throw new RequestError("InvalidParameter", "credentials must be either in the request headers or in the body, not in both")
  if (!fromHeaders && !fromBody) throw new RequestError("InvalidParameter", "no authentication methods were specified")
  return { ...choose(fromBody ? inBody : inHeaders), headers: fromHeaders ? ["email", "password", "apikey", "api-key", "jwttokenstring"] : [] }
}

function choose({ email, password, apiKey, jwtTokenString }: Fields): Pick<EndpointCredentials, "provider" | "payload"> {
  if ([isText(email) || isText(password), isText(apiKey), isText(jwtTokenString)].filter(Boolean).length > 1) throw new RequestError("InvalidParameter", "more than one authentication method was specified")
  if (isText(apiKey)) return { provider: "api-key", payload: { key: apiKey } }
  if (isText(jwtTokenString)) return { provider: "custom-token", payload: { token: jwtTokenString } }
  if (!isText(email) || !isText(password)) throw new RequestError("MissingParameter", "must specify some form of authentication (either email+password, api-key, or jwt) in the request header or body")
  return { provider: "local-userpass", payload: { username: email, password } }
}

function isThere(fields: Fields): boolean {
  return Object.values(fields).some(isText)
}

function isText(value: string | undefined): value is string {
  return value !== undefined && value !== ""
}

/** A body that is no JSON object holds no credentials. */
function fieldsOfBody(body: Uint8Array): Fields | undefined {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"))
  } catch {
    return undefined
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  const field = (name: string): string | undefined => {
    const found: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
    return typeof found === "string" ? found : undefined
  }
  return { email: field("email"), password: field("password"), apiKey: field("api-key") ?? field("apiKey"), jwtTokenString: field("jwtTokenString") }
}
