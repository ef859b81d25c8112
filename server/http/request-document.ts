// `context.request` and `%%request`: what functions and rules may know of the HTTP request.
import type { IncomingMessage } from "node:http"
import { setField, type Document } from "../../kernel/index.ts"

/** SECURITY: a function must not see tokens or passwords; these headers never reach it. */
const withheld = new Set(["authorization", "apikey", "api-key", "email", "password", "jwttokenstring"])

/** The request as functions and rules see it: address, headers by canonical name as lists, query string; never a body. */
export function requestDocument(raw: IncomingMessage, address: string): Document {
  const question = raw.url?.indexOf("?") ?? -1
  return {
    remoteIPAddress: address,
    requestHeaders: headersDocument(raw, withheld),
    rawQueryString: question === -1 ? "" : withoutTokens((raw.url as string).slice(question + 1)),
    ...(raw.headers.referer === undefined ? {} : { httpReferrer: raw.headers.referer }),
    ...(raw.headers["user-agent"] === undefined ? {} : { httpUserAgent: raw.headers["user-agent"] }),
  }
}

/** Headers by canonical name, each a list, without those to be withheld (lower case). */
export function headersDocument(raw: IncomingMessage, without: ReadonlySet<string>): Document {
  const headers: Document = {}
  for (let index = 0; index + 1 < raw.rawHeaders.length; index += 2) {
    const name = (raw.rawHeaders[index] as string).toLowerCase()
    if (without.has(name)) continue
    const field = canonicalName(name)
    const list = Object.hasOwn(headers, field) ? (headers[field] as string[]) : []
    list.push(raw.rawHeaders[index + 1] as string)
    setField(headers, field, list)
  }
  return headers
}

function canonicalName(name: string): string {
  return name.replaceAll(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase())
}

/** SECURITY: native SDKs and Stitch put the access token into the URL of a stream. */
function withoutTokens(query: string): string {
  return query.split("&").filter((part) => !/^(?:baas_at|stitch_at)=/.test(part)).join("&")
}
