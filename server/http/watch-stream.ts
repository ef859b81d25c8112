// Watch streams over server-sent events: client protocol, section 5.
import { once } from "node:events"
import type { FastifyReply } from "fastify"
import { ejsonText, isDocument, type Document, type Value } from "../../kernel/index.ts"
import type { ChangeEvent } from "../data/index.ts"
import { RequestError } from "../errors.ts"
import { errorReply } from "./error-response.ts"

const keepAliveMs = 15_000

/** The call inside `baas_request`: base64 (also base64url, also without padding) of a function call's JSON body. */
export function readStreamRequest(encoded: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded.replaceAll("-", "+").replaceAll("_", "/"), "base64").toString("utf8"))
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // It is refused below like any other text that is no call.
  }
  throw new RequestError("BadRequest", "the stream request is not a base64 encoded JSON object")
}

/**
 * Sends events until the client goes away, the source ends, the server stops, the token expires, or `check` rejects, which is asked with each sign
 * of life whether the user may go on. The head is sent as soon as the source stands (`opened`): a client that has it misses nothing it does
 * afterwards. Rejects before anything is sent when the source does not open, or when the token has ended: realm-web then refreshes it and opens the
 * stream again.
 */
export async function sendStream(reply: FastifyReply, events: AsyncIterable<ChangeEvent>, options: { readonly opened: Promise<void>; readonly compact: boolean; readonly expiresAt: number; readonly now: () => Date; readonly check: () => Promise<unknown>; readonly stop: AbortController; readonly closing: AbortSignal }): Promise<void> {
  const { compact, expiresAt, now, check, stop, closing } = options
  const expired = (): RequestError => new RequestError("InvalidSession", "invalid session: access token expired")
  const lifeMs = expiresAt * 1000 - now().getTime()
  if (lifeMs <= 0) throw expired()
  const begun = await begin(reply, events, options)
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, { ...headersOf(reply), "content-type": "text/event-stream", "cache-control": "no-cache", "x-accel-buffering": "no" })
  raw.flushHeaders()
  raw.write(": open\n\n")
  const keepAlive = setInterval(() => {
    raw.write(": keep-alive\n\n")
    check().catch((error: unknown) => {
      // A database that is away for a moment ends no stream.
      if (error instanceof RequestError) endWith(error)
    })
  }, keepAliveMs)
  const expiry = setTimeout(() => endWith(expired()), Math.min(lifeMs, 2 ** 31 - 1))
  let open = true
  const close = (): void => {
    if (!open) return
    open = false
    clearInterval(keepAlive)
    clearTimeout(expiry)
    closing.removeEventListener("abort", leave)
    stop.abort()
    raw.end()
  }
  const endWith = (error: unknown): void => {
    if (open) raw.write(`event: error\ndata: ${escapeData(JSON.stringify(errorReply(error).body))}\n\n`)
    close()
  }
  const leave = (): void => endWith(new RequestError("InternalServerError", "the server is stopping"))
  closing.addEventListener("abort", leave)
  raw.on("close", close)
  raw.on("error", close)
  void (async () => {
    try {
      for await (const event of begun) {
        if (!open) return
        const taken = raw.write(`data: ${escapeData(ejsonText((compact ? compactEvent(event) : event) as unknown as Value))}\n\n`)
        // A client that reads slowly makes its stream wait, and holds nothing in memory here.
        if (!taken) await once(raw, "drain", { signal: stop.signal })
      }
      close()
    } catch (error) {
      endWith(error)
    }
  })()
}

/** Asks for the first event, and waits until the source stands or that event is there. */
async function begin(reply: FastifyReply, events: AsyncIterable<ChangeEvent>, { opened, stop, closing }: { readonly opened: Promise<void>; readonly stop: AbortController; readonly closing: AbortSignal }): Promise<AsyncIterable<ChangeEvent>> {
  const leave = (): void => stop.abort()
  reply.raw.once("close", leave)
  closing.addEventListener("abort", leave)
  try {
    const iterator = events[Symbol.asyncIterator]()
    const first = iterator.next()
    await Promise.race([opened, first])
    return goingOn(iterator, first)
  } finally {
    closing.removeEventListener("abort", leave)
  }
}

async function* goingOn(iterator: AsyncIterator<ChangeEvent>, first: Promise<IteratorResult<ChangeEvent>>): AsyncGenerator<ChangeEvent, void, undefined> {
  try {
    for (let step = await first; step.done !== true; step = await iterator.next()) yield step.value
  } finally {
    await iterator.return?.()
  }
}

function headersOf(reply: FastifyReply): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) headers[name] = String(value)
  return headers
}

/** SOURCE: SDKs decode `%25`, `%0A` and `%0D`; JSON text holds no raw line ends, so in practice only the percent sign matters. */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\n", "%0A").replaceAll("\r", "%0D")
}

/** The short names Stitch asks for with `useCompactEvents`. SOURCE: its decoder wants the long ones inside `ud`. */
function compactEvent(event: ChangeEvent): Document {
  const { operationType, ns, documentKey, fullDocument, updateDescription } = event
  return {
    ot: operationType, ns: { ...ns }, dk: documentKey,
    ...(fullDocument === undefined ? {} : { fd: fullDocument }),
    ...(isDocument(updateDescription) ? { ud: { updatedFields: updateDescription["updatedFields"] ?? {}, removedFields: updateDescription["removedFields"] ?? [] } } : {}),
  }
}
