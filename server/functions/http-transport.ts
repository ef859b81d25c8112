// One HTTP exchange of a function with the outside: address policy, pinned to the connection, size and time bounded.
import { lookup, type LookupAddress } from "node:dns"
import type { Agent as HttpAgent, IncomingMessage } from "node:http"
import { Agent as HttpsAgent, request as httpsRequest } from "node:https"
import { isIP, type LookupFunction } from "node:net"
import type { Readable } from "node:stream"
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib"
import { RequestError } from "../errors.ts"
import { hostName, isClosedAddress, isOpenHost } from "./addresses.ts"

export interface HttpExchange {
  readonly method: string
  readonly url: URL
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer | undefined
}
export interface HttpReply {
  readonly status: string
  readonly statusCode: number
  /** Name in canonical spelling → values. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** −1 if unknown. */
  readonly contentLength: number
  readonly body: Buffer
}
/** Sends one request. Rejects with `RequestError` `HTTPError` or `RestrictedHost`. */
export type HttpTransport = (exchange: HttpExchange, options: { readonly maxBytes: number; readonly signal: AbortSignal }) => Promise<HttpReply>

// Not imported: see server/http/endpoint-reply.ts.
const { Agent: PlainAgent, request: httpRequest } = process.getBuiltinModule("node:http")

const restricted = (): RequestError => new RequestError("RestrictedHost", "the host is restricted")

/** The transport over the network. `openHosts` may be reached although their addresses are private. */
export function createHttpTransport(openHosts: readonly string[]): HttpTransport {
  const agents = new Map<boolean, { readonly http: HttpAgent; readonly https: HttpsAgent }>()
  // A connection that is kept alive was checked when it was made; open and closed hosts never share one.
  const agentFor = (isOpen: boolean, secure: boolean): HttpAgent => {
    let pair = agents.get(isOpen)
    if (pair === undefined) agents.set(isOpen, pair = { http: new PlainAgent({ keepAlive: true, timeout: 30_000 }), https: new HttpsAgent({ keepAlive: true, timeout: 30_000 }) })
    return secure ? pair.https : pair.http
  }
  return async (exchange, { maxBytes, signal }) => {
    const { url } = exchange
    if (url.protocol !== "http:" && url.protocol !== "https:") throw new RequestError("HTTPError", "only http and https addresses can be requested")
    const isOpen = isOpenHost(url, openHosts)
    // SECURITY: for an address in digits no lookup is made, so it is checked here.
    if (!isOpen && isIP(hostName(url)) !== 0 && isClosedAddress(hostName(url))) throw restricted()
    const secure = url.protocol === "https:"
    const headers: Record<string, string | string[]> = {}
    for (const [name, value] of exchange.headers) {
      const before = headers[name]
      headers[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value]
    }
    // Node tells the length of a body by itself for some methods only; the body of a DELETE would be taken for the next request.
    if (exchange.body !== undefined) headers["Content-Length"] = String(exchange.body.length)
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = secure ? httpsRequest : httpRequest
      const request = send(url, { method: exchange.method, headers, agent: agentFor(isOpen, secure), lookup: isOpen ? undefined : guardedLookup, signal }, resolve)
      request.on("error", reject)
      request.end(exchange.body)
    }).catch((error: unknown) => {
      throw error instanceof RequestError ? error : connectionError(error)
    })
    return readReply(message, exchange.method, maxBytes)
  }
}

/** Resolves a name and refuses it if any of its addresses is closed. */
const guardedLookup: LookupFunction = (name, options, callback) => {
  lookup(name, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error !== null) return callback(error, "", 0)
    const [first] = addresses
    if (first === undefined || addresses.some(({ address }) => isClosedAddress(address))) return callback(restricted() as unknown as NodeJS.ErrnoException, "", 0)
    return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family)
  })
}

function connectionError(error: unknown): RequestError {
  const code = (error as { code?: unknown } | null)?.code
  return new RequestError("HTTPError", `the request failed: ${typeof code === "string" ? code : "connection error"}`, { cause: error })
}

async function readReply(message: IncomingMessage, method: string, maxBytes: number): Promise<HttpReply> {
  const headers: Record<string, string[]> = Object.create(null) as Record<string, string[]>
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    const name = canonicalHeader(message.rawHeaders[index] as string)
    ;(headers[name] ??= []).push(message.rawHeaders[index + 1] as string)
  }
  const statusCode = message.statusCode ?? 0
  const length = Number(message.headers["content-length"] ?? Number.NaN)
  const body = method === "HEAD" ? (message.resume(), Buffer.alloc(0)) : await readBody(message, maxBytes)
  return { status: `${statusCode} ${message.statusMessage ?? ""}`.trim(), statusCode, headers, contentLength: Number.isFinite(length) ? length : -1, body }
}

/** SECURITY: what is counted is what comes out of decompression, so a small body cannot become a large one. */
async function readBody(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of decompressed(message) as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBytes) throw new RequestError("HTTPError", `the response is larger than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
  } catch (error) {
    message.destroy()
    throw error instanceof RequestError ? error : connectionError(error)
  }
  return Buffer.concat(chunks)
}

function decompressed(message: IncomingMessage): Readable {
  const encoding = message.headers["content-encoding"]?.trim().toLowerCase()
  const stage = encoding === "gzip" || encoding === "x-gzip" ? createGunzip() : encoding === "deflate" ? createInflate() : encoding === "br" ? createBrotliDecompress() : undefined
  if (stage === undefined) return message
  message.on("error", (error) => stage.destroy(error))
  return message.pipe(stage)
}

/** `content-type` as `Content-Type`. */
export function canonicalHeader(name: string): string {
  return name.toLowerCase().replaceAll(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase())
}
