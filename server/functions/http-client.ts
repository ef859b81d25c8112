// `context.http` of one call: the request, redirects, digest authentication, cookies of an `authUrl`, and the response.
import { createHash, randomBytes } from "node:crypto"
import { Binary, type Document } from "../../kernel/index.ts"
import { RequestError } from "../errors.ts"
import { readHttpOrder, type HttpOrder } from "./http-request.ts"
import type { HttpExchange, HttpReply, HttpTransport } from "./http-transport.ts"

const mostRedirects = 10
/** Connections a call may have at once. SOURCE: specification of functions, 2.6. */
const mostConnections = 25

/** Rejects for an address that a request may not be sent to. */
export type AddressCheck = (url: URL) => Promise<void>

/** The HTTP client of one call. */
export interface HttpClient {
  /** Sends what the settings say and resolves to the response as functions see it. `check` is asked before each address, those of redirects too. */
  send(method: string, settings: Document, signal: AbortSignal, check?: AddressCheck): Promise<Document>
}

/** Makes the client of one call. */
export function createHttpClient(transport: HttpTransport, maxBytes: number): HttpClient {
  let busy = 0
  const queue: (() => void)[] = []
  const place = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (busy >= mostConnections) await new Promise<void>((resolve) => queue.push(resolve))
    busy++
    try {
      return await work()
    } finally {
      busy--
      queue.shift()?.()
    }
  }
  return {
    send: async (method, settings, signal, check) => {
      const order = readHttpOrder(method, settings)
      return place(async () => toDocument(await perform(order, async (exchange) => {
        await check?.(exchange.url)
        return transport(exchange, { maxBytes, signal })
      })))
    },
  }
}

type Send = (exchange: HttpExchange) => Promise<HttpReply>

async function perform(order: HttpOrder, send: Send): Promise<HttpReply> {
  let { exchange } = order
  if (order.authUrl !== undefined) {
    const reply = await send({ method: "GET", url: order.authUrl, headers: [], body: undefined })
    const cookies = (reply.headers["Set-Cookie"] ?? []).map((each) => each.split(";", 1)[0] as string)
    if (cookies.length > 0) exchange = { ...exchange, headers: [...exchange.headers, ["Cookie", cookies.join("; ")]] }
  }
  let reply = await send(exchange)
  if (order.digest !== undefined && reply.statusCode === 401) {
    const answer = digestHeader(reply.headers["Www-Authenticate"] ?? [], exchange, order.digest)
    if (answer !== undefined) reply = await send({ ...exchange, headers: [...exchange.headers, ["Authorization", answer]] })
  }
  for (let count = 0; order.followRedirects && isRedirect(reply); count++) {
    if (count === mostRedirects) throw new RequestError("HTTPError", `more than ${mostRedirects} redirects`)
    exchange = redirected(exchange, reply)
    reply = await send(exchange)
  }
  return reply
}

function isRedirect(reply: HttpReply): boolean {
  return [301, 302, 303, 307, 308].includes(reply.statusCode) && reply.headers["Location"]?.[0] !== undefined
}

function redirected(before: HttpExchange, reply: HttpReply): HttpExchange {
  const url = URL.parse(reply.headers["Location"]?.[0] ?? "", before.url.href)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) throw new RequestError("HTTPError", "the redirect leads to no http or https address")
  const dropsBody = reply.statusCode === 303 || ((reply.statusCode === 301 || reply.statusCode === 302) && before.method === "POST")
  // SECURITY: credentials do not follow to another origin.
  const secret = url.origin === before.url.origin ? [] : ["Authorization", "Cookie"]
  const headers = before.headers.filter(([name]) => !secret.includes(name) && !(dropsBody && name === "Content-Type"))
  return dropsBody ? { method: before.method === "HEAD" ? "HEAD" : "GET", url, headers, body: undefined } : { ...before, url, headers }
}

/** Answers a digest challenge (RFC 7616), MD5 or SHA-256. */
function digestHeader(challenges: readonly string[], { method, url }: HttpExchange, { username, password }: { readonly username: string; readonly password: string }): string | undefined {
  const challenge = challenges.find((each) => /^digest\s/i.test(each))
  if (challenge === undefined) return undefined
  const fields = new Map([...challenge.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map((match) => [(match[1] as string).toLowerCase(), match[2] ?? match[3] ?? ""]))
  const algorithm = fields.get("algorithm") ?? "MD5"
  const hash = /^sha-256(-sess)?$/i.test(algorithm) ? "sha256" : /^md5(-sess)?$/i.test(algorithm) ? "md5" : undefined
  if (hash === undefined) return undefined
  const digest = (...parts: string[]): string => createHash(hash).update(parts.join(":")).digest("hex")
  const [realm, nonce, opaque] = [fields.get("realm") ?? "", fields.get("nonce") ?? "", fields.get("opaque")]
  const clientNonce = randomBytes(8).toString("hex")
  const target = url.pathname + url.search
  const qop = fields.get("qop")?.split(",").map((each) => each.trim()).includes("auth") === true ? "auth" : undefined
  const plain = digest(username, realm, password)
  const secret = /-sess$/i.test(algorithm) ? digest(plain, nonce, clientNonce) : plain
  const response = qop === undefined ? digest(secret, nonce, digest(method, target)) : digest(secret, nonce, "00000001", clientNonce, qop, digest(method, target))
  const quoted = { username, realm, nonce, uri: target, response, ...(opaque === undefined ? {} : { opaque }), ...(qop === undefined ? {} : { cnonce: clientNonce }) }
  return `Digest ${Object.entries(quoted).map(([name, value]) => `${name}="${value.replaceAll(/["\\]/g, "\\$&")}"`).join(", ")}, algorithm=${algorithm}${qop === undefined ? "" : ", qop=auth, nc=00000001"}`
}

function toDocument(reply: HttpReply): Document {
  const headers: Document = {}
  for (const name of Object.keys(reply.headers)) headers[name] = [...(reply.headers[name] ?? [])]
  return { status: reply.status, statusCode: reply.statusCode, contentLength: reply.contentLength, headers, cookies: cookiesOf(reply.headers["Set-Cookie"] ?? []), body: new Binary(reply.body) }
}

/** SOURCE: the shape Stitch decodes: name → value, path, domain, expires, maxAge, secure, httpOnly. */
function cookiesOf(lines: readonly string[]): Document {
  const cookies: Document = Object.create(null) as Document
  for (const line of lines) {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim())
    const at = pair.indexOf("=")
    if (at <= 0) continue
    const cookie: Document = { value: pair.slice(at + 1) }
    for (const attribute of attributes) {
      const [, name = "", value] = /^([^=]*)=?(.*)$/.exec(attribute) ?? []
      const field = { path: "path", domain: "domain", expires: "expires", "max-age": "maxAge", secure: "secure", httponly: "httpOnly" }[name.toLowerCase()]
      if (field !== undefined) cookie[field] = field === "secure" || field === "httpOnly" ? true : (value ?? "")
    }
    cookies[pair.slice(0, at)] = cookie
  }
  return { ...cookies }
}
