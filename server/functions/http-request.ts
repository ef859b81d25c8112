// The settings of `context.http` as a request. SOURCE: specification of functions, 7.1.
import { randomUUID } from "node:crypto"
import { bsonTypeOf, isDocument, type Binary, type Document, type Value } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import { canonicalHeader, type HttpExchange } from "./http-transport.ts"

/** A request, and what is done around it. */
export interface HttpOrder {
  readonly exchange: HttpExchange
  readonly followRedirects: boolean
  readonly digest: { readonly username: string; readonly password: string } | undefined
  readonly authUrl: URL | undefined
}

const methods = new Set(["get", "post", "put", "patch", "delete", "head"])
const invalid = (detail: string): RequestError => new RequestError("InvalidParameter", detail)

/** Reads the settings of a request. Throws `InvalidParameter`. */
export function readHttpOrder(method: string, settings: Document): HttpOrder {
  if (!methods.has(method)) throw invalid("the HTTP method is unknown")
  const url = readUrl(settings)
  const headers = readHeaders(named(settings, "headers") ?? {})
  const credentials = url.username === "" && url.password === "" ? undefined : { username: unescaped(url.username), password: unescaped(url.password) }
  url.username = url.password = ""
  const isDigest = settings["digestAuth"] === true
  if (isDigest && credentials === undefined) throw invalid("digestAuth needs a username and a password")
  if (credentials !== undefined && !isDigest && !hasHeader(headers, "Authorization")) {
    headers.push(["Authorization", `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`])
  }
  const cookies = cookieHeader(named(settings, "cookies") ?? {})
  if (cookies !== undefined) headers.push(["Cookie", cookies])
  const body = readBody(settings, headers)
  const authUrl = text(settings, "authUrl")
  return {
    exchange: { method: method.toUpperCase(), url, headers, body },
    followRedirects: settings["followRedirects"] === true,
    digest: isDigest ? credentials : undefined,
    authUrl: authUrl === undefined ? undefined : parseUrl(authUrl),
  }
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalid("the username or password in the address is not escaped as it has to be")
  }
}

/** A setting that holds names, or undefined where there is none. */
function named(settings: Document, name: string): Document | undefined {
  const value = settings[name]
  if (value === undefined || value === null) return undefined
  if (!isDocument(value)) throw invalid(`${name} must be an object`)
  return value
}

function oneText(value: Value, name: string): string {
  if (Array.isArray(value)) throw invalid(`${name} must hold one text for each name`)
  return listOf(value, name)[0] as string
}

function parseUrl(address: string): URL {
  const url = URL.parse(address)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) throw invalid("the address is not an http or https address")
  return url
}

function text(settings: Document, name: string): string | undefined {
  const value = settings[name]
  if (value === undefined || value === null || value === "") return undefined
  if (typeof value !== "string") throw invalid(`${name} must be text`)
  return value
}

function readUrl(settings: Document): URL {
  const whole = text(settings, "url")
  // SOURCE: one sample of the documentation writes `domain` for `host`.
  const host = text(settings, "host") ?? text(settings, "domain")
  if (whole === undefined && host === undefined) throw invalid("the request has no address: give `url` or `host`")
  const path = text(settings, "path") ?? ""
  const url = parseUrl(whole ?? `${text(settings, "scheme") ?? "http"}://${host}${path === "" || path.startsWith("/") ? path : `/${path}`}`)
  const query = named(settings, "query") ?? {}
  for (const name of Object.keys(query)) for (const value of listOf(query[name], "query")) url.searchParams.append(name, value)
  const fragment = text(settings, "fragment")
  if (fragment !== undefined) url.hash = fragment
  const [username, password] = [text(settings, "username"), text(settings, "password")]
  if (username !== undefined) url.username = encodeURIComponent(username)
  if (password !== undefined) url.password = encodeURIComponent(password)
  return url
}

/** A list of texts, or one text. */
function listOf(value: Value, name: string): string[] {
  const list = Array.isArray(value) ? (value as readonly Value[]) : [value]
  return list.map((each) => {
    if (typeof each !== "string" && typeof each !== "number" && typeof each !== "boolean") throw invalid(`${name} must hold texts`)
    return String(each)
  })
}

/** SECURITY: these decide where and how a message ends; a function may not set them. */
const reserved = new Set(["Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", "Expect", "Proxy-Authorization", "Proxy-Connection"])

function readHeaders(value: Document): [string, string][] {
  return Object.keys(value).flatMap((key) => {
    const name = canonicalHeader(key)
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw invalid("a header has no valid name")
    if (reserved.has(name)) return []
    return listOf(value[key], "headers").map((each): [string, string] => {
      if (/[\0\r\n]/.test(each)) throw invalid("a header has no valid value")
      return [name, each]
    })
  })
}

function hasHeader(headers: readonly (readonly [string, string])[], name: string): boolean {
  return headers.some(([each]) => each === name)
}

function cookieHeader(value: Document): string | undefined {
  if (Object.keys(value).length === 0) return undefined
  const pairs = Object.keys(value).map((name) => `${name}=${oneText(value[name], "cookies")}`)
  if (pairs.some((pair) => /[\0\r\n;]/.test(pair))) throw invalid("a cookie has no valid name or value")
  return pairs.join("; ")
}

const quoted = (name: string): string => name.replaceAll(/["\r\n]/g, (letter) => encodeURIComponent(letter))

function readBody(settings: Document, headers: [string, string][]): Buffer | undefined {
  const { body } = settings
  const form = named(settings, "form")
  const hasBody = body !== undefined && body !== null
  if (hasBody && form !== undefined) throw invalid("body and form exclude each other")
  if (form !== undefined) {
    const boundary = `form-${randomUUID()}`
    // Only this one tells where the parts end.
    const others = headers.filter(([name]) => name !== "Content-Type")
    headers.splice(0, headers.length, ...others)
    headers.push(["Content-Type", `multipart/form-data; boundary=${boundary}`])
    const parts = Object.keys(form).map((name) => `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"\r\n\r\n${oneText(form[name], "form")}\r\n`)
    return Buffer.from(`${parts.join("")}--${boundary}--\r\n`)
  }
  if (!hasBody) return undefined
  if (settings["encodeBodyAsJSON"] === true && !hasHeader(headers, "Content-Type")) headers.push(["Content-Type", "application/json"])
  if (typeof body === "string") return Buffer.from(body)
  if (bsonTypeOf(body) === "Binary") return Buffer.from((body as Binary).value())
  throw invalid("body must be text or binary, or encodeBodyAsJSON must be true")
}
